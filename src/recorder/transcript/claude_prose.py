"""Claude Code's session as PostTrainBench's formatter tells it (``agents/claude/human_readable_trace.py``)."""

import re

from recorder.transcript.blocks import Block, dedent
from recorder.transcript.claude import BACKGROUND, EXIT_CODE, input_tokens
from recorder.transcript.clock import parse_time
from recorder.transcript.conversation import Conversation, Usage
from recorder.transcript.decode import Json, child, integer, number, string
from recorder.transcript.loose import ANY, Keys, read_object

_MARK = re.compile(r"  (?:Tool (call|result) — (.+) \((\S+)\)|\[(\w+) block\])\Z")
"""A content block that is no text."""

_KEYS: dict[str, Keys] = {
    "Bash": Keys(
        frozenset({"command", "description", "timeout", "run_in_background", "dangerouslyDisableSandbox"})
    ),
    "Write": Keys(frozenset({"file_path", "content"})),
    "Edit": Keys(frozenset({"replace_all", "file_path", "old_string", "new_string"})),
    "Task": Keys(
        frozenset({"description", "prompt", "subagent_type", "model", "run_in_background", "resume"})
    ),
    "Agent": Keys(
        frozenset({"description", "prompt", "subagent_type", "model", "run_in_background", "resume"})
    ),
}
"""Parameters of tools whose texts have line breaks."""
_THINKING = Keys(frozenset({"thinking", "signature"}))


class ClaudeProse:
    """Reads one session."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk

    def read(self, block: Block) -> None:
        """Tell one turn, system event or result."""
        match block.header[1]:
            case "Session start":
                self._session(block)
            case "System event":
                self._system(block)
            case "Result":
                self._result(block)
            case _:
                self._turn(block)

    def _session(self, block: Block) -> None:
        summary = self._talk.summary
        summary.session_id = block.header[2]
        for line in block.body:
            label, _, told = line.strip().partition(": ")
            if label == "Model":
                summary.model = told
            elif label == "Working dir":
                summary.cwd = told
        self._talk.notice(block.verbatim)

    def _system(self, block: Block) -> None:
        told = read_object(_trimmed(dedent(block.body, 2))) or {}
        self._talk.notice(block.verbatim, parse_time(told.get("_wall_ts")))
        if block.header[2] == "task_notification":
            self._talk.background_ended(string(told, "tool_use_id"))

    def _result(self, block: Block) -> None:
        told = read_object(_trimmed(dedent(block.body, 2))) or {}
        summary, spent = self._talk.summary, child(told, "usage")
        summary.tokens_in, summary.tokens_out = input_tokens(spent), integer(spent, "output_tokens")
        summary.cost_usd = number(told, "total_cost_usd")
        summary.failed = told.get("is_error") is True
        usage = Usage(summary.tokens_in, summary.tokens_out, summary.cost_usd)
        self._talk.notice(block.verbatim, parse_time(told.get("_wall_ts")), usage)
        if (claimed := string(told, "result")) is not None:
            self._talk.claim(claimed)

    def _turn(self, block: Block) -> None:
        """One event holds one content block, so text that shows another block's head is only text."""
        at = parse_time(block.header[4])
        role = block.header[3].lower()
        marks = [(i, mark) for i, line in enumerate(block.body) if (mark := _MARK.match(line))]
        if not block.body:
            self._talk.notice(block.verbatim, at)
        elif not marks or marks[0][0] != 0 or not _structured(block.body):
            self._talk.say(role, "\n".join(dedent(block.body, 2)), at)
        else:
            ends = [index for index, _ in marks[1:]] + [len(block.body)]
            for (index, mark), end in zip(marks, ends, strict=True):
                body = dedent(_trimmed(block.body[index + 1 : end]), 4)
                if mark[1] == "call":
                    self._talk.call(mark[3], mark[2], _arguments(mark[2], body), at)
                elif mark[1] == "result":
                    self._tool_result(mark[3], "\n".join(body), block)
                elif mark[4] == "thinking":
                    told = read_object(body, _THINKING) or {}
                    self._talk.think(string(told, "thinking") or "\n".join(body), at)
                else:
                    self._talk.unknown("\n".join((mark[0], *body)), at)

    def _tool_result(self, call_id: str, text: str, block: Block) -> None:
        at = parse_time(block.header[4])
        call = self._talk.waiting(call_id)
        if call is None or call.command_id is None:
            failed = text.startswith(("<tool_use_error>", "Error: "))
            self._talk.result(call_id, text, at, failed=failed)
        elif BACKGROUND.match(text):
            self._talk.sent_to_background(call_id, text, at, None)
        elif found := EXIT_CODE.match(text):
            code, output = int(found[1]), text[found.end() :]
            self._talk.result(call_id, text, at, failed=True, exit_code=code, output=output)
        else:
            # Prose does not tell errors from successes otherwise, so 0 is not known.
            self._talk.result(call_id, text, at)


def _structured(body: list[str]) -> bool:
    """Whether lines that are no head of a content block stand deeper than one, and every call has an input."""
    heads = [_MARK.match(line) for line in body]
    deeper = all(
        head or line.startswith("    ") or not line.strip() for head, line in zip(heads, body, strict=True)
    )
    following = [line.startswith("    ") for line in body[1:]] + [False]
    return deeper and all(
        filled for head, filled in zip(heads, following, strict=True) if head and head[1] == "call"
    )


def _trimmed(lines: list[str]) -> list[str]:
    """Without the blank lines at the end, which separate blocks."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return lines[:end]


def _arguments(tool: str, body: list[str]) -> Json | str:
    if body and body[0].startswith("$ "):
        return {"command": "\n".join((body[0][2:], *body[1:]))}
    if body and body[0].startswith("python "):
        return {"code": "\n".join((body[0][7:], *body[1:]))}
    found = read_object(body, _KEYS.get(tool, ANY))
    return "\n".join(body) if found is None else found
