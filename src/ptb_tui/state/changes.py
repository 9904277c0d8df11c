"""What changed between two versions of a file, as lines of the detail pane."""

from difflib import SequenceMatcher

from ptb_tui.state.highlight import source
from ptb_tui.state.prose import Line, body, left_out, line

_MOST_COMPARED = 3000
"""Lines of each version; comparing takes time that grows with their product."""
_MOST_SHOWN = 400
_CONTEXT = 2
"""Unchanged lines shown around a change."""


def changes(before: str, after: str, path: str) -> list[Line]:
    """The changed lines with a little around them; the whole of ``after`` where the versions are too long."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > _MOST_COMPARED:
        whole = source(after, path) or body(after)
        return [line(("too long to compare with the version before", "soft")), line(), *whole]
    groups = list(SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT))
    shown: list[Line] = []
    added = removed = 0
    for number, group in enumerate(groups):
        if number:
            shown.append(line(("  ⋮", "faint")))
        for what, old_from, old_to, new_from, new_to in group:
            if what == "equal":
                shown += [line(("  ", "faint"), (text, "soft"), hang=2) for text in new[new_from:new_to]]
                continue
            removed += old_to - old_from
            added += new_to - new_from
            shown += [
                line(("− ", "suspicious"), (text, "suspicious"), hang=2) for text in old[old_from:old_to]
            ]
            shown += [line(("+ ", "good"), (text, "good"), hang=2) for text in new[new_from:new_to]]
    if not groups:
        return [line(("the same content as the version before", "soft"))]
    head = line(
        ("changed since the version before: ", "soft"),
        (f"+{added}", "good"),
        "  ",
        (f"−{removed}", "suspicious"),
        ("  lines", "soft"),
    )
    if len(shown) > _MOST_SHOWN:
        shown = [*shown[:_MOST_SHOWN], left_out(len(shown) - _MOST_SHOWN)]
    return [head, line(), *shown]
