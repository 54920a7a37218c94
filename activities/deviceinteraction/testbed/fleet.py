"""A fleet of simulated access switches: who they are, where they listen, and the files that describe them.

It writes the inventory, the known hosts and the credentials that netsaga reads; it starts nothing.
"""

import ipaddress
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import asyncssh
import yaml

from activities.deviceinteraction.testbed.model import APIS, PLATFORMS, DeviceSpec, Login, SimulatedName

CREDENTIAL = "device_rw"


def access_fleet(
    count: int,
    *,
    platforms: Sequence[SimulatedName] = PLATFORMS,
    site: str = "b1",
    elsewhere: int = 0,
    enable_share: float = 0.5,
    max_vlans: int = 64,
    apis: bool = False,
) -> list[DeviceSpec]:
    """Access switches ``acc-001`` and on, the platforms in turn.

    Two switches of one platform that follow one another make an MLAG pair.

    Args:
        count: How many.
        platforms: Which, in turn.
        site: Where they stand.
        elsewhere: How many of them, the last ones, stand in site ``b2`` instead (or ``b1`` where that is ``site``'s
            counterpart), so that a selection by site leaves something out.
        enable_share: The share of IOS-XE switches whose login lands at ``>`` and needs ``enable``; from 0 to 1.
        max_vlans: What the inventory says of room for VLANs.
        apis: Whether those platforms that have an API over HTTPS offer it, and are reached by it.
    """
    width = len(platforms)
    specs: list[DeviceSpec] = []
    for number in range(1, count + 1):
        block, place = (number - 1) // (2 * width), (number - 1) % width
        turn = (number - 1) // width  # how many of its platform came before it
        needs_enable = int((turn + 1) * enable_share) > int(turn * enable_share)
        specs.append(
            DeviceSpec(
                name=f"acc-{number:03d}",
                platform=platforms[place],
                number=number,
                site=site if number <= count - elsewhere else ("b2" if site != "b2" else "b1"),
                data={"max_vlans": max_vlans, "mlag_pair": f"p{block * width + place + 1}"},
                login_privilege=1 if platforms[place] == "cisco_iosxe" and needs_enable else 15,
                api=APIS.get(platforms[place]) if apis else None,
            )
        )
    return specs


def loopback_addresses(network: str, count: int) -> list[str]:
    """The first addresses of a network, which must be a part of 127.0.0.0/8.

    Raises:
        ValueError: The network is not loopback, or too small.
    """
    parsed = ipaddress.IPv4Network(network)
    if not parsed.is_loopback:
        raise ValueError(
            f"the testbed listens on loopback only: a network inside 127.0.0.0/8 is expected, not {network}"
        )
    if parsed.num_addresses <= count:
        raise ValueError(f"network {network} has {parsed.num_addresses} addresses, and {count} devices need one each")
    return [str(parsed.network_address + number) for number in range(1, count + 1)]


def host_key(path: Path) -> asyncssh.SSHKey:
    """The fleet's host key: the one that was kept, or a new ed25519 key that is kept from now on (mode 0600)."""
    if path.exists():
        return asyncssh.read_private_key(path)
    key = asyncssh.generate_private_key("ssh-ed25519")
    _write_private(path, key.export_private_key().decode())
    return key


def write_inventory(
    path: Path,
    specs: Sequence[DeviceSpec],
    places: Sequence[tuple[str, int]],
    api_ports: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """The fleet in netsaga's YAML format.

    Args:
        path: The file.
        specs: The devices.
        places: Their addresses and ports.
        api_ports: By name, the ports of those that are reached by an API.
    """
    port = places[0][1] if places else 22
    shared = all(place[1] == port for place in places)
    hosts = []
    for spec, (address, own_port) in zip(specs, places, strict=True):
        host: dict[str, object] = {"address": address, "platform": spec.platform, "site": spec.site}
        if not shared:
            host["port"] = own_port
        host["groups"] = list(spec.groups)
        host["data"] = spec.data if spec.transport == "ssh" else {**spec.data, "transport": spec.transport}
        if spec.api is not None:
            host |= {"port": api_ports[spec.name]} | _by_api(spec)
        # JSON is YAML's flow style; one line a host keeps a thousand of them readable.
        hosts.append(f"  {spec.name}: {json.dumps(host)}")
    defaults = {"credential": CREDENTIAL, **({"port": port} if shared else {})}
    groups = {group: {"role": group} for group in sorted({group for spec in specs for group in spec.groups})}
    head = yaml.safe_dump({"defaults": defaults, "groups": groups}, sort_keys=True)
    path.write_text(head + "hosts:\n" + "\n".join(hosts) + "\n", encoding="utf-8")


def _by_api(spec: DeviceSpec) -> dict[str, object]:
    """What the inventory says of a device that is reached by its API."""
    if spec.api == "restconf":
        return {"platform": "restconf", "data": {**spec.data, "restconf_root": "Cisco-IOS-XE-native:native"}}
    return {"data": {**spec.data, "transport": spec.api}}


def write_known_hosts(path: Path, key: asyncssh.SSHKey, places: Sequence[tuple[str, int]]) -> None:
    """The host key under every address, in the format of OpenSSH's ``known_hosts``."""
    public = " ".join(key.export_public_key().decode().split()[:2])
    names = [address if port == 22 else f"[{address}]:{port}" for address, port in places]
    path.write_text("".join(f"{name} {public}\n" for name in names), encoding="utf-8")


def write_credentials(path: Path, login: Login) -> None:
    """How to log in, under the name that the inventory uses; mode 0600."""
    entry = {"username": login.username, "password": login.password, "enable_secret": login.enable_secret}
    _write_private(path, yaml.safe_dump({CREDENTIAL: entry}, sort_keys=False))


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")
