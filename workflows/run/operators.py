"""What operators ask of a live run: pause, resume, cancel, answers to a paused step, and another concurrency.

An operation that makes no sense now is refused with the reason; by signal, where nobody hears an answer, it is recorded
as refused. Cancelling through Temporal itself does the same as `cancel` here, without a name.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal, get_args

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from workflows.arrivals import KEPT, NAME, asked, payload, read, trimmed
from workflows.contracts import MESSAGE_LENGTH, Operation, OperationAnswer, OperationRecord
from workflows.errors import InvalidInputError
from workflows.plan import CallStep, DevicesStep, HostName, StepId
from workflows.run import closing, opening, takeback
from workflows.run.door import Door
from workflows.run.fanout import RETRIED, FanOut
from workflows.run.holding import must_end
from workflows.run.state import Answer, RunState, StepRun
from workflows.wording import shortened, some

Kind = Literal["pause", "resume", "cancel", "retry", "skip", "undo", "stop", "set_concurrency"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
NAMED: Final = 5  # devices that a refusal names
UNDO_GOES_ON: Final = "the undo that is under way goes on to its end, which a pause does not hold up"
_ANSWER: Final = '{"by": "NAME", "reason": "TEXT", "step": "STEP", "devices": ["HOST"]}'
EXAMPLES: Final[dict[Kind, str]] = {  # what each takes
    **dict.fromkeys(KINDS, '{"by": "NAME", "reason": "TEXT"}'),
    "retry": _ANSWER,
    "skip": _ANSWER,
    "stop": _ANSWER,
    "undo": '{"by": "NAME", "reason": "TEXT", "step": "STEP", "scope": "failed | wave | step | run"}',
    "set_concurrency": '{"by": "NAME", "reason": "TEXT", "step": "STEP", "concurrency": 10}',
}


class Operators:
    """Takes operations and records them."""

    def __init__(
        self,
        state: RunState,
        fan_outs: Callable[[], dict[StepId, FanOut]],
        cut: Callable[[str], None],
        changed: Callable[[], None],
        door: Door,
    ) -> None:
        self._state = state
        self._fan_outs = fan_outs
        self._cut = cut
        self._changed = changed
        self._door = door

    async def update(self, kind: Kind, said: Sequence[object]) -> OperationAnswer:
        """An operation by update: carries it out and answers."""
        return await self._door.update(
            OperationAnswer, lambda: self.carry_out(kind, asked(Operation, said, EXAMPLES[kind]), "update")
        )

    def validate(self, kind: Kind, said: Sequence[object]) -> None:
        """Refuses an update that makes no sense now, before it is history.

        Raises:
            ApplicationError: ``invalid_input``: why.
        """
        operation = asked(Operation, said, EXAMPLES[kind])
        if self._door.passes():
            return
        late = closing.TOO_LATE if self._state.over else None
        refused = self.refusal(kind, operation) or self._pointless(kind, operation) or late
        if refused is not None:
            raise ApplicationError(refused, type="invalid_input")

    def signal(self, kind: Kind, said: Sequence[object]) -> None:
        """The same operation by signal, which nobody hears an answer to."""
        self._door.signal(lambda: self.signalled(kind, payload(said)))

    def refusal(self, kind: Kind, operation: Operation) -> str | None:
        """Why an operation cannot be carried out now; ``None`` where it can."""
        state = self._state
        if state.verdict is not None or state.phase == "closed":
            return "the run has come to its verdict; what is left is telling people"
        if state.cut:
            return "the run is being cancelled"
        if state.request.takes_back is not None and not (kind == "cancel" and takeback.waits(state)):
            return f"the run takes back what {state.request.takes_back.workflow_id} has changed, and is not cut short"
        match kind:
            case "pause" if state.paused:
                return "the run is paused already"
            case "resume" if not state.paused:
                return "the run is not paused" + self._asking_hint()
            case "resume":
                return opening.objection(state, operation.reason)
            case "retry" | "skip" | "undo" | "stop":
                return self._unanswerable(kind, operation)
            case "set_concurrency":
                return self._no_concurrency(operation)
            case _:
                return None

    def carry_out(self, kind: Kind, operation: Operation, how: Literal["update", "signal"]) -> OperationAnswer:
        """Does it, or records why not."""
        operation = trimmed(operation)
        refused = self.refusal(kind, operation) or closing.too_late(self._state) or None
        if refused is None and (why := self._pointless(kind, operation)) and workflow.patched("undo-of-no-devices"):
            refused = why
        overridden = opening.override(self._state, operation.by) if kind == "resume" and refused is None else ""
        self._keep(
            OperationRecord(
                operation=kind,
                by=operation.by,
                reason=operation.reason,
                step=operation.step,
                devices=operation.devices if refused is None else _first(operation.devices),
                scope=operation.scope if kind == "undo" else "",
                concurrency=operation.concurrency if kind == "set_concurrency" else None,
                at=workflow.now(),
                how=how,
                refused=shortened(refused or "", MESSAGE_LENGTH),
                besides=overridden,
            )
        )
        if refused is None:
            self._do(kind, operation)
        self._changed()
        said = refused or overridden or self._besides(kind)
        return OperationAnswer(accepted=refused is None, phase=self._state.phase, message=said)

    def _besides(self, kind: Kind) -> str:
        """What whoever asks would not expect of an operation that is carried out."""
        state = self._state
        if state.paused and kind in {"retry", "skip"}:
            return "the run is paused, too, and does so once it is resumed"
        undoes = any(batch.mode == "undo" for run in state.all_steps() for batch in run.batches.values())
        if kind == "pause" and (undoes or state.phase == "undoing"):
            return UNDO_GOES_ON
        return "; ".join(filter(None, (self._goes_on(), self._calls_go_on()))) if kind == "pause" else ""

    def _calls_go_on(self) -> str:
        """Which called runs a pause does not reach, and what to type for each; empty where there are none."""
        steps = [run for run in self._state.all_steps() if isinstance(run.step, CallStep) and run.state == "running"]
        typed = [f"netsaga pause {self._state.scope.workflow_id}/{run.id} --by NAME" for run in steps]
        match steps:
            case []:
                return ""
            case [run]:
                return f"the run that step {run.id} has called goes on; pause it, too: {typed[0]}"
            case _:
                names = ", ".join(run.id for run in steps)
                return f"the runs that steps {names} have called go on; pause them, too: {', '.join(typed)}"

    def _goes_on(self) -> str:
        """Which wave that is under way a pause does not hold up, and why; empty where there is none."""
        for step in self._fan_outs():
            known = self._state.steps[step].step
            if isinstance(known, DevicesStep) and (why := must_end(known, self._state.request.mode)):
                return f"the wave of step {step} that is under way goes on to its end: {why}"
        return ""

    def note_cancel(self, reason: str) -> None:
        """A cancel that was asked of the server; who asked, only its reason may tell. It may come too late."""
        said = trimmed(Operation(by="?", reason=reason))
        refused = self.refusal("cancel", said) or closing.too_late(self._state)
        self._keep(
            OperationRecord(
                operation="cancel", by="?", reason=said.reason, at=workflow.now(), how="server", refused=refused
            )
        )

    def _keep(self, record: OperationRecord) -> None:
        """Records what was done, and of what was refused so much as a run can carry."""
        if not record.refused or sum(bool(one.refused) for one in self._state.operations) < KEPT:
            self._state.operations.append(record)

    def signalled(self, kind: Kind, value: object) -> None:
        """An operation by signal: whatever arrives never fails the run."""
        try:
            operation = read(Operation, value)
        except InvalidInputError as error:
            refused = f"the signal cannot be read: {error}"[:300]
            self._keep(OperationRecord(operation=kind, by="?", at=workflow.now(), how="signal", refused=refused))
            self._changed()
            return
        self.carry_out(kind, operation, "signal")

    def _do(self, kind: Kind, operation: Operation) -> None:
        match kind:
            case "pause":
                self._state.paused = True
                for fan_out in self._fan_outs().values():
                    fan_out.pause()
            case "resume":
                self._state.paused = False
            case "cancel":
                self._cut(f"{operation.by}: {operation.reason}" if operation.reason else operation.by)
            case "retry" | "skip" | "undo" | "stop":
                self._asking(operation)[0].answer = Answer(kind, operation.devices, operation.scope, operation.by)
            case "set_concurrency":
                run = self._state.steps[self._fanning(operation)[0]]
                run.concurrency = operation.concurrency
                self._fan_outs()[run.id].share_slots()

    # ------------------------------------------------------------------------------------------------ what is open

    def _asking(self, operation: Operation) -> list[StepRun]:
        return [run for run in self._state.steps.values() if run.asks and operation.step in {None, run.id}]

    def _fanning(self, operation: Operation) -> list[StepId]:
        return [step for step in self._fan_outs() if operation.step in {None, step}]

    def _asking_hint(self) -> str:
        asking = [run.id for run in self._state.steps.values() if run.asks]
        return f"; step {asking[0]} waits for retry, skip, undo or stop" if asking else ""

    def _unanswerable(self, kind: Kind, operation: Operation) -> str | None:
        asking = self._asking(operation)
        if len(asking) != 1:
            found = [run.id for run in self._state.steps.values() if run.asks]
            which = f"waiting: {', '.join(found)}; name it as the step" if found else "none waits"
            return f"no single step waits for an answer; {which}"
        run = asking[0]
        strangers = [host for host in operation.devices if host not in run.letters]
        if strangers:
            return f"not devices of step {run.id}: {', '.join(strangers[:5])}"
        if run.answer is not None:
            return f"step {run.id} has been answered"
        return self._not_meant(kind, run, operation)

    def _not_meant(self, kind: Kind, run: StepRun, operation: Operation) -> str | None:
        """Why the devices that an answer names cannot be meant; ``None`` where they can, or none is named."""
        if run.appeal:
            return f"step {run.id} is asked about as a whole; name no devices" if operation.devices else None
        if kind == "undo" and operation.devices and operation.scope != "failed":
            return f"either devices or the scope `{operation.scope}` can be undone; name one of them"
        failed = run.asked_about()
        others = [host for host in operation.devices if host not in failed]
        if others:
            return f"nothing is asked about {some(others, NAMED)}, but about {some(failed, NAMED)}"
        meant = operation.devices or tuple(failed)
        final = [host for host in meant if run.letters[host] not in RETRIED or host in self._state.lease.barred]
        if kind == "retry" and final and (operation.devices or final == failed):
            return (
                f"what could not be undone or is out of service is not tried again: {some(final, NAMED)}; skip or stop"
            )
        return None

    def _pointless(self, kind: Kind, operation: Operation) -> str | None:
        """Why an undo would take nothing back: a step that is not about devices has none of its own.

        It would be accepted, and the run would end with all changes of other steps in place.
        """
        if kind != "undo" or operation.scope == "run":
            return None
        run = self._asking(operation)[0]
        if isinstance(run.step, DevicesStep | CallStep):
            return None
        return f"step {run.id} is not over devices, so only the whole run can be undone: scope `run`"

    def _no_concurrency(self, operation: Operation) -> str | None:
        if operation.concurrency is None:
            return "`concurrency` is missing"
        fanning = self._fanning(operation)
        if len(fanning) != 1:
            running = ", ".join(self._fan_outs())
            which = f"running: {running}; name it as the step" if running else "ask again while one is"
            return f"no single step is over devices now; {which}"
        assert isinstance(self._state.steps[fanning[0]].step, DevicesStep), "only such steps fan out"
        return None


def _first(devices: Sequence[HostName]) -> tuple[HostName, ...]:
    """The first of the devices that were named in vain: they may be any text."""
    return tuple(HostName(shortened(device, NAME)) for device in devices[:NAMED])
