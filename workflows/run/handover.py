"""Continue-as-new: the run's state goes to the artifact store, and the next execution takes it up from there.

What arrives while the state is being kept changes it, and then it is kept once more: nothing that a person has said is
lost between two executions.
"""

from collections.abc import Sequence
from typing import Any, NoReturn

from temporalio import workflow
from temporalio.common import RetryPolicy

from workflows import contracts
from workflows.contracts import ArtifactRef, Continuation, LoadStateInput, SaveStateInput, Scope, StatePiece, StateRef
from workflows.run import calls
from workflows.run.snapshot import dumped, pieces, restore
from workflows.run.state import RunState


async def watch_history(state: RunState) -> None:
    """Says when the history has become long enough; it takes no part in it."""
    await workflow.wait_condition(lambda: _is_long(state))
    state.handing_over = True


def _is_long(state: RunState) -> bool:
    info = workflow.info()
    limit = state.prepared.history_events if state.prepared else contracts.HISTORY_EVENTS
    return info.get_current_history_length() >= limit or info.is_continue_as_new_suggested()


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
        retry_policy=retry,
        summary="keep where the run stands" if name == contracts.SAVE_STATE else "take up where the run stood",
    )
