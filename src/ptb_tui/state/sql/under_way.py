"""The query that a reviewer is writing; it outlives the screen, so that leaving loses nothing."""

from dataclasses import dataclass


@dataclass(slots=True)
class UnderWay:
    """What stands in the editor."""

    text: str = ""
