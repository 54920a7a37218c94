"""How long a step may take on one device, by what it says of itself. Pure arithmetic, of plans and of drafts of them.

The interpreter gives its activities these limits, and keeps a wave out of a change window that it may outlast; the
compiler says so before, of a wave that no window ever holds. Each action may take the step's timeout. Commits, saves
and reboots have their platform's own limit besides (device-safety 14), and count once however often a device is tried:
no effect is made twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

CONNECT_S: Final = 30.0
PLATFORM_LIMIT_S: Final = 900.0
LIMITED: Final = frozenset({"apply", "configure", "save", "reboot"})  # kinds of actions


@dataclass(frozen=True, slots=True)
class Timed:
    """An action as far as its time goes: its kind, and how long it waits for a device that is away, in seconds."""

    kind: str
    within_s: float = 0.0


def attempt_seconds(actions: Iterable[Timed], timeout_s: float) -> float:
    """How long one attempt at a device may take: the log-in, and its actions one after the other."""
    return CONNECT_S + sum(_action_seconds(action, timeout_s) for action in actions)


def commit_seconds(actions: Iterable[Timed]) -> float:
    """How much of that is the platforms' own limit, for commits, saves and reboots."""
    return sum(PLATFORM_LIMIT_S for action in actions if action.kind in LIMITED)


def turn_seconds(actions: Iterable[Timed], timeout_s: float, attempts: int) -> float:
    """How long all attempts at a device may take; the limit of a commit counts once."""
    each = tuple(actions)
    commits = commit_seconds(each)
    return attempts * (attempt_seconds(each, timeout_s) - commits) + commits


def confirm_seconds(timeout_s: float, after_change: int) -> float:
    """How long one device may take to be confirmed: a log-in, the actions that follow its last change, the confirm."""
    return CONNECT_S + timeout_s * (after_change + 1)


def _action_seconds(action: Timed, timeout_s: float) -> float:
    own = PLATFORM_LIMIT_S if action.kind in LIMITED else 0.0
    match action.kind:
        case "reboot":
            return action.within_s + own
        case "reachable":
            return action.within_s + timeout_s
        case _:
            return timeout_s + own
