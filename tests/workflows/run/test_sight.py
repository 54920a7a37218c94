"""What is seen of a live run on the real server: causes before a batch ends, devices under way, the graph."""

import pytest

from plans import at_most, changing, of, plan, reading
from running import Server
from scripted import Holding, World, failed
from starter.live import merged
from workflows import contracts
from workflows.contracts import DeviceOutcome, DevicePage, InteractInput, Page, RunGraph
from workflows.plan import HostName, OnFailure, Retry, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = tuple(f"sw{number:02}" for number in range(1, 11))


async def test_why_devices_fail_is_seen_before_their_batch_ends(server: Server) -> None:
    world = World(plan(changing("deploy", accept=at_most(5), on_failure=OnFailure(action="stop"))), HOSTS)
    holding = Holding(world)
    world.scripts["deploy", "sw10"] = holding
    world.fails("deploy", "sw03", touched=True)
    world.fails("deploy", "sw07", touched=True)
    async with server.run(world) as live:
        status = await live.until(lambda status: bool(status.causes) and status.causes[0].devices == 2)
        assert status.causes[0].message == "… says check_failed"
        assert status.causes[0].examples == ("sw03", "sw07")
        assert status.steps[0].budget is not None
        assert (status.steps[0].budget.failures, status.steps[0].budget.allowed) == (2, 5)
        status = await live.until(lambda status: status.cells.letters == "ccxcccxccr")
        assert len(status.failures) == 2
        holding.go_on.set()
        result = await live.result()
        assert result.causes == status.causes
        assert [cause.devices for cause in (await live.status()).causes] == [2]
        assert len((await live.status()).failures) == 2


async def test_batches_tell_of_devices_under_way_since_when_and_in_which_attempt(server: Server) -> None:
    world = World(
        plan(
            reading("precheck"),
            changing(
                "deploy",
                needs=(StepId("precheck"),),
                devices=of("steps.precheck.succeeded"),
                retry=Retry(attempts=9, delay_s=0.01),
            ),
        ),
        HOSTS,
    )
    holding = Holding(world)
    tries = []

    async def second_time(call: InteractInput) -> DeviceOutcome:
        tries.append(call.host)
        if len(tries) == 1:
            raise failed(call, "unreachable", touched=False)
        return await holding(call)

    world.scripts["deploy", "sw02"] = second_time
    async with server.run(world) as live:
        await live.until(lambda status: status.cells.letters == "crcccccccc")
        page = await live.devices(Page(status=("running",)))
        assert [line.host for line in page.devices] == ["sw02"]
        assert [batch.step for batch in page.batches] == ["deploy"]
        await holding.begun.wait()
        whole = await live.devices(Page(limit=10))
        lines = {line.host: line for line in await merged(server.client, whole)}
        under_way = lines[HostName("sw02")]
        assert (under_way.status, under_way.wave, under_way.attempt) == ("running", "all", 2)
        assert under_way.since is not None
        assert under_way.since.tzinfo is not None
        assert under_way.message == "tried again after: sw02 says unreachable"
        batch = server.client.get_workflow_handle(page.batches[0].id)
        ended: DevicePage = await batch.query(
            contracts.QUERY_DEVICES, Page(status=("changed",), limit=3), result_type=DevicePage
        )
        assert (ended.total, len(ended.devices)) == (9, 3)
        holding.go_on.set()
        await live.result()
        assert (await live.devices(Page())).batches == ()
        gone = await merged(server.client, page)
        assert [line.host for line in gone] == ["sw02"]


async def test_a_live_run_draws_its_graph(server: Server) -> None:
    world = World(plan(reading("look"), changing("deploy", needs=(StepId("look"),)), last=(reading("after"),)), HOSTS)
    holding = Holding(world)
    world.scripts["deploy", "sw01"] = holding
    async with server.run(world) as live:
        await holding.begun.wait()
        graph: RunGraph = await live.handle.query(contracts.QUERY_GRAPH, result_type=RunGraph)
        assert [(node.id, node.state) for node in graph.nodes] == [
            ("look", "succeeded"),
            ("deploy", "running"),
            ("after", "pending"),
        ]
        assert "step_look --> step_deploy" in graph.mermaid
        holding.go_on.set()
        await live.result()
