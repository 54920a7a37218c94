"""From a run's record an auditor comes to those of the runs that it has called, each by its digest."""

import pytest

from calling import CLOSE, call, called_by, world_of
from plans import changing, reading, ref
from running import Server
from workflows.contracts import CalledRecord, RunResult, StepResult

pytestmark = pytest.mark.asyncio(loop_scope="session")
RECORD = ref("record")


def records_of(result: RunResult, step: str) -> tuple[CalledRecord, ...]:
    return next(one for one in result.steps if one.id == step).records


async def test_the_record_of_a_run_names_those_of_the_runs_that_it_has_called(server: Server) -> None:
    world = world_of((call("child", "middle"),), middle=(call("grandchild", "inner"),), inner=(reading("look"),))
    result = await server.outcome(world)
    inner, middle, outer = world.sealed
    assert [one.scope.workflow_id for one in (outer, middle)] == [result.id, f"{result.id}/child"]
    tied = CalledRecord(workflow_id=middle.scope.workflow_id, run=middle.scope.run, record=RECORD)
    assert records_of(outer.result, "child") == records_of(result, "child") == (tied,)
    deeper = CalledRecord(workflow_id=inner.scope.workflow_id, run=inner.scope.run, record=RECORD)
    assert records_of(middle.result, "grandchild") == (deeper,)


async def test_it_names_those_of_a_run_that_failed_and_of_the_one_that_took_it_back(server: Server) -> None:
    world = world_of((call("child", "inner"), CLOSE), hosts=("sw1",), inner=(changing("deploy"),))
    result = await server.outcome(world)
    one = called_by(result, "child")
    named = [(tied.workflow_id, tied.record) for tied in records_of(result, "child")]
    assert named == [(one.workflow_id, RECORD), (one.undone_by, RECORD)]

    world = world_of((call("child", "inner"),), hosts=("sw1",), inner=(reading("look"),))
    world.fails("look", "sw1")
    result = await server.outcome(world)
    assert [tied.workflow_id for tied in records_of(result, "child")] == [f"{result.id}/child"]


async def test_a_run_without_a_record_is_not_named(server: Server) -> None:
    world = world_of((call("child", "inner"),), inner=(reading("look"),))
    world.store_fails = True
    result = await server.outcome(world)
    assert (result.verdict, records_of(result, "child")) == ("succeeded", ())


async def test_workers_and_clients_of_before_are_told_of_no_records_where_there_are_none() -> None:
    step = StepResult(id=CLOSE.id, kind="http", state="succeeded")
    assert "records" not in step.model_dump()
    assert StepResult.model_validate_json(step.model_dump_json()) == step
