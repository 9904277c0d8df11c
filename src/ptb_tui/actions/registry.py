"""The one registry of what a person can do: bindings, footer, help, palette and docs all come from here."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from textual.binding import Binding, BindingType

from ptb_tui.actions import (
    case,
    compare,
    confirm,
    everywhere,
    findings,
    heat,
    lineage,
    queries,
    replay,
    runs,
    score,
    score_form,
    sql,
    verdict,
)
from ptb_tui.actions.action import Action, Scope
from ptb_tui.actions.keys import key_label

ACTIONS: tuple[Action, ...] = (
    *runs.ACTIONS,
    *heat.ACTIONS,
    *case.ACTIONS,
    *findings.ACTIONS,
    *lineage.ACTIONS,
    *replay.ACTIONS,
    *score.ACTIONS,
    *score_form.ACTIONS,
    *verdict.ACTIONS,
    *confirm.ACTIONS,
    *sql.ACTIONS,
    *queries.ACTIONS,
    *compare.ACTIONS,
    *everywhere.ACTIONS,
)

MODAL = frozenset((Scope.VERDICT, Scope.SCORE_FORM, Scope.CONFIRM))
"""Scopes of screens that lie over another."""

_chosen: dict[str, tuple[str, ...]] = {}
"""Action id → the keys that it has instead of its own."""


def use_keys(keys: Mapping[str, tuple[str, ...]]) -> None:
    """From now on these actions have other keys; what the app says of keys follows."""
    _chosen.clear()
    _chosen.update(keys)


def keys_label(action: Action) -> str:
    """All keys of an action; a row of digits as ``0–9``."""
    if action.keys == tuple("0123456789"):
        return "0–9"
    return " ".join(key_label(key) for key in action.keys)


def label_of(action_id: str) -> str:
    """How people read the first key of an action, for sentences that name it."""
    action = next(action for action in ACTIONS if action.id == action_id)
    return key_label(_chosen.get(action_id, action.keys)[0])


def actions_in(scope: Scope) -> list[Action]:
    """The actions of one scope with the keys that they have now, in the order of the registry."""
    return [
        replace(action, keys=_chosen[action.id]) if action.id in _chosen else action
        for action in ACTIONS
        if action.scope is scope
    ]


def bindings(scope: Scope) -> list[BindingType]:
    """Textual's bindings of one scope, with every action's own keys: Textual's keymap gives them others.

    A modal screen's hold those of the app, which Textual keeps from it.
    """
    app = _bindings(Scope.EVERYWHERE, "app.") if scope in MODAL else ()
    return [*_bindings(scope), *app]


def _bindings(scope: Scope, owner: str = "") -> Iterator[Binding]:
    # Priority: a key is acted on before the next one is looked at, so what is typed after `/` lands in the prompt.
    first = scope is not Scope.EVERYWHERE
    for action in (action for action in ACTIONS if action.scope is scope):
        if "{key}" not in action.call:
            yield Binding(
                ",".join(action.keys), owner + action.call, action.title, id=action.id, priority=first
            )
            continue
        for key in action.keys:
            call, name = action.call.format(key=key), f"{action.id}.{key}"
            yield Binding(key, call, action.title, id=name, priority=first)


def markdown() -> str:
    """The key tables of the documentation."""
    lines: list[str] = []
    for scope in Scope:
        lines += [
            f"## {scope.capitalize()}",
            "",
            "| keys | action | what happens | name |",
            "|---|---|---|---|",
        ]
        for action in actions_in(scope):
            keys = " ".join(f"`{key_label(key)}`" for key in action.keys)
            happens = action.help.replace("|", chr(92) + "|")
            lines.append(f"| {keys} | {action.title} | {happens} | `{action.id}` |")
        lines.append("")
    return "\n".join(lines)
