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
    ``value`` failures.
    """

    kind: Literal["all", "ratio", "failed"] = "all"
    value: float = 1.0
    text: str = "all"  # as the definition says it, for people


class Wave(Model):
    """New devices of one wave: a number, a share of the step's devices (rounded up); ``soak`` in seconds or as text."""

    name: str
    size: int | None = None
    share: float | None = None  # 0 to 1
    soak: Expr = Constant(value=0)


class OnFailure(Model):
    """What a failed step does to the others."""

    action: Literal["stop", "continue", "undo"] = "stop"
    scope: Literal["failed", "wave", "step", "run"] | None = None  # of an undo
    of: StepId | None = None  # the step that is undone; None: this one


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


class ShowAction(Model):
    """Sends one command that reads."""

    kind: Literal["show"] = "show"
    command: Expr
    parse: Literal["textfsm", "json", "none"] = "none"
    min_rows: int = 0
    name: str | None = None


class CheckAction(Model):
    """Judges values of this device."""

    kind: Literal["check"] = "check"
    checks: tuple[Check, ...]


class SnapshotAction(Model):
    """Takes the named sections of the device's state, normalised."""

    kind: Literal["snapshot"] = "snapshot"
    sections: tuple[Literal["config", "vlans", "interfaces"], ...]
    name: str | None = None


class ProposeAction(Model):
    """Works out a change and alters nothing."""

    kind: Literal["propose"] = "propose"
    change: ChangeText
    name: str


class ApplyAction(Model):
    """Applies a proposed change: one of this step's (``step`` is None) or of an earlier step."""

    kind: Literal["apply"] = "apply"
    step: StepId | None = None
    change: str
    save: bool = False
    name: str | None = None


class ConfigureAction(Model):
    """Proposes and applies in one."""

    kind: Literal["configure"] = "configure"
    change: ChangeText
    save: bool = False
    name: str | None = None


Action = Annotated[
    ShowAction | CheckAction | SnapshotAction | ProposeAction | ApplyAction | ConfigureAction,
    Field(discriminator="kind"),
]


# ----------------------------------------------------------------------------------------------------------- steps


class DevicesStep(Model):
    """Fans out over devices: one activity a device, all actions in order in one session."""

    kind: Literal["devices"] = "devices"
    id: StepId
    needs: tuple[StepId, ...] = ()
    when: Expr | None = None
    devices: Expr  # a list of host names
    do: tuple[Action, ...]
    changes: bool  # some action changes devices
    reads: tuple[StepId, ...] = ()  # the steps whose values of the same device the actions name
    concurrency: int = Field(default=50, ge=1, le=2000)
    waves: tuple[Wave, ...] = ()
    accept: Accept = Accept()
    credential: str | None = None
    timeout_s: float = 60.0
    retry: Retry = Retry()
    undo: tuple[UndoMethod, ...] = ("native", "inverse", "restore")  # empty: `undo: none`
    on_failure: OnFailure = OnFailure()


class ApproveStep(Model):
    """Waits for people; silence never approves unless ``on_timeout`` says so."""

    kind: Literal["approve"] = "approve"
    id: StepId
    needs: tuple[StepId, ...] = ()
    when: Expr | None = None
    by: str  # a group that the worker's settings name
    quorum: int = Field(default=1, ge=1)
    not_by: tuple[Literal["requester"], ...] = ()
    binds_step: StepId | None = None
    binds_name: str | None = None
    timeout: Expr  # seconds or a duration as text
    on_timeout: Literal["approve", "reject"] = "reject"
    on_failure: OnFailure = OnFailure()


class NotifyStep(Model):
    """Tells people or systems that the worker's settings name."""

    kind: Literal["notify"] = "notify"
    id: StepId
    needs: tuple[StepId, ...] = ()
    when: Expr | None = None
    to: str
    template: str | None = None
    message: Expr | None = None
    timeout_s: float = 60.0
    retry: Retry = Retry()
    on_failure: OnFailure = OnFailure()


Step = Annotated[DevicesStep | ApproveStep | NotifyStep, Field(discriminator="kind")]


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
    inventory: InventorySpec | None = None
    steps: tuple[Step, ...]
    finally_: tuple[Step, ...] = ()
    templates: Mapping[str, str] = {}  # the texts of the templates that the steps name

    def step(self, step_id: StepId) -> Step:
        """The step with this id. Raises `KeyError` where there is none."""
        for step in (*self.steps, *self.finally_):
            if step.id == step_id:
                return step
        raise KeyError(step_id)
