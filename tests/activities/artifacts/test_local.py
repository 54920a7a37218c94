"""The local artifact store: durable, write-once where it says so, and safe between processes."""

import asyncio
import hashlib
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from activities.artifacts.local import LocalArtifactStore
from activities.artifacts.store import TEXT, ArtifactError, ref_of
from workflows.contracts import ArtifactRef

WRITER = """
import asyncio, sys
from pathlib import Path
from activities.artifacts.local import LocalArtifactStore

async def main(root, name):
    store = LocalArtifactStore(Path(root))
    number = 0
    while True:
        data = (name + str(number)).encode() * 2000
        await store.put(data, "text/plain")
        won = await store.create(f"race/{number}", name.encode() * 5000)
        print(number, won, flush=True)
        number += 1

asyncio.run(main(*sys.argv[1:]))
"""


async def test_content_comes_back_under_its_hash_and_twice_is_once(tmp_path: Path) -> None:
    store = LocalArtifactStore(tmp_path)
    first = await store.put(b"running config", TEXT)
    assert first == f"sha256:{hashlib.sha256(b'running config').hexdigest()}"
    assert await store.put(b"running config", TEXT) == first
    assert await store.get(first) == b"running config"
    assert await LocalArtifactStore(tmp_path).get(first) == b"running config"


async def test_only_the_owner_can_read_what_is_stored(tmp_path: Path) -> None:
    store = LocalArtifactStore(tmp_path / "deep" / "store")
    await store.put(b"x", TEXT)
    await store.create("journal/run/a", b"x")
    await store.publish("runs/1/report.html", b"x")
    for path in (tmp_path / "deep").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


async def test_a_key_is_written_once_and_keeps_its_first_value(tmp_path: Path) -> None:
    store = LocalArtifactStore(tmp_path)
    assert await store.read("journal/run/intent") is None
    assert await store.create("journal/run/intent", b"first")
    assert not await store.create("journal/run/intent", b"second")
    assert not await store.create("journal/run/intent", b"first")
    assert await store.read("journal/run/intent") == b"first"


async def test_of_many_writers_of_a_key_exactly_one_wins(tmp_path: Path) -> None:
    stores = [LocalArtifactStore(tmp_path) for _ in range(4)]
    won = await asyncio.gather(*(stores[n % 4].create("one/key", f"{n}".encode()) for n in range(64)))
    assert won.count(True) == 1
    assert await stores[0].read("one/key") == str(won.index(True)).encode()
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_key_and_a_folder_of_the_same_name_do_not_meet(tmp_path: Path) -> None:
    store = LocalArtifactStore(tmp_path)
    assert await store.create("a", b"1")
    assert await store.create("a/b", b"2")
    assert (await store.read("a"), await store.read("a/b")) == (b"1", b"2")


@pytest.mark.parametrize("name", ["sw 1", "sw%2F1", "gi1=0", "ä" * 300, "..%2f", "x" * 1000])
async def test_any_name_makes_a_safe_key(tmp_path: Path, name: str) -> None:
    store = LocalArtifactStore(tmp_path / "store")
    assert await store.create(f"journal/{name}/x", name.encode())
    assert await store.read(f"journal/{name}/x") == name.encode()
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", "."])
async def test_a_key_that_could_leave_the_store_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ArtifactError, match="not a key"):
        await LocalArtifactStore(tmp_path).create(key, b"")


@pytest.mark.parametrize("ref", ["", "sha256:", "sha256:../../etc/passwd", "md5:00", f"sha256:{'A' * 64}"])
async def test_a_reference_that_is_none_never_becomes_a_path(tmp_path: Path, ref: str) -> None:
    with pytest.raises(ArtifactError, match="not an artifact reference"):
        await LocalArtifactStore(tmp_path).get(ArtifactRef(ref))


async def test_an_absent_artifact_is_said_with_what_to_check(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="same store"):
        await LocalArtifactStore(tmp_path).get(ref_of(b"never stored"))


async def test_a_damaged_artifact_is_never_handed_out(tmp_path: Path) -> None:
    store = LocalArtifactStore(tmp_path)
    ref = await store.put(b"true", TEXT)
    next(path for path in (tmp_path / "objects").rglob("*") if path.is_file()).write_bytes(b"false")
    with pytest.raises(ArtifactError, match="damaged"):
        await store.get(ref)


async def test_a_published_file_is_replaced(tmp_path: Path) -> None:
    store = LocalArtifactStore(tmp_path)
    where = await store.publish("runs/change-1/report.html", b"first")
    assert await store.publish("runs/change-1/report.html", b"second") == where
    assert Path(where).read_bytes() == b"second"


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtifactError, match=r"artifacts\.path"):
        LocalArtifactStore(tmp_path / "file" / "store")


def test_leftovers_of_a_crash_are_swept_a_day_later(tmp_path: Path) -> None:
    LocalArtifactStore(tmp_path)
    old, new = tmp_path / "tmp" / "old", tmp_path / "tmp" / "new"
    old.write_bytes(b"half")
    new.write_bytes(b"half")
    os.utime(old, (time.time() - 100_000, time.time() - 100_000))
    LocalArtifactStore(tmp_path)
    assert [path.name for path in (tmp_path / "tmp").iterdir()] == ["new"]


async def test_writers_killed_at_any_point_leave_only_whole_values(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name], stdout=subprocess.PIPE, text=True)
        for name in ("left", "right")
    ]
    said = []
    try:
        for writer in writers:
            assert writer.stdout is not None
            said += [writer.stdout.readline() for _ in range(5)]
    finally:
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
    assert all(said)
    assert any("True" in line for line in said)

    store = LocalArtifactStore(tmp_path)
    for path in (tmp_path / "objects").rglob("*"):
        if path.is_file():
            await store.get(ArtifactRef(f"sha256:{path.parent.name}{path.name}"))
    values = [path.read_bytes() for path in (tmp_path / "keys" / "race").iterdir()]
    assert values
    assert all(value in {b"left" * 5000, b"right" * 5000} for value in values)


async def test_a_called_runs_folder_for_people_is_escaped_once(tmp_path: Path) -> None:
    store = LocalArtifactStore(tmp_path)
    where = await store.publish("runs/site%2Ffirmware/report.html", b"page")
    assert Path(where).parent == store.root / "published" / "runs" / "site%2Ffirmware"
    assert await store.newest("runs") == "site%2Ffirmware"
    assert await store.published("runs/site%2Ffirmware/report.html") == b"page"
