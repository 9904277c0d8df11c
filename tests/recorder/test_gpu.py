"""GPU samples through the real pynvml over an NVML library compiled here, which fails on demand."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from recorder.gpu.source import GpuSource
from store.errors import BadInput
from tests.waiting import until

HERE = Path(__file__).parent
NOT_SUPPORTED, GPU_IS_LOST, UNKNOWN = 3, 15, 999

Line = dict[str, Any]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a libnvidia-ml.so.1."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler: the fake NVML cannot be built")
    folder = tmp_path_factory.mktemp("nvml")
    subprocess.run(
        [
            compiler,
            "-shared",
            "-fPIC",
            "-Wall",
            "-Werror",
            "-o",
            folder / "libnvidia-ml.so.1",
            HERE / "fake_nvml.c",
        ],
        check=True,
    )
    return folder


class Recording:
    """A recording that runs in another process."""

    def __init__(self, process: "subprocess.Popen[bytes]", control: Path) -> None:
        self._process = process
        self._control = control

    def tell(self, text: str) -> None:
        """Change the fake's behaviour."""
        fresh = self._control.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self._control)

    def fail(self, text: str, times: int) -> None:
        """Change the fake's behaviour, and wait until that many calls have failed, or hang."""
        failed = Path(f"{self._control}.failed")
        failed.unlink(missing_ok=True)
        self.tell(text)
        until(lambda: failed.exists() and failed.stat().st_size >= times)

    def until(self, wanted: Callable[[Line], bool]) -> list[Line]:
        """Rows up to and with the first one that is ``wanted``."""
        lines = []
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            lines.append(orjson.loads(raw))
            if wanted(lines[-1]):
                return lines
        raise AssertionError(f"the recording ended first: {lines}")

    def samples(self, count: int, device: int = 0) -> list[Line]:
        """The next ``count`` samples of one device."""
        return [
            self.until(lambda line: line["type"] == "GpuSample" and line["device"] == device)[-1]
            for _ in range(count)
        ]

    def gap(self, cause: str) -> Line:
        """The next gap of this cause; a busy machine makes ``stalled`` ones in between, which are true."""
        return self.until(lambda line: line["type"] == "Gap" and line["cause"] == cause)[-1]

    def end(self) -> list[Line]:
        """Stop; the rest, with the source's info last."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self.until(lambda line: line["type"] == "info")


Record = Callable[..., Any]


@pytest.fixture
def record(library: Path, tmp_path: Path) -> Record:
    @contextmanager
    def recording(settings: str = "", interval_s: float = 0.1) -> Iterator[Recording]:
        control = tmp_path / "control"
        control.write_text(settings)
        environ = {**os.environ, "LD_LIBRARY_PATH": str(library), "FAKE_NVML": str(control)}
        process = subprocess.Popen(
            [sys.executable, HERE / "gpu_recording.py", str(interval_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
        )
        try:
            yield Recording(process, control)
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    return recording


def test_a_sample_holds_what_the_driver_says_in_the_units_of_the_columns(record: Record) -> None:
    with record() as run:
        before = time.time_ns()
        sample = run.samples(1)[0]
        assert abs(sample.pop("ts") - before) < 30e9
        assert sample.pop("err_us") < 1e6
        assert orjson.loads(sample.pop("processes")) == [
            {"pid": 4711, "mem_mb": 60 * 1024.0},
            {"pid": 4712, "mem_mb": None},
        ]
        assert sample == {
            "type": "GpuSample",
            "device": 0,
            "util_pct": 71.0,
            "mem_used_mb": 61 * 1024.0,
            "mem_total_mb": 80 * 1024.0,
            "power_w": 402.5,
            "temp_c": 64.0,
            "sm_clock_mhz": 1980.0,
            "mem_clock_mhz": 2619.0,
            "throttle": "sw_power_cap,hw_thermal",
            "pcie_rx_kb_s": 3000.0,
            "pcie_tx_kb_s": 2000.0,
            "ecc_errors": 2,
            "xid": "",
        }
        info = run.end()[-1]
        assert (info["state"], info["reason"]) == ("ended", None)


@pytest.mark.parametrize(
    ("question", "column"),
    [
        ("nvmlDeviceGetUtilizationRates", "util_pct"),
        ("nvmlDeviceGetPowerUsage", "power_w"),
        ("nvmlDeviceGetTemperature", "temp_c"),
        ("nvmlDeviceGetClockInfo", "sm_clock_mhz"),
        ("nvmlDeviceGetPcieThroughput", "pcie_rx_kb_s"),
        ("nvmlDeviceGetTotalEccErrors", "ecc_errors"),
        ("nvmlDeviceGetComputeRunningProcesses_v3", "processes"),
        ("nvmlEventSetCreate", "xid"),
        ("nvmlDeviceRegisterEvents", "xid"),
    ],
)
def test_a_question_that_the_driver_cannot_answer_leaves_its_column_not_observed(
    record: Record, question: str, column: str
) -> None:
    with record(f"{question} {NOT_SUPPORTED}\n") as run:
        sample = run.samples(1)[0]
    assert sample[column] is None
    also = {"mem_clock_mhz", "pcie_tx_kb_s"}
    assert all(value is not None for name, value in sample.items() if name != column and name not in also)


def test_older_drivers_are_asked_the_older_way(record: Record) -> None:
    settings = f"nvmlDeviceGetMemoryInfo_v2 {NOT_SUPPORTED}\nnvmlDeviceGetCurrentClocksEventReasons {NOT_SUPPORTED}\n"
    with record(settings) as run:
        sample = run.samples(1)[0]
    assert sample["mem_used_mb"] == 62 * 1024
    assert sample["throttle"] == "hw_slowdown,0x1000"


def test_pcie_traffic_is_measured_once_a_second_however_fast_the_samples(record: Record) -> None:
    with record(interval_s=0.1) as run:
        measured = [sample["pcie_rx_kb_s"] is not None for sample in run.samples(11)]
    assert measured == [True, *[False] * 9, True]


def test_every_device_is_sampled_and_named(record: Record) -> None:
    with record("devices 2\n") as run:
        lines = run.until(lambda line: line["device"] == 1)
        assert [line["util_pct"] for line in lines] == [71.0, 72.0]
        assert run.end()[-1]["gpu_name"] == "2 × NVIDIA Fake 80GB"


def test_a_critical_error_of_the_driver_is_in_the_next_sample_of_its_device(record: Record) -> None:
    with record("devices 2\n") as run:
        run.samples(2, device=1)
        run.tell("devices 2\nxid 1 79\nxid 1 31\n")
        lines = run.until(lambda line: line["type"] == "GpuSample" and bool(line["xid"]))
        assert (lines[-1]["device"], lines[-1]["xid"]) == (1, "79,31")
        assert run.samples(1, device=1)[0]["xid"] == ""


def test_a_device_that_falls_off_the_bus_is_a_gap_and_the_other_goes_on(record: Record) -> None:
    with record("devices 2\n") as run:
        last = run.samples(2)[-1]
        run.tell(f"devices 2\n*@0 {GPU_IS_LOST}\n")
        gap = run.gap("device_lost")
        assert "GPU 0" in gap["reason"]
        assert gap["start_ts"] >= last["ts"] - 1e9
        run.samples(3, device=1)
        assert run.end()[-1]["state"] == "ended"


def test_the_source_ends_when_the_last_device_is_lost(record: Record) -> None:
    with record(f"*@0 {GPU_IS_LOST}\n") as run:
        run.gap("device_lost")
        info = run.end()[-1]
        assert (info["state"], info["reason"]) == ("ended", "every GPU was lost")


def most(gap: Line) -> float:
    """How many samples a gap has room for at the interval of 0.1 s."""
    width: int = gap["end_ts"] - gap["start_ts"]
    return width / 1e8 + 1


def test_a_stretch_without_any_answer_is_one_gap_with_its_count(record: Record) -> None:
    with record() as run:
        run.samples(2)
        run.fail(f"*@0 {UNKNOWN}\n", 60)
        run.tell("")
        gap = run.gap("unreadable")
        assert 3 <= gap["lost"] <= most(gap)
        run.samples(1)
        run.fail(f"*@0 {UNKNOWN}\n", 30)
        causes = [line["cause"] for line in run.end() if line["type"] == "Gap"]
        assert [cause for cause in causes if cause != "stalled"] == ["unreadable"]


def test_a_stalled_sampler_counts_what_it_missed(record: Record) -> None:
    with record() as run:
        run.samples(2)
        run.tell("sleep nvmlDeviceGetPowerUsage 550\n")
        gap = run.until(lambda line: line["type"] == "Gap" and line["lost"] >= 4)[-1]
        assert gap["cause"] == "stalled"
        assert gap["lost"] <= most(gap)
        run.tell("")
        run.samples(2)


def test_a_driver_that_hangs_does_not_hang_the_recorder(record: Record) -> None:
    with record() as run:
        run.samples(1)
        run.fail("sleep nvmlDeviceGetPowerUsage 20000\n", 1)
        started = time.monotonic()
        lines = run.end()
        assert time.monotonic() - started < 15
        assert lines[-2]["cause"] == "hung"
        assert lines[-1]["state"] == "ended"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("devices 0\n", "gives this process no GPU"),
        ("nvmlInitWithFlags 9\n", "Driver Not Loaded"),
        ("nvmlDeviceGetHandleByIndex_v2 4\n", "Insufficient Permissions"),
    ],
)
def test_without_a_usable_gpu_the_start_says_why(record: Record, settings: str, reason: str) -> None:
    with record(settings) as run:
        lines = run.until(lambda line: line["type"] == "info")
    assert lines[0]["type"] == "Unavailable"
    assert reason in lines[0]["reason"]
    assert (lines[-1]["state"], lines[-1]["reason"]) == ("unavailable", lines[0]["reason"])


@pytest.mark.parametrize("interval_s", [0.0, 0.05, -1.0, 61.0, float("nan")])
def test_an_interval_out_of_range_is_refused(interval_s: float) -> None:
    with pytest.raises(BadInput, match="out of range"):
        GpuSource(interval_s)
