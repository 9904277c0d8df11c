"""Runs told by the agent's words: commands with their results, files that its tools wrote, processes where wanted."""

import shlex
from pathlib import Path

from review.detector import Detector
from review.scan import look
from store.findings import RuleResult
from store.rows import Command, CommandEnd, CommandLink, Connection, FileVersion, Message, ProcessExit, Source
from tests.review.runs import TASK, Story


class Told(Story):
    """A story with commands; under a kernel witness each is a process of its own."""

    def wrote(self, name: str, text: str) -> int:
        """A tool of the scaffold wrote the file."""
        return self.put(
            FileVersion(f"{TASK}/{name}", "0" * 64, len(text), "whole", text=text), Source.TRANSCRIPT
        )

    def issue(self, text: str, output: str = "", exit_code: int | None = 0, match: str = "exact") -> int:
        """The agent issued a command; its process, 0 without a kernel witness."""
        self._commands += 1
        number, process = self._commands, 0
        call = f"call-{number}"
        self.put(Message("assistant", "tool_call", text, "Bash", call), Source.TRANSCRIPT)
        self.put(Command(number, text, tool="Bash", tool_call_id=call), Source.TRANSCRIPT)
        if self.kernel:
            if match != "none":
                process = self.start(shlex.join(["bash", "-c", text]))
            self.put(CommandLink(number, process or None, match))
        self.put(CommandEnd(number, exit_code, output), Source.TRANSCRIPT)
        return process

    def ended(self, process: int, code: int = 0) -> int:
        return self.put(ProcessExit(process, 1000 + process, code))

    def connected(self, process: int, dst: str, port: int, host: str | None = None) -> int:
        return self.put(Connection(process, 1000 + process, dst, port, host))

    def result(self, detector: Detector) -> RuleResult:
        """What the rule says of the run, which ends here."""
        folder: Path = self.end()
        (result,) = look(folder, [detector])
        return result
