"""What can be seen from each expression of a definition: names, earlier steps, values of the same device.

Built once from a draft. It reports nothing: the passes for names and types read it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from workflows.definition.action_types import Wanted, exports, expressions_of, type_of_action
from workflows.definition.called import Called
from workflows.definition.draft import ApproveBody, CallBody, DevicesBody, Draft, SetBody, StepDraft, WaitBody
from workflows.definition.expressions import Expression
from workflows.definition.order import Order
from workflows.definition.outputs import outputs_of, result_of, verb_of
from workflows.definition.step_expressions import of_rollout, of_verb
from workflows.definition.types import (
    BOUND,
    DEVICE,
    HOSTS,
    RUN,
    RUN_AT_END,
    RUN_INSIDE_DO,
    STEPS,
    UNKNOWN,
    Maybe,
    Record,
    Type,
    type_of_input,
)
from workflows.plan import Input

RESERVED: Final = frozenset(
    {"inputs", "device", "steps", "run", "inventory", "result", "item", "none", "true", "false"}
)
_RUN_OUTSIDE: Final = "the other facts of a run are known outside `do`"
_RUN_LATER: Final = "`verdict` and `devices` are known in `finally` only"


class Scope(NamedTuple):
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


class Place(NamedTuple):
    """An expression with its scope, and what its place wants of it.

    Attributes:
        step: Whose it is; None for those of the whole definition.
        expression: The expression.
        scope: What it sees.
        wanted: What its place can use.
        what: The place in words.
        gives: The output that it computes, if it does; its type goes to `Scopes.computed`.
        declared: The input of the called definition that it is for, if it is for one.
        keys: Of which type the keys are that it lists, where it lists those of a section of state.
    """

    step: StepDraft | None
    expression: Expression
    scope: Scope
    wanted: Wanted
    what: str
    gives: str | None = None
    declared: Input | None = None
    keys: Type | None = None


@dataclass(slots=True)
class Scopes:
    """Index of a draft: its steps by id, who runs before whom, and every expression with its scope.

    Attributes:
        draft: The definition.
        called: The definitions that it calls, by ``NAME@VERSION`` as the calls write it; absent are unknown ones.
        by_id: The steps.
        order: Who runs before whom.
        computed: The types of what ``set`` and the definition's ``outputs`` compute, by step ("" for the latter) and
            name. The pass for types fills it in the order of the steps, before anybody asks.
    """

    draft: Draft
    called: Mapping[str, Called] = field(default_factory=dict)
    by_id: dict[str, StepDraft] = field(default_factory=dict)
    order: Order = field(init=False)
    _inputs: Record = field(init=False)
    computed: dict[str, dict[str, Type]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for step in self.draft.all_steps:
            self.by_id.setdefault(step.id.text, step)
        self.order = Order.of(self.draft)
        self._inputs = Record("`inputs`", {name: type_of_input(one) for name, one in self.draft.inputs.items()})

    def is_before(self, earlier: str, later: str) -> bool:
        """Whether one step has always ended, or was skipped, when the other starts."""
        return self.order.is_before(earlier, later)

    def places(self) -> Iterator[Place]:
        """Every expression of the definition; those of a step after those of all steps that it may name."""
        inventory, dedup = self.draft.inventory, self.draft.dedup
        if dedup:
            why = "`dedup.key` sees `inputs` only: it is worked out before the run begins"
            yield Place(None, dedup.key, self._narrow({"inputs": self._inputs}, why), "text", "`dedup.key`")
        if inventory and inventory.select:
            yield Place(None, inventory.select, self._facts("`select`"), "boolean", "`select`")
        shared = self.draft.defaults.concurrency
        if shared and shared.per:
            yield Place(None, shared.per, self._facts("`per`"), "plain", "`per`")
        for step_id in self.order.sequence:
            yield from self._of_step(self.by_id[step_id])
        for word, value in self.draft.outputs:
            yield Place(None, value, self._at_end(), "any", f"the output `{word.text}`", gives=word.text)

    def _of_step(self, step: StepDraft) -> Iterator[Place]:
        outer, common = self._outer(step), step.common
        if common.when:
            yield Place(step, common.when, outer, "boolean", "`when`")
        for said, what in ((common.timeout, "`timeout`"), (common.deadline, "`deadline`")):
            if isinstance(said, Expression):
                yield Place(step, said, outer, "duration", what)
        if isinstance(step.body, DevicesBody):
            yield from self._devices(step, step.body, outer)
        else:
            yield from self._of_verb(step, outer)
        # Of a definition that is not there nobody knows which names its outputs give to the checks.
        for check in () if self._is_unknown_call(step) else common.checks:
            scope = self._own(step, outer)
            yield Place(step, check.that, scope, "boolean", f"the check `{check.name}`")
            if check.message:
                yield Place(step, check.message, scope, "text", "`else`")

    def _of_verb(self, step: StepDraft, outer: Scope) -> Iterator[Place]:
        match step.body:
            case CallBody() as body:
                declared = self.called[body.target.text].inputs if body.target.text in self.called else {}
                for word, value in body.given:
                    what = f"the input `{word.text}`"
                    yield Place(step, value, outer, "any", what, declared=declared.get(word.text))
            case SetBody() as body:
                for word, value in body.values:
                    yield Place(step, value, outer, "any", f"`{word.text}`", gives=word.text)
            case ApproveBody(auto=Expression() as auto) as body:
                yield Place(step, auto, self._at_gate(body, outer), "boolean", "`auto`")
                for expression, wanted, what in of_verb(step.body):
                    yield Place(step, expression, outer, wanted, what)
            case _:
                for expression, wanted, what in of_verb(step.body):
                    yield Place(step, expression, outer, wanted, what)

    def _at_gate(self, body: ApproveBody, outer: Scope) -> Scope:
        """What an automatic approval sees: beside the rest, counts of the changes that are to be approved."""
        if body.binds is None:
            elsewhere = {**outer.elsewhere, "bound": "this gate `binds` no changes"}
            return Scope(outer.names, elsewhere, outer.ancestor, outer.outputs)
        return Scope({**outer.names, "bound": Record("`bound`", BOUND)}, outer.elsewhere, outer.ancestor, outer.outputs)

    def _devices(self, step: StepDraft, body: DevicesBody, outer: Scope) -> Iterator[Place]:
        yield Place(step, body.devices, outer, "hosts", "`devices`")
        for wave in body.waves:
            if isinstance(wave.soak, Expression):
                yield Place(step, wave.soak, outer, "duration", "`soak`")
        for expression, wanted, what in of_rollout(body):
            yield Place(step, expression, self._facts(what), wanted, what)
        local: dict[str, Type] = {}
        for action in body.actions:
            if body.leave and action is body.leave[0]:
                local = {}  # they run whatever became of the others, whose values may not be there
            wishes = [*expressions_of(action)]
            scope = self._inner(step, body, local) if wishes else outer
            for wish in wishes:
                yield Place(step, wish.expression, scope, wish.wanted, wish.what, keys=wish.keys)
            if action.name:
                local = {**local, action.name.text: type_of_action(action, step, self.by_id)}

    def _facts(self, what: str) -> Scope:
        """What judges a device before anything is known of it but its facts."""
        return self._narrow({"device": DEVICE, "inputs": self._inputs}, f"{what} sees `device` and `inputs`")

    def _narrow(self, names: Mapping[str, Type], why: str) -> Scope:
        others = (name for name in ("device", "inputs", "steps", "run", "inventory") if name not in names)
        return Scope(names, dict.fromkeys(others, why), lambda _: False, lambda _: UNKNOWN)

    def _outer(self, step: StepDraft) -> Scope:
        names: dict[str, Type] = {"inputs": self._inputs, "steps": STEPS, "run": self._run(step)}
        elsewhere = self._inventory(names)
        for action in step.body.actions if isinstance(step.body, DevicesBody) else ():
            if action.name:
                elsewhere[action.name.text] = "values named with `as` are known to the later actions of the same device"
        elsewhere["device"] = "facts of a device are known inside `do` and in `inventory.select`"
        return Scope(names, elsewhere, self._ancestors(step), lambda name: self._aggregates(name, step))

    def _own(self, step: StepDraft, outer: Scope) -> Scope:
        """What the step's own ``check`` sees: its outputs by their names, and ``result`` where the verb answers."""
        result = result_of(step.body)
        names = {**self._outputs(step), **outer.names, **({"result": result} if result else {})}
        why = "`http` and `script` have a `result`; this step's own outputs are known by their names"
        elsewhere = {**outer.elsewhere, "result": why}
        return Scope(names, elsewhere, outer.ancestor, outer.outputs)

    def _at_end(self) -> Scope:
        """What the definition's ``outputs`` see: every step, each of which may have been skipped or never reached."""
        names: dict[str, Type] = {"inputs": self._inputs, "steps": STEPS, "run": Record("`run`", RUN_AT_END)}
        elsewhere = {**self._inventory(names), "device": "facts of a device are known inside `do`"}
        return Scope(names, elsewhere, lambda name: name in self.by_id, lambda name: self._aggregates(name, None))

    def _inventory(self, names: dict[str, Type]) -> dict[str, str]:
        if self.draft.inventory:
            names["inventory"] = HOSTS
            return {}
        return {"inventory": "this definition has no `inventory`"}

    def _inner(self, step: StepDraft, body: DevicesBody, local: Mapping[str, Type]) -> Scope:
        names: dict[str, Type] = {
            "inputs": self._inputs,
            "device": DEVICE,
            "steps": STEPS,
            "run": Record("`run`", RUN_INSIDE_DO, _RUN_OUTSIDE),
            **local,
        }
        elsewhere = {"inventory": "inside `do` there is one `device`"}
        for action in body.actions:
            if action.name and action.name.text not in local:
                elsewhere[action.name.text] = "it is named by this or a later action; actions run in their order"
        return Scope(names, elsewhere, self._ancestors(step), lambda name: self._values(name, step))

    def _ancestors(self, step: StepDraft) -> Callable[[str], bool]:
        return lambda name: self.is_before(name, step.id.text)

    def _run(self, step: StepDraft) -> Record:
        return Record("`run`", RUN_AT_END) if step.final else Record("`run`", RUN, _RUN_LATER)

    def _outputs(self, step: StepDraft) -> Mapping[str, Type]:
        called = self.called.get(step.body.target.text) if isinstance(step.body, CallBody) else None
        return outputs_of(step.body, called.outputs if called else {}, self.computed.get(step.id.text, {}))

    def _aggregates(self, name: str, seen_from: StepDraft | None) -> Type:
        step = self.by_id.get(name)
        if step is None or self._is_unknown_call(step):
            return UNKNOWN
        fields = self._maybe(self._outputs(step), step, seen_from)
        hint = ""
        if isinstance(step.body, DevicesBody):
            named = ", ".join(dict.fromkeys(f"`{action.name.text}`" for action in step.body.do if action.name))
            hint = f"{named} is a value of each device: it is known inside `do`" if named else ""
        elif not fields:
            hint = f"this `{verb_of(step.body)}` step has no outputs"
        return Record(f"`steps.{name}`", fields, hint)

    def _values(self, name: str, seen_from: StepDraft) -> Type:
        step = self.by_id.get(name)
        if step is None or not isinstance(step.body, DevicesBody):
            return self._aggregates(name, seen_from)
        hint = "inside `do` a step's outputs are this device's values, as its actions name them with `as`"
        return Record(f"`steps.{name}`", self._maybe(exports(step, self.by_id), step, seen_from), hint)

    def _is_unknown_call(self, step: StepDraft) -> bool:
        return isinstance(step.body, CallBody) and step.body.target.text not in self.called

    @staticmethod
    def _maybe(fields: Mapping[str, Type], step: StepDraft, seen_from: StepDraft | None) -> Mapping[str, Type]:
        """Null are the outputs of a step that `when` skips or that the run goes on without.

        Seen from the end, also those of a step that a stop forestalled.
        """
        may_be_missing = seen_from is None or (seen_from.final and not step.final)
        goes_on_without = step.common.on_block in {"proceed", "ask"} or _may_yield_nothing(step)
        if step.when is None and not may_be_missing and not goes_on_without:
            return fields
        return {name: one if isinstance(one, Maybe) else Maybe(one) for name, one in fields.items()}


def _may_yield_nothing(step: StepDraft) -> bool:
    """Whether a step may fail, so that it yields nothing, and the run goes on: by itself, or as an operator says."""
    if isinstance(step.body, DevicesBody) or (isinstance(step.body, WaitBody) and step.body.devices is not None):
        return False  # what they yield is what has become of the devices
    passed_over = step.on_failure is not None and step.on_failure.action in {"continue", "pause"}
    return passed_over or (step.final and step.on_failure is None) or step.common.on_deadline == "skip"
