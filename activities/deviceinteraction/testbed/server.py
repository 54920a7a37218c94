"""The SSH server of one device: its port, who may log in, and the faults that a client meets before a prompt.

What happens behind the prompt is `shell.py`'s, and what is different for Telnet is `telnet.py`'s. It binds only the
address that it is given, which `testbed.py` takes from the loopback network.
"""

import asyncio
import contextlib
import socket
import ssl

import asyncssh

from activities.deviceinteraction.testbed.device import Device
from activities.deviceinteraction.testbed.model import Fault
from activities.deviceinteraction.testbed.shell import Shell
from activities.deviceinteraction.testbed.telnet import TelnetConnection, TelnetServer
from activities.deviceinteraction.testbed.web import Handler, WebServer

#: The cheapest handshake that every client of ours offers; paramiko knows curve25519 only by its older name.
KEY_EXCHANGE = ("curve25519-sha256", "curve25519-sha256@libssh.org")
DYING_S = 0.05  # from the word to the cut: a device still says what it does
BOOTING_S = 0.3  # real ones take minutes
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr")


class DeviceServer:
    """One device's port.

    Args:
        device: The device.
        address: A loopback address.
        port: Its port.
        host_key: Shared by all devices of a testbed.
        latency_s: How long every command takes at least.
    """

    def __init__(self, device: Device, address: str, port: int, host_key: asyncssh.SSHKey, latency_s: float) -> None:
        self.device = device
        self.address = address
        self.port = port
        self._host_key = host_key
        self._latency_s = latency_s
        self._acceptor: asyncssh.SSHAcceptor | TelnetServer | None = None
        self._is_off = False  # between going down and coming up
        self._attaching: asyncio.Task[None] | None = None
        self._connections: set[asyncssh.SSHServerConnection | TelnetConnection] = set()
        self._logins = 0
        self._power: asyncio.TimerHandle | None = None
        self._web: WebServer | None = None
        self.api_port = 0  # where its API is offered; 0 where it has none
        device.power_cycle = self._power_cycle

    async def start(self, sock: socket.socket | None = None) -> None:
        """Listen, on a socket that is bound already or on one of its own."""
        if self.device.spec.transport == "telnet":
            telnet = TelnetServer(self.device, self.opened, self._by_telnet, self.closed)
            self._acceptor = await telnet.start(sock or bound(self.address, self.port))
            return
        self._acceptor = await asyncssh.listen(
            sock=sock or bound(self.address, self.port),
            server_factory=lambda: _Login(self),
            server_host_keys=[self._host_key],
            kex_algs=KEY_EXCHANGE,
            encryption_algs=CIPHERS,
            compression_algs=None,
            line_editor=False,
            allow_scp=False,
            agent_forwarding=False,
            x11_forwarding=False,
            gss_host=None,
            encoding="utf-8",
            errors="replace",
        )

    async def offer(self, handler: Handler, sock: socket.socket, context: ssl.SSLContext) -> None:
        """Listen for an API over HTTPS as well, on a socket that is bound already."""
        self._web = WebServer(self.device, handler, context, self.login)
        self.api_port = sock.getsockname()[1]
        await self._web.start(sock)

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._power is not None:
            self._power.cancel()
        if self._attaching is not None:
            await self._attaching
        if self._acceptor is not None:
            self._acceptor.close()
        for connection in list(self._connections):
            connection.abort()
        if self._web is not None:
            self._web.close()
            self._web.cut()
        await asyncio.sleep(0)  # the connections' ends run now, and end their shells
        if self._acceptor is not None:
            await self._acceptor.wait_closed()
            self._acceptor = None

    def inject(self, fault: Fault) -> None:
        """Arm a fault; one that refuses every connection closes the port."""
        self.device.faults.inject(fault)
        if self.device.faults.closes_port() and self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None
            if self._web is not None:
                self._web.close()

    def clear(self) -> None:
        """Disarm all faults and open the port again where it was closed."""
        self.device.faults.clear()
        if self._acceptor is None and self._attaching is None:
            # The kernel accepts from here on, so that nobody who connects at once is refused.
            self._attaching = asyncio.get_running_loop().create_task(self._reopen(*self._bound_anew()))

    def _power_cycle(self) -> None:
        self._power = asyncio.get_running_loop().call_later(DYING_S, self._down)

    def _down(self) -> None:
        self._is_off = True
        if self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None
        for connection in list(self._connections):
            connection.abort()
        if self._web is not None:
            self._web.close()
            self._web.cut()
        self.device.boot()
        self._power = asyncio.get_running_loop().call_later(BOOTING_S, self._up)

    def _up(self) -> None:
        self._power = None
        if self.device.faults.take("no_boot") is not None:
            return
        if self._acceptor is None and self._attaching is None and not self.device.faults.closes_port():
            self._attaching = asyncio.get_running_loop().create_task(self._reopen(*self._bound_anew()))

    def _bound_anew(self) -> tuple[socket.socket, socket.socket | None]:
        return bound(self.address, self.port), bound(self.address, self.api_port) if self._web is not None else None

    async def _reopen(self, sock: socket.socket, web: socket.socket | None) -> None:
        self._is_off = False
        await self.start(sock)
        if self._web is not None and web is not None:
            await self._web.start(web)
        self._attaching = None

    def opened(self, connection: asyncssh.SSHServerConnection | TelnetConnection) -> None:
        """A connection has begun; whether it ends in a login is not known yet."""
        self._connections.add(connection)
        if self._is_off:  # accepted by the kernel before the port was closed
            connection.abort()

    @property
    def is_full(self) -> bool:
        """Whether there are more connections than lines, the one that has just begun included."""
        return self.device.spec.lines is not None and len(self._connections) > self.device.spec.lines

    def login(self, user: str) -> int:
        """Count a login; its number in the log."""
        self._logins += 1
        self.device.users[self._logins] = user
        self.device.log.event(self._logins, user, "login")
        return self._logins

    def closed(self, connection: asyncssh.SSHServerConnection | TelnetConnection, session: int, user: str) -> None:
        """A connection is over, and with it its login if there was one (``session`` is 0 otherwise)."""
        self._connections.discard(connection)
        if session:
            self.device.users.pop(session, None)
            self.device.log.event(session, user, "logout")

    def _by_telnet(self, user: str) -> tuple[int, Shell]:
        session = self.login(user)
        return session, self.shell(session, user)

    def shell(self, session: int, user: str) -> Shell:
        """A shell for a login."""
        return Shell(self.device, session, user, self._latency_s)


class _Login(asyncssh.SSHServer):
    """One connection, from its first byte to its last."""

    def __init__(self, server: DeviceServer) -> None:
        self._server = server
        self._device = server.device
        self._session = 0
        self._user = ""

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.opened(conn)
        if self._server.is_full or self._device.faults.take("refuse_connection") is not None:
            self._device.log.event(0, "", "refused")
            conn.abort()

    async def begin_auth(self, username: str) -> bool:
        self._user = username
        if self._device.faults.take("hang_login", line=username) is not None:
            self._device.log.event(0, username, "login_hung")
            await asyncio.Event().wait()  # until the client gives up
        key = self._device.login.public_key
        if key is not None:
            self._connection.set_authorized_keys(asyncssh.import_authorized_keys(key))
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        login = self._device.login
        right = (username, password) == (login.username, login.password)
        if right and self._device.faults.take("refuse_login", line=username) is None:
            return True
        self._device.log.event(0, username, "login_refused")
        return False

    def auth_completed(self) -> None:
        self._session = self._server.login(self._user)

    def session_requested(self) -> Shell:
        return self._server.shell(self._session, self._user)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._server.closed(self._connection, self._session, self._user)


def bound(address: str, port: int) -> socket.socket:
    """A listening TCP socket.

    Raises:
        OSError: The address is not this machine's, or the port is taken.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # said, asyncio turns Nagle off
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(64)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def raise_descriptor_limit(wanted: int) -> None:
    """Ask for as many open files as a fleet needs; quietly less where the system grants less."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not on Windows

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            target = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
