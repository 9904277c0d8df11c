"""Secrets taken out of run text before any of it is written.

Three nets, from certain to likely: values that the recorder knows to be secret (the environment that it hands
to the agent), credentials that their issuers made recognisable (``sk-ant-…``, ``ghp_…``), and values assigned to
a name that promises a secret (``DB_PASSWORD=…``, ``"api_key": "…"``). Recordings are evidence, so what merely
looks random (digests, uuids, base64) stays, and each replacement says what kind of secret stood there.

Every pattern starts with a literal and repeats no ambiguous group, so the time is linear in the text whatever
an agent writes. Issuers' formats: the public rules of gitleaks and of GitHub's secret scanning.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

MIN_SECRET = 8
"""Characters; a shorter known value would hit ordinary words."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """Text that may be written."""

    text: str
    count: int
    """Secrets replaced; 0 means ``text`` is the original."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """One way to tell a secret."""

    hint: str
    """A literal that stands in every match: ``in`` is ten times faster than any pattern."""
    pattern: re.Pattern[str]
    replace: Callable[[re.Match[str]], str | None]
    """What takes the place of a match; None leaves it."""


def _mark(kind: str) -> str:
    return f"[redacted:{kind}]"


def _whole(kind: str, hint: str, pattern: str) -> _Rule:
    """Everything that ``pattern`` matches is the secret."""
    mark = _mark(kind)
    return _Rule(hint, re.compile(pattern), lambda _: mark)


def _prefixed(kind: str, prefix: str, body: str) -> _Rule:
    """A credential that starts with ``prefix`` at the start of a word.

    The boundary stands behind the prefix as lookbehinds, so that the search is for the literal. A letter before
    the prefix is allowed where it ends an escape of JSON or of a URL (``\\nsk-…``, ``\\u003dsk-…``, ``%3Dsk-…``).
    """
    literal = re.escape(prefix)
    start = "|".join(
        (
            rf"(?<![A-Za-z0-9]{literal})",
            rf"(?<=\\[bfnrt]{literal})",
            rf"(?<=\\u00[0-9a-fA-F]{{2}}{literal})",
            rf"(?<=%[0-9A-Fa-f]{{2}}{literal})",
        )
    )
    return _whole(kind, prefix, f"{literal}(?:{start}){body}")


_CREDENTIALS: Final = (
    _whole(
        "private-key",
        "PRIVATE KEY",
        r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[A-Za-z0-9+/=:,.()\s\\]|-(?!----)){32,}(?:-----END [A-Z0-9 ]{0,64}-----)?",
    ),
    _prefixed("anthropic-key", "sk-ant-", r"[A-Za-z0-9_-]{20,}"),
    _prefixed("openrouter-key", "sk-or-", r"[A-Za-z0-9_-]{20,}"),
    _prefixed("openai-key", "sk-", r"(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{24,})"),
    _prefixed("huggingface-token", "hf_", r"[A-Za-z0-9]{30,}"),
    _prefixed("huggingface-token", "api_org_", r"[A-Za-z0-9]{30,}"),
    *(
        _prefixed("aws-key", prefix, r"[A-Z2-7]{16}(?![A-Za-z0-9])")
        for prefix in ("AKIA", "ASIA", "ABIA", "ACCA")
    ),
    _prefixed("google-key", "AIza", r"[A-Za-z0-9_-]{35}"),
    _prefixed("google-token", "ya29.", r"[A-Za-z0-9_-]{20,}"),
    *(_prefixed("github-token", f"gh{which}_", r"[A-Za-z0-9]{36,}") for which in "pousr"),
    _prefixed("github-token", "github_pat_", r"[A-Za-z0-9_]{22,}"),
    _prefixed("gitlab-token", "glpat-", r"[A-Za-z0-9_-]{20,}"),
    _prefixed("slack-token", "xox", r"[abeoprs]-[A-Za-z0-9-]{10,}"),
    _prefixed("slack-token", "xapp-", r"[A-Za-z0-9-]{20,}"),
    _whole("slack-webhook", "hooks.slack.com", r"hooks\.slack\.com/services/[A-Za-z0-9/]{20,}"),
    _prefixed("wandb-key", "wandb_v1_", r"[A-Za-z0-9_-]{20,}"),
    _prefixed("groq-key", "gsk_", r"[A-Za-z0-9]{40,}"),
    _prefixed("nvidia-key", "nvapi-", r"[A-Za-z0-9_-]{40,}"),
    _prefixed("pypi-token", "pypi-", r"AgEIcHlwaS5vcmc[A-Za-z0-9_-]{40,}"),
    _prefixed("npm-token", "npm_", r"[A-Za-z0-9]{36,}"),
    _prefixed("jwt", "eyJ", r"(?<![_-]eyJ)[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}"),
)


def _up_to(match: re.Match[str], group: str | int) -> str:
    """The part of the match before ``group``, which stands at its end."""
    return match[0][: match.start(group) - match.start()]


def _mixed(value: str) -> bool:
    """Letters and digits together: not a word, not a number."""
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _url_password(match: re.Match[str]) -> str:
    return f"://{match[1]}:{_mark('url-password')}@"


def _url_token(match: re.Match[str]) -> str | None:
    return f"://{_mark('url-token')}@" if _mixed(match[1]) else None


def _header_value(match: re.Match[str]) -> str | None:
    return _up_to(match, 1) + _mark("authorization") if _mixed(match[1]) else None


_TOKENS_OF_TEXT: Final = frozenset(
    [
        "additional",
        "begin",
        "bos",
        "cls",
        "control",
        "eos",
        "end",
        "first",
        "image",
        "last",
        "mask",
        "max",
        "min",
        "new",
        "next",
        "num",
        "pad",
        "page",
        "prev",
        "reserved",
        "sep",
        "separator",
        "special",
        "start",
        "stop",
        "think",
        "tool",
        "unk",
        "video",
        "audio",
    ]
)
"""Parts of names whose ``…_token`` is a word of a vocabulary or a page of results, not a credential."""

_TOKENS_OF_ACCESS: Final = frozenset(
    [
        "access",
        "api",
        "auth",
        "bearer",
        "bot",
        "github",
        "gh",
        "gitlab",
        "hf",
        "hub",
        "huggingface",
        "refresh",
        "session",
    ]
)
"""Parts of names whose ``…_token`` is a credential though it be short."""

_PLACEHOLDERS: Final = ("your", "dummy", "example", "placeholder", "changeme", "insert", "none", "null")

_SECRET_KEYS: Final = re.compile(r"(?i:api|secret|access|private|auth|account|service)[_-]?(?i:key)\Z")
_NAME_BEFORE: Final = re.compile(r"[A-Za-z0-9_-]{0,48}\Z")
_NAME_PARTS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

_VALUE: Final = (
    r"""(?:\\{0,3}["'](?P<quoted>[^"'\\\s]{8,})(?=\\{0,3}["'])"""
    r"""|(?P<bare>[A-Za-z0-9_\-./+~!@#%^&*:]{8,}={0,2}))"""
)
_ASSIGNS: Final = r"""(?:\\{0,3}["'])?\]?\s{0,3}(?::\s?str\s?)?(?P<sep>=>|:=|[:=])\s{0,3}"""
_FLAG: Final = (
    r"""--(?:[A-Za-z0-9]{1,20}[_-]){0,4}(?P<word>key|token|secret|password|passwd)"""
    r"""(?P<sep>\s{1,3}|\\{0,3}["'],\s{0,3}(?=\\{0,3}["']))"""
)


def _assigned(match: re.Match[str]) -> str | None:
    """The value of a name that promises a secret, unless it is a reference, a placeholder or a vocabulary's."""
    before = _NAME_BEFORE.search(match.string, max(0, match.start("word") - 48), match.start("word"))
    name = (before[0] if before else "") + match["word"]
    word, bare = match["word"].lower(), match["bare"] is not None
    value = match["bare"] or match["quoted"]
    if word == "key" and not _SECRET_KEYS.search(name):
        return None
    if value.lower().startswith(_PLACEHOLDERS) or (bare and _fetches(match)):
        return None
    parts = {part.lower() for part in _NAME_PARTS.findall(name)}
    if word == "token" and parts & _TOKENS_OF_TEXT:
        return None
    in_shell = bare and name.isupper() and match["sep"] == "="
    if not (in_shell or _credible(parts, word, value, bare=bare)):
        return None
    return _up_to(match, "bare" if bare else "quoted") + _mark(
        "password" if word.startswith("pass") else "secret"
    )


def _credible(parts: set[str], word: str, value: str, *, bare: bool) -> bool:
    """Whether ``value`` looks like a secret of that kind: a token is random, a quoted password need not be."""
    if word == "token":
        return _mixed(value) and len(value) >= (MIN_SECRET if parts & _TOKENS_OF_ACCESS else 16)
    if word.startswith("pass") and not bare:
        return value.lower() != word
    return _mixed(value)


def _fetches(match: re.Match[str]) -> bool:
    """Whether an unquoted value is code that fetches the secret: a call, an item, an attribute."""
    value, after = match["bare"], match.string[match.end() : match.end() + 1]
    head, dot, _ = value.partition(".")
    return (bool(after) and after in "([{$") or (bool(dot) and head.isidentifier() and not _mixed(head))


_CONTEXTS: Final = (
    _Rule(
        "://",
        re.compile(r"""://([^\s/:@'"<>\\]{0,128}):([^\s/@'"<>\\${}\[\]]{3,1024})@"""),
        _url_password,
    ),
    _Rule("://", re.compile(r"""://([A-Za-z0-9_-]{20,256})@"""), _url_token),
    *(
        _Rule(
            hint,
            re.compile(
                hint + r"""(?:\\{0,3}["'])?\s{0,3}[:=]\s{0,3}(?:\\{0,3}["'])?(?:[A-Za-z]{1,12}\s{1,3})?"""
                r"""([A-Za-z0-9._~+/=-]{16,})"""
            ),
            _header_value,
        )
        for hint in ("uthorization", "UTHORIZATION")
    ),
    *(
        _Rule(hint, re.compile(hint + r"(?:[ \t]{1,4}|%20)([A-Za-z0-9._~+/=-]{16,})"), _header_value)
        for hint in ("earer", "EARER")
    ),
    *(
        _Rule(spelled, re.compile(f"(?P<word>{spelled}){_ASSIGNS}{_VALUE}"), _assigned)
        for word in ("key", "secret", "token", "passwd", "password", "passphrase")
        for spelled in (word, word.upper(), word.title())
    ),
    _Rule("--", re.compile(_FLAG + _VALUE), _assigned),
)

_RULES: Final = (*_CREDENTIALS, *_CONTEXTS)

_SECRET_NAME: Final = re.compile(
    r"(?:^|_)(?:KEY|APIKEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PAT|CREDENTIALS?)(?:$|_\d+$|_BASE64$)"
)


def secret_values(environ: Mapping[str, str]) -> frozenset[str]:
    """Values of the environment variables whose name promises a secret, for :class:`Redactor`.

    Values under :data:`MIN_SECRET` characters, paths, and the signing-key fingerprint that Python's container
    images carry (``GPG_KEY``) are left out: they would blot ordinary text.
    """
    return frozenset(
        value
        for name, value in environ.items()
        if _SECRET_NAME.search(name.upper())
        and name != "GPG_KEY"
        and len(value) >= MIN_SECRET
        and not value.startswith("/")
    )


class Redactor:
    """Takes secrets out of text; immutable, so that any thread may use one."""

    def __init__(self, known_secrets: Iterable[str] = ()) -> None:
        """Besides the formats known here, remove ``known_secrets`` wherever they stand.

        Values under :data:`MIN_SECRET` characters are ignored. A value is also found as JSON and URLs escape it.
        """
        forms = {
            form
            for secret in known_secrets
            if len(secret.strip()) >= MIN_SECRET
            for form in (secret.strip(), json.dumps(secret.strip())[1:-1], quote(secret.strip(), safe=""))
        }
        self._known = tuple(sorted(forms, key=len, reverse=True))

    def redact(self, text: str) -> Redacted:
        """``text`` with every secret replaced by ``[redacted:KIND]``."""
        count = 0
        for secret in self._known:
            if secret in text:
                count += text.count(secret)
                text = text.replace(secret, _mark("known-secret"))
        for rule in _RULES:
            if rule.hint in text:
                text, replaced = _substitute(rule, text)
                count += replaced
        return Redacted(text, count)


def _substitute(rule: _Rule, text: str) -> tuple[str, int]:
    """Like ``subn``, but a match that the rule leaves alone is not counted."""
    count = 0

    def one(match: re.Match[str]) -> str:
        nonlocal count
        new = rule.replace(match)
        if new is None:
            return match[0]
        count += 1
        return new

    return rule.pattern.sub(one, text), count


_PLAIN: Final = Redactor()


def redact(text: str) -> Redacted:
    """``text`` without the secrets that can be told by their form alone."""
    return _PLAIN.redact(text)
