"""The activity `seal`: writes the record of a run, and the report that people read.

The record is canonical JSON with everything that was decided and done; its reference is its SHA-256, so that whoever
has the reference can prove the record; it names the report in the same way. Sealing twice gives the same record. Of
10,000 devices both take a second to make, so they are made in a thread: others heartbeat meanwhile.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue
from temporalio import activity

from activities.artifacts.documents import Documents
from activities.artifacts.store import HTML, JSON, ArtifactError, canonical
from activities.fence import heartbeat
from activities.report.page import DIFF_SHOWN, page
from activities.report.view import DIFFS, Diff, Outcomes, diffs
from activities.values import BUNDLE, FOLD
from workflows import contracts
from workflows.contracts import ArtifactRef, Bundle, DeviceOutcome, SealInput, SealResult
from workflows.errors import failure
from workflows.plan import HostName, StepId

RECORD_FORMAT: Final = 1


class Seal:
    """Holds where records go.

    Args:
        documents: The artifact store, typed.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    @activity.defn(name=contracts.SEAL)
    @heartbeat()
    async def seal(self, call: SealInput) -> SealResult:
        """Write record and report; both are published under ``runs/<workflow id>/``.

        Raises:
            ApplicationError: ``block_unavailable`` where the artifact store fails.
        """
        try:
            bundle = await self._bundle(call.prepared)
            done = await self._outcomes(call.folds)
            undone = await self._outcomes(call.undo_folds)
            shown = await self._with_texts(diffs(done)[:DIFFS])
            html = await asyncio.to_thread(_html, call, bundle, _with_undo(done, undone), shown)
            proof = await self._documents.store.put(html, HTML)
            record = await asyncio.to_thread(_record, call, bundle, done, undone, proof)
            ref = await self._documents.store.put(record, JSON)
            # A workflow id may be used again; what was published for an earlier run is still in the store by its hash.
            folder = f"runs/{call.scope.workflow_id.replace('/', '%2F')}"
            await self._documents.store.publish(f"{folder}/record.json", record)
            report = await self._documents.store.publish(f"{folder}/report.html", html)
        except ArtifactError as error:
            raise failure("block_unavailable", f"executor: {error}", retry=True) from None
        return SealResult(record=ref, report=report)

    async def _bundle(self, ref: ArtifactRef | None) -> Bundle | None:
        if ref is None:
            return None
        bundle: Bundle = await self._documents.load(ref, BUNDLE)
        return bundle

    async def _outcomes(
        self, folds: Mapping[StepId, Sequence[ArtifactRef]]
    ) -> dict[StepId, dict[HostName, DeviceOutcome]]:
        found: dict[StepId, dict[HostName, DeviceOutcome]] = {step: {} for step in folds}
        for step, refs in folds.items():
            for outcomes in await asyncio.gather(*(self._documents.load(ref, FOLD) for ref in refs)):
                found[step].update(outcomes)
        return found

    async def _with_texts(self, groups: list[Diff]) -> list[Diff]:
        for group in groups:
            if group.ref is not None:
                group.text = (await self._documents.text(group.ref))[: DIFF_SHOWN + 1]
        return groups


def _with_undo(done: Outcomes, undone: Outcomes) -> Outcomes:
    """Both, for the time that each device took."""
    return {**done, **{StepId(f"undo of {step}"): hosts for step, hosts in undone.items()}}


def _html(call: SealInput, bundle: Bundle | None, outcomes: Outcomes, shown: list[Diff]) -> bytes:
    return page(call, bundle, outcomes, shown).encode()


def _record(call: SealInput, bundle: Bundle | None, done: Outcomes, undone: Outcomes, report: ArtifactRef) -> bytes:
    said = call.model_dump(mode="json", exclude={"folds", "undo_folds"})
    record: JsonValue = {
        "format": RECORD_FORMAT,
        **said,
        "plan": bundle.plan.model_dump(mode="json") if bundle else None,
        "inputs": dict(bundle.inputs) if bundle else {},
        "inventory": {name: device.model_dump(mode="json") for name, device in bundle.devices.items()}
        if bundle
        else {},
        "outcomes": _dumped(done),
        "undo": _dumped(undone),
        "report": report,
    }
    return canonical(record)


def _dumped(outcomes: Outcomes) -> JsonValue:
    return {step: FOLD.dump_python(dict(hosts), mode="json") for step, hosts in outcomes.items()}
