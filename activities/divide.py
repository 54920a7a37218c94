"""The activity `divide`: the waves of a step whose division follows from facts of its devices.

Facts lie in the inventory that `prepare` froze and never in history; how devices are divided is the plan's
(`workflows/run/division.py`).
"""

from temporalio import activity

from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError
from activities.fence import heartbeat
from activities.values import BUNDLE
from workflows import contracts
from workflows.contracts import Divided, DivideInput
from workflows.errors import EvaluationError, failure
from workflows.plan import DevicesStep
from workflows.run.division import divide_by_facts


class Divide:
    """Holds where inventories are kept.

    Args:
        documents: The artifact store, typed.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    @activity.defn(name=contracts.DIVIDE)
    @heartbeat()
    async def divide(self, call: DivideInput) -> Divided:
        """Divide devices into waves.

        Raises:
            ApplicationError: ``invalid_input`` where an expression has no value for a device, ``block_unavailable``
                where the artifact store cannot be read. No device was touched.
        """
        try:
            bundle = await self._documents.load(call.prepared, BUNDLE)
        except ArtifactError as error:
            raise failure("block_unavailable", f"executor: {error}", retry=True) from None
        step = bundle.plan.step(call.step)
        assert isinstance(step, DevicesStep), "only a step over devices is divided"
        facts = {host: bundle.devices[host].model_dump(mode="json") for host in call.hosts}
        try:
            return divide_by_facts(step, call.hosts, facts, bundle.inputs)
        except EvaluationError as error:
            raise failure("invalid_input", f"step `{call.step}`: the waves cannot be made: {error}") from None
