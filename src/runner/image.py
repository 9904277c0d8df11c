"""The image that agents work in, built from the shipped recipe where it is not there yet."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import as_file, files

import docker
from docker.errors import APIError, BuildError, DockerException, ImageNotFound

from runner.agents.agent import load_agents
from store.errors import Unavailable

NAME = "ptb-sandbox"
_NODE = "node@22"
"""Newer than what Ubuntu 24.04 has, as the agent CLIs want it; npm installs it before the system's."""


@dataclass(frozen=True, slots=True)
class Packages:
    """What the recipe installs."""

    system: str = "ca-certificates curl git nodejs npm python3-dev python3-pip python3-venv"
    python: str = "accelerate datasets inspect-ai peft torch transformers trl vllm"
    agents: str = ""


def default_packages() -> Packages:
    """For a GPU node: what tasks need, and the CLIs of the agents that are known."""
    return Packages(
        agents=" ".join([_NODE, *sorted(one.package for one in load_agents().values() if one.package)])
    )


def ensure_image(base: str, note: Callable[[str], None], packages: Packages | None = None) -> str:
    """The name of the image that this recipe makes of ``base``, built if need be.

    Raises :class:`Unavailable` where it cannot be built, with the last line that the build said.
    """
    chosen = packages or default_packages()
    folder = files("runner").joinpath("images")
    recipe = folder.joinpath("Dockerfile").read_bytes()
    arguments = {
        "BASE": base,
        "SYSTEM_PACKAGES": chosen.system,
        "PYTHON_PACKAGES": chosen.python,
        "AGENT_PACKAGES": chosen.agents,
    }
    name = f"{NAME}:{hashlib.sha256(recipe + repr(arguments).encode()).hexdigest()[:16]}"
    try:
        client = docker.from_env(timeout=7200)
        try:
            client.images.get(name)
        except ImageNotFound:
            note(f"building the image {name} on {base}")
            with as_file(folder) as context:
                client.images.build(path=str(context), tag=name, buildargs=arguments, rm=True, forcerm=True)
        client.close()
    except (BuildError, APIError) as error:
        raise Unavailable(f"the image cannot be built on {base}: {str(error).splitlines()[-1]}") from error
    except DockerException as error:
        raise Unavailable(
            f"no Docker daemon answers ({str(error).splitlines()[0]}); is it running?"
        ) from error
    return name
