"""The names that a definition's `wait` cannot take are those that runs and their batches listen to, and no others."""

from temporalio import workflow

from workflows.messages import OWN_MESSAGES
from workflows.run.batch import BatchWorkflow
from workflows.run.workflow import RunWorkflow


def test_the_messages_that_no_definition_may_wait_for_are_those_that_runs_and_batches_listen_to() -> None:
    found = [workflow._Definition.must_from_class(kind) for kind in (RunWorkflow, BatchWorkflow)]

    assert {name for one in found for name in (*one.signals, *one.updates)} == OWN_MESSAGES
