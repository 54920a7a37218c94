"""Signals that a definition waits for: each under the name that its `wait` gives, as a signal and as an update.

What is sent is one JSON object with the fields that the step declares; ``by`` may name who sends it. It is checked when
it comes: an update answers whether it was taken, a signal that cannot be is recorded as refused. One that comes before
its step waits is kept for it; one that comes before the run knows its plan, or reads it again after continue-as-new,
waits until it does.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pydantic import JsonValue, TypeAdapter, ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from workflows import arrivals
from workflows.contracts import MESSAGE_LENGTH, OperationAnswer, OperationRecord
from workflows.errors import InvalidInputError
from workflows.inputs import check_inputs
from workflows.plan import WaitStep
from workflows.run.door import Door
from workflows.run.state import DONE, RunState, StepRun
from workflows.wording import shortened

KEPT: Final = 100  # of one name, until a step takes them
RECORDED: Final = 200  # of all that were sent
LARGEST: Final = 32_000  # characters of what one carries, as JSON
NAME_SHOWN: Final = 60  # characters of a name that is not known
BY: Final = "by"
_PAYLOAD: Final[TypeAdapter[dict[str, JsonValue]]] = TypeAdapter(dict[str, JsonValue])


class Signals:
    """Takes what is sent and keeps it for the steps that wait."""

    def __init__(self, state: RunState, changed: Callable[[], None], door: Door) -> None:
        self._state = state
        self._changed = changed
        self._door = door
        self._names: frozenset[str] | None = None  # that the plan waits for; None until it is known
        self._await_the_plan()

    def listen(self) -> None:
        """Takes the signals that the plan waits for, those included that came before the plan was known."""
        names = dict.fromkeys(step.signal for _, step in _waits(self._state) if step.signal is not None)
        for name in names:
            self._listen(name)
        self._names = frozenset(names)
        workflow.set_dynamic_update_handler(None)  # from here on the server refuses other names, and history has none
        workflow.set_dynamic_signal_handler(self._pass_over)  # signals of other names it takes, and calls sent

    def _await_the_plan(self) -> None:
        """Lets updates of any name wait, as the server lets signals: only the plan says which there are.

        The server would refuse them, and a person would have to know that the run was just then reading its state.
        """

        async def early(name: str, args: Sequence[RawValue]) -> OperationAnswer:
            await workflow.wait_condition(lambda: self._names is not None)
            if name not in (self._names or ()):
                raise ApplicationError(f"no step of this run waits for the signal {name}", type="invalid_input")
            payload = workflow.payload_converter().from_payload(args[0].payload) if args else None
            return await self._door.update(OperationAnswer, lambda: self._taken(name, payload, "update"))

        workflow.set_dynamic_update_handler(early)

    def _pass_over(self, name: str, _: Sequence[RawValue]) -> None:
        """Records a signal that nothing waits for: whoever mistyped its name hears of it nowhere else."""
        if len(self._state.operations) < RECORDED:
            said = f"signal {name[:NAME_SHOWN]}"
            refused = f"no step of this run waits for the {said}"
            self._state.operations.append(
                OperationRecord(operation=said, by="?", at=workflow.now(), how="signal", refused=refused)
            )

    def _listen(self, name: str) -> None:
        async def update(*said: object) -> OperationAnswer:
            return await self._door.update(OperationAnswer, lambda: self._taken(name, arrivals.payload(said), "update"))

        def validate(*said: object) -> None:
            fields, refused = ({}, "") if self._door.passes() else self._judged(name, arrivals.payload(said))
            refused = refused or _too_large(name, fields)
            if refused:
                raise ApplicationError(refused, type="invalid_input")

        def signal(*said: object) -> None:  # whatever people send is recorded, and never fails the run
            self._door.signal(lambda: _ignore(self._taken(name, arrivals.payload(said), "signal")))

        workflow.set_update_handler(name, update, validator=validate)
        workflow.set_signal_handler(name, signal)

    def _taken(self, name: str, payload: object, how: str) -> OperationAnswer:
        fields, refused = self._judged(name, payload)
        if not refused and (large := _too_large(name, fields)) and workflow.patched("signals-have-a-size"):
            refused = large
        sender = payload.get(BY) if isinstance(payload, Mapping) else None
        if len(self._state.operations) < RECORDED or not refused:
            self._state.operations.append(
                OperationRecord.model_validate(
                    {
                        "operation": f"signal {name}",
                        "by": shortened(sender, arrivals.NAME) if isinstance(sender, str) and sender else "?",
                        "at": workflow.now(),
                        "how": how,
                        "refused": refused,
                    }
                )
            )
        if not refused:
            self._state.signals.setdefault(name, []).append(fields)
        self._changed()
        return OperationAnswer(accepted=not refused, phase=self._state.phase, message=refused)

    def _judged(self, name: str, payload: object) -> tuple[dict[str, JsonValue], str]:
        """The fields that a payload yields, and why it cannot be taken where that is so."""
        waits = _waits(self._state)
        step = next((step for run, step in waits if step.signal == name and run.state not in DONE), None)
        if step is None or self._state.phase == "closed":
            return {}, f"no step waits for `{name}` any more"
        claim = self._state.claim
        if claim.behind is not None and claim.state in {"joining", "joined"}:
            return {}, f"this run has joined run {claim.behind.workflow_id}, which does the work; send `{name}` there"
        if len(self._state.signals.get(name, ())) >= KEPT:
            return {}, f"{KEPT} signals `{name}` are kept already, and no step has taken them"
        return fields_of(step, payload)


def _waits(state: RunState) -> list[tuple[StepRun, WaitStep]]:
    return [(run, run.step) for run in state.all_steps() if isinstance(run.step, WaitStep)]


def fields_of(step: WaitStep, payload: object) -> tuple[dict[str, JsonValue], str]:
    """What a payload yields for a step, defaults filled in; and what is wrong with it, empty where it fits."""
    declared = step.payload
    try:
        given = _PAYLOAD.validate_python({} if payload is None else payload)
    except ValidationError:
        return {}, f"`{step.signal}` takes one JSON object with {_wanted(step)}"
    given = {name: value for name, value in given.items() if name != BY or BY in declared}
    try:
        return check_inputs(declared, given, "field"), ""
    except InvalidInputError as error:
        return {}, f"`{step.signal}`: {'; '.join(str(error).splitlines())}"[:MESSAGE_LENGTH]


def _too_large(name: str, fields: Mapping[str, JsonValue]) -> str:
    """Why what a signal carries is not taken: a run keeps it, and hands it on with its own messages."""
    size = len(json.dumps(fields))
    if size <= LARGEST:
        return ""
    return f"`{name}` has {size:,} characters, and at most {LARGEST:,} are taken; send where it is, instead"


def _wanted(step: WaitStep) -> str:
    return ", ".join(f"`{name}`" for name in step.payload) or "no fields"


def _ignore(_: object) -> None:
    """A signal has no answer."""
