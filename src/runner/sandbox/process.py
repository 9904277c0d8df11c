"""An agent as a plain process of this machine, for development: recorded like any other, and held in by nothing."""

import os
from collections.abc import Callable
from dataclasses import replace

from recorder.command import NoSuchProgram, NotExecutable
from recorder.recording import Plan, record
from recorder.time_limit import TimeLimit
from runner.final_model import keep_model
from runner.sandbox.place import Place
from runner.sandbox.plan import Finished, RunPlan
from runner.sandbox.reaper import clear, reap
from runner.task_folder import FINAL_MODEL, lay_home, lay_task
from store.errors import BadInput

ISOLATES_NOTHING = "process: isolates nothing"


def run_as_process(plan: RunPlan, stdout: int, note: Callable[[str], None]) -> Finished:
    """Run an agent in a task folder and a home of its own; ``stdout`` is the descriptor that its output goes to.

    Raises :class:`store.errors.PtbError` where it cannot be started or recorded.
    """
    reap(None)
    place = Place.create(plan.run_id, plan.folder)
    try:
        task, home = place.folder / "task", place.folder / "home"
        lay_task(task, plan.harness, plan.task.limit_s, fixed=True)
        lay_home(home, plan.agent.home_files(plan.environment))
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            **({"HF_HOME": str(plan.model_cache.absolute())} if plan.model_cache else {}),
            **plan.environment,
            **plan.keys.values,
        }
        facts = plan.task.facts(plan.agent, plan.agent_model, plan.job)
        outcome = record(
            Plan(
                plan.argv,
                task,
                output=plan.folder,
                facts=replace(facts, sandbox=ISOLATES_NOTHING),
                transcript=plan.agent.transcript,
                stdout=stdout,
                environment=environment,
                secrets=plan.keys.secrets,
                time_limit=TimeLimit(plan.task.limit_s),
                run_id=plan.run_id,
            ),
            note,
        )
        return Finished(outcome, keep_model(task / FINAL_MODEL, outcome.folder))
    except (NoSuchProgram, NotExecutable) as error:
        install = f"; npm install --global {plan.agent.package}" if plan.agent.package else ""
        raise BadInput(
            f"agent {plan.agent.id}: {error}{install}"
        ) from error  # its exit code would be taken for the agent's
    finally:
        clear(None, place)
