"""``ptb serve``: the app reaches a browser of whoever started it, and nobody else."""

import asyncio
import http.cookiejar
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

aiohttp = pytest.importorskip("aiohttp", reason="aiohttp is not installed (pip install 'ptb[serve]')")
pytest.importorskip("textual_serve", reason="textual-serve is not installed (pip install 'ptb[serve]')")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "ptb_tui", "serve", "--port", "0"],
        env={**os.environ, "PTB_RUNS": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    told = process.stderr.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", told)
    assert found, told
    yield found[0]
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def fetch(address: str, **headers: str) -> int:
    request = urllib.request.Request(address, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_only_the_printed_address_opens_the_app(address: str) -> None:
    bare = address.partition("?")[0]
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)
    with browser.open(address, timeout=60) as page:
        assert b"textual" in page.read()
    with browser.open(bare, timeout=60) as page:
        assert page.status == 200
    assert fetch(bare) == 403
    assert fetch(f"{bare}?token=guess") == 403
    assert fetch(f"{bare}ws") == 403
    assert fetch(address, Host="evil.example") == 403
    assert fetch(address, Origin="http://evil.example") == 403


def test_the_app_paints_in_the_browser(address: str) -> None:
    async def first_words() -> str:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            async with browser.get(address) as page:
                assert page.status == 200
            seen = b""
            async with browser.ws_connect(f"{address.partition('?')[0]}ws?width=100&height=30") as app:
                while b"no runs" not in seen:
                    message = await app.receive(timeout=60)
                    assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT)
                    seen += message.data if isinstance(message.data, bytes) else b""
            return seen.decode(errors="replace")

    assert "no runs" in asyncio.run(first_words())


def test_a_port_in_use_is_told(address: str, tmp_path: Path) -> None:
    port = address.split(":")[2].partition("/")[0]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ptb_tui", "serve", "--port", port],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert f"port {port} cannot be had" in done.stderr
    assert "Traceback" not in done.stderr
