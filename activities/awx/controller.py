"""AWX's API as far as a step needs it: which calls there are, and what their answers mean. It keeps nothing.

Calls go through the same port as those of `http` steps: the system is one that the settings name, its token never
leaves the worker's memory, and a failure has the class that it would have there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from activities.answers import Refused, parsed
from activities.http import Http
from workflows.contracts import HttpInput, Scope
from workflows.plan import StepId

API: Final = "/api/v2"
CALL_S: Final = 20.0  # one call; what is launched may take hours
PAGE: Final = 200  # the most that AWX puts on a page (MAX_PAGE_SIZE)
Kind = Literal["job", "workflow_job"]
PATHS: Final[Mapping[Kind, str]] = {"job": "jobs", "workflow_job": "workflow_jobs"}
ENDED: Final = frozenset({"successful", "failed", "error", "canceled"})
PASSING: Final = frozenset({"block_unavailable", "block_degraded"})


T = TypeVar("T", bound=BaseModel)


class _Answer(BaseModel):
    """AWX says much more, which is not looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Template(_Answer):
    """What a launch of a template would take (``GET …/launch/``)."""

    ask_variables_on_launch: bool = False
    ask_limit_on_launch: bool = False
    survey_enabled: bool = False
    passwords_needed_to_start: Sequence[str] = ()


class Launched(_Answer):
    """What is, or was, under way. A sliced job is a workflow job."""

    id: int
    type: Kind
    status: str = "new"
    job_explanation: str = ""
    extra_vars: str = "{}"
    limit: str | None = None
    artifacts: JsonValue = None
    url: str = ""
    ignored_fields: Mapping[str, JsonValue] = Field(default_factory=dict)
    event_processing_finished: bool = True

    @property
    def path(self) -> str:
        """Where it is found, below the API."""
        return f"/{PATHS[self.type]}/{self.id}"

    @property
    def name(self) -> str:
        """As people say it."""
        return f"{'workflow ' if self.type == 'workflow_job' else ''}job {self.id}"

    @property
    def over(self) -> bool:
        """Whether nothing of it goes on."""
        return self.status in ENDED

    @property
    def variables(self) -> Mapping[str, JsonValue]:
        """What it was launched with."""
        try:
            found = json.loads(self.extra_vars or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class HostSummary(_Answer):
    """What a job did on one host; ``dark`` is unreachable."""

    host_name: str
    ok: int = 0
    changed: int = 0
    dark: int = 0
    failures: int = 0
    skipped: int = 0
    rescued: int = 0
    ignored: int = 0


class _Page(_Answer):
    results: Sequence[JsonValue]
    count: int


class _Identified(_Answer):
    id: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Controller:
    """One AWX, as one step speaks to it.

    Args:
        http: Calls systems.
        system: Its name in the settings.
        scope: The run.
        step: The step.
        key: By which it could tell a repetition.
        api: Where its API begins below the system's URL.
        limit_s: For one call; waiting for something else may not take longer than the step has left.
    """

    http: Http
    system: str
    scope: Scope
    step: StepId
    key: str
    api: str = API
    limit_s: float = field(default=CALL_S)

    async def named(self, kind: str, name: str, organization: str | None) -> list[int]:
        """The ids of the templates that have a name; it is unique in an organization, and not beyond."""
        query: dict[str, JsonValue] = {"name": name}
        if organization is not None:
            query["organization__name"] = organization
        page = await self._get(f"/{kind}s/", query)
        return [_read(_Identified, one, self.system).id for one in page.results]

    async def template(self, path: str) -> Template | None:
        """What a launch would take; ``None`` where there is no such template, or none for us."""
        answer = await self._call("get", f"{path}/launch/", status=(200, 404))
        return None if answer is None else _read(Template, answer, self.system)

    async def launch(self, path: str, variables: Mapping[str, JsonValue], limit: str | None) -> Launched:
        """Launch it. The answer carries what AWX has passed over, while the rest has begun."""
        body: dict[str, JsonValue] = {"extra_vars": dict(variables)} if variables else {}
        if limit is not None:
            body["limit"] = limit
        answer = await self._call("post", f"{path}/launch/", body=body, status=(201,))
        return _read(Launched, answer, self.system)

    async def launched_since(self, template: int, since: int) -> list[Launched]:
        """What we have launched of a template after some job, the latest first."""
        me = await self._get("/me/")
        mine = _read(_Identified, next(iter(me.results), None), self.system).id
        query: dict[str, JsonValue] = {
            "unified_job_template": template,
            "created_by": mine,
            "launch_type": "manual",  # not as part of a workflow or a sliced job of ours
            "id__gt": since,
            "order_by": "-id",
            "page_size": PAGE,
        }
        page = await self._get("/unified_jobs/", query)
        return [_read(Launched, one, self.system) for one in page.results]

    async def latest(self) -> int:
        """The highest id of anything that ever ran; 0 where nothing did."""
        page = await self._get("/unified_jobs/", {"order_by": "-id", "page_size": 1})
        return _read(_Identified, page.results[0], self.system).id if page.results else 0

    async def look(self, job: Launched) -> Launched | None:
        """How it stands; ``None`` where AWX knows it no longer."""
        answer = await self._call("get", f"{job.path}/", status=(200, 404))
        return None if answer is None else _read(Launched, answer, self.system)

    async def cancel(self, job: Launched) -> None:
        """Ask it to stop. 405 means that it has ended."""
        await self._call("post", f"{job.path}/cancel/", body={}, status=(202, 405))

    async def hosts(self, job: Launched, most: int) -> list[HostSummary] | None:
        """What was done on each host; ``None`` for more hosts than ``most``."""
        found: list[HostSummary] = []
        number = 1
        while True:
            query: dict[str, JsonValue] = {"page_size": PAGE, "page": number}
            page = await self._get(f"{job.path}/job_host_summaries/", query)
            if page.count > most:
                return None
            found += [_read(HostSummary, one, self.system) for one in page.results]
            if len(found) >= page.count or not page.results:
                return found
            number += 1

    async def nodes(self, job: Launched) -> list[Mapping[str, JsonValue]]:
        """What a workflow has run so far, at most a page of it."""
        page = await self._get(f"{job.path}/workflow_nodes/", {"page_size": PAGE, "order_by": "id"})
        found: list[Mapping[str, JsonValue]] = []
        for node in page.results:
            summary = node.get("summary_fields") if isinstance(node, dict) else None
            ran = summary.get("job") if isinstance(summary, dict) else None
            if isinstance(ran, dict):
                found.append(ran)
        return found

    async def stdout(self, job: Launched) -> str:
        """What it has printed, or, of more than can be fetched, what AWX says instead."""
        try:
            answer = await self._text(f"{job.path}/stdout/", {"format": "txt_download"})
        except Refused as refused:
            if refused.kind != "check_failed":
                raise
            answer = await self._text(f"{job.path}/stdout/", {"format": "txt"})
        return answer

    def address(self, job: Launched) -> str:
        """Where the API has it, for a person to look at."""
        base = urlsplit(self.http.systems.system(self.system).url)
        return f"{base.scheme}://{base.netloc}{job.url}" if job.url else f"{self.system}:{self.api}{job.path}/"

    # ---------------------------------------------------------------------------------------------------------- calls

    async def _get(self, path: str, query: Mapping[str, JsonValue] | None = None) -> _Page:
        return _read(_Page, await self._call("get", path, query), self.system)

    async def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, JsonValue] | None = None,
        body: JsonValue = None,
        status: tuple[int, ...] = (200,),
    ) -> JsonValue:
        """What was answered, as JSON; ``None`` for 404 and 405 where these are expected."""
        answer = await self.http.answered(self._input(method, path, query, body, status), self.key)
        return None if answer.status in {404, 405} else parsed(answer)

    async def _text(self, path: str, query: Mapping[str, JsonValue]) -> str:
        return (await self.http.answered(self._input("get", path, query, None, (200,)), self.key)).text

    def _input(
        self, method: str, path: str, query: Mapping[str, JsonValue] | None, body: JsonValue, status: tuple[int, ...]
    ) -> HttpInput:
        return HttpInput(
            scope=self.scope,
            step=self.step,
            method=method,
            url=f"{self.system}:{self.api}{path}",
            query=query or {},
            json_=body,
            has_json=body is not None,
            status=status,
            timeout_s=self.limit_s,
        )


def _read(model: type[T], answer: JsonValue, system: str) -> T:
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the answer"
        raise Refused(
            "block_degraded", f"{system} answers what AWX would not: {where}: {first['msg']}; is it AWX, at this URL?"
        ) from None
