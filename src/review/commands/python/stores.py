"""Calls that open a store: what is put in and what is taken out both go by one handle, and no name is said again.

A database, a shelf, an archive, a key-value server. All that is put in is told of the store as a whole.
"""

import re

from review.commands.effects import Effects
from review.commands.python.call import Call
from review.commands.python.value import Value, union

_CONNECTING = frozenset({"connect", "create_engine"})
_OPENING = frozenset({"shelve", "dbm", "lmdb", "tarfile", "gdbm", "plyvel"})
_NAMED = frozenset({"ZipFile", "TarFile", "TinyDB", "Cache", "Index", "SqliteDict", "PersistentClient", "HDFStore"})  # fmt: skip
_SERVERS = {"Redis": "redis:", "StrictRedis": "redis:", "MongoClient": "mongodb:"}
_DATABASE_NAME = re.compile(r"\.(db\d?|sqlite\d?|duckdb|ddb)$|^sqlite:///")
_DATABASES = frozenset({"sqlite3", "duckdb", "apsw", "lancedb"})
_TAKING_OUT = frozenset({"extractall", "extract", "unpack_archive"})
_PUTTING_FILES = frozenset({"write", "add"})


def opened_store(call: Call, effects: Effects) -> Value | None:
    """The handle that a call gives; None for a call that opens no store."""
    name = _store_name(call)
    if name is None:
        return None
    return Value(origins=effects.load(name), store=name)


def use_store(call: Call, effects: Effects) -> Value:
    """What a method of a store, or of what was had from it, puts in and gives."""
    store = call.receiver.store
    assert store is not None
    origins = union(call.handed).origins
    texts = [value.text for value in call.handed if value.text is not None]
    if call.name in _TAKING_OUT:
        effects.write(texts[0] if texts else ".", call.receiver.origins)
        return call.receiver
    if call.name in _PUTTING_FILES and texts:
        origins |= effects.load(texts[0])
    if origins:
        effects.write(store, origins)
    return call.receiver


def _store_name(call: Call) -> str | None:
    if call.name in _SERVERS:
        return _SERVERS[call.name]
    texts = [value.text for value in call.handed if value.text]
    name = texts[0] if texts else None
    if name is None or name == ":memory:":
        return None  # what lives in memory only is followed as any other value
    connects = call.name in _CONNECTING and (call.owner in _DATABASES or _DATABASE_NAME.search(name))
    opens = (call.name == "open" and call.owner in _OPENING) or (call.name == "File" and call.owner == "h5py")
    return name.removeprefix("sqlite:///") if connects or opens or call.name in _NAMED else None
