"""Tools that name what they take in and what they fill each in a way of their own: coders, databases, editors, connections."""

import itertools
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence

from review.commands.shell.archives import Packing
from review.commands.shell.databases import DATABASES, database_use
from review.commands.shell.file_words import edited_files
from review.commands.shell.simple import Simple

_REVISION = re.compile(r"^(?:[\w./@{}^~-]*|:\d?):(?=[^/])")
_REMOTE = re.compile(r"^[\w.@-]{2,}:(?!//)")
_SUFFIXED = {
    "gzip": ".gz",
    "pigz": ".gz",
    "xz": ".xz",
    "bzip2": ".bz2",
    "zstd": ".zst",
    "lz4": ".lz4",
    "brotli": ".br",
}
_UNDOING = {"gunzip": "gzip", "unxz": "xz", "bunzip2": "bzip2", "unzstd": "zstd", "unpigz": "pigz"}
_EDITOR_READS = re.compile(r"(?m)(?:^|[|:\s$\d.%])r(?:ead)?!?[ \t]+([\w./~*-]+)")
_EDITOR_WRITES = re.compile(r"(?m)(?:^|[|:\s$\d.,%])w(?:rite|q|!)?!?[ \t]+([\w./~-]+)")
CHANNEL = "port:"
"""What begins the name of a connection on this machine."""

Converter = Callable[[Simple], Packing]


def converted(simple: Simple) -> tuple[Packing, ...]:
    """What such a tool does with files; nothing for others."""
    if simple.program in DATABASES:
        return database_use(simple)
    converter = _CONVERTERS.get(simple.program)
    return () if converter is None else (converter(simple),)


def _by_option(inputs: Sequence[str], outputs: Sequence[str]) -> Converter:
    """Files named by options; without an option, the operands are taken in."""

    def converter(simple: Simple) -> Packing:
        words = list(simple.arguments)
        sources = [word for option, word in itertools.pairwise(words) if option in inputs]
        targets = [word for option, word in itertools.pairwise(words) if option in outputs]
        named = [
            word for word in simple.operands if word not in (*sources, *targets) and re.search(r"[./]", word)
        ]
        sources = sources or named
        return Packing(tuple(sources), targets[0] if targets else None, piped=not sources)

    return converter


def _in_and_out(simple: Simple) -> Packing:
    words = [word for word in simple.operands if not word.isdigit()]
    return Packing(tuple(words[:1]), words[1] if len(words) > 1 else None, piped=not words)


def _compressor(simple: Simple) -> Packing:
    words = simple.arguments
    target = next((word for option, word in itertools.pairwise(words) if option in ("-o", "--output")), None)
    sources = tuple(word for word in simple.operands if word != target and not word.isdigit())
    letters = "".join(word[1:] for word in words if re.fullmatch(r"-[a-zA-Z0-9]+", word))
    shown = "c" in letters or {"--stdout", "--to-stdout"} & set(words)
    if target is None and not shown and sources:
        suffix = _SUFFIXED[_UNDOING.get(simple.program, simple.program)]
        undone = simple.program in _UNDOING or "d" in letters or {"--decompress", "--uncompress"} & set(words)
        target = sources[0].removesuffix(suffix) if undone else sources[0] + suffix
    return Packing(sources, target, piped=not sources)


def _parted(simple: Simple) -> Packing:
    words = simple.arguments
    prefix = next((word for option, word in itertools.pairwise(words) if option in ("-f", "--prefix")), "xx")
    return Packing(tuple(word for word in simple.operands[:2] if word != prefix)[:1], f"{prefix}*")


def _git(simple: Simple) -> Packing:
    named = [_REVISION.sub("", word) for word in simple.operands[1:] if _REVISION.match(word)]
    return Packing(tuple(named), None)


def _copied_far(simple: Simple) -> Packing:
    words = [
        _REMOTE.sub("", word)
        for word in simple.operands
        if word not in ("copy", "copyto", "cp", "sync", "s3")
    ]
    return Packing(tuple(words[:-1]), words[-1]) if len(words) > 1 else Packing((), None, piped=True)


def _editor(simple: Simple) -> Packing:
    """``ed``, ``ex`` and ``vim`` by a script of commands."""
    words = simple.arguments
    scripts = [word for option, word in itertools.pairwise(words) if re.fullmatch(r"-\w*c|--cmd", option)]
    scripts += [word[1:] for word in words if word.startswith("+")]
    script = "\n".join([*scripts, simple.heredoc or ""])
    edited = edited_files(simple)
    read, wrote = _EDITOR_READS.findall(script), _EDITOR_WRITES.findall(script)
    return Packing((*edited, *read), wrote[0] if wrote else edited[0] if edited else None)


def _connection(simple: Simple) -> Packing:
    """``nc``: what is fed goes to a port; who listens gives out what comes there."""
    port = next((word for word in reversed(simple.operands) if word.isdigit()), None)
    listens = any(re.fullmatch(r"-\w*l\w*", word) for word in simple.arguments)
    if port is None:
        return Packing((), None, piped=True)
    return Packing((CHANNEL + port,), None) if listens else Packing((), CHANNEL + port, piped=True)


def _socket_cat(simple: Simple) -> Packing:
    ends = [_end(word) for word in simple.operands if word == "-" or ":" in word or "/" in word]
    ends += ["-"] if len(simple.operands) < 2 else []
    if len(ends) < 2:
        return Packing((), None, piped=True)
    source, target = ends[:2]
    if source.startswith(CHANNEL) and target.startswith(CHANNEL):
        return Packing((source,), target)
    if target == "-" or (source == "-" and target.startswith(CHANNEL)):
        return Packing(
            () if source == "-" else (source,), None if target == "-" else target, piped=source == "-"
        )
    return Packing((source,) if source != "-" else (), target, piped=source == "-")


def _end(word: str) -> str:
    kind, _, rest = word.partition(":")
    name = rest.partition(",")[0]
    if word in ("-", "STDIN", "STDOUT", "STDIO"):
        return "-"
    if re.match(r"(?i)tcp|udp|ssl|openssl", kind):
        return CHANNEL + name.rpartition(":")[2]
    return name or word


def _clipboard(simple: Simple) -> Packing:
    gives = any(word in ("-o", "-out", "--output") for word in simple.arguments) or simple.program.endswith(
        "paste"
    )
    files = tuple(word for word in simple.operands if "." in word)
    return Packing(("clipboard:",), None) if gives else Packing(files, "clipboard:", piped=not files)


def _key_value(simple: Simple) -> Packing:
    puts = bool({"-x", "set", "SET", "put", "lpush", "rpush", "RPUSH"} & set(simple.arguments))
    return Packing((), "redis:", piped=True) if puts else Packing(("redis:",), None)


_CODER = _by_option(("-in", "-i", "--input", "-if"), ("-out", "-o", "--output", "--output-file"))
_CONVERTERS: Mapping[str, Converter] = {
    **dict.fromkeys(("openssl", "gpg", "gpg2", "age", "uudecode", "protoc", "mlr", "xsv", "qsv", "csvcut", "csvgrep", "pandoc"), _CODER),
    **dict.fromkeys((*_SUFFIXED, *_UNDOING), _compressor),
    **dict.fromkeys(("ed", "red", "ex", "vi", "vim", "nvim"), _editor),
    **dict.fromkeys(("nc", "ncat", "netcat"), _connection),
    **dict.fromkeys(("xclip", "xsel", "pbcopy", "pbpaste", "wl-copy", "wl-paste"), _clipboard),
    **dict.fromkeys(("scp", "rclone", "gsutil", "aws", "docker-cp", "sftp", "rcp", "mcopy"), _copied_far),
    "socat": _socket_cat,
    "xxd": _in_and_out,
    "csplit": _parted,
    "sponge": lambda simple: Packing((), simple.operands[0] if simple.operands else None, piped=True),
    "uuencode": lambda simple: Packing(simple.operands[:1] if len(simple.operands) > 1 else (), None, piped=True),
    "redis-cli": _key_value,
}  # fmt: skip


def from_revision(simple: Simple) -> tuple[Packing, ...]:
    """Files as a repository holds them, which ``git show`` and the like give out; nothing for other uses of ``git``."""
    if simple.program != "git" or simple.arguments[:1] not in (
        ("show",),
        ("cat-file",),
        ("archive",),
        ("diff",),
    ):
        return ()
    if simple.arguments[0] == "archive":
        return (Packing(tuple(w for w in simple.operands[2:] if re.search(r"[./]", w)), None),)
    return (_git(simple),)


def awk_files(script: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files that a program of ``awk`` reads besides its operands, and those that it writes."""
    reads = re.findall(r"getline[^<;\n]*<\s*\"([^\"]+)\"", script)
    writes = re.findall(r">>?\s*\"([^\"]+)\"", script)
    return tuple(reads), tuple(writes)


def sed_files(script: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files that a script of ``sed`` reads besides its operands, and those that it writes."""
    reads = re.findall(r"(?:^|[\s\d$;{/])[rR]\s*([\w./~-]*[\w])(?=[\s;}]|$)", script)
    writes = re.findall(r"(?:^|[\s\d$;{/])[wW]\s+([\w./~-]*[\w])(?=[\s;}]|$)", script)
    return tuple(name for name in reads if posixpath.basename(name) != name or "." in name), tuple(writes)
