"""Calling systems, over real sockets: what is sent, what comes back, and whose failure it is otherwise."""

import base64
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import JsonValue
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

from activities.artifacts.local import LocalArtifactStore
from activities.http import Http
from activities.secrets.environment import EnvironmentSecret
from activities.secrets.store import NamedSecrets
from activities.systems import System, Systems
from activity_bench import SCOPE, environment
from http_system import Asked, HttpSystem, Told, http_system, json_told, self_signed
from workflows.contracts import HttpInput, HttpResult
from workflows.plan import StepId

RETRIED = ("block_unavailable", "block_degraded")


class Caller:
    """The activity over one system, `nautobot`, and what its URL is."""

    def __init__(self, folder: Path, system: HttpSystem) -> None:
        self.server = system
        self.store = LocalArtifactStore(folder / "store")
        self.system = System(url=f"{system.url}/base", credential="nb", token_scheme="Token", headers={"X-Site": "hq"})
        self.allowed: tuple[str, ...] = ()
        self.secrets = {"NB_TOKEN": "t0ken-value"}

    async def call(
        self,
        url: str = "nautobot:/api/vlans/",
        method: str = "get",
        json_: JsonValue = None,
        attempt: int = 1,
        attempts: int = 3,
        **more: object,
    ) -> HttpResult:
        given = {"scope": SCOPE, "step": StepId("intent"), "method": method, "url": url, "timeout_s": 5.0, **more}
        asked = HttpInput.model_validate(given | {"json_": json_, "has_json": json_ is not None})
        secrets = NamedSecrets({"nb": EnvironmentSecret("NB", self.secrets)})
        activity = Http(self.store, Systems({"nautobot": self.system}, self.allowed), secrets)
        env = environment(attempt)
        policy = RetryPolicy(
            initial_interval=timedelta(seconds=2), maximum_interval=timedelta(seconds=60), maximum_attempts=attempts + 3
        )
        env.info = replace(env.info, retry_policy=policy)
        return await env.run(activity.http, asked)

    async def refused(self, url: str = "nautobot:/api/vlans/", method: str = "get", **more: object) -> ApplicationError:
        with pytest.raises(ApplicationError) as caught:
            await self.call(url, method, **more)  # type: ignore[arg-type]  # as they are named there
        assert "t0ken" not in str(caught.value)
        return caught.value

    @property
    def only(self) -> Asked:
        (asked,) = self.server.asked
        return asked


@pytest_asyncio.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    async with http_system() as system:
        yield Caller(tmp_path, system)


# ------------------------------------------------------------------------------------------------------ what is sent


async def test_a_system_is_called_below_its_url_with_its_credential_and_what_it_says_comes_back(caller: Caller) -> None:
    caller.server.tell(json_told('{"count": 1, "results": [{"name": "cameras"}]}'))
    result = await caller.call(query={"vid": 120, "location": "Bau 1/ä&x", "tag": ["a", "b"], "none": None, "up": True})
    assert result.status == 200
    assert result.json_ == {"count": 1, "results": [{"name": "cameras"}]}
    assert result.text == '{"count": 1, "results": [{"name": "cameras"}]}'
    assert caller.only.method == "GET"
    assert caller.only.target == "/base/api/vlans/?vid=120&location=Bau%201%2F%C3%A4%26x&tag=a&tag=b&up=true"
    assert caller.only.headers["authorization"] == "Token t0ken-value"
    assert caller.only.headers["x-site"] == "hq"
    assert "idempotency-key" not in caller.only.headers


async def test_a_path_is_percent_encoded_and_what_is_encoded_stays_so(caller: Caller) -> None:
    await caller.call("nautobot:/api/vlans/Bau 1 ä%2Fx/100%/")
    assert caller.only.target == "/base/api/vlans/Bau%201%20%C3%A4%2Fx/100%25/"


@pytest.mark.parametrize("url", ["nautobot:/api/../admin", "nautobot:/api/%2e%2E/admin", "nautobot:/a/..%2fadmin"])
async def test_a_path_that_climbs_is_refused(caller: Caller, url: str) -> None:
    error = await caller.refused(url)
    assert (error.type, caller.server.asked) == ("invalid_input", [])
    assert "leads elsewhere" in error.message


async def test_a_query_in_the_path_is_refused_with_the_place_where_it_belongs(caller: Caller) -> None:
    error = await caller.refused("nautobot:/api/vlans/?vid=1")
    assert error.type == "invalid_input"
    assert "as a map under `query`" in error.message


async def test_a_body_is_sent_as_json_with_a_key_that_all_attempts_share(caller: Caller) -> None:
    caller.server.tell(Told(drop=True), json_told("{}", 201))
    await caller.refused(method="post", json_={"name": "ä"}, retry_on=RETRIED)
    assert (await caller.call(method="post", json_={"name": "ä"}, attempt=2)).status == 201
    first, second = caller.server.asked
    assert json.loads(first.body) == {"name": "ä"}
    assert first.headers["content-type"] == "application/json"
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.headers["idempotency-key"].startswith('"')


async def test_what_was_answered_to_a_change_is_not_asked_for_again(caller: Caller) -> None:
    caller.server.tell(json_told('{"id": 7}', 201), json_told("{}", 409))
    first = await caller.call(method="post", json_={})
    assert await caller.call(method="post", json_={}, attempt=2) == first
    assert len(caller.server.asked) == 1


async def test_a_name_and_a_password_are_sent_as_basic_authentication(caller: Caller) -> None:
    caller.secrets = {"NB_USERNAME": "netsaga", "NB_PASSWORD": "pässword"}
    await caller.call()
    expected = base64.b64encode("netsaga:pässword".encode()).decode()
    assert caller.only.headers["authorization"] == f"Basic {expected}"


async def test_a_token_may_travel_in_a_header_of_its_own(caller: Caller) -> None:
    caller.system = replace(caller.system, token_header="X-API-Key")
    await caller.call(headers={"x-api-key": "mine"})
    assert caller.only.headers["x-api-key"] == "t0ken-value"
    assert "authorization" not in caller.only.headers


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Authorization": "Bearer x"}, "is a `credential` of the system"),
        ({"X-Note": "a\r\nX-Evil: b"}, "holds a character that no header can carry"),
        ({"X Note": "a"}, "is no name of a header"),
    ],
)
async def test_headers_that_are_not_a_definitions_are_refused(
    caller: Caller, headers: dict[str, str], said: str
) -> None:
    error = await caller.refused(headers=headers)
    assert (error.type, caller.server.asked) == ("invalid_input", [])
    assert said in error.message


# --------------------------------------------------------------------------------------------------- what comes back


async def test_an_answer_of_more_than_64_kilobytes_is_an_artifact(caller: Caller) -> None:
    caller.server.tell(Told(body=b'"' + b"x" * 70_000 + b'"'))
    result = await caller.call()
    assert (result.json_, result.text) == (None, "")
    assert result.body is not None
    assert await caller.store.get(result.body) == b'"' + b"x" * 70_000 + b'"'


async def test_an_answer_of_more_than_ten_megabytes_is_refused(caller: Caller) -> None:
    caller.server.tell(Told(body=b"x" * 10_000_001))
    error = await caller.refused()
    assert (error.type, error.message) == (
        "check_failed",
        "nautobot answers with more than 10 MB; ask for less with `query`",
    )


async def test_text_is_text_and_an_empty_answer_is_empty(caller: Caller) -> None:
    caller.server.tell(Told(200, "größe".encode("latin-1"), {"Content-Type": "text/plain; charset=latin-1"}))
    answer = await caller.call()
    assert (answer.text, answer.media_type) == ("größe", "text/plain")
    caller.server.tell(Told(204, b"", {}))
    assert await caller.call(method="delete") == HttpResult(status=204)


async def test_what_claims_to_be_json_and_is_not_is_the_systems_failure(caller: Caller) -> None:
    caller.server.tell(json_told("<html>Bad gateway"))
    error = await caller.refused(retry_on=RETRIED)
    assert (error.type, error.non_retryable) == ("block_degraded", False)


async def test_a_token_that_is_echoed_is_taken_out(caller: Caller) -> None:
    caller.server.tell(json_told('{"you": "Token t0ken-value"}'))
    assert (await caller.call()).json_ == {"you": "Token <redacted>"}
    caller.server.tell(json_told('{"detail": "bad token t0ken-value"}', 400))
    assert "bad token <redacted>" in (await caller.refused()).message


# ----------------------------------------------------------------------------------------------- whose failure it is


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (503, "block_degraded"), (500, "block_degraded"), (429, "block_degraded"), (408, "block_degraded"),
        (401, "permanent"), (403, "permanent"), (404, "check_failed"), (409, "check_failed"), (400, "invalid_input"),
        (422, "invalid_input"), (302, "invalid_input"),
    ],
)  # fmt: skip
async def test_a_status_says_whose_failure_it_is(caller: Caller, status: int, kind: str) -> None:
    caller.server.tell(json_told('{"detail": "because"}', status))
    error = await caller.refused(method="post", block="source_of_truth", retry_on=RETRIED)
    assert error.type == kind
    assert error.non_retryable == (kind != "block_degraded")
    assert error.message.startswith(f"source of truth: nautobot answered {status} to POST /api/vlans/")


async def test_what_the_system_says_stands_in_the_message(caller: Caller) -> None:
    caller.server.tell(json_told('{"detail":\n "No VLAN matches."}', 404))
    assert (await caller.refused()).message.endswith('answered 404 to GET /api/vlans/: {"detail": "No VLAN matches."}')


async def test_a_status_that_is_expected_is_a_success_and_another_one_is_not(caller: Caller) -> None:
    caller.server.tell(json_told("{}", 404))
    assert (await caller.call(status=(200, 404))).status == 404
    caller.server.tell(json_told("{}", 202))
    error = await caller.refused(status=(200, 404))
    assert error.type == "check_failed"
    assert "200, 404 was expected" in error.message


async def test_what_passes_is_tried_again_as_often_as_the_step_says_and_no_more(caller: Caller) -> None:
    caller.server.tell(json_told("{}", 503))
    assert (await caller.refused()).non_retryable  # the step does not ask for it
    tried = [(await caller.refused(attempt=number, attempts=2, retry_on=RETRIED)).non_retryable for number in (1, 2)]
    assert tried == [False, True]


async def test_an_attempt_that_died_with_its_worker_does_not_count(caller: Caller) -> None:
    caller.server.tell(json_told("{}", 503))
    assert not (await caller.refused(attempt=2, attempts=2, retry_on=RETRIED)).non_retryable
    assert (await caller.refused(attempt=3, attempts=2, retry_on=RETRIED)).non_retryable


@pytest.mark.parametrize(("asked", "waited"), [("7", 7), ("1", 2), ("3600", 60), ("DATE", 30), ("soon", None)])
async def test_retry_after_is_honoured_as_far_as_the_steps_delays_go(
    caller: Caller, asked: str, waited: int | None
) -> None:
    if asked == "DATE":
        asked = format_datetime(datetime.now(UTC) + timedelta(seconds=31), usegmt=True)
    caller.server.tell(json_told("{}", 429, Retry_After=asked))
    delay = (await caller.refused(retry_on=RETRIED)).next_retry_delay
    if waited is None:
        assert delay is None
    else:
        assert delay is not None
        assert abs(delay.total_seconds() - waited) <= 2


async def test_a_system_that_is_down_or_silent_is_unavailable(caller: Caller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        gone = f"http://127.0.0.1:{free.getsockname()[1]}"
    there, caller.system = caller.system, System(url=gone)
    error = await caller.refused(block="source_of_truth", retry_on=RETRIED)
    assert (error.type, error.non_retryable) == ("block_unavailable", False)
    assert error.message == f"source of truth: nautobot cannot be reached at {gone}: Connection refused"

    caller.system = replace(there, timeout_s=0.3)
    caller.server.tell(Told(hang=True))
    error = await caller.refused()
    assert (error.type, error.message) == (
        "block_unavailable",
        "nautobot did not answer GET /api/vlans/ within 0.3 s",
    )

    caller.server.tell(Told(drop=True))
    error = await caller.refused(method="delete")
    assert error.type == "block_unavailable"
    assert error.message.endswith("it may have carried out the call all the same")


async def test_a_credential_that_cannot_be_had_is_said(caller: Caller) -> None:
    caller.secrets = {}
    error = await caller.refused(retry_on=RETRIED)
    assert (error.type, error.non_retryable, caller.server.asked) == ("permanent", True, [])
    assert "NB_TOKEN is not set" in error.message


# --------------------------------------------------------------------------------------------------- where it may go


async def test_a_redirect_within_the_host_is_followed_by_what_reads(caller: Caller) -> None:
    def by_target(asked: Asked) -> Told:
        return json_told('"there"') if asked.target == "/new" else Told(301, b"", {"Location": "/new"})

    caller.server.by_target = by_target
    assert (await caller.call()).json_ == "there"
    assert (await caller.refused(method="post")).type == "invalid_input"
    assert [asked.target for asked in caller.server.asked] == ["/base/api/vlans/", "/new", "/base/api/vlans/"]


async def test_a_redirect_to_another_host_or_port_is_not_followed(caller: Caller) -> None:
    async with http_system() as other:
        for target in (f"{other.url}/x", other.url.replace("127.0.0.1", "127.0.0.2"), "//evil.example/x"):
            caller.server.tell(Told(302, b"", {"Location": target}))
            error = await caller.refused()
            assert (error.type, other.asked) == ("invalid_input", [])
            assert "within its own host" in error.message


async def test_redirects_in_a_circle_come_to_an_end(caller: Caller) -> None:
    caller.server.tell(Told(302, b"", {"Location": "/again"}))
    assert "redirects 6 times in a row" in (await caller.refused()).message


async def test_a_url_that_the_settings_allow_is_called_without_any_credential(caller: Caller) -> None:
    caller.allowed = (f"{caller.server.url}/api/v1",)
    await caller.call(f"{caller.server.url}/api/v1/x y", query={"a": "b"})
    assert caller.only.target == "/api/v1/x%20y?a=b"
    assert "authorization" not in caller.only.headers


@pytest.mark.parametrize(
    "path", ["/api/v10", "/api", "/", "/api/v1/../v2", "/api/v1/%2e%2e/v2", "/api/v1?x=1", "/api/v1#x"]
)
async def test_a_url_beside_what_is_allowed_is_refused(caller: Caller, path: str) -> None:
    caller.allowed = (f"{caller.server.url}/api/v1/",)
    error = await caller.refused(f"{caller.server.url}{path}")
    assert (error.type, caller.server.asked) == ("invalid_input", [])


@pytest.mark.parametrize(
    "url",
    [
        "http://user@allowed.example/api", "http://allowed.example@evil.example/api", "https://allowed.example/api",
        "http://allowed.example.evil.example/api", "http://allowed.example:81/api", "file:///etc/passwd", "http:///api",
        "http://allowed.example\\@evil.example/api", "http://[::1/api", "http://allowed.example:x/api", "nautobt:/api",
    ],
)  # fmt: skip
async def test_a_url_that_only_looks_allowed_is_refused(caller: Caller, url: str) -> None:
    caller.allowed = ("http://allowed.example/",)
    error = await caller.refused(url)
    assert error.type == "invalid_input"


async def test_certificates_are_verified(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path / "server.pem")
    async with http_system(certificate) as system:
        caller = Caller(tmp_path, system)
        error = await caller.refused(retry_on=RETRIED)
        assert (error.type, error.non_retryable, system.asked) == ("permanent", True, [])
        assert "nautobot: its certificate is not trusted" in error.message
        caller.system = replace(caller.system, ca=certificate)
        assert (await caller.call()).status == 200
        caller.system = replace(caller.system, ca=tmp_path / "gone.pem")
        assert "gone.pem cannot be read as certificates" in (await caller.refused()).message
