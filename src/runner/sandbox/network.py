"""What an agent's container reaches: a bridge of its own, or a loopback with the gateway's few openings.

A container that has no network lives in the namespace of a second container, which only holds it open: the gateway must
listen there before the agent's first instruction.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recorder.ebpf.connections import Proxy
from recorder.source import Source
from runner.sandbox.gateway import PROXY_PORT
from runner.sandbox.overheard import Overheard
from runner.sandbox.plan import Network, Policy
from store.errors import Unavailable

_HOLD = ["/bin/sh", "-c", "read nothing"]
_MOST_TASKS = 64
"""Of the second container: one shell, but Docker's runtime is in there first, with threads that vary (with 4, one start in a hundred failed)."""
_LOOPBACK = f"http://127.0.0.1:{PROXY_PORT}"


class Net:
    """The network of one sandbox."""

    def __init__(
        self, client: Any, name: str, labels: dict[str, str], plan: Network, hosts: tuple[str, ...]
    ) -> None:
        """``hosts`` are the agent's own."""
        self._client = client
        self._name = name
        self._labels = labels
        self._plan = plan
        self._hosts = (*plan.hosts, *hosts) if plan.policy is Policy.ALLOWLIST else ()
        self._overheard: Overheard | None = None
        self.mode = "none"
        """Docker's network mode for the agent's container."""

    @property
    def witnesses(self) -> tuple[Source, ...]:
        """Who tells what was refused, where there is a gateway that can."""
        return (self._overheard,) if self._overheard else ()

    @property
    def proxy(self) -> Proxy | None:
        """The gateway's, where there is one."""
        return Proxy(PROXY_PORT, self._overheard.hosts) if self._overheard and self._hosts else None

    @property
    def description(self) -> str:
        """For the manifest."""
        hosts = f" ({', '.join(self._hosts)})" if self._hosts else ""
        forwards = [f"the host's port {port}" for port in self._plan.forwards]
        return f"network {self._plan.policy}{hosts}" + "".join(f", {one}" for one in forwards)

    @property
    def environment(self) -> dict[str, str]:
        """Where a proxy is, for whoever asks."""
        if not self._hosts:
            return {}
        proxy = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _LOOPBACK)
        return {**proxy, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}

    def open(self, image: str) -> None:
        """Make it; ``image`` has a shell."""
        if self._plan.policy is Policy.OPEN:
            alone = {"com.docker.network.bridge.enable_icc": "false"}
            self._client.networks.create(
                self._name, driver="bridge", labels=self._labels, options=alone, check_duplicate=True
            )
            self.mode = self._name
        elif self._hosts or self._plan.forwards:
            holder = self._client.containers.create(
                image,
                _HOLD,
                entrypoint=[],
                name=f"{self._name}-net",
                labels={**self._labels, "ptb.role": "network"},
                network_mode="none",
                stdin_open=True,
                read_only=True,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges:true"],
                log_config={"type": "none"},
                pids_limit=_MOST_TASKS,
            )
            holder.start()
            holder.reload()
            self._start_gateway(Path("/proc", str(holder.attrs["State"]["Pid"]), "ns", "net"))
            self.mode = f"container:{holder.id}"

    def close(self, note: Callable[[str], None]) -> None:
        """End the gateway; what it refused is told."""
        if self._overheard is None:
            return
        self._overheard.stop()
        if self._overheard.refused:
            note(f"the network policy refused {', '.join(self._overheard.refused)}")

    def _start_gateway(self, namespace: Path) -> None:
        orders = {"namespace": str(namespace), "hosts": self._hosts, "forwards": self._plan.forwards}
        gateway = subprocess.Popen(
            [sys.executable, "-P", "-m", "runner.sandbox.gateway"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd="/",
        )
        assert gateway.stdin
        assert gateway.stdout
        self._overheard = Overheard(gateway)
        gateway.stdin.write(json.dumps(orders) + "\n")
        gateway.stdin.flush()
        if gateway.stdout.readline() != "ready\n":
            raise Unavailable("the sandbox's network gateway does not start: is a forwarded port 3128?")
