"""An agent in a Docker container: limits, a read-only root, disks of its own, recorded from its first instruction.

The credentials go in over the container's standard input, because Docker writes the environment that it is told of to its
own disk; Docker keeps no log of the output either, which may hold them.
"""

import os
import socket
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException, ImageNotFound
from docker.types import DeviceRequest, Ulimit
from docker.types import Mount as Bind

from recorder.cgroups import own_slice
from recorder.container_recording import ContainerPlan, record_container
from recorder.time_limit import TimeLimit
from recorder.watchdog.reaction import Reaction
from runner.final_model import keep_model
from runner.sandbox.disks import USER, Disks, make_disks
from runner.sandbox.network import Net
from runner.sandbox.place import Place
from runner.sandbox.plan import HOME, TASK, Finished, Limits, Mount, RunPlan
from runner.sandbox.reaper import LABEL, clear, reap
from runner.sandbox.warden import start_warden
from runner.task_folder import FINAL_MODEL, lay_home, lay_task
from store.errors import BadInput, Unavailable

_GIB = 1 << 30
_CACHE = f"{HOME}/hf_cache"
_GOODBYE_S = 30.0
_NOT_FOUND = 127
"""The shell's exit code for a program that it does not find."""
_LAUNCH = """while IFS= read -r line && [ -n "$line" ]; do export "$line"; done
"$@" </dev/null
exit $?"""
"""The first process: takes the keys, starts the agent, reaps orphans; as the first one it is deaf to SIGTERM."""


def run_in_container(plan: RunPlan, image: str, note: Callable[[str], None]) -> Finished:
    """Run an agent in a container of ``image``; raises :class:`store.errors.PtbError` where that cannot be done.

    Nothing of the sandbox stays, whatever happens: a warden clears it when this process dies, and whoever runs an agent
    next when the warden died, too.
    """
    if os.geteuid() != 0:
        raise Unavailable("the sandbox's disks and its recording need root; --sandbox process does not")
    try:
        client = docker.from_env()
        client.images.get(image)
    except ImageNotFound:
        raise BadInput(f"no image {image}: docker build it from runner/images, or see --image") from None
    except DockerException as error:
        raise Unavailable(
            f"no Docker daemon answers ({str(error).splitlines()[0]}); is it running?"
        ) from error
    for name in reap(client):
        note(f"cleared what an earlier run left: {name}")
    place = Place.create(plan.run_id, plan.folder)
    warden = start_warden(place.folder)
    try:
        return _run(client, plan, image, place, note)
    except DockerException as error:
        raise Unavailable(f"Docker refuses the sandbox: {str(error).splitlines()[0]}") from error
    finally:
        for one in clear(client, place):
            note(f"could not be cleared, and is tried again by the next run: {one}")
        with suppress(subprocess.TimeoutExpired):
            warden.wait(_GOODBYE_S)
        client.close()


def _run(client: Any, plan: RunPlan, image: str, place: Place, note: Callable[[str], None]) -> Finished:
    disks = make_disks(place, plan.limits, plan.model_cache)
    lay_task(disks.home / "task", plan.harness, plan.task.limit_s, fixed=False)
    lay_home(disks.home, plan.agent.home_files(plan.environment))
    _make_places(disks.home, plan.mounts)
    _give_to_agent(disks.home)
    labels = {LABEL: str(place.folder)}
    name = f"ptb-{plan.run_id}"
    net = Net(client, name, labels, plan.network, plan.agent.hosts)
    try:
        net.open(image)
        container = client.containers.create(
            image,
            ["/bin/sh", "-c", _LAUNCH, "sh", *plan.argv],
            entrypoint=[],
            name=name,
            labels={**labels, "ptb.role": "agent"},
            user=f"{USER}:{USER}",
            working_dir=TASK,
            environment={**_environment(disks), **net.environment, **plan.environment},
            stdin_open=True,
            network_mode=net.mode,
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true", f"seccomp={_seccomp()}"],
            ipc_mode="private",
            cgroup_parent=own_slice(plan.run_id) if client.info()["CgroupDriver"] == "systemd" else None,
            log_config={"type": "none"},
            ulimits=[Ulimit(name="core", soft=0, hard=0)],  # a dump is handled outside of the container
            mounts=_mounts(plan, disks),
            tmpfs={"/run": "size=64m,nosuid,nodev"},
            device_requests=[DeviceRequest(device_ids=list(plan.gpus), capabilities=[["gpu"]])]
            if plan.gpus
            else None,
            **_limits(plan.limits),
        )
        _hand_over(container, plan)
        held = f"docker: {_described(plan.limits)}; {net.description}"
        if plan.gpus:
            held += f"; GPU {', '.join(plan.gpus)}"
        facts = replace(
            plan.task.facts(plan.agent, plan.agent_model, plan.job),
            image=image,
            sandbox=held,
            command=" ".join(plan.argv),
        )
        outcome = record_container(
            ContainerPlan(
                container.name,
                plan.folder,
                facts,
                plan.agent.transcript,
                on_death=Reaction.KILL,
                secrets=plan.keys.secrets,
                time_limit=TimeLimit(plan.task.limit_s),
                run_id=plan.run_id,
                witnesses=net.witnesses,
                proxy=net.proxy,
            ),
            note,
        )
        container.remove(force=True, v=True)
        if outcome.exit_code == _NOT_FOUND:
            note(_missing(plan, image))
    finally:
        net.close(note)
    return Finished(outcome, keep_model(disks.final_model, outcome.folder))


def _missing(plan: RunPlan, image: str) -> str:
    package = f" (npm install --global {plan.agent.package})" if plan.agent.package else ""
    return f"exit code 127: is there a {plan.argv[0]} in {image}{package}, or under --mount on its PATH?"


def _hand_over(container: Any, plan: RunPlan) -> None:
    """Send the keys; they wait in the daemon's memory until the container reads them."""
    stream = container.attach_socket(params={"stdin": 1, "stream": 1})
    wire: socket.socket = stream._sock  # noqa: SLF001  # docker-py wraps it into a file that cannot be half closed
    lines = [f"{name}={value}\n" for name, value in plan.keys.values.items()]
    wire.sendall("".join([*lines, "\n"]).encode())
    wire.shutdown(socket.SHUT_WR)


def _mounts(plan: RunPlan, disks: Disks) -> list[Bind]:
    writable = [
        (disks.home, HOME),
        (disks.temporary, "/tmp"),  # noqa: S108  # the container's own
        (disks.final_model, f"{TASK}/{FINAL_MODEL}"),
        *([(disks.model_cache, _CACHE)] if disks.model_cache else []),
    ]
    fixed = [
        *((one.source, one.target) for one in plan.mounts),
        *((source, f"{TASK}/{name}") for name, source in plan.harness.fixed),
    ]
    return [
        Bind(target, str(source.absolute()), type="bind", read_only=read_only)
        for read_only, pairs in ((False, writable), (True, fixed))
        for source, target in pairs
    ]


def _environment(disks: Disks) -> dict[str, str]:
    path = f"{HOME}/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    cache = {"HF_HOME": _CACHE} if disks.model_cache else {}
    # npm -g goes to the home folder, as pip does by itself where the root is read-only
    return {"HOME": HOME, "PATH": path, "NPM_CONFIG_PREFIX": f"{HOME}/.local", **cache}


def _limits(limits: Limits) -> dict[str, Any]:
    found: dict[str, Any] = {"pids_limit": limits.pids, "shm_size": int(limits.shm_gib * _GIB)}
    if limits.cpus:
        found["nano_cpus"] = int(limits.cpus * 1e9)
    if limits.memory_gib:
        memory = int(limits.memory_gib * _GIB)
        found |= {"mem_limit": memory, "memswap_limit": memory}
    return found


def _described(limits: Limits) -> str:
    parts = [
        f"{limits.cpus:g} CPUs" if limits.cpus else None,
        f"{limits.memory_gib:g} GiB memory" if limits.memory_gib else None,
        f"{limits.pids} processes",
        f"{limits.disk_gib:g} GiB disk",
        f"{limits.model_gib:g} GiB {FINAL_MODEL}",
    ]
    return ", ".join(part for part in parts if part)


def _seccomp() -> str:
    return files("runner.sandbox").joinpath("seccomp.json").read_text("utf-8")


def _make_places(home: Path, mounts: Iterable[Mount]) -> None:
    """The folders that mounts in the home folder lie in; Docker would make them root's, and the agent could not write there."""
    for mount in mounts:
        target = Path(os.path.normpath(mount.target))
        if target.is_relative_to(HOME) and target != Path(HOME):
            home.joinpath(target.relative_to(HOME)).parent.mkdir(parents=True, exist_ok=True)


def _give_to_agent(folder: Path) -> None:
    for path, names, leaves in os.walk(folder):
        for name in (".", *names, *leaves):
            os.chown(Path(path, name), USER, USER, follow_symlinks=False)
