"""Leaving the app at once: what is still being read for it is given up, not waited for.

A thread cannot be ended from outside, and asyncio waits at its end for those that it started, however long they take: how a
model was made may be worked out for a minute when somebody presses ``q``. Nothing that is kept (marks, words on findings,
verdicts) is written in such a thread, so none is cut short.
"""

import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread
from threading import enumerate as threads
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from ptb_tui.state.hints import Hints
from store.overlay import state_folder

if TYPE_CHECKING:
    from ptb_tui.app import PtbApp

_NAME = "ptb-reading"
P = ParamSpec("P")
T = TypeVar("T")


class Readers(ThreadPoolExecutor):
    """Runs each call in a thread of its own that does not keep the process alive."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start it now."""
        future: Future[T] = Future()

        def read() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001  # whoever waits for the result gets it
                future.set_exception(error)
            else:
                future.set_result(result)

        Thread(target=read, name=_NAME, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  # the base's
        """Wait for nobody."""


def show(app: "PtbApp") -> None:
    """Run the app until it is left; raises what ended it, if it did not end by itself.

    Where a thread still reads, the process ends here: Python's own end could pull libraries away from under it.
    """
    app.hints = Hints(state_folder() / "hints")
    app.run()
    if app.failure is not None:
        raise app.failure
    if any(thread.name == _NAME for thread in threads()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
