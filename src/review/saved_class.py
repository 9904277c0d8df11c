"""Of which class the models and configurations are that a Python program saves.

``Qwen2ForCausalLM`` or ``LlamaConfig`` tell what the saved ``config.json`` will say, without any text of one being written.
"""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from review.model_identity import Identity, Own

_SAVING = frozenset({"save_pretrained", "save_model", "save_pretrained_merged"})
_LOADING = frozenset({"from_pretrained", "from_config", "from_dict", "from_json_file", "_from_config"})
_ROUNDS = 3
"""A value goes through so many names."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A program saves a model or a configuration of a class."""

    target: str | None
    """Where, as the program has it; None where that is no constant."""
    identity: Identity


def saved_classes(code: str, own: Own) -> Iterator[Saved]:
    """What is saved whose class is known."""
    if "save_" not in code:
        return
    try:
        with warnings.catch_warnings(action="ignore"):  # about the agent's code, not ours
            nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    known: dict[str, Identity] = {}
    for _ in range(_ROUNDS):
        for node in nodes:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                identity = _identity(node.value, known, own)
                if identity is not None:
                    known[node.targets[0].id] = identity
    for node in nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=saved, attr=attr), args=arguments) if attr in _SAVING:
                identity = _identity(saved, known, own)
                if identity is not None:
                    target = (
                        arguments[0].value if arguments and isinstance(arguments[0], ast.Constant) else None
                    )
                    yield Saved(target if isinstance(target, str) else None, identity)


def _identity(node: ast.expr | None, known: dict[str, Identity], own: Own) -> Identity | None:
    """What the value would say when it is saved; None where that is not known."""
    match node:
        case ast.Name(id=name):
            return known.get(name)
        case ast.Call(func=ast.Attribute(value=owner, attr=attr), args=arguments) if attr in _LOADING:
            name = ast.unparse(owner).rpartition(".")[2]
            by_class = own.of_class(name)
            if by_class is not None or not arguments:
                return by_class
            if name == "AutoConfig" and isinstance(arguments[0], ast.Constant):
                return own.of_hub(str(arguments[0].value))
            return _identity(arguments[0], known, own)
        case ast.Call(func=ast.Attribute(value=inner)) if (found := _identity(inner, known, own)) is not None:
            return found  # model.merge_and_unload()
        case ast.Call(func=function, args=arguments, keywords=keywords):
            by_class = own.of_class(ast.unparse(function).rpartition(".")[2])
            if by_class is not None:
                return by_class
            model = next((one.value for one in keywords if one.arg == "model"), None)
            return _identity(model or (arguments[0] if arguments else None), known, own)
        case _:
            return None
