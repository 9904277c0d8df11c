"""Interning while recording: each distinct text is written once and known by a dense id ever after."""

FORGET_AFTER = 1_000_000
"""Distinct texts remembered; past that the memory starts anew and a text may get a second id."""


class Interner:
    """Gives ids to texts and hands the new ones over at each flush."""

    def __init__(self, next_id: int = 0) -> None:
        self._ids: dict[str, int] = {}
        self._next = next_id
        self._new: list[str] = []

    def id(self, text: str) -> int:
        """The id of ``text``, new if it was never seen."""
        known = self._ids.get(text)
        if known is not None:
            return known
        if len(self._ids) >= FORGET_AFTER:
            self._ids.clear()
        number = self._next
        self._ids[text] = number
        self._next += 1
        self._new.append(text)
        return number

    def take_new(self) -> tuple[int, list[str]]:
        """Texts interned since the last call: the id of the first, and all of them in order of id."""
        new, self._new = self._new, []
        return self._next - len(new), new
