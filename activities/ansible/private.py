"""Where one run of Ansible keeps what nobody else may read: a folder of mode 0700, gone when the run has ended.

It lies in memory where the machine has a place for that (``/dev/shm``). A worker that is killed leaves it behind; so
its owner holds a lock on it (flock(2)), which ends with the process, and whoever comes next takes away what nobody
holds. Files in it have mode 0600.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import JsonValue

PREFIX: Final = "netsaga-ansible-"
LOCK: Final = "lock"
YOUNG_S: Final = 60.0  # between making a folder and locking it nobody holds it
MEMORY: Final = Path("/dev/shm")  # noqa: S108  # a folder of its own is made in it, for its owner alone
# What may stand in quotes (YAML 1.1, 5.1) less what ends a line there (5.4).
_ESCAPED: Final = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


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


def literal(value: JsonValue) -> str:
    """Data as YAML in which Ansible looks for no templates: what was typed into a form must not run on a worker.

    Each text carries the tag ``!unsafe`` ("Unsafe or raw strings" in Ansible's manual), for which JSON has no way.
    """
    match value:
        case str():
            return f"!unsafe {quoted(value)}"
        case bool() | int() | None:
            return json.dumps(value)
        case float():
            return f'!!float "{value!r}"'  # YAML 1.1 takes 1e+16 for a text
        case list():
            return f"[{', '.join(map(literal, value))}]"
        case _:
            return mapping({f"!unsafe {quoted(key)}": literal(item) for key, item in value.items()})


def variables(named: Mapping[str, JsonValue]) -> str:
    """Variables by their names, as YAML."""
    return mapping({quoted(name): literal(value) for name, value in named.items()})


def quoted(text: str) -> str:
    """A text between double quotes, as YAML 1.1 and 1.2 both read it."""
    said = json.dumps(text.encode(errors="replace").decode(), ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", said)


def mapping(written: Mapping[str, str]) -> str:
    """A map whose keys and values are written already."""
    return "{" + ", ".join(f"{key}: {value}" for key, value in written.items()) + "}"
