"""Small recorded runs to scan: rows as a kernel witness with byte counts, and the workspace witness, write them."""

import hashlib
import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from store.manifest import Facts, SourceInfo
from store.rows import (
    Command,
    CommandEnd,
    Exec,
    FileAccess,
    FileVersion,
    Gap,
    Message,
    ProcessStart,
    Quality,
    Row,
    Source,
    Stamp,
)
from store.writer import RunWriter

START = 1_700_000_000_000_000_000
TASK = "/home/ben/task"
EVAL = f"{TASK}/evaluation_code/data/healthbench.jsonl"
WEIGHTS = f"{TASK}/final_model/model.safetensors"

QUESTIONS = [
    f"Question number {n}: my {part} has hurt since I carried {n} heavy boxes up the stairs of house {n}, what is it?"
    for n, part in enumerate(["back", "knee", "neck", "wrist", "ankle", "hip", "elbow", "thumb"])
]
EVAL_TEXT = "".join(json.dumps({"prompt": question}) + "\n" for question in QUESTIONS)


def samples(*texts: str) -> str:
    """Training data."""
    return "".join(json.dumps({"messages": [{"role": "user", "content": text}]}) + "\n" for text in texts)


@dataclass
class Story:
    """Tells a run row by row; every row comes a second after the one before."""

    folder: Path
    benchmark: str | None = "healthbench"
    kernel: bool = True
    reference: bool = True
    root: str = TASK
    base_model: str | None = None
    run_id: str = "run-1"
    writer: RunWriter = field(init=False)
    _now: int = START
    _next_process: int = 1
    _commands: int = 0

    def __post_init__(self) -> None:
        facts = Facts(benchmark=self.benchmark, root=self.root, base_model=self.base_model)
        self.writer = RunWriter.create(self.folder, self.run_id, started_at=START, facts=facts)
        if self.kernel:
            self.writer.set_sources([SourceInfo("kernel", "ebpf", "recording")])
            self.agent = self.start("claude -p do-it", parent=None)
        if self.reference:
            self.version(EVAL, EVAL_TEXT, by=None)

    def put(self, row: Row, source: Source = Source.KERNEL) -> int:
        self._now += 1_000_000_000
        return self.writer.put(Stamp(self._now, Quality.EXACT, source), row)

    def say(self, text: str) -> int:
        return self.put(Message("assistant", "message", text), Source.TRANSCRIPT)

    def run(self, text: str, exit_code: int | None = 0, output: str = "") -> int:
        """A command of the transcript, with its end."""
        self._commands += 1
        seq = self.put(Command(self._commands, text), Source.TRANSCRIPT)
        self.put(CommandEnd(self._commands, exit_code, output), Source.TRANSCRIPT)
        return seq

    def start(self, argv: str, parent: int | None = 1, cwd: str = TASK) -> int:
        """A process that runs ``argv``; its process_id."""
        process_id, self._next_process = self._next_process, self._next_process + 1
        self.put(ProcessStart(process_id, 1000 + process_id, parent, argv=argv, cwd=cwd))
        self.put(Exec(process_id, 1000 + process_id, f"/usr/bin/{shlex.split(argv)[0]}", argv, cwd))
        return process_id

    def read(self, process_id: int, path: str, size: int = 4096) -> int:
        now = self._now + 1_000_000_000
        return self.put(
            FileAccess(process_id, 1000 + process_id, "open", path, flags=0, bytes_read=size, bytes_written=0,
                       first_read_ts=now, last_read_ts=now, end_ts=now, final=True)
        )  # fmt: skip

    def write(self, process_id: int, path: str, text: str | None = None) -> int:
        now = self._now + 1_000_000_000
        seq = self.put(
            FileAccess(process_id, 1000 + process_id, "create", path, flags=0o1101, bytes_read=0, bytes_written=512,
                       first_write_ts=now, last_write_ts=now, end_ts=now, final=True)
        )  # fmt: skip
        if text is not None:
            self.version(path, text, by=process_id)
        return seq

    def rename(self, process_id: int, old: str, new: str) -> int:
        return self.put(FileAccess(process_id, 1000 + process_id, "rename", old, new))

    def version(self, path: str, text: str, by: int | None) -> int:
        raw = text.encode()
        sha256 = hashlib.sha256(raw).hexdigest()
        return self.put(
            FileVersion(path, sha256, len(raw), "whole", text=text, process_id=by), Source.WORKSPACE
        )

    def gap(self, lost: int) -> int:
        return self.put(Gap("ring_full", "the ring was full", lost=lost))

    def train(self, data: str, weights: str = WEIGHTS, argv: str = "python train.py") -> int:
        """A process that reads ``data`` and writes ``weights``."""
        trainer = self.start(argv)
        self.read(trainer, data)
        self.write(trainer, weights)
        return trainer

    def end(self) -> Path:
        self.writer.close(ended_at=self._now, exit_status="0")
        return self.folder
