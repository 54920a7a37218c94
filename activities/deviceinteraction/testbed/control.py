"""The control socket: faults, configurations and logs of a testbed that runs in another process.

One JSON object a line goes in, one comes out. The socket is a file in the state folder, open to its owner only.
`TestbedControl` is the client: synchronous, for tests, the demo and the CLI.
"""

import asyncio
import json
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, Self, assert_never, cast

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from activities.deviceinteraction.testbed.model import Fault, LogEntry

if TYPE_CHECKING:
    from activities.deviceinteraction.testbed.testbed import TestbedDevice

_LONGEST_PATH = 100  # a Unix socket's path has 104 to 108 bytes, depending on the system


class DeviceEntry(BaseModel):
    """What ``devices`` says of one device."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    platform: str
    address: str
    port: int
    site: str
    live_sessions: int
    revert_due: AwareDatetime | None = None  # when it takes an unconfirmed commit back


class Request(BaseModel):
    """What may be asked. ``device`` is left out for ``devices``, and for ``clear`` and ``reset`` of all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    op: Literal["fault", "clear", "config", "startup", "vlans", "log", "devices", "line", "reset", "expire", "room"]
    device: str | None = None
    fault: Fault | str | None = None
    lines: tuple[str, ...] = ()
    user: str = "console"
    commit: bool = True
    free: int = Field(default=0, ge=0)


class Controlled(Protocol):
    """What the control socket needs of a testbed."""

    @property
    def devices(self) -> "Mapping[str, TestbedDevice]":
        """The devices by name."""
        ...


class ControlServer:
    """Answers requests for one testbed."""

    def __init__(self, testbed: Controlled) -> None:
        self._testbed = testbed

    @classmethod
    @asynccontextmanager
    async def start(cls, path: Path, testbed: Controlled) -> AsyncIterator[Self]:
        """Listen on a socket file until the block is left; a file that an earlier testbed left is replaced."""
        control = cls(testbed)
        real, folder = _place(path)
        server = await asyncio.start_unix_server(control._serve, real, limit=2**24)
        _publish(path, real)
        try:
            yield control
        finally:
            server.close()
            await server.wait_closed()
            _withdraw(path, folder)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ValueError):
            while line := await reader.readline():
                writer.write(json.dumps(self.answer(line)).encode() + b"\n")
                await writer.drain()
        writer.close()

    def answer(self, line: bytes) -> dict[str, object]:
        """The answer to one request: ``{"ok": true, "result": …}`` or ``{"ok": false, "error": …}``."""
        try:
            return {"ok": True, "result": self._do(Request.model_validate_json(line))}
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "request"
            return {"ok": False, "error": f"{where}: {first['msg']}"}
        except (KeyError, ValueError) as error:
            return {"ok": False, "error": str(error.args[0] if error.args else error)}

    def _do(self, request: Request) -> object:
        match request.op:
            case "devices":
                return [_described(device).model_dump(mode="json") for device in self._testbed.devices.values()]
            case "clear" | "reset":
                for device in self._chosen(request):
                    device.clear() if request.op == "clear" else device.reset()
                return None
            case "fault":
                if request.fault is None:
                    raise ValueError("fault: a fault is expected, as an object or as text such as 'reject:vlan 120'")
                self._one(request).inject(request.fault)
                return None
            case "config":
                return self._one(request).running_config()
            case "startup":
                return self._one(request).startup_config()
            case "vlans":
                return {number: vlan.model_dump() for number, vlan in self._one(request).vlans().items()}
            case "log":
                return self._one(request).log()
            case "line":
                self._one(request).change(request.lines, user=request.user, commit=request.commit)
                return None
            case "expire":
                return self._one(request).expire()
            case "room":
                self._one(request).leave_room(request.free)
                return None
            case _:
                assert_never(request.op)

    def _one(self, request: Request) -> "TestbedDevice":
        devices = self._testbed.devices
        if request.device is None or request.device not in devices:
            raise KeyError(f"device: the name of one of {len(devices)} devices is expected, not {request.device!r}")
        return devices[request.device]

    def _chosen(self, request: Request) -> "list[TestbedDevice]":
        return [self._one(request)] if request.device else list(self._testbed.devices.values())


def _place(path: Path) -> tuple[Path, Path | None]:
    """Where the socket really goes, and the folder made for it where the wanted path is too long for a socket."""
    path.unlink(missing_ok=True)
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        return path, None
    folder = Path(tempfile.mkdtemp(prefix="netsaga-"))
    return folder / "control.sock", folder


def _publish(path: Path, real: Path) -> None:
    real.chmod(0o600)
    if real != path:
        path.symlink_to(real)


def _withdraw(path: Path, folder: Path | None) -> None:
    path.unlink(missing_ok=True)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _described(device: "TestbedDevice") -> DeviceEntry:
    return DeviceEntry(
        name=device.name,
        platform=device.platform,
        address=device.address,
        port=device.port,
        site=device.spec.site,
        live_sessions=device.live_sessions,
        revert_due=device.revert_due,
    )


_DEVICES = TypeAdapter(list[DeviceEntry])
_VLANS = TypeAdapter(dict[int, dict[str, str]])


class TestbedControl:
    """The client of a control socket; one short connection a call.

    Args:
        path: The socket, or the testbed's state folder.
        timeout_s: How long to wait for an answer.
    """

    __test__ = False

    def __init__(self, path: Path | str, *, timeout_s: float = 10.0) -> None:
        path = Path(path)
        self._path = path / "control.sock" if path.is_dir() else path
        self._timeout_s = timeout_s

    def devices(self) -> list[DeviceEntry]:
        """Name, platform, address, port, site, live sessions and pending confirm timer of every device."""
        return _DEVICES.validate_python(self._ask(op="devices"))

    def fault(self, device: str, fault: Fault | str) -> None:
        """Arm a fault; text is read by `Fault.parse`."""
        self._ask(op="fault", device=device, fault=fault if isinstance(fault, str) else fault.model_dump())

    def clear(self, device: str | None = None) -> None:
        """Disarm the faults of a device, or of all."""
        self._ask(op="clear", device=device)

    def config(self, device: str) -> str:
        """A running configuration without volatile lines."""
        return str(self._ask(op="config", device=device))

    def startup(self, device: str) -> str:
        """A startup configuration."""
        return str(self._ask(op="startup", device=device))

    def vlans(self, device: str) -> dict[int, dict[str, str]]:
        """The VLANs by id: ``name`` and ``status``."""
        return _VLANS.validate_python(self._ask(op="vlans", device=device))

    def log(self, device: str) -> list[LogEntry]:
        """A command log, oldest entry first."""
        return cast("list[LogEntry]", self._ask(op="log", device=device))

    def line(self, device: str, lines: Sequence[str], *, user: str = "console", commit: bool = True) -> None:
        """Change a device out of band."""
        self._ask(op="line", device=device, lines=list(lines), user=user, commit=commit)

    def reset(self, device: str | None = None) -> None:
        """Bring a device, or all, back to the delivered configuration."""
        self._ask(op="reset", device=device)

    def expire(self, device: str) -> bool:
        """Let the confirm timer of a device run out before its time; whether one ran."""
        return bool(self._ask(op="expire", device=device))

    def room(self, device: str, free: int) -> None:
        """Let a device have so many bytes free for files, until it is reset."""
        self._ask(op="room", device=device, free=free)

    def _ask(self, **request: object) -> object:
        """Send a request and wait for its answer.

        Raises:
            ConnectionError: No testbed listens on the socket.
            ValueError: The testbed refuses the request.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(self._timeout_s)
            try:
                sock.connect(os.path.realpath(self._path))
            except OSError as error:
                raise ConnectionError(f"no testbed answers on {self._path}: {error}; start one first") from error
            sock.sendall(json.dumps(request).encode() + b"\n")
            with sock.makefile("rb") as answers:
                answer = json.loads(answers.readline())
        if not answer["ok"]:
            raise ValueError(answer["error"])
        return answer["result"]
