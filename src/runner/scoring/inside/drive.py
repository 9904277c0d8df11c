"""Evaluates one model once, inside the place made for it, and tells how far it is.

``drive.py SPEC``: SPEC is a JSON file (:class:`runner.scoring.spec.Spec`). The first line of stdin is a JSON object of
environment variables that must not reach a disk; when stdin ends, whoever started this is gone, and it ends itself.
Writes ``progress.json`` and ``result.json`` into the output folder, each whole and renamed. It runs on the harness's own
interpreter (3.10 and newer), so it imports nothing of ptb, and nothing but inspect-ai from outside the standard library.
"""

import json
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from importlib import metadata
from pathlib import Path
from typing import Any

_TELL_EVERY_S = 0.3
_MOST_ERROR = 2000
_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""inspect-ai's words for correct, partial, incorrect and no answer."""

_DRAWN = ("seed", "temperature", "top_p")
"""How answers are drawn, by inspect-ai's names."""


class Told:
    """What ``progress.json`` says."""

    def __init__(self, out: Path) -> None:
        self._path = out / "progress.json"
        self._lock = threading.Lock()
        self._last = 0.0
        self.stage = "loading"
        self.done = 0
        self.total: int | None = None
        self.scores: list[float] = []
        self.tokens = 0
        self.sampling_since: float | None = None
        self.settable: bool | None = None
        self.drawn: dict[str, Any] | None = None

    def tell(self, *, urgently: bool = False) -> None:
        """Write it, unless it was written a moment ago."""
        with self._lock:
            now = time.monotonic()
            if not urgently and now - self._last < _TELL_EVERY_S:
                return
            self._last = now
            since = self.sampling_since
            _write(
                self._path,
                {
                    "stage": self.stage,
                    "done": self.done,
                    "total": self.total,
                    "metric": sum(self.scores) / len(self.scores) if self.scores else None,
                    "tokens": self.tokens,
                    "sampling_s": None if since is None else now - since,
                    "settable": self.settable,
                    "drawn": self.drawn,
                },
            )


def main() -> int:
    """Evaluate as the spec says; 0 when the harness finished."""
    spec = json.loads(Path(sys.argv[1]).read_text())
    out = Path(spec["out"])
    log = os.open(out / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.environ.update(json.loads(sys.stdin.readline() or "{}"))
    # relative, as vLLM's processes share this folder, and the path of a socket may have only 107 bytes
    os.environ["VLLM_RPC_BASE_PATH"] = "."
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    if spec["judge"]:
        _reach_judge(spec["judge"])
    if hub := os.environ.pop("PTB_SCORE_HUB", None):
        os.environ["HF_HOME"] = str(_shadow(Path(hub), Path(spec["work"]) / "hub"))
    work = Path(spec["work"]) / "task"
    shutil.copytree(spec["harness"], work)
    os.chdir(work)
    told = Told(out)
    told.tell(urgently=True)
    result: dict[str, Any] = {"finished": False, "error": None}
    try:
        _evaluate(spec, told)
        result["finished"] = True
    except SystemExit as ended:
        result["finished"] = ended.code in (None, 0)
        result["error"] = None if result["finished"] else f"the harness ended with code {ended.code}"
    except BaseException as error:  # noqa: BLE001  # whatever the harness raises is how the attempt ended
        traceback.print_exc()
        result["error"] = f"{type(error).__name__}: {error}"[:_MOST_ERROR]
    told.settable = told.settable or (False if result["finished"] else told.settable)
    told.tell(urgently=True)
    engine = "vllm" if spec["engine"] == "vllm" else "transformers"
    result |= {
        "stage": told.stage,
        "engine_version": _version(engine),
        "inspect_version": _version("inspect-ai"),
    }
    _write(out / "result.json", result)
    return 0 if result["finished"] else 1


def _shadow(hub: Path, shadow: Path) -> Path:
    """A Hugging Face home with folders of its own and links to the files in ``hub``.

    The libraries write locks and tokens beside the data that they read, and ``hub`` is read-only.
    """
    for folder, _, names in os.walk(hub):
        here = shadow / Path(folder).relative_to(hub)
        here.mkdir(parents=True, exist_ok=True)
        for name in names:
            if not name.endswith(".lock"):
                (here / name).symlink_to(Path(folder) / name)
    return shadow


def _evaluate(spec: dict[str, Any], told: Told) -> None:
    if spec["protocol"] == "inspect":
        _watch(told)
        told.settable = True
        _inspect(spec)
        return
    argv = spec["argv"]
    if argv[0] != "python" or not argv[1].endswith(".py") or _version("inspect-ai") is None:
        told.stage = "sampling"  # nobody says when it begins
        told.settable = False
        told.tell(urgently=True)
    if argv[0] != "python" or not argv[1].endswith(".py"):
        subprocess.run(argv, check=True)  # the catalog's command
        return
    if _version("inspect-ai") is not None:
        _watch(told)
        _settle(spec, told)
    sys.argv = argv[1:]
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_path(argv[1], run_name="__main__")


def _inspect(spec: dict[str, Any]) -> None:
    """An inspect-ai task of the harness."""
    from inspect_ai import eval as evaluate

    (log,) = evaluate(
        spec["task"], model=_model(spec), model_args=_model_args(spec), limit=spec["limit"], log_format="eval",
        log_dir=str(Path(spec["out"]) / "logs"), display="plain", max_samples=spec["connections"],
        max_connections=spec["connections"], **_sampling(spec),
    )  # fmt: skip
    if log.status != "success":
        reason = log.error.message if log.error else log.status
        raise RuntimeError(f"inspect-ai ended with {reason}")


def _model(spec: dict[str, Any]) -> str:
    return f"vllm/{spec['model']}" if spec["engine"] == "vllm" else "hf/local"


def _model_args(spec: dict[str, Any]) -> dict[str, Any]:
    if spec["engine"] == "vllm":
        # its server would listen on every interface otherwise
        return {
            "host": "127.0.0.1",
            "load_format": "safetensors",
            "seed": spec["seed"],
            **spec["engine_args"],
        }
    return {
        "model_path": spec["model"],
        "use_safetensors": True,
        "trust_remote_code": False,
        **spec["engine_args"],
    }


def _sampling(spec: dict[str, Any]) -> dict[str, Any]:
    """What was asked for; the rest is the harness's own."""
    asked = {"seed": spec["seed"], "temperature": spec["temperature"], "top_p": spec["top_p"]}
    asked["max_tokens"] = spec["token_limit"] if spec["protocol"] == "inspect" else None
    return {name: value for name, value in asked.items() if value is not None}


def _settle(spec: dict[str, Any], told: Told) -> None:
    """Give an ``evaluate.py`` that calls inspect-ai the seed asked for, and on transformers a model in place of vLLM."""
    import inspect_ai

    own = inspect_ai.eval

    def seeded(*args: Any, **kwargs: Any) -> Any:
        told.settable = True
        kwargs.update(_sampling(spec))
        kwargs.setdefault("log_dir", str(Path(spec["out"]) / "logs"))
        if spec["engine"] == "transformers":
            model_args = kwargs.get("model_args") or {}
            kwargs |= {
                "model": "hf/local",
                "model_args": _on_transformers(spec, model_args),
                "max_connections": 1,
            }
            kwargs.setdefault("max_samples", 1)
        return own(*args, **kwargs)

    inspect_ai.eval = seeded


def _on_transformers(spec: dict[str, Any], vllm_args: dict[str, Any]) -> dict[str, Any]:
    """The harness's arguments for vLLM as far as they say what the model is asked."""
    template = vllm_args.get("chat_template")
    return _model_args(spec) | ({"chat_template": Path(template).read_text()} if template else {})


def _watch(told: Told) -> None:
    """Have inspect-ai tell of every sample."""
    from inspect_ai.hooks import Hooks, hooks

    @hooks(name="ptb", description="tells ptb how far the evaluation is")
    class Watching(Hooks):
        """Counts."""

        async def on_task_start(self, data: Any) -> None:
            """Loaded."""
            config, samples = data.spec.config, data.spec.dataset.samples
            limit = config.limit if isinstance(config.limit, int) else None
            count = samples if limit is None or samples is None else min(limit, samples)
            told.total = None if count is None else count * (config.epochs or 1)
            told.stage = "sampling"
            told.tell(urgently=True)

        async def on_before_model_generate(self, data: Any) -> None:
            """How the first answer is asked for, whoever decided it: the task, the harness or the spec."""
            if told.drawn is None:
                told.drawn = {name: getattr(data.config, name) for name in _DRAWN}
                told.tell(urgently=True)

        async def on_sample_end(self, data: Any) -> None:
            """One more."""
            told.done += 1
            value = next((_number(score.value) for score in (data.sample.scores or {}).values()), None)
            if value is not None:
                told.scores.append(value)
            told.tell()

        async def on_model_usage(self, data: Any) -> None:
            """One more answer; vLLM's server was only started for the first."""
            if told.sampling_since is None:
                told.sampling_since = time.monotonic() - data.call_duration
            told.tokens += data.usage.output_tokens
            told.tell()


def _number(value: object) -> float | None:
    if isinstance(value, str):
        return _LETTERS.get(value)
    return float(value) if isinstance(value, (int, float)) else None


def _version(package: str) -> str | None:
    for name in (package, f"{package}-cpu"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def _reach_judge(judge: dict[str, Any]) -> None:
    """Answer at the judge's port on loopback, where its name leads, and pass connections out through a socket."""
    listener = socket.create_server(("127.0.0.1", judge["port"]))

    def serve() -> None:
        while True:
            caller, _ = listener.accept()
            out = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            out.connect(judge["socket"])
            for pair in ((caller, out), (out, caller)):
                threading.Thread(target=_move, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()


def _move(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    if os.getpid() != 1 and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(128 + signal.SIGKILL)


def _write(path: Path, value: dict[str, Any]) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(value))
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
