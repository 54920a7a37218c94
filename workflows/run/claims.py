"""The run's side of `dedup`: one run at a time does the work of a key; a second one joins, waits, or is refused.

A run that joins does nothing itself: it waits until the guard says that the other one is ending, and then for its end,
which becomes its own. Only a run that is alive is ever joined.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.workflow import ActivityCancellationType

from workflows import contracts
from workflows.contracts import (
    ClaimAnswer,
    ClaimInput,
    ClaimRequest,
    FollowInput,
    FollowResult,
    Holder,
    RunResult,
)
from workflows.errors import EvaluationError, failure
from workflows.run import calls
from workflows.run.context import context
from workflows.run.evaluate import text
from workflows.run.state import RunState
from workflows.run.waiting import until

LONGEST: Final = 500  # characters of a key
# A run that is ending has its report to write and its people to tell; its end is worth a day.
FOLLOW_TIMEOUT: Final = timedelta(days=1)
FOLLOW_RETRY: Final = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))


class WorkClaim:
    """The claim of one run."""

    def __init__(self, state: RunState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed

    def told(self, answer: ClaimAnswer) -> None:
        """The guard's signal: it is this run's turn, or the run that it joined is ending."""
        if answer.to == self._state.scope.run:
            self._state.claim.told = answer

    async def take(self, holder: Holder) -> None:
        """Claims the work where the definition says `dedup`; returns when this run may do it, has joined, or is cut.

        Raises:
            ApplicationError: ``invalid_input``: another run does it, and the definition refuses a second one, or the
                two would wait for each other for ever.
            HandOverError: The run continues as new; called again, it goes on.
        """
        state, claim = self._state, self._state.claim
        dedup = state.plan_ready.plan.dedup
        if dedup is None or state.request.mode == "plan" or claim.state in {"held", "joined"}:
            return
        if claim.state == "none":
            claim.key = self._key()
            claim.state = "asked"
            self._sort(await self._ask(holder), dedup.on_duplicate)
        if claim.state in {"waiting", "joining"}:
            await until(state, lambda: self._is_told or state.cut)
            if state.cut:
                return
            self._said("")
            claim.state = "held" if claim.state == "waiting" else "joined"

    async def during(self, part: Awaitable[None], finish: Callable[[], Awaitable[None]]) -> None:
        """Waits for a part of the run that may refuse it, and gives the work back where it does.

        The guard would find out by itself that the run is closed; whoever waits for its turn would wait until then.

        Args:
            part: The part.
            finish: Tells the guard that the work is done with.
        """
        try:
            await part
        except ApplicationError:
            if self._state.claim.state == "held" and workflow.patched("refused-gives-its-work-back"):
                await finish()
            raise

    async def follow(self) -> None:
        """Takes the end of the run that this one has joined as its own, unless it is cut before.

        Raises:
            ApplicationError: The joined run left no result: it was refused itself, or terminated.
        """
        state, behind = self._state, self._state.claim.behind
        assert behind is not None, "joined without a run"
        handle = workflow.start_activity(
            contracts.FOLLOW,
            FollowInput(holder=behind),
            activity_id="follow",
            result_type=FollowResult,
            start_to_close_timeout=FOLLOW_TIMEOUT,
            heartbeat_timeout=calls.HEARTBEAT,
            retry_policy=FOLLOW_RETRY,
            cancellation_type=ActivityCancellationType.TRY_CANCEL,
            summary=f"wait for the end of {behind.workflow_id}",
        )
        self._said(f"joined run {behind.workflow_id}, which is ending")
        await workflow.wait_condition(lambda: handle.done() or state.cut)
        if not handle.done():
            handle.cancel()
            return
        try:
            followed = await handle
        except ActivityError as error:
            raise failure("block_unavailable", f"executor: run {behind.workflow_id}: {error.cause}") from None
        state.result = self._as_own(followed, behind)
        state.verdict, state.message = state.result.verdict, state.result.message
        for run in state.all_steps():
            run.state, run.message = "skipped", f"done by run {behind.workflow_id}"

    def _as_own(self, followed: FollowResult, behind: Holder) -> RunResult:
        state, result = self._state, followed.result
        joined = f"joined run {behind.workflow_id}"
        if result is None:
            kind = followed.type or "cancelled"
            raise ApplicationError(f"{joined}, which left no result: {followed.message}", type=kind, non_retryable=True)
        return result.model_copy(
            update={
                "id": state.scope.workflow_id,
                "run": state.scope.run,
                "requester": state.request.by,
                "reason": state.request.reason,
                "joined": behind.workflow_id,
                "pieces": (),  # what it has changed is not this run's to have taken back
                "message": f"{joined}; {result.message}".rstrip("; "),
            }
        )

    # --------------------------------------------------------------------------------------------------- the claim

    async def _ask(self, holder: Holder) -> ClaimAnswer:
        state = self._state
        dedup = state.plan_ready.plan.dedup
        assert dedup is not None, "asked without `dedup`"
        request = ClaimRequest(
            holder=holder,
            definition=state.plan_ready.plan.name,
            key=state.claim.key,
            on_duplicate=dedup.on_duplicate,
        )
        try:
            answer: ClaimAnswer = await workflow.execute_activity(
                contracts.CLAIM,
                ClaimInput(request=request),
                activity_id="claim",
                result_type=ClaimAnswer,
                **calls.STORE,
                summary=f"is somebody at {request.key} already?"[:200],
            )
        except ActivityError as error:
            if isinstance(error.cause, ApplicationError) and error.cause.type == "invalid_input":
                said = f"{error.cause.message} No device was touched."
                raise failure("invalid_input", said) from None
            said = f"executor: the guard could not be asked about `dedup`: {error.cause}. No device was touched."
            raise failure("block_unavailable", said) from None
        return answer

    def _sort(self, answer: ClaimAnswer, on_duplicate: str) -> None:
        claim, name = self._state.claim, self._state.plan_ready.plan.name
        if answer.granted:
            claim.state = "held"
            return
        assert answer.holder is not None, "a duplicate of nobody"
        claim.behind = answer.holder
        live = answer.holder.workflow_id
        match on_duplicate:
            case "queue":
                claim.state = "waiting"
                # Others may be in between, and that one may end before them: nothing is said that would not stay true.
                self._said(f"waits for its turn: run {live} was at the same work ({claim.key}) when this one came")
            case "join":
                claim.state = "joining"
                self._said(f"joined run {live}, which does the same work ({claim.key})")
            case _:
                raise failure(
                    "invalid_input",
                    f"run {live} is doing the same work: {name} for the key {claim.key!r}, and the definition refuses "
                    f"a second one meanwhile. Follow it with `netsaga watch {live}`. No device was touched.",
                )

    @property
    def _is_told(self) -> bool:
        claim = self._state.claim
        if claim.told is None:
            return False
        return claim.told.granted if claim.state == "waiting" else claim.told.holder == claim.behind

    def _said(self, message: str) -> None:
        state = self._state
        state.message = message
        state.phase = "waiting" if message else "running"
        self._changed()

    def _key(self) -> str:
        dedup = self._state.plan_ready.plan.dedup
        assert dedup is not None, "a key without `dedup`"
        try:
            key = text(dedup.key, context(self._state))
        except EvaluationError as error:
            raise failure("invalid_input", f"`dedup.key` has no value: {error}. No device was touched.") from None
        if len(key) > LONGEST:
            raise failure(
                "invalid_input", f"`dedup.key` may have {LONGEST} characters, and this one has {len(key)}: {key[:60]}…"
            )
        return key
