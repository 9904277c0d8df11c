"""From a key to the last byte painted for it, at a pseudo-terminal, in a large run."""

import random

from benchmarks.figures import Figures, Setting, spread
from benchmarks.open import MARKER, ptb_open
from benchmarks.terminal import Terminal
from store.cursor import Cursor

CTRL_D, CTRL_U = "\x04", "\x15"


def run(setting: Setting) -> Figures:
    """Scrolling near the playhead, and seeking anywhere."""
    folder = setting.big_run()
    Cursor.open(folder).close()
    rng = random.Random(11)
    with Terminal(ptb_open(folder)) as terminal:
        terminal.wait_for(MARKER)
        terminal.settle()
        lines = [terminal.press("j") for _ in range(150)]
        pages = [terminal.press(rng.choice([CTRL_D, CTRL_U])) for _ in range(60)]
        seeks = [terminal.press(str(rng.randrange(10))) for _ in range(80)]
        ends = [terminal.press(rng.choice(["g", "G"])) for _ in range(20)]
        return {
            **spread("line", _answered(lines)),
            **spread("page", _answered(pages)),
            **spread("random_seek", _answered(seeks)),
            **spread("top_or_bottom", _answered(ends)),
            "rss_mb": terminal.rss_mb,
        }


def _answered(seconds: list[float]) -> list[float]:
    """Keys that changed something; a seek to where one is paints nothing."""
    return [one for one in seconds if one > 0] or [0.0]
