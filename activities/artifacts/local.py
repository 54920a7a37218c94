"""An artifact store in a local folder, for one machine or for a file system that all workers share.

Content is written to a temporary file, synced, and only then given its name, so that a reader never sees half of it and
a SIGKILL at any point leaves at worst a temporary file (swept a day later). Write-once keys get their name by a hard
link, which is atomic between processes and over NFS (rename(2) would replace an older value, link(2) fails).

Layout: ``objects/ab/cdef…`` by hash · ``keys/…`` write-once · ``published/…`` for people, logs among it · ``tmp/``.
"""

import asyncio
import errno
import hashlib
import itertools
import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote, unquote

from activities.artifacts.grouping import Grouped
from activities.artifacts.store import ArtifactError, digest_of, ref_of
from workflows.contracts import ArtifactRef

T = TypeVar("T")

THREADS: Final = 8  # a sync takes milliseconds of waiting, not of work
LEFTOVER_S: Final = 86_400.0
SEGMENT: Final = 200  # bytes; most file systems end at 255
_ONCE: Final = "%2F"  # a slash that stands in a name, such as that of a called run
_TWICE: Final = "%252F"


class LocalArtifactStore:
    """`ArtifactStore` in a folder. Many processes may use one folder at once.

    Args:
        root: The folder; it is created, for its owner only.

    Raises:
        ArtifactError: The folder cannot be created or written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="artifacts")
        self._puts: Grouped[bytes, ArtifactRef] = Grouped(self._put_all, self._threads)
        self._appends: Grouped[tuple[Path, bytes], None] = Grouped(self._append_all, self._threads)
        self._known: set[str] = set()
        self._objects = f"{self.root}/objects"
        self._own = f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"  # the names that only this process writes to
        self._temporary = str(self.root / "tmp" / self._own)
        self._written = itertools.count()
        try:
            for name in ("objects", "keys", "published", "tmp"):
                self._folder(self.root / name)
            self._sweep()
        except OSError as error:
            raise self._explain(self.root, error) from error

    async def put(self, data: bytes, media_type: str) -> ArtifactRef:  # noqa: ARG002  # files carry no media type
        """Keep content under its hash."""
        try:
            return await self._puts(data)
        except OSError as error:
            raise self._explain(Path(error.filename or self.root), error) from error

    async def get(self, ref: ArtifactRef) -> bytes:
        """The content of a reference, proven against its hash."""
        return await self._off_loop(lambda: self._get(ref))

    async def create(self, key: str, data: bytes) -> bool:
        """Write a key once; ``False`` where it exists."""
        path = self._key_path(key)
        return await self._off_loop(lambda: self._create(path, data))

    async def read(self, key: str) -> bytes | None:
        """The value of a key, or ``None``."""
        path = self._key_path(key)
        return await self._off_loop(lambda: _read(path))

    async def publish(self, key: str, data: bytes) -> str:
        """Write a file for people; returns its absolute path."""
        path = self._published(key)
        await self._off_loop(lambda: self._replace(path, data))
        return str(path)

    async def published(self, key: str) -> bytes | None:
        """The content of a file for people, or ``None`` where none was published under this key."""
        path = self._published(key)
        return await self._off_loop(lambda: _read(path))

    async def append(self, key: str, line: bytes) -> None:
        """Add a line to this process's log."""
        path = self._published(key) / f"{self._own}.jsonl"
        try:
            await self._appends((path, line))
        except OSError as error:
            raise self._explain(Path(error.filename or self.root), error) from error

    async def appended(self, key: str) -> list[bytes]:
        """The lines of all processes' logs, those of each in order; none where nothing was logged under this key."""
        folder = self._published(key)
        return await self._off_loop(lambda: _lines(folder))

    async def newest(self, key: str) -> str | None:
        """The name in a folder of published files that was written to last; ``None`` where there is none."""
        folder = self._published(key)
        return await self._off_loop(lambda: _newest(folder))

    async def _off_loop(self, call: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)
        except OSError as error:
            raise self._explain(Path(error.filename or self.root), error) from error

    def _put_all(self, contents: Sequence[bytes]) -> list[ArtifactRef | OSError]:
        """Keep contents; a folder that several of them lie in is synced once, before any of them is answered."""
        results: list[ArtifactRef | OSError] = []
        folders: set[str] = set()
        for data in contents:
            try:
                ref = ref_of(data)
                folder, path = self._object_path(ref)
                if not os.path.exists(path):  # noqa: PTH110  # a tenth of pathlib's cost, here where it counts
                    self._folder(folder)
                    os.replace(self._write_temporary(data), path)  # noqa: PTH105  # whoever wins wrote the same bytes
                    folders.add(folder)
                results.append(ref)
            except OSError as error:
                results.append(error)
        for folder in folders:
            try:
                _sync_folder(folder)
            except OSError as error:
                return [error] * len(contents)  # which of them are durable is not known
        return results

    def _get(self, ref: ArtifactRef) -> bytes:
        path = Path(self._object_path(ref)[1])
        data = _read(path)
        if data is None:
            raise ArtifactError(
                f"Artifact {ref} is not in {self.root}. Do all workers of this task queue use the same store? "
                "A run cannot go on without it; start it anew."
            )
        if hashlib.sha256(data).hexdigest() != digest_of(ref):
            raise ArtifactError(f"Artifact {ref} is damaged: {path} does not have the content that its name promises.")
        return data

    def _create(self, path: Path, data: bytes) -> bool:
        if path.exists():
            return False
        self._folder(path.parent)
        temporary = self._write_temporary(data)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno in {errno.EPERM, errno.ENOTSUP, errno.EMLINK}:
                raise ArtifactError(
                    f"{self.root} is on a file system without hard links, so write-once entries cannot be kept. "
                    "Put `artifacts.path` on another one."
                ) from error
            raise
        finally:
            Path(temporary).unlink(missing_ok=True)
        _sync_folder(path.parent)
        return True

    def _replace(self, path: Path, data: bytes) -> None:
        self._folder(path.parent)
        temporary = self._write_temporary(data)
        try:
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
        _sync_folder(path.parent)

    def _append_all(self, entries: Sequence[tuple[Path, bytes]]) -> list[OSError | None]:
        """Add lines to logs; those of one file in one call, so that two of them never mix."""
        lines: dict[Path, list[bytes]] = {}
        for path, line in entries:
            lines.setdefault(path, []).append(line)
        met: dict[Path, OSError] = {}
        for path, mine in lines.items():
            try:
                self._folder(path.parent)
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                try:
                    os.write(descriptor, b"".join(b"%b\n" % line for line in mine))
                finally:
                    os.close(descriptor)
            except OSError as error:
                met[path] = error
        return [met.get(path) for path, _ in entries]

    def _write_temporary(self, data: bytes) -> str:
        path = f"{self._temporary}-{next(self._written)}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        except BaseException:
            Path(path).unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        return path

    def _folder(self, path: Path | str) -> None:
        name = os.fspath(path)
        if name in self._known:
            return
        innermost = Path(path)
        missing = [folder for folder in (innermost, *innermost.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(folder.parent)
        if len(self._known) < 10_000:
            self._known.add(name)

    def _sweep(self) -> None:
        for leftover in (self.root / "tmp").iterdir():
            try:
                if time.time() - leftover.stat().st_mtime > LEFTOVER_S:
                    leftover.unlink()
            except FileNotFoundError:
                continue  # another process was faster

    def _object_path(self, ref: ArtifactRef) -> tuple[str, str]:
        """The folder of an artifact, and its file."""
        digest = digest_of(ref)
        folder = f"{self._objects}/{digest[:2]}"
        return folder, f"{folder}/{digest[2:]}"

    def _key_path(self, key: str) -> Path:
        *folders, name = _segments(key)
        # "=" cannot stand in an escaped segment, so a key and a folder of the same name never meet.
        return self.root.joinpath("keys", *folders, f"{name}=")

    def _published(self, key: str) -> Path:
        """Where a file or folder for people lies. A slash that its maker has escaped (`a%2Fb`) is not escaped again."""
        return self.root.joinpath("published", *(name.replace(_TWICE, _ONCE) for name in _segments(key)))

    def _explain(self, path: Path, error: OSError) -> ArtifactError:
        what = error.strerror or type(error).__name__
        return ArtifactError(
            f"The artifact store at {self.root} failed at {path}: {what}. "
            "Check `artifacts.path` in the worker's settings, its owner and the free space."
        )


def _segments(key: str) -> list[str]:
    if not key or any(part in {"", ".", ".."} for part in key.split("/")):
        raise ArtifactError(f"{key!r} is not a key; expected names joined by single slashes.")
    return [_segment(part) for part in key.split("/")]


def _segment(text: str) -> str:
    escaped = quote(text, safe="@+,")
    if len(escaped) <= SEGMENT:
        return escaped
    return f"{escaped[:100]}~{hashlib.sha256(text.encode()).hexdigest()}"


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _lines(folder: Path) -> list[bytes]:
    if not folder.is_dir():
        return []
    files = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    return [line for path in files for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def _newest(folder: Path) -> str | None:
    if not folder.is_dir():
        return None
    names = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    return unquote(names[-1].name.replace(_ONCE, _TWICE)) if names else None  # a name never holds a bare slash


def _sync_folder(path: Path | str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
