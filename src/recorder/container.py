"""A Docker container as what is recorded: found by name, armed for, started, awaited.

Whether it runs is read off its cgroup, not asked of the daemon, so that a recording survives a restart of the daemon.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import docker
from docker.errors import DockerException, NotFound

from recorder import cgroups
from recorder.source import Ending
from recorder.transcript.lines import MAX_LINE
from store.errors import BadInput, Unavailable

_PATIENCE_S = 10.0
"""How long to wait for the daemon's word on how a container ended."""


class Container:
    """One container, by name or id."""

    def __init__(self, name: str) -> None:
        """Find it; raises :class:`BadInput` where there is none, :class:`Unavailable` without a daemon."""
        try:
            self._client = docker.from_env()
            self._container: Any = self._client.containers.get(name)
            driver = self._client.info()["CgroupDriver"]
        except NotFound:
            raise BadInput(f"no container {name}: docker ps -a lists those there are") from None
        except DockerException as error:
            raise Unavailable(f"no Docker daemon answers ({_first_line(error)}); is it running?") from error
        if self._container.status not in ("created", "running", "paused"):
            raise BadInput(
                f"container {name} has {self._container.status}: create a new one, and record it before it starts"
            )
        self.was_running = self._container.status != "created"
        self.cgroup = self._running_cgroup() if self.was_running else self._future_cgroup(driver)

    @property
    def name(self) -> str:
        """As Docker shows it."""
        name: str = self._container.name
        return name

    @property
    def image(self) -> str:
        """Name of the image, or its id."""
        image: str = self._container.attrs["Config"]["Image"]
        return image

    @property
    def command(self) -> list[str]:
        """What it runs: entrypoint and arguments."""
        attributes = self._container.attrs
        return [attributes["Path"], *attributes["Args"]]

    @property
    def folder(self) -> str:
        """Its working directory, by its own names."""
        return self._container.attrs["Config"]["WorkingDir"] or "/"

    @property
    def pid(self) -> int:
        """The host's pid of its first process; 0 before it runs."""
        pid: int = self._container.attrs["State"]["Pid"]
        return pid

    @property
    def paused(self) -> bool:
        """Whether Docker was asked to hold it."""
        paused: bool = self._container.status == "paused"
        return paused

    @property
    def over(self) -> bool:
        """Whether no process is left in it."""
        return not cgroups.populated(self.cgroup)

    def start(self) -> None:
        """Let it run, unless it does."""
        if self.was_running:
            return
        try:
            self._container.start()
        except DockerException as error:
            raise BadInput(f"container {self.name} cannot be started: {_first_line(error)}") from error

    def follow(self, lines: Callable[[bytes], None]) -> "Output":
        """Read its output from the beginning, as whole lines; before :meth:`start`, where it does not run yet."""
        return Output(self._container, lines, logged=self.was_running)

    def reload(self) -> None:
        """Ask the daemon what it knows of it now."""
        self._container.reload()

    def events(self) -> Any:
        """The daemon's events about it from now on, an iterator of mappings that :meth:`close` of its own ends."""
        try:
            return self._client.events(filters={"container": self._container.id}, decode=True)
        except DockerException as error:
            raise Unavailable(f"the Docker daemon tells no events ({_first_line(error)})") from error

    def added(self, exec_id: str) -> tuple[int, list[str]]:
        """The host's pid and the arguments of what ``docker exec`` added."""
        told = self._client.api.exec_inspect(exec_id)
        process = told["ProcessConfig"]
        return int(told["Pid"] or 0), [process["entrypoint"], *(process["arguments"] or [])]

    def ending(self) -> tuple[Ending | None, bool]:
        """How it ended, None where the daemon does not say; and whether it was for want of memory."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            with suppress(DockerException, OSError):
                self._container.reload()
                state = self._container.attrs["State"]
                if not state["Running"]:
                    code = int(state["ExitCode"])
                    ending = Ending(None, code - 128) if code > 128 else Ending(code, None)
                    return ending, bool(state["OOMKilled"])
            time.sleep(0.1)
        return None, False

    def close(self) -> None:
        """Let go of the daemon."""
        self._client.close()

    def _running_cgroup(self) -> Path:
        found = cgroups.of_process(self.pid)
        if found == cgroups.unified_mount():
            raise Unavailable(
                f"container {self._container.name} has no cgroup of its own in the unified hierarchy: record it from its start"
            )
        return found

    def _future_cgroup(self, driver: str) -> Path:
        """The cgroup that its processes will be put in, made now, so that it can be watched before there are any."""
        parent = self._container.attrs["HostConfig"]["CgroupParent"] or "docker"
        folder: Path = cgroups.unified_mount() / parent.lstrip("/")
        if driver == "cgroupfs":
            folder /= self._container.id
        elif not cgroups.is_own_slice(parent):  # systemd makes the rest of the path when it starts
            raise Unavailable(
                f"Docker's cgroup driver is {driver}, which names the container's cgroup only when it starts: "
                "start the container, then record it"
            )
        folder.mkdir(parents=True, exist_ok=True)
        return folder


class Output:
    """A container's output on its way to a reader of lines."""

    def __init__(self, container: Any, lines: Callable[[bytes], None], *, logged: bool) -> None:
        """``logged``: begin with what Docker kept of its output, which a container may forbid."""
        self._lines = lines
        self._chunks: Iterable[bytes] = ()
        with suppress(DockerException, OSError):
            self._chunks = container.attach(stream=True, logs=logged, stdout=True, stderr=True)
        self._thread = Thread(target=self._read, name="ptb-container-output", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the end of the output."""
        self._thread.join(_PATIENCE_S)

    def _read(self) -> None:
        rest = b""
        with suppress(DockerException, OSError):  # the daemon went away: what came so far stands
            for chunk in self._chunks:
                whole, newline, rest = (rest + chunk).rpartition(b"\n")
                if newline:
                    self._lines(whole + newline)
                elif len(rest) > MAX_LINE:
                    self._lines(rest)
                    rest = b""
        if rest:
            self._lines(rest + b"\n")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
