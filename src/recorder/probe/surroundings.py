"""What a run needs around it: Docker and cgroups for the sandbox, engines for scoring, agents, room on the disk."""

import json
import os
import re
import shutil
import socket
import subprocess
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from recorder.probe.capability import Area, Capability, State
from store.library import runs_folder

_DOCKER: Final = "unix:///var/run/docker.sock"
_PATIENCE_S: Final = 3.0
_VERSION_PATIENCE_S: Final = 20.0
_LONGEST_REPLY: Final = 1 << 20

_ENGINES: Final = {
    "torch": "runs the models of both engines",
    "transformers": "scores on a CPU or a GPU",
    "vllm": "scores on a GPU, many times faster",
    "inspect_ai": "runs the benchmarks' tasks",
}
_AGENTS: Final = {
    "claude": "@anthropic-ai/claude-code",
    "codex": "@openai/codex",
    "gemini": "@google/gemini-cli",
    "opencode": "opencode-ai",
}
_VERSION: Final = re.compile(r"\d+\.\d+[^\s()]{0,40}")

_ROOM_NEEDED: Final = 5 << 30
"""A ten-hour run: 10 M events at 8 bytes, and at most 4 GiB of file contents."""


def docker() -> Capability:
    """The daemon, by asking it for its version."""
    address = os.environ.get("DOCKER_HOST", _DOCKER)
    if not address.startswith("unix://"):
        why = f"DOCKER_HOST is {address}; only a local daemon can be recorded, and only a socket is tried"
        return Capability(Area.SANDBOX, "Docker", State.UNKNOWN, why, fix="unset DOCKER_HOST")
    path = address.removeprefix("unix://")
    try:
        reply = _ask_docker(path)
        found = json.loads(reply.partition(b"\r\n\r\n")[2])["Version"]
    except FileNotFoundError:
        why, fix = f"no daemon: {path} is not there", "apt-get install docker.io, then start dockerd"
    except PermissionError:
        why, fix = f"{path} is not open to this user", "usermod -aG docker $USER, then log in again"
    except (OSError, ValueError, KeyError, TypeError) as error:
        why, fix = f"{path} does not answer as Docker does ({type(error).__name__})", "start dockerd"
    else:
        return Capability(Area.SANDBOX, "Docker", State.WORKS, f"Docker {found} answers at {path}")
    return Capability(Area.SANDBOX, "Docker", State.FAILS, why, fix=fix)


def docker_events() -> Capability:
    """The last rung of the ladder for a container."""
    found = docker()
    why = (
        "tells when a container's command and what docker exec adds begin and end"
        if found.state is State.WORKS
        else found.why
    )
    return Capability(
        Area.CAPTURE,
        "Docker events",
        found.state,
        why,
        "nothing measurable",
        "what those commands start, read, write or connect to",
        found.fix,
    )


def _ask_docker(path: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_PATIENCE_S)
        connection.connect(path)
        connection.sendall(b"GET /version HTTP/1.0\r\nHost: docker\r\n\r\n")
        reply = b""
        while len(reply) < _LONGEST_REPLY and (part := connection.recv(1 << 16)):
            reply += part
    return reply


def cgroups() -> Capability:
    """The unified hierarchy, by which a container is recorded from its first instruction."""
    fix = "boot with systemd.unified_cgroup_hierarchy=1"
    try:
        mounts = Path("/proc/self/mountinfo").read_text("latin-1").splitlines()
    except OSError:
        return Capability(Area.SANDBOX, "cgroup v2", State.FAILS, "only Linux has cgroups")
    for line in mounts:
        fields, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            folder = fields.split()[4]
            writable = os.access(folder, os.W_OK)
            why = f"mounted at {folder}" + ("" if writable else ", not writable for this user")
            if writable:
                return Capability(Area.SANDBOX, "cgroup v2", State.WORKS, why)
            return Capability(Area.SANDBOX, "cgroup v2", State.FAILS, why, fix="run ptb as root")
    return Capability(Area.SANDBOX, "cgroup v2", State.FAILS, "no unified hierarchy is mounted", fix=fix)


def engines() -> list[Capability]:
    """Packages that scoring uses; found, not imported."""
    return [_engine(module, use) for module, use in _ENGINES.items()]


def _engine(module: str, use: str) -> Capability:
    package = module.replace("_", "-")
    if find_spec(module) is None:
        why = f"not installed in this Python; {use}"
        return Capability(Area.SCORING, package, State.FAILS, why, fix=f"pip install {package}")
    try:
        found = version(package)
    except PackageNotFoundError:
        found = "of unknown version"
    return Capability(Area.SCORING, package, State.WORKS, f"{found}; {use}")


def agent(name: str) -> Capability:
    """An agent's command line, by asking it for its version."""
    path = shutil.which(name)
    fix = f"npm install -g {_AGENTS[name]}"
    if path is None:
        return Capability(Area.AGENTS, name, State.FAILS, "not on PATH", fix=fix)
    try:
        done = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_VERSION_PATIENCE_S,
            check=False,
            env={**os.environ, "DISABLE_AUTOUPDATER": "1"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = f"{path} does not tell its version ({type(error).__name__})"
        return Capability(Area.AGENTS, name, State.UNKNOWN, why, fix=fix)
    if done.returncode != 0:
        why = f"{path} --version ends with {done.returncode}"
        return Capability(Area.AGENTS, name, State.FAILS, why, fix=fix)
    found = _VERSION.search(done.stdout)
    return Capability(Area.AGENTS, name, State.WORKS, f"{found[0] if found else 'unknown version'} at {path}")


def agents() -> tuple[str, ...]:
    """The agents that :func:`agent` knows."""
    return tuple(_AGENTS)


def disk() -> Capability:
    """Room where runs are kept."""
    folder = runs_folder()
    existing = next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))
    fix = "set PTB_RUNS to a folder on a larger disk"
    try:
        free = shutil.disk_usage(existing).free
    except OSError as error:
        return Capability(Area.STORAGE, "disk", State.UNKNOWN, f"{existing}: {error.strerror}", fix=fix)
    room = f"{free / 2**30:.1f} GiB free for {folder}"
    if not os.access(existing, os.W_OK):
        return Capability(Area.STORAGE, "disk", State.FAILS, f"{existing} is not writable", fix=fix)
    if free < _ROOM_NEEDED:
        why = f"{room}; a ten-hour run may take {_ROOM_NEEDED >> 30} GiB"
        return Capability(Area.STORAGE, "disk", State.FAILS, why, fix=fix)
    return Capability(
        Area.STORAGE, "disk", State.WORKS, room, "8 bytes an event, and at most 4 GiB of file contents a run"
    )
