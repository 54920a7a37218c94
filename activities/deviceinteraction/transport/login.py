"""Logging in over SSH, whatever runs inside: the way to the device, our keys, and what a failed login means.

The way is a TCP connection of our own (`dial.py`), or a channel through a jump host; both transports go through here,
so that a device is judged alike whichever of them talks to it. asyncssh's names stand here, scrapli's do not.
"""

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import asyncssh

from activities.deviceinteraction.failures import DeviceFailure, Permanent, Unreachable
from activities.deviceinteraction.model import HostKeys, Proxy, Target, Timeouts
from activities.deviceinteraction.transport import hostkeys
from activities.deviceinteraction.transport.dial import connect_tcp

# The cheapest algorithms first, since a handshake costs more CPU than all that follows it; the defaults stay behind
# them for older devices.
FAST: Final[dict[str, Any]] = {
    "kex_algs": "^curve25519-sha256,curve25519-sha256@libssh.org",
    "encryption_algs": "^aes128-gcm@openssh.com,aes256-gcm@openssh.com",
}
_LAST_WORDS_S = 2.0


@dataclass(slots=True)
class Way:
    """How bytes get to a device: ``options`` is what asyncssh's ``connect`` takes for it."""

    options: dict[str, Any]
    peer: str  # the address that the connection leads to, as known-hosts entries may name it
    sock: socket.socket | None = None
    jump: asyncssh.SSHClientConnection | None = None

    def abandon(self) -> None:
        """Give the way up before a session stands on it."""
        if self.sock is not None:
            self.sock.close()
        if self.jump is not None:
            self.jump.abort()

    async def close(self) -> None:
        """Leave the jump host, where there is one, once the session is closed. Never raises for a dead link."""
        if self.jump is not None:
            await closed(self.jump)


async def reach(target: Target, host_keys: HostKeys, timeouts: Timeouts) -> Way:
    """Open the way to a device.

    Raises:
        Unreachable: Nothing answers there, or the jump host could not be reached.
        Permanent: The jump host refused our login, or shows another key.
    """
    if target.proxy is None:
        sock = await connect_tcp(target, timeouts.connect)
        return Way({"sock": sock}, str(sock.getpeername()[0]), sock=sock)
    jump = await connect(_as_target(target.proxy), host_keys, timeouts)
    return Way({"tunnel": jump}, target.address, jump=jump)


async def connect(
    target: Target, host_keys: HostKeys, timeouts: Timeouts, way: Way | None = None
) -> asyncssh.SSHClientConnection:
    """An SSH connection with nothing running on it yet; tried exactly once.

    Args:
        target: Where to.
        host_keys: How its key is judged.
        timeouts: ``connect`` bounds the login.
        way: The way there; one of its own where ``None``.

    Raises:
        Unreachable: No session could be opened.
        Permanent: Login or the host key was refused.
    """
    found = way or await reach(target, host_keys, timeouts)
    try:
        keys = client_keys(target)
        known = hostkeys.load(host_keys, target, found.peer)
        password = target.credential.password
        async with asyncio.timeout(timeouts.connect.total_seconds()):
            return await asyncssh.connect(
                target.address,
                target.port,
                username=target.credential.username,
                password=None if password is None else password.get_secret_value(),
                client_keys=keys,
                known_hosts=known,
                agent_path=None,  # the keys of whoever runs the worker are not the credential
                config=None,
                preferred_auth="publickey,password,keyboard-interactive",
                login_timeout=0,  # ours counts: asyncssh's would not say what it waited for
                keepalive_interval=0,
                **found.options,
                **FAST,
            )
    except BaseException as error:
        found.abandon()
        if isinstance(error, Exception):
            raise why_not_opened(error, target, host_keys, timeouts) from error
        raise


def client_keys(target: Target) -> list[Any] | None:
    """The key of a credential as asyncssh takes it, with its certificate where there is one; ``None`` without a key.

    Raises:
        Permanent: The key or the certificate cannot be read, or they do not belong together.
    """
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


def why_not_opened(error: BaseException, target: Target, host_keys: HostKeys, timeouts: Timeouts) -> DeviceFailure:
    """The failure for a login that did not succeed, by its cause. Raises the cause where it is none that is known."""
    name, where = target.name, hostkeys.entry_name(target)
    match error:
        case DeviceFailure():
            return error
        case asyncssh.PermissionDenied():
            return Permanent(
                f"{name}: the login as {target.credential.username!r} was refused at {where}. It was tried once and is "
                "not repeated, as accounts get locked. Check the credential."
            )
        case asyncssh.HostKeyNotVerifiable():
            return hostkeys.mismatch(host_keys, target)
        case asyncssh.KeyExchangeFailed():
            return Permanent(f"{name}: {where} offers no SSH algorithm that is accepted here: {error}.")
        case TimeoutError():
            limit_s = timeouts.connect.total_seconds()
            return Unreachable(f"{name}: {where} accepts TCP but did not finish the SSH login within {limit_s:g} s.")
        case asyncssh.ChannelOpenError() if target.proxy is not None:
            return Unreachable(
                f"{name}: the jump host {target.proxy.name} could not connect to {where}: {error.reason}. Check that "
                "it may forward there (`AllowTcpForwarding`, `PermitOpen`) and that the device answers it."
            )
        case asyncssh.Error() | OSError():
            said = str(error) or type(error).__name__
            return Unreachable(f"{name}: {where} accepts TCP but ended the SSH login: {said}.")
        case _:
            raise error


async def closed(connection: asyncssh.SSHClientConnection) -> None:
    """Close a connection, waiting a moment for the other side's last words. Never raises for a dead link."""
    with suppress(Exception):
        connection.close()
        async with asyncio.timeout(_LAST_WORDS_S):
            await connection.wait_closed()
            return
    connection.abort()


def _as_target(proxy: Proxy) -> Target:
    return Target(proxy.name, proxy.address, "linux", proxy.credential, proxy.port)
