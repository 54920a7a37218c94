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
from activities.deviceinteraction.transport.algorithms import algorithms
from activities.deviceinteraction.transport.dial import connect_tcp
from activities.deviceinteraction.transport.keys import offered
from activities.deviceinteraction.transport.sparing import Sparing

# What asyncssh's `connect` takes for every login, whichever transport it is for.
EVERY_LOGIN: Final[dict[str, Any]] = {
    "client_factory": Sparing,
    "preferred_auth": "publickey,password,keyboard-interactive",  # a password as such saves a round trip
    # Given none, asyncssh looks for X.509 authorities in the home of whoever runs the worker.
    "x509_trusted_certs": [],
    "x509_trusted_cert_paths": [],
}
_LAST_WORDS_S = 2.0


@dataclass(slots=True)
class Way:
    """How bytes get to a device: ``options`` is what asyncssh's ``connect`` takes for it."""

    options: dict[str, Any]
    peer: str  # the address that the connection leads to, as known-hosts entries may name it
    sock: socket.socket | None = None
    jump: asyncssh.SSHClientConnection | None = None

    async def stream(self, target: Target) -> tuple[Any, Any]:
        """The bytes themselves, without SSH around them beyond a jump host: what they are read from and written to."""
        if self.jump is None:
            return await asyncio.open_connection(sock=self.sock)
        return await self.jump.open_connection(target.address, target.port)

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
        trusted = hostkeys.load(host_keys, target, found.peer)
        password = target.credential.password
        async with offered(target, timeouts) as keys, asyncio.timeout(timeouts.connect.total_seconds()):
            return await asyncssh.connect(
                target.address,
                target.port,
                username=target.credential.username,
                password=None if password is None else password.get_secret_value(),
                client_keys=keys,
                known_hosts=trusted.known_hosts,
                agent_path=None,  # `offered` asks the credential's agent, and no other
                config=None,
                **EVERY_LOGIN,
                login_timeout=0,  # ours counts: asyncssh's would not say what it waited for
                keepalive_interval=0,
                **found.options,
                **algorithms(target.algorithms, trusted.kinds),
            )
    except BaseException as error:
        found.abandon()
        if isinstance(error, Exception):
            raise why_not_opened(error, target, host_keys, timeouts) from error
        raise


def why_not_opened(error: BaseException, target: Target, host_keys: HostKeys, timeouts: Timeouts) -> DeviceFailure:
    """The failure for a login that did not succeed, by its cause. Raises the cause where it is none that is known."""
    name, where = target.name, hostkeys.entry_name(target)
    match error:
        case DeviceFailure():
            return error
        case asyncssh.PermissionDenied():
            signs = ""
            if target.credential.agent is not None:
                signs = ", and that its agent signs: a key may want a confirmation that nobody gives (`ssh-add -c`)"
            return Permanent(
                f"{name}: the login as {target.credential.username!r} was refused at {where}. It was tried once and is "
                f"not repeated, as accounts get locked. Check the credential{signs}."
            )
        case asyncssh.HostKeyNotVerifiable():
            return hostkeys.mismatch(host_keys, target)
        case asyncssh.KeyExchangeFailed():
            return Permanent(f"{name}: {where} offers no SSH algorithm that is accepted here: {error}.{_older(target)}")
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
            other = ""
            if isinstance(error, asyncssh.ConnectionLost | ConnectionError):  # so ends OpenSSH where no kind is common
                other = " It may have another kind of host key than the one that is known." + _older(target)
            return Unreachable(f"{name}: {where} accepts TCP but ended the SSH login: {said}.{other}")
        case _:
            raise error


def _older(target: Target) -> str:
    """What to do about a device that has old algorithms only."""
    if target.algorithms == "legacy":
        return ""
    return (
        " If it has none that are newer, `data.ssh_algorithms: legacy` in its inventory accepts SHA-1, CBC and the "
        "like from this device alone."
    )


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
