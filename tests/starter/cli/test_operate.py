"""What the command line says of an operation that was carried out."""

import pytest

from starter.cli.operate import done
from workflows.contracts import OperationAnswer, Phase
from workflows.run.operators import UNDO_GOES_ON


@pytest.mark.parametrize(
    ("operation", "phase", "message", "said"),
    [
        ("resume", "running", "", "r goes on."),
        ("pause", "paused", "", "r paused: what is under way ends, nothing new starts. Go on with: netsaga resume r"),
        ("pause", "undoing", UNDO_GOES_ON, f"r is undoing, and nothing else is to start; {UNDO_GOES_ON}."),
        ("retry", "paused", "the run is paused, too", "r tries again; the run is paused, too."),
    ],
)
def test_what_came_of_an_operation_is_told(operation: str, phase: Phase, message: str, said: str) -> None:
    assert done(operation, "r", OperationAnswer(accepted=True, phase=phase, message=message)) == said
