"""`python -m worker artifact REF`: what a reference of the artifact store stands for.

Messages, records and reports name logs and diffs by reference. It needs no Temporal server, but the artifact store;
what is there was redacted before it was kept.
"""

import asyncio
import sys
from pathlib import Path

from activities.artifacts.local import LocalArtifactStore
from activities.artifacts.store import ArtifactError
from worker.settings import Settings, SettingsError
from workflows.contracts import ArtifactRef


async def show_artifact(settings: Settings, ref: str, *, out: Path | None) -> int:
    """Print an artifact as it was kept, byte for byte, or write it to a file.

    Args:
        settings: For the artifact store.
        ref: Such as ``sha256:`` and 64 hex characters.
        out: Where to write it; standard output where ``None``.

    Raises:
        SettingsError: The text is no reference, the store does not hold it, or the file cannot be written.
    """
    try:
        content = await LocalArtifactStore(settings.artifacts.path).get(ArtifactRef(ref))
    except ArtifactError as error:
        raise SettingsError(str(error)) from error
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return 0
    try:
        await asyncio.to_thread(out.write_bytes, content)
    except OSError as error:
        raise SettingsError(f"{out}: the artifact cannot be written: {error.strerror}") from error
    print(f"{len(content):,} bytes are in {out}")
    return 0
