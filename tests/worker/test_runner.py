"""How the worker carries workflows out: as the SDK does, but for being asked what each payload is of."""

import pytest
from temporalio.converter import ActivitySerializationContext, SerializationContext
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.workflow import NondeterminismError

from histories import disagreeing, kept
from worker.build import WORKFLOWS
from worker.runner import Runner
from workflows.converter import CONVERTER, Conversion


def replayer(runner: WorkflowRunner) -> Replayer:
    return Replayer(workflows=WORKFLOWS, data_converter=CONVERTER, workflow_runner=runner)


@pytest.mark.parametrize(
    "name", ["success.run", "success.batch", "cancel-in-wave.run", "continued.first", "call-undone.run"]
)
async def test_kept_histories_replay_on_it(name: str) -> None:
    assert (await replayer(Runner()).replay_workflow(kept(name))).replay_failure is None


async def test_a_history_of_another_interpreter_is_found_out_by_it() -> None:
    with pytest.raises(NondeterminismError):
        await replayer(Runner()).replay_workflow(disagreeing())


@pytest.mark.parametrize(("runner", "is_asked"), [(Runner(), False), (UnsandboxedWorkflowRunner(), True)])
async def test_the_converter_is_not_asked_for_each_activity(
    monkeypatch: pytest.MonkeyPatch, runner: WorkflowRunner, is_asked: bool
) -> None:
    asked: list[SerializationContext] = []

    def with_context(self: Conversion, context: SerializationContext) -> Conversion:
        asked.append(context)
        return self

    monkeypatch.setattr(Conversion, "with_context", with_context)
    assert (await replayer(runner).replay_workflow(kept("success.batch"))).replay_failure is None
    assert any(isinstance(context, ActivitySerializationContext) for context in asked) == is_asked
