"""A process that imports results folders one after the other, asked by lines of JSON (``python -m recorder.importer``).

A process of its own rather than one of multiprocessing: that would run the caller's main module again, and one
killed worker would fail every folder that is still to come.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from recorder.importer.one import Fate, Outcome, import_results
from recorder.importer.results import Results, results_in
from store.errors import PtbError


class Worker:
    """The parent's side of one such process, started when it is first asked and again after it died."""

    def __init__(self, into: Path) -> None:
        self._into = into
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, results: Results) -> Outcome:
        """Let the process import one folder."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        request = {"folder": str(results.folder), "traces": results.traces}
        answer = b""
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        if not answer.endswith(b"\n"):
            self._process = None
            return failed(
                results, f"the process that imported it ended with {process.wait()}; import it again"
            )
        told = json.loads(answer)
        return Outcome(**{**told, "fate": Fate(told["fate"])})

    def stop(self) -> None:
        """End the process; what it is importing is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            command = [sys.executable, "-P", "-m", "recorder.importer", str(self._into)]
            # In a session of its own, Ctrl-C reaches it as the parent's kill and not in the middle of an import.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        return self._process


def import_one(results: Results, into: Path) -> Outcome:
    """Import one folder; whatever is wrong with it is told in the outcome."""
    try:
        return import_results(results, into)
    except PtbError as error:
        return failed(results, str(error))
    except OSError as error:
        return failed(results, f"{error.filename or results.folder}: {error.strerror or error}")


def failed(results: Results, reason: str) -> Outcome:
    """The outcome of a folder that could not be imported."""
    return Outcome(str(results.folder), Fate.FAILED, reason=reason)


def main(arguments: Sequence[str]) -> int:
    """Answer each line of stdin with a line on stdout, until stdin ends."""
    into = Path(arguments[0])
    with suppress(BrokenPipeError):
        for line in sys.stdin.buffer:
            request = json.loads(line)
            results = results_in(Path(request["folder"]), tuple(request["traces"]))
            sys.stdout.write(json.dumps(asdict(import_one(results, into))) + "\n")
            sys.stdout.flush()
    return 0
