"""Where a run's record is found in the artifact store, by the name that a person gives the run."""

import json
from collections.abc import Mapping
from typing import Any, Final

from activities.artifacts.local import LocalArtifactStore
from activities.artifacts.store import ArtifactError, ref_of

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
    """The record in a run's folder; ``None`` where the run has not ended.

    What lies there for people may be edited by anybody who may write there; what was sealed is in the store under its
    hash as well. So a record that is not there counts for nothing.

    Raises:
        ArtifactError: The store cannot be read, or this is not a record that was sealed.
    """
    key = f"{folder}/record.json"
    found = await store.published(key)
    if found is None:
        return None
    ref = ref_of(found)
    try:
        await store.get(ref)
    except ArtifactError as error:
        raise ArtifactError(
            f"{key} in {store.root}/published is not what was sealed: there is no record {ref} in the store. Somebody "
            "has changed the file, or the store's copy of it. The run's result names the one that was sealed (`netsaga "
            "status RUN`: Record); `netsaga artifact` prints it, and proves it against that name."
        ) from error
    record: Mapping[str, Any] = json.loads(found)
    return record
