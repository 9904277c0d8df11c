"""The ladder of kernel-level witnesses, best first, and the gates beside it."""

import os
import platform
import tempfile
from pathlib import Path
from typing import Final

from recorder.fanotify.group import Group, Kind, Mask
from recorder.probe import bpf_hooks, cost
from recorder.probe.capability import MEASURED_ON, Area, Capability, State
from recorder.strace import program
from store.errors import PtbError, Unavailable

_BTF: Final = Path("/sys/kernel/btf/vmlinux")
_CAPABILITIES: Final = {"CAP_BPF": 39, "CAP_PERFMON": 38}
_CAP_SYS_ADMIN: Final = 21

_EBPF_BLIND: Final = (
    "what is read or changed through a mapping once it is mapped; the few 32-bit calls that hide their arguments,"
    " which are a gap"
)
_STRACE_BLIND: Final = (
    "bytes read and written, io_uring; a program under it can notice it, and cannot use strace itself"
)
_FANOTIFY_COST: Final = (
    "on top of eBPF, CPU × 1.02 for process-heavy work, 1.1 unpacking 20,000 files, 1.6 with 1 kB reads of"
    f" --watch files; with --deny, 15 to 60 µs an open beside a denied path ({MEASURED_ON})"
)
_FANOTIFY_BLIND: Final = (
    "argv, byte counts, mappings, repeated accesses (they merge), files that are not watched"
)


def ebpf() -> Capability:
    """The best witness: everything, by the kernel's own account."""

    def verdict(state: State, why: str, fix: str | None = None) -> Capability:
        return Capability(Area.CAPTURE, "eBPF", state, why, cost.of_witness("ebpf"), _EBPF_BLIND, fix)

    kernel = platform.release()
    if not _BTF.exists():
        return verdict(
            State.FAILS,
            f"kernel {kernel} has no BTF at {_BTF}",
            "boot a kernel with CONFIG_DEBUG_INFO_BTF=y (every current distribution's has it)",
        )
    missing = _missing_capabilities()
    if missing:
        return verdict(
            State.FAILS, f"this process lacks {' and '.join(missing)}", "run ptb as root: sudo ptb record …"
        )
    try:
        refused = bpf_hooks.load(bpf_hooks.TRACEPOINT)
    except Unavailable as error:
        installs = "apt-get install libbpf1 (Fedora: dnf install libbpf)"
        return verdict(State.FAILS, str(error), installs if "libbpf" in str(error) else None)
    if refused:
        return verdict(
            State.FAILS,
            f"a tracepoint program does not load: {refused}",
            "record on the host, outside containers",
        )
    return verdict(*_load_recorder())


def _load_recorder() -> tuple[State, str, str | None]:
    """Have the kernel verify the recorder's own programs, attach none, and let them go."""
    from recorder.ebpf import programs

    if not programs.OBJECT.is_file():
        return (
            State.FAILS,
            f"the kernel takes programs, but {programs.OBJECT.name} was not built",
            "scripts/build-bpf.sh",
        )
    try:
        loaded, unseen = programs.load()
    except Unavailable as error:
        return State.FAILS, str(error), None
    loaded.close()
    if unseen:
        return (
            State.WORKS,
            f"kernel {platform.release()} took the recorder's programs just now, but {unseen}",
            None,
        )
    return State.WORKS, f"kernel {platform.release()} took the recorder's programs just now", None


def stricter_hooks() -> list[Capability]:
    """Hooks that nothing here uses, because not every machine has them; reported for those who plan to."""
    return [_hook(bpf_hooks.ENTRY), _hook(bpf_hooks.LSM)]


def _hook(hook: bpf_hooks.Hook) -> Capability:
    name = f"eBPF {hook.name}"
    if _missing_capabilities():
        return Capability(
            Area.CAPTURE, name, State.UNKNOWN, "not tried without privileges; ptb does not need it"
        )
    try:
        refused = bpf_hooks.load(hook)
    except Unavailable as error:
        return Capability(Area.CAPTURE, name, State.UNKNOWN, f"{error}; ptb does not need it")
    if refused:
        return Capability(Area.CAPTURE, name, State.FAILS, f"{refused}; ptb does not need it")
    return Capability(Area.CAPTURE, name, State.WORKS, "a program loads; ptb does not need it")


def strace() -> Capability:
    """The fallback: complete for processes and names, by a program that is itself a process."""

    def verdict(state: State, why: str, fix: str | None = None) -> Capability:
        return Capability(Area.CAPTURE, "strace", state, why, cost.of_witness("strace"), _STRACE_BLIND, fix)

    try:
        path = program.find()
    except Unavailable as error:
        return verdict(
            State.FAILS, str(error).partition(":")[0], "apt-get install strace (Fedora: dnf install strace)"
        )
    try:
        program.probe(path)
    except Unavailable as error:
        return verdict(State.FAILS, str(error), _ptrace_fix())
    return verdict(State.WORKS, f"{path} traced a program just now")


def fanotify() -> Capability:
    """The second witness beside eBPF or strace, and the gate that can deny opens."""

    def verdict(state: State, why: str, fix: str | None = None) -> Capability:
        return Capability(Area.CAPTURE, "fanotify", state, why, _FANOTIFY_COST, _FANOTIFY_BLIND, fix)

    try:
        for kind in Kind:
            Group(kind).close()
        heard = _hears()
    except Unavailable as error:
        fix = "run ptb as root: sudo ptb record …" if "root" in str(error) else None
        return verdict(State.FAILS, str(error), fix)
    except OSError as error:
        return verdict(State.FAILS, f"a file in {tempfile.gettempdir()} cannot be watched: {error.strerror}")
    if not heard:
        return verdict(State.FAILS, f"an open in {tempfile.gettempdir()} was not heard")
    return verdict(
        State.WORKS, "heard an open just now; --watch checks the kernel witness, --deny refuses opens"
    )


def _hears() -> bool:
    """Whether the opening of a watched file is told."""
    group = Group(Kind.NOTIFY)
    try:
        with tempfile.NamedTemporaryFile() as file:
            group.mark(os.fsencode(file.name), Mask.OPEN)
            os.close(os.open(file.name, os.O_RDONLY))
            events = group.take()
            for event in events:
                event.close()
            return bool(events)
    finally:
        group.close()


def transcript() -> Capability:
    """The last rung: what the agent says of itself."""
    return Capability(
        Area.CAPTURE,
        "transcript",
        State.WORKS,
        "read from the agent's output: Claude Code, Codex, Gemini CLI, OpenCode",
        "nothing measurable",
        "whatever the agent does not say; alone it proves no absence",
    )


def gpu() -> Capability:
    """NVML, by opening it."""
    from recorder.gpu.nvml import Nvml

    cost = "one query a second and device, 40 ms of waiting each"
    blind = "which kernels run; processes where NVML is asked from inside a container"
    try:
        nvml = Nvml.open()
    except PtbError as error:
        fix = "install NVIDIA's driver; in a container, start it with --gpus all"
        return Capability(Area.CAPTURE, "GPU (NVML)", State.FAILS, str(error), cost, blind, fix)
    try:
        names = ", ".join(f"{device.index}: {device.name}" for device in nvml.devices)
    finally:
        nvml.close()
    return Capability(Area.CAPTURE, "GPU (NVML)", State.WORKS, names, cost, blind)


def _missing_capabilities() -> list[str]:
    """Of what loading tracing programs takes; CAP_SYS_ADMIN stands for both."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return list(_CAPABILITIES)
    effective = next(
        (int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:")), 0
    )
    if effective & 1 << _CAP_SYS_ADMIN:
        return []
    return [name for name, bit in _CAPABILITIES.items() if not effective & 1 << bit]


def _ptrace_fix() -> str:
    try:
        scope = int(Path("/proc/sys/kernel/yama/ptrace_scope").read_text())
    except (OSError, ValueError):
        scope = 0
    if scope > 1:
        return "sysctl kernel.yama.ptrace_scope=1"
    return "in a container, start it with --cap-add SYS_PTRACE; else end the debugger that traces this shell"
