"""One simple command of a shell: a program with its arguments, and what its streams are bound to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Simple:
    """One simple command."""

    words: tuple[str, ...]
    """The program and its arguments, without what runs it (``sudo``, ``nohup``, ``env`` …)."""
    assignments: tuple[tuple[str, str], ...] = ()
    """Variables set for it, or by ``export``."""
    writes: tuple[str, ...] = ()
    """Files that its output is redirected to."""
    reads: tuple[str, ...] = ()
    heredoc: str | None = None
    """What it is given on stdin in place."""
    background: bool = False
    detached: bool = False
    """Run so that it outlives the shell."""
    called: str | None = None
    """The name that it runs under, by ``exec -a``."""
    complaints: tuple[str, ...] = ()
    """Those of ``writes`` that take its errors alone."""
    substituted: tuple[str, ...] = ()
    """Commands of which the output stands in its words."""

    handed: str | None = None
    """What in its words stands for those that ``xargs`` takes from its input; empty where they come last."""

    @property
    def program(self) -> str:
        """The last part of the program's path."""
        return self.words[0].rpartition("/")[2] if self.words else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """Its words but the first."""
        return self.words[1:]

    @property
    def operands(self) -> tuple[str, ...]:
        """Its arguments that are no options."""
        return tuple(word for word in self.arguments if word and not word.startswith("-"))
