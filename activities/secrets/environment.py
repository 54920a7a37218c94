"""A credential from environment variables of the worker: ``<PREFIX>_USERNAME``, ``<PREFIX>_PASSWORD`` and so on."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from activities.deviceinteraction.model import Credential
from activities.secrets.store import FIELDS, SecretError, credential_from


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
        """The credential as the variables have it now."""
        where = f"environment variables {self._prefix}_…"
        fields: dict[str, object] = {}
        for field in FIELDS:
            if (value := self._environment.get(f"{self._prefix}_{field.upper()}")) is not None:
                fields[field] = value
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
        return credential_from(fields, where)


def _text(path: str) -> str:
    return Path(path).expanduser().read_text(encoding="utf-8")
