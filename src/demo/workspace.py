"""The folder that the demo's agent works in: a small task in PostTrainBench's layout."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory


@contextmanager
def task_folder() -> Iterator[Path]:
    """A fresh copy of the task in a temporary folder, removed at the end."""
    with TemporaryDirectory(prefix="ptb-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve() / "task"
        with as_file(files("demo").joinpath("task")) as source:
            copytree(source, folder, ignore=ignore_patterns("__pycache__"))
        yield folder
