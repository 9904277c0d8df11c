"""From a key to the last byte painted for it, at a pseudo-terminal, in a large run."""

import random
from collections.abc import Iterable, Iterator

from benchmarks.figures import Figures, Setting, spread
from benchmarks.open import MARKER, ptb_open
from benchmarks.terminal import Terminal
from store.cursor import Cursor

CTRL_D, CTRL_U = "\x04", "\x15"


def run(setting: Setting) -> Figures:
    """Scrolling near the playhead, seeking anywhere, and the detail of what was sought, which waits for a rest."""
    folder = setting.big_run()
    Cursor.open(folder).close()
    rng = random.Random(11)
    with Terminal(ptb_open(folder)) as terminal:
        terminal.wait_for(MARKER)
        terminal.settle()
        lines = [terminal.press("j") for _ in range(150)]
        pages = [terminal.press(rng.choice([CTRL_D, CTRL_U])) for _ in range(60)]
        seeks, details = _sought(terminal, _digits(rng, 60))
        ends, _ = _sought(terminal, ["g", "G"] * 10)
        return {
            **spread("line", _answered(lines)),
            **spread("page", _answered(pages)),
            **spread("random_seek", seeks),
            **spread("detail_after_seek", details),
            **spread("top_or_bottom", ends),
            "rss_mb": terminal.rss_mb,
        }


def _sought(terminal: Terminal, keys: Iterable[str]) -> tuple[list[float], list[float]]:
    """Seconds until the rows were painted, and until the detail beside them was, key by key, each from rest."""
    rows, details = [], []
    for key in keys:
        terminal.settle()
        rows.append(terminal.press(key))
        details.append(rows[-1] + terminal.press(""))
    return rows, details


def _digits(rng: random.Random, count: int) -> Iterator[str]:
    """Tenths of the run, never the one where one is already: that paints nothing."""
    last = -1
    for _ in range(count):
        last = rng.choice([digit for digit in range(10) if digit != last])
        yield str(last)


def _answered(seconds: list[float]) -> list[float]:
    """Keys that changed something."""
    return [one for one in seconds if one > 0] or [0.0]
