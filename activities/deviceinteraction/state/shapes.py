"""Small readings that the platforms' states share: names of interfaces, of peers, of roles; pure, but for `asked`."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final, TypeVar

from activities.deviceinteraction.answers import refused_show
from activities.deviceinteraction.failures import CheckFailed, RejectedByDevice
from activities.deviceinteraction.model import Neighbour, PeerState, Route, SpanningTree, TreePort, TreeRole, TreeState
from activities.deviceinteraction.platforms.dialogue import Dialogue

T = TypeVar("T")

# In the order in which a short form is looked for: the first kind that begins with it is meant.
_KINDS: Final = (
    "TwentyFiveGigE", "TenGigabitEthernet", "TwoGigabitEthernet", "FiveGigabitEthernet", "FortyGigabitEthernet",
    "FourHundredGigE", "FastEthernet", "GigabitEthernet", "HundredGigE", "Ethernet", "AppGigabitEthernet",
    "Port-channel", "Loopback", "Tunnel", "Vlan",
)  # fmt: skip
_NAME: Final = re.compile(r"([A-Za-z-]+)\s*(\d.*)")
_PEER_STATES: Final[Mapping[str, PeerState]] = {
    "idle": "idle", "connect": "connect", "active": "active", "established": "established", "estab": "established",
    "establ": "established",
    "opensent": "open_sent", "openconfirm": "open_confirm", "shut": "idle", "closing": "idle",
}  # fmt: skip
_ROLES: Final[Mapping[str, TreeRole]] = {
    "root": "root", "desg": "designated", "desig": "designated", "designated": "designated", "altn": "alternate",
    "alt": "alternate", "alternate": "alternate", "back": "backup", "bkup": "backup", "backup": "backup",
    "mstr": "root", "master": "root", "disabled": "disabled", "dis": "disabled",
}  # fmt: skip
_STATES: Final[Mapping[str, TreeState]] = {
    "fwd": "forwarding", "forwarding": "forwarding", "lrn": "learning", "learning": "learning", "lis": "listening",
    "listening": "listening", "blk": "blocking", "blocking": "blocking", "bkn": "blocking", "bkn*": "blocking",
    "discarding": "discarding", "dis": "disabled", "disabled": "disabled",
}  # fmt: skip


async def asked(device: Dialogue, command: str, *nothing: str) -> str | None:
    """The answer to a command; ``None`` where the device says in these words that it has nothing of the kind.

    Raises:
        RejectedByDevice: It refused the command.
    """
    answer = await device.step(command)
    if any(words in answer for words in nothing):
        return None
    words = refused_show(answer)
    if words is not None:
        raise RejectedByDevice(f"{device.host}: {command!r} was refused: {words}")
    return answer


def interface(name: str) -> str:
    """An interface of Cisco's by its full name, as ``TenGigabitEthernet1/1/1`` for ``Te1/1/1``."""
    match = _NAME.fullmatch(name.strip())
    if match is None:
        return name.strip()
    kind, number = match.groups()
    return next((full for full in _KINDS if full.lower().startswith(kind.lower())), kind) + number


def host(name: str) -> str:
    """A neighbour's name without its domain; an address stays whole."""
    text = name.strip()
    return text if re.fullmatch(r"[\d.:]+", text) else text.partition(".")[0]


def neighbour(name: str, port: str, platform: str = "") -> Neighbour:
    """A neighbour from what a device says of it."""
    return Neighbour(host=host(name), port=port.strip(), platform=platform.strip() or None)


def peer(address: str, vrf: str) -> str:
    """The key of a BGP peer."""
    return address if vrf == "default" else f"{address}%{vrf}"


def peer_state(device: str, text: str) -> PeerState:
    """The state of a BGP session; a number of prefixes in its place means that it is established.

    Raises:
        CheckFailed: The word is not known.
    """
    word = re.sub(r"[^a-z]", "", text.lower().partition("(")[0])
    if text.strip().isdigit():
        return "established"
    return _known(device, _PEER_STATES, word, "the state of a BGP peer", text)


def asn(text: str) -> int:
    """An autonomous system, in either notation of RFC 5396."""
    high, _, low = text.strip().partition(".")
    return int(high) * 65_536 + int(low) if low else int(high)


def tree_port(device: str, role: str, state: str) -> TreePort:
    """A port of a spanning tree. Raises `CheckFailed` where a word is not known."""
    return TreePort(
        role=_known(device, _ROLES, role.lower(), "the role of a port", role),
        state=_known(device, _STATES, state.lower(), "the state of a port", state),
    )


def bridge(priority: int, address: str) -> str:
    """A bridge's identifier, as ``32768.0011.2233.4455``."""
    digits = re.sub(r"[^0-9a-f]", "", address.lower())
    return f"{priority}.{digits[:4]}.{digits[4:8]}.{digits[8:]}"


def tree(root: str, ports: Mapping[str, TreePort]) -> SpanningTree:
    """A spanning tree; the port with the root's role is the one towards it."""
    towards = next((name for name, port in ports.items() if port.role == "root"), None)
    return SpanningTree(root=root, root_port=towards, ports=ports)


def route(protocol: str, next_hops: set[str], metric: int | None) -> Route:
    """A route with its next hops in order: addresses by their value, interfaces behind them."""

    def key(hop: str) -> tuple[int, int, str]:
        try:
            address = ipaddress.ip_address(hop)
        except ValueError:
            return 9, 0, hop
        return address.version, int(address), hop

    return Route(protocol=protocol, next_hops=tuple(sorted(next_hops, key=key)), metric=metric)


def _known(device: str, words: Mapping[str, T], word: str, what: str, said: str) -> T:
    found = words.get(word)
    if found is None:
        raise CheckFailed(f"{device}: {what} is {said!r}, which is not known; see the transcript.")
    return found
