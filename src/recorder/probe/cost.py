"""What a kernel witness costs, in the words of a measurement: the figures of ``python -m benchmarks capture``.

``cost.json`` is what the benchmark wrote: ``python -m benchmarks capture --json src/recorder/probe/cost.json``.
"""

import json
from pathlib import Path
from typing import Final

from recorder.probe.capability import MEASURED_ON

FIGURES: Final = Path(__file__).with_name("cost.json")

_WORKS: Final = {
    "python_starts": "starting programs",
    "untar_rm_20k_files": "unpacking 20,000 files",
    "read_1gib_by_64k": "with 64 kB reads",
    "read_40k_by_1k": "with 1 kB reads",
}
"""Name of a work in the benchmark → in words."""


def of_witness(witness: str) -> str:
    """CPU of the recorded with a witness (``ebpf``, ``strace``) against without, work by work; what ptb uses beside it."""
    figures: dict[str, float] = json.loads(FIGURES.read_text())
    ratios = ", ".join(
        f"{figures[f'{work}_{witness}_cpu_ratio']:.2f} {words}" for work, words in _WORKS.items()
    )
    own = sum(figures[f"{work}_{witness}_recorder_cpu_s"] for work in _WORKS)
    wall = sum(figures[f"{work}_{witness}_wall_s"] for work in _WORKS)
    return f"CPU × {ratios}; beside it {own / wall:.0%} of a core for ptb itself ({MEASURED_ON})"
