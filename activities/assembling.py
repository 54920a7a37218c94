"""What a call needs to carry out its actions, loaded and put together."""

from typing import TypeVar

from activities.actions import Actions
from activities.artifacts.documents import Documents
from activities.bound import bound_of
from activities.files import NO_FILES, Files
from activities.outcomes import Gathered
from activities.values import OUTPUTS, values_of_steps
from workflows.contracts import Bundle, InteractInput
from workflows.plan import DevicesStep

ActionsT = TypeVar("ActionsT", bound=Actions)


async def assembled(
    kind: type[ActionsT],
    call: InteractInput,
    bundle: Bundle,
    step: DevicesStep,
    documents: Documents,
    gathered: Gathered,
    files: Files = NO_FILES,
) -> ActionsT:
    """The actions of a call.

    Args:
        kind: How they are carried out.
        call: Which step of which run on which device.
        bundle: The plan, the inputs and the inventory.
        step: The step.
        documents: Where values are kept.
        gathered: What this attempt finds.
        files: What may be copied to devices.

    Raises:
        ArtifactError: Values of earlier steps cannot be read.
    """
    earlier = await values_of_steps(documents, call.values, step.reads, call.host)
    context: dict[str, object] = {
        "inputs": bundle.inputs,
        "device": bundle.devices[call.host].model_dump(mode="json"),
        "inventory": list(bundle.devices),
        "run": {"id": call.scope.workflow_id, "definition": bundle.plan.name, "version": bundle.plan.version},
    }
    outputs = await documents.load(call.outputs, OUTPUTS) if call.outputs else {}
    bound = await bound_of(documents, call)
    return kind(call, step, bundle.plan, documents, gathered, earlier, context, outputs, bound, files)
