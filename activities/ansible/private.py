"""Where one run of Ansible keeps what nobody else may read: a folder of mode 0700, gone when the run has ended.

It lies in memory where the machine has a place for that (``/dev/shm``). A worker that is killed leaves it behind; so
its owner holds a lock on it (flock(2)), which ends with the process, and whoever comes next takes away what nobody
holds. Files in it have mode 0600.
"""

import contextlib
import fcntl
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import yaml
from pydantic import JsonValue

PREFIX: Final = "netsaga-ansible-"
LOCK: Final = "lock"
YOUNG_S: Final = 60.0  # between making a folder and locking it nobody holds it
MEMORY: Final = Path("/dev/shm")  # noqa: S108  # a folder of its own is made in it, for its owner alone


@contextlib.contextmanager
def private_folder(root: Path | None = None) -> Iterator[Path]:
    """A folder for the block; left-overs of workers that are gone are removed first.

    Args:
        root: Where to make it; without it, in memory, or where temporary files go.

    Raises:
        OSError: It cannot be made.
    """
    root = root or (MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else Path(tempfile.gettempdir()))
    _sweep(root)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _sweep(root: Path) -> None:
    for folder in root.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # somebody else's, or gone by now
            about = folder.lstat()
            if about.st_uid != os.getuid() or time.time() - about.st_mtime < YOUNG_S or folder.is_symlink():
                continue
            lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def write_private(path: Path, text: str) -> Path:
    """Write a new file that its owner alone may read."""
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as out:
        out.write(text)
    return path


class Unsafe(str):
    """A text in which Ansible looks for no templates: what was typed into a form must not run on a worker.

    It carries the tag ``!unsafe`` ("Unsafe or raw strings" in Ansible's manual), for which JSON has no way.
    """

    __slots__ = ()


def unsafe(value: JsonValue) -> object:
    """Data with every text marked, those that are keys included."""
    match value:
        case str():
            return Unsafe(value.encode(errors="replace").decode())  # half a character, as JSON may hold, is no text
        case list():
            return [unsafe(item) for item in value]
        case dict():
            return {unsafe(key): unsafe(item) for key, item in value.items()}
        case _:
            return value


def variables(named: Mapping[str, JsonValue]) -> dict[str, object]:
    """Variables by their names."""
    return {name: unsafe(value) for name, value in named.items()}


def as_yaml(value: object) -> str:
    """What Ansible reads: its own tags, nothing by reference, in the order given."""
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=math.inf)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # PyYAML's interface
        return True


_Dumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))
