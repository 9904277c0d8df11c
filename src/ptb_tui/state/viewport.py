"""Which rows of the log are on screen: an anchor and a height, not an offset into a list nobody has counted.

How many rows ten million events fold to is unknown without folding them all, so the log has no total height. The
top row is an anchor in the run, everything else is walked from there.
"""

from collections.abc import Callable, Iterator

from ptb_tui.state.folding import BLOCK, Folding, Row

NextVisible = Callable[[int, int], int | None]
"""``(position, direction)`` → the nearest position from there on that has a row; None when none is left."""

_JUMP_SHARE = 0.4
MARGIN = 2
"""Rows kept between the selection and the edge while moving."""


class Viewport:
    """A window of rows over a folding."""

    def __init__(
        self, folding: Folding, total: Callable[[], int], next_visible: NextVisible | None = None
    ) -> None:
        """``next_visible`` lets long stretches without rows be skipped; needed where most events have none."""
        self._folding = folding
        self._total = total
        self._next_visible = next_visible
        self.height = 1
        """Rows that fit."""
        self.top = 0
        """Position of the first row on screen."""

    def use(self, folding: Folding, next_visible: NextVisible | None) -> None:
        """Show the rows of another folding from the same place on."""
        self._folding = folding
        self._next_visible = next_visible

    def rows(self) -> list[Row]:
        """The rows on screen, at most ``height``."""
        shown: list[Row] = []
        for row in self.walk(self.top, 1):
            shown.append(row)
            if len(shown) >= self.height:
                break
        return shown

    def walk(self, position: int, direction: int) -> Iterator[Row]:
        """Rows from the one that holds ``position`` on, forwards (1) or backwards (-1)."""
        block = position // BLOCK
        last_block = (self._total() - 1) // BLOCK
        while 0 <= block <= last_block:
            rows = self._folding.rows(block)
            for row in rows if direction > 0 else reversed(rows):
                passed = row.last < position if direction > 0 else row.first > position
                if not passed:
                    yield row
            block += direction
            if self._next_visible is not None and 0 <= block <= last_block:
                edge = block * BLOCK if direction > 0 else min(block * BLOCK + BLOCK, self._total()) - 1
                found = self._next_visible(edge, direction)
                if found is None:
                    return
                block = found // BLOCK

    def nearest(self, position: int) -> Row | None:
        """The row that holds ``position``, else the last one before, else the first after."""
        if self._total() == 0:
            return None
        position = min(max(position, 0), self._total() - 1)
        return next(self.walk(position, -1), None) or next(self.walk(position, 1), None)

    def step(self, position: int, rows: int) -> Row | None:
        """The row so many visible rows after (before, when negative) the one at ``position``; the last there is."""
        direction = 1 if rows > 0 else -1
        found: Row | None = None
        for count, row in enumerate(self.walk(position, direction)):
            found = row
            if count == abs(rows):
                break
        return found

    def scroll(self, rows: int) -> None:
        """Move the window itself, never past the last row."""
        if (row := self.step(self.top, rows)) is not None:
            self.top = row.first
            self._fill()

    def reveal(self, position: int) -> None:
        """Bring the row at ``position`` on screen after a jump: with what led to it above and what came of it below."""
        row = self.nearest(position)
        seen = row is not None and any(other.first == row.first for other in self.rows())
        self.show(position, share=None if seen else _JUMP_SHARE)

    def show(self, position: int, *, share: float | None = None) -> None:
        """Bring the row at ``position`` on screen.

        Moves as little as it can with :data:`MARGIN` rows to spare; with ``share`` (0 to 1) always puts it at
        that part of the height.
        """
        row = self.nearest(position)
        if row is None:
            self.top = 0
            return
        margin = min(MARGIN, (self.height - 1) // 2)
        shown = self.rows()
        index = next((i for i, other in enumerate(shown) if other.first == row.first), None)
        if share is not None:
            above = int((self.height - 1) * share)
        elif index is None:
            near = self.step(self.top, -self.height) if row.first < self.top else None
            goes_up = near is not None and near.first <= row.first
            follows = self._follows(shown, row)
            above = margin if goes_up else self.height - 1 - margin if follows else self.height // 3
        elif margin <= index < self.height - margin:
            return
        else:
            above = margin if index < margin else self.height - 1 - margin
        top = self.step(row.first, -above) if above else row
        self.top = top.first if top is not None else row.first
        self._fill()

    def _follows(self, shown: list[Row], row: Row) -> bool:
        """Whether ``row`` is less than a screen below what is shown."""
        if not shown:
            return False
        below = self.step(shown[-1].first, self.height)
        return below is not None and shown[-1].first <= row.first <= below.first

    def _fill(self) -> None:
        """Leave no empty lines below the last row while rows are left above."""
        missing = self.height - len(self.rows())
        if missing > 0 and (row := self.step(self.top, -missing)) is not None:
            self.top = row.first
