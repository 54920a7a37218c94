"""Writes in groups: each is answered with its own result, and none before the group is made."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from activities.artifacts.grouping import AT_ONCE, LARGEST, Grouped

UNWRITABLE = -1


class Disk:
    """Notes the groups; waits until it is let go; knows one number that it cannot write."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.go = threading.Event()

    def write(self, numbers: Sequence[int]) -> list[int | OSError]:
        self.groups.append(list(numbers))
        assert self.go.wait(10)
        return [OSError("full") if number == UNWRITABLE else number * 2 for number in numbers]


async def test_what_arrives_while_a_thread_is_busy_goes_together() -> None:
    disk = Disk()
    with ThreadPoolExecutor(8) as threads:
        double: Grouped[int, int] = Grouped(disk.write, threads)
        asked = [asyncio.create_task(double(0))]
        await _groups(disk, 1)
        asked += [asyncio.create_task(double(number)) for number in range(1, LARGEST)]
        await asyncio.sleep(0.05)
        assert disk.groups == [[0]], "the others are no whole group, and wait for the thread that is at work"
        assert not any(one.done() for one in asked)
        disk.go.set()
        assert await asyncio.gather(*asked) == [number * 2 for number in range(LARGEST)]
    assert [len(group) for group in disk.groups] == [1, LARGEST - 1]


async def test_more_threads_are_asked_where_whole_groups_wait_but_only_so_many() -> None:
    disk = Disk()
    with ThreadPoolExecutor(8) as threads:
        double: Grouped[int, int] = Grouped(disk.write, threads)
        asked = [asyncio.create_task(double(number)) for number in range((AT_ONCE + 2) * LARGEST)]
        await _groups(disk, AT_ONCE)
        await asyncio.sleep(0.05)
        assert len(disk.groups) == AT_ONCE
        disk.go.set()
        assert await asyncio.gather(*asked) == [number * 2 for number in range(len(asked))]
    assert max(len(group) for group in disk.groups) == LARGEST


async def test_what_comes_after_all_was_written_is_written_too() -> None:
    disk = Disk()
    disk.go.set()
    with ThreadPoolExecutor(1) as threads:
        double: Grouped[int, int] = Grouped(disk.write, threads)
        async with asyncio.timeout(10):
            assert [await double(number) for number in range(5)] == [0, 2, 4, 6, 8]


async def test_an_error_reaches_only_the_one_whose_it_is() -> None:
    disk = Disk()
    disk.go.set()
    with ThreadPoolExecutor(1) as threads:
        double: Grouped[int, int] = Grouped(disk.write, threads)
        results = await asyncio.gather(*(double(number) for number in (1, UNWRITABLE, 3)), return_exceptions=True)
    assert results[0] == 2
    assert isinstance(results[1], OSError)
    assert results[2] == 6


async def test_one_who_is_cancelled_does_not_take_the_others_along() -> None:
    disk = Disk()
    with ThreadPoolExecutor(1) as threads:
        double: Grouped[int, int] = Grouped(disk.write, threads)
        first, second = asyncio.create_task(double(1)), asyncio.create_task(double(2))
        await asyncio.sleep(0.01)
        first.cancel()
        disk.go.set()
        assert await second == 4
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_a_bug_in_the_writing_is_an_error_for_all_who_wait() -> None:
    def broken(_numbers: Sequence[int]) -> list[int | OSError]:
        raise ValueError("a bug")

    with ThreadPoolExecutor(1) as threads:
        double: Grouped[int, int] = Grouped(broken, threads)
        with pytest.raises(RuntimeError, match="a bug"):
            await double(1)


async def _groups(disk: Disk, number: int) -> None:
    async with asyncio.timeout(10):
        while len(disk.groups) < number:
            await asyncio.sleep(0.01)
