"""How a test waits for what another thread or process does: for the thing itself, never for a time."""

import time
from collections.abc import Callable

_PATIENCE_S = 60.0
"""For what hangs: a busy machine may stand still for seconds."""
_PAUSE_S = 0.01


def until(holds: Callable[[], object], what: str = "what was waited for") -> None:
    """Return as soon as ``holds``; fail with ``what`` never came where it does not."""
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not come within {_PATIENCE_S:g} s"
        time.sleep(_PAUSE_S)
