"""The action ``compare``: what became of a device between two snapshots, judged by what a definition expects.

What differs is kept for all sections that both snapshots have; only those named in ``expect`` are judged, or, where
a name is no section, the interfaces that ``device.data`` lists under it.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from pydantic import JsonValue

from activities.deviceinteraction.config.footprint import Footprint
from activities.deviceinteraction.differences import CONFIG, Difference, Key, beyond, differences
from activities.deviceinteraction.failures import CheckFailed, InvalidInput
from activities.deviceinteraction.model import State
from activities.values import KeptValue, StateValue
from workflows.plan import Action, CompareAction, DevicesStep, Expectation, Plan, Section, SnapshotAction, StepId
from workflows.run.evaluate import evaluate

SHOWN: Final = 5  # keys that a message names; the kept value has all of them
INTERFACES: Final = "interfaces"


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found: the value to keep, and why it is not as expected; nothing where it is."""

    value: dict[str, JsonValue]
    problems: tuple[str, ...]
    notes: tuple[str, ...]  # for the transcript: each difference in full


def snapshot_key(index: int | str, action: SnapshotAction) -> str:
    """The name under which a snapshot is kept: its own, or its place, which no expression can name."""
    return action.name or f"{index}-snapshot"


def find_before(
    action: CompareAction,
    place: int | str,
    do: Sequence[Action],
    own: Mapping[str, KeptValue],
    earlier: Mapping[str, KeptValue] | None,
) -> StateValue | None:
    """The snapshot that a comparison starts from.

    Args:
        action: The comparison.
        place: Where it stands: its number in ``do``, or "leave-1" and the like around it.
        do: The actions of the step that took the snapshot: the comparison's own, or an earlier one.
        own: The values of this step.
        earlier: Those of the earlier step; ``None`` where it did not take this device up.

    Returns:
        It; ``None`` where the device leaves its maintenance and was not led in as far as that: there is nothing to
        judge then, and it must be led out all the same.

    Raises:
        InvalidInput: That step has no such snapshot of this device.
    """
    values = own if action.before_step is None else (earlier or {})
    taken = [snapshot_key(index, one) for index, one in enumerate(do) if isinstance(one, SnapshotAction)]
    for key in taken if action.before is None else [action.before]:
        found = values.get(key)
        if isinstance(found, StateValue):
            return found
    if action.before_step is None and isinstance(place, str) and place.rpartition("-")[0].endswith("leave"):
        return None
    where = "this step" if action.before_step is None else f"step `{action.before_step}`"
    raise InvalidInput(
        f"{where} left no snapshot of this device to compare with: it did not take it up, or failed on it. "
        "Let `devices` name only those on which it succeeded."
    )


def find_after(action: CompareAction, place: int | str, step: DevicesStep, own: Mapping[str, KeptValue]) -> StateValue:
    """The snapshot of this step that a comparison ends at: the named one, else the newest before it.

    Args:
        action: The comparison.
        place: Where it stands: its number in ``do``, or "leave-1" and the like around it.
        step: Its step.
        own: The values of this step.

    Raises:
        InvalidInput: There is none.
    """
    taken = [snapshot_key(one, snapshot) for one, snapshot in _before_it(place, step)]
    key = action.after or (taken[-1] if taken else "")
    found = own.get(key)
    if isinstance(found, StateValue):
        return found
    raise InvalidInput("this step has taken no snapshot before this `compare`; put `- snapshot: […]` in front of it.")


def _before_it(place: int | str, step: DevicesStep) -> Iterator[tuple[int | str, SnapshotAction]]:
    """The snapshots before an action, the newest last; before one of ``leave``, those of ``leave``."""
    enter: Sequence[Action] = step.maintenance.enter if step.maintenance is not None else ()
    leave: Sequence[Action] = step.maintenance.leave if step.maintenance is not None else ()
    listed: list[tuple[int | str, Action]]
    if isinstance(place, int):
        listed = [*((f"enter-{number}", one) for number, one in enumerate(enter)), *enumerate(step.do[:place])]
    else:
        part, _, number_ = place.rpartition("-")
        around = leave if part.endswith("leave") else enter
        listed = [(f"{part}-{number}", one) for number, one in enumerate(around[: int(number_)])]
    return ((one, action) for one, action in listed if isinstance(action, SnapshotAction))


@dataclass(frozen=True, slots=True)
class Sight:
    """What a comparison sees besides itself.

    Args:
        step: Its step.
        plan: For the step that took the snapshot before.
        own: The values of this step.
        earlier: Those of earlier steps.
        made: What this run has changed on this device, of a range of its changes.
        context: What the expressions of the expectations see.
    """

    step: DevicesStep
    plan: Plan
    own: Mapping[str, KeptValue]
    earlier: Mapping[StepId, Mapping[str, KeptValue] | None]
    made: Callable[[int, int], Awaitable[Sequence[Footprint]]]
    context: Mapping[str, object]


async def compare(action: CompareAction, place: int | str, sight: Sight) -> Compared:
    """Carry out a comparison.

    Args:
        action: The comparison.
        place: Where it stands: its number in ``do``, or "leave-1" and the like around it.
        sight: What it sees.

    Raises:
        InvalidInput: A snapshot is not there.
        EvaluationError: A list of expected keys has no value on this device.
    """
    owner = sight.step if action.before_step is None else sight.plan.step(action.before_step)
    assert isinstance(owner, DevicesStep), "the compiler knows which steps take snapshots"
    values = None if action.before_step is None else sight.earlier.get(action.before_step)
    before = find_before(action, place, owner.do, sight.own, values)
    if before is None:
        return Compared({}, (), (f"compare: not judged, for `{action.before}` was never taken",))
    after = find_after(action, place, sight.step, sight.own)
    changes = await sight.made(before.changes, after.changes)
    return compared(action, before.value, after.value, changes, sight.context)


def compared(
    action: CompareAction,
    before: State,
    after: State,
    changes: Sequence[Footprint],
    context: Mapping[str, object],
) -> Compared:
    """Compare two snapshots and judge what is expected of them.

    Args:
        action: What is expected and what is ignored.
        before: The older snapshot.
        after: The newer one.
        changes: What this run has changed between them, in order.
        context: What the expressions of the expectations see.

    Raises:
        EvaluationError: A list of expected keys has no value on this device.
    """
    found = differences(before, after, action.ignore)
    problems: list[str] = []
    for name, expectation in action.expect.items():
        section = name if name in get_args(Section) else INTERFACES
        difference = found.get(section)
        if difference is None:
            problems.append(f"{name}: `{section}` is not in both snapshots")
            continue
        if expectation.kind == "only_change":
            problems += _more_than(beyond(before, after, changes, action.ignore))
            continue
        if section != name:
            chosen = _selected(name, before, after, context)
            if isinstance(chosen, str):
                problems.append(chosen)
                continue
            difference = difference.of(chosen)
        problems += _judged(name, expectation, difference, context)
    value: dict[str, JsonValue] = {section: _plain(difference) for section, difference in found.items()}
    return Compared(value, tuple(problems), tuple(_notes(found)))


def failed(compared: Compared, host: str) -> CheckFailed:
    """The failure of a comparison whose expectations do not hold."""
    return CheckFailed(f"{host}: {'; '.join(compared.problems)}.")


def _selected(name: str, before: State, after: State, context: Mapping[str, object]) -> list[Key] | str:
    """The interfaces that ``device.data`` lists under a name; a text that says why there are none."""
    device = context["device"]
    data = device.get("data") if isinstance(device, Mapping) else None
    listed = data.get(name) if isinstance(data, Mapping) else None
    if not isinstance(listed, list | tuple) or not all(isinstance(one, str) for one in listed):
        return f"{name}: it is no section, and `device.data.{name}` is not a list of interfaces"
    there = {*(before.interfaces or {}), *(after.interfaces or {})}
    missing = [one for one in listed if one not in there]
    if missing:
        return f"{name}: the device has no interface {', '.join(missing[:SHOWN])}; names are as the device writes them"
    return list(listed)


def _judged(
    name: str, expectation: Expectation, difference: Difference, context: Mapping[str, object]
) -> Iterator[str]:
    if expectation.kind == "any":
        return
    # Of `unchanged` none of the three is given: nothing may have been added, removed or changed.
    wanted = {"added": expectation.added, "removed": expectation.removed, "changed": expectation.changed}
    parts = {"added": difference.added, "removed": difference.removed, "changed": difference.changed}
    for what, keys in parts.items():
        expr = wanted.get(what)
        expected = [] if expr is None else _keys(evaluate(expr, context), f"`{what}` of `{name}`")
        found = {str(key): key for key in keys}
        extra = [key for text, key in found.items() if text not in expected]
        if extra:
            yield f"{name}: expected {_words(what, expected)}, found {what} {_listed(extra, difference)}"
        missing = [key for key in expected if key not in found]
        if missing:
            yield f"{name}: expected {what} {', '.join(missing[:SHOWN])}, and it is not"


def _keys(value: object, what: str) -> list[str]:
    if isinstance(value, list | tuple):
        return [str(key) for key in value]
    raise InvalidInput(f"{what} must be a list of keys, and is {value!r}.")


def _words(what: str, expected: Collection[str]) -> str:
    return f"{what} {', '.join(expected)} alone" if expected else f"nothing {what}"


def _listed(keys: Sequence[Key], difference: Difference) -> str:
    details = difference.details or {}
    texts = [f"{key} ({details[key]})" if key in details and key in difference.changed else str(key) for key in keys]
    more = len(texts) - SHOWN
    return ", ".join(texts[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _more_than(difference: Difference) -> Iterator[str]:
    """Why a configuration is not the one before with the applied change in it."""
    if difference.added:
        yield f"{CONFIG}: expected the applied change alone, found besides {_listed(difference.added, difference)}"
    if difference.removed:
        yield f"{CONFIG}: expected the applied change alone, missing is {_listed(difference.removed, difference)}"
    if difference.changed:
        yield f"{CONFIG}: expected the applied change alone, found changed {_listed(difference.changed, difference)}"


def _plain(difference: Difference) -> JsonValue:
    return {
        "added": list(difference.added),
        "removed": list(difference.removed),
        "changed": list(difference.changed),
    }


def _notes(found: Mapping[str, Difference]) -> Iterator[str]:
    for section, difference in found.items():
        if difference.empty:
            yield f"compare: {section} unchanged"
        for what, keys in (("added", difference.added), ("removed", difference.removed)):
            if keys:
                yield f"compare: {section} {what}: {', '.join(map(str, keys))}"
        for key in difference.changed:
            detail = (difference.details or {}).get(key)
            yield f"compare: {section} changed: {key}" + (f" ({detail})" if detail else "")
