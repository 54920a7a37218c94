"""Writes that arrive at the same time are made in one visit to a thread.

A hundred devices finish their reads within a tick of each other. A thread for each write costs more CPU than the write
itself: two switches, and a wake-up of the event loop. Nothing waits for a group to fill: what arrives while a thread is
busy goes with the next visit, and another thread is asked only where a whole group waits. Nobody is answered before his
own write is durable.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final, Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")

AT_ONCE: Final = 4  # groups under way: a sync waits for the disk, and others may be written meanwhile
LARGEST: Final = 32  # writes in a group: the first of them waits for the last


class Grouped(Generic[A, R]):
    """One function over many arguments, called in groups.

    Args:
        act: Does all of a group in a thread; for each argument its result, or the error that it met.
        threads: Where.
    """

    def __init__(self, act: Callable[[Sequence[A]], Sequence[R | OSError]], threads: Executor) -> None:
        self._act = act
        self._threads = threads
        self._waiting: deque[tuple[A, asyncio.Future[R]]] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._at_work = 0

    async def __call__(self, argument: A) -> R:
        """The result for one argument. Raises the `OSError` that it met."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((argument, answer))
        if self._at_work == 0 or (self._at_work < AT_ONCE and len(self._waiting) >= LARGEST):
            self._at_work += 1
            worker = asyncio.create_task(self._work(), name="grouped writes")
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return await answer

    async def _work(self) -> None:
        try:
            await self._work_off()
        finally:
            self._at_work -= 1

    async def _work_off(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(LARGEST, len(self._waiting)))]
            try:
                results = await self._made([argument for argument, _ in group])
            except asyncio.CancelledError:  # the event loop is going down
                for _, answer in group:
                    answer.cancel()
                raise
            for (_, answer), result in zip(group, results, strict=True):
                if answer.done():  # whoever asked was cancelled meanwhile
                    continue
                if isinstance(result, Exception):
                    answer.set_exception(result)
                else:
                    answer.set_result(result)

    async def _made(self, arguments: Sequence[A]) -> Sequence[R | Exception]:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._act, arguments)
        except Exception as error:  # noqa: BLE001  # a bug in `act` must reach all who wait, and not this task alone
            return [RuntimeError(f"a group of writes was not made: {error!r}") for _ in arguments]
