"""What of a step has an effect on a device, under which names, and what the journal keeps before it.

`actions.py` makes the effects; the undo, the confirm and the batch's bookkeeping look them up here.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

from activities.deviceinteraction.model import Hold, Names
from activities.journal import ActionJournal
from activities.placing import Place
from workflows.contracts import ArtifactRef, InteractInput
from workflows.plan import (
    Action,
    ApplyAction,
    ConfigureAction,
    CopyAction,
    DevicesStep,
    InteractAction,
    Model,
    RebootAction,
    RpcAction,
    RunAction,
    SaveAction,
)

VALUES: Final = "values"  # the journal entry before an effect
DONE: Final = "done"  # the one after a save


class Before(Model):
    """The journal entry ``values``: all that an attempt had gathered when it came to an effect."""

    refs: Mapping[str, ArtifactRef] = {}
    warnings: tuple[str, ...] = ()
    warning_count: int = 0
    changed: bool = False
    change: ArtifactRef | None = None  # what is to be applied, where the effect is a change of the configuration


def action_name(index: Place, action: Action) -> str:
    """The name of an action in the journal; unique in its step."""
    return f"{index}-{action.kind}"


def names_for(call: InteractInput, index: Place) -> Names:
    """The names that an effect has on the device: the same for every attempt of one generation (device-safety 1)."""
    identity = json.dumps([call.scope.run, call.step, call.host, call.generation, index])
    token = hashlib.sha256(identity.encode()).hexdigest()[:12]
    return Names(token=token, comment=f"netsaga {call.scope.workflow_id} {call.step}")


async def before_of(journal: ActionJournal) -> Before | None:
    """What an attempt had gathered when it came to an effect; ``None`` where none came so far."""
    entry = await journal.read(VALUES)
    return None if entry is None else Before.model_validate_json(json.dumps(entry))


def effects(step: DevicesStep) -> list[tuple[int, ApplyAction | ConfigureAction]]:
    """The actions of a step that change the device, in order, with their places."""
    return [
        (index, action) for index, action in enumerate(step.do) if isinstance(action, ApplyAction | ConfigureAction)
    ]


def journaled(step: DevicesStep) -> list[tuple[int, Action]]:
    """The actions that are not repeated, nor the reads before them: all that has an effect, in order."""
    kinds = ApplyAction | ConfigureAction | SaveAction | InteractAction | RebootAction | CopyAction
    return [
        (index, action)
        for index, action in enumerate(step.do)
        if isinstance(action, kinds) or (isinstance(action, RpcAction | RunAction) and action.changes)
    ]


def hold_of(action: ApplyAction | ConfigureAction) -> Hold | None:
    """That the device shall take the change back unless it is confirmed, as the definition says it."""
    if action.confirm is None:
        return None
    without_timer: Literal["refuse", "plain"] = "plain" if action.confirm.hold == "best_effort" else "refuse"
    return Hold(timedelta(seconds=action.confirm.within_s), without_timer)
