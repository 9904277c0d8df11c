"""What calls of functions that a program does not define do: load, save, copy, start, train, count."""

import ast
import re
import shlex
from dataclasses import replace

from review.commands.effects import ContentOrigin, Effects, as_counts
from review.commands.python.call import Call
from review.commands.python.folding import folded
from review.commands.python.given import Given
from review.commands.python.saving import Saving
from review.commands.python.scope import Scope
from review.commands.python.stores import opened_store, use_store
from review.commands.python.value import NOTHING, Value, split_of, union
from review.commands.settings import ASIDE_KEY

_NAME = re.compile(
    r"""(?ix) ^(https?://|hf://|/|\./|\.\./|~/) | / | \.(jsonl?|csv|tsv|parquet|arrow|txt|gz|zip|npz|npy|pkl|ya?ml|toml|jinja|py|sh
    |safetensors|bin|pt|pth|gguf|eval|log|md)$ | ^final_model$"""
)
"""Texts that name something when they are handed to a function that is not known."""
_COUNTING = frozenset(
    {"len", "sum", "Counter", "mean", "median", "value_counts", "describe", "std", "count", "nunique"}
)
_SILENT = frozenset({"add_argument", "print", "info", "debug", "warning", "error", "ArgumentParser", "exit", "startswith",
                     "endswith", "replace", "split", "strip", "mkdir", "makedirs", "exists", "isfile", "isdir", "match",
                     "search", "sub", "compile", "findall", "fullmatch", "format", "getLogger", "setdefault", "now",
                     "is_file", "is_dir", "unlink", "rmtree", "remove", "find", "count", "encode", "decode", "rstrip",
                     "lstrip", "insert", "environ", "assertEqual", "ValueError", "SystemExit", "Exception"})  # fmt: skip
"""Functions whose texts name nothing that is read."""
_STARTING = frozenset({"run", "call", "check_call", "check_output", "Popen", "system", "getoutput", "popen"})
_GENERATING = frozenset({"generate", "chat", "complete", "completion", "create", "batch_generate", "predict"})
"""What these give is made by a model, and holds nothing of its weights."""
_RUNNING = frozenset({"run_path", "exec", "execfile"})
_TRAINERS = re.compile(r"Trainer$")
_REPLACING = frozenset({"replace", "sub", "subn"})
_PUTTING = frozenset({"setattr", "setdefault", "__setitem__", "__setattr__"})
_ASIDE = re.compile(
    r"(?i)tokenizer|processor|processing|config|feature_?extractor|teacher|judge|reward|ref_model|args"
)
"""What is loaded or handed over under such names does not become part of the weights."""
_OUTPUT_NAMES = frozenset({"save_path", "save_dir"})
_LONGEST_NAME = 1000


class Calls:
    """The calls of one program: what they do is told to its effects."""

    def __init__(self, effects: Effects, scope: Scope, given: Given) -> None:
        self._effects = effects
        self._scope = scope
        self._environ = given.environ
        self._start = given.start
        self._saving = Saving(effects)

    def result(self, call: Call) -> Value:
        """What is known of the value that a call gives."""
        self._puts(call)
        self._runs(call)
        if call.name == "from_pretrained" and isinstance(call.node.func, ast.Attribute):
            if _ASIDE.search(ast.unparse(call.node.func.value)):
                return NOTHING
            loaded = [value.text for value in call.arguments[:1] if value.text is not None]
            self._effects.checkpoints.update(dict.fromkeys(loaded))
        told = folded(call, self._environ)
        if told is not None:
            return told
        if call.receiver.store is not None:
            return use_store(call, self._effects)
        store = opened_store(call, self._effects)
        if store is not None:
            return store
        if call.name == "open":
            return self._opened(call)
        if call.name in ("values", "items") and not call.handed:
            members = tuple(
                value if call.name == "values" else Value(origins=value.origins, members=(Value(key), value))
                for key, value in call.receiver.fields
            )
            return replace(split_of(call.receiver, "*"), members=members)
        if call.name in _STARTING and call.arguments:
            started = self._started(call)
            if started is not None:
                return started
        if self._saving.writes(call):
            return NOTHING
        return self._other(call)

    def _puts(self, call: Call) -> None:
        """Texts that it puts under a key, or in the place of others."""
        for key, value in call.keywords.items():
            self._effects.put(key, value.texts)
        if call.name in _PUTTING and len(call.arguments) > 1:
            *_, under, put = call.arguments
            self._effects.put(under.text or "", put.texts)
        elif call.name in _REPLACING and call.owner not in ("os", "shutil") and len(call.arguments) > 1:
            old, new = call.arguments[0].text, call.arguments[1].text
            if old is not None and new is not None:
                self._effects.replace(old, new)

    def _opened(self, call: Call) -> Value:
        path = call.receiver if call.receiver.text is not None and _NAME.search(call.receiver.text) else None
        rest = call.arguments
        if path is None:
            path, rest = (rest[0], rest[1:]) if rest else (call.keyword("file"), ())
        mode = call.keywords.get("mode") or (rest[0] if rest else NOTHING)
        if mode.text and set(mode.text) & set("wax+"):
            target = path.text or path.told_name
            if target is None:
                return path
            self._effects.write(target)
            return Value(opened=target)
        return Value(origins=path.origins | self._effects.load(*path.texts))

    def _started(self, call: Call) -> Value | None:
        """What a program prints that the call starts; None where its words are not known."""
        command = call.arguments[0]
        texts = [member.text or "" for member in command.members]
        text = shlex.join(texts) if texts else command.text
        if not text:
            return None
        self._effects.commands.setdefault(text)
        origins = self._start(text)
        target = call.keyword("stdout").opened
        if target is not None:
            self._effects.write(target, origins)
        return Value(origins=origins)

    def _runs(self, call: Call) -> None:
        """A program that the call runs in this one: a file, a module or a text."""
        told = call.arguments[0] if call.arguments else NOTHING
        if call.name not in _RUNNING:
            return
        words: list[list[str]] = []
        if call.name == "run_path" and told.text:
            words = [["python3", told.text]]
        elif call.name == "exec" and told.text:
            words = [["python3", "-c", told.text]]
        elif call.name == "exec":
            words = [["python3", name] for name in sorted(origin.name for origin in told.origins)[:2]]
        self._effects.commands.update((shlex.join(one), None) for one in words)

    def _other(self, call: Call) -> Value:
        everything = (call.receiver, *call.handed)
        origins = union(everything).origins
        if call.name not in _SILENT:
            origins |= self._effects.load(*self._names(call))
            if _TRAINERS.search(call.name) or call.name in ("train", "fit"):
                origins = self._trained(call, origins)
            if isinstance(call.node.func, ast.Attribute) and origins - call.receiver.origins:
                self._scope.mutate(call.node.func.value, union(call.handed).origins)
        if call.name in _COUNTING:
            origins = as_counts(origins)
        if call.name in _GENERATING:
            origins = frozenset(o for o in origins if o.name not in self._effects.checkpoints)
        if call.name in ("LLM", "pipeline"):
            loaded = call.keywords.get("model", call.arguments[0] if call.arguments else NOTHING).text
            self._effects.checkpoints.update({loaded: None} if loaded else {})
        opened = next((value.opened for value in everything if value.opened is not None), None)
        return Value(origins=origins, opened=opened)

    def _names(self, call: Call) -> list[str]:
        """Names that a function which is not known may load."""
        names = [v.text for v in call.handed if v.text and _NAME.search(v.text)]
        names += [m.text for v in call.handed for m in v.members if m.text and _NAME.search(m.text)]
        names += [
            text
            for v in call.handed
            for key, field in v.fields
            if not ASIDE_KEY.search(key)
            for text in field.texts
            if _NAME.search(text)
        ]
        if call.name in ("read_text", "read_bytes") and call.receiver.text is not None:
            names.append(call.receiver.text)
        outputs = [v.text for k, v in call.keywords.items() if "output" in k or k in _OUTPUT_NAMES]
        names = [n for n in names if n not in outputs and "\n" not in n and len(n) < _LONGEST_NAME]
        splits = [part.partition("[")[0] for text in call.keyword("split").texts for part in text.split("+")]
        if names and splits:
            names = [*(f"{names[0]}#{split.strip()}" for split in splits), *names[1:]]
        return names

    def _trained(self, call: Call, origins: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        """What a trainer is handed goes into the model that it is handed."""
        keywords = call.node.keywords
        inside = [*call.node.args, *(k.value for k in keywords if not _ASIDE.search(k.arg or ""))]
        aside = union(v for k, v in call.keywords.items() if _ASIDE.search(k)).origins
        for argument in inside:
            self._scope.mutate(argument, origins - aside)
        return origins - aside
