"""From a device of the inventory to what is logged in to: where it is, by which way, and with what.

How a device is reached is its inventory's to say, in ``data``; what may be used at all, and where jump hosts are, is
said by the worker's settings. Nothing is opened here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from activities.deviceinteraction.failures import InvalidInput, Permanent
from activities.deviceinteraction.model import Algorithms, HostName, Proxy, Target, Tls, TransportName
from activities.secrets.store import SecretError, SecretStore
from workflows.contracts import Device
from workflows.suggest import did_you_mean

SSH_PORT: Final = 22  # what a device has whose inventory names none
HTTPS_PORT: Final = 443
PORTS: Final[Mapping[TransportName, int]] = {"ssh": SSH_PORT, "telnet": 23, "eapi": HTTPS_PORT, "nxapi": HTTPS_PORT}
_TRANSPORTS: Final[Mapping[str, TransportName]] = {name: name for name in PORTS}


@dataclass(frozen=True, slots=True)
class ProxyAt:
    """A jump host, as the worker's settings have it; ``credential`` is a name."""

    address: str
    credential: str
    port: int = SSH_PORT


@dataclass(frozen=True, slots=True)
class Ways:
    """By which ways devices may be reached, as the worker's settings have it.

    Args:
        proxies: Jump hosts by name; a device names the one that it is reached through as ``data.proxy``.
        telnet: Whether a device may be reached by Telnet (``data.transport: telnet``), which hides nothing.
        ca: A file of the authorities that prove devices over HTTPS; those of the machine where ``None``.
        authorities: Such files by name, for devices that name another one as ``data.tls_ca``.
    """

    proxies: Mapping[str, ProxyAt] = field(default_factory=dict)
    telnet: Literal["refuse", "allow"] = "refuse"
    ca: Path | None = None
    authorities: Mapping[str, Path] = field(default_factory=dict)


async def target_of(device: Device, credential: str, ways: Ways, secrets: SecretStore) -> Target:
    """A device as the device library takes it, with what identifies us to it.

    Args:
        device: As the inventory has it.
        credential: The name of the credential to log in with.
        ways: What the settings allow.
        secrets: Where credentials are had.

    Raises:
        SecretError: A credential cannot be had, or the jump host is not known.
        InvalidInput: ``data.transport``, ``data.ssh_algorithms``, ``data.tls_ca`` or ``data.tls_fingerprint`` says
            something that there is not.
        Permanent: The device asks for Telnet, and the settings do not allow it.
    """
    transport = _transport(device, ways)
    return Target(
        HostName(device.name),
        device.address,
        device.platform,
        await secrets.credential(credential),
        _port(device, transport),
        await _proxy(device, ways.proxies, secrets),
        transport,
        _algorithms(device),
        _tls(device, ways),
        str(device.data.get("restconf_root", "")),
    )


def _port(device: Device, transport: TransportName) -> int:
    if device.port != SSH_PORT:
        return device.port
    return HTTPS_PORT if device.platform == "restconf" else PORTS[transport]


def _transport(device: Device, ways: Ways) -> TransportName:
    transport = _TRANSPORTS[_one_of(device, "transport", get_args(TransportName), "ssh")]
    if transport == "telnet" and ways.telnet == "refuse":
        raise Permanent(
            f"{device.name} asks for Telnet (`data.transport`), by which passwords and all else travel in clear text, "
            "and the worker's settings do not allow it. Turn SSH on there and remove `transport`; in a lab, "
            "`telnet: allow` in the settings lets it pass."
        )
    return transport


def _algorithms(device: Device) -> Algorithms:
    return "legacy" if _one_of(device, "ssh_algorithms", get_args(Algorithms), "modern") == "legacy" else "modern"


def _tls(device: Device, ways: Ways) -> Tls:
    """Whom the device's HTTPS must be proven by: the certificate that is pinned, or an authority of the settings."""
    pinned = device.data.get("tls_fingerprint")
    if pinned is not None:
        fingerprint = str(pinned).lower().removeprefix("sha256:").replace(":", "")
        if re.fullmatch(r"[0-9a-f]{64}", fingerprint) is None:
            raise InvalidInput(
                f"{device.name}: `data.tls_fingerprint` is {pinned!r} in the inventory; expected the SHA-256 of the "
                "device's certificate, as `openssl x509 -noout -fingerprint -sha256` prints it."
            )
        return Tls(fingerprint=fingerprint)
    name = device.data.get("tls_ca")
    path = ways.ca if name is None else ways.authorities.get(str(name))
    if name is not None and path is None:
        near = did_you_mean(str(name), ways.authorities, "they are")
        raise InvalidInput(
            f"{device.name}: the authority `{name}` (`data.tls_ca`) is not among the worker's `tls.authorities`; {near}"
        )
    return Tls(ca=None if path is None else str(path))


def _one_of(device: Device, key: str, known: tuple[str, ...], default: str) -> str:
    found = device.data.get(key, default)
    if found in known:
        return str(found)
    near = did_you_mean(str(found), known, "there are")
    raise InvalidInput(f"{device.name}: `data.{key}` is {found!r} in the inventory; {near}")


async def _proxy(device: Device, proxies: Mapping[str, ProxyAt], secrets: SecretStore) -> Proxy | None:
    """The jump host that a device is reached through, with what identifies us to it; ``None`` where it needs none."""
    name = device.data.get("proxy")
    if name is None:
        return None
    at = proxies.get(str(name))
    if at is None:
        near = did_you_mean(str(name), proxies, "they are")
        raise SecretError(f"{device.name}: the jump host `{name}` is not among the worker's `ssh.proxies`; {near}")
    return Proxy(HostName(str(name)), at.address, await secrets.credential(at.credential), at.port)
