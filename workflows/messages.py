"""The signals and updates that a run listens to anyway: no ``wait`` of a definition takes their names.

Names alone, for the compiler, which needs nothing else of what crosses Temporal (`workflows/contracts/`). A test holds
them to the handlers that the run really has.
"""

from typing import Final

OWN_MESSAGES: Final = frozenset(
    {
        "approve", "reject", "batch_progress", "leased", "cut", "slots", "pause", "resume", "cancel", "retry", "skip",
        "undo", "stop", "set_concurrency", "claimed",
    }
)  # fmt: skip
