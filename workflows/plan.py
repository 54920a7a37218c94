"""The compiled plan: what `workflows/definition` makes and `workflows/run` carries out.

Frozen data with a format version. It depends on nothing but `workflows/errors.py`; both sides depend on it and never on
each other. Durations are seconds here unless they are expressions (an input may name one).
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, NewType

from pydantic import BaseModel, ConfigDict, Field, JsonValue

PLAN_FORMAT: Final = 1

StepId = NewType("StepId", str)
HostName = NewType("HostName", str)


class Model(BaseModel):
    """Frozen, closed data."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


# ----------------------------------------------------------------------------------------------------- expressions


class Constant(Model):
    """A constant of JSON."""

    op: Literal["lit"] = "lit"
    value: JsonValue


class Name(Model):
    """A name of the context: ``inputs``, ``device``, ``steps``, ``run``, ``inventory`` or an ``as`` name."""

    op: Literal["name"] = "name"
    name: str


class Attr(Model):
    """``of.name``; a missing attribute is an error."""

    op: Literal["attr"] = "attr"
    of: "Expr"
    name: str


class Item(Model):
    """``of[key]``; a missing item is an error."""

    op: Literal["item"] = "item"
    of: "Expr"
    key: "Expr"


class ListOf(Model):
    """A list."""

    op: Literal["list"] = "list"
    items: tuple["Expr", ...]


class MapOf(Model):
    """A map, in the order of its text."""

    op: Literal["map"] = "map"
    items: tuple[tuple["Expr", "Expr"], ...]


class Logic(Model):
    """``and`` and ``or``, as in Python: the value is that of the deciding operand."""

    op: Literal["and", "or"]
    left: "Expr"
    right: "Expr"


class Not(Model):
    """``not of``."""

    op: Literal["not"] = "not"
    of: "Expr"


class Compare(Model):
    """``first < second <= third``: a chain, as in Python."""

    op: Literal["cmp"] = "cmp"
    first: "Expr"
    rest: tuple[tuple[Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"], "Expr"], ...]


class Arith(Model):
    """Two numbers (or texts and lists, for ``+``)."""

    op: Literal["arith"] = "arith"
    operator: Literal["+", "-", "*", "/", "//", "%", "**"]
    left: "Expr"
    right: "Expr"


class Neg(Model):
    """``-of`` and ``+of``."""

    op: Literal["neg", "pos"]
    of: "Expr"


class Concat(Model):
    """``a ~ b``, and mixed text with ``${{ }}`` in it: each part as text, joined."""

    op: Literal["concat"] = "concat"
    parts: tuple["Expr", ...]


class Choose(Model):
    """``then if test else otherwise``."""

    op: Literal["if"] = "if"
    test: "Expr"
    then: "Expr"
    otherwise: "Expr"


class Filter(Model):
    """``of | name(args)``, one of the allowed filters."""

    op: Literal["filter"] = "filter"
    name: str
    of: "Expr"
    args: tuple["Expr", ...] = ()
    kwargs: tuple[tuple[str, "Expr"], ...] = ()


class Test(Model):
    """``of is name(args)``, one of the allowed tests."""

    __test__ = False  # not a case for pytest
    op: Literal["test"] = "test"
    name: str
    of: "Expr"
    args: tuple["Expr", ...] = ()


Expr = Annotated[
    Constant
    | Name
    | Attr
    | Item
    | ListOf
    | MapOf
    | Logic
    | Not
    | Compare
    | Arith
    | Neg
    | Concat
    | Choose
    | Filter
    | Test,
    Field(discriminator="op"),
]


# ---------------------------------------------------------------------------------------------------------- inputs


class Input(Model):
    """A declared input of a definition; checked before anything runs."""

    type: Literal[
        "string",
        "integer",
        "number",
        "boolean",
        "enum",
        "list",
        "map",
        "duration",
        "host",
        "ipv4_address",
        "ipv4_network",
        "ipv6_address",
        "ipv6_network",
        "mac_address",
        "vlan_id",
    ]
    required: bool
    default: JsonValue = None
    description: str = ""
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    values: tuple[JsonValue, ...] = ()
    multiline: bool = False
    items: "Input | None" = None  # of a list: what each item must be
    properties: Mapping[str, "Input"] = {}  # of a map: its known keys; empty means any


# ------------------------------------------------------------------------------------------------- parts of a step


class Retry(Model):
    """How often and when a failed attempt is made again; ``on`` names failure classes (`errors.RETRIED_AS`)."""

    attempts: int = Field(default=3, ge=1, le=100)
    delay_s: float = Field(default=2.0, ge=0)
    factor: float = Field(default=2.0, ge=1)
    max_delay_s: float = Field(default=60.0, ge=0)
    on: tuple[str, ...] = ("transient",)


class Check(Model):
    """A named demand; ``critical`` fails what it stands in, ``warning`` is counted."""

    name: str
    that: Expr
    message: Expr | None = None
    severity: Literal["critical", "warning"] = "critical"


class Accept(Model):
    """How many devices must succeed, of all the step's devices; unreachable ones count as failed.

    ``ratio`` demands at least ``value`` (0 to 1) of them; allowed failures are rounded down. ``failed`` allows at most
    ``value`` failures. ``count`` demands ``value`` successes (``n of m``); ``any`` is met by the first, which cancels
    the rest.
    """

    kind: Literal["all", "ratio", "failed", "any", "count"] = "all"
    value: float = 1.0
    text: str = "all"  # as the definition says it, for people


class Wave(Model):
    """New devices of one wave: a number, a share of the step's devices (rounded up), or those that ``select`` chooses.

    ``per`` makes a number count for each value of a device fact. ``soak`` is in seconds or text such as ``5m``.
    """

    name: str
    size: int | None = None
    share: float | None = None  # 0 to 1
    select: "Expr | None" = None  # over ``device`` and ``inputs``
    per: "Expr | None" = None  # over ``device``
    soak: Expr = Constant(value=0)


class Window(Model):
    """A change window: it opens at each time of ``cron`` and stays open for ``duration_s``."""

    cron: str  # five fields
    duration_s: float
    time_zone: str = "UTC"  # an IANA name
    on_closed: Literal["wait", "stop", "pause"] = "wait"


class Breaker(Model):
    """So many failures within so long: no new device starts."""

    failures: int = Field(ge=1)
    within_s: float = Field(gt=0)


class Confirm(Model):
    """A commit that the device takes back by itself unless it is confirmed in time.

    ``hold`` says when it is confirmed: as soon as the ``device`` passes its own checks, or when the whole ``wave`` has;
    ``best_effort`` is ``wave`` where the device has a timer, and no timer where it has none.
    """

    within_s: float = Field(gt=0)
    hold: Literal["device", "wave", "best_effort"] = "device"


class OnFailure(Model):
    """What a failed step does to the others."""

    action: Literal["stop", "continue", "undo", "pause"] = "stop"
    scope: Literal["failed", "wave", "step", "run"] | None = None  # of an undo
    of: StepId | None = None  # the step that is undone; None: this one


Block = Literal["source_of_truth", "executor", "observability", "presentation"]
OnDeadline = Literal["stop", "skip", "escalate", "undo"]
UndoMethod = Literal["native", "inverse", "restore"]


class LinesText(Model):
    """Configuration lines written in the definition, one expression a line."""

    kind: Literal["lines"] = "lines"
    lines: tuple[Expr, ...]


class TemplateText(Model):
    """A Jinja2 device template by name; its text travels in `Plan.templates`."""

    kind: Literal["template"] = "template"
    template: str
    vars: Expr


ChangeText = Annotated[LinesText | TemplateText, Field(discriminator="kind")]


# -------------------------------------------------------------------------------------------------- device actions


Parse = Literal["textfsm", "ttp", "json", "regex", "none"]
Section = Literal[
    "config", "vlans", "interfaces", "neighbours", "bgp", "routes", "spanning_tree", "versions",
]  # fmt: skip


class ShowAction(Model):
    """Sends one command that reads."""

    kind: Literal["show"] = "show"
    command: Expr
    parse: Parse = "none"
    pattern: str | None = None  # of ``regex``: named groups; of ``ttp``: the template's name
    min_rows: int = 0
    name: str | None = None


class CheckAction(Model):
    """Judges values of this device."""

    kind: Literal["check"] = "check"
    checks: tuple[Check, ...]


class SnapshotAction(Model):
    """Takes the named sections of the device's state, normalised."""

    kind: Literal["snapshot"] = "snapshot"
    sections: tuple[Section, ...]
    name: str | None = None


class Expectation(Model):
    """What may have become of one section between two snapshots.

    ``only_change`` (of ``config``) means the applied change and nothing else. ``added``, ``removed`` and ``changed`` are
    lists of keys, each optional; what is not named must be unchanged.
    """

    kind: Literal["unchanged", "only_change", "any", "exactly"] = "unchanged"
    added: Expr | None = None
    removed: Expr | None = None
    changed: Expr | None = None


class CompareAction(Model):
    """Compares two snapshots of this device; judges only the sections named in ``expect``, records the rest."""

    kind: Literal["compare"] = "compare"
    before_step: StepId | None = None  # None: a snapshot of this step
    before: str | None = None  # the snapshot's name; None: the only one of that step
    after: str | None = None  # a snapshot of this step; None: the newest one
    ignore: tuple[str, ...] = ()  # paths such as ``interfaces.*.counters``
    expect: Mapping[str, Expectation] = {}  # by section, or by a selection such as ``uplinks``
    name: str | None = None


class ProposeAction(Model):
    """Works out a change and alters nothing."""

    kind: Literal["propose"] = "propose"
    change: ChangeText
    mode: Literal["merge", "replace"] = "merge"
    name: str


class ApplyAction(Model):
    """Applies a proposed change: one of this step's (``step`` is None) or of an earlier step."""

    kind: Literal["apply"] = "apply"
    step: StepId | None = None
    change: str
    confirm: Confirm | None = None
    save: bool = False
    name: str | None = None


class ConfigureAction(Model):
    """Proposes and applies in one."""

    kind: Literal["configure"] = "configure"
    change: ChangeText
    mode: Literal["merge", "replace"] = "merge"
    confirm: Confirm | None = None
    save: bool = False
    name: str | None = None


class RpcAction(Model):
    """A NETCONF operation, as XML."""

    kind: Literal["rpc"] = "rpc"
    operation: Expr
    changes: bool = True
    name: str | None = None


class RunAction(Model):
    """A command of a Linux device."""

    kind: Literal["run"] = "run"
    command: Expr
    changes: bool = True
    parse: Parse = "none"
    pattern: str | None = None
    name: str | None = None


class CopyAction(Model):
    """A file to the device, proven by its checksum."""

    kind: Literal["copy"] = "copy"
    source: Expr
    to: Expr
    sha256: Expr | None = None


class Exchange(Model):
    """One prompt and what is answered; a prompt that does not come is a failure."""

    expect: str  # a regular expression
    send: Expr


class InteractAction(Model):
    """A command that asks back."""

    kind: Literal["interact"] = "interact"
    command: Expr
    exchanges: tuple[Exchange, ...]
    name: str | None = None


class RebootAction(Model):
    """Restarts the device and waits until it answers again."""

    kind: Literal["reboot"] = "reboot"
    within_s: float = 900.0


class ReachableAction(Model):
    """Waits until the device answers a fresh login."""

    kind: Literal["reachable"] = "reachable"
    within_s: float = 300.0


class SaveAction(Model):
    """Saves the running configuration."""

    kind: Literal["save"] = "save"


Action = Annotated[
    ShowAction
    | CheckAction
    | SnapshotAction
    | CompareAction
    | ProposeAction
    | ApplyAction
    | ConfigureAction
    | RpcAction
    | RunAction
    | CopyAction
    | InteractAction
    | RebootAction
    | ReachableAction
    | SaveAction,
    Field(discriminator="kind"),
]


# ----------------------------------------------------------------------------------------------------------- steps


class StepBase(Model):
    """What every step has. ``deadline`` bounds the whole step with its retries."""

    id: StepId
    needs: tuple[StepId, ...] = ()
    when: Expr | None = None
    timeout_s: float = 60.0
    retry: Retry = Retry()
    deadline: Expr | None = None  # seconds, or a duration as text
    on_deadline: OnDeadline = "stop"
    on_failure: OnFailure = OnFailure()
    block: Block | None = None  # what fails here is this block's failure
    checks: tuple[Check, ...] = ()  # judged when the verb has ended, over ``result`` and the step's own outputs


class Maintenance(Model):
    """Wraps a device's actions; ``leave`` always runs."""

    enter: tuple[Action, ...] = ()
    leave: tuple[Action, ...] = ()


class DevicesStep(StepBase):
    """Fans out over devices: one activity a device, all actions in order in one session."""

    kind: Literal["devices"] = "devices"
    devices: Expr  # a list of host names
    do: tuple[Action, ...]
    changes: bool  # some action changes devices
    reads: tuple[StepId, ...] = ()  # the steps whose values of the same device the actions name
    concurrency: int = Field(default=50, ge=1, le=2000)
    concurrency_per: Expr | None = None  # a device fact, each value of which ...
    concurrency_each: int | None = Field(default=None, ge=1)  # ... has at most so many devices under way
    waves: tuple[Wave, ...] = ()
    window: Window | None = None
    accept: Accept = Accept()
    budget: Literal["strict"] | None = None
    apart: Expr | None = None  # over ``device``: equal values never share a wave
    together: Expr | None = None  # over ``device``: equal values share a wave and a verdict
    order: tuple[Expr, ...] = ()  # over ``device``: sorts within a wave
    breaker: Breaker | None = None
    maintenance: Maintenance | None = None
    credential: str | None = None
    undo: tuple[UndoMethod, ...] = ("native", "inverse", "restore")  # empty: `undo: none`


class Escalate(Model):
    """Whom a gate asks next when nobody has decided; and what silence means then."""

    to: str
    timeout: Expr
    then: Literal["approve", "reject"] = "reject"


class ApproveStep(StepBase):
    """Waits for people; silence never approves unless ``on_timeout`` says so."""

    kind: Literal["approve"] = "approve"
    by: str  # a group that the worker's settings name
    quorum: int = Field(default=1, ge=1)
    not_by: tuple[Literal["requester"], ...] = ()
    binds_step: StepId | None = None
    binds_name: str | None = None
    timeout: Expr  # seconds or a duration as text
    on_timeout: Literal["approve", "reject", "escalate"] = "reject"
    escalate: Escalate | None = None
    via: str | None = None  # a system that the settings name, asked before the timer decides


class NotifyStep(StepBase):
    """Tells people or systems that the worker's settings name."""

    kind: Literal["notify"] = "notify"
    to: str
    template: str | None = None
    message: Expr | None = None


class HttpStep(StepBase):
    """Calls a system that the settings name (``nautobot:/api/…``), or a URL that they allow.

    Outputs: ``status``, ``json``, ``text``; in its own ``check`` they are ``result.status`` and so on.
    """

    kind: Literal["http"] = "http"
    method: Literal["get", "head", "post", "put", "patch", "delete"]
    url: Expr
    query: Expr | None = None  # a map
    headers: Expr | None = None  # a map
    json_: Expr | None = None
    status: tuple[int, ...] = ()  # what counts as success; empty: 200 to 299


class WaitStep(StepBase):
    """Waits: ``for`` a duration, ``until`` a time or a window, for a ``signal``, for ``devices`` to be reachable."""

    kind: Literal["wait"] = "wait"
    for_: Expr | None = None
    until: Expr | None = None  # ISO 8601 with an offset, as text
    window: Window | None = None
    signal: str | None = None
    payload: Mapping[str, Input] = {}  # of the signal; its fields are the step's outputs
    devices: Expr | None = None
    limit: Expr | None = None  # how long to wait at most, where that is not given by what is waited for


class CallStep(StepBase):
    """Another definition as a child run; its ``outputs`` are the step's."""

    kind: Literal["call"] = "call"
    definition: str
    version: str  # as pinned: ``1`` or ``1.2`` or ``1.2.0``
    with_: Expr  # a map of inputs


class ScriptStep(StepBase):
    """A program or Python function that the settings allow: JSON in, JSON out. Output: ``result``."""

    kind: Literal["script"] = "script"
    engine: Literal["script", "ansible", "awx"] = "script"
    run: str  # its name in the settings
    with_: Expr | None = None


class SetStep(StepBase):
    """Named values computed from others; they are the step's outputs."""

    kind: Literal["set"] = "set"
    values: tuple[tuple[str, Expr], ...]


Step = Annotated[
    DevicesStep | ApproveStep | NotifyStep | HttpStep | WaitStep | CallStep | ScriptStep | SetStep,
    Field(discriminator="kind"),
]


class Dedup(Model):
    """What a second run with the same key does while the first is alive."""

    key: Expr
    on_duplicate: Literal["join", "reject", "queue"] = "join"


class InventorySpec(Model):
    """Which devices a run is about."""

    source: str
    select: Expr | None = None  # over ``device`` and ``inputs``
    min: int = 1
    max: int | None = None


class Plan(Model):
    """A definition, compiled. Two equal definitions have one digest; any change gives another."""

    format: Literal[1] = 1
    name: str
    version: str
    description: str = ""
    digest: str  # hex SHA-256 over the canonical JSON of this plan without this field, templates included
    inputs: Mapping[str, Input] = {}
    dedup: Dedup | None = None
    inventory: InventorySpec | None = None
    steps: tuple[Step, ...]
    finally_: tuple[Step, ...] = ()
    outputs: tuple[tuple[str, Expr], ...] = ()  # what a run of it yields to the definition that calls it
    templates: Mapping[str, str] = {}  # the texts of the templates that the steps name
    calls: Mapping[str, str] = {}  # "name@version" of each called definition, to the digest of its plan

    def step(self, step_id: StepId) -> Step:
        """The step with this id. Raises `KeyError` where there is none."""
        for step in (*self.steps, *self.finally_):
            if step.id == step_id:
                return step
        raise KeyError(step_id)
