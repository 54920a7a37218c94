"""`netsaga artifact`: the log that a message names is a command away."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from activities.artifacts.local import LocalArtifactStore
from worker.__main__ import main
from worker.commands.artifact import show_artifact
from worker.settings import ArtifactSettings, Settings, SettingsError


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(artifacts=ArtifactSettings(path=tmp_path / "store"))


@pytest.fixture
async def ref(settings: Settings) -> str:
    return await LocalArtifactStore(settings.artifacts.path).put(
        "fatal: no route to host — ümlaut\n".encode(), "text/plain"
    )


async def test_it_is_printed_byte_for_byte(
    settings: Settings, ref: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert await show_artifact(settings, ref, out=None) == 0
    assert capfdbinary.readouterr().out.decode() == "fatal: no route to host — ümlaut\n"


async def test_it_is_written_to_a_file(
    settings: Settings, ref: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await show_artifact(settings, ref, out=tmp_path / "log.txt") == 0
    assert (tmp_path / "log.txt").read_text() == "fatal: no route to host — ümlaut\n"
    assert capsys.readouterr().out == f"36 bytes are in {tmp_path / 'log.txt'}\n"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("../../etc/passwd", "is not an artifact reference; expected `sha256:`"),
        (f"sha256:{'0' * 64}", "sha256:0000"),
    ],
)
async def test_what_is_not_there_is_said(settings: Settings, ref: str, asked: str, says: str) -> None:
    assert ref
    with pytest.raises(SettingsError) as refused:
        await show_artifact(settings, asked, out=None)
    assert says in str(refused.value)


async def test_a_file_that_cannot_be_written_is_said(settings: Settings, ref: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the artifact cannot be written: Is a directory"):
        await show_artifact(settings, ref, out=tmp_path)


def test_a_reader_of_a_pipe_that_has_gone_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netsaga.yaml").write_text("artifacts: {path: store}\n")
    kept = asyncio.run(LocalArtifactStore(tmp_path / "store").put(b"one\n", "text/plain"))
    reader, writer = os.pipe()
    os.close(reader)
    ended = None
    with suppress(BrokenPipeError), os.fdopen(writer, "w") as gone:  # closing it tries once more
        monkeypatch.setattr(sys, "stdout", gone)
        ended = main(["artifact", kept, "--settings", str(tmp_path / "netsaga.yaml")])
    assert ended == 0
