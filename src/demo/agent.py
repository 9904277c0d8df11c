"""A scripted agent that speaks Claude Code's stream-json on stdout and really does what it says.

``python -P -m demo.agent [NAME]`` plays a scenario of :data:`demo.scenario.SCENARIOS` in the current folder. No model,
key or network is involved; a recorder around it sees the same kinds of words, processes and files as around a real
agent.
"""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from demo.scenario import SCENARIOS, Shell, Turn, Write

MODEL = "scripted"
_SESSION = str(uuid.UUID(int=0))


def main() -> None:
    """Play the scenario named on the command line, the first one when none is."""
    names = sys.argv[1:] or list(SCENARIOS)
    if names[0] not in SCENARIOS:
        sys.exit(f"demo.agent: no scenario {names[0]!r}; there are {', '.join(SCENARIOS)}")
    play(SCENARIOS[names[0]])


def play(scenario: Sequence[Turn]) -> None:
    """Say and do every turn."""
    _emit("system", subtype="init", cwd=str(Path.cwd()), tools=["Bash", "Write"], model=MODEL)
    for number, turn in enumerate(scenario, start=1):
        _play(f"msg_demo_{number:02}", f"toolu_demo_{number:02}", turn)
    _emit(
        "result",
        subtype="success",
        is_error=False,
        num_turns=len(scenario),
        result=scenario[-1].say,
        total_cost_usd=0.0,
    )


def _play(message_id: str, call_id: str, turn: Turn) -> None:
    if turn.thought:
        _say(message_id, {"type": "thinking", "thinking": turn.thought})
    _say(message_id, {"type": "text", "text": turn.say})
    match turn.act:
        case Shell(command, description):
            request = {"command": command, "description": description}
            _say(message_id, {"type": "tool_use", "id": call_id, "name": "Bash", "input": request})
            _report(call_id, *_run(command))
        case Write(name):
            path = Path.cwd() / name
            request = {"file_path": str(path), "content": turn.act.content}
            _say(message_id, {"type": "tool_use", "id": call_id, "name": "Write", "input": request})
            path.write_text(turn.act.content, encoding="utf-8")
            _report(call_id, 0, f"File created successfully at: {path}")


def _run(command: str) -> tuple[int, str]:
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
    return done.returncode, done.stdout.rstrip("\n")


def _say(message_id: str, block: Mapping[str, object]) -> None:
    message = {"id": message_id, "type": "message", "role": "assistant", "model": MODEL, "content": [block]}
    _emit("assistant", message=message, parent_tool_use_id=None, timestamp=_now())


def _report(call_id: str, exit_code: int, output: str) -> None:
    failed = exit_code != 0
    text = f"Exit code {exit_code}\n{output}" if failed else output
    block = {"tool_use_id": call_id, "type": "tool_result", "content": text, "is_error": failed}
    details: str | Mapping[str, object] = f"Error: {text}" if failed else {"stdout": output, "stderr": ""}
    blocks: Sequence[Mapping[str, object]] = [block]
    _emit(
        "user",
        message={"role": "user", "content": blocks},
        parent_tool_use_id=None,
        timestamp=_now(),
        tool_use_result=details,
    )


def _emit(kind: str, **values: object) -> None:
    sys.stdout.write(json.dumps({"type": kind, **values, "session_id": _SESSION}) + "\n")
    sys.stdout.flush()


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


if __name__ == "__main__":
    main()
