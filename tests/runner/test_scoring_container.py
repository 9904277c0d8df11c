"""The container that evaluates: what the harness, and whatever it executes, can reach from inside."""

import os
import random
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from store.jobs import Standing, read_jobs
from tests.runner.scoring import READS_THE_HUB, World
from tests.waiting import until

pytestmark = [pytest.mark.root, pytest.mark.docker, pytest.mark.timeout(300)]

PROBES = """
import socket
failed = []

def expect(what, attempt):
    try:
        attempt()
    except OSError:
        return
    failed.append(what)

here = os.path.dirname(args.model_path)
expect("model written", lambda: open(os.path.join(args.model_path, "config.json"), "a"))
expect("model added to", lambda: open(os.path.join(args.model_path, "x"), "w"))
expect("harness written", lambda: open(os.path.join(here, "harness", "task", "evaluate.py"), "a"))
expect("driver written", lambda: open(os.path.join(here, "inside", "drive.py"), "a"))
expect("root written", lambda: open("/x", "w"))
expect("programs written", lambda: open("/usr/x", "w"))
expect("run read", lambda: os.listdir(RUN))
expect("docker reached", lambda: socket.socket(socket.AF_UNIX).connect("/var/run/docker.sock"))
expect("network reached", lambda: socket.create_connection(("1.1.1.1", 53), timeout=2))
expect("became root", lambda: os.setuid(0))
status = open("/proc/self/status").read()
if "CapEff:\\t0000000000000000" not in status or "NoNewPrivs:\\t1" not in status:
    failed.append("privileged")
if os.getuid() == 0:
    failed.append("root")
print("reached:", failed, flush=True)
score(0.0 if failed else 1.0)
"""


@pytest.fixture
def world(tmp_path: Path, daemon: str) -> World:
    return World(tmp_path, {"DOCKER_HOST": daemon})


def containers(world: World) -> str:
    done = subprocess.run(
        ["docker", "ps", "-aq", "--filter", "label=ptb.score.job"],
        env=world.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def test_nothing_but_its_output_can_be_reached_from_inside(world: World) -> None:
    world.evaluate(f"RUN = {str(world.runs)!r}\n{PROBES}")
    code, said, _ = world.score(sandbox="container")
    [attempt] = world.attempts()
    log = world.runs / "one" / "scores" / (attempt.log or "none") / "output.txt"
    assert (code, said["value"]) == (0, 1.0), log.read_text()
    assert attempt.image == "ptb-empty:1"
    assert containers(world) == ""


def test_the_hubs_cache_is_shown_read_only(world: World) -> None:
    hub = world.add_hub()
    world.evaluate(f"""
        for folder in ("/ptb/hub", "/ptb/hub/hub"):
            try:
                open(folder + "/mine", "w")
            except OSError:
                continue
            sys.exit("the cache can be written")
        {READS_THE_HUB}
    """)
    code, said, _ = world.score("--hf-home", hub, sandbox="container")
    assert (code, said["value"]) == (0, 0.75), said["reason"]
    assert not list(hub.rglob("*.lock"))


def test_a_harness_that_leaves_processes_and_links_leaves_nothing_here(world: World) -> None:
    world.evaluate("""
        import subprocess
        subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
        out = os.path.dirname(args.json_output_file)
        os.makedirs(out + "/logs", exist_ok=True)
        os.symlink("/etc/shadow", out + "/logs/stolen.json")
        score(0.5)
    """)
    code, said, _ = world.score(sandbox="container")
    assert (code, said["value"]) == (0, 0.5)
    kept = [path.name for path in (world.runs / "one" / "scores" / "logs").rglob("*")]
    assert "stolen.json" not in kept
    assert containers(world) == ""


class Judging(BaseHTTPRequestHandler):
    """A model that grades; it remembers who asked with which key."""

    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.asked.append(self.headers["Authorization"])
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"grade": 0.75}' if body == b"is this good?" else b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it
        pass


@pytest.fixture
def judge() -> Iterator[int]:
    """Its port on loopback."""
    Judging.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Judging) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


ASK = """
import socket, urllib.request
url = f"http://localhost:{PORT}/v1/chat"
key = os.environ["OPENAI_API_KEY"]
print("my key is", key, flush=True)
request = urllib.request.Request(url, b"is this good?", {"Authorization": "Bearer " + key})
grade = json.load(urllib.request.urlopen(request))["grade"]
for place in (("1.1.1.1", 443), ("localhost", OTHER)):
    try:
        socket.create_connection(place, timeout=2)
        grade = 0.0
    except OSError:
        pass
score(grade)
"""


def test_a_judge_and_nobody_else_is_reached_and_its_key_reaches_no_disk(world: World, judge: int) -> None:
    catalog = world.root / "catalog" / "benchmarks" / "quick.toml"
    catalog.write_text(catalog.read_text().replace("[evaluation]", '[evaluation]\njudge_model = "grader"'))
    with socket.create_server(("127.0.0.1", 0)) as other:
        world.evaluate(f"PORT, OTHER = {judge}, {other.getsockname()[1]}\n{ASK}")
        code, _, told = world.score(sandbox="container")
        assert (code, "OPENAI_API_KEY is not set" in told) == (2, True)
        key = "a-key-that-must-not-be-kept"
        world.environment["OPENAI_API_KEY"] = key
        code, said, _ = world.score("--judge", f"localhost:{judge}", sandbox="container")
    assert (code, said["value"]) == (0, 0.75)
    assert Judging.asked == [f"Bearer {key}"]
    kept = [path for path in world.root.rglob("*") if path.is_file()]
    assert not [path for path in kept if key.encode() in path.read_bytes()]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment_no_container_stays(world: World, seed: int) -> None:
    world.evaluate("time.sleep(70)")
    moment = random.Random(seed).uniform(0.5, 9)
    with world.start(sandbox="container") as process:
        time.sleep(moment)
        process.kill()
    until(
        lambda: not containers(world) and not any(world.scratch.iterdir()) and world.device_is_free(),
        f"the end of all that was there when it was killed at {moment:.1f} s",
    )
    jobs, _ = read_jobs(world.review())
    assert all(job.standing is not Standing.RUNNING for job in jobs)
    world.evaluate("score(0.5)")
    assert world.score(sandbox="container")[1]["value"] == 0.5


@pytest.mark.slow
def test_when_the_reaper_is_killed_too_the_container_ends_by_itself(world: World) -> None:
    """Its stdin ends with ptb; and what is left is removed by the next who scores."""
    world.evaluate("time.sleep(70)")
    with world.start(sandbox="container") as process:
        until(lambda: containers(world), "the container")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), 9)
        process.kill()
    running = ["docker", "ps", "-q"]
    until(
        lambda: not subprocess.run(running, env=world.environment, capture_output=True, check=True).stdout,
        "the end of the container",
    )
    world.evaluate("score(0.5)")
    assert world.score(sandbox="container")[1]["value"] == 0.5
    assert containers(world) == ""
    assert [one.status.value for one in world.attempts()][-1] == "complete"
