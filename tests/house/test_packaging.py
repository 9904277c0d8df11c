"""What a user installs holds what it needs and claims no other names."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"store", "recorder", "runner", "review", "ptb_tui", "demo"}


def test_every_dependency_has_a_range_and_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    lines = text.splitlines()
    for requirement in (one for group in groups for one in group):
        line = next(line for line in lines if f'"{requirement}"' in line)
        assert ">=" in requirement, f"{requirement} has no lower bound"
        assert "#" in line, f"{requirement} has no reason beside it"


def test_the_locks_pin_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = {
        line.split("==")[0].lower()
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if "==" in line and not line.startswith(" ")
    }
    names = {requirement.split(">")[0].split("[")[0].lower() for requirement in project["dependencies"]}
    assert names <= locked


@pytest.mark.slow
def test_the_wheel_holds_every_file_and_no_other_top_level_name(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("ptb-*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in names} == PACKAGES
    tracked = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "src"], check=True, capture_output=True, text=True
    ).stdout.split()
    assert {name.removeprefix("src/") for name in tracked} <= names
