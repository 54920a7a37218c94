"""What can be seen from each expression of a definition: names, earlier steps, values of the same device.

Built once from a draft. It reports nothing: the passes for names and types read it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from workflows.definition.draft import ActionDraft, ApproveBody, DevicesBody, Draft, NotifyBody, StepDraft
from workflows.definition.expressions import Expression
from workflows.definition.types import (
    AGGREGATES,
    APPLIED,
    CHANGE,
    DEVICE,
    HOSTS,
    ROWS,
    RUN,
    RUN_AT_END,
    RUN_INSIDE_DO,
    STATE,
    STEPS,
    TEXT,
    UNKNOWN,
    Maybe,
    Record,
    Type,
    type_of_input,
)

RESERVED: Final = frozenset(
    {"inputs", "device", "steps", "run", "inventory", "result", "item", "none", "true", "false"}
)
_RUN_OUTSIDE: Final = "the other facts of a run are known outside `do`"
_RUN_LATER: Final = "`verdict` and `devices` are known in `finally` only"

Wanted = Literal["boolean", "hosts", "duration", "text", "any"]


@dataclass(frozen=True, slots=True)
class Scope:
    """The view from one place.

    Attributes:
        names: What can be named.
        elsewhere: What exists and cannot be named here, and why.
        ancestor: Whether a step is known to have run before.
        outputs: The type of a step's outputs.
    """

    names: Mapping[str, Type]
    elsewhere: Mapping[str, str]
    ancestor: Callable[[str], bool]
    outputs: Callable[[str], Type]

    def step(self, step_id: str) -> Type:
        """The outputs of a step as this place sees them."""
        return self.outputs(step_id)


@dataclass(frozen=True, slots=True)
class Place:
    """An expression with its scope, and what its place wants of it; ``step`` is None for the inventory's."""

    step: StepDraft | None
    expression: Expression
    scope: Scope
    wanted: Wanted
    what: str


@dataclass(slots=True)
class Scopes:
    """Index of a draft: its steps by id, who runs before whom, and every expression with its scope."""

    draft: Draft
    by_id: dict[str, StepDraft] = field(default_factory=dict)
    _number: dict[str, int] = field(default_factory=dict)
    _before: dict[str, int] = field(default_factory=dict)  # bit set of the steps before each step

    def __post_init__(self) -> None:
        for step in self.draft.all_steps:
            if step.id.text not in self.by_id:
                self._number[step.id.text] = len(self.by_id)
                self.by_id[step.id.text] = step
        self._before = _closure(self.draft, self._number)

    def is_before(self, earlier: str, later: str) -> bool:
        """Whether one step has always ended, or was skipped, when the other starts."""
        return earlier in self._number and bool(self._before[later] >> self._number[earlier] & 1)

    def places(self) -> Iterator[Place]:
        """Every expression of the definition, in the order of the steps."""
        inventory = self.draft.inventory
        if inventory and inventory.select:
            yield Place(None, inventory.select, self._selection(), "boolean", "`select`")
        for step in self.draft.all_steps:
            outer = self._outer(step)
            if step.when:
                yield Place(step, step.when, outer, "boolean", "`when`")
            match step.body:
                case DevicesBody():
                    yield from self._devices(step, step.body, outer)
                case ApproveBody():
                    if isinstance(step.body.timeout, Expression):
                        yield Place(step, step.body.timeout, outer, "duration", "`timeout`")
                case NotifyBody():
                    if step.body.message:
                        yield Place(step, step.body.message, outer, "text", "`message`")

    def _devices(self, step: StepDraft, body: DevicesBody, outer: Scope) -> Iterator[Place]:
        yield Place(step, body.devices, outer, "hosts", "`devices`")
        for wave in body.waves:
            if isinstance(wave.soak, Expression):
                yield Place(step, wave.soak, outer, "duration", "`soak`")
        local: dict[str, Type] = {}
        for action in body.do:
            scope = self._inner(step, body, local)
            for expression, wanted, what in _of_action(action):
                yield Place(step, expression, scope, wanted, what)
            if action.name:
                local = {**local, action.name.text: type_of_action(action)}

    def _selection(self) -> Scope:
        why = "`select` sees `device` and `inputs`"
        names: dict[str, Type] = {"device": DEVICE, "inputs": self._inputs()}
        return Scope(names, dict.fromkeys(("steps", "run", "inventory"), why), lambda _: False, lambda _: UNKNOWN)

    def _outer(self, step: StepDraft) -> Scope:
        names: dict[str, Type] = {"inputs": self._inputs(), "steps": STEPS, "run": self._run(step)}
        elsewhere: dict[str, str] = {}
        if self.draft.inventory:
            names["inventory"] = HOSTS
        else:
            elsewhere["inventory"] = "this definition has no `inventory`"
        for action in step.body.do if isinstance(step.body, DevicesBody) else ():
            if action.name:
                elsewhere[action.name.text] = "values named with `as` are known to the later actions of the same device"
        elsewhere["device"] = "facts of a device are known inside `do` and in `inventory.select`"
        return Scope(names, elsewhere, self._ancestors(step), lambda name: self._aggregates(name, step))

    def _inner(self, step: StepDraft, body: DevicesBody, local: Mapping[str, Type]) -> Scope:
        names: dict[str, Type] = {
            "inputs": self._inputs(),
            "device": DEVICE,
            "steps": STEPS,
            "run": Record("`run`", RUN_INSIDE_DO, _RUN_OUTSIDE),
            **local,
        }
        elsewhere = {"inventory": "inside `do` there is one `device`"}
        for action in body.do:
            if action.name and action.name.text not in local:
                elsewhere[action.name.text] = "it is named by this or a later action; actions run in their order"
        return Scope(names, elsewhere, self._ancestors(step), lambda name: self._values(name, step))

    def _ancestors(self, step: StepDraft) -> Callable[[str], bool]:
        return lambda name: self.is_before(name, step.id.text)

    def _inputs(self) -> Record:
        return Record("`inputs`", {name: type_of_input(one) for name, one in self.draft.inputs.items()})

    def _run(self, step: StepDraft) -> Record:
        return Record("`run`", RUN_AT_END) if step.final else Record("`run`", RUN, _RUN_LATER)

    def _aggregates(self, name: str, seen_from: StepDraft) -> Type:
        step = self.by_id.get(name)
        if step is None:
            return UNKNOWN
        if not isinstance(step.body, DevicesBody):
            return Record(f"`steps.{name}`", {}, "only steps with `devices` have outputs yet")
        named = ", ".join(f"`{one}`" for one in exports(step.body))
        hint = f"{named} is a value of each device: it is known inside `do`" if named else ""
        return Record(f"`steps.{name}`", self._maybe(AGGREGATES, step, seen_from), hint)

    def _values(self, name: str, seen_from: StepDraft) -> Type:
        step = self.by_id.get(name)
        if step is None:
            return UNKNOWN
        fields = exports(step.body) if isinstance(step.body, DevicesBody) else {}
        hint = "inside `do` a step's outputs are this device's values, as its actions name them with `as`"
        return Record(f"`steps.{name}`", self._maybe(fields, step, seen_from), hint)

    @staticmethod
    def _maybe(fields: Mapping[str, Type], step: StepDraft, seen_from: StepDraft) -> Mapping[str, Type]:
        """Null are the outputs of a step that `when` skips and, seen from `finally`, of one that a stop forestalled."""
        if step.when is None and (not seen_from.final or step.final):
            return fields
        return {name: one if isinstance(one, Maybe) else Maybe(one) for name, one in fields.items()}


def exports(body: DevicesBody) -> dict[str, Type]:
    """The values that a step's actions name, as later steps see them for the same device."""
    return {action.name.text: type_of_action(action) for action in body.do if action.name}


def type_of_action(action: ActionDraft) -> Type:
    """The type of what an action yields under its ``as``."""
    match action.kind:
        case "show":
            by_parser: dict[str, Type] = {"textfsm": ROWS, "none": TEXT, "json": UNKNOWN}
            return by_parser[action.parse]
        case "snapshot":
            name = f"`{action.name.text}`" if action.name else "the snapshot"
            return Record(
                name, {section: STATE[section] for section in action.sections}, "add it to the `snapshot` to have it"
            )
        case "apply" | "configure":
            return APPLIED
        case "propose" | "check":  # a check names nothing
            return CHANGE


def _of_action(action: ActionDraft) -> Iterator[tuple[Expression, Wanted, str]]:
    if action.command:
        yield action.command, "text", "`show`"
    for check in action.checks:
        yield check.that, "boolean", f"the check `{check.name}`"
        if check.message:
            yield check.message, "text", "`else`"
    if action.change:
        for line in action.change.lines or ():
            yield line, "text", "a line"
        if action.change.vars:
            yield action.change.vars, "any", "`vars`"


def needs_of(draft: Draft) -> dict[str, tuple[str, ...]]:
    """The direct needs of each step: what it says, else the step above it; ``finally`` runs in its order."""
    found: dict[str, tuple[str, ...]] = {}
    for section in (draft.steps, draft.final):
        previous: tuple[str, ...] = ()
        for step in section:
            found.setdefault(step.id.text, previous if step.needs is None else tuple(word.text for word in step.needs))
            previous = (step.id.text,)
    return found


def _closure(draft: Draft, number: Mapping[str, int]) -> dict[str, int]:
    """All steps before each step, as bits. Steps in a circle see everything: the circle is the mistake to report."""
    needs = needs_of(draft)
    everything = (1 << len(number)) - 1
    before: dict[str, int] = {}
    waiting: dict[str, list[str]] = {}
    missing = {}
    for step_id, named in needs.items():
        known = {name for name in named if name in number}
        missing[step_id] = len(known)
        for name in known:
            waiting.setdefault(name, []).append(step_id)
    ready = [step_id for step_id, count in missing.items() if count == 0]
    while ready:
        step_id = ready.pop()
        bits = 0
        for name in needs[step_id]:
            bits |= before.get(name, 0) | (1 << number[name] if name in number else 0)
        before[step_id] = bits
        for later in waiting.get(step_id, ()):
            missing[later] -= 1
            if missing[later] == 0:
                ready.append(later)
    main = sum(1 << number[step.id.text] for step in {step.id.text: step for step in draft.steps}.values())
    final = {step.id.text for step in draft.final}
    return {step_id: before.get(step_id, everything) | (main if step_id in final else 0) for step_id in number}
