"""What nobody saw of a run: witnesses that were not there or not everywhere, and rules that could not look."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ptb_tui.state.opened import is_partial
from ptb_tui.state.prose import Line, line
from store.findings import CoverageState, RuleResult
from store.manifest import SourceInfo

_WORD_WIDTH = 13
_NAME_WIDTH = 22


@dataclass(frozen=True, slots=True)
class Unseen:
    """Something that was not seen, or a remark of a witness."""

    word: str
    name: str
    """Whose it is: a witness with its backend, a rule."""
    text: str
    missing: bool = True
    """False for a mere remark."""

    def row(self) -> Line:
        """In columns under each other."""
        symbol, ink = ("◐", "suspicious") if self.missing else ("·", "soft")
        return told(symbol, self.word, ink, self.name, self.text, "soft")

    def flowing(self) -> Line:
        """As one sentence, where there is no room for columns."""
        symbol, ink = ("◐", "suspicious") if self.missing else ("·", "soft")
        return line(
            (f"{symbol} {self.word}", ink), "  ", (self.name, "strong"), "  ", (self.text, "soft"), hang=4
        )


def unseen_by_witnesses(sources: Sequence[SourceInfo]) -> list[Unseen]:
    """What each witness says that it could not see, and other remarks of it."""
    found: list[Unseen] = []
    had = {source.name for source in sources if source.state != "unavailable"}
    for source in sources:
        if source.reason is None:
            continue
        name = f"{source.name} ({source.backend})"
        if source.state == "unavailable" and source.name in had:
            found.append(Unseen("not used", name, source.reason, missing=False))
        elif source.state == "unavailable":
            found.append(Unseen("not recorded", name, source.reason))
        elif is_partial(source):
            found.append(Unseen("partial", name, source.reason))
        else:
            found.append(Unseen("noted", name, source.reason, missing=False))
    return found


def unseen_by_rules(results: Iterable[RuleResult]) -> list[Unseen]:
    """What rules could not look at; said once for all rules that could not see the same."""
    same: dict[tuple[bool, str, str], list[str]] = defaultdict(list)
    for one in results:
        coverage = one.coverage
        blind = coverage.state is CoverageState.COULD_NOT_LOOK
        same[blind, coverage.not_seen, coverage.reason].append(one.rule)
    found = []
    for (blind, not_seen, reason), rules in sorted(same.items(), key=lambda one: not one[0][0]):
        name = rules[0] if len(rules) == 1 else f"{len(rules)} rules"
        which = f" ({', '.join(rules)})" if len(rules) > 1 else ""
        because = f"; {reason}" if reason else ""
        text = f"not seen: {not_seen or 'everything'}{because}{which}"
        found.append(Unseen("could not look" if blind else "partial", name, text))
    return found


def told(symbol: str, word: str, ink: str, name: str, text: str, text_ink: str) -> Line:
    """Symbol and word, whose it is, and what is said, under each other."""
    return line(
        (f"{symbol} {word:<{_WORD_WIDTH}} ", ink),
        (f"{name:<{_NAME_WIDTH}} ", "soft"),
        (text, text_ink),
        hang=4 + _WORD_WIDTH + _NAME_WIDTH,
    )
