"""What a batch may lose by itself: its share of `accept`, and the slots that failures burn under `budget: strict`.

The run judges over all batches (`judgement.py`); until it has heard of a failure, the batch holds itself to its share.
"""

from collections.abc import Sequence

from workflows.contracts import BatchInput
from workflows.run.state import FAILED
from workflows.run.together import dragged_along


class BatchBudget:
    """Counts what has failed against what may. It costs nothing where neither is bounded."""

    def __init__(self, batch: BatchInput) -> None:
        self._spare = batch.policy.spare
        self._strict = batch.policy.strict and batch.mode == "do"
        self._units = [work.unit for work in batch.hosts]
        self.failures = 0  # each has burnt a slot, where the budget is strict

    def over(self, letters: Sequence[str]) -> bool:
        """Whether `accept` cannot be met any more, whatever the run knows by now."""
        return self._spare is not None and self._lost(letters) > self._spare

    def burnt(self, letters: Sequence[str]) -> int:
        """How many slots have burnt since this was last asked; the run gives others, as long as failures are left."""
        if not self._strict:
            return 0
        before, self.failures = self.failures, max(self.failures, self._lost(letters))
        return self.failures - before

    def _lost(self, letters: Sequence[str]) -> int:
        return sum(letter in FAILED for letter in letters) + dragged_along(letters, self._units)
