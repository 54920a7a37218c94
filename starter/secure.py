"""How a Temporal server is reached that asks for TLS or for a key: by the variables of Temporal's own command line.

One set of variables serves `netsaga`, its workers and the `temporal` program: ``TEMPORAL_TLS``,
``TEMPORAL_TLS_SERVER_CA_CERT_PATH``, ``TEMPORAL_TLS_CLIENT_CERT_PATH``, ``TEMPORAL_TLS_CLIENT_KEY_PATH``,
``TEMPORAL_TLS_SERVER_NAME``, ``TEMPORAL_API_KEY`` and ``TEMPORAL_GRPC_META_*`` (docs.temporal.io/references/
client-environment-configuration). Address and namespace stay ours, and no file of profiles is read. A key is a secret,
so none of this stands in the settings.
"""

import os
from collections.abc import Mapping
from typing import Final, TypedDict

from temporalio.envconfig import ClientConfigProfile
from temporalio.service import TLSConfig

_PREFIXES: Final = ("TEMPORAL_TLS", "TEMPORAL_API_KEY", "TEMPORAL_GRPC_META_")


class Security(TypedDict, total=False):
    """What `Client.connect` takes besides an address, as far as it is set."""

    tls: bool | TLSConfig
    api_key: str
    rpc_metadata: Mapping[str, str]


class SecurityError(Exception):
    """The variables cannot be used; the message says which they are, and what was found."""


def security() -> Security:
    """What the environment says of TLS, keys and headers; nothing where it says nothing.

    Raises:
        SecurityError: A variable has no meaning, or a file that one names cannot be read.
    """
    named = _named()
    found = Security()
    if not named:
        return found
    given = {name: os.environ[name] for name in named}
    try:
        read = ClientConfigProfile.load(disable_file=True, override_env_vars=given).to_client_connect_config()
    except (OSError, RuntimeError, ValueError) as error:
        raise SecurityError(f"the environment's {', '.join(named)} cannot be used: {error}") from error
    if "tls" in read:
        found["tls"] = read["tls"]
    if "api_key" in read:
        found["api_key"] = read["api_key"]
    if "rpc_metadata" in read:
        found["rpc_metadata"] = read["rpc_metadata"]
    return found


def asked_with() -> str:
    """What to add where a server does not answer: the variables that have a say in how it was asked; else nothing."""
    named = _named()
    return f", asked as {', '.join(named)} say{'s' if len(named) == 1 else ''}" if named else ""


def forget_security() -> None:
    """Take the variables out of this process's environment: a server of our own on this machine asks for nothing."""
    for name in _named():
        del os.environ[name]


def _named() -> list[str]:
    return sorted(name for name in os.environ if name.startswith(_PREFIXES))
