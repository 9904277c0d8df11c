"""Cleans up after sandboxes: their containers and networks, found by label, and their folders, found by their locks."""

from pathlib import Path
from typing import Any

from docker.errors import APIError, DockerException

from runner.final_model import keep_model
from runner.sandbox.place import Place, sandboxes_folder
from runner.task_folder import FINAL_MODEL
from store.errors import PtbError

LABEL = "ptb.sandbox"
"""On everything of Docker's that a sandbox has; its value is the sandbox's folder."""


def remove_objects(client: Any, folder: Path) -> list[str]:
    """Remove the containers and networks of one sandbox; what could not be removed is named."""
    stuck = []
    chosen = {"label": f"{LABEL}={folder}"}
    for container in client.containers.list(all=True, filters=chosen, ignore_removed=True):
        try:
            container.remove(force=True, v=True)
        except APIError as error:
            if error.status_code not in (404, 409):  # gone, or on its way
                stuck.append(f"container {container.name}: {error.explanation}")
    for network in client.networks.list(filters=chosen):
        try:
            network.remove()
        except APIError as error:
            if error.status_code != 404:
                stuck.append(f"network {network.name}: {error.explanation}")
    return stuck


def clear(client: Any | None, place: Place) -> list[str]:
    """Remove a sandbox; a model that is still in it goes to the run, where there is one.

    ``client`` is None where there is no Docker to ask. What could not be removed is named.
    """
    stuck = remove_objects(client, place.folder) if client else []
    run = place.run
    if run and run.is_dir() and not (run / FINAL_MODEL).exists():
        try:
            keep_model(place.folder / FINAL_MODEL, run)
        except PtbError as error:
            stuck.append(f"{FINAL_MODEL}: {error}")
    return stuck + place.remove()


def reap(client: Any | None) -> list[str]:
    """Clear every sandbox whose owner is gone; the names of the runs they were for. Those in use are left alone."""
    cleared = []
    for folder in sorted({*sandboxes_folder().glob("*/"), *(_labelled(client) if client else ())}):
        if not folder.exists():
            remove_objects(client, folder)
            cleared.append(folder.name)
        elif place := Place.take(folder, wait=False):
            clear(client, place)
            cleared.append(folder.name)
    return cleared


def _labelled(client: Any) -> set[Path]:
    """The folders of all sandboxes that Docker has something of."""
    try:
        containers = client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
        networks = client.networks.list(filters={"label": LABEL})
    except DockerException:
        return set()
    labels = [one.labels for one in containers] + [one.attrs["Labels"] for one in networks]
    return {Path(one[LABEL]) for one in labels}
