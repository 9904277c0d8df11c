"""The theme that was chosen last, in the state folder; a theme in the reviewer's own ``app.toml`` goes before it."""

from pathlib import Path

from store.durable import writing
from store.overlay import state_folder

_LONGEST = 100
"""Characters; no theme has a longer name."""


def remembered_theme() -> str | None:
    """What was chosen last, if anything was; whoever asks knows whether there is such a theme."""
    try:
        with _file().open("rb") as opened:
            return opened.read(_LONGEST).decode(errors="replace").strip() or None
    except OSError:
        return None


def remember_theme(name: str) -> None:
    """Keep it for the next start; raises :class:`store.errors.StoreFailed` where the folder takes nothing."""
    file = _file()
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{name}\n", encoding="utf-8")


def _file() -> Path:
    return state_folder() / "theme"
