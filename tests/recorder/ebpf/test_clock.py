"""Boot clock to UTC, and steps of the system clock."""

import time

import numpy as np
import pytest

from recorder.ebpf.clock import Clock, Jump


class SystemClock:
    """Stands in for both clocks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.boot = 1_000_000_000_000
        self.ahead = 1_700_000_000_000_000_000
        monkeypatch.setattr(time, "clock_gettime_ns", lambda _: self.boot)
        monkeypatch.setattr(time, "time_ns", lambda: self.boot + self.ahead)


def test_times_follow_a_step_from_where_it_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    system = SystemClock(monkeypatch)
    clock = Clock()
    before = system.boot
    system.boot += 5_000_000_000
    system.ahead -= 3_600_000_000_000
    assert clock.look() == Jump(system.boot + system.ahead, -3_600_000_000_000)
    assert clock.look() is None
    times = clock.utc(np.array([before, system.boot]))
    assert times.tolist() == [before + 1_700_000_000_000_000_000, system.boot + system.ahead]


def test_slewing_is_followed_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    system = SystemClock(monkeypatch)
    clock = Clock()
    for _ in range(100):
        system.boot += 1_000_000_000
        system.ahead += 500_000
        assert clock.look() is None
    (now,) = clock.utc(np.array([system.boot])).tolist()
    assert abs(now - (system.boot + system.ahead)) <= 1_000_000


def test_the_real_clocks_agree() -> None:
    clock = Clock()
    before = time.time_ns()
    boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    after = time.time_ns()
    assert before - 1_000_000 <= int(clock.utc(np.array([boot]))[0]) <= after + 1_000_000
