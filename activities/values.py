"""What the actions of a device yield, kept as artifacts, and what expressions see of it.

A value is kept with its kind, since JSON alone would lose that VLAN ids are integers. Later actions and later steps
name values by their ``as`` name; the plan says which steps' values a step reads.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, assert_never

from pydantic import Field, JsonValue, TypeAdapter

from activities.artifacts.documents import Documents
from activities.deviceinteraction.model import Applied, Change, State
from workflows.contracts import ArtifactRef, Bundle, DeviceOutcome, Proposal
from workflows.plan import HostName, Model, StepId


class StateValue(Model):
    """Of a `snapshot`."""

    kind: Literal["state"] = "state"
    value: State
    changes: int = 0  # how many of the run's changes to the device had begun when it was taken


class ChangeValue(Model):
    """Of a `propose`."""

    kind: Literal["change"] = "change"
    value: Change


class AppliedValue(Model):
    """Of an `apply` or a `configure`."""

    kind: Literal["applied"] = "applied"
    value: Applied


class PlainValue(Model):
    """Of a `show`: text, JSON, or rows."""

    kind: Literal["plain"] = "plain"
    value: JsonValue


KeptValue = Annotated[StateValue | ChangeValue | AppliedValue | PlainValue, Field(discriminator="kind")]

BY_VLAN: Final = frozenset({"vlans", "spanning_tree"})  # sections whose keys are integers
VALUE: Final[TypeAdapter[KeptValue]] = TypeAdapter(KeptValue)
FOLD: Final[TypeAdapter[dict[HostName, DeviceOutcome]]] = TypeAdapter(dict[HostName, DeviceOutcome])
OUTPUTS: Final[TypeAdapter[dict[StepId, Mapping[str, JsonValue] | None]]] = TypeAdapter(
    dict[StepId, Mapping[str, JsonValue] | None]
)
BUNDLE: Final[TypeAdapter[Bundle]] = TypeAdapter(Bundle)
PROPOSAL: Final[TypeAdapter[Proposal]] = TypeAdapter(Proposal)


def seen(kept: KeptValue) -> object:
    """A value as expressions see it: plain data, VLANs by integer; a section that was not taken is not there."""
    match kept:
        case StateValue():
            state = kept.value.model_dump(mode="json")
            state = {section: facts for section, facts in state.items() if facts is not None}
            for section in BY_VLAN.intersection(state):
                state[section] = {int(vlan): facts for vlan, facts in state[section].items()}
            return state
        case ChangeValue():
            return kept.value.model_dump(mode="json", exclude={"inverse"})
        case AppliedValue():
            return kept.value.model_dump(mode="json", exclude={"fingerprint", "confirm_by"})
        case PlainValue():
            return kept.value
        case _:
            assert_never(kept)


async def values_of_steps(
    documents: Documents, folds: Mapping[StepId, ArtifactRef], reads: tuple[StepId, ...], host: HostName
) -> dict[StepId, dict[str, KeptValue] | None]:
    """This device's values of the earlier steps that a step reads.

    Args:
        documents: Where they are.
        folds: By step, the fold that has this device.
        reads: The steps that the plan says are read.
        host: The device.

    Returns:
        By step its values by name; ``None`` for a step that was skipped, and did not take this device up.
    """
    found: dict[StepId, dict[str, KeptValue] | None] = {}
    for step in dict.fromkeys((*reads, *folds)):
        outcome = (await documents.load(folds[step], FOLD)).get(host) if step in folds else None
        if outcome is None:
            found[step] = None
            continue
        found[step] = {name: await documents.load(ref, VALUE) for name, ref in outcome.values.items()}
    return found
