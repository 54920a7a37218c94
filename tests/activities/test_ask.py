"""Asking a system about a gate, over real sockets: the question, the four answers, and a system that says nonsense."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.exceptions import ApplicationError

from activities.artifacts.local import LocalArtifactStore
from activities.ask import Ask
from activities.http import Http
from activities.secrets.environment import EnvironmentSecret
from activities.secrets.store import NamedSecrets
from activities.systems import System, Systems
from activity_bench import SCOPE, call, refused
from http_system import HttpSystem, Told, http_system, json_told
from workflows.contracts import AskInput, AskResult, DiffGroup
from workflows.plan import HostName, StepId

GROUP = DiffGroup(digest="d" * 64, made="modelled", devices=3, example=HostName("sw1"), text="+vlan 120")


def question(**changes: object) -> AskInput:
    fields = {
        "scope": SCOPE,
        "step": StepId("gate"),
        "system": "itsm",
        "question": "campus-vlan 1.0.0, asked for by rita",
        "digest": "ab" * 32,
        "group": "leads",
        "until": datetime(2026, 12, 1, 2, tzinfo=UTC),
        "made": {"modelled": 3},
        "diffs": (GROUP,),
        "diffs_omitted": 2,
        "timeout_s": 5.0,
    }
    return AskInput.model_validate(fields | changes)


class Desk:
    """The activity over one system."""

    def __init__(self, folder: Path, server: HttpSystem) -> None:
        self.server = server
        secrets = NamedSecrets({"itsm": EnvironmentSecret("ITSM", {"ITSM_TOKEN": "t0ken-value"})})
        named = {
            "itsm": System(url=f"{server.url}/base", credential="itsm", approval="/approvals"),
            "nautobot": System(url=server.url),
        }
        self.activity = Ask(Http(LocalArtifactStore(folder / "store"), Systems(named), secrets))

    async def ask(self, **changes: object) -> AskResult:
        return await call(self.activity.ask, question(**changes))

    async def refused(self, **changes: object) -> ApplicationError:
        return await refused(self.activity.ask, question(**changes))


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with http_system() as server:
        yield Desk(tmp_path, server)


async def test_a_question_says_what_is_asked_about_and_is_repeated_under_the_same_key(desk: Desk) -> None:
    desk.server.tell(json_told('{"id": "CHG7", "answer": null}', 201))
    assert await desk.ask() == AskResult(answer="unanswered", reference="CHG7")
    await desk.ask()
    first, second = desk.server.asked
    assert (first.method, first.target) == ("POST", "/base/approvals")
    assert first.headers["authorization"] == "Bearer t0ken-value"
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    body = json.loads(first.body)
    assert (body["run"], body["step"], body["digest"]) == ("change-1", "gate", "ab" * 32)
    assert (body["group"], body["quorum"], body["until"]) == ("leads", 1, "2026-12-01T02:00:00+00:00")
    assert body["counts"] == {"modelled": 3}
    assert body["diffs"] == [{"devices": 3, "example": "sw1", "made": "modelled", "text": "+vlan 120"}]
    assert body["diffs_omitted"] == 2


@pytest.mark.parametrize("word", ["approved", "rejected"])
async def test_what_was_asked_is_looked_up_by_its_own_name(desk: Desk, word: str) -> None:
    desk.server.tell(json_told(f'{{"answer": "{word}", "by": "cab", "comment": "slot 3", "digest": "abab"}}'))
    answer = await desk.ask(reference="CHG 7/1")
    assert (answer.answer, answer.by, answer.comment, answer.digest) == (word, "cab", "slot 3", "abab")
    assert (desk.server.asked[0].method, desk.server.asked[0].target) == ("GET", "/base/approvals/CHG%207%2F1")


async def test_a_number_for_an_id_is_fine_and_what_else_is_said_is_not_looked_at(desk: Desk) -> None:
    desk.server.tell(json_told('{"id": 42, "answer": "pending", "links": {"self": "/x"}}'))
    assert await desk.ask() == AskResult(answer="unanswered", reference="42")


@pytest.mark.parametrize(
    ("told", "kind", "said"),
    [
        (Told(drop=True), "block_unavailable", "itsm broke off POST"),
        (Told(503, b"busy"), "block_degraded", "itsm answered 503"),
        (Told(401, b"{}"), "permanent", "check its `credential`"),
        (Told(422, b"{}"), "invalid_input", "itsm answered 422"),
        (json_told('{"answer": "perhaps"}'), "block_degraded", "answers what cannot be read"),
        (json_told("[]"), "block_degraded", "answers what cannot be read"),
        (json_told('{"answer": null}'), "block_degraded", "gave it no `id`"),
        (Told(200, b"ok", {"Content-Type": "text/plain"}), "block_degraded", "expected a JSON object"),
    ],
    ids=["drop", "503", "401", "422", "another word", "a list", "no id", "text"],
)
async def test_a_system_that_gives_no_usable_answer_is_told_apart_and_not_asked_again_here(
    desk: Desk, told: Told, kind: str, said: str
) -> None:
    desk.server.tell(told)
    error = await desk.refused()
    assert (error.type, error.non_retryable) == (kind, True)
    assert said in error.message
    assert "t0ken" not in error.message


async def test_a_system_that_takes_no_questions_is_refused_with_what_to_write(desk: Desk) -> None:
    error = await desk.refused(system="nautobot")
    assert error.type == "invalid_input"
    assert "give it `approval: {path: /…}`" in error.message
