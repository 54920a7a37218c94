"""Device actions: what a step does on one device, in order, in one session."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from workflows.plan.expressions import Expr
from workflows.plan.model import Model, StepId
from workflows.plan.parts import ChangeText, Check, Confirm

Parse = Literal["textfsm", "ttp", "json", "regex", "none"]
Section = Literal[
    "config", "vlans", "interfaces", "neighbours", "bgp", "routes", "spanning_tree", "versions",
]  # fmt: skip


class ShowAction(Model):
    """Sends one command that reads."""

    kind: Literal["show"] = "show"
    command: Expr
    parse: Parse = "none"
    pattern: str | None = None  # of ``regex``: named groups; of ``ttp``, ``textfsm``: the template's name
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

    ``only_change`` (of ``config``) means the applied change and nothing else. ``added``, ``removed``, ``changed`` are
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
