"""Who asked a hosted model, as commands and the programs that they ran tell: tools, clients, relays and the judge.

A program is taken by what it calls with, wherever that comes from: its text, the words and variables of its command, or a
settings file that it names. An address of this machine speaks for it, unless that is only where it listens.
"""

import ast
import posixpath
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from review.addressed import Addressed, addressed, unpacked
from review.commands.acts import told_acts
from review.commands.issued import Issued, issued
from review.commands.programs import Program, programs, scripts_of
from review.commands.shell.simple import Simple
from review.detector import RunView
from review.hosted import hosted
from review.processes import ProcessTree
from review.roles import roles
from review.sql_literals import text_list
from review.versions import recorded_versions

_CARRIERS = frozenset(
    {"curl", "wget", "http", "https", "xh", "httpie", "curlie", "lynx", "w3m", "aria2c", "grpcurl", "hurl", "websocat",
     "socat", "ssh", "autossh", "nc", "ncat", "netcat", "telnet", "openssl", "mitmdump", "mitmproxy", "stunnel", "gost",
     "litellm", "caddy"}
)  # fmt: skip
"""Programs that take what they are given to an address."""
_RELAYS = frozenset(
    {"socat", "ssh", "autossh", "mitmdump", "mitmproxy", "stunnel", "gost", "litellm", "caddy"}
)
"""Those that serve others with it."""
_PROBES = re.compile(r"(^|\s)(-I|--head|-[a-z]*I[a-z]*|-z\S*|--spider)(\s|$)|/v1/models/?(\s|$)|/dev/null")
_SENDS = re.compile(
    r"(^|\s)(-d|--data\S*|--json|-F|--form|-T|-K|--config|--post-\S+|--body-\S+|@\S+|-X\s*POST|POST)(\s|=|$)|="
)
_BASE_URL = re.compile(r"\w*(BASE_URL|API_BASE|ENDPOINT|API_HOST|API_URL|BASE_URI)|OPENAI_HOST|OLLAMA_HOST")
_MODEL_OPTION = re.compile(
    r"(?i)^--?(m|model|model[-_]name|llm|teacher|generator|(teacher|generator|llm)[-_]\w+)$"
)
_SETTINGS = re.compile(
    r"(^|/)(\.env[\w.]*|[^/]+\.(env|ya?ml|toml|json|ini|cfg|conf|txt|sh|properties)|[^/.]+)$"
)
_LARGEST_SETTINGS = 1 << 16
_BY_NAME = re.compile(
    r"(?mi)^\s*from\s+[\w.]*\bevaluate\s+import\s+.*(judg|grad)|^\s*import\s+evaluate\b(?s:.*)\.\w*(judg|grad)\w*\("
)
_TAKEN_FROM_GRADER = re.compile(
    r"(?m)^\s*(from\s+[\w.]*\bevaluate\s+import\b|import\s+evaluate\b)|import_module\(\s*['\"][\w.]*evaluate['\"]"
    r"|__import__\(\s*['\"]evaluate['\"]|evaluate\.py['\"]"
)
_COPY = 0.5
"""Share of a program's lines that stand in evaluate.py, from which it is a copy of it."""


@dataclass(frozen=True, slots=True)
class HostedUse:
    """A hosted model's use by one program or tool."""

    subject: str
    what: str
    program: str
    """Its name."""
    version_seq: int | None
    by: tuple[Issued, ...]
    serves: bool = False
    """It hands on what others on this machine ask."""


def hosted_uses(run: RunView) -> list[HostedUse]:
    """All that commands, programs and processes tell of."""
    return [*_tools(run), *_written(run)]


def _tools(run: RunView) -> Iterator[HostedUse]:
    """Tools of hosted models, and what carries words to an address that is such a model's."""
    found: dict[tuple[str, str], list[Issued]] = {}
    for one, simple in _simples(run):
        if (told := _did(simple)) is not None:
            found.setdefault(told, []).append(one)
    known = run.once(ProcessTree.of).with_descendants(
        {one.process_id for by in found.values() for one in by if one.process_id}
    )
    for one, simple in _executed(run):
        if one.process_id not in known and (told := _did(simple)) is not None:
            found.setdefault(told, []).append(one)
    for (program, did), by in found.items():
        subject = f"{program} {did}"
        yield HostedUse(subject, subject, program, None, tuple(dict.fromkeys(by)), program in _RELAYS)


def _simples(run: RunView) -> Iterator[tuple[Issued, Simple]]:
    """Simple commands that may be such, as they stand there and with their variables put in."""
    trigger = _trigger()
    acts = {act.seq: act for act in run.once(told_acts).acts}
    for one in issued(run):
        act = acts.get(one.seq)
        words = [words for words in (act.effects.simple if act else []) if trigger.search(" ".join(words))]
        if not words and not trigger.search(one.text):
            continue
        settings = [pair for simple in one.simples for pair in simple.assignments]
        if any(_BASE_URL.fullmatch(name) and hosted().local.search(value) for name, value in settings):
            continue
        for simple in (*one.simples, *map(Simple, words)):
            yield one, simple


def _executed(run: RunView) -> Iterator[tuple[Issued, Simple]]:
    """Programs of that name that processes became, the scaffold's own and evaluate.py's aside."""
    argvs = [argv for argv in run.texts(rf"(^|/)({hosted().names})(\.js|\.mjs)? ") if len(argv) < 1 << 16]
    if not argvs:
        return
    tree = run.once(ProcessTree.of)
    spared = tree.evaluations(run.manifest.facts.root) | roles(run).own
    rows = run.query(
        f"SELECT seq, argv, cwd, process_id FROM execs WHERE error IS NULL AND argv IN {text_list(argvs)} ORDER BY seq"
    )
    for seq, argv, cwd, process_id in rows:
        process = tree.get(process_id)
        if process is not None and process_id not in spared:
            yield Issued(seq, argv, cwd, "", None, None, process_id), Simple(process.argv)


def _trigger() -> re.Pattern[str]:
    words = "|".join(sorted(map(re.escape, _CARRIERS)))
    return re.compile(
        rf"(?i){hosted().names}|\b({words})\b|/dev/tcp/|--?\w*(model|teacher|llm|generator)\b|\s-m\s"
    )


def _did(simple: Simple) -> tuple[str, str] | None:
    """The program and what it did, where it asked a hosted model."""
    known = hosted()
    if tool := known.tool_asked(simple):
        return tool, "was asked"
    words = " ".join((*simple.arguments, *simple.reads, *simple.writes))
    texts = [words, *unpacked(words)]
    raw = re.search(r"/dev/tcp/([\w.-]+)", words)
    if raw and known.host.search(raw[1]):
        return "the shell", f"called {raw[1].lower()}"
    if simple.program in _CARRIERS and (host := known.elsewhere(texts)):
        asks = (
            _SENDS.search(words)
            or any(map(known.request.search, texts))
            or simple.program not in ("curl", "wget")
        )
        if asks and not (_PROBES.search(words) and not any(map(known.request.search, texts))):
            return simple.program, f"called {host}"
    if (
        simple.program
        and not scripts_of(simple)
        and simple.program not in ("vllm", "sglang", "git", "pip", "echo", "grep")
    ):
        for option, value in _options(simple):
            if _MODEL_OPTION.match(option) and "-" in value and known.model.search(value):
                return simple.program, f"asked the hosted model {value}"
    return None


def _options(simple: Simple) -> Iterator[tuple[str, str]]:
    for place, word in enumerate(simple.arguments):
        name, equals, value = word.partition("=")
        if equals:
            yield name, value
        elif place + 1 < len(simple.arguments):
            yield word, simple.arguments[place + 1]


def _written(run: RunView) -> Iterator[HostedUse]:
    """Programs of the agent's own that call a hosted model."""
    grader = run.once(_grader)
    for program in programs(run):
        if not program.ran or grader.is_in(program):
            continue
        told = addressed(program.text)
        if (what := _calls(run, program, told, grader)) is not None:
            subject = program.path or f"{program.name} {program.ran[0].shown}"
            yield HostedUse(
                subject,
                f"{program.name} called {what}",
                program.name,
                program.version_seq,
                program.ran,
                told.listens,
            )


def _calls(run: RunView, program: Program, told: Addressed, grader: "_Grader") -> str | None:
    """Whom it calls, for people; None where it calls no hosted model."""
    known, text = hosted(), program.text
    if grader.judge_in(text):
        return "the benchmark's judge"
    client, vendor = known.client.search(text), known.vendor.search(text)
    if not (client or vendor or known.call.search(text)):
        return None
    if host := known.elsewhere(one for one in told.host_headers if known.host.search(one)):
        return host
    around = list(_around(run, program, told))
    if any(map(known.local.search, around)):
        return None  # a server on this machine
    if host := known.elsewhere([*told.given, *around]):
        return None if any(map(known.local.search, told.given)) and not told.listens and not around else host
    if any(map(known.local.search, told.given)):
        return None
    given = [*told.given, *around]
    asks = client or any(
        known.request.search(one) or one in ("messages", "prompt", "contents") for one in given
    )
    model = next((one for one in given if known.model.search(one)), None)
    if model and asks:
        return f"the hosted model {model}"
    if vendor and not re.search(r"base_url|api_base|endpoint_url", text):
        return f"a hosted model by {re.sub(r'[^A-Za-z0-9_.@/-]', '', vendor[0])}"
    return None


def _around(run: RunView, program: Program, told: Addressed) -> Iterator[str]:
    """What its commands give it: words, variables, and settings files that it or they name."""
    named = {posixpath.basename(one) for one in told.given if len(one) < 200 and _SETTINGS.search(one)}
    if "dotenv" in program.text:
        named.add(".env")
    for one in program.ran:
        for simple in one.simples:
            yield from (value for _, value in simple.assignments)
            if scripts_of(simple):
                yield from simple.arguments
            named |= {
                posixpath.basename(word)
                for word in (*simple.arguments, *simple.reads)
                if _SETTINGS.search(word)
            }
    own = posixpath.basename(program.path or "")
    for name, text in run.once(_settings):
        if name in named and name != own:
            yield from addressed_settings(text)


def addressed_settings(text: str) -> list[str]:
    """What a settings file gives, without its comments."""
    plain = re.sub(r"(?m)(^|\s)(#|//|;).*$", "", text)
    return [*re.findall(r"[^\s'\"=,{}\[\]<>|]+", plain), *unpacked(plain)]


def _settings(run: RunView) -> list[tuple[str, str]]:
    """Small texts of the run that may be settings, by name."""
    found = [
        (posixpath.basename(version.path), version.text)
        for version in run.once(recorded_versions)
        if version.text and len(version.text) <= _LARGEST_SETTINGS and _SETTINGS.search(version.path)
    ]
    for act in run.once(told_acts).acts:
        found += [
            (posixpath.basename(name), text)
            for name, text in act.effects.contents.items()
            if len(text) <= _LARGEST_SETTINGS and _SETTINGS.search(name)
        ]
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Grader:
    """The benchmark's own evaluate.py."""

    path: str
    lines: frozenset[str]
    asking: frozenset[str]
    """Its functions that call a hosted model, directly or not."""

    def is_in(self, program: Program) -> bool:
        """Whether the program is it, or a copy of it."""
        if program.path in (self.path, "evaluate.py"):
            return True
        lines = _lines(program.text)
        return bool(lines) and len(lines & self.lines) >= _COPY * len(lines)

    def judge_in(self, text: str) -> bool:
        """Whether a program takes its judge and asks it."""
        if _BY_NAME.search(text):
            return True
        if not self.asking or not _TAKEN_FROM_GRADER.search(text):
            return False
        return re.search(rf"\b({'|'.join(map(re.escape, sorted(self.asking)))})\b", text) is not None


def _grader(run: RunView) -> _Grader:
    path = f"{run.manifest.facts.root or ''}/evaluate.py"
    texts = [version.text or "" for version in run.once(recorded_versions) if version.path == path]
    lines = frozenset(line for text in texts for line in _lines(text))
    return _Grader(path, lines, frozenset(name for text in texts for name in _asking(text)))


def _asking(text: str) -> set[str]:
    """Functions that call over the network, and those that call these; the program's own beginning aside."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    bodies = {
        node.name: ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name not in ("main", "__init__")
    }
    known = hosted()
    found = {
        name
        for name, body in bodies.items()
        if known.client.search(body) or known.vendor.search(body) or known.call.search(body)
    }
    while found and (more := {n for n, body in bodies.items() if n not in found and _mentions(body, found)}):
        found |= more
    return found


def _mentions(body: str, names: Iterable[str]) -> bool:
    return re.search(rf"\b({'|'.join(map(re.escape, names))})\(", body) is not None


def _lines(text: str) -> frozenset[str]:
    return frozenset(line.strip() for line in text.splitlines() if len(line.strip()) > 3)
