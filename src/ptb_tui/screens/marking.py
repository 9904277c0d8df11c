"""Marks and comments on the event that Replay has selected, kept beside the run under the reviewer's name."""

from collections.abc import Callable

from ptb_tui.actions.registry import label_of
from ptb_tui.screens.deciding import Says
from ptb_tui.state import acts
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.replay import Replay
from ptb_tui.state.times import counted
from store.errors import PtbError


class Marking:
    """Puts marks on events and takes them back."""

    def __init__(self, says: Says, run: OpenRun, replay: Replay, changed: Callable[[], object]) -> None:
        """``changed`` paints the marks that there are then."""
        self._says = says
        self._run = run
        self._replay = replay
        self._changed = changed
        self._marked: frozenset[int] = frozenset()

    def has(self, seq: int) -> bool:
        """Whether there is a mark or a comment on an event."""
        return seq in self._marked

    def read(self) -> None:
        """Take in the marks of the run as they are now."""
        self._marked = frozenset(mark.seq for mark in self._run.marks if mark.seq is not None)
        self._changed()

    def keep(self, text: str) -> None:
        """A bookmark, or a comment where there is ``text``; raises :class:`StoreFailed` when neither place takes it."""
        event = self._replay.event()
        if event is None:
            return
        path = self._run.mark(event, text)
        what = "comment" if text else "mark"
        if path is None:
            again = f"{label_of('replay.unmark')} takes it back"
            self._says.say(f"you put that {what} on event #{event.seq} before; {again}")
            return
        self.read()
        self._says.say(f"{what} on event #{event.seq} kept {acts.where_kept(self._run.review, path)}")

    def take_back(self) -> None:
        """What this reviewer put on the event."""
        event = self._replay.event()
        if event is None:
            return
        try:
            count = self._run.take_back(event)
        except PtbError as error:
            self._says.say(str(error), bad=True)
            return
        self.read()
        taken = counted(count, "mark or comment", "marks and comments")
        self._says.say(
            f"took back {taken} of yours on event #{event.seq}" if count else "no mark of yours on this event"
        )
