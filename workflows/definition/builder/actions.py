"""Device actions for `fan_out`: one function an action, named after its verb."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import JsonValue

from workflows.definition.builder.parts import make
from workflows.definition.language import actions as language
from workflows.definition.language import bodies
from workflows.definition.language.part import Severity

Demands = Mapping[str, str | bool | Mapping[str, JsonValue]]
Values = Mapping[str, JsonValue]


def demand(that: str, *, else_: str | None = None, severity: Severity | None = None) -> dict[str, JsonValue]:
    """One demand of a `check` with its own words or weight."""
    made: dict[str, JsonValue] = {"that": that}
    if else_ is not None:
        made["else"] = else_
    if severity is not None:
        made["severity"] = severity
    return made


def show(
    command: str,
    *,
    parse: bodies.Parser | None = None,
    pattern: str | None = None,
    min_rows: int | None = None,
    as_: str | None = None,
) -> language.ShowAction:
    """Sends one command that reads; ``as_`` names its text or its rows."""
    parsed = {"command": command, "parse": parse, "pattern": pattern, "min_rows": min_rows}
    simple = parse is None and pattern is None and min_rows is None
    given = command if simple else make(bodies.Show, "`show`", parsed)
    return make(language.ShowAction, "`show`", {"show": given, "as_": as_})


def check(demands: Demands) -> language.CheckAction:
    """Judges values of the device: names that people read, each with an expression or a `demand`."""
    return make(language.CheckAction, "`check`", {"check": dict(demands)})


def snapshot(*sections: bodies.SectionName, as_: str | None = None) -> language.SnapshotAction:
    """Takes sections of the device's state, normalised."""
    return make(language.SnapshotAction, "`snapshot`", {"snapshot": sections, "as_": as_})


def compare(
    before: str,
    *,
    after: str | None = None,
    ignore: Sequence[str] | None = None,
    expect: Mapping[str, JsonValue] | None = None,
    as_: str | None = None,
) -> language.CompareAction:
    """Compares two snapshots of the device; ``expect`` says what is judged."""
    two = make(bodies.Comparison, "`compare`", {"before": before, "after": after, "ignore": ignore})
    return make(language.CompareAction, "`compare`", {"compare": two, "expect": expect, "as_": as_})


def change(
    *,
    template: str | None = None,
    vars: Values | None = None,  # noqa: A002 - the language's word
    lines: Sequence[str] | None = None,
    mode: Literal["merge", "replace"] | None = None,
) -> bodies.Change:
    """The text of a change, for `propose` and `configure`."""
    return make(bodies.Change, "a change", {"template": template, "vars": vars, "lines": lines, "mode": mode})


def propose(text: bodies.Change, *, as_: str) -> language.ProposeAction:
    """Works out a change and alters nothing."""
    return make(language.ProposeAction, "`propose`", {"propose": text, "as_": as_})


def apply(
    proposed: str, *, confirm: Values | None = None, save: bool | None = None, as_: str | None = None
) -> language.ApplyAction:
    """Applies a proposed change: ``steps.STEP.NAME``, or a name of the same step."""
    return make(language.ApplyAction, "`apply`", {"apply": proposed, "confirm": confirm, "save": save, "as_": as_})


def configure(
    text: bodies.Change, *, confirm: Values | None = None, save: bool | None = None, as_: str | None = None
) -> language.ConfigureAction:
    """Proposes and applies in one."""
    given = {"configure": text, "confirm": confirm, "save": save, "as_": as_}
    return make(language.ConfigureAction, "`configure`", given)


def rpc(operation: str, *, changes: bool | None = None, as_: str | None = None) -> language.RpcAction:
    """Sends a NETCONF operation, as XML."""
    given = operation if changes is None else {"operation": operation, "changes": changes}
    return make(language.RpcAction, "`rpc`", {"rpc": given, "as_": as_})


def run(
    command: str,
    *,
    changes: bool | None = None,
    parse: bodies.Parser | None = None,
    pattern: str | None = None,
    as_: str | None = None,
) -> language.RunAction:
    """Runs a command on a Linux device."""
    whole = {"command": command, "changes": changes, "parse": parse, "pattern": pattern}
    simple = changes is None and parse is None and pattern is None
    return make(
        language.RunAction, "`run`", {"run": command if simple else make(bodies.Command, "`run`", whole), "as_": as_}
    )


def copy(source: str, to: str, *, sha256: str | None = None) -> language.CopyAction:
    """Copies a file to the device."""
    file = make(bodies.File, "`copy`", {"source": source, "to": to, "sha256": sha256})
    return make(language.CopyAction, "`copy`", {"copy_": file})


def interact(command: str, exchanges: Sequence[tuple[str, str]], *, as_: str | None = None) -> language.InteractAction:
    """Sends a command that asks back: pairs of a prompt's regular expression and the answer."""
    pairs = [{"expect": expect, "send": send} for expect, send in exchanges]
    whole = make(bodies.Interaction, "`interact`", {"command": command, "exchanges": pairs})
    return make(language.InteractAction, "`interact`", {"interact": whole, "as_": as_})


def reboot(*, within: str | None = None) -> language.RebootAction:
    """Restarts the device and waits until it answers again."""
    return make(language.RebootAction, "`reboot`", {"reboot": {"within": within} if within else True})


def reachable(*, within: str | None = None) -> language.ReachableAction:
    """Waits until the device answers a fresh login."""
    return make(language.ReachableAction, "`reachable`", {"reachable": {"within": within} if within else True})


def save() -> language.SaveAction:
    """Saves the running configuration."""
    return make(language.SaveAction, "`save`", {"save": True})
