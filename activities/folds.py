"""The activity `fold`: a batch's outcomes as one artifact, and the digest and the groups of what was proposed.

History keeps the reference and at most `GROUPS` groups of equal diffs; approvers see those.
"""

import hashlib
from collections import Counter
from typing import Final

from pydantic import JsonValue
from temporalio import activity

from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError, canonical
from activities.fence import heartbeat
from activities.values import FOLD, OUTPUTS
from workflows import contracts
from workflows.contracts import DeviceOutcome, DiffGroup, FoldInput, FoldResult, KeepInput, KeepResult
from workflows.errors import failure
from workflows.wording import diff_shown

GROUPS: Final = 20
UNKNOWN: Final = "unavailable"  # how a diff was made, where that is not said


class Fold:
    """Holds where outcomes are kept.

    Args:
        documents: The artifact store, typed.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    @activity.defn(name=contracts.FOLD)
    @heartbeat()
    async def fold(self, batch: FoldInput) -> FoldResult:
        """Keep the outcomes of a batch."""
        try:
            ref = await self._documents.save({outcome.host: outcome for outcome in batch.outcomes}, FOLD)
            # What a device failed on is not up for approval.
            proposed = [item for item in batch.outcomes if item.diff is not None and item.status == "succeeded"]
            diffs, omitted = await self._groups(proposed)
            return FoldResult(
                ref=ref,
                proposal=proposal_digest(proposed),
                diffs=diffs,
                diffs_omitted=omitted,
                made=Counter(outcome.diff_made or UNKNOWN for outcome in proposed),
            )
        except ArtifactError as error:
            raise failure("block_unavailable", f"executor: {error}", retry=True) from None

    @activity.defn(name=contracts.KEEP)
    @heartbeat()
    async def keep(self, call: KeepInput) -> KeepResult:
        """Keep the outputs of steps that are not about devices, for actions that name them."""
        try:
            return KeepResult(ref=await self._documents.save(dict(call.outputs), OUTPUTS))
        except ArtifactError as error:
            raise failure("block_unavailable", f"executor: {error}", retry=True) from None

    async def _groups(self, proposed: list[DeviceOutcome]) -> tuple[tuple[DiffGroup, ...], int]:
        """The largest groups of equal diffs, and how many there are besides."""
        groups: dict[tuple[str, str], list[DeviceOutcome]] = {}  # by digest and by how the diff was made
        for outcome in proposed:
            if outcome.diff is not None:
                groups.setdefault((outcome.diff, outcome.diff_made or UNKNOWN), []).append(outcome)
        largest = sorted(groups.items(), key=lambda item: (-len(item[1]), item[1][0].host))[:GROUPS]
        shown = tuple([await self._group(digest, made, members) for (digest, made), members in largest])
        return shown, len(groups) - len(shown)

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


def proposal_digest(outcomes: list[DeviceOutcome]) -> str | None:
    """The digest that an approval names: over the hosts and their normalised diffs, in no order but that of the names.

    Returns:
        Hex SHA-256, or ``None`` where nothing was proposed.
    """
    pairs = sorted((outcome.host, outcome.diff) for outcome in outcomes if outcome.diff is not None)
    listed: list[JsonValue] = [[host, diff] for host, diff in pairs]
    return hashlib.sha256(canonical(listed)).hexdigest() if pairs else None
