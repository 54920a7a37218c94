"""The port of the artifact store: content by hash, write-once keys, and files for people.

Adapters live beside this file. Every worker of a task queue must reach the same store.
"""

import hashlib
import json
import re
from typing import Final, Protocol

from pydantic import JsonValue

from workflows.contracts import ArtifactRef

JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"

_REF: Final = re.compile(r"sha256:[0-9a-f]{64}\Z")


class ArtifactError(RuntimeError):
    """The store could not do what was asked; the message says where, what was found and what to do."""


class ArtifactStore(Protocol):
    """Durable, shared by all workers. Whatever returned is still there after a crash of anything."""

    async def put(self, data: bytes, media_type: str) -> ArtifactRef:
        """Keep content under its hash; the same content twice is one artifact.

        Raises:
            ArtifactError: The store cannot be written.
        """
        ...

    async def get(self, ref: ArtifactRef) -> bytes:
        """The content of a reference, proven against its hash.

        Raises:
            ArtifactError: Absent, damaged or unreadable.
        """
        ...

    async def create(self, key: str, data: bytes) -> bool:
        """Write a key that may be written once; ``False`` where it exists already, with whatever value.

        ``key`` is a path of segments joined by ``/``. Of many callers at once exactly one gets ``True``.
        """
        ...

    async def read(self, key: str) -> bytes | None:
        """The value of a key, or ``None`` where it was never written."""
        ...

    async def publish(self, key: str, data: bytes) -> str:
        """Put a named file where people can open it, in place of an earlier one; returns its path or URI."""
        ...

    async def append(self, key: str, line: bytes) -> None:
        """Add a line to a log for people; each process has a file of its own below the key.

        It may be lost where a machine stops; a process that is killed loses none.

        Raises:
            ArtifactError: The store cannot be written.
        """
        ...


def ref_of(data: bytes) -> ArtifactRef:
    """The reference that some content has in every store."""
    return ArtifactRef(f"sha256:{hashlib.sha256(data).hexdigest()}")


def digest_of(ref: ArtifactRef) -> str:
    """The hex SHA-256 inside a reference.

    Raises:
        ArtifactError: The text is no reference, so it must never become a path.
    """
    if not _REF.match(ref):
        raise ArtifactError(f"{ref!r} is not an artifact reference; expected `sha256:` and 64 hex characters.")
    return ref.removeprefix("sha256:")


def canonical(value: JsonValue) -> bytes:
    """JSON in the one form that is hashed: sorted keys, no blanks, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
