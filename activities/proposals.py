"""The activities `proposals` and `compare`: what a run in plan mode would change as one document, and what has moved.

A proposal is canonical JSON, so its digest is that of its content: two runs of one plan over devices in one state make
the same document. Thousands of devices are in it; history has its reference, and the largest groups of equal diffs.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue
from temporalio import activity

from activities.artifacts.documents import Documents
from activities.artifacts.store import JSON, ArtifactError, canonical, digest_of
from activities.bound import NOTHING
from activities.fence import heartbeat
from activities.values import BUNDLE, FOLD, PROPOSAL
from workflows import contracts
from workflows.contracts import (
    ArtifactRef,
    Bundle,
    CompareInput,
    CompareResult,
    DeviceOutcome,
    DiffGroup,
    PlannedStep,
    Proposal,
    ProposalsInput,
    ProposalsResult,
    ProposedStep,
    Would,
)
from workflows.errors import failure
from workflows.plan import HostName, StepId
from workflows.wording import diff_shown

GROUPS: Final = 20  # of equal diffs, for one step
WOULD: Final = 20  # kinds of other effects, for one step
NAMED: Final = 10  # things that have moved


@dataclass(slots=True)
class _Found:
    """What one step would do."""

    digests: dict[HostName, str] = field(default_factory=dict)
    diffs: dict[tuple[str, str], list[DeviceOutcome]] = field(default_factory=dict)  # by digest and how it was made
    would: Counter[str] = field(default_factory=Counter)
    example: dict[str, HostName] = field(default_factory=dict)
    affected: set[HostName] = field(default_factory=set)  # devices that it leaves in another state

    def add(self, outcome: DeviceOutcome) -> None:
        """A device on which the step could be planned."""
        if outcome.diff is not None:
            self.digests[outcome.host] = outcome.diff if outcome.changed else NOTHING
        if outcome.changed and outcome.diff is not None:
            self.diffs.setdefault((outcome.diff, outcome.diff_made or "unavailable"), []).append(outcome)
        for said in dict.fromkeys(outcome.would):
            self.would[said] += 1
            self.example.setdefault(said, outcome.host)
        if outcome.changed or outcome.would:
            self.affected.add(outcome.host)


class Proposals:
    """Holds where proposals are kept.

    Args:
        documents: The artifact store, typed.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    @activity.defn(name=contracts.PROPOSALS)
    @heartbeat()
    async def proposals(self, call: ProposalsInput) -> ProposalsResult:
        """Make one proposal of all that was proposed.

        Raises:
            ApplicationError: ``block_unavailable`` where the artifact store fails.
        """
        try:
            bundle = await self._documents.load(call.prepared, BUNDLE)
            found = {one.step: await self._found(one) for one in call.steps}
            called = {step: await self._affected(digest) for step, digest in call.calls.items()}
            ref = await self._documents.store.put(canonical(_proposal(bundle, found, called, call.calls)), JSON)
            steps = [await self._planned(one, found[one.step]) for one in call.steps]
            return ProposalsResult(digest=digest_of(ref), ref=ref, steps=tuple(steps))
        except ArtifactError as error:
            raise failure("block_unavailable", f"executor: {error}", retry=True) from None

    @activity.defn(name=contracts.COMPARE)
    @heartbeat()
    async def compare(self, call: CompareInput) -> CompareResult:
        """Say what has moved between two proposals.

        Raises:
            ApplicationError: ``invalid_input`` where the planned one is not what its digest says; ``block_unavailable``
                where the artifact store fails.
        """
        if digest_of(call.planned.ref) != call.planned.digest:
            raise failure("invalid_input", "the plan names a proposal and a digest that do not belong together.")
        try:
            planned = await self._documents.load(call.planned.ref, PROPOSAL)
            now = await self._documents.load(call.now.ref, PROPOSAL)
        except ArtifactError as error:
            raise failure("block_unavailable", f"executor: {error}", retry=True) from None
        moved = list(_moved(planned, now))
        return CompareResult(moved=tuple(moved[:NAMED]), total=len(moved))

    async def _found(self, step: ProposedStep) -> _Found:
        found = _Found()
        for ref in step.folds:
            for outcome in (await self._documents.load(ref, FOLD)).values():
                if outcome.status == "succeeded":
                    found.add(outcome)
        return found

    async def _affected(self, digest: str) -> set[HostName]:
        """The devices that a called definition would change, itself or by what it calls."""
        proposal = await self._documents.load(ArtifactRef(f"sha256:{digest}"), PROPOSAL)
        hosts = {host for diffs in proposal.diffs.values() for host, diff in diffs.items() if diff != NOTHING}
        for inner in proposal.calls.values():
            hosts |= await self._affected(inner)
        return hosts

    async def _planned(self, step: ProposedStep, found: _Found) -> PlannedStep:
        groups = sorted(found.diffs.items(), key=lambda item: (-len(item[1]), item[1][0].host))
        return PlannedStep(
            step=step.step,
            waves=step.waves,
            window=step.window,
            changed=sum(len(members) for _, members in groups),
            unchanged=sum(digest == NOTHING for digest in found.digests.values()),
            failed=step.failed,
            diffs=tuple([await self._group(digest, made, members) for (digest, made), members in groups[:GROUPS]]),
            diffs_omitted=max(0, len(groups) - GROUPS),
            would=tuple(
                Would(text=said, devices=number, example=found.example[said])
                for said, number in found.would.most_common(WOULD)
            ),
        )

    async def _group(self, digest: str, made: str, members: list[DeviceOutcome]) -> DiffGroup:
        first = members[0]
        text = await self._documents.text(first.diff_ref) if first.diff_ref else ""
        return DiffGroup(
            digest=digest,
            made=made,
            devices=len(members),
            example=first.host,
            text=diff_shown(text, first.diff_ref),
            ref=first.diff_ref,
        )


def _proposal(
    bundle: Bundle,
    found: Mapping[StepId, _Found],
    called: Mapping[StepId, set[HostName]],
    calls: Mapping[StepId, str],
) -> JsonValue:
    """All that the digest covers, as JSON."""
    affected: set[HostName] = set()
    behind: dict[StepId, tuple[HostName, ...]] = {}
    for step in bundle.plan.steps:
        affected |= called.get(step.id, set())
        if (one := found.get(step.id)) is None:
            continue
        if later := tuple(sorted(affected & one.digests.keys())):
            behind[step.id] = later
        affected |= one.affected
    proposal = Proposal(
        plan_digest=bundle.plan.digest,
        inputs=hashlib.sha256(canonical(dict(bundle.inputs))).hexdigest(),
        hosts=tuple(sorted(bundle.devices)),
        diffs={step: one.digests for step, one in found.items()},
        behind=behind,
        calls=calls,
    )
    document: JsonValue = proposal.model_dump(mode="json")
    return document


def _moved(planned: Proposal, now: Proposal) -> Iterator[str]:
    """What differs, each as a sentence that begins with what it is about."""
    if planned.plan_digest != now.plan_digest:
        was, is_ = planned.plan_digest[:12], now.plan_digest[:12]
        yield f"the definition: it compiles to the plan {is_}, and {was} was planned"
    if planned.inputs != now.inputs:
        yield "the inputs: others were given"
    before, after = set(planned.hosts), set(now.hosts)
    yield from (f"the inventory: {host} is selected now, and was not" for host in sorted(after - before))
    yield from (f"the inventory: {host} was selected, and is not now" for host in sorted(before - after))
    for step in dict.fromkeys((*planned.diffs, *now.diffs)):
        yield from _moved_on_devices(step, planned.diffs.get(step, {}), now.diffs.get(step, {}), before & after)
    for step in dict.fromkeys((*planned.calls, *now.calls)):
        if planned.calls.get(step) != now.calls.get(step):
            yield f"step {step}: what the called definition would change"


def _moved_on_devices(
    step: StepId, before: Mapping[HostName, str], after: Mapping[HostName, str], known: set[HostName]
) -> Iterator[str]:
    for host in sorted(known & (before.keys() | after.keys())):
        was, now = before.get(host), after.get(host)
        if was == now:
            continue
        match was, now:
            case None, _:
                said = "nothing could be planned for it, and now something can"
            case _, None:
                said = "nothing can be proposed for it now"
            case "", _:
                said = "it needed no change, and needs one now"
            case _, "":
                said = "it needs no change any more"
            case _:
                said = "it needs another change now"
        yield f"{host} (step {step}): {said}"
