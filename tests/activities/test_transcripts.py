"""What an activity keeps of its sessions: times, no secrets, and enough to play the device back."""

from pathlib import Path

from activities.deviceinteraction.recording import read
from activities.deviceinteraction.testbed.playback import Playback
from activities.values import VALUE
from activity_bench import Bench, bench, call, call_of, outcome_in, refused
from workflows.contracts import DeviceOutcome

DEFINITION = """
netsaga: 1
name: change
version: 1.0.0
inventory: {source: lab}
defaults: {timeout: 20s, retry: {attempts: 1, delay: 10ms}, credential: device_rw}
steps:
  - id: look
    devices: inventory
    do:
      - snapshot: [config, vlans, interfaces]
        as: state
    on_failure: stop
"""


async def looked(lab: Bench, host: str) -> DeviceOutcome:
    return await call(lab.interact.interact, call_of(await lab.prepared(DEFINITION), "look", host))


async def test_a_recorded_step_gives_the_same_normalised_state_when_it_is_played_back(tmp_path: Path) -> None:
    async with bench(tmp_path / "real") as lab:
        outcomes = [await looked(lab, host) for host in lab.hosts]
        states = [await lab.documents.load(outcome.values["state"], VALUE) for outcome in outcomes]
        texts = [await lab.documents.text(outcome.transcript) for outcome in outcomes if outcome.transcript]
    assert len(texts) == 4
    assert "netsaga-lab" not in "".join(texts)
    playback = Playback([session for text in texts for session in read(text, "transcript")])
    async with bench(tmp_path / "played", playback.specs("b1"), make=playback.make) as again:
        for host, state in zip(again.hosts, states, strict=True):
            seen = await again.documents.load((await looked(again, host)).values["state"], VALUE)
            before, after = state.model_dump(), seen.model_dump()
            for one in (before, after):  # of the configuration before secrets were taken out of it
                one["value"].pop("config_fingerprint")
            assert after == before


async def test_a_device_that_fails_leaves_its_transcript_too_with_times(tmp_path: Path) -> None:
    async with bench(tmp_path, devices=1) as lab:
        lab.testbed.device(lab.hosts[0]).inject("reject:show vlan")
        error = await refused(lab.interact.interact, call_of(await lab.prepared(DEFINITION), "look", lab.hosts[0]))
        ref = outcome_in(error).transcript
        assert ref is not None
        (session,) = read(await lab.documents.text(ref), "transcript")
    times = [entry.at_ms for entry in session.entries]
    assert times == sorted(times)
    assert (session.host, session.platform) == (lab.hosts[0], "cisco_iosxe")
    assert any(entry.kind == "received" and "% Invalid" in entry.text for entry in session.entries)
