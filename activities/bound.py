"""What the change of one device is held to where a run carries out a plan that somebody has looked at.

`netsaga apply` names the proposal; each device has one digest in it for each step that changes it. A step of which
nothing could be known beforehand is not in it, and neither is a device that an earlier step changes as well.
"""

from dataclasses import dataclass

from activities.artifacts.documents import Documents
from activities.deviceinteraction.failures import Drifted
from activities.deviceinteraction.model import Change, HostName
from activities.values import PROPOSAL
from workflows.contracts import InteractInput

NOTHING = ""  # what a proposal holds for a device that needs no change


@dataclass(frozen=True, slots=True)
class Bound:
    """The change that was planned.

    Args:
        host: The device.
        digest: Of the normalised diff; `NOTHING` where no change was needed; ``None`` where none could be proposed.
    """

    host: HostName
    digest: str | None

    def check(self, change: Change) -> None:
        """Insist on the change that was planned.

        Raises:
            Drifted: It is another one; the device is untouched.
        """
        if planned_as(change) == self.digest:
            return
        planned = {None: "could not be planned", NOTHING: "was planned to be none"}.get(
            self.digest, "is not the one that was planned"
        )
        raise Drifted(
            f"{self.host}: the change {planned}. It would be:\n{change.diff or '(nothing)'}\n"
            "The device is untouched; plan again."
        )


def planned_as(change: Change) -> str:
    """How a proposal holds a change."""
    return NOTHING if change.empty else change.digest


async def bound_of(documents: Documents, call: InteractInput) -> Bound | None:
    """What a call is held to; ``None`` where nothing was planned for its step, or an earlier step changes the device.

    Raises:
        ArtifactError: The proposal cannot be read; nothing may be changed then.
    """
    if call.proposal is None:
        return None
    proposal = await documents.load(call.proposal, PROPOSAL)
    planned = proposal.diffs.get(call.step)
    if planned is None or call.host in proposal.behind.get(call.step, ()):
        return None
    return Bound(HostName(call.host), planned.get(call.host))
