"""A running testbed: many simulated devices in one process, each on its own loopback address.

It owns the servers and the files in its state folder. Tests use it in their own process; others go through
`control.py`, which it opens too.
"""

import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import cast

from activities.deviceinteraction.model import Vlan
from activities.deviceinteraction.testbed import certificates, fleet
from activities.deviceinteraction.testbed.apis import handler_of
from activities.deviceinteraction.testbed.control import ControlServer
from activities.deviceinteraction.testbed.device import DISK_FREE, Clock, Device, SystemClock
from activities.deviceinteraction.testbed.model import (
    PLATFORMS,
    ApiName,
    CommandEntry,
    DeviceSpec,
    Fault,
    LogEntry,
    Login,
    SimulatedName,
)
from activities.deviceinteraction.testbed.platforms.registry import build
from activities.deviceinteraction.testbed.server import DeviceServer, bound, raise_descriptor_limit
from activities.deviceinteraction.testbed.surroundings import Peer

_PORT_TRIES = 20


class TestbedDevice:
    """One device of a running testbed, as tests and the control socket handle it."""

    __test__ = False  # pytest shall not collect it

    def __init__(self, server: DeviceServer) -> None:
        self._server = server
        self._device = server.device

    @property
    def name(self) -> str:
        """Its name in the inventory."""
        return self._device.spec.name

    @property
    def spec(self) -> DeviceSpec:
        """What it was made from."""
        return self._device.spec

    @property
    def platform(self) -> SimulatedName:
        """Its platform."""
        return self._device.spec.platform

    @property
    def address(self) -> str:
        """The loopback address on which it listens."""
        return self._server.address

    @property
    def port(self) -> int:
        """Its TCP port."""
        return self._server.port

    @property
    def api_port(self) -> int:
        """The TCP port of its API over HTTPS; 0 where it offers none."""
        return self._server.api_port

    @property
    def live_sessions(self) -> int:
        """How many logins are open now."""
        return len(self._device.users)

    def inject(self, fault: Fault | str) -> None:
        """Arm a fault; a string is read by `Fault.parse`."""
        self._server.inject(Fault.parse(fault) if isinstance(fault, str) else fault)

    def clear(self) -> None:
        """Disarm all its faults."""
        self._server.clear()

    def pending_faults(self) -> list[Fault]:
        """The faults that nobody has met yet."""
        return self._device.faults.pending()

    def running_config(self) -> str:
        """Its running configuration without volatile lines."""
        return self._device.running_config()

    def startup_config(self) -> str:
        """What it would come up with after a reboot."""
        return self._device.startup_config()

    def vlans(self) -> Mapping[int, Vlan]:
        """Its VLANs by id, VLAN 1 included where the platform has one, Cisco's 1002 to 1005 not."""
        return self._device.vlans()

    def log(self) -> list[LogEntry]:
        """Its command log, oldest first."""
        return self._device.log.read()

    @property
    def log_path(self) -> Path:
        """The file of its command log."""
        return self._device.log.path

    @property
    def revert_due(self) -> datetime | None:
        """When it will go back by itself, if a commit waits for its confirmation."""
        return self._device.revert_due

    def expire(self) -> bool:
        """Let the timer of an unconfirmed commit run out before its time; whether one ran."""
        ran = self._device.unconfirmed is not None
        self._device.run_out()
        return ran

    def commands(self) -> list[CommandEntry]:
        """The entries of its log that are lines, oldest first: who typed what, and what that changed."""
        return [cast("CommandEntry", entry) for entry in self.log() if "line" in entry]

    def change(self, lines: Sequence[str], *, user: str = "console", commit: bool = True) -> None:
        """Change it out of band, as a colleague on the console would; see `Device.change`."""
        self._device.change(lines, user=user, commit=commit)

    def files(self) -> Mapping[str, bytes]:
        """The files that were copied to it."""
        return dict(self._device.files)

    def leave_room(self, free: int) -> None:
        """Let it have so many bytes free, those files not counted."""
        self._device.disk_free = free

    def peer_with(self, *peers: Peer) -> None:
        """Let it have these BGP sessions, and no others."""
        self._device.peers = peers

    def reset(self) -> None:
        """Back to the delivered configuration, without faults, files, checkpoints and sessions; the log stays."""
        self._server.clear()
        self._device.reset()
        self._device.disk_free = DISK_FREE
        self._device.files.clear()


class Testbed:
    """A fleet that listens. Made by `Testbed.start`."""

    __test__ = False

    def __init__(self, state: Path, devices: Sequence[TestbedDevice]) -> None:
        self.state = state
        self._devices = {device.name: device for device in devices}

    @property
    def devices(self) -> Mapping[str, TestbedDevice]:
        """The devices by name, in the inventory's order."""
        return self._devices

    @property
    def inventory(self) -> Path:
        """The inventory file."""
        return self.state / "inventory.yaml"

    @property
    def known_hosts(self) -> Path:
        """The known-hosts file."""
        return self.state / "known_hosts"

    @property
    def authority(self) -> Path:
        """The certificate of the authority that proves the devices' APIs; there where a device has one."""
        return self.state / "ca.pem"

    @property
    def credentials(self) -> Path:
        """The credentials file."""
        return self.state / "credentials.yaml"

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.state / "control.sock"

    def device(self, name: str) -> TestbedDevice:
        """A device by name.

        Raises:
            KeyError: There is none of that name.
        """
        if name not in self._devices:
            raise KeyError(f"the testbed has no device {name!r}; it has {', '.join(list(self._devices)[:5])} and so on")
        return self._devices[name]

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        *,
        state: Path,
        devices: int | Sequence[DeviceSpec] = 4,
        platforms: Sequence[SimulatedName] = PLATFORMS,
        port: int = 0,
        api_port: int | None = None,
        network: str = "127.20.0.0/16",
        site: str = "b1",
        elsewhere: int = 0,
        enable_share: float = 0.5,
        latency_s: float = 0.0,
        login: Login | None = None,
        clock: Clock | None = None,
        make: Callable[[DeviceSpec, Login, Path, Clock], Device] = build,
    ) -> "AsyncIterator[Testbed]":
        """Start a fleet, and stop it when the block is left.

        Args:
            state: The folder for its files; made where it is missing.
            devices: How many access switches, or exactly these devices.
            platforms: Where a number was given: which, in turn.
            port: The port of all devices; 0 picks one that is free on every address.
            api_port: Where a number was given: the port of the APIs over HTTPS, by which those that have one are then
                reached; 0 picks one. Exact devices say themselves whether they have one.
            network: Where the addresses come from; a part of 127.0.0.0/8.
            site: Where a number was given: the site of the devices.
            elsewhere: How many of them stand in another site.
            enable_share: See `fleet.access_fleet`.
            latency_s: How long every command takes at least.
            login: Who may log in; the default is `model.Login`'s.
            clock: The devices' time.
            make: What a device is made by; simulated ones, if nothing else is said.

        Raises:
            OSError: A port is taken.
            ValueError: The network is not loopback or too small.
        """
        login = login or Login()
        clock = clock or SystemClock()
        specs = (
            fleet.access_fleet(
                devices,
                platforms=platforms,
                site=site,
                elsewhere=elsewhere,
                enable_share=enable_share,
                apis=api_port is not None,
            )
            if isinstance(devices, int)
            else list(devices)
        )
        logs = state / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        raise_descriptor_limit(3 * len(specs) + 256)
        key = fleet.host_key(state / "hostkey")
        sockets = _sockets(fleet.loopback_addresses(network, len(specs)), port)
        places: list[tuple[str, int]] = [sock.getsockname() for sock in sockets]
        servers: list[DeviceServer] = []
        try:
            for spec, sock, (address, own_port) in zip(specs, sockets, places, strict=True):
                device = make(spec, login, logs / f"{spec.name}.jsonl", clock)
                servers.append(DeviceServer(device, address, own_port, key, latency_s))
                await servers[-1].start(sock)
            api_ports = await _offer_apis(servers, state, api_port or 0)
            fleet.write_inventory(state / "inventory.yaml", specs, places, api_ports)
            fleet.write_known_hosts(state / "known_hosts", key, places)
            fleet.write_credentials(state / "credentials.yaml", login)
            testbed = cls(state, [TestbedDevice(server) for server in servers])
            async with ControlServer.start(testbed.control, testbed):
                yield testbed
        finally:
            for server in servers:
                await server.stop()
            for sock in sockets[len(servers) :]:
                sock.close()


async def _offer_apis(servers: Sequence[DeviceServer], state: Path, port: int) -> dict[str, int]:
    """Let the devices that have an API over HTTPS offer it; their names and the ports of the APIs."""
    offering: list[tuple[DeviceServer, ApiName]] = []
    for server in servers:
        api = server.device.spec.api
        if api is not None:
            offering.append((server, api))
    if not offering:
        return {}
    shown = state / "api.pem"
    certificates.write(state / "ca.pem", shown, [server.address for server, _ in offering])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown)
    sockets = _sockets([server.address for server, _ in offering], port)
    for (server, api), sock in zip(offering, sockets, strict=True):
        await server.offer(handler_of(api, server.device), sock, context)
    return {server.device.spec.name: server.api_port for server, _ in offering}


def _sockets(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """Listening sockets, one an address, all on one port; on 127.0.0.1 with ports of their own where only that exists.

    Raises:
        OSError: The port is taken, or no port is free on every address.
    """
    for attempt in range(_PORT_TRIES):
        sockets: list[socket.socket] = []
        chosen = port
        try:
            for address in addresses:
                sockets.append(bound(address, chosen))
                chosen = chosen or sockets[0].getsockname()[1]
            return sockets
        except OSError as error:
            for sock in sockets:
                sock.close()
            if error.errno == errno.EADDRNOTAVAIL:
                return _sockets_on_one_address(len(addresses), port)
            if port or attempt == _PORT_TRIES - 1:
                raise
    raise AssertionError("unreachable: the last try returns or raises")


def _sockets_on_one_address(count: int, port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        sockets.extend(bound("127.0.0.1", port + index if port else 0) for index in range(count))
    except OSError:
        for sock in sockets:
            sock.close()
        raise
    return sockets
