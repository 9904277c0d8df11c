"""A count with its noun, for every sentence that people read: ``1 gap`` and ``40,112 gaps``."""


def noun(count: int, one: str, more: str | None = None) -> str:
    """The form that goes with ``count``; ``more`` is ``one`` with an s unless it is given."""
    return one if count == 1 else more or f"{one}s"


def counted(count: int, one: str, more: str | None = None) -> str:
    """The exact count, grouped by thousands, and its noun."""
    return f"{count:,} {noun(count, one, more)}"
