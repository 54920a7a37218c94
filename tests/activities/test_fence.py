"""The fence: an attempt that was frozen never writes again, whatever runs first when it wakes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.deviceinteraction.failures import StaleAttempt
from activities.fence import AttemptFence, heartbeat

FROZEN = """
import asyncio, sys
from dataclasses import replace
from datetime import timedelta
from temporalio.testing import ActivityEnvironment
from activities.deviceinteraction.failures import StaleAttempt
from activities.fence import heartbeat

async def attempt():
    async with heartbeat() as fence:
        fence.check()
        print("awake", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        for _ in range(20):
            await asyncio.sleep(0.02)  # the ticker runs again before anybody checks
        try:
            fence.check()
        except StaleAttempt as error:
            print("stale:", error.message, flush=True)
        else:
            print("writes on", flush=True)

environment = ActivityEnvironment()
environment.info = replace(environment.info, heartbeat_timeout=timedelta(seconds=4))
asyncio.run(environment.run(attempt))
"""


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_gap_above_half_of_the_heartbeat_timeout_makes_an_attempt_stale_for_good() -> None:
    clock = Clock()
    fence = AttemptFence(timedelta(seconds=10), clock)
    clock.now += 4.9
    fence.check()
    fence.tick()
    clock.now += 5.1
    fence.tick()
    for _ in range(3):
        fence.tick()
        with pytest.raises(StaleAttempt, match=r"stood still for 5\.1 s"):
            fence.check()


def test_a_check_sees_a_gap_that_no_tick_has_ended() -> None:
    clock = Clock()
    fence = AttemptFence(timedelta(seconds=10), clock)
    clock.now += 6
    with pytest.raises(StaleAttempt):
        fence.check()


async def test_heartbeats_go_out_while_the_block_runs_and_end_with_it() -> None:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, heartbeat_timeout=timedelta(seconds=4))
    beats: list[float] = []
    environment.on_heartbeat = lambda *_: beats.append(time.monotonic())

    async def attempt() -> None:
        async with heartbeat() as fence:
            while not beats:
                await asyncio.sleep(0.02)
            fence.check()

    await environment.run(attempt)
    assert len(beats) == 1


@pytest.mark.parametrize("frozen", [True, False])
def test_a_process_that_was_stopped_and_continued_knows_it(frozen: bool) -> None:
    process = subprocess.Popen([sys.executable, "-c", FROZEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "awake\n"
        if frozen:
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(2.5)  # more than half of the timeout, by much: a busy machine must not look frozen
            os.kill(process.pid, signal.SIGCONT)
        said, _ = process.communicate("go\n", timeout=60)
    finally:
        process.kill()
    assert said.startswith("stale: This attempt stood still" if frozen else "writes on")
