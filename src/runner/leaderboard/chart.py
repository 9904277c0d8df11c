"""The leaderboard as bars of text."""

from collections.abc import Iterator

from runner.leaderboard.board import Board

_FULL, _RANGE, _REFERENCE = "█", "┄", "░"
_PARTS = " ▏▎▍▌▋▊▉"
"""Eighths of a cell."""
_MOST_NAME = 40


def chart(board: Board, width: int = 100) -> Iterator[str]:
    """A bar an agent up to its score, dotted on to what undecided cells could still add, and two reference bars."""
    references = [("instruct models", board.instruct_models), ("base models", board.base_models)]
    named = [(name, score) for name, score in references if score is not None]
    names = [agent.agent for agent in board.agents] + [name for name, _ in named]
    column = min(max(map(len, names)), _MOST_NAME)
    room = max(width - column - 16, 10)
    top = max([agent.best for agent in board.agents] + [score for _, score in named])
    scale = room / top if top else 0.0
    for agent in board.agents:
        bar = _bar(agent.score * scale)
        reach = bar + _RANGE * (round(agent.best * scale) - len(bar))
        spread = "" if agent.std is None else f" ± {100 * agent.std:.1f}"
        yield f"{agent.agent[:column]:<{column}}  {reach}  {100 * agent.score:.1f}{spread}"
    for name, score in named:
        yield f"{name:<{column}}  {_REFERENCE * round(score * scale)}  {100 * score:.1f}"


def _bar(cells: float) -> str:
    whole, part = divmod(round(cells * 8), 8)
    return _FULL * whole + (_PARTS[part] if part else "")
