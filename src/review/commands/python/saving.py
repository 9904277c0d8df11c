"""Calls that write: which name they write to, and what of."""

import re

from review.commands.effects import ContentOrigin, Effects
from review.commands.python.call import Call
from review.commands.python.value import NOTHING, Value, union

STDOUT = "<stdout>"
"""The target of what a program prints."""

_SAVING = frozenset({"to_json", "to_csv", "to_parquet", "to_pickle", "save_to_disk", "save_pretrained", "save_model",
                     "write_text", "write_bytes", "save_pretrained_merged", "push_to_hub", "to_jsonl", "write_parquet",
                     "write_csv", "write_ndjson", "save_checkpoint", "savez"})  # fmt: skip
"""Methods that write their object; the first argument, or the object where it is a path, names the target."""
_MODEL_SAVING = frozenset({"save_pretrained", "save_model", "save_pretrained_merged", "save_checkpoint"})
_PATH_SAVING = frozenset({"write_text", "write_bytes"})
_COPYING = frozenset(
    {"copy", "copy2", "copyfile", "copytree", "move", "rename", "replace", "link", "symlink"}
)
_COPIERS = frozenset({"shutil", "os"})
_ARCHIVE = re.compile(r"\.(tar|tgz|zip|gz|xz|bz2|zst)$")
_SUFFIXES = {"zip": "zip", "tar": "tar", "gztar": "tar.gz", "bztar": "tar.bz2", "xztar": "tar.xz"}
_OPENED_SAVING = frozenset({"dump", "save", "savez", "copyfileobj"})
"""Functions that write to a file that they are handed open, and give nothing."""
_NAMED_SAVING = frozenset({"save", "save_file", "dump", "savetxt"})
"""Functions that write one thing that they are handed under a name that they are handed."""


class Saving:
    """What the calls of one program write is told to its effects."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects

    def writes(self, call: Call) -> bool:
        """Whether the call only writes; then that is told."""
        origins = union(call.handed).origins
        if call.name == "print":
            target = call.keyword("file").opened or STDOUT
            self._effects.write(target, origins)
            if target == STDOUT and len(call.arguments) == 1 and call.arguments[0].text is not None:
                # A name that a program prints may be meant for another (``cp $(python -c …)``).
                self._effects.contents[STDOUT] = call.arguments[0].text
            return True
        if call.receiver.opened is not None:
            if call.name in ("add", "write") and _ARCHIVE.search(call.receiver.opened):
                origins |= self._effects.load(*(value.text for value in call.arguments[:1] if value.text))
            self._effects.write(call.receiver.opened, origins)
            self._hold(call.receiver.opened, call)
            return True
        opened = next((value.opened for value in call.handed if value.opened is not None), None)
        if opened is not None:  # json.dump(rows, file), writer = csv.writer(file)
            self._effects.write(opened, origins)
            return call.name in _OPENED_SAVING
        return self._archives(call) or self._downloads(call) or self._saves(call, origins)

    def _archives(self, call: Call) -> bool:
        """Whether the call packs or unpacks a whole archive."""
        texts = [value.text for value in call.arguments]
        if call.name == "make_archive" and texts and texts[0] is not None:
            folder = call.keyword("root_dir").text or (texts[2] if len(texts) > 2 else None)
            kind = _SUFFIXES.get((texts[1] if len(texts) > 1 else call.keyword("format").text) or "", "*")
            self._effects.write(f"{texts[0]}.{kind}", self._effects.load(*([folder] if folder else [])))
            return True
        if call.name == "unpack_archive" and len(texts) > 1 and texts[0] and texts[1]:
            self._effects.write(texts[1], self._effects.load(texts[0]))
            return True
        if call.name == "extractall" and call.receiver.origins:
            place = texts[0] if texts else call.keyword("path").text
            self._effects.write(place or ".", call.receiver.origins)
            return True
        return False

    def _downloads(self, call: Call) -> bool:
        place = call.keyword("local_dir").text
        if place is None:
            return False
        named = [value.text for value in call.handed if value.text not in (None, place)]
        self._effects.write(place, self._effects.load(*(text for text in named[:1] if text)))
        return True

    def _saves(self, call: Call, origins: frozenset[ContentOrigin]) -> bool:
        """Whether the call writes under a name that it is handed; then that is told."""
        name, receiver, arguments = call.name, call.receiver, call.arguments
        named = receiver.text or receiver.told_name
        if name in _PATH_SAVING and named is not None:
            self._effects.write(named, origins)
            self._hold(named, call)
            return True
        store = next((value.store for value in call.handed if value.store is not None), None)
        if store is not None and name.startswith("to_"):
            self._effects.write(store, origins | receiver.origins)
            return True
        if name in _COPYING and call.owner in _COPIERS and len(arguments) > 1:
            return self._copied(arguments[0], arguments[1])
        if name in ("rename", "replace") and receiver.text and len(arguments) == 1:
            return self._copied(receiver, arguments[0])
        if name in ("input", "FileInput") and call.keyword("inplace") is not NOTHING:
            for text in (text for value in arguments[:1] for text in value.texts):
                self._effects.write(text, self._effects.load(text))
            return True
        if name in _SAVING:
            origins |= receiver.origins
        elif name not in _NAMED_SAVING or len(arguments) < 2:
            return False
        target = next((value.text for value in call.handed if value.text is not None), None)
        if target is None:
            target = next((told for value in call.handed if (told := value.told_name) is not None), None)
        if target is not None:
            self._effects.write(target, origins)
            if name in _MODEL_SAVING:
                self._effects.models.setdefault(target)
        return True

    def _copied(self, source: Value, target: Value) -> bool:
        origins = source.origins
        if len(source.texts) == len(target.texts) > 1:  # each of those that a loop goes over
            for one, other in zip(source.texts, target.texts, strict=True):
                self._effects.write(other, origins | self._effects.load(one))
            return True
        origins |= self._effects.load(*source.texts)
        for text in target.texts:
            self._effects.write(text, origins)
        return True

    def _hold(self, target: str, call: Call) -> None:
        for argument in call.arguments:
            if argument.text is not None:
                self._effects.hold(target, argument.text)
