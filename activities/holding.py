"""The change of a step that its device takes back by itself unless it is confirmed: is it left, and who confirms.

A step has one such change at most, its last one (`prepare` sees to that). What follows it in ``do`` runs in a session
of its own, since only a fresh login proves that the device can still be managed; and whoever confirms has logged in so.
"""

from dataclasses import dataclass
from typing import Literal

from activities.actions import Actions
from activities.artifacts.store import ArtifactStore
from activities.deviceinteraction.change.hold import due
from activities.deviceinteraction.failures import Reverted
from activities.deviceinteraction.model import Applied
from activities.deviceinteraction.session import Session
from activities.effects import action_name, before_of, effects, names_for
from activities.journal import ActionJournal, journal_of
from activities.outcomes import Gathered
from workflows.contracts import InteractInput
from workflows.plan import ApplyAction, ConfigureAction, DevicesStep


@dataclass(frozen=True, slots=True)
class Holding:
    """The change of one call that waits for its confirmation.

    Args:
        call: Which step of which run on which device.
        place: Where the change stands in ``do``.
        action: The change.
        by: Who confirms: this very call once its checks have passed, or the ``wave``.
        journal: Of the change.
    """

    call: InteractInput
    place: int
    action: ApplyAction | ConfigureAction
    by: Literal["device", "wave"]
    journal: ActionJournal

    async def begin(self, gathered: Gathered) -> None:
        """Note what earlier attempts left waiting, so that every end of this one says until when."""
        gathered.confirm_by = await due(self.journal)

    async def recall(self, session: Session, actions: Actions, gathered: Gathered) -> Applied:
        """See in a new session that the change is still there, and note it as this call's.

        Raises:
            Reverted: The device has taken it back.
            DeviceFailure: As the device library classifies it.
        """
        try:
            applied = await session.recall(names_for(self.call, self.place), self.journal)
        except Reverted:
            await self._gone(gathered)
            raise
        await actions.recall(self.place, self.action, applied)
        return applied

    async def confirm(self, session: Session, actions: Actions, gathered: Gathered, applied: Applied) -> None:
        """Let the change stay, and save it where asked.

        Args:
            session: One that was opened after the change.
            actions: Of the call.
            gathered: Told that nothing is pending any more.
            applied: What `recall` found.

        Raises:
            Reverted: The device was faster.
            DeviceFailure: As the device library classifies it; the timer may still run.
        """
        try:
            confirmed = await session.confirm(names_for(self.call, self.place), self.journal)
        except Reverted:
            await self._gone(gathered)
            raise
        kept = {"saved": applied.saved or confirmed.saved, "confirm_by": None}
        await actions.recall(self.place, self.action, applied.model_copy(update=kept))

    async def _gone(self, gathered: Gathered) -> None:
        """Nothing of the change is left; what earlier actions of the step have changed is."""
        before = await before_of(self.journal)
        gathered.changed = gathered.touched = before is not None and before.changed
        gathered.confirm_by = None


def holding_of(store: ArtifactStore, call: InteractInput, step: DevicesStep) -> Holding | None:
    """The change of a call that is to be confirmed; ``None`` where there is none, and in plan mode."""
    if call.mode == "plan":
        return None
    for place, action in effects(step):
        if action.confirm is not None:
            by: Literal["device", "wave"] = "device" if action.confirm.hold == "device" else "wave"
            return Holding(call, place, action, by, journal_of(store, call, action_name(place, action)))
    return None
