"""How activities are called: every timeout and retry policy of the interpreter stands here.

What concerns devices comes from the plan; the rest are bounds of our own, with their reasons.
"""

from datetime import timedelta
from typing import Final, TypedDict

from temporalio.common import RetryPolicy

from workflows.plan import DevicesStep, ReachableAction, RebootAction, Retry, limits
from workflows.plan.limits import Timed


class Bounds(TypedDict):
    """What bounds the call of an activity; it stands as ``**BOUNDS`` where the activity is called."""

    start_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy


HEARTBEAT: Final = timedelta(seconds=5)  # a killed worker is noticed after this; every activity of a run heartbeats
LOST_WORKERS: Final = 3  # attempts on top of the plan's, for workers that died: the device is not to blame for those

PREPARE_TIMEOUT: Final = timedelta(minutes=5)
PREPARE_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=10),
    maximum_attempts=5,
)
# The store holds what a run cannot do without: worth minutes of patience, not worth hanging for ever.
STORE_TIMEOUT: Final = timedelta(minutes=2)
STORE_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=30),
    maximum_attempts=12,
)
STORE: Final = Bounds(start_to_close_timeout=STORE_TIMEOUT, heartbeat_timeout=HEARTBEAT, retry_policy=STORE_RETRY)
# A reminder is a courtesy, and a question is asked again anyway: neither is worth holding a gate up for long.
NOTICE_TIMEOUT: Final = timedelta(seconds=60)
NOTICE_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_attempts=1 + LOST_WORKERS
)
# Logins that one call makes, and how long one may wait for a free session at its site; each has its own limit inside.
LOGINS_AT_ONCE: Final = 20
SITE_PATIENCE_S: Final = 60.0
REACHABLE_TIMEOUT: Final = timedelta(minutes=15)
REACHABLE_RETRY: Final = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=2 + LOST_WORKERS)
ASK_MARGIN_S: Final = 15.0  # beyond the limit of one question, which is kept inside the activity
ASK_RETRY: Final = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=1 + LOST_WORKERS)
# Only how the server lists the run depends on it: all else is done by then.
CANCEL_TIMEOUT: Final = timedelta(seconds=10)
CANCEL_RETRY: Final = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
# Between two executions a run has nowhere to fail to: it waits until the store is back.
STATE_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
)
# An undo is tried for longer than a change: a device in between is what this tool exists to avoid.
UNDO_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=30),
    maximum_attempts=6 + LOST_WORKERS,
)

SLOT_WAIT_S: Final = 3600.0  # a device may wait that long for a session at its site; heartbeats go on meanwhile
PLATFORM_LIMIT_S: Final = limits.PLATFORM_LIMIT_S  # commit, rollback and save take their platform's limit


def retry_policy(retry: Retry) -> RetryPolicy:
    """A step's retry for Temporal. Which class is retried is said by the activity, failure by failure."""
    return RetryPolicy(
        initial_interval=timedelta(seconds=retry.delay_s),
        backoff_coefficient=retry.factor,
        maximum_interval=timedelta(seconds=max(retry.max_delay_s, retry.delay_s)),
        maximum_attempts=retry.attempts + LOST_WORKERS,
    )


def delay(policy: RetryPolicy, retries: int) -> timedelta:
    """How long is waited after so many retries, as the server does: for what is no activity by itself."""
    whole = policy.initial_interval * policy.backoff_coefficient**retries
    return whole if policy.maximum_interval is None else min(whole, policy.maximum_interval)


def attempt_seconds(step: DevicesStep) -> float:
    """How long one attempt at a device may take: the sum of its actions, and the log-in."""
    return limits.attempt_seconds(_timed(step), step.timeout_s)


def turn_seconds(step: DevicesStep) -> float:
    """How long all attempts at a device may take; the platforms' own limits count once."""
    return limits.turn_seconds(_timed(step), step.timeout_s, step.retry.attempts)


def _timed(step: DevicesStep) -> tuple[Timed, ...]:
    """What is done on a device, `maintenance` with it."""
    around = (*step.maintenance.enter, *step.maintenance.leave) if step.maintenance is not None else ()
    return tuple(
        Timed(action.kind, action.within_s if isinstance(action, RebootAction | ReachableAction) else 0.0)
        for action in (*step.do, *around)
    )
