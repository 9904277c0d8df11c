"""How the answers of an attempt were drawn: seed, temperature and top-p, and who decided them."""

from dataclasses import dataclass

from runner.scoring.reading import Seen
from runner.scoring.spec import Sampling


@dataclass(frozen=True, slots=True)
class Drawn:
    """What held, as far as it is known."""

    sampling: Sampling
    note: str
    """For people: what was set, what was not settable, what is not known."""


NOT_DRAWN = Drawn(Sampling(None), "nothing was drawn")


def drawn(asked: Sampling, seen: Seen | None) -> Drawn:
    """From what was asked for and what the harness told."""
    if seen is None or seen.settable is None:
        return Drawn(Sampling(None), f"not known: it ended before answers were asked for; {_asked(asked)}")
    if not seen.settable:
        return Drawn(Sampling(None), f"not settable: the harness draws as it does; {_asked(asked)}")
    if seen.drawn is None:
        return Drawn(asked, f"set: {_words(asked)}")
    return Drawn(seen.drawn, f"set: {_words(seen.drawn)}")


def _asked(asked: Sampling) -> str:
    return f"asked for: {_words(asked)}"


def _words(sampling: Sampling) -> str:
    told = {"seed": sampling.seed, "temperature": sampling.temperature, "top_p": sampling.top_p}
    return ", ".join(
        f"{name} {'left to the model' if value is None else format(value, 'g')}"
        for name, value in told.items()
    )
