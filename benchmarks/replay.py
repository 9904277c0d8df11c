"""Playing a large run: frames a second and the share of a core, at several speeds, at a pseudo-terminal."""

import itertools

from benchmarks.figures import Figures, Setting
from benchmarks.open import MARKER, ptb_open
from benchmarks.terminal import Terminal
from store.cursor import Cursor

SECONDS = 6.0
FRAME_S = 0.004
"""Bytes that arrive closer together than this belong to one frame."""
FASTER = 9
"""Presses of ``+`` from 1× to the fastest."""


def run(setting: Setting) -> Figures:
    """Frames and processor time of playing at 1× and at the fastest."""
    folder = setting.big_run()
    Cursor.open(folder).close()
    figures: Figures = {}
    for name, presses in (("slow", 0), ("fast", FASTER)):
        with Terminal(ptb_open(folder)) as terminal:
            terminal.wait_for(MARKER)
            terminal.settle()
            terminal.press("3")
            for _ in range(presses):
                terminal.press("+")
            terminal.settle()
            terminal.write(" ")
            before, start = terminal.bytes_read, terminal.cpu_s
            painted = terminal.watch(SECONDS)
            frames = 1 + sum(b - a > FRAME_S for a, b in itertools.pairwise(painted))
            figures[f"{name}_frames_per_s"] = round(frames / SECONDS, 1)
            figures[f"{name}_core_pct"] = round(100 * (terminal.cpu_s - start) / SECONDS, 1)
            figures[f"{name}_kb_per_s"] = round((terminal.bytes_read - before) / SECONDS / 1000, 1)
    return figures
