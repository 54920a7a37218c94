"""The nouns of the testbed: what a simulated device is, who may log in, which fault it shows. Data only.

It must not open sockets or files. Everything else in the testbed imports it; it imports nothing of the testbed.
"""

import re
from collections.abc import Mapping
from typing import Literal, NotRequired, Self, TypedDict, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

# The rest is had for real.
SimulatedName = Literal[
    "cisco_iosxe", "cisco_nxos", "arista_eos", "juniper_junos", "cisco_iosxr", "nokia_srlinux", "nokia_sros"
]
PLATFORMS: tuple[SimulatedName, ...] = ("cisco_iosxe", "cisco_nxos", "arista_eos", "juniper_junos")
"""What a fleet is made of where nothing else is said: campus switches, with VLANs."""
SIMULATED: tuple[SimulatedName, ...] = get_args(SimulatedName)

ApiName = Literal["eapi", "nxapi", "restconf"]
APIS: Mapping[SimulatedName, ApiName] = {"arista_eos": "eapi", "cisco_nxos": "nxapi", "cisco_iosxe": "restconf"}
"""The API over HTTPS that a platform can offer beside SSH."""

Effect = Literal["running", "startup", "checkpoint"]
Result = Literal["ok", "rejected", "hung", "dropped"]
Phase = Literal["before", "after", "middle"]
VtpMode = Literal["transparent", "server", "client", "off"]
FaultKind = Literal[
    "refuse_connection",
    "refuse_login",
    "hang_login",
    "hang",
    "drop",
    "reject",
    "slow",
    "garbage",
    "empty",
    "no_space",
    "locked",
    "banner",
    "no_prompt",
    "no_boot",
    "cut",
]


class Fault(BaseModel):
    """Something that a device shall do wrong.

    Attributes:
        kind: ``refuse_connection`` (with ``times=0`` the port is closed, else the connection is reset at once),
            ``refuse_login`` (a right password is refused), ``hang_login`` (authentication never ends), ``hang``
            (a line never gets an answer), ``drop`` (the TCP connection is reset), ``reject`` (the platform's own
            refusal, no effect), ``slow`` (waits before it answers), ``garbage`` (an answer of noise), ``empty``
            (an answer of nothing but the prompt), ``no_space`` (the platform's "disk full", no effect), ``locked``
            (another session holds the configuration, no effect), ``banner`` (a megabyte of it before the first prompt),
            ``no_prompt`` (a login after which nothing ever comes), ``no_boot`` (a restart that it does not come back
            from before the faults are cleared, as with an image that its loader does not take),
            ``cut`` (a connection to its API ends: in the ``middle`` of a request, which is received and not carried
            out, ``after`` it was carried out and before it is answered, or ``before`` the request that follows it).
        match: A regular expression searched in the line as it was typed; empty matches every line. ``hang`` and
            ``drop`` also meet the answer to a question, as ``QUESTION ANSWER``; ``cut`` meets requests, as
            ``METHOD PATH BODY``.
        times: How many matching lines show the fault; 0 means all of them until it is cleared.
        skip: How many matching lines are let pass before the first that shows it.
        phase: For ``hang``, ``drop``, ``garbage`` and ``empty``: ``before`` the line takes effect (it has none),
            ``after`` it took effect and before the answer, or in the ``middle`` of the answer.
        seconds: How long ``slow`` waits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    match: str = ""
    times: int = Field(default=1, ge=0)
    skip: int = Field(default=0, ge=0)
    phase: Phase = "before"
    seconds: float = Field(default=1.0, ge=0)

    @field_validator("match")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"match must be a regular expression, and {value!r} is none: {error}") from error
        return value

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``KIND[@PHASE][*TIMES][+SKIP][:MATCH]``, such as ``reject:vlan 120`` or ``drop@after*2:commit``.

        Raises:
            ValueError: The text is not of that form.
        """
        found = re.fullmatch(
            r"(?P<kind>[a-z_]+)(?:@(?P<phase>[a-z]+))?(?:\*(?P<times>\d+))?(?:\+(?P<skip>\d+))?(?::(?P<match>.*))?",
            text,
        )
        if found is None:
            raise ValueError(
                f"a fault is written KIND[@PHASE][*TIMES][+SKIP][:MATCH], such as 'reject:vlan 120'; got {text!r}"
            )
        return cls.model_validate({name: value for name, value in found.groupdict().items() if value is not None})


class Login(BaseModel):
    """Who may log in to every device of a testbed, and with what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    username: str = "netsaga"
    password: str = "netsaga-lab"  # noqa: S105 - a lab's, and public
    enable_secret: str = "netsaga-enable"  # noqa: S105 - the same
    public_key: str | None = None  # one line as in authorized_keys


class DeviceSpec(BaseModel):
    """One simulated device, before it exists.

    Attributes:
        number: From 1 in the fleet; serial numbers, addresses and MAC addresses follow from it.
        login_privilege: On IOS-XE, where a login lands: 1 (``>``, ``enable`` needed) or 15 (``#``).
        vtp_mode: On IOS-XE; as ``server`` or ``client`` its VLANs stand outside the running configuration.
        transport: What it listens for; a device with Telnet has no SSH.
        data: Facts that go to the inventory as they are.
        api: The API over HTTPS that it offers, and by which the inventory says that it is reached.
        lines: How many connections by SSH it has lines for, and refuses any other ("Connection refused": O'Reilly,
            "Cisco IOS Cookbook", 3.16); ``None`` is no limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9.-]{0,62}$")
    platform: SimulatedName
    number: int = Field(ge=1)
    site: str = "b1"
    groups: tuple[str, ...] = ("access",)
    data: dict[str, JsonValue] = Field(default_factory=dict)
    login_privilege: Literal[1, 15] = 15
    vtp_mode: VtpMode = "transparent"
    transport: Literal["ssh", "telnet"] = "ssh"
    api: ApiName | None = None
    lines: int | None = Field(default=None, ge=1)


class CommandEntry(TypedDict):
    """A `LogEntry` that is a line which a device was given."""

    t: str
    session: int
    user: str
    mode: str
    line: str
    result: Result
    effect: Effect | None


class LogEntry(TypedDict):
    """One line of a device's command log. ``t`` is ISO 8601 in UTC; ``session`` counts logins from 1, 0 is nobody's.

    An entry has either ``event`` or ``mode``, ``line``, ``result`` and ``effect``.
    """

    t: str
    session: int
    user: str
    event: NotRequired[
        Literal["login", "login_refused", "login_hung", "logout", "dropped", "refused", "reverted", "rebooted"]
    ]
    mode: NotRequired[str]
    line: NotRequired[str]
    result: NotRequired[Result]
    effect: NotRequired[Effect | None]
