"""`netsaga transcript` of a run that has not ended: what devices have said so far, on real sessions."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from activities import sessions
from activities.deviceinteraction.recording import read
from activities.deviceinteraction.testbed.model import Fault
from activity_bench import bench, call, call_of, refused, until
from worker.commands.transcript import TranscriptError, show_transcript
from worker.settings import ArtifactSettings, Settings

DEFINITION = """
netsaga: 1
name: change
version: 1.0.0
inventory: {source: lab}
defaults: {timeout: 20s, retry: {attempts: 2, delay: 10ms, on: [transient]}, credential: device_rw}
steps:
  - id: look
    devices: inventory
    do:
      - show: show clock
      - snapshot: [vlans]
        as: state
    on_failure: stop
"""


async def said(folder: Path, host: str, step: str | None = None, out: Path | None = None) -> int:
    settings = Settings(artifacts=ArtifactSettings(path=folder / "artifacts"))
    return await show_transcript(settings, "change-1", host, step=step, out=out)


async def test_what_a_device_has_said_is_shown_before_its_session_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sessions, "SHOWN_AFTER_S", 0.02)
    monkeypatch.setattr(sessions, "SHOWN_EVERY_S", 0.02)
    async with bench(tmp_path, devices=2) as lab:
        host, other = lab.hosts
        with pytest.raises(TranscriptError, match="has not logged in to any device yet"):
            await said(tmp_path, host)
        lab.testbed.device(host).inject(Fault(kind="hang", match="^show vlan", times=1))
        prepared = await lab.prepared(DEFINITION)
        under_way = asyncio.create_task(call(lab.interact.interact, call_of(prepared, "look", host)))
        await until(lambda: any(entry.get("line") == "show vlan brief" for entry in lab.testbed.device(host).log()))
        async with asyncio.timeout(30):
            shown = ""
            while "> show vlan" not in shown:
                await asyncio.sleep(0.02)
                with suppress(TranscriptError):  # nothing is shown of a session at its very beginning
                    await said(tmp_path, host)
                shown = capsys.readouterr().out
        assert shown.startswith("step look, still open; as of ")
        assert "> show clock" in shown
        with pytest.raises(TranscriptError, match="nothing was said to 'acc-002' yet"):
            await said(tmp_path, other)
        with pytest.raises(TranscriptError, match="did you mean `look`"):
            await said(tmp_path, host, "lok")
        under_way.cancel()
        await asyncio.wait({under_way})


async def test_each_attempt_at_a_step_is_shown_and_can_be_played_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with bench(tmp_path, devices=1) as lab:
        (host,) = lab.hosts
        lab.testbed.device(host).inject(Fault(kind="drop", match="^show vlan", times=1))
        asked = call_of(await lab.prepared(DEFINITION), "look", host)
        await refused(lab.interact.interact, asked)
        await call(lab.interact.interact, asked, attempt=2)
        await said(tmp_path, host)
        titles = [line for line in capsys.readouterr().out.splitlines() if line.startswith("step ")]
        assert titles == ["step look", "step look, attempt 2"]
        kept = tmp_path / "kept"
        await said(tmp_path, host, "look", kept)
        assert len(read(kept.read_text(), "kept")) == 2
