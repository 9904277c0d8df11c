"""The words of events: one blob of distinct labels, which events point into, and the search of it."""

from store.index.columns import Columns

SEPARATOR = b"\xff"
"""Stands after every label; never part of UTF-8, so no needle can match across two labels."""
SHOWN = 240
"""Characters of a label that an event carries."""
_STRIDE = 1024
_PREFIX = 4 * SHOWN


class Needle:
    """Text to look for, as bytes; never empty when it is used."""

    def __init__(self, text: str, *, ignore_case: bool = False) -> None:
        self._ignore_case = ignore_case
        self.text = self.folded(text.encode("utf-8", "surrogatepass"))

    def folded(self, data: bytes) -> bytes:
        """``data`` as it is compared: ASCII letters small where case is ignored."""
        return data.lower() if self._ignore_case else data

    def within(self, data: bytes) -> bool:
        """Whether it stands in ``data``."""
        return self.text in self.folded(data)


class Labels:
    """Labels by id, each whole: paths, argv, messages, commands."""

    def __init__(self, columns: Columns) -> None:
        self._offsets = columns.ints("label.offset")
        self._blob = columns.ints("label.blob")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def shown(self, label: int, *, first_line: bool) -> str:
        """At most :data:`SHOWN` characters of a label, or of its first line that has words."""
        start, end = self._offsets[label], self._offsets[label + 1] - 1
        text = bytes(self._blob[start : min(end, start + _PREFIX)]).decode("utf-8", "ignore")
        if first_line:
            text = text.lstrip().partition("\n")[0].rstrip()
        return text[:SHOWN]

    def whole(self, label: int) -> str:
        """The label as it was recorded."""
        return self._bytes(label).decode("utf-8", "replace")

    def holds(self, label: int, needle: Needle) -> bool:
        """Whether ``needle`` stands in a label."""
        return needle.within(self._bytes(label))

    def containing(self, needle: Needle) -> list[int]:
        """Ids of the labels in which ``needle`` stands, ascending."""
        found: list[int] = []
        for first in range(0, len(self), _STRIDE):
            last = min(first + _STRIDE, len(self))
            data = needle.folded(bytes(self._blob[self._offsets[first] : self._offsets[last]]))
            if needle.text in data:
                found += [first + i for i, label in enumerate(data.split(SEPARATOR)) if needle.text in label]
        return found

    def _bytes(self, label: int) -> bytes:
        return bytes(self._blob[self._offsets[label] : self._offsets[label + 1] - 1])
