"""What stands in place of rows: the views with their columns, a whole row in full, the queries to choose from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ptb_tui.actions.registry import label_of
from ptb_tui.state.page import Item, Section
from ptb_tui.state.prose import Line, body, line
from ptb_tui.state.sql.answer import Row
from ptb_tui.state.sql.grid import NULL, GridColumn
from ptb_tui.state.sql.history import History
from ptb_tui.state.sql.saved import SavedQuery, queries_folder
from store.counting import counted

if TYPE_CHECKING:
    from store.sql.vocabulary import Vocabulary

_SHOWN_LINES = 3
"""Lines of a query in the list."""


def view_sections(words: "Vocabulary") -> list[Section]:
    """Each view: what a row is, and its columns with their types."""
    sections = []
    for view, columns in words.views.items():
        pieces: list[tuple[str, str]] = []
        for column in columns:
            pieces += [(f"{column.name} ", "ink"), (f"{column.type}  ", "faint")]
        items = (Item((line((words.meanings[view], "soft")), line(*pieces))),)
        sections.append(Section(view, items))
    return sections


def row_sections(columns: Sequence[GridColumn], row: Row) -> list[Section]:
    """Every value of a row in full, as far as it was kept."""
    return [
        Section(
            column.name,
            (Item(tuple(body(value)) if value is not None else (line((NULL, "faint")),)),),
            column.type,
        )
        for column, value in zip(columns, row.cells, strict=True)
    ]


def query_sections(
    own: Sequence[SavedQuery], shipped: Sequence[SavedQuery], history: History
) -> tuple[list[Section], dict[object, str]]:
    """The lists, and the query that each key stands for."""
    texts: dict[object, str] = {}
    sections = []
    for title, saved, note in (
        ("yours", own, str(queries_folder())),
        ("come with ptb", shipped, ""),
    ):
        items = []
        for query in saved:
            key = (title, query.name)
            texts[key] = query.text
            items.append(Item((line((query.name, "strong"), "  ", (query.title, "soft")),), key))
        if not items:
            items.append(Item((line((f"none yet; {label_of('sql.save')} in the editor keeps one", "soft")),)))
        sections.append(Section(title, tuple(items), note))
    asked = []
    for number, text in enumerate(reversed(history.queries)):
        texts["asked", number] = text
        asked.append(Item(tuple(_beginning(text)), ("asked", number)))
    sections.append(Section("asked before", tuple(asked), "the latest first"))
    return sections, texts


def _beginning(text: str) -> list[Line]:
    lines = [each for each in body(text) if each.text.strip()]
    shown = lines[:_SHOWN_LINES]
    if len(lines) > _SHOWN_LINES:
        shown.append(line((f"… {counted(len(lines) - _SHOWN_LINES, 'more line')}", "note")))
    return shown
