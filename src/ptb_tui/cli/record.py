"""``ptb record``: run a command, recorded from outside.

Returns the command's exit code as a shell would: 128 + N after signal N, 127 where there is no such program, 126
where it cannot be executed. The command's own output passes through unchanged; with ``--json`` stdout belongs to the
document, and the command's output goes to stderr.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ptb_tui.cli.output import json_option, note, print_json
from ptb_tui.state.times import counted

if TYPE_CHECKING:
    from recorder.recording import Outcome

_COUNTED = (
    ("process_starts", "process", "processes"),
    ("execs", "exec", "execs"),
    ("files", "file access", "file accesses"),
    ("net", "connection", "connections"),
    ("commands", "command", "commands"),
    ("transcript", "transcript row", "transcript rows"),
    ("file_versions", "file version", "file versions"),
    ("gpu", "GPU sample", "GPU samples"),
    ("gaps", "gap", "gaps"),
)


@click.command(
    "record",
    short_help="run a command and record it",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("-o", "--output", metavar="RUN", type=click.Path(path_type=Path), help="Folder of the new run.")
@click.option(
    "--container",
    metavar="NAME",
    help="Record a Docker container instead, from its first instruction if it was only created.",
)
@click.option("--cwd", type=click.Path(path_type=Path), default=Path(), help="Where the command runs.")
@click.option("--agent", help="The scaffold, where its transcript does not tell.")
@click.option("--agent-model", metavar="MODEL", help="The agent's model.")
@click.option("--benchmark", help="The task's benchmark.")
@click.option("--base-model", metavar="MODEL", help="The task's base model.")
@click.option(
    "--limit-hours", type=click.FloatRange(min=0), help="The task's time limit; noted, not enforced."
)
@click.option(
    "--transcript",
    type=click.Choice(["auto", "claude", "codex", "gemini", "opencode", "none"]),
    default="auto",
    show_default=True,
    help="Read the command's output as an agent's event stream.",
)
@click.option(
    "--kernel",
    type=click.Choice(["auto", "ebpf", "strace", "none"]),
    default="auto",
    show_default=True,
    help="Who watches processes, files and network.",
)
@click.option(
    "--bytes",
    "count_bytes",
    is_flag=True,
    help="Count bytes read, written and mapped where strace watches; slow. eBPF always does.",
)
@click.option(
    "--watch",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Check every open, read and change of PATH and what is below it with a second witness; needs root. Repeatable.",
)
@click.option(
    "--watch-mounts",
    is_flag=True,
    help="Check every open on every mount of the container, too.",
)
@click.option(
    "--deny",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Let nobody but the recorder open PATH or what is below it; needs root. Repeatable.",
)
@click.option(
    "--gpu-hz",
    type=click.FloatRange(min=0.02, max=10),
    default=1.0,
    show_default=True,
    help="GPU samples a second.",
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="Seconds for which processes that outlive the command are recorded.",
)
@click.option(
    "--on-recorder-death",
    type=click.Choice(["freeze", "kill"]),
    default="freeze",
    show_default=True,
    help="What becomes of the recorded processes when the recorder dies: frozen, then ended; or ended at once.",
)
@click.option(
    "--death-grace",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Seconds for which they stand frozen.",
)
@click.option(
    "--sign-key",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Sign the head of the chain with this SSH key; ptb verify --public-key then says authentic.",
)
@json_option
@click.argument("command_line", metavar="-- CMD…", nargs=-1, type=click.UNPROCESSED)
def command(
    output: Path | None,
    container: str | None,
    cwd: Path,
    agent: str | None,
    agent_model: str | None,
    benchmark: str | None,
    base_model: str | None,
    limit_hours: float | None,
    transcript: str,
    kernel: str,
    count_bytes: bool,
    watch: tuple[Path, ...],
    watch_mounts: bool,
    deny: tuple[Path, ...],
    gpu_hz: float,
    grace: float,
    on_recorder_death: str,
    death_grace: float,
    sign_key: Path | None,
    as_json: bool,
    command_line: tuple[str, ...],
) -> int:
    """Run CMD and record its processes, files, network, GPU and words into a new run.

    Returns CMD's exit code, 128 + N after signal N, 127 where there is no such program. With --container it returns
    the container's, or 0 when the recording is interrupted and the container goes on.
    """
    from recorder.container_recording import ContainerPlan, record_container
    from recorder.fanotify.beside import Paths
    from recorder.kernel import KernelChoice
    from recorder.output import Choice
    from recorder.recording import Plan, record
    from recorder.watchdog.reaction import Reaction
    from store.errors import BadInput
    from store.manifest import Facts

    if (container is None) != bool(command_line):
        raise BadInput("give a command after --, or --container NAME, and not both; see ptb record --help")
    if sign_key is not None:
        from store.signing import check_key

        if sign_key.resolve().is_relative_to(cwd.resolve()) and container is None:
            raise BadInput(
                f"{sign_key} lies in the folder that the command works in, where it could sign itself"
            )
        check_key(sign_key)
    if container is None and watch_mounts:
        raise BadInput("--watch-mounts is for --container: a command shares its mounts with everybody")
    fanotify = Paths(watch=watch, mounts=watch_mounts, deny=deny)
    facts = Facts(
        agent=agent,
        agent_model=agent_model,
        benchmark=benchmark,
        base_model=base_model,
        limit_s=None if limit_hours is None else limit_hours * 3600,
    )
    if container is not None:
        outcome = record_container(
            ContainerPlan(
                container,
                output,
                facts,
                Choice(transcript),
                KernelChoice(kernel),
                gpu_interval_s=1 / gpu_hz,
                fanotify=fanotify,
                on_death=Reaction(on_recorder_death),
                death_grace_s=death_grace,
            ),
            note,
        )
    else:
        outcome = record(
            Plan(
                argv=command_line,
                folder=cwd.resolve(),
                output=output,
                facts=facts,
                kernel=KernelChoice(kernel),
                count_bytes=count_bytes,
                fanotify=fanotify,
                transcript=Choice(transcript),
                gpu_interval_s=1 / gpu_hz,
                grace_s=grace,
                on_death=Reaction(on_recorder_death),
                death_grace_s=death_grace,
                stdout=2 if as_json else 1,
            ),
            note,
        )
    signed = sign_key is not None and _sign(outcome, sign_key)
    if as_json:
        print_json(
            {
                "run_id": outcome.run_id,
                "folder": str(outcome.folder),
                "head": outcome.head,
                "signed": signed,
                "exit_code": outcome.exit_code,
                "rows": outcome.rows,
                "sources": [
                    {"name": s.name, "backend": s.backend, "state": s.state, "reason": s.reason}
                    for s in outcome.sources
                ],
            }
        )
        return outcome.exit_code
    rows = [(outcome.rows.get(table, 0), one, more) for table, one, more in _COUNTED]
    counts = [counted(*row) for row in rows if row[0]]
    note(f"recorded {outcome.run_id}: {', '.join(counts) or 'nothing'}")
    seen = {source.name for source in outcome.sources if source.state != "unavailable"}
    for source in outcome.sources:
        if source.name not in seen:
            note(f"not recorded: {source.name} ({source.backend}): {source.reason}")
    note(f"in {outcome.folder}, head {outcome.head}{', signed' if signed else ''}")
    note(f"ptb open {outcome.run_id if output is None else output}")
    return outcome.exit_code


def _sign(outcome: "Outcome", key: Path) -> bool:
    """Whether it worked; the command's exit code is what counts, and the recording is there either way."""
    from store.errors import PtbError
    from store.signing import sign

    try:
        sign(outcome.folder, outcome.run_id, outcome.head, key)
    except PtbError as error:
        note(f"not signed: {error}")
        return False
    return True
