"""Where a run's record is found in the artifact store, by the name that a person gives the run."""

import json
from collections.abc import Mapping
from typing import Any, Final

from activities.artifacts.local import LocalArtifactStore

RUNS: Final = "runs"
LAST: Final = "last"


async def folder_of(store: LocalArtifactStore, run: str) -> str | None:
    """The folder of a run; of the newest one for ``last``, and ``None`` where there is none.

    Args:
        store: Where the worker of these settings keeps its artifacts.
        run: A workflow id, or ``last``.

    Raises:
        ArtifactError: The store cannot be read.
    """
    newest = await store.newest(RUNS) if run == LAST else run.replace("/", "%2F")
    return None if newest is None else f"{RUNS}/{newest}"


async def record_in(store: LocalArtifactStore, folder: str) -> Mapping[str, Any] | None:  # Any: JSON
    """The record in a run's folder; ``None`` where the run has not ended. Raises `ArtifactError`."""
    found = await store.published(f"{folder}/record.json")
    return None if found is None else json.loads(found)
