"""An abstract run of a program: its statements in their order, its own functions where they are called."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from review.commands.effects import ContentOrigin, Effects
from review.commands.python.calls import Calls
from review.commands.python.conditions import leaves, note_condition
from review.commands.python.expressions import Expressions
from review.commands.python.given import Given
from review.commands.python.scope import Scope
from review.commands.python.syntax import is_main, modules_of, targets_of
from review.commands.python.value import NOTHING, Value, element_of, rounds_of

_MOST_CALLS = 6
"""Of the program's own functions inside one another."""
_MOST_YIELDS = 16

Function = ast.FunctionDef | ast.AsyncFunctionDef


class NextRound(Exception):
    """A condition that is known to hold leaves this round of a loop, or the function."""


class AbstractRun:
    """One program, called once."""

    def __init__(
        self, tree: ast.Module, effects: Effects, given: Given, modules: Sequence[ast.Module] = ()
    ) -> None:
        self._tree = tree
        self._modules = modules
        self._effects = effects
        self._functions: dict[str, Function] = {}
        imported: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, Function):
                self._functions.setdefault(node.name, node)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                imported |= dict(modules_of(node))
        self._callbacks = tuple(self._functions)
        for module in modules:
            for node in ast.walk(module):
                if isinstance(node, Function):
                    self._functions.setdefault(node.name, node)
                elif isinstance(node, ast.Import | ast.ImportFrom):
                    imported = dict(modules_of(node)) | imported
        self._scope = Scope(effects, imported)
        calls = Calls(effects, self._scope, given)
        self._expressions = Expressions(effects, self._scope, given, calls, self._call_own)
        self._called: set[str] = set()
        self._calling: list[str] = []
        self._returned: list[Value] = []

    def run(self) -> None:
        """Follow it; a body under ``if __name__ == "__main__"`` too.

        Raises :class:`TooLong` for a program of too many steps.
        """
        for module in self._modules:
            self._import(module)
        self._body(self._tree.body)
        called = set(self._called)
        for name in self._callbacks:  # a callback that some library calls
            if name not in called:
                self._call_own(name, (), {})

    def _import(self, module: ast.Module) -> None:
        """A module of the agent's own: what it does when it is imported, and the names that it has."""
        body = [statement for statement in module.body if not is_main(statement)]
        self._body(body)
        for name in (t.id for s in body for t in targets_of(s) if isinstance(t, ast.Name)):
            self._scope.give(name, self._scope.get(name))

    def _body(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:  # noqa: C901  # a case for each kind of statement
        self._expressions.step()
        match node:
            case ast.Assign(targets=targets, value=value):
                result = self._expressions.value(value)
                for target in targets:
                    self._scope.bind(target, result)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._scope.bind(target, self._expressions.value(value))
            case ast.AugAssign(target=target, value=value):
                self._scope.mutate(target, self._expressions.value(value).origins or self._scope.rounds)
            case ast.Expr(value=ast.Constant()):
                pass  # a docstring
            case ast.Expr(value=value):
                self._expressions.value(value)
            case (
                ast.For(target=target, iter=iterable, body=body, orelse=orelse)
                | ast.AsyncFor(target=target, iter=iterable, body=body, orelse=orelse)
            ):
                self._over(target, self._expressions.value(iterable), body)
                self._body(orelse)
            case ast.While(test=test, body=body):
                self._expressions.value(test)
                self._loop(body, frozenset())
            case ast.If(test=test, body=body, orelse=orelse):
                told = self._expressions.truth(test)
                if told is None:
                    note_condition(test, self._effects, self._scope, kept=not leaves(body))
                if told is not False:
                    self._body(body)
                if told and leaves(body):
                    raise NextRound
                if told is not True:
                    self._body(orelse)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    entered = self._expressions.value(item.context_expr)
                    if item.optional_vars is not None:
                        self._scope.bind(item.optional_vars, entered)
                self._body(body)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
                self._body(body)
                for handler in handlers:
                    self._body(handler.body)
                self._body(orelse)
                self._body(final)
            case ast.Return(value=value) if value is not None:
                result = self._expressions.value(value)
                if self._returned:
                    before = self._returned[-1].origins
                    self._returned[-1] = Value(result.text, before | result.origins)
            case ast.ClassDef(body=body):
                self._body([s for s in body if not isinstance(s, ast.FunctionDef)])
                for name in (t.id for s in body for t in targets_of(s) if isinstance(t, ast.Name)):
                    self._scope.give(name, self._scope.get(name))
            case ast.Match(subject=subject, cases=cases):
                self._expressions.value(subject)
                for case in cases:
                    self._body(case.body)
            case _:
                pass

    def _over(self, target: ast.expr, iterable: Value, body: list[ast.stmt]) -> None:
        """A loop: round by round where it goes over a few known values."""
        rounds = rounds_of(iterable)
        for member in rounds:
            with self._scope.round(target), suppress(NextRound):
                self._scope.bind(target, member)
                self._body(body)
        if not rounds:
            element = element_of(iterable)
            self._scope.bind(target, element)
            self._loop(body, element.origins)

    def _loop(self, body: list[ast.stmt], over: frozenset[ContentOrigin]) -> None:
        """Twice, so that what the end of a round holds reaches its beginning; inner loops once."""
        with self._scope.loop(over) as outermost:
            for _ in range(2 if outermost else 1):
                with suppress(NextRound):
                    self._body(body)

    def _call_own(self, name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value | None:
        """A function of the program itself: its body is run with these arguments."""
        function = self._functions.get(name)
        if function is None:
            return None
        self._called.add(name)
        if name in self._calling or len(self._calling) >= _MOST_CALLS:
            return Value(origins=frozenset(o for v in (*arguments, *keywords.values()) for o in v.origins))
        self._calling.append(name)
        self._returned.append(NOTHING)
        with self._scope.inner():
            self._bind(function, arguments, keywords)
            with suppress(NextRound):
                self._body(function.body)
            returned = self._returned.pop()
            yielded = [n.value for n in ast.walk(function) if isinstance(n, ast.Yield | ast.YieldFrom)]
            given = [self._expressions.value(node).origins for node in yielded[:_MOST_YIELDS]]
        self._calling.pop()
        return Value(returned.text, returned.origins.union(*given))

    def _bind(self, function: Function, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> None:
        names = [argument.arg for argument in function.args.args]
        if names[:1] == ["self"]:
            names = names[1:]
        defaults = function.args.defaults
        for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=False):
            self._scope.set(name, self._expressions.value(default))
        for name, value in (*zip(names, arguments, strict=False), *keywords.items()):
            self._scope.set(name, value)
