"""A scripted agent that speaks a scaffold's stream on stdout and really does what it says.

``python -P -m demo.agent [NAME]`` plays a scenario of :data:`demo.scenario.SCENARIOS` in the current folder, in Claude
Code's format. No model, key or network is involved; a recorder around it sees the same kinds of words, processes and
files as around a real agent.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from demo.scenario import SCENARIOS, Pretended, Shell, Turn, Unsaid, Write
from demo.streams import STREAMS, Call, Command, NewFile, Outcome, Stream
from recorder.transcript import Scaffold


def main() -> None:
    """Play the scenario named on the command line, the first one when none is."""
    names = sys.argv[1:] or list(SCENARIOS)
    if names[0] not in SCENARIOS:
        sys.exit(f"demo.agent: no scenario {names[0]!r}; there are {', '.join(SCENARIOS)}")
    play(SCENARIOS[names[0]], STREAMS[Scaffold.CLAUDE]())


def play(scenario: Sequence[Turn], stream: Stream) -> list[str]:
    """Say and do every turn; what ended in another way than its script says, one line each."""
    stream.begin(str(Path.cwd()))
    surprises = []
    for number, turn in enumerate(scenario, start=1):
        outcome, scripted = _play(number, turn, stream), _scripted(turn)
        if outcome.exit_code != scripted:
            surprises.append(
                f"turn {number}: exit code {outcome.exit_code}, not {scripted}: {outcome.output}"
            )
    stream.end(len(scenario), scenario[-1].say)
    return surprises


def _play(number: int, turn: Turn, stream: Stream) -> Outcome:
    if turn.thought:
        stream.think(number, turn.thought)
    stream.say(number, turn.say)
    match turn.act:
        case Shell(command, description):
            call = Call(number, Command(command, description))
            stream.call(call)
            outcome = _run(command)
            stream.result(call, outcome)
            return outcome
        case Write(name, content):
            path = Path.cwd() / name
            call = Call(number, NewFile(str(path), content))
            stream.call(call)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            stream.result(call, Outcome())
        case Pretended(command, description, output):
            call = Call(number, Command(command, description))
            stream.call(call)
            stream.result(call, Outcome(output=output))
        case Unsaid(command):
            return _run(command)
        case None:
            pass
    return Outcome()


def _scripted(turn: Turn) -> int:
    return turn.act.exit_code if isinstance(turn.act, Shell) else 0


def _run(command: str) -> Outcome:
    """Exit code and output of a shell command, with this interpreter as ``python3``."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Outcome(done.returncode, done.stdout.rstrip("\n"))


if __name__ == "__main__":
    main()
