"""What the name of a file tells: weights, a script, data, a dataset of the hub, the submitted model, a scaffold's own."""

import re
from collections.abc import Iterable

from store.findings import Certainty

NO_DATA = (
    r"^/(dev|proc|sys)/|^[a-z]+:\[(event|inotify|signal|timer|perf|io_uring|bpf|pid)|^anon_inode:"
    r"|^/(usr|lib|lib64|etc|opt)/|/(site|dist)-packages/|/lib/python3|/__pycache__/|/\.git/|^(memfd|/memfd):"
    r"|\.(so|pyc|dylib)(\.[0-9.]+)?$|/pyvenv\.cfg$"
)
"""Paths of devices, programs and libraries, as a regular expression; what is read there is data only by its name."""
DATA_NAME = r"\.(jsonl|csv|tsv|parquet|arrow)(\.gz|\.zst|\.xz|\.bz2)?$|\.json\.(gz|zst)$"
"""Names that tell of data wherever they stand, such as the items that a package ships."""
WEIGHTS = r"\.(safetensors|bin|pt|pth|gguf|ckpt|npz)$"
"""Names of files that hold weights, as a regular expression."""
SCAFFOLD_FILES = r"/\.(claude|codex|gemini)/|/tmp/claude-|/opencode/(storage|log)/"
"""Where agent CLIs keep their logs and the output of commands, as a regular expression."""

_SCRIPT = re.compile(r"\.(py|pyi|ipynb|sh|bash|js|ts|R|jl)$")
_NO_DATA = re.compile(
    r"\.(pyc|so(\.\d+)*|h|c|cpp|cu|cubin|ptx|hsaco|md|log|lock|toml|ya?ml|ini|cfg|jinja|tag|metadata)$"
    r"|/(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|preprocessor_config"
    r"|processor_config|adapter_config|trainer_state|modules|chat_template|dataset_info(s)?|state)\.json$"
    r"|\.index\.json$|/(merges\.txt|vocab\.txt|tokenizer\.model|spiece\.model|refs/[^/]+)$"
    r"|/models--|torchinductor|/\.triton/|/\.nv/|/\.config/|/huggingface/(modules|hub/\.locks|token)|/pip/|/matplotlib/"
    r"|^(pipe|socket):|^/(proc|sys|dev)/|/\.(claude|codex|gemini)/|/tmp/claude-|/opencode/(storage|log)/"
)
_HUB_DATA = re.compile(r"/datasets--(?P<owner>[^/]+?)--(?P<name>[^/]+)/|/datasets/(?P<cached>[^/]+___[^/]+)/")


def is_script(path: str) -> bool:
    """Whether a file is source that an interpreter runs."""
    return _SCRIPT.search(path) is not None


def is_weights(path: str) -> bool:
    """Whether a file holds weights, by its name."""
    return re.search(WEIGHTS, path) is not None or ("/models--" in path and "/blobs/" in path)


def is_submitted(name: str) -> bool:
    """Whether it is, or lies in, ``final_model``."""
    return "final_model" in name.rstrip("/").split("/")


def data_names(names: Iterable[str]) -> list[str]:
    """Those of the names that may be data."""
    return [name for name in names if is_data(name, Certainty.LIKELY)]


def is_data(path: str, certainty: Certainty) -> bool:
    """Whether a file that was read so surely is data, by its name; what was only possibly read must be called so."""
    if is_weights(path) or is_script(path) or _NO_DATA.search(path):
        return False
    return certainty is not Certainty.POSSIBLE or re.search(DATA_NAME, path) is not None


def is_data_file(path: str) -> bool:
    """Whether a file may hold training data, by its name."""
    return is_data(path, Certainty.LIKELY)


def hub_dataset(path: str) -> str | None:
    """The hub id of the dataset that a cached file belongs to."""
    found = _HUB_DATA.search(path)
    if not found:
        return None
    return found["cached"].replace("___", "/") if found["cached"] else f"{found['owner']}/{found['name']}"
