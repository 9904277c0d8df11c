"""``ptb ls``: the runs under ``$PTB_RUNS``, one line each, read from their manifests alone."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ptb_tui.cli.output import Field, json_option, note, print_json, print_table
from ptb_tui.state.times import brief, day_and_time, many
from store.instants import iso
from store.library import RunEntry, list_runs, runs_folder
from store.manifest import State

if TYPE_CHECKING:
    from runner.plan.submit import Job

_FIELDS = (
    Field("run"),
    Field("started (utc)"),
    Field("lasted", right=True),
    Field("agent"),
    Field("benchmark"),
    Field("base model"),
    Field("rows", right=True),
    Field("state"),
)


@click.command("ls", short_help="list the runs under $PTB_RUNS")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="List the runs of this folder instead.",
)
@json_option
def command(folder: Path | None, as_json: bool) -> None:
    """List the runs under $PTB_RUNS, oldest first; runs that cannot be read are listed with the reason.

    Behind them are the jobs that were handed to a scheduler and have no run yet.
    """
    entries = list_runs(folder)
    waiting = _waiting(folder, entries)
    if as_json:
        print_json([_object(entry) for entry in entries] + [_job_object(*one) for one in waiting])
        return
    if not entries and not waiting:
        note(f"{folder or runs_folder()} holds no runs yet; `ptb demo` records one")
        return
    print_table(_FIELDS, [*map(_row, entries), *(_job_row(*one) for one in waiting)])
    for entry in entries:
        if entry.error:
            note(entry.error)


def _waiting(folder: Path | None, entries: list[RunEntry]) -> "list[tuple[Job, str]]":
    """Submitted jobs without a run, and what their scheduler says of them."""
    if not ((folder or runs_folder()) / ".submitted").is_dir():
        return []
    from runner.plan.submit import read_jobs, states

    begun = {entry.manifest.facts.job for entry in entries if entry.manifest}
    jobs = [job for job in read_jobs(folder) if job.job not in begun]
    told = states(jobs)
    return [(job, told.get(job.job, "unknown to its scheduler")) for job in jobs]


def _job_object(job: "Job", state: str) -> dict[str, Any]:
    return {
        "run_id": None,
        "folder": None,
        "state": "submitted",
        "error": None,
        **asdict(job),
        "submitted_at": iso(job.submitted_at),
        "scheduler_state": state,
    }


def _job_row(job: "Job", state: str) -> tuple[object, ...]:
    agent = " · ".join(part for part in (job.agent, job.agent_model) if part)
    return job.job, None, None, agent, job.benchmark, job.base_model, None, state


def _object(entry: RunEntry) -> dict[str, Any]:
    manifest = entry.manifest
    if manifest is None:
        return {"run_id": entry.run_id, "folder": entry.folder, "state": entry.state, "error": entry.error}
    return {
        "run_id": entry.run_id,
        "folder": entry.folder,
        "state": entry.state,
        "error": None,
        "started_at": iso(manifest.started_at),
        "ended_at": iso(manifest.ended_at),
        **asdict(manifest.facts),
        "sources": manifest.sources,
        "rows": manifest.next_seq,
        "recording_hash": manifest.recording_hash,
    }


def _row(entry: RunEntry) -> tuple[object, ...]:
    manifest = entry.manifest
    if manifest is None:
        return entry.run_id, None, None, None, None, None, None, entry.state
    facts = manifest.facts
    lasted = (
        brief(manifest.ended_at - manifest.started_at)
        if manifest.started_at is not None and manifest.ended_at is not None
        else None
    )
    return (
        entry.run_id,
        day_and_time(manifest.started_at) if manifest.started_at is not None else "no clock",
        lasted,
        " · ".join(part for part in (facts.agent, facts.agent_model) if part),
        facts.benchmark,
        facts.base_model,
        # What is still in the log of a run being recorded is not counted by its manifest.
        None if manifest.state is State.RECORDING else many(manifest.next_seq),
        entry.state,
    )
