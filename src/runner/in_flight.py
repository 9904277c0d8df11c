"""What a process had asked of Docker or the kernel when it died is still made, a moment later: who clears up looks again."""

from collections.abc import Iterator
from time import sleep

_LOOKS, _BETWEEN_S = 5, 0.6


def looks() -> Iterator[None]:
    """The times to look, with a pause after each."""
    for _ in range(_LOOKS):
        yield
        sleep(_BETWEEN_S)
