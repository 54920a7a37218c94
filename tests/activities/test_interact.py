"""A step on one device, on four platforms: what it does, how it ends, and that no effect is made twice."""

import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.artifacts.store import ArtifactError
from activities.deviceinteraction.model import Credential, HostKeys
from activities.deviceinteraction.testbed.model import Fault
from activities.effects import names_for
from activities.interact import Interact
from activities.secrets.file import FileSecret
from activities.secrets.store import NamedSecrets
from activities.sessions import Sessions
from activities.values import VALUE, seen
from activity_bench import Bench, bench, call, call_of, environment, outcome_in, refused
from vlan_change import COMMIT, DEFINITION, HOSTS, TEMPLATE, looked_at, prepared_of
from workflows.contracts import ArtifactRef, DeviceOutcome, InteractInput

SECRETS = ("netsaga-lab", "netsaga-enable")


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as found:
        yield found


def _effects(lab: Bench, host: str) -> list[str]:
    return [entry.get("line", "") for entry in lab.testbed.device(host).log() if entry.get("effect") == "running"]


def _count(lab: Bench, host: str, pattern: str) -> int:
    return sum(bool(re.search(pattern, entry.get("line", ""))) for entry in lab.testbed.device(host).log())


def _logins(lab: Bench, host: str) -> int:
    return sum(entry.get("event") == "login" for entry in lab.testbed.device(host).log())


# ------------------------------------------------------------------------------------------------------ as it should


@pytest.mark.parametrize("host", HOSTS)
async def test_a_step_that_reads_keeps_its_values_and_alters_nothing(lab: Bench, host: str) -> None:
    prepared = await lab.prepared(DEFINITION, {"vlan.j2": TEMPLATE}, limit=2)
    config = lab.testbed.device(host).running_config()
    outcome = await call(lab.interact.interact, call_of(prepared, "look", host))
    assert (outcome.status, outcome.changed, outcome.touched, outcome.attempt) == ("succeeded", False, False, 1)
    assert outcome.warning_count == 1
    assert re.fullmatch(r"check 'room is left': \d VLANs", outcome.warnings[0])
    assert set(outcome.values) == {"state", "change"}
    state = seen(await lab.documents.load(outcome.values["state"], VALUE))
    assert isinstance(state, dict)
    assert state["vlans"][10] == {"name": "users", "status": "active"}
    assert state["interfaces"]
    assert outcome.diff is not None
    assert outcome.diff_ref is not None
    assert "cameras" in await lab.documents.text(outcome.diff_ref)
    assert lab.testbed.device(host).running_config() == config
    assert _effects(lab, host) == []


@pytest.mark.parametrize("host", HOSTS)
async def test_a_proposed_change_is_applied_once_however_often_it_is_asked_for(lab: Bench, host: str) -> None:
    prepared = await prepared_of(lab)
    asked = call_of(prepared, "deploy", host, await looked_at(lab, prepared, host))
    first = await call(lab.interact.interact, asked)
    assert (first.status, first.changed, first.touched, first.diff_made is not None) == ("succeeded", True, True, True)
    assert lab.testbed.device(host).vlans()[120].name == "cameras"
    effects = _effects(lab, host)
    assert effects
    again = await call(lab.interact.interact, asked, attempt=2)
    assert (again.status, again.changed, again.diff) == ("succeeded", True, first.diff)
    assert _effects(lab, host) == effects
    assert "120" in lab.testbed.device(host).startup_config()


@pytest.mark.parametrize("host", HOSTS)
async def test_configure_resumes_at_its_effect_and_does_not_repeat_the_reads_before_it(lab: Bench, host: str) -> None:
    prepared = await prepared_of(lab)
    asked = call_of(prepared, "direct", host)
    lab.testbed.device(host).inject(Fault(kind="drop", match=COMMIT[host], phase="after"))
    error = await refused(lab.interact.interact, asked)
    assert error.type == "outcome_unknown"
    assert not error.non_retryable
    assert (outcome_in(error).status, outcome_in(error).touched) == ("unknown", True)
    effects = _effects(lab, host)
    reads = _count(lab, host, "show vlan")
    outcome = await call(lab.interact.interact, asked, attempt=2)
    assert (outcome.status, outcome.changed, outcome.warning_count, outcome.attempt) == ("succeeded", True, 1, 2)
    assert set(outcome.values) == {"before", "after"}
    assert _count(lab, host, "show vlan") == reads + 1  # only the one after the effect
    assert _effects(lab, host) == effects


@pytest.mark.parametrize("host", HOSTS)
async def test_a_change_that_is_already_there_touches_nothing(lab: Bench, host: str) -> None:
    prepared = await lab.prepared(DEFINITION, {"vlan.j2": TEMPLATE}, vlan=10, name="users")
    error = await refused(lab.interact.interact, call_of(prepared, "look", host))
    assert error.message == f"check 'free': VLAN 10 is called users on {host}"
    error = await refused(lab.interact.interact, call_of(prepared, "direct", host))
    outcome = outcome_in(error)
    assert (outcome.failure and outcome.failure.type, outcome.changed, outcome.touched) == (
        "check_failed",
        False,
        False,
    )
    assert _effects(lab, host) == []


@pytest.mark.parametrize("host", HOSTS)
async def test_the_transcript_is_kept_without_secrets(lab: Bench, host: str) -> None:
    outcome = await call(lab.interact.interact, call_of(await prepared_of(lab), "look", host))
    assert outcome.transcript is not None
    text = await lab.documents.text(outcome.transcript)
    assert "show vlan" in text
    assert isinstance(lab.documents.store, LocalArtifactStore)
    stored = [path.read_bytes() for path in lab.documents.store.root.rglob("*") if path.is_file()]
    assert not any(secret.encode() in data for data in stored for secret in SECRETS)


def test_names_on_the_device_are_equal_for_attempts_and_differ_for_everything_else() -> None:
    def token(index: int = 0, **parts: object) -> str:
        asked = {"scope": {"workflow_id": "w", "run": "r"}, "prepared": "sha256:0", "step": "s", "host": "h", **parts}
        return names_for(InteractInput.model_validate(asked), index).token

    tokens = [token(), token(1), token(step="t"), token(host="i"), token(generation=2)]
    assert len(set(tokens)) == len(tokens)
    assert token() == token()
    assert len(token()) == 12


# ------------------------------------------------------------------------------------------------------ as it may go


@pytest.mark.parametrize("host", HOSTS)
async def test_a_change_that_the_device_refuses_leaves_it_untouched(lab: Bench, host: str) -> None:
    prepared = await prepared_of(lab)
    values = await looked_at(lab, prepared, host)
    line = "set vlans" if host == "acc-004" else "vlan 120"
    lab.testbed.device(host).inject(Fault(kind="reject", match=line))
    error = await refused(lab.interact.interact, call_of(prepared, "deploy", host, values))
    outcome = outcome_in(error)
    assert (error.type, error.non_retryable) == ("rejected_by_device", True)
    assert (outcome.status, outcome.touched, outcome.changed) == ("failed", False, False)
    assert outcome.transcript is not None
    assert _effects(lab, host) == []


@pytest.mark.parametrize("host", ["acc-001", "acc-002"])
async def test_a_second_line_that_is_refused_makes_it_partial(lab: Bench, host: str) -> None:
    prepared = await prepared_of(lab)
    values = await looked_at(lab, prepared, host)
    lab.testbed.device(host).inject(Fault(kind="reject", match="name cameras"))
    error = await refused(lab.interact.interact, call_of(prepared, "deploy", host, values))
    assert (error.type, error.non_retryable, outcome_in(error).touched) == ("partially_applied", True, True)


@pytest.mark.parametrize("host", HOSTS)
async def test_a_device_that_moved_since_it_was_seen_is_drifted_and_untouched(lab: Bench, host: str) -> None:
    prepared = await prepared_of(lab)
    values = await looked_at(lab, prepared, host)
    mine = ["set vlans other vlan-id 120"] if host == "acc-004" else ["vlan 120", " name other"]
    lab.testbed.device(host).change(mine)
    effects = _effects(lab, host)
    error = await refused(lab.interact.interact, call_of(prepared, "deploy", host, values))
    assert error.type in {"drifted", "rejected_by_device"}
    assert not outcome_in(error).touched
    assert _effects(lab, host) == effects


async def test_a_step_that_looks_at_a_device_without_a_proposed_change_says_so(lab: Bench) -> None:
    prepared = await prepared_of(lab)
    failed = DeviceOutcome(host=lab.hosts[0], status="failed")
    values = {"look": await lab.fold("look", failed)}
    error = await refused(lab.interact.interact, call_of(prepared, "deploy", lab.hosts[0], values))
    assert error.type == "invalid_input"
    assert "step `look` left no proposed change `change`" in error.message


async def test_an_unreachable_device_is_tried_as_often_as_the_plan_says_and_no_more(lab: Bench) -> None:
    prepared = await prepared_of(lab)
    lab.testbed.device("acc-001").inject(Fault(kind="refuse_connection", times=0))
    asked = call_of(prepared, "look", "acc-001")
    errors = [await refused(lab.interact.interact, asked, attempt) for attempt in (1, 4, 6)]  # others died with workers
    assert {error.type for error in errors} == {"unreachable"}
    assert [error.non_retryable for error in errors] == [False, False, True]
    assert [outcome_in(error).status for error in errors] == ["unreachable"] * 3
    assert not outcome_in(errors[0]).touched


async def test_a_refused_login_is_tried_once(lab: Bench) -> None:
    prepared = await prepared_of(lab)
    lab.testbed.device("acc-002").inject(Fault(kind="refuse_login", times=0))
    error = await refused(lab.interact.interact, call_of(prepared, "look", "acc-002"))
    assert (error.type, error.non_retryable) == ("permanent", True)
    refusals = [entry for entry in lab.testbed.device("acc-002").log() if entry.get("event") == "login_refused"]
    assert len(refusals) == 1
    assert not any(secret in error.message for secret in SECRETS)


async def test_a_device_that_hangs_is_given_up_after_the_steps_timeout(lab: Bench) -> None:
    prepared = await lab.prepared(DEFINITION.replace("timeout: 20s", "timeout: 500ms"), {"vlan.j2": TEMPLATE})
    lab.testbed.device("acc-003").inject(Fault(kind="hang", match="show vlan"))
    error = await refused(lab.interact.interact, call_of(prepared, "look", "acc-003"))
    assert (error.type, error.non_retryable) == ("transient", False)


@pytest.mark.parametrize("host", HOSTS)
async def test_a_store_that_fails_after_the_effect_leads_to_no_second_one(lab: Bench, host: str) -> None:
    class Forgetful(LocalArtifactStore):
        async def create(self, key: str, data: bytes) -> bool:
            if key.endswith("/outcome"):
                raise ArtifactError("the disk is full")
            return await super().create(key, data)

    assert isinstance(lab.documents.store, LocalArtifactStore)
    prepared = await prepared_of(lab)
    asked = call_of(prepared, "direct", host)
    sessions = lab.interact._sessions  # the same sessions, over another store
    broken = Interact(Documents(Forgetful(lab.documents.store.root)), sessions)
    error = await refused(broken.interact, asked)
    assert (error.type, outcome_in(error).touched) == ("block_unavailable", True)
    effects = _effects(lab, host)
    assert effects
    outcome = await call(lab.interact.interact, asked, attempt=2)
    assert (outcome.status, outcome.changed) == ("succeeded", True)
    assert _effects(lab, host) == effects


READING = """
netsaga: 1
name: change
version: 1.0.0
inventory: {source: lab}
defaults: {timeout: 20s}
steps:
  - id: read
    devices: inventory
    do:
      - {show: show version, as: version}
      - {show: show vlan, as: vlans}
      - check: {it is old: version == "old"}
"""


async def test_what_was_read_before_a_check_failed_is_kept(lab: Bench) -> None:
    error = await refused(lab.interact.interact, call_of(await lab.prepared(READING), "read", "acc-001"))
    values = outcome_in(error).values
    assert (error.type, set(values)) == ("check_failed", {"version", "vlans"})
    for ref in values.values():
        assert (await lab.documents.load(ref, VALUE)).kind == "plain"


async def test_an_outcome_names_no_value_that_could_not_be_kept(lab: Bench) -> None:
    class Full(LocalArtifactStore):
        async def put(self, data: bytes, media_type: str) -> ArtifactRef:
            if b'"kind":"plain"' in data:
                raise ArtifactError("the disk is full")
            return await super().put(data, media_type)

    assert isinstance(lab.documents.store, LocalArtifactStore)
    prepared = await lab.prepared(READING)
    full = Interact(Documents(Full(lab.documents.store.root)), lab.interact._sessions)
    error = await refused(full.interact, call_of(prepared, "read", "acc-001"))
    assert outcome_in(error).values == {}
    assert outcome_in(error).transcript is not None
    fine = await lab.prepared(READING.replace('version == "old"', 'version != "old"'))
    error = await refused(full.interact, call_of(fine, "read", "acc-001"))
    assert error.type == "block_unavailable"


@pytest.mark.parametrize("host", HOSTS)
async def test_an_attempt_that_stood_still_writes_nothing_and_does_not_count(lab: Bench, host: str) -> None:
    class Frozen(FileSecret):
        async def load(self) -> Credential:
            time.sleep(1.2)  # the whole worker stands still, its ticker too
            return await super().load()

    prepared = await lab.prepared(DEFINITION.replace("attempts: 3", "attempts: 1"), {"vlan.j2": TEMPLATE})
    sessions = replace(
        lab.interact._sessions, secrets=NamedSecrets({"device_rw": Frozen(lab.testbed.credentials, "device_rw")})
    )
    asked = call_of(prepared, "direct", host)
    with pytest.raises(ApplicationError, match="stood still for") as caught:
        await environment(heartbeat=timedelta(seconds=2)).run(Interact(lab.documents, sessions).interact, asked)
    assert (caught.value.type, caught.value.non_retryable) == ("transient", False)
    assert _effects(lab, host) == []
    assert (await call(lab.interact.interact, asked, attempt=2)).status == "succeeded"


async def test_a_bug_is_not_retried_and_says_nothing_of_what_was_in_it(lab: Bench) -> None:
    class Leaky(FileSecret):
        async def load(self) -> Credential:
            raise RuntimeError("the password is hunter2")

    sessions = Sessions(NamedSecrets({"device_rw": Leaky(lab.testbed.credentials, "device_rw")}), HostKeys())
    error = await refused(
        Interact(lab.documents, sessions).interact, call_of(await prepared_of(lab), "look", "acc-001")
    )
    assert (error.type, error.non_retryable) == ("permanent", True)
    assert "RuntimeError" in error.message
    assert "hunter2" not in str(error.message) + repr(error.details)
    assert error.__cause__ is None


async def test_an_unknown_host_key_is_permanent(lab: Bench, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    sessions = replace(lab.interact._sessions, host_keys=HostKeys(known_hosts=str(tmp_path / "empty")))
    asked = call_of(await prepared_of(lab), "look", "acc-001")
    error = await refused(Interact(lab.documents, sessions).interact, asked)
    assert (error.type, _logins(lab, "acc-001")) == ("permanent", 0)
