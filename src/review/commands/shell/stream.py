"""What goes from one program of a shell to the next, or into the words of another one."""

from collections.abc import Iterable
from dataclasses import dataclass

from review.commands.effects import ContentOrigin


@dataclass(frozen=True, slots=True)
class Stream:
    """The output of a program."""

    origins: frozenset[ContentOrigin] = frozenset()
    """Where its content comes from."""
    text: str | None = None
    """What it is, where that can be told."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its text; nothing where that is not known."""
        return tuple((self.text or "").split())


NOTHING = Stream()


def together(streams: Iterable[Stream]) -> Stream:
    """One after the other."""
    told = list(streams)
    texts = [one.text for one in told if one.text is not None]
    origins = frozenset(origin for one in told for origin in one.origins)
    return Stream(origins, "\n".join(texts) if texts and len(texts) == len(told) else None)
