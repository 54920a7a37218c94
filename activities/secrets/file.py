"""A credential from a YAML file that only its owner may read: a map from names to fields.

```yaml
device_rw: {username: netsaga, password: "…", enable_secret: "…"}
nautobot: {token: "…"}
```
"""

import asyncio
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from activities.deviceinteraction.model import Credential
from activities.secrets.store import Access, SecretError, access_from, credential_from
from workflows.suggest import did_you_mean

LARGEST: Final = 1_000_000  # bytes
SETTLED_S: Final = 2.0  # the coarsest clock of a file system that is in use


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What changes whenever a file is written, replaced, or gets another owner or mode."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "_Stamp":
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _stamp_of(path: Path) -> _Stamp | None:
    try:
        return _Stamp.of(path.stat())
    except OSError:
        return None  # reading it says what is wrong


class FileSecret:
    """`SecretSource` over an entry of a file. It is read anew when the file has changed: a rotated secret is seen.

    Args:
        path: The file, with mode 0600.
        entry: The entry in it.
    """

    def __init__(self, path: Path, entry: str) -> None:
        self._path = path
        self._entry = entry
        self._read: tuple[_Stamp, dict[str, object]] | None = None

    async def load(self) -> Credential:
        """What logs in to a device, as the file has it now."""
        return credential_from(await self._current(), self._where)

    async def access(self) -> Access:
        """What a system is called with, as the file has it now."""
        return access_from(await self._current(), self._where)

    async def _current(self) -> dict[str, object]:
        """The entry's fields. A look at the file's times spares each of a thousand devices a parse of it."""
        if self._read is not None and self._read[0] == _stamp_of(self._path):
            return self._read[1]
        return await asyncio.to_thread(self._fields)

    @property
    def _where(self) -> str:
        return f"{self._path}: entry `{self._entry}`"

    def _fields(self) -> dict[str, object]:
        document, stamp = self._document()
        if self._entry not in document:
            near = did_you_mean(self._entry, document, "entries are")
            raise SecretError(f"{self._where} does not exist; {near}")
        fields = document[self._entry]
        if not isinstance(fields, dict):
            raise SecretError(f"{self._where}: expected a map of fields such as `username` and `password`.")
        # A file system's clock is coarse: what has just been written may be written again without new times.
        settled = time.time() - max(stamp.modified_ns, stamp.changed_ns) / 1e9 > SETTLED_S
        self._read = (stamp, fields) if settled else None
        return fields

    def _document(self) -> tuple[dict[str, object], "_Stamp"]:
        try:
            with self._path.open(encoding="utf-8") as file:
                # Judged on the open file, so that it cannot be another one by the time it is read.
                status = os.fstat(file.fileno())
                self._judge(status)
                document = yaml.safe_load(file.read(LARGEST))
        except OSError as error:
            raise SecretError(
                f"{self._path} cannot be read: {error.strerror}. Check `credentials` in the worker's settings."
            ) from None
        except (yaml.YAMLError, UnicodeDecodeError):
            # What the parser says quotes the line, and the line may hold a password.
            raise SecretError(f"{self._path} is not valid YAML.") from None
        if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
            raise SecretError(f"{self._path}: expected a map from names to credentials.")
        return document, _Stamp.of(status)

    def _judge(self, status: os.stat_result) -> None:
        if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            mode = stat.S_IMODE(status.st_mode)
            raise SecretError(
                f"{self._path} has mode {mode:04o}, so others on this machine could read or replace it. "
                f"Run: chmod 600 {self._path}"
            )
