"""The generic workflow: one run of any definition.

It asks `prepare` for the plan, has the interpreter carry it out, runs ``finally``, seals the record and closes with the
verdict. It decides nothing about devices itself; the handlers here are what people and batches talk to.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from pydantic import JsonValue, ValidationError
from temporalio import workflow
from temporalio.common import RawValue, SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError

from workflows import contracts
from workflows.arrivals import arrived, asked, payload
from workflows.contracts import (
    ClaimAnswer,
    Continuation,
    Decision,
    DecisionAnswer,
    DevicePage,
    DeviceResult,
    LeaseAnswer,
    Page,
    Prepared,
    PrepareInput,
    Progress,
    RunGraph,
    RunId,
    RunResult,
    RunStatus,
    Scope,
    SealInput,
    SealResult,
)
from workflows.errors import EvaluationError, failure
from workflows.run import called, calls, closing, ending, planning, queries, takeback, verdict
from workflows.run.alerts import alert
from workflows.run.claims import WorkClaim
from workflows.run.context import context
from workflows.run.decisions import EXAMPLE, Answer, Decisions, spaceless
from workflows.run.details import markdown
from workflows.run.door import Door
from workflows.run.evaluate import evaluate
from workflows.run.gates import Gates
from workflows.run.graph import run_graph
from workflows.run.handover import go_on, keep, take_up, watch_history
from workflows.run.interpreter import Interpreter
from workflows.run.leases import DeviceLeases
from workflows.run.operating import OperatorHandlers
from workflows.run.operators import Operators
from workflows.run.phases import phase
from workflows.run.requests import NOTHING, read_request
from workflows.run.shown import wave_shown
from workflows.run.signals import Signals
from workflows.run.state import RunState, StepRun
from workflows.run.waiting import HandOverError

KEYS: Final = {name: SearchAttributeKey.for_keyword(key) for name, key in contracts.SEARCH_ATTRIBUTES.items()}
COMPLETED: Final = frozenset({"succeeded", "partial", "rejected"})


@workflow.defn(name=contracts.RUN, failure_exception_types=[ValidationError])
class RunWorkflow(OperatorHandlers):
    """One run."""

    @workflow.init
    def __init__(self, request: RawValue = NOTHING) -> None:  # noqa: ARG002  # both take what the run takes
        info = workflow.info()
        scope = Scope(workflow_id=info.workflow_id, run=RunId(info.first_execution_run_id))
        self._state = RunState(scope=scope, started=info.start_time)
        self._door = Door(self._state, is_open=info.continued_run_id is None)
        self._gates = Gates(self._state, self._changed)
        self._decisions = Decisions(self._state, self._changed)
        self._leases = DeviceLeases(self._state, self._changed)
        self._claim = WorkClaim(self._state, self._changed)
        self._interpreter = Interpreter(self._state, self._gates, self._leases, self._changed)
        self.operators = Operators(
            self._state, lambda: self._interpreter.fan_outs, self._cut_by, self._changed, self._door
        )
        self._signals = Signals(self._state, self._changed, self._door)
        workflow.register_random_seed_callback(lambda _: self._door.signal(self._leases.was_reset))  # so it tells
        self._phase_shown = ""
        self._ending = False  # nothing is left but to close
        self._earlier: RunStatus | None = None  # as the run stood, until this execution knows more

    @workflow.run
    async def run(self, request: RawValue = NOTHING) -> RunResult:
        """Carries out one request, a JSON object as `contracts.RunRequest` describes it.

        Returns:
            The result, for the verdicts succeeded, partial and rejected.

        Raises:
            ApplicationError: Of a failure type where the request cannot be carried out (nothing was touched), or of the
                verdict's name (stopped, failed, failed_dirty) with the `RunResult` in its details.
            CancelledError: The run was cancelled, and what its definition says was undone.
        """
        state = self._state
        watchers = [asyncio.create_task(watch_history(state)), asyncio.create_task(self._leases.watch())]
        try:
            return await self._run(request)
        except HandOverError:
            await self._to_the_end(asyncio.create_task(self._hand_over()))
            raise AssertionError("unreachable: this execution has ended") from None
        except ApplicationError as error:
            self._refused(error.message)
            raise
        finally:
            for watcher in watchers:
                watcher.cancel()

    def _refused(self, why: str) -> None:
        """Where nothing was begun, those who look and those who list are told that the run has ended, and why."""
        state = self._state
        if state.result is not None:
            return
        if state.phase != "closed":
            state.phase, state.message = "closed", why
        if state.prepared is not None and workflow.patched("refused-is-closed"):
            self._changed()

    async def _run(self, request: RawValue) -> RunResult:
        state = self._state
        if workflow.info().continued_run_id is None:
            state.request = read_request(request)
            back = state.request.takes_back is not None
            first = takeback.begin(state, self._signals.listen, self._changed) if back else self._prepare()
            await self._to_the_end(asyncio.create_task(first))
        else:
            await self._to_the_end(asyncio.create_task(self._take_up(request)))
        if state.verdict is None and state.request.takes_back is not None:
            await self._to_the_end(asyncio.create_task(takeback.carry_out(state, self._leases, self._changed)))
        elif state.verdict is None:
            await self._to_the_end(asyncio.create_task(self._claim.take(self._leases.holder)))
            if state.claim.state == "joined" and state.result is None:
                await self._to_the_end(asyncio.create_task(self._claim.follow()))
            if state.result is not None:
                return await self._closed(state.result)
            insisted = self._claim.during(planning.insist(state), self._leases.finish_claim)
            await self._to_the_end(asyncio.create_task(insisted))
            await self._to_the_end(asyncio.create_task(self._interpreter.steps()))
            await self._to_the_end(asyncio.create_task(self._leases.release()))
        devices = verdict.device_results(state)
        closing.judge(state, devices)
        await self._to_the_end(asyncio.create_task(alert(state, devices)))
        await self._to_the_end(asyncio.create_task(self._interpreter.finish(devices)))
        await self._to_the_end(asyncio.create_task(self._leases.release()))
        devices = closing.judge_finally(state, devices)
        await self._to_the_end(asyncio.create_task(alert(state, devices)))
        state.result = verdict.result(state, state.plan_ready.plan, devices, self._outputs(devices))
        await self._to_the_end(asyncio.create_task(planning.propose(state)))
        await self._to_the_end(asyncio.create_task(called.keep(state)))
        await self._to_the_end(asyncio.create_task(self._seal()))
        await self._to_the_end(asyncio.create_task(self._leases.finish_claim()))
        return await self._closed(state.result)

    async def _closed(self, result: RunResult) -> RunResult:
        """Says that the run has ended, and ends it."""
        self._ending = True
        if result.verdict == "cancelled":
            await self._to_the_end(asyncio.create_task(ending.ask_for_cancel(result, self._state.cut_reason)))
        self._state.phase = "closed"
        self._changed()
        await self._to_the_end(asyncio.create_task(workflow.wait_condition(workflow.all_handlers_finished)))
        return self._close(result)

    async def _take_up(self, request: RawValue) -> None:
        """Goes on where the earlier execution has ended."""
        given = workflow.payload_converter().from_payload(request.payload, Continuation)
        self._earlier = given.status
        await take_up(self._state, given)
        self._signals.listen()
        self._earlier = None
        self._door.open()
        self._changed()

    async def _hand_over(self) -> None:
        await workflow.wait_condition(workflow.all_handlers_finished)
        pieces = await keep(self._state)
        go_on(Continuation(scope=self._state.scope, pieces=pieces, status=self.status()))

    async def _to_the_end(self, task: "asyncio.Task[None]") -> None:
        """Waits for a part of the run. A cancel cuts what is under way and never this waiting."""
        while not task.done():
            try:
                await self._leases.while_held(task)
            except asyncio.CancelledError:  # delivered once; swallowed on purpose: undo and `finally` come first
                self._cut()
        task.result()

    def _cut(self) -> None:
        if self._ending:
            return  # it is the run's own, or one that comes too late
        # Delivered once: one that comes before the state is there waits for it, or it would be overwritten.
        self._door.signal(partial(self._cut_unnamed, workflow.cancellation_reason() or ""))

    def _cut_unnamed(self, reason: str) -> None:
        if not self._state.cut:
            self.operators.note_cancel(reason)
        self._cut_by(reason)

    def _cut_by(self, reason: str) -> None:
        state = self._state
        if state.verdict is None and takeback.may_be_cut(state):
            state.cut, state.cut_reason = True, reason
            self._interpreter.cut()
            self._changed()

    async def _prepare(self) -> None:
        state = self._state
        try:
            prepared: Prepared = await workflow.execute_activity(
                contracts.PREPARE,
                PrepareInput(scope=state.scope, request=state.request),
                activity_id="prepare",
                result_type=Prepared,
                start_to_close_timeout=calls.PREPARE_TIMEOUT,
                heartbeat_timeout=calls.HEARTBEAT,
                retry_policy=calls.PREPARE_RETRY,
                summary="load, compile, resolve the inventory",
            )
        except ActivityError as error:
            cause = error.cause
            if isinstance(cause, ApplicationError):
                state.phase, state.message = "closed", f"refused: {cause.message}"
                raise ApplicationError(cause.message, *cause.details, type=cause.type, non_retryable=True) from None
            raise failure("block_unavailable", f"executor: the run could not be prepared: {cause}") from None
        state.prepared = prepared
        state.scope = state.scope.model_copy(update={"definition": prepared.plan.name})
        state.steps = {step.id: StepRun(step) for step in prepared.plan.steps}
        state.finally_ = {step.id: StepRun(step) for step in prepared.plan.finally_}
        self._signals.listen()
        state.phase = "running"
        self._changed()

    def _outputs(self, devices: tuple[DeviceResult, ...]) -> dict[str, JsonValue]:
        """What the definition yields to the one that calls it; a value that there is not is null."""
        outputs = self._state.plan_ready.plan.outputs
        if not outputs:
            return {}  # what expressions would see is large
        seen = context(self._state, devices)
        found: dict[str, JsonValue] = {}
        for name, expr in outputs:
            try:
                found[name] = evaluate(expr, seen)  # type: ignore[assignment]  # expressions yield JSON
            except EvaluationError:
                found[name] = None
        return found

    async def _seal(self) -> None:
        state = self._state
        assert state.result is not None, "sealed before there was a result"
        try:
            sealed: SealResult = await workflow.execute_activity(
                contracts.SEAL,
                SealInput(
                    scope=state.scope,
                    prepared=state.plan_ready.ref,
                    result=state.result,
                    mode=state.request.mode,
                    started=state.started,
                    ended=workflow.now(),
                    decisions=tuple(state.decisions),
                    operations=tuple(state.operations),
                    waves={run.id: tuple(wave_shown(run, wave) for wave in run.waves) for run in state.all_steps()},
                    folds={run.id: tuple(run.folds) for run in state.all_steps() if run.folds},
                    undo_folds={run.id: tuple(run.undo_folds) for run in state.all_steps() if run.undo_folds},
                ),
                activity_id="seal",
                result_type=SealResult,
                **calls.STORE,
                summary="write the record and the report",
            )
        except ActivityError as error:
            # The devices are as the verdict says; only the paper is missing, and that is said.
            note = f"the record could not be written: {error.cause}"
            state.result = state.result.model_copy(update={"message": f"{state.result.message}; {note}".lstrip("; ")})
            return
        state.result = state.result.model_copy(update={"record": sealed.record, "report": sealed.report})

    def _close(self, result: RunResult) -> RunResult:
        if result.verdict in COMPLETED:
            return result
        if result.verdict == "cancelled":
            raise CancelledError(result.message or "cancelled")
        message = result.message or f"the run is {result.verdict}"
        raise ApplicationError(message, result, type=result.verdict, non_retryable=True)

    # --------------------------------------------------------------------------------------------------- handlers

    @workflow.signal(name=contracts.SIGNAL_APPROVE, description='Approve a gate: {"by": …, "comment": …, "step": …}')
    def approve_signal(self, *said: object) -> None:
        """An approval that waits for nobody's answer. Whatever people send is recorded, and never fails the run."""
        self._door.signal(lambda: self._decisions.signalled(payload(said), "approve"))

    @workflow.signal(name=contracts.SIGNAL_REJECT, description='Reject a gate: {"by": …, "comment": …, "step": …}')
    def reject_signal(self, *said: object) -> None:
        """A rejection that waits for nobody's answer; as above."""
        self._door.signal(lambda: self._decisions.signalled(payload(said), "reject"))

    @workflow.update(name=contracts.SIGNAL_APPROVE, description='Approve a gate: {"by": …, "comment": …, "step": …}')
    async def approve(self, *said: object) -> DecisionAnswer:
        """Approves, and answers how the gate stands."""
        return await self._door.update(DecisionAnswer, lambda: self._decided(said, "approve"))

    @approve.validator
    def validate_approve(self, *said: object) -> None:
        """Refuses what would not count."""
        self._refuse(said)

    @workflow.update(name=contracts.SIGNAL_REJECT, description='Reject a gate: {"by": …, "comment": …, "step": …}')
    async def reject(self, *said: object) -> DecisionAnswer:
        """Rejects, and answers how the gate stands."""
        return await self._door.update(DecisionAnswer, lambda: self._decided(said, "reject"))

    @reject.validator
    def validate_reject(self, *said: object) -> None:
        """Refuses what would not count."""
        self._refuse(said)

    def _decided(self, said: Sequence[object], answer: Answer) -> DecisionAnswer:
        decision = asked(Decision, said, EXAMPLE)
        taken = self._decisions.decide(decision, answer, "update")
        if taken is None:
            refusal = self._decisions.refusal(spaceless(decision))
            raise ApplicationError(refusal or "it did not count", type="invalid_input")
        return taken

    def _refuse(self, said: Sequence[object]) -> None:
        decision = asked(Decision, said, EXAMPLE)
        refusal = None if self._door.passes() else self._decisions.refusal(spaceless(decision))
        if refusal is not None:
            raise ApplicationError(refusal, type="invalid_input")

    @workflow.signal(name=contracts.SIGNAL_LEASED, description="From the guard: the devices are free now.")
    def leased(self, *said: object) -> None:
        """It is this run's turn."""
        answer = arrived(LeaseAnswer, said) if said else None
        if answer is not None or not said:
            self._door.signal(partial(self._leases.granted, answer))

    @workflow.signal(name=contracts.SIGNAL_CLAIMED, description="From the guard: of the run that does the same work.")
    def claimed(self, *said: object) -> None:
        """It is this run's turn, or the run that it joined is ending."""
        answer = arrived(ClaimAnswer, said)
        if answer is not None:
            self._door.signal(partial(self._claim.told, answer))

    @workflow.signal(name=contracts.SIGNAL_PROGRESS, description="From a batch to its run.")
    def batch_progress(self, *said: object) -> None:
        """A batch reports."""
        progress = arrived(Progress, said)
        if progress is not None:
            self._interpreter.progress(progress)

    @workflow.query(
        name=contracts.QUERY_STATUS, description="The run as it stands: phase, steps, waves, gates, failures."
    )
    def status(self) -> RunStatus:
        """The run as it stands."""
        return self._earlier or queries.run_status(self._state, self._gates.open_gates())

    @workflow.query(
        name=contracts.QUERY_DEVICES, description="The devices, a page at a time: {offset, limit, status, step}."
    )
    def devices(self, page: Page | None = None) -> DevicePage:
        """The devices as they stand."""
        return queries.device_page(self._state, page or Page())

    @workflow.query(name=contracts.QUERY_GRAPH, description="The plan's graph with its states, also as Mermaid text.")
    def graph(self) -> RunGraph:
        """The plan's graph, as it stands."""
        return run_graph(self._state)

    # ------------------------------------------------------------------------------------------------- for people

    def _changed(self) -> None:
        """Something moved: the details of the Web UI follow, and the search attributes where the phase did."""
        state = self._state
        if state.phase in {"running", "waiting", "paused"}:
            state.phase = phase(state)
        workflow.set_current_details(markdown(queries.run_status(state, self._gates.open_gates(), most=0)))
        if state.prepared is None or not state.prepared.search_attributes or state.phase == self._phase_shown:
            return
        self._phase_shown = state.phase
        ticket = state.prepared.inputs.get("ticket")
        values = {
            "definition": state.prepared.plan.name,
            "version": state.prepared.plan.version,
            "phase": state.verdict if state.phase == "closed" and state.verdict else state.phase,
            **({"ticket": str(ticket)} if ticket is not None else {}),
        }
        workflow.upsert_search_attributes([KEYS[name].value_set(value) for name, value in values.items()])
