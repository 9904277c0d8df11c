"""Where the reader of a run stands: the playhead, what the lanes and the log show, playback, search, following.

The screen turns keys into calls here and paints what it finds; nothing in this module knows of a terminal.
"""

from bisect import bisect_right

from ptb_tui.state.flags import Flag, Flags
from ptb_tui.state.folding import Folding, Row
from ptb_tui.state.playback import IDLE_AT_LEAST, ROWS_PER_SECOND, Playback
from ptb_tui.state.span import Span
from ptb_tui.state.times import SECOND, GoTo, GoToSeq
from ptb_tui.state.viewport import Viewport
from store.cursor import Cursor, Query
from store.errors import BadInput
from store.event import LANES, Event, Lane
from store.findings import Severity

EVERYTHING = frozenset(Lane)
WITHOUT_SAMPLES = EVERYTHING - {Lane.GPU}
"""What the log shows first: a GPU sample a second is a curve, not a story."""
LANE_CHOICES: tuple[frozenset[Lane], ...] = (
    WITHOUT_SAMPLES,
    frozenset((Lane.AGENT,)),
    frozenset((Lane.AGENT, Lane.EXEC)),
    frozenset((Lane.FILES,)),
    frozenset((Lane.NET,)),
    frozenset((Lane.GPU,)),
    frozenset((Lane.GAPS,)),
    EVERYTHING,
)
"""What the lane filter walks through."""

_PLAYHEAD_SHARE = 0.6
"""While playing, the selected row stays at this part of the log's height."""


class Replay:
    """The state of one open run."""

    def __init__(self, reader: Cursor, flags: Flags | None = None) -> None:
        self.reader = reader
        self.flags = flags or Flags()
        self.playback = Playback()
        self.position = 0
        """The selected event."""
        self.query: Query | None = None
        """What was searched for, and is somewhere."""
        self.missed = ""
        """What was searched for last and is nowhere, until the playhead moves."""
        self.lanes = WITHOUT_SAMPLES
        """Lanes that have rows in the log."""
        self.following = False
        self.whole = self._whole()
        self.span = self.whole
        self.now = self.whole.start
        """The playhead: ns since the epoch, or a position where the run has no clock."""
        self._owed = 0.0
        self._idle = reader.idle(IDLE_AT_LEAST / SECOND)
        self.folding = Folding(reader.window, reader.__len__)
        self.viewport = Viewport(self.folding, reader.__len__)
        self._rebuild()

    @property
    def clocked(self) -> bool:
        """Whether the run has a clock; without one it replays in order."""
        return self.reader.clocked

    @property
    def elapsed(self) -> int:
        """The playhead's distance from the start of the run."""
        return self.now - self.whole.start

    def event(self) -> Event | None:
        """The selected event; None in an empty run."""
        found = self.reader.window(self.position, 1)
        return found[0] if found else None

    def row(self) -> Row | None:
        """The row that holds the selected event."""
        return self.viewport.nearest(self.position)

    def at(self, event: Event) -> int | None:
        """Where an event stands on the time axis; None when it has no time in a run that has a clock."""
        return event.ts if self.clocked else event.position

    def flag_at(self, flag: Flag) -> int | None:
        """Where a flag stands on the time axis."""
        found = self.reader.window(flag.position, 1)
        return self.at(found[0]) if found else None

    # Moving

    def select(self, position: int) -> None:
        """Put the playhead on an event."""
        self._put(position)
        self.viewport.show(self.position)

    def _put(self, position: int) -> None:
        self.missed = ""
        if not len(self.reader):
            return
        last = len(self.reader) - 1
        self.position = min(max(position, 0), last)
        self.following = self.following and self.position == last
        event = self.event()
        at = self.at(event) if event else None
        if at is not None:
            self.now = at
            self.span = self.span.showing(self.now, self.whole)

    def step(self, events: int) -> None:
        """To the event so many further on, unfolding the row that it is folded into."""
        target = min(max(self.position + events, 0), max(len(self.reader) - 1, 0))
        self.reveal(target)

    def reveal(self, position: int) -> None:
        """Select an event and make sure that it has a row of its own."""
        events = self.reader.window(position, 1)
        if events and LANES[events[0].kind] not in self.lanes and events[0].seq not in self.flags.seqs:
            self.show_lanes(EVERYTHING)
        row = self.viewport.nearest(position)
        if row is not None and len(row.events) > 1 and row.lead.position != position:
            self.folding.unfold(row)
        self._put(position)
        self.viewport.reveal(self.position)

    def move(self, rows: int) -> None:
        """So many visible rows down, up when negative."""
        row = self.viewport.nearest(self.position)
        target = self.viewport.step(row.first, rows) if row else None
        if target is not None:
            self.select(target.lead.position)

    def page(self, halves: int) -> None:
        """So many halves of the screen down, up when negative."""
        self.move(halves * max(self.viewport.height // 2, 1))

    def edge(self, which: int) -> None:
        """To the first (0) or last (-1) visible event."""
        row = self.viewport.nearest(0 if which == 0 else len(self.reader) - 1)
        if row is not None:
            self.select(row.lead.position)

    def seek(self, at: int) -> None:
        """Put the playhead at a place of the time axis and select the last event at or before it."""
        at = min(max(at, self.whole.start), self.whole.end)
        self.playback.folded = 0
        self.following = False
        self._place(at)
        self.viewport.reveal(self.position)

    def nudge(self, seconds: int) -> None:
        """So many seconds on; so many rows in a run without a clock."""
        self.seek(self.now + seconds * (SECOND if self.clocked else 1))

    def leap(self, tenths: int) -> None:
        """So many tenths of the run on."""
        self.seek(self.now + self.whole.width * tenths // 10)

    def tenth(self, tenths: int) -> None:
        """To that many tenths of the run."""
        self.seek(self.whole.start + self.whole.width * tenths // 10)

    def go_to(self, place: GoTo) -> None:
        """To a time or an event; raises :class:`BadInput` for a seq that the run does not have."""
        if not isinstance(place, GoToSeq):
            self.seek(place.ts)
            return
        position = self.reader.position_of(place.seq)
        if position is None:
            raise BadInput(f"this run has no event #{place.seq}")
        self.reveal(position)

    # Zooming

    def zoom(self, notches: int) -> None:
        """Lanes show half the time a notch (twice when negative); 0 shows the whole run."""
        narrowest = 20_000_000 if self.clocked else 20
        if notches == 0:
            self.span = self.whole
        else:
            self.span = self.span.zoomed(notches, self.now, self.whole, narrowest)

    def pan(self, halves: int) -> None:
        """Move the zoomed span without the playhead."""
        self.span = self.span.panned(halves, self.whole)

    # Finding

    def flag(self, direction: int, severity: Severity | None = None) -> bool:
        """To the next flag (1) or the one before (-1); False when there is none."""
        flag = self.flags.next(self.position, direction, severity)
        if flag is None:
            return False
        self.reveal(flag.position)
        return True

    def search(self, text: str) -> bool:
        """Look for ``text`` from the selected event on, then from the start; False when it is nowhere."""
        self.query = Query(text=text, ignore_case=True) if text else None
        found = self.query is not None and self.match(1, inclusive=True)
        self.missed = "" if found else text
        if not found:
            self.query = None
        return found

    def match(self, direction: int, *, inclusive: bool = False) -> bool:
        """To the next match (1) or the one before (-1), around the end of the run; False when there is none."""
        if self.query is None:
            return False
        if direction > 0:
            found = self.reader.next_match(self.query, self.position - (1 if inclusive else 0))
            found = self.reader.next_match(self.query, -1) if found is None else found
        else:
            found = self.reader.previous_match(self.query, self.position)
            found = self.reader.previous_match(self.query, len(self.reader)) if found is None else found
        if found is None:
            return False
        self.reveal(found)
        return True

    def matches(self) -> int:
        """How many events match the search."""
        return self.reader.count_matches(self.query) if self.query else 0

    def show_lanes(self, lanes: frozenset[Lane]) -> None:
        """Give only events of these lanes rows in the log; evidence keeps its rows."""
        self.lanes = lanes
        self._rebuild()
        self.viewport.show(self.position)

    def next_lanes(self) -> None:
        """The next of :data:`LANE_CHOICES`."""
        index = LANE_CHOICES.index(self.lanes)
        self.show_lanes(LANE_CHOICES[(index + 1) % len(LANE_CHOICES)])

    def toggle_fold(self) -> None:
        """Unfold the selected row, or fold what was unfolded around it."""
        row = self.row()
        if row is None:
            return
        if len(row.events) > 1:
            self.folding.unfold(row)
        else:
            self.folding.fold_back(self.position)
        self.viewport.show(self.position)

    # Playing and following

    def tick(self, real_s: float) -> bool:
        """Play for ``real_s`` seconds; whether anything moved."""
        if not self.playback.playing:
            return False
        before = self.now
        if self.clocked:
            self._place(min(self.playback.advance(self.now, real_s, self._idle_until()), self.whole.end))
        else:
            self._owed += real_s * self.playback.speed * ROWS_PER_SECOND
            whole_rows = int(self._owed)
            self._owed -= whole_rows
            self._place(min(self.now + whole_rows, self.whole.end))
        self.span = self.span.showing(self.now, self.whole)
        self.viewport.show(self.position, share=_PLAYHEAD_SHARE)
        if self.now >= self.whole.end:
            self.playback.playing = False
        return self.now != before

    def toggle_play(self) -> None:
        """Play or pause; at the end, play from the start; while following a live run, stop following and stay."""
        if self.following:
            self.following = False
            return
        if not self.playback.playing and self.now >= self.whole.end:
            self.tenth(0)
        self.playback.playing = not self.playback.playing
        self._owed = 0.0

    def follow(self) -> None:
        """To the end, and stay there while the run grows."""
        self.playback.playing = False
        self.edge(-1)
        self.following = True

    def poll(self) -> bool:
        """Take in what was recorded since; whether the run has grown."""
        selected = self.event()
        if not self.reader.refresh():
            return False
        was_whole = self.span == self.whole
        self.whole = self._whole()
        self._idle = self.reader.idle(IDLE_AT_LEAST / SECOND)
        self.span = self.whole if was_whole else self.span.inside(self.whole)
        self.folding.forget()
        if self.following:
            self.select(len(self.reader) - 1)
            self.following = True
        elif selected is not None:
            # Rows that arrive late stand before others: the same event may have another position now.
            self.position = self.reader.position_of(selected.seq) or self.position
        return True

    def set_flags(self, flags: Flags) -> None:
        """Use other flags, for example after a scan."""
        self.flags = flags
        self._rebuild()

    def _rebuild(self) -> None:
        """Fold anew: other lanes or other evidence."""
        lanes, evidence, reader = self.lanes, self.flags, self.reader
        query = Query(kinds=frozenset(kind for kind, lane in LANES.items() if lane in lanes))

        def next_visible(position: int, direction: int) -> int | None:
            flag = evidence.next(position - direction, direction)
            match = reader.next_match if direction > 0 else reader.previous_match
            found = match(query, position - direction)
            if flag is None or found is None:
                return found if flag is None else flag.position
            return min(found, flag.position) if direction > 0 else max(found, flag.position)

        self.folding = Folding(reader.window, reader.__len__, evidence.seqs, lanes)
        self.viewport.use(self.folding, None if lanes == EVERYTHING else next_visible)

    def _place(self, at: int) -> None:
        self.missed = ""
        self.now = at
        if not self.clocked:
            self.position = min(at, max(len(self.reader) - 1, 0))
            return
        self.position = max(self.reader.seek(at + 1) - 1, 0)
        self.span = self.span.showing(at, self.whole)

    def _idle_until(self) -> int | None:
        """When the idle stretch at the playhead ends; None outside of one."""
        index = bisect_right(self._idle, self.now, key=lambda stretch: stretch.start) - 1
        if index < 0 or self.now >= self._idle[index].end:
            return None
        return self._idle[index].end

    def _whole(self) -> Span:
        if not self.clocked:
            return Span(0, max(len(self.reader) - 1, 1))
        first, last = self.reader.span or (0, 0)
        return Span(first, max(last, first + 1))
