"""A credential from environment variables of the worker: ``<PREFIX>_USERNAME``, ``<PREFIX>_PASSWORD`` and so on."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from activities.deviceinteraction.model import Credential
from activities.secrets.store import FIELDS, Access, SecretError, access_from, credential_from


class EnvironmentSecret:
    """`SecretSource` over variables.

    Args:
        prefix: What they begin with, as ``DEVICE_RW``; ``DEVICE_RW_PRIVATE_KEY_FILE`` may name a file with the key.
        environment: Where to look; the process's own where nothing is given.
    """

    def __init__(self, prefix: str, environment: Mapping[str, str] = os.environ) -> None:
        self._prefix = prefix.upper()
        self._environment = environment

    async def load(self) -> Credential:
        """What logs in to a device, as the variables have it now."""
        fields = self._fields()
        if not fields.get("username"):
            raise SecretError(f"{self._prefix}_USERNAME is not set in the worker's environment; set it and restart.")
        key_file = self._environment.get(f"{self._prefix}_PRIVATE_KEY_FILE")
        if key_file and "private_key" not in fields:
            try:
                fields["private_key"] = await asyncio.to_thread(_text, key_file)
            except (OSError, UnicodeDecodeError) as error:
                raise SecretError(
                    f"{self._prefix}_PRIVATE_KEY_FILE names {key_file}, which cannot be read: {type(error).__name__}."
                ) from None
        return credential_from(fields, self._where)

    async def access(self) -> Access:
        """What a system is called with, as the variables have it now."""
        fields = self._fields()
        if not fields:
            raise SecretError(f"{self._prefix}_TOKEN is not set in the worker's environment; set it and restart.")
        return access_from(fields, self._where)

    @property
    def _where(self) -> str:
        return f"environment variables {self._prefix}_…"

    def _fields(self) -> dict[str, object]:
        values = {field: self._environment.get(f"{self._prefix}_{field.upper()}") for field in FIELDS}
        return {field: value for field, value in values.items() if value is not None}


def _text(path: str) -> str:
    return Path(path).expanduser().read_text(encoding="utf-8")
