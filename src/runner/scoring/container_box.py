"""An evaluation in a container of its own: no network, no privileges, nothing writable but what comes back."""

import io
import os
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.scoring.box import DRIVER, FLAGS, HUB_VARIABLE, JOB_VARIABLE, QUIET
from runner.scoring.environment import Environment
from runner.scoring.judge import Endpoint
from runner.scoring.layout import Layout
from runner.scoring.spec import Places, Spec
from store.errors import Unavailable
from store.jsonio import dumps

LABEL_JOB = "ptb.score.job"
LABEL_OWNER = "ptb.score.owner"
"""The process that started it, as :class:`store.owner.Owner`."""
EMPTY_IMAGE = "ptb-empty:1"
_TMP = "/tmp"  # noqa: S108  # in the container, on a tmpfs of its own
_INSIDE = Places(
    "/ptb/inside", "/ptb/model", "/ptb/harness/task", "/ptb/harness/templates", "/ptb/out", f"{_TMP}/work"
)
JUDGE_FOLDER = "/ptb/judge"
_HUB = "/ptb/hub"
_PATH = "/usr/local/bin:/usr/bin:/bin"
_LINKS = ("bin", "sbin", "lib", "lib64")
_MOST_PROCESSES = 4096
_SHARED_MEMORY = "2g"
_TEMPORARY = "size=8g,mode=1777,exec"
"""Harnesses compile and run there; it is memory, and counts against a limit on it."""
_NOBODY = 65534
_WORDS_TAIL = 20
_LOADER_CACHE = "/etc/ld.so.cache"


@dataclass(slots=True)
class ContainerBox:
    """A container with the pristine copies read-only."""

    client: Any
    """docker.DockerClient."""
    environment: Environment | None
    """A Python of this machine to lend it; None where the image has one."""
    image: str
    layout: Layout
    job_id: str
    device: str
    owner: str
    judge: Endpoint | None = None
    """The one endpoint that it shall reach."""
    hub_cache: Path | None = None
    """A Hugging Face home of this machine to show it."""
    threads: str | None = None
    name: str = ""
    _id: str | None = field(default=None)
    _stdin: Any = field(default=None)

    def __post_init__(self) -> None:
        """Name it after its attempt."""
        self.name = f"ptb-{self.job_id}-{self.layout.attempt}"

    @property
    def container(self) -> str | None:
        """Its name."""
        return self.name

    @property
    def places(self) -> Places:
        """By names that say nothing of the model: harnesses guess the model's family from its path."""
        return _INSIDE

    def start(self, spec: Spec, secrets: Mapping[str, str]) -> None:
        """Create it, connect its stdin, start it; raises :class:`Unavailable` where Docker refuses."""
        from docker.errors import DockerException

        self.layout.spec.write_bytes(dumps(spec))
        self.layout.spec.chmod(0o644)
        python = self.environment.executable if self.environment else "python3"
        api = self.client.api
        try:
            self._id = api.create_container(
                self.image,
                [python, *FLAGS, f"{_INSIDE.driver}/drive.py", "/ptb/spec.json"],
                name=self.name,
                user=f"{os.getuid() or _NOBODY}:{os.getgid() or _NOBODY}",
                stdin_open=True,
                working_dir=_TMP,
                environment=self._variables(),
                labels={LABEL_JOB: self.job_id, LABEL_OWNER: self.owner},
                host_config=self._host_config(),
            )["Id"]
            self._stdin = api.attach_socket(self._id, params={"stdin": 1, "stream": 1})
            api.start(self._id)
            getattr(self._stdin, "_sock", self._stdin).sendall(dumps(dict(secrets)) + b"\n")
        except (DockerException, OSError) as error:
            self.stop()
            raise Unavailable(f"no container to evaluate in: {_first_line(error)}") from error

    def poll(self) -> int | None:
        """The exit code; raises :class:`Unavailable` when the daemon or the container is gone."""
        from docker.errors import DockerException, NotFound

        try:
            state = self.client.api.inspect_container(self._id)["State"]
        except NotFound as error:
            raise Unavailable(f"the container {self.name} is gone: somebody removed it") from error
        except (DockerException, OSError) as error:
            raise Unavailable(f"Docker stopped answering: {_first_line(error)}") from error
        if state["Status"] in ("created", "running", "paused"):
            return None
        return int(state["ExitCode"])

    def last_words(self) -> str:
        """What Docker kept of its output."""
        with suppress(Exception):
            said: bytes = self.client.api.logs(self._id, tail=_WORDS_TAIL)
            return said.decode(errors="backslashreplace")
        return ""

    def stop(self) -> None:
        """Kill and remove it."""
        remove_containers(self.client, self.job_id)
        if self._stdin is not None:
            with suppress(OSError):
                self._stdin.close()

    def _variables(self) -> dict[str, str]:
        path = {"PATH": f"{Path(self.environment.executable).parent}:{_PATH}"} if self.environment else {}
        threads = {"OMP_NUM_THREADS": self.threads} if self.threads else {}
        return {
            **QUIET,
            **threads,
            **path,
            "HOME": _TMP,
            "USER": "ptb",
            "LOGNAME": "ptb",
            **({HUB_VARIABLE: _HUB} if self.hub_cache else {}),
            JOB_VARIABLE: self.job_id,
        }

    def _host_config(self) -> Any:
        from docker.types import DeviceRequest

        at = self.layout
        read_only = {
            str(DRIVER): _INSIDE.driver,
            str(at.model): _INSIDE.model,
            str(at.harness_root): str(Path(_INSIDE.harness).parent),
            str(at.spec): "/ptb/spec.json",
        }
        if self.environment:
            read_only |= {folder: folder for folder in self.environment.mounts}
            if Path(_LOADER_CACHE).exists():
                read_only[_LOADER_CACHE] = _LOADER_CACHE
        if self.judge:
            read_only[str(at.judge)] = JUDGE_FOLDER
        if self.hub_cache:
            read_only[str(self.hub_cache)] = _HUB
        binds = [f"{source}:{target}:ro" for source, target in read_only.items()]
        gpus = None
        if self.device != "cpu":
            gpus = [DeviceRequest(device_ids=self.device.split(","), capabilities=[["gpu"]])]
        return self.client.api.create_host_config(
            binds=[*binds, f"{at.out}:{_INSIDE.out}:rw"],
            network_mode="none",
            extra_hosts={self.judge.host: "127.0.0.1"} if self.judge else None,
            sysctls={"net.ipv4.ip_unprivileged_port_start": "0"} if self.judge else None,
            read_only=True,
            tmpfs={_TMP: _TEMPORARY},
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            pids_limit=_MOST_PROCESSES,
            shm_size=_SHARED_MEMORY,
            device_requests=gpus,
            ipc_mode="private",
            init=False,
            log_config={"Type": "json-file", "Config": {"max-size": "1m", "max-file": "1"}},
        )


def connect() -> Any:
    """Docker's daemon; raises :class:`Unavailable` where none answers."""
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env()
        client.ping()
    except (DockerException, OSError) as error:
        raise Unavailable(
            f"no Docker daemon answers ({_first_line(error)}): start it, or use --sandbox process, which isolates nothing"
        ) from error
    return client


def empty_image(client: Any) -> str:
    """An image with nothing in it but the links that the host's own programs expect; made where it is missing."""
    from docker.errors import ImageNotFound

    try:
        client.images.get(EMPTY_IMAGE)
    except ImageNotFound:
        client.api.import_image_from_data(_empty_root(), *EMPTY_IMAGE.split(":"))
    return EMPTY_IMAGE


def remove_containers(client: Any, job_id: str) -> int:
    """Kill and remove the containers of a job; how many there were."""
    from docker.errors import DockerException

    found = client.api.containers(all=True, filters={"label": f"{LABEL_JOB}={job_id}"})
    for container in found:
        with suppress(DockerException):
            client.api.remove_container(container["Id"], force=True, v=True)
    return len(found)


def remove_orphans(client: Any) -> int:
    """Remove the containers of jobs whose process is gone, however that came to be; how many there were."""
    from store.decode import decode
    from store.jsonio import loads
    from store.owner import Owner

    count = 0
    for container in client.api.containers(all=True, filters={"label": LABEL_OWNER}):
        with suppress(ValueError):
            owner = decode(Owner, loads(container["Labels"][LABEL_OWNER]), "owner")
            if owner.alive is False:
                count += remove_containers(client, container["Labels"][LABEL_JOB])
    return count


def _empty_root() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name in _LINKS:
            if (path := Path("/", name)).is_symlink():
                link = tarfile.TarInfo(name)
                link.type, link.linkname = tarfile.SYMTYPE, os.readlink(path)
                tar.addfile(link)
        for name in ("usr", "tmp", "etc", "proc", "ptb"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(folder)
    return data.getvalue()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
