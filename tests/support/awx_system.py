"""AWX's API, version 2, as far as it is documented for launching templates: a real server on loopback.

Which paths, parameters and answers there are is AWX's own (``awx/api/views``, ``awx/api/serializers.py`` and
``awx/main/models`` of release 24): what a template does not prompt for is passed over and told as ``ignored_fields``,
a cancel is answered with 202, or 405 where nothing is left to cancel, and a job's events come after its status.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

from http_system import Asked, HttpSystem, Told, http_system, json_told

TOKEN: Final = "awx-token-value"
ME: Final = 7
ACTIVE: Final = ("new", "pending", "waiting", "running")


@dataclass
class Template:
    """A template, with what it prompts for."""

    id: int
    name: str
    kind: Literal["job_template", "workflow_job_template"] = "job_template"
    organization: str = "Default"
    ask_variables: bool = True
    ask_limit: bool = True
    survey: tuple[str, ...] = ()
    sliced: bool = False
    passwords: tuple[str, ...] = ()


@dataclass
class Job:
    """Something that was launched. Each look takes it one step further along ``course``."""

    id: int
    template: int
    type: str
    extra_vars: dict[str, Any]
    limit: str
    course: list[str]
    by: int = ME
    explanation: str = ""
    artifacts: Any = field(default_factory=dict)
    hosts: list[dict[str, Any]] = field(default_factory=list)
    stdout: str = "PLAY RECAP\n"
    events: int = 0  # looks until all events are there

    @property
    def status(self) -> str:
        return self.course[0]

    def looked_at(self) -> None:
        if len(self.course) > 1:
            self.course.pop(0)


@dataclass
class AwxSystem:
    """The server behind `HttpSystem`.

    ``lose`` drops the connection of the next launch before or after the job is made, ``down`` that of every request.
    """

    http: HttpSystem
    templates: list[Template] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    course: tuple[str, ...] = ("pending", "running", "successful")
    becomes: dict[str, Any] = field(default_factory=dict)  # what else the next job is like
    stubborn: bool = False  # a cancel is taken, and nothing stops
    lose: Literal["", "before", "after"] = ""
    down: int = 0
    token: str = TOKEN
    page: int = 200

    def launches(self) -> int:
        """How many jobs were launched."""
        return len(self.jobs)

    def cancels(self) -> list[str]:
        """What was asked to stop."""
        return [asked.target for asked in self.http.asked if asked.target.endswith("/cancel/")]

    def answer(self, asked: Asked) -> Told:
        """One request."""
        if self.down:
            self.down -= 1
            return Told(drop=True)
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return _error(401, "Invalid token.")
        url = urlsplit(asked.target)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        parts = [part for part in url.path.removeprefix("/api/v2/").split("/") if part]
        match asked.method, parts:
            case "GET", ["me"]:
                return self._listed([{"id": ME, "username": "netsaga"}], query)
            case "GET", ["job_templates" | "workflow_job_templates" as kind]:
                return self._listed([_named(one) for one in self.templates if self._fits(one, kind[:-1], query)], query)
            case "GET", ["unified_jobs"]:
                return self._listed([self._shown(job) for job in self._found(query)], query)
            case method, ["job_templates" | "workflow_job_templates" as kind, number, "launch"]:
                return self._launch(method, kind[:-1], int(number), asked)
            case method, ["jobs" | "workflow_jobs" as kind, number, *rest]:
                job = next((one for one in self.jobs if f"{one.type}s" == kind and one.id == int(number)), None)
                return _error(404, "Not found.") if job is None else self._job(method, job, rest, query)
        return _error(404, "Not found.")

    def _fits(self, one: Template, kind: str, query: dict[str, str]) -> bool:
        wanted = (query.get("name", one.name), query.get("organization__name", one.organization))
        return one.kind == kind and (one.name, one.organization) == wanted

    def _launch(self, method: str, kind: str, number: int, asked: Asked) -> Told:
        one = next((one for one in self.templates if one.id == number and one.kind == kind), None)
        if one is None:
            return _error(404, "Not found.")
        if method == "GET":
            said = {
                "ask_variables_on_launch": one.ask_variables,
                "ask_limit_on_launch": one.ask_limit,
                "survey_enabled": bool(one.survey),
                "passwords_needed_to_start": list(one.passwords),
                "can_start_without_user_input": not one.passwords,
            }
            return json_told(json.dumps(said))
        if self.lose == "before":
            self.lose = ""
            return Told(drop=True)
        given = json.loads(asked.body)
        variables = given.get("extra_vars", {})
        taken = {name: value for name, value in variables.items() if one.ask_variables or name in one.survey}
        ignored: dict[str, Any] = {}
        if taken != variables:
            ignored["extra_vars"] = {name: value for name, value in variables.items() if name not in taken}
        if "limit" in given and not one.ask_limit:
            ignored["limit"] = given["limit"]
        limit = given.get("limit", "") if one.ask_limit else ""
        job = self.begin(one, taken, limit)
        if self.lose == "after":
            self.lose = ""
            return Told(drop=True)
        return json_told(json.dumps({job.type: job.id, "ignored_fields": ignored, **self._shown(job)}), 201)

    def begin(self, one: Template, variables: dict[str, Any], limit: str = "", by: int = ME) -> Job:
        """Make a job, as a launch does."""
        workflow = one.kind == "workflow_job_template" or one.sliced
        number = 41 + len(self.jobs)
        job = Job(number, one.id, "workflow_job" if workflow else "job", variables, limit, list(self.course), by)
        for name, value in self.becomes.items():
            setattr(job, name, value)
        self.jobs.append(job)
        return job

    def _job(self, method: str, job: Job, rest: list[str], query: dict[str, str]) -> Told:
        match method, rest:
            case "GET", []:
                told = self._shown(job) | {"event_processing_finished": job.events <= 0}
                job.looked_at()
                job.events -= job.status not in ACTIVE
                return json_told(json.dumps(told))
            case "POST", ["cancel"]:
                if job.status not in ACTIVE:
                    return _error(405, 'Method "POST" not allowed.')
                if not self.stubborn:
                    job.course = [job.status, "canceled"]
                return Told(202, b"", {})
            case "GET", ["job_host_summaries"] if job.type == "job":
                return self._listed(job.hosts, query)
            case "GET", ["workflow_nodes"] if job.type == "workflow_job":
                ran = {"id": 99, "name": "Patch", "type": "job", "status": job.status}
                return self._listed([{"id": 1, "summary_fields": {"job": ran}}, {"id": 2, "summary_fields": {}}], query)
            case "GET", ["stdout"] if job.type == "job":
                return Told(200, job.stdout.encode(), {"Content-Type": "text/plain; charset=utf-8"})
        return _error(404, "Not found.")

    def _found(self, query: dict[str, str]) -> list[Job]:
        jobs = [job for job in self.jobs if job.id > int(query.get("id__gt", "0"))]
        if "unified_job_template" in query:
            assert query["launch_type"] == "manual"
            jobs = [job for job in jobs if job.template == int(query["unified_job_template"])]
            jobs = [job for job in jobs if job.by == int(query["created_by"])]
        return sorted(jobs, key=lambda job: -job.id) if query.get("order_by") == "-id" else jobs

    def _shown(self, job: Job) -> dict[str, Any]:
        shown = {
            "id": job.id,
            "type": job.type,
            "url": f"/api/v2/{job.type}s/{job.id}/",
            "name": "as its template",
            "status": job.status,
            "failed": job.status in {"failed", "error", "canceled"},
            "job_explanation": job.explanation,
            "extra_vars": json.dumps(job.extra_vars),
            "limit": job.limit,
            "launch_type": "manual",
        }
        return shown | ({"artifacts": job.artifacts} if job.type == "job" else {})

    def _listed(self, found: list[dict[str, Any]], query: dict[str, str]) -> Told:
        size = min(int(query.get("page_size", "25")), self.page)
        first = (int(query.get("page", "1")) - 1) * size
        page = {"count": len(found), "next": None, "previous": None, "results": found[first : first + size]}
        return json_told(json.dumps(page))


def _named(one: Template) -> dict[str, Any]:
    return {"id": one.id, "type": one.kind, "name": one.name}


def _error(status: int, detail: str) -> Told:
    return json_told(json.dumps({"detail": detail}), status)


@asynccontextmanager
async def awx_system() -> AsyncIterator[AwxSystem]:
    """An AWX with two templates, on a free port of 127.0.0.1."""
    async with http_system() as http:
        awx = AwxSystem(http, [Template(12, "Patch"), Template(13, "Roll out", "workflow_job_template")])
        http.by_target = awx.answer
        yield awx
