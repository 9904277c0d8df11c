"""Recording of real programs by the eBPF witness; skips with the reason where this machine cannot."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from recorder.ebpf.programs import OBJECT
from recorder.ebpf.source import EbpfSource
from recorder.source import Target
from store.errors import Unavailable
from tests.recorder.ebpf.seen import Seen

_REPOSITORY = Path(__file__).parents[3]
_GATE = 'read -r go; exec "$@" </dev/null'

Record = Callable[..., Seen]


def build() -> None:
    """Compile the object where it is missing or older than its source, if there is a compiler."""
    newest = max(file.stat().st_mtime for file in OBJECT.with_name("bpf").iterdir())
    current = OBJECT.exists() and OBJECT.stat().st_mtime >= newest
    if not current and (shutil.which("clang") or shutil.which("clang-14")):
        subprocess.run([_REPOSITORY / "scripts" / "build-bpf.sh"], check=True)


@pytest.fixture(scope="session")
def bpf_object() -> Path:
    """The compiled object, known to load here."""
    if os.geteuid() != 0:
        pytest.skip("eBPF needs root")
    build()
    source = EbpfSource()
    try:
        source.start(Target(os.getpid(), "/"), Seen())
    except Unavailable as error:
        pytest.skip(str(error))
    source.stop()
    return OBJECT


@pytest.fixture
def record(bpf_object: Path, tmp_path: Path) -> Record:
    """Record a command from before its first instruction until it has ended."""

    def run(
        *command: str | Path, before: str = ":", timeout: float = 60, after: Callable[[], None] = lambda: None
    ) -> Seen:
        seen, source = Seen(), EbpfSource(bpf_object)
        gate = ["/bin/bash", "-c", f"{before}; {_GATE}", "gate", *map(str, command)]
        with subprocess.Popen(gate, stdin=subprocess.PIPE, cwd=tmp_path) as process:
            source.start(Target(process.pid, str(tmp_path)), seen)
            process.communicate(b"go\n", timeout)
            after()
            source.stop()
        seen.exit_code = process.returncode
        return seen

    return run


@pytest.fixture(scope="session")
def evade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static test program."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler for the test program")
    program = tmp_path_factory.mktemp("evade") / "evade"
    source = Path(__file__).parent / "programs" / "evade.c"
    subprocess.run([compiler, "-O1", "-static", "-pthread", "-o", program, source], check=True)
    return program
