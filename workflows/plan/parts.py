"""Parts of a step: inputs, thresholds, waves, windows, and what a failure does."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from workflows.plan.expressions import Constant, Expr
from workflows.plan.model import Model, StepId


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
OnBlock = Literal["abort", "proceed", "ask"]
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
