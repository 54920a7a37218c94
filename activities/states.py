"""The activities `save_state` and `load_state`: where a run stands, between two executions of its workflow."""

from temporalio import activity

from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError
from activities.fence import heartbeat
from workflows import contracts
from workflows.contracts import LoadStateInput, SaveStateInput, StatePiece, StateRef
from workflows.errors import failure


class States:
    """Holds where states are kept.

    Args:
        documents: The artifact store, typed.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    @activity.defn(name=contracts.SAVE_STATE)
    @heartbeat()
    async def save(self, call: SaveStateInput) -> StateRef:
        """Keep a piece. Raises ``block_unavailable``, to be tried again, where the store cannot take it."""
        try:
            return StateRef(ref=await self._documents.save_text(call.text))
        except ArtifactError as error:
            raise failure("block_unavailable", f"executor: {error}", retry=True) from None

    @activity.defn(name=contracts.LOAD_STATE)
    @heartbeat()
    async def load(self, call: LoadStateInput) -> StatePiece:
        """Read a piece. Raises ``block_unavailable``, to be tried again, where the store does not have it."""
        try:
            return StatePiece(text=await self._documents.text(call.ref))
        except ArtifactError as error:
            raise failure("block_unavailable", f"executor: {error}", retry=True) from None
