"""``concurrency: {per, each}``: never more devices of one site under way than the definition says."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from expressions import tree
from plans import at_least, changing, plan, reading, waves
from running import Server
from scripted import World
from workflows.contracts import DeviceOutcome, InteractInput
from workflows.plan import DevicesStep, OnFailure, Step

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Measured(World):
    """A world that remembers how many devices were under way at most, in all and by site."""

    def __init__(self, step: Step, sites: list[str | None], **more: Any) -> None:
        hosts = tuple(f"sw{number:03}" for number in range(len(sites)))
        super().__init__(plan(step), hosts, **more)
        self.site = dict(zip(hosts, sites, strict=True))
        self.facts = {host: {"name": host, "site": site} for host, site in self.site.items()}
        self.under_way: Counter[str | None] = Counter()
        self.most: Counter[str | None] = Counter()
        self.most_of_all = 0
        for host in hosts:
            self.scripts[step.id, host] = self.count

    async def count(self, call: InteractInput) -> DeviceOutcome:
        """A device that takes a moment."""
        site = self.site[call.host]
        self.under_way[site] += 1
        self.most[site] = max(self.most[site], self.under_way[site])
        self.most_of_all = max(self.most_of_all, self.under_way.total())
        await asyncio.sleep(0.02)
        self.under_way[site] -= 1
        step = self.plan.step(call.step)
        changed = isinstance(step, DevicesStep) and step.changes
        return DeviceOutcome(host=call.host, status="succeeded", changed=changed, touched=changed)


@pytest.mark.history("site-caps")
async def test_no_site_has_more_devices_under_way_than_its_cap(server: Server) -> None:
    step = reading("look", concurrency=8, concurrency_per=tree("device.site"), concurrency_each=2)
    world = Measured(step, ["b1"] * 8 + ["b2"] * 4 + ["b3"] * 2 + [None] * 4)
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    assert len(world.asked("do", "look")) == 18
    assert set(world.most) == {"b1", "b2", "b3", None}
    assert max(world.most.values()) <= 2
    assert 1 < world.most_of_all <= 8


async def test_a_site_that_fills_several_batches_keeps_its_cap(server: Server) -> None:
    step = reading("look", concurrency=20, concurrency_per=tree("device.site"), concurrency_each=10)
    world = Measured(step, ["big" if number % 8 else "small" for number in range(130)])
    result = await server.outcome(world)
    assert result.counts == {"unchanged": 130}
    assert world.most["big"] <= 10
    assert world.most["small"] <= 10


async def test_the_cap_holds_in_each_wave_and_under_a_strict_budget(server: Server) -> None:
    step = changing(
        "deploy",
        concurrency_per=tree("device.site"),
        concurrency_each=1,
        waves=waves(3, "100%"),
        accept=at_least(80),
        budget="strict",
        on_failure=OnFailure(action="undo", scope="run"),
    )
    world = Measured(step, ["b1", "b1", "b2", "b2", "b2", "b1", "b3"])
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    assert world.most == {"b1": 1, "b2": 1, "b3": 1}
    assert [wave.size for wave in world.sealed[0].waves[step.id]] == [3, 4]


async def test_a_device_without_the_fact_fails_the_step_by_name_before_anything_is_touched(server: Server) -> None:
    step = changing("deploy", concurrency_per=tree("device.site"), concurrency_each=1)
    world = Measured(step, ["b1", "b2"])
    world.facts = {"sw000": {"name": "sw000", "site": "b1"}, "sw001": {"name": "sw001"}}
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert "device sw001" in result.message
    assert "site" in result.message
    assert world.calls == []
