"""Agents compared: one score each over all tasks, and how far it rests on what nobody has decided yet."""

from runner.leaderboard.board import AgentScore, Board, CellScore, make_board
from runner.leaderboard.cell import Cell, Decision, Place, Replicate, Results, Spread
from runner.leaderboard.grid import Grid
from runner.leaderboard.published import holds_published, read_published

__all__ = [
    "AgentScore",
    "Board",
    "Cell",
    "CellScore",
    "Decision",
    "Grid",
    "Place",
    "Replicate",
    "Results",
    "Spread",
    "holds_published",
    "make_board",
    "read_published",
]
