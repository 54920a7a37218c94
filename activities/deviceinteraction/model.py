"""The nouns of the device library: targets, credentials, changes and normalised state. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NewType, Protocol

from pydantic import BaseModel, ConfigDict, JsonValue, SecretStr

HostName = NewType("HostName", str)
PlatformName = Literal[
    "cisco_iosxe", "cisco_nxos", "arista_eos", "juniper_junos", "frr", "bird", "openvswitch", "linux", "netconf",
    "cisco_iosxr", "restconf", "nokia_srlinux", "nokia_sros",
]  # fmt: skip
Confirm = Literal["device", "session", "none"]
UndoMethod = Literal["native", "inverse", "restore"]
Made = Literal["computed_by_device", "modelled", "unavailable"]
Mode = Literal["merge", "replace"]  # lines join what is there, or are the whole configuration
Takes = Literal["commands", "file"]  # what a change's lines are: typed one by one, or the whole configuration file
Section = Literal["config", "vlans", "interfaces", "neighbours", "bgp", "routes", "spanning_tree", "versions"]
PeerState = Literal["idle", "connect", "active", "open_sent", "open_confirm", "established"]
TreeRole = Literal["root", "designated", "alternate", "backup", "disabled"]
TreeState = Literal["forwarding", "learning", "listening", "blocking", "discarding", "disabled"]
# telnet: everything in clear text, passwords too; for labs. eapi, nxapi: the same commands by HTTPS.
TransportName = Literal["ssh", "telnet", "eapi", "nxapi"]
Algorithms = Literal["modern", "legacy"]


class Model(BaseModel):
    """Frozen, closed data."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Credential:
    """How to log in. Secrets are `SecretStr`, so that neither a log nor a traceback shows them.

    Either ``password`` or ``private_key`` (PEM or OpenSSH text), or both. ``certificate`` is the line that an SSH
    authority made of the key's public half (ssh-keygen(1), "CERTIFICATES").

    ``agent`` is the socket of an ssh-agent(1) that holds keys instead: all of them are offered, or the one that
    ``public_key`` names (a line as in authorized_keys), as devices count each key against the login.
    """

    username: str
    password: SecretStr | None = None
    enable_secret: SecretStr | None = None
    private_key: SecretStr | None = None
    passphrase: SecretStr | None = None
    certificate: str | None = None
    agent: str | None = None
    public_key: str | None = None


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom a device's HTTPS must be proven by; there is no way to turn the check off.

    Args:
        ca: A file of authorities' certificates in PEM, as a path; those of the machine where ``None``.
        fingerprint: The SHA-256 of the device's own certificate in DER, as 64 lower-case hexadecimal digits, instead
            of any authority: the one certificate that is accepted, whatever name it is for.
    """

    ca: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One device as the library needs to know it. ``proxy`` is the jump host that it is reached through.

    ``algorithms`` says whether SSH may also agree on what only old devices need; see `transport.algorithms`.
    ``tls`` is for transports over HTTPS. ``root`` is the resource of a RESTCONF device that counts as its
    configuration, as ``Cisco-IOS-XE-native:native``; empty is all of it.
    """

    name: HostName
    address: str
    platform: str
    credential: Credential
    port: int = 22
    proxy: "Proxy | None" = None
    transport: TransportName = "ssh"
    algorithms: Algorithms = "modern"
    tls: Tls = Tls()
    root: str = ""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A jump host (RFC 4254, 7.2 ``direct-tcpip``): it carries bytes, and sees neither what is typed nor answered."""

    name: HostName
    address: str
    credential: Credential
    port: int = 22


@dataclass(frozen=True, slots=True)
class HostKeys:
    """How host keys are judged. ``verify`` needs the device's key in ``known_hosts``.

    ``accept_any`` is an explicit choice for labs.
    """

    policy: Literal["verify", "accept_any"] = "verify"
    known_hosts: str | None = None  # a path


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the library waits. Commit, rollback, save and reboot take ``commit`` whatever the others say."""

    connect: timedelta = timedelta(seconds=15)
    command: timedelta = timedelta(seconds=60)
    commit: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Hold:
    """That a commit shall be taken back by the device itself unless it is confirmed in time.

    Args:
        within: How long the device waits at least; it may count in whole minutes, and then waits longer.
        without_timer: What a device does that has no timer to rely on: ``refuse`` the change, or make it ``plain``.
    """

    within: timedelta
    without_timer: Literal["refuse", "plain"] = "refuse"


class Vlan(Model):
    """A VLAN in the one shape that all platforms share; keyed by its id."""

    name: str
    status: Literal["active", "suspended"]


class Interface(Model):
    """An interface in the one shape that all platforms share; keyed by its name as the device writes it."""

    admin: Literal["up", "down"]
    oper: Literal["up", "down"]
    mode: Literal["access", "trunk", "routed"] | None = None
    access_vlan: int | None = None
    trunk_vlans: tuple[int, ...] = ()
    description: str = ""


class Neighbour(Model):
    """What LLDP, else CDP, says of the other end of a link."""

    host: str  # without its domain
    port: str
    platform: str | None = None


class BgpPeer(Model):
    """A BGP session (RFC 4271); keyed by the peer's address, with ``%VRF`` outside of the default one."""

    state: PeerState
    asn: int
    prefixes_received: int | None = None  # while it is established
    vrf: str = "default"


class Route(Model):
    """The best route to a prefix, which is its key."""

    protocol: str
    next_hops: tuple[str, ...]  # addresses, or the interface of a connected route; ascending
    metric: int | None = None


class TreePort(Model):
    """A port of a spanning tree."""

    role: TreeRole
    state: TreeState


class SpanningTree(Model):
    """A spanning tree; keyed by its VLAN, or its instance."""

    root: str  # as ``32768.0011.2233.4455``
    root_port: str | None = None  # none on the root itself
    ports: Mapping[str, TreePort] = {}


class Versions(Model):
    """What a device runs, and what it is."""

    os: str
    model: str
    serial: str | None = None


class State(Model):
    """What a snapshot saw. A section that was not asked for is ``None``."""

    config: str | None = None  # the running config, complete, secrets redacted
    config_fingerprint: str | None = None  # of the unredacted normalised running config
    vlans: Mapping[int, Vlan] | None = None
    interfaces: Mapping[str, Interface] | None = None
    neighbours: Mapping[str, tuple[Neighbour, ...]] | None = None
    bgp: Mapping[str, BgpPeer] | None = None
    routes: Mapping[str, Route] | None = None
    spanning_tree: Mapping[int, SpanningTree] | None = None
    versions: Versions | None = None


class Change(Model):
    """A proposed change: what would be sent, and what it would do. Proposing alters nothing.

    ``digest`` is over the normalised diff and binds an approval to what was seen: hex SHA-256.
    """

    lines: tuple[str, ...]
    diff: str  # one line each, starting with "+", "-" or " "
    digest: str
    made: Made
    empty: bool  # the device already is what the lines ask for
    inverse: tuple[str, ...] | None = None  # lines that take the change back; None where none can be computed
    mode: Mode = "merge"  # ``replace``: the lines are the whole configuration, for a candidate that is emptied first


class Applied(Model):
    """The end of an apply: what the journal and the record keep."""

    changed: bool
    diff: str
    digest: str
    saved: bool = False
    fingerprint: str = ""  # of the normalised running config right after our commit
    confirm_by: datetime | None = None  # aware; the device takes it back then, counted from before the commit was sent


class Confirmed(Model):
    """The end of a confirm: the change stays, with or without us."""

    was_held: bool  # False: it was made without a timer, or there was nothing to change
    was_pending: bool = False  # the timer still ran when we came
    saved: bool = False


class Undone(Model):
    """The end of an undo that was verified. ``foreign`` are lines that somebody else changed meanwhile."""

    was_touched: bool  # False: the journal and the device agree that there was nothing to undo
    method: UndoMethod | None = None
    foreign: tuple[str, ...] = ()
    saved: bool = False


class Facts(Model):
    """What a device says of itself."""

    hostname: str
    platform: str
    vendor: str
    model: str
    version: str
    serial: str = ""


class Journal(Protocol):
    """Write-once memory of one (run, step, device, generation), kept by the caller outside the process.

    Keys are short names such as ``2-apply.intent``. Writing a key that exists is an error unless the value is equal.
    """

    async def read(self, key: str) -> dict[str, JsonValue] | None:
        """The value under a key, or ``None``."""
        ...

    async def write(self, key: str, value: dict[str, JsonValue]) -> None:
        """Store a value durably before returning. Raises `ValueError` where another value is already there."""
        ...


class Fence(Protocol):
    """Says whether this attempt may still write to the device."""

    def check(self) -> None:
        """Raise `failures.StaleAttempt` where the attempt was frozen, else return at once."""
        ...


@dataclass(frozen=True, slots=True)
class Names:
    """Names on the device: a short hash of run, step, device and generation, so that a retry finds its own change."""

    token: str  # 12 hex characters
    comment: str  # what a commit carries, such as "netsaga campus-vlan-2026… deploy"

    @property
    def tag(self) -> str:
        """The name of a session, checkpoint or file: letters, digits and a dash, 20 characters at most."""
        return f"netsaga-{self.token}"
