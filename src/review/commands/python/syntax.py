"""The syntax tree of a program of the agent's."""

import ast
import warnings


def parsed(text: str) -> ast.Module | None:
    """None for what is no Python, or more than the parser takes."""
    try:
        with warnings.catch_warnings(action="ignore"):  # about the agent's code, not ours
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
