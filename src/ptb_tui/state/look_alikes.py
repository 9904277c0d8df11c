"""What tells runs of one agent and one task apart, as short as it can be.

A narrow queue has no room for full dates. Where no two runs shown look alike there is nothing to tell.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from ptb_tui.state.queue import RunLine
from ptb_tui.state.times import utc

_END = 6
"""Characters of an id, which ends in what was drawn for it."""
_Short = Callable[[RunLine], str]


def told_apart(lines: Iterable[RunLine]) -> dict[Path, str]:
    """A word for each run by its folder, all of one kind; empty where agent and task tell every run, or nothing does.

    The first that tells all look-alikes apart: the replicate, when it began to the minute or the second (with the day, where
    not all began on one), the end of the id.
    """
    known = [line for line in lines if not line.broken]
    groups: dict[tuple[str, str], list[RunLine]] = defaultdict(list)
    for line in known:
        groups[line.agent, line.task].append(line)
    alike = [group for group in groups.values() if len(group) > 1]
    if not alike:
        return {}
    days = {_utc(line)[:10] for line in known}
    kinds: tuple[_Short, ...] = (
        (_replicate, _minute, _second, _end_of_id)
        if len(days) == 1
        else (_replicate, _day_and_minute, _day_and_second, _end_of_id)
    )
    short = next((kind for kind in kinds if all(_differ(group, kind) for group in alike)), None)
    return {line.folder: short(line) for line in known} if short else {}


def _differ(group: list[RunLine], short: _Short) -> bool:
    words = {short(line) for line in group}
    return len(words) == len(group) and "" not in words


def _replicate(line: RunLine) -> str:
    return line.replicate


def _end_of_id(line: RunLine) -> str:
    return line.run_id[-_END:]


def _utc(line: RunLine) -> str:
    return "" if line.started_at is None else utc(line.started_at).removesuffix(" UTC")


def _minute(line: RunLine) -> str:
    return _utc(line)[11:16]


def _second(line: RunLine) -> str:
    return _utc(line)[11:]


def _day_and_minute(line: RunLine) -> str:
    return _utc(line)[5:16]


def _day_and_second(line: RunLine) -> str:
    return _utc(line)[5:]
