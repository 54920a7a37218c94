"""Updates whose ids come again."""

import pytest
from temporalio.exceptions import ApplicationError

from workflows.contracts import DecisionAnswer, OperationAnswer
from workflows.plan import StepId
from workflows.run.door import answer_again

ANSWER = DecisionAnswer(step=StepId("gate"), approvals=1, quorum=2, gate="open")


def test_an_update_that_comes_again_is_answered_the_same() -> None:
    assert answer_again(DecisionAnswer, "ann-1", ANSWER.model_dump(mode="json")) == ANSWER


def test_another_update_under_an_id_that_was_used_is_refused_in_words() -> None:
    with pytest.raises(ApplicationError, match="the update id `ann-1` was used before, for something else") as refused:
        answer_again(OperationAnswer, "ann-1", ANSWER.model_dump(mode="json"))
    assert refused.value.type == "invalid_input"
