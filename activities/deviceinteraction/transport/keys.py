"""The keys that a login offers: the credential's own, or those that an SSH agent holds and lets nobody read.

Nothing is taken that the credential does not name: neither the keys nor the agent of whoever runs the worker.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncssh

from activities.deviceinteraction.failures import Permanent
from activities.deviceinteraction.model import Target, Timeouts


@asynccontextmanager
async def offered(target: Target, timeouts: Timeouts) -> AsyncIterator[list[Any] | None]:
    """The keys of a credential as asyncssh takes them, for as long as the login lasts; ``None`` without a key.

    An agent signs while the login goes on, so it stays connected until the block ends.

    Raises:
        Permanent: A key or certificate cannot be read, or they do not belong together; no agent answers within
            ``connect``, or it has no such key.
    """
    own = _own(target)
    if target.credential.agent is None:
        yield own
        return
    agent = asyncssh.SSHAgentClient(target.credential.agent)
    async with agent:
        yield [*(own or ()), *await _held(agent, target, timeouts)]


def _own(target: Target) -> list[Any] | None:
    """The key that a credential holds itself, with its certificate where there is one."""
    credential = target.credential
    if credential.private_key is None:
        return None  # and not the keys of whoever runs the worker
    phrase = None if credential.passphrase is None else credential.passphrase.get_secret_value()
    try:
        key = asyncssh.import_private_key(credential.private_key.get_secret_value(), phrase)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise Permanent(f"{target.name}: the private key of the credential cannot be read: {error}.") from error
    if credential.certificate is None:
        return [key]
    try:
        certificate = asyncssh.import_certificate(credential.certificate)
    except (asyncssh.KeyImportError, ValueError) as error:
        raise Permanent(f"{target.name}: the certificate of the credential cannot be read: {error}.") from error
    if certificate.key.public_data != key.public_data:
        raise Permanent(f"{target.name}: the certificate of the credential is for another key than its `private_key`.")
    return [(key, certificate), key]


async def _held(agent: asyncssh.SSHAgentClient, target: Target, timeouts: Timeouts) -> Sequence[Any]:
    """The keys of an agent, or the one of them that is named."""
    credential = target.credential
    try:
        named = None if credential.public_key is None else asyncssh.import_public_key(credential.public_key)
    except asyncssh.KeyImportError as error:
        raise Permanent(f"{target.name}: the `public_key` of the credential cannot be read: {error}.") from error
    limit_s = timeouts.connect.total_seconds()
    try:
        async with asyncio.timeout(limit_s):
            keys = await agent.get_keys(None if named is None else [named.public_data])
    except (ValueError, OSError, TimeoutError) as error:
        said = str(error) or f"no answer within {limit_s:g} s"
        raise Permanent(
            f"{target.name}: the SSH agent at {credential.agent} cannot be asked: {said}. Is it running, and may the "
            "worker's user open its socket?"
        ) from error
    if not keys:
        which = "no keys" if named is None else "not the key that `public_key` names"
        raise Permanent(f"{target.name}: the SSH agent at {credential.agent} holds {which}; see `ssh-add -l`.")
    return keys
