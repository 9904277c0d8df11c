"""The syntax of a shell command as far as it tells who reads and writes: pipelines, redirections, here-documents."""

import re
import shlex
from dataclasses import dataclass, field

_HERE = re.compile(r"<<-?[ \t]*(['\"\\]?)(\w+)['\"]?")


@dataclass(slots=True)
class Simple:
    """One simple command of a pipeline."""

    words: list[str]
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    body: str | None = None


def _without_bodies(text: str, bodies: list[str]) -> str:
    """``text`` with each here-document taken out, in their order, into ``bodies``."""
    lines, kept = text.split("\n"), []
    place = 0
    while place < len(lines):
        line = lines[place]
        place += 1
        tags = [match[2] for match in _HERE.finditer(line)]
        kept.append(_HERE.sub(" <<@ ", line))
        for tag in tags:
            body = []
            while place < len(lines) and lines[place].strip() != tag:
                body.append(lines[place])
                place += 1
            place += 1
            bodies.append("\n".join(body) + "\n")
    return "\n".join(kept)


def pipelines(text: str) -> list[list[Simple]]:
    """The pipelines of ``text``, in their order."""
    bodies: list[str] = []
    text = _without_bodies(text, bodies)
    waiting = iter(bodies)
    found: list[list[Simple]] = []
    simple = Simple([])
    pipeline = [simple]
    tokens = _tokens(text)
    place = 0
    while place < len(tokens):
        word = tokens[place]
        place += 1
        following = tokens[place] if place < len(tokens) else ""
        if word == "|":
            simple = Simple([])
            pipeline.append(simple)
        elif word in (";", "&&", "||", "&", "\n", ";;", ")", "(", "|&"):
            found.append(pipeline)
            simple = Simple([])
            pipeline = [simple]
        elif word in (">", ">>", ">|", "&>", ">&", "&>>"):
            if simple.words and simple.words[-1] == "2":
                simple.words.pop()
            elif not following.isdigit():
                simple.outputs.append(following)
            place += 1
        elif word == "<<":
            simple.body = next(waiting, None)
            place += 1
        elif word == "<":
            simple.inputs.append(following)
            place += 1
        elif word == "<<<":
            place += 1
        else:
            simple.words.append(word)
    found.append(pipeline)
    return [[one for one in told if one.words or one.body or one.outputs] for told in found]


def _tokens(text: str) -> list[str]:
    lexer = shlex.shlex(_separated(text), posix=True, punctuation_chars=";&|<>()\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        raw = list(lexer)
    except ValueError:  # quotes that do not match
        raw = text.replace("\n", " ; ").split()
    return [part for token in raw for part in _parts(token)]


def _parts(token: str) -> list[str]:
    """Punctuation that the lexer glued together."""
    if not token or set(token) - set(";&|<>()\n"):
        return [token]
    return re.findall(r"&>>|<<<|&&|\|\||>>|<<|&>|>&|>\||;;|\n|[;&|<>()]", token)


def _separated(text: str) -> str:
    """Without comments and continued lines."""
    joined = text.replace("\\\n", " ")
    return (
        re.sub(r"(?m)(^|(?<=[\s;]))#[^\n]*$", "", joined)
        if "'" not in joined and '"' not in joined
        else _uncommented(joined)
    )


def _uncommented(text: str) -> str:
    """Without the comments that stand on lines of their own, outside of quotes."""
    kept, quote = [], ""
    for line in text.split("\n"):
        if not quote and line.lstrip().startswith("#"):
            continue
        kept.append(line)
        for character in line.replace("\\'", "").replace('\\"', ""):
            if quote:
                quote = "" if character == quote else quote
            elif character in "'\"":
                quote = character
    return "\n".join(kept)
