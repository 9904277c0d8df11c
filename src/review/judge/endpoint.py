"""A server that speaks the OpenAI chat protocol: a local vLLM, llama.cpp, or a hosted one.

``POST {endpoint}/chat/completions`` with ``model``, ``messages``, ``temperature`` and ``seed``; the answer is
``choices[0].message.content`` (OpenAI API reference, "Create chat completion").
"""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

from store.errors import BadInput, Unavailable
from store.jsonio import loads
from store.plain import clip, plain

_LONGEST_REPLY = 1 << 20
"""Bytes; more than any answer that is asked for."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask, and whom."""

    url: str
    """Up to and without ``/chat/completions``, such as ``http://127.0.0.1:8000/v1``."""
    model: str
    key: str | None = None
    """Sent as bearer token; never written anywhere."""
    timeout_s: float = 120.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises :class:`BadInput` for an address that is no http one."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(
                f"{self.url!r} is no address of a server: give one such as http://127.0.0.1:8000/v1"
            )

    def ask(self, instructions: str, question: str) -> str:
        """The model's reply; raises :class:`Unavailable` where there is none in time."""
        body = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": instructions},
                {"role": "user", "content": question},
            ],
            "temperature": 0,
            "seed": self.seed,
        }
        request = urllib.request.Request(  # noqa: S310 - only http and https, see __post_init__
            f"{self.url.rstrip('/')}/chat/completions",
            data=json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                **({"Authorization": f"Bearer {self.key}"} if self.key else {}),
            },
        )
        try:
            with _OPENER.open(request, timeout=self.timeout_s) as response:
                data: bytes = response.read(_LONGEST_REPLY + 1)
        except urllib.error.HTTPError as error:
            told = clip(plain(error.read(400).decode(errors="replace")), 200)
            raise Unavailable(f"{self.url} answered {error.code}: {told}") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise Unavailable(f"{self.url} gives no answer: {plain(str(reason))}") from error
        if len(data) > _LONGEST_REPLY:
            raise Unavailable(f"{self.url} answered more than {_LONGEST_REPLY} bytes")
        return self._content(data)

    def _content(self, data: bytes) -> str:
        try:
            content = loads(data)["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError) as error:
            raise Unavailable(f"{self.url} answers, but not as a chat completion") from error
        if not isinstance(content, str):
            raise Unavailable(f"{self.url} answered without text")
        return content


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key, and the evidence, to another server."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
