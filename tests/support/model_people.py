"""The people of a scenario: they act when so much has happened, and answer what runs ask, those that are called too."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError

from model_scenario import EventSpec, Scenario, Sending
from model_story import Sent
from model_text import SIGNAL
from model_world import STALE
from workflows import contracts
from workflows.contracts import Decision, DevicePage, Gate, Operation, OperationAnswer, Page, RunResult, RunStatus
from workflows.plan import StepId

LOOK_S: Final = 0.2
SELDOM_S: Final = 1.0  # where each look replays a whole history
PATIENCE_S: Final = 10.0  # for one answer
FAILED: Final = ("failed", "unreachable", "unknown", "undo_failed")  # of devices that an answer may be about
NO_ANSWER: Final = (RPCError, TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError)
BAD: Final[tuple[dict[str, Any], ...]] = ({"n": "7"}, {"n": 0}, {}, {"n": 1, "of": 2})  # as no step takes them
Run = WorkflowHandle[Any, RunResult]


class People:
    """Who looks at the runs of one scenario.

    Args:
        client: Of the server.
        scenario: What they do and say.
        workers: What is done about workers that die or return, for deeds that are about those.
    """

    def __init__(self, client: Client, scenario: Scenario, workers: Callable[[str], Awaitable[None]]) -> None:
        self._client, self._scenario, self._workers = client, scenario, workers
        self._events = deque(sorted(scenario.events, key=lambda event: event.after))
        self._answers = deque(scenario.answers)
        self._happened = 0
        self._paused: Counter[str] = Counter()  # how often a run was found so
        self.watched: list[Run] = []
        self.subject: Run | None = None  # the run that they act upon
        self.cancels = False  # whether a cancel was asked for
        self.answered: set[str] = set()  # runs that were answered
        self.said: list[str] = []
        self.sent: list[Sent] = []
        self.seen: list[tuple[str, Gate]] = []
        self._stale: set[tuple[str, str]] = set()  # runs and gates that a decision about another proposal was sent to

    # ------------------------------------------------------------------------------------------------------- acts

    async def notice(self) -> bool:
        """Something happened on a device: whatever is due is done, before anything else can happen there.

        Returns:
            Whether a cancel is on its way.
        """
        if self.subject is not None:
            self._happened += 1
            while self._events and self._events[0].after <= self._happened:
                await self._do(self.subject, self._events.popleft())
        return self.cancels

    async def _do(self, run: Run, event: EventSpec) -> None:
        match event.deed:
            case "cancel":
                self.cancels = True
                self.said.append("cancel, by Temporal")
                with suppress(RPCError):
                    await run.cancel()
            case "cancel_by_operator":
                self.cancels = True  # also where the answer is lost with its worker
                await self._ask(run, "cancel", Operation(by="oscar", reason="stop it"))
            case "pause":
                await self._ask(run, "pause", Operation(by="oscar"))
            case "concurrency":
                await self._ask(run, "set_concurrency", Operation(by="oscar", concurrency=1 + self._happened % 4))
            case "signal" | "signal_by_update" | "bad_signal" | "bad_signal_by_update":
                await self._send(run, event.deed)
            case "restart" | "pool_dies" | "pool_returns":
                self.said.append(event.deed)
                await self._workers(event.deed)

    async def _send(self, run: Run, how: Sending) -> None:
        """A signal; each that says what was asked for says another number."""
        self.sent.append(Sent(None if how.startswith("bad") else len(self.sent) + 1))
        place, n = len(self.sent) - 1, self.sent[-1].n
        payload = BAD[place % len(BAD)] if n is None else {"n": n, "by": "sam"}
        self.said.append(f"{how}: {payload}")
        try:
            async with asyncio.timeout(PATIENCE_S):
                if not how.endswith("update"):
                    await run.signal(SIGNAL, payload)
                    return
                answer: OperationAnswer = await run.execute_update(SIGNAL, payload, result_type=OperationAnswer)
        except WorkflowUpdateFailedError:
            self.sent[place] = Sent(n, taken=False)
        except NO_ANSWER:
            _unless_over()
            return
        else:
            self.sent[place] = Sent(n, taken=answer.accepted)

    async def _ask(self, run: Run, kind: str, operation: Operation) -> bool:
        """An operation; whether it was taken."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer: OperationAnswer = await run.execute_update(kind, operation, result_type=OperationAnswer)
        except WorkflowUpdateFailedError as error:
            self.said.append(f"{kind}, refused: {error.cause}")
            return False
        except NO_ANSWER:
            _unless_over()
            return False
        self.said.append(f"{kind} {operation.scope if kind == 'undo' else ''}: {answer.accepted}")
        return answer.accepted

    # ---------------------------------------------------------------------------------------------------- answers

    async def look(self) -> None:
        """Answers whatever runs ask, until it is cancelled."""
        while True:
            await asyncio.sleep(SELDOM_S if self._scenario.cold else LOOK_S)
            for run in list(self.watched):
                await self._look_at(run)

    async def _look_at(self, run: Run) -> None:
        with suppress(RPCError, TimeoutError):
            async with asyncio.timeout(PATIENCE_S / 2):
                status: RunStatus = await run.query(contracts.QUERY_STATUS, result_type=RunStatus)
            if status.phase == "closed":
                return
            if status.gates:
                await self._decide(run, status)
            if status.phase == "paused":
                self._paused[run.id] += 1
                await self._go_on(run, status, resume=self._paused[run.id] % 3 == 0)
            for step in status.steps:
                if step.kind == "wait" and "for the signal" in step.message and self._scenario.gate != "silence":
                    await self._send(run, "signal" if len(self.sent) % 2 else "signal_by_update")
                if step.kind == "call" and step.state == "running":
                    await self._look_at(self._client.get_workflow_handle(f"{run.id}/{step.id}", result_type=RunResult))

    async def _decide(self, run: Run, status: RunStatus) -> None:
        if self._scenario.gate == "silence":
            return
        gate = status.gates[0]
        self.seen.append((run.id, gate))
        if self._scenario.gate == "stale" and (run.id, gate.step) not in self._stale:
            self._stale.add((run.id, gate.step))
            await run.signal("approve", Decision(by="bob", step=gate.step, digest=STALE))
        answer = "reject" if self._scenario.gate == "reject" else "approve"
        decision = Decision(by="alice", step=gate.step, digest=gate.digest)
        with suppress(WorkflowUpdateFailedError):
            await run.execute_update(answer, decision, result_type=contracts.DecisionAnswer)

    async def _go_on(self, run: Run, status: RunStatus, *, resume: bool) -> None:
        asking = [step.id for step in status.steps if step.state == "waiting" and "retry, skip" in step.message]
        for step in asking:
            words = (self._answers.popleft() if self._answers else "stop").split()
            one = await self._failed_first(run, step) if words[1:] == ["one"] else ()
            scope = {"scope": words[1]} if len(words) > 1 and words[1] != "one" else {}
            given = {"by": "oscar", "step": step, "devices": one, **scope}
            if await self._ask(run, words[0], Operation.model_validate(given)):
                self.answered.add(run.id)
        if resume:
            urgent = "it is urgent" if self._paused[run.id] % 2 == 0 else ""  # of use while a window is closed
            await self._ask(run, "resume", Operation(by="oscar", reason=urgent))

    async def _failed_first(self, run: Run, step: str) -> tuple[str, ...]:
        """One of the devices that an answer may be about; none where the step is asked about as a whole."""
        page = Page(step=StepId(step), status=FAILED)
        async with asyncio.timeout(PATIENCE_S / 2):
            found: DevicePage = await run.query(contracts.QUERY_DEVICES, page, result_type=DevicePage)
        return tuple(line.host for line in found.devices[:1])


def _unless_over() -> None:
    """The client takes the end of those who ask for a missing answer; it is passed on."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
