"""Carries out the actions of a step on one open session, in order. It decides nothing: not the order, retries or undo.

Each effect is preceded by a journal entry ``values`` that holds what was gathered until then, so that a later attempt
begins at the effect and does not repeat the reads before it; whether the effect itself is still to be made is answered
by the device library from its own entries and from the device.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta
from types import MappingProxyType

from activities.artifacts.documents import Documents
from activities.bound import Bound
from activities.comparing import Sight, compare, failed, snapshot_key
from activities.deviceinteraction.failures import CheckFailed, InvalidInput
from activities.deviceinteraction.model import Applied, Change, Names
from activities.deviceinteraction.session import Session
from activities.effects import DONE, VALUES, Before, action_name, before_of, effects, hold_of, journaled, names_for
from activities.files import NO_FILES, Files
from activities.journal import ActionJournal, journal_of
from activities.judging import judged
from activities.ledger import ledger_of
from activities.limits import limited
from activities.outcomes import Gathered
from activities.placing import Place, at
from activities.rendering import config_lines, markup
from activities.showing import run, sections_of, show
from activities.values import VALUE, AppliedValue, ChangeValue, KeptValue, PlainValue, StateValue, seen
from workflows.contracts import ArtifactRef, InteractInput
from workflows.plan import (
    Action,
    ApplyAction,
    CheckAction,
    CompareAction,
    ConfigureAction,
    CopyAction,
    DevicesStep,
    InteractAction,
    Plan,
    ProposeAction,
    ReachableAction,
    RebootAction,
    RpcAction,
    RunAction,
    SaveAction,
    ShowAction,
    SnapshotAction,
    StepId,
)
from workflows.run.evaluate import text


class Actions:
    """The actions of one call.

    Args:
        call: Which step of which run on which device.
        step: The step.
        plan: For templates and inputs.
        documents: Where values are kept.
        gathered: What this attempt finds; written as it goes.
        earlier: This device's values of earlier steps.
        context: What expressions see besides: ``inputs``, ``device``, ``inventory``, ``run``.
        outputs: Of earlier steps that are not about devices.
        bound: The change that was planned for this device; ``None`` where none was.
        files: What may be copied to devices.
    """

    def __init__(
        self,
        call: InteractInput,
        step: DevicesStep,
        plan: Plan,
        documents: Documents,
        gathered: Gathered,
        earlier: Mapping[StepId, Mapping[str, KeptValue] | None],
        context: Mapping[str, object],
        outputs: Mapping[StepId, object] = MappingProxyType({}),
        bound: Bound | None = None,
        files: Files = NO_FILES,
    ) -> None:
        self._call = call
        self._step = step
        self._plan = plan
        self._documents = documents
        self._gathered = gathered
        self._earlier = earlier
        self._ledger = ledger_of(documents.store, call)
        self._bound = bound
        self._files = files
        steps = {
            name: None if values is None else {key: seen(value) for key, value in values.items()}
            for name, values in earlier.items()
        }
        self._context: dict[str, object] = {**context, "steps": {**steps, **outputs}}

    async def resume(self) -> int:
        """Take up what an earlier attempt of this generation had gathered; returns the action to begin at."""
        for index, action in reversed(journaled(self._step)):
            before = await before_of(self._journal(index, action))
            if before is None:
                continue
            await self.see(before.refs)
            self._gathered.warnings = list(before.warnings)
            self._gathered.warning_count = before.warning_count
            self._gathered.changed = before.changed
            return index
        return 0

    async def run(self, session: Session, begin: int, end: int | None = None) -> None:
        """Carry out the actions from a place on, and up to another one, which is left out.

        Raises:
            DeviceFailure: As the device library classifies it; a critical check that does not hold is `CheckFailed`.
            EvaluationError: An expression outside a check has no value on this device.
        """
        for index, action in enumerate(self._step.do):
            if index >= begin and (end is None or index < end):
                with at(index, action, self._context):
                    await self._one(session, index, action)
                await asyncio.sleep(0)  # a cancel is honoured between two actions

    async def wrap(self, session: Session, part: str, actions: Sequence[Action]) -> dict[str, ArtifactRef]:
        """Carry out actions around those of the step, as ``maintenance`` has them; their changes are none of its own.

        Args:
            session: Where.
            part: What they are, such as ``enter``: for the journal and for names on the device.
            actions: In order.

        Returns:
            The values that they have left, by name.
        """
        gathered = self._gathered
        known = dict(gathered.refs)
        own = (gathered.changed, gathered.diff, gathered.diff_made, gathered.diff_ref)
        try:
            for index, action in enumerate(actions):
                with at(place := f"{part}-{index}", action, self._context):
                    await self._one(session, place, action)
                await asyncio.sleep(0)
        finally:
            gathered.changed, gathered.diff, gathered.diff_made, gathered.diff_ref = own
        await gathered.save(self._documents.store)
        return {name: ref for name, ref in gathered.refs.items() if known.get(name) != ref}

    async def see(self, refs: Mapping[str, ArtifactRef]) -> None:
        """Take up values that an earlier attempt has left."""
        for name, ref in refs.items() - self._gathered.refs.items():
            self._see(name, ref, await self._documents.load(ref, VALUE))

    async def _one(self, session: Session, index: Place, action: Action) -> None:
        match action:
            case ShowAction():
                await self._show(session, action)
            case CheckAction():
                self._check(session, action)
            case SnapshotAction():
                async with self._limited("snapshot"):
                    state = await session.snapshot(sections_of(action))
                changes = len(await self._ledger.begun())
                self._keep(snapshot_key(index, action), StateValue(value=state, changes=changes))
            case CompareAction():
                await self._compare(session, index, action)
            case ProposeAction():
                async with self._limited("propose"):
                    change = await self._propose(session, index, action)
                self._keep(action.name, ChangeValue(value=change))
                self._gathered.diff_ref = await self._documents.save_text(change.diff)
            case ApplyAction():
                await self._apply(session, index, action, self._proposed(action))
            case ConfigureAction():
                await self._configure(session, index, action)
            case SaveAction():
                await self._save(session, index, action)
            case InteractAction():
                await self._interact(session, index, action)
            case CopyAction():
                await self._copy(session, index, action)
            case ReachableAction():
                await session.reach(timedelta(seconds=action.within_s))
            case RebootAction():
                await self._reboot(session, index, action)
            case RpcAction() | RunAction():
                await self._carry_out(session, index, action)
            case _:
                raise AssertionError(f"`prepare` refuses {action.kind}")

    # ------------------------------------------------------------------------------------------------------- reading

    async def _show(self, session: Session, action: ShowAction) -> None:
        command = text(action.command, self._context)
        async with self._limited(f"`{command}`"):
            value = await show(session, action, command, self._plan.templates)
        self._keep(action.name, PlainValue(value=value))

    def _check(self, session: Session, action: CheckAction) -> None:
        failed = []
        for found in judged(action.checks, self._context):
            session.transcript.note(found.note)
            if found.problem is None:
                continue
            if found.check.severity == "warning":
                self._gathered.warn(found.problem)
            else:
                failed.append(found.problem)
        if failed:
            raise CheckFailed("; ".join(failed))

    async def _compare(self, session: Session, index: Place, action: CompareAction) -> None:
        sight = Sight(self._step, self._plan, self._gathered.values, self._earlier, self._ledger.made, self._context)
        found = await compare(action, index, sight)
        for note in found.notes:
            session.transcript.note(note)
        self._keep(action.name or f"{index}-compare", PlainValue(value=found.value))
        if found.problems:
            raise failed(found, session.target.name)

    # ------------------------------------------------------------------------------------------------------ changing

    async def _propose(self, session: Session, index: Place, action: ProposeAction | ConfigureAction) -> Change:
        lines = config_lines(action.change, self._plan, self._context)
        return await session.propose(lines, names_for(self._call, index), action.mode)

    def _proposed(self, action: ApplyAction) -> Change:
        if action.step is None:
            if action.change in self._gathered.changes:
                return self._gathered.changes[action.change]
            raise InvalidInput(f"this step has proposed no change called `{action.change}` on this device.")
        values = self._earlier.get(action.step)
        value = values.get(action.change) if values is not None else None
        if isinstance(value, ChangeValue):
            return value.value
        raise InvalidInput(
            f"step `{action.step}` left no proposed change `{action.change}` for this device: it did not take it up, "
            "or failed on it. Let `devices` name only those on which it succeeded."
        )

    async def _configure(self, session: Session, index: Place, action: ConfigureAction) -> None:
        before = await before_of(self._journal(index, action))
        if before is not None:  # proposing anew would compare with what this very change may already have made
            change = await self._change_of(before)
        else:
            async with self._limited("configure"):
                change = await self._propose(session, index, action)
        await self._apply(session, index, action, change)

    async def _apply(
        self, session: Session, index: Place, action: ApplyAction | ConfigureAction, change: Change
    ) -> None:
        planned = self._as_planned(index, change)
        journal = self._journal(index, action)
        await self._write_before(journal, change)
        # Neither a timeout of ours nor a cancel cuts what follows: a cut commit only makes an unknown outcome.
        applied: Applied = await session.apply(
            change,
            names_for(self._call, index),
            journal,
            save=action.save,
            # Nobody was shown what `configure` proposes, unless it was planned; a replacement takes nothing else away.
            bound=planned or isinstance(action, ApplyAction) or action.mode == "replace",
            hold=hold_of(action),
        )
        await self._note(action, applied)

    async def recall(self, index: Place, action: ApplyAction | ConfigureAction, applied: Applied) -> None:
        """Note a change that an earlier session has made, as if it had been made in this one."""
        before = await before_of(self._journal(index, action))
        assert before is not None, "it is written before anything is applied"
        change = await self._change_of(before)
        self._gathered.diff, self._gathered.diff_made = change.digest, change.made
        self._gathered.diff_ref = await self._documents.save_text(change.diff)
        await self._note(action, applied)

    async def _change_of(self, before: Before) -> Change:
        assert before.change is not None, "the effect is a change"
        kept = await self._documents.load(before.change, VALUE)
        assert isinstance(kept, ChangeValue), "the journal names the change that it was written for"
        return kept.value

    async def _note(self, action: ApplyAction | ConfigureAction, applied: Applied) -> None:
        self._gathered.changed = self._gathered.changed or applied.changed
        self._gathered.touched = self._gathered.touched or applied.changed
        self._gathered.confirm_by = applied.confirm_by
        self._keep(action.name, AppliedValue(value=applied))

    def _as_planned(self, index: Place, change: Change) -> bool:
        """Whether the change was planned; refused as `Drifted` where another one was. What follows it is not known."""
        first = next((place for place, _ in effects(self._step)), None)
        if self._bound is None or index != first:
            return False
        self._bound.check(change)
        return True

    async def _write_before(self, journal: ActionJournal, change: Change) -> None:
        gathered = self._gathered
        gathered.diff, gathered.diff_made = change.digest, change.made
        gathered.diff_ref = await self._documents.save_text(change.diff)
        if await journal.read(VALUES) is None:
            await self._ledger.begin(journal)
            await self._write_values(journal, await self._documents.save(ChangeValue(value=change), VALUE))

    async def _write_values(self, journal: ActionJournal, change: ArtifactRef | None = None) -> None:
        gathered = self._gathered
        if await journal.read(VALUES) is not None:
            return
        await gathered.save(self._documents.store)
        before = Before(
            refs=dict(gathered.refs),
            warnings=tuple(gathered.warnings),
            warning_count=gathered.warning_count,
            changed=gathered.changed,
            change=change,
        )
        await journal.write(VALUES, before.model_dump(mode="json"))

    # ----------------------------------------------------------------------------------------- what is no configuration

    async def _save(self, session: Session, index: Place, action: SaveAction) -> None:
        self._demand_settled(action, "say `save: true` of the change itself: it is saved once it is confirmed")
        journal = self._journal(index, action)
        if await journal.read(DONE) is None:
            await self._ledger.begin(journal)
            await self._write_values(journal)
            await session.save()
            await journal.write(DONE, {})

    async def _interact(self, session: Session, index: Place, action: InteractAction) -> None:
        command = text(action.command, self._context)
        answers = [(one.expect, text(one.send, self._context)) for one in action.exchanges]
        journal = self._journal(index, action)
        await self._write_values(journal)
        # Not cut by a limit of ours: the session's own limit for each answer is the step's.
        said = await session.exchange(command, answers, journal)
        self._keep(action.name, PlainValue(value=said))

    async def _carry_out(self, session: Session, index: Place, action: RpcAction | RunAction) -> None:
        journal = self._journal(index, action) if action.changes else None
        if journal is not None:
            await self._write_values(journal)
        async with self._limited(f"`{action.kind}`") if journal is None else nullcontext():
            if isinstance(action, RpcAction):
                said = PlainValue(value=await session.rpc(markup(action.operation, self._context), journal))
            else:
                line = text(action.command, self._context)
                said = PlainValue(value=await run(session, action, line, self._plan.templates, journal))
        self._keep(action.name, said)

    async def _copy(self, session: Session, index: Place, action: CopyAction) -> None:
        source, to = text(action.source, self._context), text(action.to, self._context)
        sha256 = None if action.sha256 is None else text(action.sha256, self._context)
        journal = self._journal(index, action)
        await self._write_values(journal)
        async with self._limited(f"copying {source}"):
            sent = await session.copy(self._files.find(source), to, sha256, journal)
        session.transcript.note(f"{source} was copied to {to}" if sent else f"{to} is there already")

    async def _reboot(self, session: Session, index: Place, action: RebootAction) -> None:
        self._demand_settled(action, "restart it in a step after that of the change")
        journal = self._journal(index, action)
        await self._write_values(journal)
        await session.reboot(journal, timedelta(seconds=action.within_s))

    def _demand_settled(self, action: Action, instead: str) -> None:
        """Refuse what would make a change stay, or lose it, that still waits for its confirmation."""
        if self._gathered.confirm_by is not None:
            raise InvalidInput(f"`{action.kind}` while a change waits for its confirmation; {instead}.")

    def _keep(self, name: str | None, value: KeptValue) -> None:
        if name is not None:
            self._see(name, self._gathered.keep(VALUE.dump_json(value)), value)

    def _see(self, name: str, ref: ArtifactRef, value: KeptValue) -> None:
        self._gathered.refs[name] = ref
        self._gathered.values[name] = value
        self._context[name] = seen(value)
        if isinstance(value, ChangeValue):
            self._gathered.changes[name] = value.value
            self._gathered.diff, self._gathered.diff_made = value.value.digest, value.value.made

    def names_of(self, place: Place) -> Names:
        """The names that an effect of this call has on the device."""
        return names_for(self._call, place)

    def _journal(self, index: Place, action: Action) -> ActionJournal:
        return journal_of(self._documents.store, self._call, action_name(index, action))

    def _limited(self, what: str) -> AbstractAsyncContextManager[None]:
        return limited(what, self._step.timeout_s)
