"""What is sent to workflows: anything at all may come, and none of it may stop one."""

import inspect
from collections.abc import Callable

import pytest
from temporalio.exceptions import ApplicationError

from workflows.arrivals import asked, payload, read
from workflows.contracts import Decision, Operation
from workflows.errors import InvalidInputError
from workflows.guard.workflow import GuardWorkflow
from workflows.run.batch import BatchWorkflow
from workflows.run.decisions import EXAMPLE
from workflows.run.workflow import RunWorkflow


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "one JSON object is expected, and this is nothing"),
        ("yes", "one JSON object is expected, and this is one plain value"),
        ([1, 2], "one JSON object is expected, and this is a list"),
        ({"who": "ann"}, "`by` is missing; `who` is not known"),
        ({"by": ""}, "`by` is missing"),
        ({"by": "ann", "concurrency": 0}, "`concurrency`: input should be greater than or equal to 1"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(value: object, said: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read(Operation, value)
    assert str(refused.value) == said


def test_an_update_is_told_what_to_send() -> None:
    with pytest.raises(ApplicationError, match=r"`by` is missing; send .*NAME") as refused:
        asked(Decision, ({},), EXAMPLE)
    assert refused.value.type == "invalid_input"


def test_no_value_is_nothing_and_two_are_a_list() -> None:
    assert [payload(()), payload((7,)), payload((7, 8))] == [None, 7, [7, 8]]


def _signals(workflow: type) -> list[tuple[str, Callable[..., object]]]:
    members = inspect.getmembers(workflow, inspect.isfunction)
    return [(name, member) for name, member in members if hasattr(member, "__temporal_signal_definition")]


@pytest.mark.parametrize("workflow", [RunWorkflow, BatchWorkflow, GuardWorkflow])
def test_every_handler_of_signals_takes_whatever_comes(workflow: type) -> None:
    signals = _signals(workflow)
    assert signals
    for name, handler in signals:
        first, *others = list(inspect.signature(handler).parameters.values())[1:]
        assert (first.kind, others) == (inspect.Parameter.VAR_POSITIONAL, []), name
