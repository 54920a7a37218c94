"""Plan mode on one device: everything that reads is read, the change is proposed, and nothing is altered.

The first change of a step is shown as the device has it now. What stands behind it in ``do`` would find a device that
does not exist yet: reads are left out, and effects are named as what would be done.
"""

import asyncio
from itertools import takewhile

from activities.actions import Actions
from activities.bound import planned_as
from activities.deviceinteraction.failures import Drifted
from activities.deviceinteraction.model import Change
from activities.deviceinteraction.session import Session
from activities.placing import Place
from activities.values import ChangeValue
from workflows.errors import EvaluationError
from workflows.plan import (
    Action,
    ApplyAction,
    CheckAction,
    CompareAction,
    ConfigureAction,
    CopyAction,
    Expr,
    InteractAction,
    ProposeAction,
    ReachableAction,
    RebootAction,
    RpcAction,
    RunAction,
    SaveAction,
    ShowAction,
    SnapshotAction,
)
from workflows.run.evaluate import text
from workflows.run.holding import stays_inside


class Proposing(Actions):
    """The actions of one call, as they would go."""

    async def run(self, session: Session, begin: int, end: int | None = None) -> None:
        """Read, propose the first change, and name the effects that have no diff.

        Raises:
            DeviceFailure: As `Actions.run`; `Drifted` where the change of an earlier step would be another one by now.
            EvaluationError: An expression outside a check has no value on this device.
        """
        maintenance = self._step.maintenance
        if maintenance is not None:
            until = "once its wave is confirmed" if stays_inside(self._step) else "after"
            self._gathered.would.append(f"enter maintenance before, and leave it {until}")
            for index, action in enumerate(takewhile(_reads, maintenance.enter)):
                await self._one(session, f"enter-{index}", action)  # the actions may name what is seen on the way in
        proposed = affected = False
        for index, action in enumerate(self._step.do):
            if index < begin or (end is not None and index >= end):
                continue
            match action:
                case ApplyAction() | ConfigureAction() if not proposed:
                    await self._show_change(session, index, action)
                    proposed = affected = True
                case _ if not _reads(action):
                    self._gathered.would.append(self._would(action))
                    affected = True
                case _ if not affected:
                    await self._one(session, index, action)
                case _:
                    pass  # known only after the change
            await asyncio.sleep(0)

    async def _show_change(self, session: Session, index: Place, action: ApplyAction | ConfigureAction) -> None:
        gathered = self._gathered
        async with self._limited(action.kind):
            if isinstance(action, ConfigureAction):
                change = await self._propose(session, index, action)
            else:
                change = self._proposed(action)
                if action.step is not None:
                    change = await self._propose_again(session, index, change)
        gathered.diff, gathered.diff_made = change.digest, change.made
        gathered.diff_ref = await self._documents.save_text(change.diff)
        gathered.changed = not change.empty
        self._keep(action.name, ChangeValue(value=change))

    async def _propose_again(self, session: Session, index: Place, before: Change) -> Change:
        """The change of an earlier step, as it would be now."""
        if not before.lines:
            return before  # a replacement by what was there already
        change = await session.propose(before.lines, self.names_of(index), before.mode)
        if planned_as(change) != planned_as(before):
            raise Drifted(
                f"{session.target.name}: the change is no longer the one that an earlier step proposed, because the "
                f"device's configuration has changed since. It would now be:\n{change.diff or '(nothing)'}"
            )
        return change

    def _would(self, action: Action) -> str:
        match action:
            case CopyAction():
                return f"copy {self._said(action.source)} to {self._said(action.to)}"
            case RebootAction():
                return "reboot, and wait until it answers again"
            case SaveAction():
                return "save the running configuration"
            case RpcAction():
                return "send a NETCONF operation that changes"
            case RunAction() | InteractAction():
                return f"run `{self._said(action.command)}`"
            case ApplyAction() | ConfigureAction():
                return f"{action.kind} another change, known only after the first"
            case _:
                return action.kind

    def _said(self, expr: Expr) -> str:
        try:
            return text(expr, self._context)
        except EvaluationError:
            return "what is known only after the change"


def _reads(action: Action) -> bool:
    """Whether an action alters nothing."""
    match action:
        case ShowAction() | CheckAction() | SnapshotAction() | CompareAction() | ProposeAction() | ReachableAction():
            return True
        case RpcAction() | RunAction():
            return not action.changes
        case _:
            return False
