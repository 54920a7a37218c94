"""The port of the secret store. Credentials are fetched when a session needs one and go nowhere but into it.

A source yields the fields of one credential; the settings give each source a name, and definitions and inventories say
that name. A device is logged in to with a `Credential`, a system that is called over HTTP with an `Access`.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from pydantic import SecretStr

from activities.deviceinteraction.model import Credential
from workflows.suggest import did_you_mean

FIELDS: Final = (
    "username",
    "password",
    "enable_secret",
    "private_key",
    "passphrase",
    "certificate",
    "agent",
    "public_key",
    "token",
)
AGENT_SOCKET: Final = "SSH_AUTH_SOCK"  # ssh-agent(1)


class SecretError(RuntimeError):
    """A credential that cannot be had. The message names the source and the fix and holds nothing secret."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to call a system: either a ``token``, or a ``username`` with its ``password``."""

    token: SecretStr | None = None
    username: str = ""
    password: SecretStr | None = None


class SecretSource(Protocol):
    """Yields one credential."""

    async def load(self) -> Credential:
        """What logs in to a device, as it is now, so that a rotated one is seen.

        Raises:
            SecretError: Absent, incomplete or not to be trusted.
        """
        ...

    async def access(self) -> Access:
        """What a system is called with, as it is now.

        Raises:
            SecretError: As in `load`.
        """
        ...


class SecretStore(Protocol):
    """Credentials by name."""

    @property
    def names(self) -> Collection[str]:
        """The names that can be asked for."""
        ...

    async def credential(self, name: str) -> Credential:
        """The credential with this name.

        Raises:
            SecretError: The name is not known, or its source does not yield it.
        """
        ...

    async def access(self, name: str) -> Access:
        """What a system is called with, by this name.

        Raises:
            SecretError: As in `credential`.
        """
        ...


class NamedSecrets:
    """`SecretStore` over sources that the settings name.

    Args:
        sources: By name.
    """

    def __init__(self, sources: Mapping[str, SecretSource]) -> None:
        self._sources = sources

    @property
    def names(self) -> Collection[str]:
        """The names that the settings know."""
        return self._sources.keys()

    async def credential(self, name: str) -> Credential:
        """The credential with this name."""
        return await self._source(name).load()

    async def access(self, name: str) -> Access:
        """What a system is called with, by this name."""
        return await self._source(name).access()

    def _source(self, name: str) -> SecretSource:
        source = self._sources.get(name)
        if source is None:
            near = did_you_mean(name, self._sources, "they are")
            raise SecretError(f"credential `{name}` is not among the worker's `credentials`; {near}")
        return source


def credential_from(fields: Mapping[str, object], where: str) -> Credential:
    """A credential from plain fields.

    Args:
        fields: By name (`FIELDS`). ``agent`` is the socket of an SSH agent, or ``true`` for the worker's own.
        where: The source, for messages; no value of a field is ever shown.

    Raises:
        SecretError: A field is unknown, no text, or what is needed to log in is missing.
    """
    agent, fields = _agent(fields, where)
    texts = _texts(fields, where)
    texts.pop("token", None)  # the same entry may also serve a system
    if "username" not in texts:
        raise SecretError(f"{where}: there is no `username`.")
    if "password" not in texts and "private_key" not in texts and agent is None:
        raise SecretError(f"{where}: there is neither a `password` nor a `private_key`, nor an `agent`.")
    if "public_key" in texts and agent is None:
        raise SecretError(f"{where}: `public_key` chooses a key of an agent, and there is no `agent`.")
    username = texts.pop("username")
    certificate, public_key = texts.pop("certificate", None), texts.pop("public_key", None)
    secrets = {key: SecretStr(value) for key, value in texts.items()}
    return Credential(username=username, certificate=certificate, agent=agent, public_key=public_key, **secrets)


def _agent(fields: Mapping[str, object], where: str) -> tuple[str | None, Mapping[str, object]]:
    """The socket of the agent that a credential names, and the other fields."""
    others = {key: value for key, value in fields.items() if key != "agent"}
    match fields.get("agent"):
        case None | False | "" | "false":
            return None, others
        case True | "true":
            socket = os.environ.get(AGENT_SOCKET)
            if not socket:
                raise SecretError(
                    f"{where}: `agent: true` means the SSH agent of the worker, and {AGENT_SOCKET} is not set in its "
                    "environment. Start the worker with one, or name the agent's socket instead of `true`."
                )
            return socket, others
        case str(path):
            return os.path.expanduser(path), others  # noqa: PTH111  # nothing of a path is looked at here
        case _:
            raise SecretError(f"{where}: `agent` is neither `true` nor the path of an agent's socket.")


def access_from(fields: Mapping[str, object], where: str) -> Access:
    """What a system is called with, from plain fields. A ``token`` goes before a ``username`` with its ``password``.

    Args:
        fields: As for `credential_from`.
        where: The source, for messages.

    Raises:
        SecretError: A field is unknown, no text, or there is nothing to identify with.
    """
    texts = _texts({key: value for key, value in fields.items() if key != "agent"}, where)  # the same may serve devices
    if "token" in texts:
        return Access(token=SecretStr(texts["token"]))
    if "username" not in texts or "password" not in texts:
        raise SecretError(f"{where}: there is neither a `token` nor a `username` with its `password`.")
    return Access(username=texts["username"], password=SecretStr(texts["password"]))


def _texts(fields: Mapping[str, object], where: str) -> dict[str, str]:
    for key, value in fields.items():
        if key not in FIELDS:
            raise SecretError(f"{where}: `{key}` is not known; {did_you_mean(str(key), FIELDS, 'fields are')}")
        if not isinstance(value, str):
            raise SecretError(f"{where}: `{key}` is not text; put it in quotes.")
    return {key: value for key, value in fields.items() if isinstance(value, str) and value}
