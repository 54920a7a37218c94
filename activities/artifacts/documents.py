"""Typed JSON in the artifact store, with what was read lately kept parsed in the worker.

A step over a thousand devices reads one bundle and ten folds; without this each device would parse them again. The
cache is bounded by bytes of JSON, and content never goes stale, for its name is its hash.
"""

import asyncio
from collections import OrderedDict
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from activities.artifacts.store import JSON, TEXT, ArtifactStore
from workflows.contracts import ArtifactRef

T = TypeVar("T")

CACHE_BYTES: Final = 64_000_000
THREAD_ABOVE: Final = 200_000  # bytes; parsing more than this would hold up the heartbeats of other devices


class Documents:
    """Reads and writes models as JSON artifacts.

    Args:
        store: Where they lie.
        cache_bytes: How much JSON may be kept parsed.
    """

    def __init__(self, store: ArtifactStore, cache_bytes: int = CACHE_BYTES) -> None:
        self.store = store
        self._limit = cache_bytes
        self._held = 0
        self._cache: OrderedDict[tuple[ArtifactRef, int], tuple[int, Any]] = OrderedDict()  # Any: of many types
        self._reading: dict[tuple[ArtifactRef, int], asyncio.Lock] = {}

    async def load(self, ref: ArtifactRef, adapter: TypeAdapter[T]) -> T:
        """The parsed artifact; callers share it and must not change it.

        Raises:
            ArtifactError: It is not in the store.
            pydantic.ValidationError: It is not of this type, which is a bug of ours.
        """
        key = (ref, id(adapter))  # adapters are constants of modules
        lock = self._reading.setdefault(key, asyncio.Lock())
        try:
            async with lock:  # hundreds of devices ask for the same bundle at once
                if (held := self._cache.get(key)) is not None:
                    self._cache.move_to_end(key)
                    value: T = held[1]
                    return value
                data = await self.store.get(ref)
                value = await _parse(data, adapter)
                self._keep(key, len(data), value)
                return value
        finally:
            self._reading.pop(key, None)

    async def save(self, value: T, adapter: TypeAdapter[T]) -> ArtifactRef:
        """Keep a value as JSON. Maps keep their order: the inventory's means something."""
        return await self.store.put(adapter.dump_json(value), JSON)

    async def save_text(self, text: str) -> ArtifactRef:
        """Keep text as UTF-8."""
        return await self.store.put(text.encode(), TEXT)

    async def text(self, ref: ArtifactRef) -> str:
        """Text that was kept."""
        return (await self.store.get(ref)).decode()

    def _keep(self, key: tuple[ArtifactRef, int], size: int, value: object) -> None:
        if size > self._limit // 4:
            return  # one giant must not drive out everything else
        self._cache[key] = (size, value)
        self._held += size
        while self._held > self._limit:
            _, (freed, _) = self._cache.popitem(last=False)
            self._held -= freed


async def _parse(data: bytes, adapter: TypeAdapter[T]) -> T:
    if len(data) < THREAD_ABOVE:
        return adapter.validate_json(data)
    return await asyncio.to_thread(adapter.validate_json, data)
