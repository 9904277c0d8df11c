"""What became of the recorded processes when their recorder died: ``death.json``, written by the watchdog.

Recovery turns it into a gap of the run and deletes it.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from store.counting import counted
from store.durable import replace_file
from store.instants import iso
from store.jsonio import dumps, loads
from store.rows import Gap

DEATH = "death.json"


@dataclass(frozen=True, slots=True)
class Death:
    """Times are nanoseconds since the epoch; None for what has not happened yet."""

    died_at: int
    """When the watchdog saw it."""
    processes: int
    """How many still ran."""
    frozen_at: int | None = None
    """When the last of them stood still."""
    ended_at: int | None = None
    """When the last of them had ended."""
    resumed_at: int | None = None
    """When they were let go on, as another recording of a container does once it looks."""

    def write(self, folder: Path) -> None:
        """Keep it in a run's folder; raises :class:`store.errors.StoreFailed`."""
        replace_file(folder / DEATH, dumps(asdict(self)) + b"\n")

    def gap(self) -> Gap:
        """The row that tells it."""
        told = [f"the recorder died while {counted(self.processes, 'process', 'processes')} ran"]
        if self.frozen_at is not None:
            told.append(f"they were frozen within {(self.frozen_at - self.died_at) / 1e6:.0f} ms")
        if self.resumed_at is not None:
            told.append(f"they were let go on at {iso(self.resumed_at)}, which another recording does")
        elif self.ended_at is not None:
            told.append(f"the last of them was ended at {iso(self.ended_at)}")
        else:
            told.append("what became of them is not known")
        end = self.resumed_at if self.ended_at is None else self.ended_at
        return Gap("recorder_died", "; ".join(told), start_ts=self.died_at, end_ts=end)


def take_death(folder: Path) -> Death | None:
    """What was kept in a run's folder, which is cleared of it; None where there is nothing that can be read."""
    path = folder / DEATH
    try:
        found = Death(**loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    path.unlink(missing_ok=True)
    return found
