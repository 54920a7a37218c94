"""How many sessions a device and a site take at a time, over all calls on a worker."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.deviceinteraction.testbed import DeviceSpec
from activities.deviceinteraction.testbed.model import Fault
from activities.deviceinteraction.transport.pool import Pool
from activities.interact import Interact
from activities.sessions import SiteBusy, Sites
from activities.targets import Ways
from activity_bench import Bench, bench, call_of, environment, outcome_in, until
from workflows.contracts import Device, DeviceOutcome, Prepared

DEFINITION = """
netsaga: 1
name: change
version: 1.0.0
inventory: {source: lab}
defaults: {timeout: 20s, retry: {attempts: 1, delay: 10ms}}
steps:
  - id: look
    devices: inventory
    do:
      - snapshot: [vlans]
        as: state
    on_failure: stop
"""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path, devices=6) as found:
        yield found


def limited(lab: Bench, limit: int | None) -> Interact:
    return Interact(lab.documents, replace(lab.interact._sessions, sites=Sites(limit)))


def looking(
    activity: Interact, prepared: Prepared, host: str, env: ActivityEnvironment | None = None
) -> asyncio.Task[DeviceOutcome]:
    return asyncio.create_task((env or environment()).run(activity.interact, call_of(prepared, "look", host)))


def most_at_once(lab: Bench) -> int:
    """The most devices that were spoken to at one time, by their own logs: from the first line to the last.

    A device may notice the end of a session when the next one has begun elsewhere, so its lines count.
    """
    events: list[tuple[str, int]] = []
    for host in lab.hosts:
        times = [entry["t"] for entry in lab.testbed.device(host).log() if entry.get("line")]
        events += [(min(times), 1), (max(times), -1)]
    events.sort()
    open_now = [sum(step for _, step in events[: number + 1]) for number in range(len(events))]
    return max(open_now)


def take_their_time(lab: Bench) -> None:
    """Sessions that may overlap then do, also where one login takes longer than another."""
    for host in lab.hosts:
        lab.testbed.device(host).inject(Fault(kind="slow", times=0, seconds=0.3))


@pytest.mark.parametrize("limit", [1, 2])
async def test_a_site_takes_no_more_sessions_than_its_limit(lab: Bench, limit: int) -> None:
    prepared, activity = await lab.prepared(DEFINITION), limited(lab, limit)
    take_their_time(lab)
    outcomes = await asyncio.gather(*(looking(activity, prepared, host) for host in lab.hosts))
    assert {outcome.status for outcome in outcomes} == {"succeeded"}
    assert most_at_once(lab) == limit


async def test_without_a_limit_all_go_at_once(lab: Bench) -> None:
    prepared, activity = await lab.prepared(DEFINITION), limited(lab, None)
    take_their_time(lab)
    await asyncio.gather(*(looking(activity, prepared, host) for host in lab.hosts))
    assert most_at_once(lab) > 2


async def test_a_call_that_waits_for_a_slot_goes_on_heartbeating_and_can_be_cancelled(lab: Bench) -> None:
    prepared, activity = await lab.prepared(DEFINITION), limited(lab, 1)
    async with activity._sessions.sites.slot((await _device(lab)), 10):
        beats: list[object] = []
        env = environment(heartbeat=timedelta(milliseconds=80))
        env.on_heartbeat = lambda *details: beats.append(details)
        waiting = looking(activity, prepared, lab.hosts[0], env)
        await until(lambda: len(beats) > 3)
        assert not waiting.done()
        env.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert (await looking(activity, prepared, lab.hosts[0])).status == "succeeded"


async def test_a_wait_that_is_too_long_is_no_attempt_at_the_device(lab: Bench) -> None:
    prepared, activity = await lab.prepared(DEFINITION), limited(lab, 1)
    async with activity._sessions.sites.slot((await _device(lab)), 10):
        env = environment(attempt=3)
        env.info = replace(env.info, start_to_close_timeout=timedelta(milliseconds=200))
        with pytest.raises(ApplicationError, match="sessions_per_site") as caught:
            await looking(activity, prepared, lab.hosts[0], env)
    assert (caught.value.type, caught.value.non_retryable) == ("transient", False)
    assert not outcome_in(caught.value).touched
    assert lab.testbed.device(lab.hosts[0]).log() == []


async def test_other_sites_and_devices_without_one_do_not_wait(lab: Bench) -> None:
    device, sites = await _device(lab), Sites(1)
    others = [device.model_copy(update={"site": site}) for site in ("elsewhere", None, None)]
    async with sites.slot(device, 1):
        for other in others:
            async with sites.slot(other, 1):
                pass


async def test_a_device_takes_no_more_sessions_than_its_limit_and_others_do_not_wait_for_it(lab: Bench) -> None:
    (device, other, *_), sites = await lab.knowledge.inventories["lab"].devices(), Sites(2, each=1)
    async with sites.slot(device, 1):
        with pytest.raises(SiteBusy, match=r"all 1 sessions of the device .*`limits\.sessions_per_device`"):
            async with sites.slot(device, 0.01):
                pass
        async with sites.slot(other, 1):
            pass
        async with sites.slot(other.model_copy(update={"site": None}), 1):
            pass
    async with sites.slot(device, 1):
        pass


async def test_runs_that_meet_on_one_device_take_turns_where_it_has_one_line(lab: Bench) -> None:
    prepared, sites = await lab.prepared(DEFINITION), Sites(each=1)
    pool = Pool(timedelta(seconds=30))
    activity = Interact(lab.documents, replace(lab.interact._sessions, sites=sites, pool=pool))
    host = lab.hosts[0]
    outcomes = await asyncio.gather(*(looking(activity, prepared, host) for _ in range(3)))
    await pool.close()
    assert {outcome.status for outcome in outcomes} == {"succeeded"}
    assert sum(entry.get("event") == "login" for entry in lab.testbed.device(host).log()) == 1


async def test_a_device_whose_inventory_says_telnet_is_reached_so_where_the_settings_allow_it(tmp_path: Path) -> None:
    spec = DeviceSpec(name="old-1", platform="cisco_iosxe", number=1, transport="telnet")
    async with bench(tmp_path, devices=[spec]) as lab:
        prepared, sessions = await lab.prepared(DEFINITION), lab.interact._sessions
        with pytest.raises(ApplicationError, match=r"clear text.*`telnet: allow`") as refused:
            await looking(Interact(lab.documents, sessions), prepared, "old-1")
        assert (refused.value.type, refused.value.non_retryable) == ("permanent", True)
        assert lab.testbed.device("old-1").log() == []
        allowed = Interact(lab.documents, replace(sessions, ways=Ways(telnet="allow")))
        assert (await looking(allowed, prepared, "old-1")).status == "succeeded"


async def _device(lab: Bench) -> Device:
    return (await lab.knowledge.inventories["lab"].devices())[0]
