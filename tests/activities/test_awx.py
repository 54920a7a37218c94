"""Templates of AWX, launched once and followed to their end, on a server that answers as AWX's API is documented."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue, SecretStr
from temporalio.activity import ActivityCancellationDetails
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.artifacts.local import LocalArtifactStore
from activities.awx.engine import Awx
from activities.awx.launching import MARK, Clock, Launch
from activities.http import Http
from activities.scripts import Scripts
from activities.secrets.store import Access, NamedSecrets
from activities.systems import System, Systems
from activity_bench import SCOPE, environment
from awx_system import TOKEN, AwxSystem, Template, awx_system
from workflows.contracts import ScriptCut, ScriptInput, ScriptResult


class Token:
    """A credential."""

    async def load(self) -> Any:
        raise AssertionError("no device is logged in to")

    async def access(self) -> Access:
        return Access(token=SecretStr(TOKEN))


@dataclass
class Hands:
    """A clock that moves where somebody waits; ``at`` is told then."""

    seconds: float = 0.0
    at: Any = None
    pauses: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.pauses.append(seconds)
        if self.at:
            self.at()
        await asyncio.sleep(0)


class Desk:
    """The activity, and the AWX that it speaks to."""

    def __init__(self, folder: Path, awx: AwxSystem) -> None:
        self.awx = awx
        self.hands = Hands()
        self.store = LocalArtifactStore(folder / "store")
        systems = Systems({"awx": System(url=awx.http.url, credential="awx")})
        self.launches = {
            "patch": Launch("awx", "job_template", "Patch"),
            "by-id": Launch("awx", "job_template", 12),
            "roll-out": Launch("awx", "workflow_job_template", "Roll out"),
        }
        engine = Awx(
            Http(self.store, systems, NamedSecrets({"awx": Token()})),
            self.launches,
            Clock(lambda: self.hands.seconds, self.hands.sleep),
        )
        self.scripts = Scripts(self.store, {}, {"awx": engine})

    def environment(self, attempt: int = 1, again: int = 0) -> ActivityEnvironment:
        """An attempt; ``again`` counts how often an operator has had the step done anew."""
        env = environment(attempt)
        began = env.info.scheduled_time + timedelta(hours=again)
        env.info = replace(env.info, retry_policy=RetryPolicy(maximum_attempts=3 + 3), scheduled_time=began)
        return env

    def input(self, name: str = "patch", given: object = None, **more: object) -> ScriptInput:
        asked = {"scope": SCOPE, "step": "patch", "engine": "awx", "run": name, "given": given, "timeout_s": 600.0}
        return ScriptInput.model_validate({**asked, **more})

    async def run(self, name: str = "patch", given: JsonValue = None, attempt: int = 1, again: int = 0) -> ScriptResult:
        return await self.environment(attempt, again).run(self.scripts.script, self.input(name, given))

    async def refused(self, name: str = "patch", given: JsonValue = None, **more: object) -> ApplicationError:
        attempt, again = int(str(more.pop("attempt", 1))), int(str(more.pop("again", 0)))
        with pytest.raises(ApplicationError) as caught:
            await self.environment(attempt, again).run(self.scripts.script, self.input(name, given, **more))
        return caught.value


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with awx_system() as awx:
        yield Desk(tmp_path, awx)


HOSTS = [
    {"host_name": "sw1", "ok": 3, "changed": 1, "dark": 0, "failures": 0, "skipped": 2, "rescued": 0, "ignored": 0},
    {"host_name": "sw2", "ok": 1, "changed": 0, "dark": 1, "failures": 0, "skipped": 0, "rescued": 0, "ignored": 0},
    {"host_name": "sw3", "ok": 1, "changed": 0, "dark": 0, "failures": 1, "skipped": 0, "rescued": 0, "ignored": 0},
]


def result(found: ScriptResult) -> Mapping[str, Any]:
    assert isinstance(found.result, Mapping)
    return found.result


async def test_a_template_is_launched_with_variables_and_limit_and_its_result_comes_home(desk: Desk) -> None:
    desk.awx.becomes = {"artifacts": {"patched": 4}, "hosts": HOSTS[:1], "stdout": "ok: [sw1]\npassword hunter22\n"}
    found = await desk.run(given={"reboot": False, "limit": ["sw1", "sw2"]})
    (job,) = desk.awx.jobs
    assert (job.extra_vars["reboot"], job.limit) == (False, "sw1,sw2")
    assert result(found) == {
        "id": 41,
        "type": "job",
        "status": "successful",
        "url": f"{desk.awx.http.url}/api/v2/jobs/41/",
        "hosts": {
            "sw1": {"ok": 3, "changed": 1, "unreachable": 0, "failed": 0, "skipped": 2, "rescued": 0, "ignored": 0}
        },
        "totals": {"hosts": 1, "changed": 1, "failed": 0, "unreachable": 0},
        "set_stats": {"patched": 4},
    }
    assert found.log is not None
    assert await desk.store.get(found.log) == b"ok: [sw1]\npassword <redacted>\n"


async def test_a_workflow_template_and_a_sliced_job_are_followed_as_workflow_jobs(desk: Desk) -> None:
    desk.awx.templates.append(Template(14, "Sliced", sliced=True))
    desk.launches["sliced"] = Launch("awx", "job_template", 14)
    for name, given in (("roll-out", {"wave": 1}), ("sliced", None)):
        found = await desk.environment().run(desk.scripts.script, desk.input(name, given, step=name))
        assert (result(found)["type"], result(found)["hosts"]) == ("workflow_job", None)
        assert found.log is not None
        assert b"job 99 'Patch': successful" in await desk.store.get(found.log)


async def test_what_it_printed_is_fetched_when_all_of_it_is_there(desk: Desk) -> None:
    desk.awx.becomes = {"events": 3}
    await desk.run()
    assert desk.awx.jobs[0].events <= 0


async def test_looks_become_rarer_and_stay_within_bounds(desk: Desk) -> None:
    desk.awx.course = ("running",) * 30 + ("successful",)
    await desk.run()
    assert desk.hands.pauses[0] == 1.0
    assert max(desk.hands.pauses) == 10.0


# ------------------------------------------------------------------------------------------------- it is launched once


async def test_a_result_that_was_brought_home_is_not_asked_for_again(desk: Desk) -> None:
    first = await desk.run()
    asked = len(desk.awx.http.asked)
    assert await desk.run(attempt=2) == first
    assert len(desk.awx.http.asked) == asked


@pytest.mark.parametrize(("lose", "launches"), [("before", 0), ("after", 1)])
async def test_a_launch_whose_answer_was_lost_is_looked_for(desk: Desk, lose: Any, launches: int) -> None:
    desk.awx.lose = lose
    if launches:
        assert result(await desk.run())["id"] == 41
    else:
        error = await desk.refused(retry_on=("block_unavailable",))
        assert (error.type, error.non_retryable) == ("block_unavailable", False)
        assert desk.awx.launches() == 0
        assert result(await desk.run(attempt=2))["id"] == 41
    assert desk.awx.launches() == 1


async def test_a_worker_that_died_after_the_launch_leaves_the_job_to_its_successor(desk: Desk) -> None:
    env, answer = desk.environment(), desk.awx.answer

    def dying(asked: Any) -> Any:
        told = answer(asked)
        if asked.method == "POST":
            env.cancel(ActivityCancellationDetails(worker_shutdown=True))  # while the answer is under way
        return told

    desk.awx.http.by_target = dying
    with pytest.raises(asyncio.CancelledError):
        await env.run(desk.scripts.script, desk.input(given={"reboot": True}))
    desk.awx.http.by_target = answer
    desk.awx.begin(desk.awx.templates[0], {"reboot": True, MARK: "of somebody else"})
    found = await desk.run(given={"reboot": True}, attempt=2)
    assert result(found)["id"] == 41
    assert (desk.awx.launches(), desk.awx.cancels()) == (2, [])


async def test_without_variables_on_launch_a_lost_launch_is_left_to_a_person(desk: Desk) -> None:
    desk.awx.templates[0].ask_variables = False
    desk.awx.lose = "after"
    error = await desk.refused(retry_on=("outcome_unknown", "transient"))
    assert (error.type, error.non_retryable) == ("outcome_unknown", True)
    assert "since then job 41 began" in error.message
    assert (await desk.refused(attempt=2)).type == "outcome_unknown"
    assert desk.awx.launches() == 1
    assert result(await desk.run(again=1))["id"] == 42  # a person has looked, and answers `retry`


async def test_a_failed_job_is_launched_anew_where_the_step_says_so(desk: Desk) -> None:
    desk.awx.course = ("failed",)
    error = await desk.refused(retry_on=("check_failed",))
    assert (error.type, error.non_retryable) == ("check_failed", False)
    desk.awx.course = ("successful",)
    assert result(await desk.run(attempt=2))["id"] == 42
    assert len({job.extra_vars[MARK] for job in desk.awx.jobs}) == 2


# -------------------------------------------------------------------------------------------------- what AWX refuses


async def test_a_token_that_is_not_accepted_is_permanent(desk: Desk) -> None:
    desk.awx.token = "another"
    error = await desk.refused(retry_on=("block_unavailable", "transient"))
    assert (error.type, error.non_retryable) == ("permanent", True)
    assert "awx answered 401" in error.message
    assert TOKEN not in error.message


@pytest.mark.parametrize(
    ("launch", "said"),
    [
        (Launch("awx", "job_template", "Pach"), "has no job template `Pach` that this worker's credential may see"),
        (Launch("awx", "job_template", 99), "has no job template 99"),
        (Launch("awx", "workflow_job_template", "Roll out", "Lab"), "of the organization `Lab`"),
        (Launch("awx", "job_template", "Twice"), "has 2 of job template `Twice` (20, 21); name its `organization`"),
        (Launch("awx", "job_template", "Asks"), "asks for passwords"),
        (Launch("nowhere", "job_template", 12), "the system `nowhere` is not under `systems`"),
    ],
)
async def test_a_template_that_cannot_be_launched_is_named(desk: Desk, launch: Launch, said: str) -> None:
    desk.awx.templates += [Template(20, "Twice"), Template(21, "Twice", organization="Lab")]
    desk.awx.templates.append(Template(22, "Asks", passwords=("ssh_password",)))
    desk.launches["patch"] = launch
    error = await desk.refused(retry_on=("transient",))
    assert (error.type, error.non_retryable, said in error.message) == ("invalid_input", True, True), error.message
    assert desk.awx.launches() == 0


@pytest.mark.parametrize(
    ("takes", "given", "said"),
    [
        ({"ask_limit": False}, {"limit": "sw1"}, "takes no `limit`: turn on `prompt on launch`"),
        ({"ask_variables": False}, {"reboot": True}, "takes no variables: turn on `prompt on launch`"),
        ({}, {"limit": []}, "`limit` names nobody"),
        ({}, {"limit": "@/etc/passwd"}, "neither a pattern of hosts nor a list"),
        ({}, {"no-name": 1}, "is no name of a variable"),
    ],
)
async def test_what_a_template_does_not_take_is_refused_before_it_is_launched(
    desk: Desk, takes: dict[str, Any], given: JsonValue, said: str
) -> None:
    desk.awx.templates[0] = replace(desk.awx.templates[0], **takes)
    error = await desk.refused(given=given)
    assert (error.type, said in error.message) == ("invalid_input", True), error.message
    assert desk.awx.launches() == 0


async def test_what_was_launched_without_a_variable_is_cancelled(desk: Desk) -> None:
    desk.awx.templates[0] = replace(desk.awx.templates[0], ask_variables=False, survey=("reboot",))
    error = await desk.refused(given={"reboot": True, "depth": 3})
    assert error.type == "invalid_input"
    assert "was launched without `depth`" in error.message
    assert desk.awx.cancels() == ["/api/v2/jobs/41/cancel/"]


async def test_a_name_that_the_settings_do_not_know_is_refused(desk: Desk) -> None:
    error = await desk.refused("patsch")
    assert error.type == "invalid_input"
    assert "did you mean `patch`?" in error.message


# ------------------------------------------------------------------------------------------------- how it can end


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        ("failed", "check_failed", "job 41 failed on 1 of 3 hosts (sw3) and without reaching 1 of 3 hosts (sw2): why"),
        ("error", "block_degraded", "job 41 could not be run by AWX: why"),
        ("canceled", "cancelled", "job 41 was cancelled in AWX: why"),
    ],
)
async def test_how_a_job_ended_has_its_class_and_its_words(desk: Desk, status: str, kind: str, said: str) -> None:
    desk.awx.course, desk.awx.becomes = ("running", status), {"explanation": "why", "hosts": HOSTS}
    error = await desk.refused()
    assert (error.type, error.non_retryable) == (kind, True)
    assert error.message.startswith(f"awx `patch`: {said}; {desk.awx.http.url}/api/v2/jobs/41/ (what it printed: ")


async def test_a_job_that_was_deleted_has_failed(desk: Desk) -> None:
    desk.hands.at = desk.awx.jobs.clear
    assert "was deleted in AWX" in (await desk.refused()).message


async def test_an_awx_that_is_gone_for_a_while_is_asked_again(desk: Desk) -> None:
    def away() -> None:
        desk.awx.down, desk.hands.at = 5, None

    desk.hands.at = away
    assert result(await desk.run())["status"] == "successful"
    assert desk.awx.launches() == 1


async def test_an_awx_that_stays_away_is_blamed_and_its_job_is_followed_by_the_next_attempt(desk: Desk) -> None:
    desk.hands.at = lambda: setattr(desk.awx, "down", 10_000)
    error = await desk.refused(retry_on=("block_unavailable",), block="executor")
    assert (error.type, error.non_retryable) == ("block_unavailable", False)
    assert error.message.startswith("executor: awx `patch`: awx broke off GET /api/v2/jobs/41/")
    desk.hands.at, desk.awx.down = None, 0
    assert result(await desk.run(again=1))["id"] == 41


async def test_what_does_not_end_in_time_is_cancelled(desk: Desk) -> None:
    desk.awx.course = ("running",)
    error = await desk.refused(timeout_s=30.0)
    assert error.type == "check_failed"
    said = f"awx `patch`: job 41 did not end within 30 s, and was cancelled; {desk.awx.http.url}/api/v2/jobs/41/"
    assert error.message.startswith(f"{said} (what it printed: netsaga artifact sha256:")


async def test_what_does_not_stop_is_not_glossed_over_and_can_be_followed_further(desk: Desk) -> None:
    desk.awx.course, desk.awx.stubborn = ("running",), True
    error = await desk.refused(timeout_s=30.0, retry_on=("transient", "outcome_unknown"))
    assert (error.type, error.non_retryable) == ("outcome_unknown", True)
    assert "was told to stop, which it has not done yet" in error.message
    desk.awx.jobs[0].course = ["successful"]
    assert result(await desk.run(again=1))["id"] == 41


# ------------------------------------------------------------------------------------------------------ a cancelled run


async def test_a_cancel_is_passed_on(desk: Desk) -> None:
    desk.awx.course, desk.awx.becomes = ("running",), {"stdout": "TASK [reload]\n", "events": 2}
    env = desk.environment()
    desk.hands.at = env.cancel
    with pytest.raises(ApplicationError) as caught:
        await env.run(desk.scripts.script, desk.input())
    assert desk.awx.jobs[0].status == "canceled"
    assert (caught.value.type, caught.value.non_retryable) == ("cancelled", True)
    log = ScriptCut.model_validate(caught.value.details[0]).log
    assert log is not None
    said = f"awx `patch`: job 41 was cancelled, too; {desk.awx.http.url}/api/v2/jobs/41/ (what it printed until then: "
    assert caught.value.message == f"{said}netsaga artifact {log})"
    assert await desk.store.get(log) == b"TASK [reload]\n"


async def test_a_cancel_while_it_is_launched_finds_what_was_launched(desk: Desk) -> None:
    env, answer = desk.environment(), desk.awx.answer

    def cancelled(asked: Any) -> Any:
        told = answer(asked)
        if asked.target.endswith("/launch/") and asked.method == "POST":
            env.cancel()
        return told

    desk.awx.course, desk.awx.http.by_target = ("running",), cancelled
    with pytest.raises(ApplicationError, match="job 41 was cancelled, too"):
        await env.run(desk.scripts.script, desk.input())
    assert desk.awx.cancels() == ["/api/v2/jobs/41/cancel/"]


async def test_a_cancel_that_cannot_be_passed_on_is_said(desk: Desk) -> None:
    desk.awx.course = ("running",)
    env = desk.environment()

    def cut_off() -> None:
        desk.awx.down = 10_000
        env.cancel()

    desk.hands.at = cut_off
    with pytest.raises(ApplicationError) as caught:
        await env.run(desk.scripts.script, desk.input())
    assert caught.value.type == "outcome_unknown"
    assert "the run was cancelled, and what it launched may go on" in caught.value.message


async def test_the_end_of_a_worker_cancels_nothing(desk: Desk) -> None:
    desk.awx.course = ("running", "running", "successful")
    env = desk.environment()
    desk.hands.at = lambda: env.cancel(ActivityCancellationDetails(worker_shutdown=True))
    with pytest.raises(asyncio.CancelledError):
        await env.run(desk.scripts.script, desk.input())
    desk.hands.at = None
    assert result(await desk.run(attempt=2))["id"] == 41
    assert (desk.awx.cancels(), desk.awx.launches()) == ([], 1)
