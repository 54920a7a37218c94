"""What people see before they decide at a gate, and what is recorded as the evidence of a decision. Pure.

A gate that binds proposed changes shows them, equal ones together, with how each was made (computed by the device,
modelled or unavailable), and what the devices that are to be changed can do when it goes wrong.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import JsonValue, TypeAdapter, ValidationError

from workflows.contracts import ArtifactRef, BatchResult, DiffGroup, SafetyCount
from workflows.errors import EvaluationError
from workflows.plan import (
    ApplyAction,
    ApproveStep,
    Attr,
    ConfigureAction,
    Confirm,
    Constant,
    DevicesStep,
    Expr,
    HostName,
    Item,
    Model,
    Name,
)
from workflows.plan.spelling import spelling
from workflows.run.evaluate import Context, describe, evaluate
from workflows.run.state import RunState, StepRun

GROUPS: Final = 100  # kept of a step
REFS: Final = 20  # diffs that a decision names
READ: Final = 30  # values that a condition is recorded with
VALUE: Final = 300  # characters of one
MADE: Final[Mapping[str, str]] = {  # in an expression, and as the device library says it
    "computed": "computed_by_device",
    "modelled": "modelled",
    "unavailable": "unavailable",
}
_JSON: Final[TypeAdapter[JsonValue]] = TypeAdapter(JsonValue)
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def gather(step: StepRun, batch: BatchResult) -> None:
    """Adds what a batch has proposed to its step: equal diffs together, the most common first; at most `GROUPS`.

    Of the groups that are not kept nothing is known but how many there are. One that several batches leave out counts
    for each of them: rather too many than too few.
    """
    assert batch.proposal is not None, "nothing was proposed"
    found: dict[tuple[str, str], DiffGroup] = {}
    for group in (*step.diffs, *batch.diffs):
        same = found.get((group.digest, group.made))
        devices = group.devices + (same.devices if same else 0)
        found[group.digest, group.made] = (same or group).model_copy(update={"devices": devices})
    step.proposals.append(batch.proposal)
    step.diffs = sorted(found.values(), key=lambda group: -group.devices)[:GROUPS]
    step.diffs_omitted += batch.diffs_omitted + len(found) - len(step.diffs)
    step.made = dict(Counter(step.made) + Counter(batch.made))


def proposal_digest(state: RunState, bound: StepRun) -> str:
    """The digest of what is asked about: definition, inputs, hosts and each diff."""
    prepared = state.plan_ready
    about = [prepared.plan.digest, dict(prepared.inputs), sorted(bound.letters), sorted(bound.proposals)]
    canonical = json.dumps(about, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def seen_by_auto(bound: StepRun | None) -> dict[str, JsonValue]:
    """``bound`` of an automatic approval: how many devices, groups of equal diffs, and diffs by how they were made."""
    made = Counter(bound.made if bound else {})
    counts: dict[str, JsonValue] = {name: made[kind] for name, kind in MADE.items()}
    groups = len(bound.diffs) + bound.diffs_omitted if bound else 0
    return {"devices": made.total(), "groups": groups, **counts}


def shown(diffs: Sequence[DiffGroup]) -> tuple[ArtifactRef, ...]:
    """The texts that were shown, for the record."""
    return tuple(group.ref for group in diffs if group.ref is not None)[:REFS]


def read_by(expr: Expr, seen: Context) -> dict[str, JsonValue]:
    """What an expression reads: each path as it is written, with its value; large values in words."""
    found: dict[str, JsonValue] = {}
    for path in _paths(expr):
        name = spelling(path)
        if name not in found and len(found) < READ:
            try:
                found[name] = _small(evaluate(path, seen))
            except EvaluationError as error:
                found[name] = f"no value: {error}"[:VALUE]
    return found


def _small(value: object) -> JsonValue:
    try:
        json_value = _JSON.validate_python(value)
    except ValidationError:
        return describe(value)
    return json_value if len(json.dumps(json_value)) <= VALUE else f"{describe(value)} of {_length(value)} parts"


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple | Mapping) else 1


def _paths(node: object) -> Iterator[Expr]:
    """The longest paths of names, attributes and constant items of a tree."""
    if isinstance(node, Name | Attr | Item) and _is_path(node):
        yield node
        return
    if isinstance(node, Model):
        for name in type(node).model_fields:
            yield from _paths(getattr(node, name))
    elif isinstance(node, tuple):
        for one in node:
            yield from _paths(one)


def _is_path(node: Expr) -> bool:
    match node:
        case Name():
            return True
        case Attr():
            return _is_path(node.of)
        case Item():
            return isinstance(node.key, Constant) and _is_path(node.of)
        case _:
            return False


# --------------------------------------------------------------------------------------------- what to fall back on


def change_behind(state: RunState, gate: ApproveStep) -> tuple[DevicesStep, Confirm | None] | None:
    """The step that makes the change which a gate is about, and how it is confirmed.

    It is the first one that applies what the gate binds; where it binds nothing, the first one behind the gate that
    changes devices.
    """
    behind = {gate.id}
    for run in state.steps.values():
        step = run.step
        if behind.isdisjoint(step.needs):
            continue
        behind.add(step.id)
        if not isinstance(step, DevicesStep) or not step.changes:
            continue
        effects = [action for action in step.do if isinstance(action, ApplyAction | ConfigureAction)]
        bound = [action for action in effects if isinstance(action, ApplyAction) and action.step == gate.binds_step]
        if gate.binds_step is None or bound:
            chosen = bound or effects
            return step, next((action.confirm for action in chosen if action.confirm is not None), None)
    return None


def safety(state: RunState, hosts: Sequence[HostName], change: tuple[DevicesStep, Confirm | None] | None) -> tuple[
    SafetyCount, ...
]:  # fmt: skip
    """How many of these devices have which undo and which confirm; the first undo that a device has is the one."""
    prepared = state.plan_ready
    if change is None or len(prepared.safety_of) != len(prepared.hosts):
        return ()
    step, confirm = change
    kinds = dict(zip(prepared.hosts, prepared.safety_of, strict=True))
    counts = Counter(kinds[host] for host in hosts if host in kinds)
    found: Counter[tuple[str, str]] = Counter()
    for digit, number in counts.items():
        one = prepared.safety[_DIGITS.index(digit)]
        undo = next((method for method in step.undo if method in one.undo), "none")
        found[undo, one.confirm if confirm is not None else "none"] += number
    return tuple(
        SafetyCount.model_validate({"devices": number, "undo": undo, "confirm": held})
        for (undo, held), number in sorted(found.items(), key=lambda item: (-item[1], item[0]))
    )
