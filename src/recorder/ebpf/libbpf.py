"""The few calls of libbpf that the recorder needs, through ctypes: no compiler and no build step for users.

libbpf.so.1 (1.0 or newer, 2022) is in every current distribution; its ABI is stable within the major version.
"""

import ctypes
import os
from collections.abc import Iterable, Iterator
from ctypes import c_bool, c_char_p, c_int, c_size_t, c_uint32, c_uint64, c_void_p
from functools import cache
from pathlib import Path

from store.errors import Unavailable

_PROTOTYPES: dict[str, tuple[object, list[object]]] = {
    "bpf_object__open_file": (c_void_p, [c_char_p, c_void_p]),
    "bpf_object__load": (c_int, [c_void_p]),
    "bpf_object__close": (None, [c_void_p]),
    "bpf_object__next_program": (c_void_p, [c_void_p, c_void_p]),
    "bpf_object__find_map_by_name": (c_void_p, [c_void_p, c_char_p]),
    "bpf_object__find_map_fd_by_name": (c_int, [c_void_p, c_char_p]),
    "bpf_program__name": (c_char_p, [c_void_p]),
    "bpf_program__fd": (c_int, [c_void_p]),
    "bpf_program__set_autoload": (c_int, [c_void_p, c_bool]),
    "bpf_program__attach": (c_void_p, [c_void_p]),
    "bpf_program__attach_iter": (c_void_p, [c_void_p, c_void_p]),
    "bpf_iter_create": (c_int, [c_int]),
    "bpf_link__fd": (c_int, [c_void_p]),
    "bpf_link__destroy": (c_int, [c_void_p]),
    "bpf_map__set_max_entries": (c_int, [c_void_p, c_uint32]),
    "bpf_map__max_entries": (c_uint32, [c_void_p]),
    "bpf_map__initial_value": (c_void_p, [c_void_p, ctypes.POINTER(c_size_t)]),
    "bpf_map_update_elem": (c_int, [c_int, c_void_p, c_void_p, c_uint64]),
    "bpf_map_get_next_key": (c_int, [c_int, c_void_p, c_void_p]),
    "bpf_map_lookup_elem": (c_int, [c_int, c_void_p, c_void_p]),
    "bpf_prog_test_run_opts": (c_int, [c_int, c_void_p]),
    "bpf_obj_get_info_by_fd": (c_int, [c_int, c_void_p, ctypes.POINTER(c_uint32)]),
    "libbpf_find_vmlinux_btf_id": (c_int, [c_char_p, c_int]),
    "libbpf_num_possible_cpus": (c_int, []),
    "libbpf_set_print": (c_void_p, [c_void_p]),
}

_TRACE_RAW_TP = 23
"""``BPF_TRACE_RAW_TP`` of ``enum bpf_attach_type``."""
_NOEXIST = 1
"""``BPF_NOEXIST``: an update does not overwrite."""
_PROGRAM_INFO_BYTES = 232
_MISSES_OFFSET = 208
"""Of ``recursion_misses`` in ``struct bpf_prog_info`` (include/uapi/linux/bpf.h, since 5.12)."""


class _RunOptions(ctypes.Structure):
    """``struct bpf_test_run_opts``; all zero but its size runs a program once, without input."""

    _fields_ = [("size", c_size_t), ("rest", ctypes.c_char * 64)]


@cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libbpf.so.1", use_errno=True)
    except OSError as error:
        raise Unavailable(
            "libbpf.so.1 is not installed; eBPF capture needs it: apt-get install libbpf1"
        ) from error
    for name, (result, arguments) in _PROTOTYPES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    library.libbpf_set_print(None)
    return library


def possible_cpus() -> int:
    """How many values a lookup in a per-CPU map gives."""
    return int(_library().libbpf_num_possible_cpus())


def has_tracepoint(name: str) -> bool:
    """Whether the running kernel has a tracepoint of that name in its BTF."""
    return int(_library().libbpf_find_vmlinux_btf_id(name.encode(), _TRACE_RAW_TP)) > 0


class Object:
    """A compiled object file: opened, adjusted, loaded, attached, closed."""

    def __init__(self, path: Path) -> None:
        self._library = _library()
        self._links: list[int] = []
        self._object = self._library.bpf_object__open_file(os.fsencode(path), None)
        if not self._object:
            raise Unavailable(f"{path} is no eBPF object: build it with scripts/build-bpf.sh")

    def resize(self, name: str, entries: int) -> None:
        """Set the capacity of a map; before :meth:`load`."""
        self._library.bpf_map__set_max_entries(self._map(name), entries)

    def set_constants(self, values: bytes) -> None:
        """Overwrite the start of the read-only data; before :meth:`load`."""
        size = c_size_t()
        address = self._library.bpf_map__initial_value(self._map(".rodata"), ctypes.byref(size))
        assert address
        assert size.value >= len(values)
        ctypes.memmove(address, values, len(values))

    def leave_out(self, programs: Iterable[str]) -> None:
        """Do not load some of the programs; before :meth:`load`."""
        unwanted = set(programs)
        for address, name in self._programs():
            if name in unwanted:
                self._library.bpf_program__set_autoload(address, c_bool())

    def load(self) -> None:
        """Have the kernel verify everything; raises :class:`Unavailable` with its reason."""
        code = self._library.bpf_object__load(self._object)
        if code:
            raise Unavailable(f"the kernel refused the eBPF programs: {os.strerror(-code)}")

    def attach(self) -> None:
        """Start every program that hangs on a tracepoint."""
        for address, name in self._programs():
            if not name.startswith("on_") or self._library.bpf_program__fd(address) < 0:
                continue
            link = self._library.bpf_program__attach(address)
            if not link:
                raise Unavailable(f"cannot attach eBPF program {name}: {os.strerror(ctypes.get_errno())}")
            self._links.append(link)

    def detach(self) -> None:
        """Stop the programs; the maps stay readable."""
        while self._links:
            self._library.bpf_link__destroy(self._links.pop())

    def close(self) -> None:
        """Let go of programs and maps; safe to call twice."""
        self.detach()
        if self._object:
            self._library.bpf_object__close(self._object)
            self._object = None

    def map_fd(self, name: str) -> int:
        """The descriptor of a loaded map; it is closed with the object."""
        return int(self._library.bpf_object__find_map_fd_by_name(self._object, name.encode()))

    def capacity(self, name: str) -> int:
        """Entries of a map; bytes of a ring."""
        return int(self._library.bpf_map__max_entries(self._map(name)))

    def insert(self, name: str, key: bytes, value: bytes) -> bool:
        """Enter a value where there is none yet; whether it went in."""
        return not self._library.bpf_map_update_elem(self.map_fd(name), key, value, _NOEXIST)

    def keys(self, name: str, size: int) -> list[bytes]:
        """The keys in a hash, each of ``size`` bytes; ones that come or go meanwhile may be missing."""
        found: list[bytes] = []
        key, following = None, ctypes.create_string_buffer(size)
        while not self._library.bpf_map_get_next_key(self.map_fd(name), key, following):
            key = following.raw
            if len(found) >= self.capacity(name):  # entries went while they were listed, and it starts over
                break
            found.append(key)
        return found

    def sum_per_cpu(self, name: str, entries: int) -> list[int]:
        """The first ``entries`` counters of a per-CPU array, summed over the CPUs."""
        values = (c_uint64 * possible_cpus())()
        sums = []
        for index in range(entries):
            self._library.bpf_map_lookup_elem(self.map_fd(name), ctypes.byref(c_uint32(index)), values)
            sums.append(sum(values))
        return sums

    def run(self, program: str) -> None:
        """Run a program of type ``syscall`` once, now."""
        options = _RunOptions(size=ctypes.sizeof(_RunOptions))
        for address, name in self._programs():
            if name == program:
                self._library.bpf_prog_test_run_opts(
                    self._library.bpf_program__fd(address), ctypes.byref(options)
                )

    def iterate(self, program: str) -> None:
        """Run an iterator program over all that it iterates over, once, now."""
        for address, name in self._programs():
            if name != program:
                continue
            link = self._library.bpf_program__attach_iter(address, None)
            if not link:
                return
            fd = self._library.bpf_iter_create(self._library.bpf_link__fd(link))
            if fd >= 0:
                with open(fd, "rb") as iterator:
                    iterator.read()
            self._library.bpf_link__destroy(link)

    def missed(self) -> int:
        """How often the kernel skipped a program because it was already running on that CPU."""
        total = 0
        for address, _ in self._programs():
            info = ctypes.create_string_buffer(_PROGRAM_INFO_BYTES)
            length = c_uint32(_PROGRAM_INFO_BYTES)
            fd = self._library.bpf_program__fd(address)
            if fd >= 0 and not self._library.bpf_obj_get_info_by_fd(fd, info, ctypes.byref(length)):
                total += c_uint64.from_buffer(info, _MISSES_OFFSET).value
        return total

    def _map(self, name: str) -> int:
        found = self._library.bpf_object__find_map_by_name(self._object, name.encode())
        assert found, name
        return int(found)

    def _programs(self) -> Iterator[tuple[int, str]]:
        program = self._library.bpf_object__next_program(self._object, None)
        while program:
            yield program, self._library.bpf_program__name(program).decode()
            program = self._library.bpf_object__next_program(self._object, program)
