"""The stretch of a run that the lanes show, in nanoseconds, or in positions where the run has no clock."""

from dataclasses import dataclass

NARROWEST = 20_000_000
"""Nanoseconds (20 ms); below it there is nothing more to tell apart."""


@dataclass(frozen=True, slots=True)
class Span:
    """From ``start`` to ``end``, ``end`` excluded; never empty."""

    start: int
    end: int

    @property
    def width(self) -> int:
        """Its length."""
        return self.end - self.start

    def zoomed(self, notches: int, at: int, whole: "Span", narrowest: int = NARROWEST) -> "Span":
        """Half as wide per notch (twice, when negative) with ``at`` staying where it is on screen."""
        width = self.width >> notches if notches > 0 else self.width << -notches
        width = max(width, min(narrowest, whole.width))
        if width >= whole.width:
            return whole
        at = min(max(at, self.start), self.end)
        start = at - (at - self.start) * width // self.width
        return Span(start, start + width).inside(whole)

    def panned(self, halves: int, whole: "Span") -> "Span":
        """Moved by so many halves of its width."""
        by = self.width * halves // 2
        return Span(self.start + by, self.end + by).inside(whole)

    def showing(self, at: int, whole: "Span") -> "Span":
        """Moved, if it must, so that ``at`` is in it with a tenth of its width to spare."""
        spare = self.width // 10
        if self.start + spare <= at < self.end - spare:
            return self
        start = at - spare if at >= self.end - spare else at - self.width + spare
        return Span(start, start + self.width).inside(whole)

    def inside(self, whole: "Span") -> "Span":
        """Moved, and cut if it must be, so that it lies in ``whole``."""
        if self.width >= whole.width:
            return whole
        start = min(max(self.start, whole.start), whole.end - self.width)
        return Span(start, start + self.width)

    def bucket(self, at: int, buckets: int) -> int | None:
        """Which of so many equal parts holds ``at``; None outside."""
        if not self.start <= at <= self.end or self.width <= 0:
            return None
        return min((at - self.start) * buckets // self.width, buckets - 1)

    def at_bucket(self, bucket: int, buckets: int) -> int:
        """The middle of one of so many equal parts."""
        return self.start + (2 * bucket + 1) * self.width // (2 * buckets)
