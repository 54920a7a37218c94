"""Typed documents: parsed once, kept within a bound."""

import asyncio
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.artifacts.store import ArtifactError, ref_of
from workflows.contracts import ArtifactRef

NUMBERS: TypeAdapter[dict[str, int]] = TypeAdapter(dict[str, int])


class Counting(LocalArtifactStore):
    """The real store, counting how often it is read."""

    reads = 0

    async def get(self, ref: ArtifactRef) -> bytes:
        self.reads += 1
        return await super().get(ref)


async def test_a_document_is_the_same_for_all_who_ask_and_read_once(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    ref = await Documents(store).save({"b": 2, "a": 1}, NUMBERS)
    documents = Documents(store)
    found = await asyncio.gather(*(documents.load(ref, NUMBERS) for _ in range(50)))
    assert store.reads == 1
    assert all(value is found[0] for value in found)
    assert await store.get(ref) == b'{"b":2,"a":1}'


async def test_what_is_kept_stays_within_the_bound(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    documents = Documents(store, cache_bytes=4_000)
    refs = [await documents.save({"x" * 500: number}, NUMBERS) for number in range(20)]
    for ref in refs:
        await documents.load(ref, NUMBERS)
    assert store.reads == 20
    await documents.load(refs[-1], NUMBERS)
    assert store.reads == 20
    await documents.load(refs[0], NUMBERS)
    assert store.reads == 21


async def test_a_giant_is_parsed_and_not_kept(tmp_path: Path) -> None:
    documents = Documents(LocalArtifactStore(tmp_path), cache_bytes=1_000)
    giant = {f"host-{number}": number for number in range(30_000)}
    ref = await documents.save(giant, NUMBERS)
    assert await documents.load(ref, NUMBERS) == giant
    assert await documents.load(ref, NUMBERS) == giant


async def test_a_failed_read_is_not_remembered(tmp_path: Path) -> None:
    documents = Documents(LocalArtifactStore(tmp_path))
    missing = ref_of(b'{"a":1}')
    with pytest.raises(ArtifactError):
        await documents.load(missing, NUMBERS)
    assert await documents.save({"a": 1}, NUMBERS) == missing
    assert await documents.load(missing, NUMBERS) == {"a": 1}
