"""NVML as this recorder uses it: one device, one sample, nothing fatal but the loss of the device.

A driver answers some queries and not others (an H100 in MIG mode has no utilisation, a consumer board no ECC, a
container no power), so each query that fails leaves its column *not observed*. Units: NVML's API reference;
memory in MiB, as nvidia-smi shows it.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, Self

import orjson

from store.errors import Unavailable
from store.rows import GpuSample

_MIB: Final = 2**20

_THROTTLE_REASONS: Final = {
    0x001: "idle",
    0x002: "application_clocks",
    0x004: "sw_power_cap",
    0x008: "hw_slowdown",
    0x010: "sync_boost",
    0x020: "sw_thermal",
    0x040: "hw_thermal",
    0x080: "hw_power_brake",
    0x100: "display_clock",
}
"""``nvmlClocksEventReason*`` bits."""

_MOST_EVENTS: Final = 64
"""Xid events taken at one call; a storm beyond it waits for the next."""


class Unreadable(Unavailable):
    """A device answered no query at all."""


class DeviceLost(Unreadable):
    """A device fell off the bus or waits for a reset: it will not answer again in this run."""


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU as NVML numbers it."""

    index: int
    name: str
    handle: Any
    """pynvml's pointer."""


class _Query:
    """Asks one device: a query that fails gives None, a device that is gone raises."""

    def __init__(self, library: ModuleType, device: Device) -> None:
        self._library = library
        self._device = device
        self.answers = 0
        self.last_error = ""

    def __call__(self, question: Callable[..., Any], *arguments: Any) -> Any:
        try:
            answer = question(self._device.handle, *arguments)
        except (self._library.NVMLError_GpuIsLost, self._library.NVMLError_ResetRequired) as error:
            raise DeviceLost(f"GPU {self._device.index} is lost: {error}") from None
        except self._library.NVMLError as error:
            self.last_error = str(error)
            return None
        self.answers += 1
        return answer

    def number(self, question: Callable[..., Any], *arguments: Any) -> float | None:
        answer = self(question, *arguments)
        return None if answer is None else float(answer)


class Nvml:
    """An initialised NVML; :meth:`close` it when done."""

    def __init__(self, library: ModuleType, devices: tuple[Device, ...]) -> None:
        self._library = library
        self.devices = devices
        self._events, self._watched = self._watch_events()

    @classmethod
    def open(cls) -> Self:
        """Load the library and find the devices; :class:`Unavailable` says what is missing."""
        import pynvml

        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError_LibraryNotFound:
            raise Unavailable("no NVIDIA driver here: libnvidia-ml.so.1 was not found") from None
        except pynvml.NVMLError as error:
            raise Unavailable(f"NVML does not start: {error}") from None
        try:
            handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        except pynvml.NVMLError as error:
            pynvml.nvmlShutdown()
            raise Unavailable(f"NVML cannot list the GPUs: {error}") from None
        if not handles:
            pynvml.nvmlShutdown()
            raise Unavailable("the NVIDIA driver is loaded, but gives this process no GPU")
        return cls(
            pynvml, tuple(Device(i, _name(pynvml, handle), handle) for i, handle in enumerate(handles))
        )

    def close(self) -> None:
        """Release the library; whatever it answers, nothing is held afterwards."""
        try:
            if self._events is not None:
                self._library.nvmlEventSetFree(self._events)
            self._library.nvmlShutdown()
        except self._library.NVMLError:
            return

    def sample(self, device: Device, xids: list[int] | None, *, pcie: bool) -> GpuSample:
        """What the device says now; ``xids`` are its critical errors since the last sample, None if unknown.

        PCIe traffic is asked for only with ``pcie``: NVML measures it over 20 ms, twice, and blocks meanwhile.
        Raises :class:`DeviceLost` or :class:`Unreadable` when there is nothing to tell.
        """
        nvml, ask = self._library, _Query(self._library, device)
        utilisation = ask(nvml.nvmlDeviceGetUtilizationRates)
        # The second version of the structure leaves out what the driver reserves, as nvidia-smi does.
        memory = ask(nvml.nvmlDeviceGetMemoryInfo, nvml.nvmlMemory_v2) or ask(nvml.nvmlDeviceGetMemoryInfo)
        milliwatts = ask.number(nvml.nvmlDeviceGetPowerUsage)
        reasons = ask(nvml.nvmlDeviceGetCurrentClocksEventReasons)
        if reasons is None:
            reasons = ask(nvml.nvmlDeviceGetCurrentClocksThrottleReasons)
        sample = GpuSample(
            device=device.index,
            util_pct=None if utilisation is None else float(utilisation.gpu),
            mem_used_mb=None if memory is None else memory.used / _MIB,
            mem_total_mb=None if memory is None else memory.total / _MIB,
            power_w=None if milliwatts is None else milliwatts / 1000,
            temp_c=ask.number(nvml.nvmlDeviceGetTemperature, nvml.NVML_TEMPERATURE_GPU),
            sm_clock_mhz=ask.number(nvml.nvmlDeviceGetClockInfo, nvml.NVML_CLOCK_SM),
            mem_clock_mhz=ask.number(nvml.nvmlDeviceGetClockInfo, nvml.NVML_CLOCK_MEM),
            throttle=None if reasons is None else _throttle(reasons),
            ecc_errors=ask(
                nvml.nvmlDeviceGetTotalEccErrors,
                nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED,
                nvml.NVML_VOLATILE_ECC,
            ),
            processes=_processes(ask(nvml.nvmlDeviceGetComputeRunningProcesses)),
            xid=None if xids is None else ",".join(map(str, xids)),
            pcie_rx_kb_s=(
                ask.number(nvml.nvmlDeviceGetPcieThroughput, nvml.NVML_PCIE_UTIL_RX_BYTES) if pcie else None
            ),
            pcie_tx_kb_s=(
                ask.number(nvml.nvmlDeviceGetPcieThroughput, nvml.NVML_PCIE_UTIL_TX_BYTES) if pcie else None
            ),
        )
        if ask.answers == 0:
            raise Unreadable(f"GPU {device.index} answers no query: {ask.last_error}")
        return sample

    def take_xids(self) -> dict[int, list[int] | None]:
        """Per device index, the Xids reported since the last call; None for a device that reports none ever."""
        taken: dict[int, list[int] | None] = {
            device.index: [] if device.index in self._watched.values() else None for device in self.devices
        }
        if self._events is None:
            return taken
        for _ in range(_MOST_EVENTS):
            try:
                event = self._library.nvmlEventSetWait_v2(self._events, 0)
            except self._library.NVMLError:
                break
            xids = taken.get(self._watched.get(_address(event.device), -1))
            if xids is not None:
                xids.append(int(event.eventData))
        return taken

    def _watch_events(self) -> tuple[Any, dict[int, int]]:
        """An event set, and the address of each handle it watches → device index; None where unsupported."""
        nvml = self._library
        try:
            events = nvml.nvmlEventSetCreate()
        except nvml.NVMLError:
            return None, {}
        watched = {}
        for device in self.devices:
            try:
                nvml.nvmlDeviceRegisterEvents(device.handle, nvml.nvmlEventTypeXidCriticalError, events)
            except nvml.NVMLError:
                continue
            watched[_address(device.handle)] = device.index
        return events, watched


def _address(handle: Any) -> int:
    return ctypes.cast(handle, ctypes.c_void_p).value or 0


def _name(library: ModuleType, handle: Any) -> str:
    try:
        name = library.nvmlDeviceGetName(handle)
    except library.NVMLError:
        return "unknown GPU"
    return name if isinstance(name, str) else str(name, "utf-8", "replace")


def _throttle(bits: int) -> str:
    known = [name for bit, name in _THROTTLE_REASONS.items() if bits & bit]
    unknown = bits & ~sum(_THROTTLE_REASONS)
    return ",".join([*known, hex(unknown)] if unknown else known)


def _processes(running: list[Any] | None) -> str | None:
    if running is None:
        return None
    return orjson.dumps(
        [
            {
                "pid": int(process.pid),
                "mem_mb": None if process.usedGpuMemory is None else process.usedGpuMemory / _MIB,
            }
            for process in running
        ]
    ).decode()
