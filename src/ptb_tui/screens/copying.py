"""Copying: what was copied is told, and kept in a file for terminals that do not take it.

No terminal says whether it took an OSC 52 sequence, and several (macOS Terminal, screen, tmux with ``set-clipboard off``)
never do.
"""

from pathlib import Path
from typing import Any

from textual.screen import Screen

from store.durable import writing
from store.errors import StoreFailed
from store.overlay import state_folder
from store.plain import plain

NAME = "copied.txt"
"""In the state folder: what was copied last."""


def copy(screen: Screen[Any], what: str, text: str) -> str:
    """Copy ``text``, which is ``what``, and keep it in a file; returns what to tell of that."""
    screen.app.copy_to_clipboard(text)
    file = state_folder() / NAME
    try:
        with writing(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(f"{plain(text)}\n", encoding="utf-8")
    except StoreFailed as failure:
        return f"copied {what}, if your terminal takes it; no file did: {failure}"
    return f"copied {what}; also in {_short(file)}"


def _short(file: Path) -> str:
    home = Path.home()
    return f"~/{file.relative_to(home)}" if file.is_relative_to(home) else str(file)
