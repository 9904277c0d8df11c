"""What is done with the recorded processes when the recorder dies."""

from enum import StrEnum


class Reaction(StrEnum):
    """On the command line, ``--on-recorder-death``."""

    FREEZE = "freeze"
    """They stand still for a grace, then they are ended."""
    KILL = "kill"
    """They are ended at once."""
