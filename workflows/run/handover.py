"""Continue-as-new: the run's state goes to the artifact store, and the next execution takes it up from there.

What arrives while the state is being kept changes it, and then it is kept once more: nothing that a person has said is
lost between two executions. An execution ends only when all that is under way has; where something in it lasts, it goes
on instead, or all other branches would stand still for as long.
"""

from collections.abc import Sequence
from typing import Any, Final, NoReturn

from temporalio import workflow
from temporalio.common import RetryPolicy

from workflows import contracts
from workflows.contracts import ArtifactRef, Continuation, LoadStateInput, SaveStateInput, Scope, StatePiece, StateRef
from workflows.plan import CallStep, DevicesStep, HttpStep, ScriptStep
from workflows.run import calls
from workflows.run.holding import hold_of
from workflows.run.snapshot import dumped, pieces, restore
from workflows.run.state import DONE, RunState

LONGEST: Final = 20_000  # events, whatever is under way; the server ends a run at 51,200 ...
LARGEST: Final = 20_000_000  # ... or at 50 MB


async def watch_history(state: RunState) -> None:
    """Says when the history has become long enough; it takes no part in it."""
    await workflow.wait_condition(lambda: _is_long(state))
    if _lasts(state) and workflow.patched("what-lasts-keeps-nobody-waiting"):
        await workflow.wait_condition(lambda: not _lasts(state) or _is_too_long())
    state.handing_over = True


def _is_long(state: RunState) -> bool:
    info = workflow.info()
    limit = state.prepared.history_events if state.prepared else contracts.HISTORY_EVENTS
    return info.get_current_history_length() >= limit or info.is_continue_as_new_suggested()


def _is_too_long() -> bool:
    info = workflow.info()
    return info.get_current_history_length() >= LONGEST or info.get_current_history_size() >= LARGEST


def _lasts(state: RunState) -> bool:
    """Whether the others would wait for long if nothing new began: for a call, or while the timers of devices run."""
    live = [run for run in state.steps.values() if run.state not in {*DONE, "pending"}]
    if any(isinstance(run.step, CallStep | ScriptStep | HttpStep) and not run.asks for run in live):
        return True
    return len(live) > 1 and any(isinstance(run.step, DevicesStep) and hold_of(run.step) is not None for run in live)


async def keep(state: RunState, retry: RetryPolicy = calls.STATE_RETRY) -> tuple[ArtifactRef, ...]:
    """Keeps the state as it is when this returns: its pieces, in order.

    Raises:
        ActivityError: The store is away for longer than ``retry`` allows; by default it is waited for.
    """
    kept = ""
    refs: list[ArtifactRef] = []
    while (text := dumped(state)) != kept:
        refs = [await _save(state, piece, retry) for piece in pieces(text)]
        kept = text
    return tuple(refs)


async def take_up(state: RunState, continuation: Continuation) -> None:
    """Makes the state what the earlier execution has kept."""
    restore(state, await kept_text(continuation.scope, continuation.pieces))
    state.executions += 1


async def kept_text(scope: Scope, refs: Sequence[ArtifactRef], retry: RetryPolicy = calls.STATE_RETRY) -> str:
    """What `keep` has kept, as text.

    Raises:
        ActivityError: As `keep`.
    """
    text = ""
    for ref in refs:
        piece: StatePiece = await _call(contracts.LOAD_STATE, LoadStateInput(scope=scope, ref=ref), StatePiece, retry)
        text += piece.text
    return text


def go_on(continuation: Continuation) -> NoReturn:
    """Ends this execution."""
    workflow.continue_as_new(continuation)


async def _save(state: RunState, piece: str, retry: RetryPolicy) -> ArtifactRef:
    call = SaveStateInput(scope=state.scope, text=piece)
    saved: StateRef = await _call(contracts.SAVE_STATE, call, StateRef, retry)
    return saved.ref


async def _call(name: str, call: Any, result: type[Any], retry: RetryPolicy) -> Any:  # noqa: ANN401  # one of the two
    return await workflow.execute_activity(
        name,
        call,
        result_type=result,
        start_to_close_timeout=calls.STORE_TIMEOUT,
        heartbeat_timeout=calls.HEARTBEAT,
        retry_policy=retry,
        summary="keep where the run stands" if name == contracts.SAVE_STATE else "take up where the run stood",
    )
