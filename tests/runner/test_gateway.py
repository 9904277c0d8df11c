"""The proxy that answers inside a sandbox under ``--network allowlist``."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runner.sandbox.gateway import is_allowed
from tests.runner.ptb import SOURCE

PROGRAM = Path(__file__).parent / "programs" / "through_gateway.py"


@pytest.mark.parametrize(
    ("host", "port", "allowed"),
    [
        ("api.example.org", 443, True),
        ("API.Example.org.", 443, True),
        ("api.example.org", 22, False),
        ("evil-api.example.org", 443, False),
        ("api.example.org.evil.net", 443, False),
        ("deep.down.example.net", 443, True),
        ("example.net", 443, False),
        ("notexample.net", 443, False),
        ("", 443, False),
    ],
)
def test_a_host_is_named_exactly_or_lies_below_a_star(host: str, port: int, allowed: bool) -> None:
    assert is_allowed(host, port, ("api.example.org", "*.example.net")) is allowed


@pytest.mark.root
def test_named_hosts_are_reached_by_request_and_by_tunnel_and_no_others() -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a network namespace needs root and unshare")
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-P", PROGRAM],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "plain /page?a=1 localhost None",
        "tunnel /inside localhost None",
        "http://127.0.0.1/ 403",
        "http://localhost.example/ 403",
        "http://localhost:8080/ 403",
        "True 127.0.0.1:80 localhost.example:80 localhost:8080",
        "False localhost:80 localhost:80",
        "all 0 True",
    ]
