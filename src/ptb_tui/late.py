"""Answers of threads, handed over only where they are still wanted.

Cancelling a worker ends the wait for its thread, not the thread: it reads on, and what it found would be shown over what
was asked for since. Whether an answer is still wanted is known only in the app's thread, at the moment it is shown.
"""

from collections.abc import Callable
from typing import ParamSpec

from textual.worker import get_current_worker

P = ParamSpec("P")


def tell(take: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> bool:
    """From a worker's thread: have the app's thread take an answer, unless the worker was cancelled by then.

    Returns, once that is settled, whether it was taken; what was not is still the caller's to close.
    """
    worker = get_current_worker()
    if worker.is_cancelled:  # a screen that was left has no app any more
        return False

    def hand_over() -> bool:
        if worker.is_cancelled:
            return False
        take(*args, **kwargs)
        return True

    return worker.node.app.call_from_thread(hand_over)
