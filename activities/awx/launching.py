"""Launches a template once, whatever becomes of the answer, of the connection or of the worker.

Before the launch its intent is journaled: which template, and the highest id that AWX had by then. Where the answer is
lost, what we have launched since is looked through for the variable `MARK`, which holds a value of this round alone.
A template that takes no variables cannot carry it: then anything of ours that began since may be it or not, and a
person is asked. Nothing that was launched with less than was asked for goes on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import JsonValue

from activities.answers import Refused
from activities.awx.controller import PASSING, Controller, Launched
from activities.fence import AttemptFence
from activities.parameters import Parameters
from activities.rounds import BEGUN, Round
from workflows.errors import InvalidInputError

MARK: Final = "netsaga_launch"  # a variable of the job; playbooks may read it, and need not
LAUNCHED: Final = "launched"
SETTLE_S: Final = 10.0  # a launch whose connection broke may still be at work in AWX
AGAIN_S: Final = 2.0
TemplateKind = Literal["job_template", "workflow_job_template"]


@dataclass(frozen=True, slots=True)
class Launch:
    """A template that the settings allow.

    Args:
        system: The name of AWX among the systems.
        kind: Which of the two kinds of templates.
        template: Its name, or its id.
        organization: Of the name, where several have one that is called so.
        api: Where the API begins below the system's URL.
        timeout_s: The longest that it may take, whatever its step allows.
    """

    system: str
    kind: TemplateKind
    template: str | int
    organization: str | None = None
    api: str = "/api/v2"
    timeout_s: float | None = None

    @property
    def what(self) -> str:
        """As people call it."""
        kind = self.kind.replace("_", " ")
        return f"{kind} {self.template}" if isinstance(self.template, int) else f"{kind} `{self.template}`"


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds that pass, and how they are waited for; tests have their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Lost(Exception):  # named after what happened, as failures are
    """Whether it was launched cannot be known."""


@dataclass(frozen=True, slots=True)
class Launching:
    """Sees to one launch.

    Args:
        controller: Speaks to AWX.
        launch: What the settings say.
        parameters: Variables and limit.
        round: Its journal.
        mark: The value of `MARK`.
        clock: For waiting.
    """

    controller: Controller
    launch: Launch
    parameters: Parameters
    round: Round
    mark: str
    clock: Clock

    async def known(self) -> Launched | None:
        """What was launched and journaled."""
        entry = await self.round.read(LAUNCHED)
        return None if entry is None else Launched.model_validate(entry["job"])

    async def once(self, fence: AttemptFence, until_s: float) -> Launched:
        """What was launched: by an earlier attempt, or now.

        Args:
            fence: Asked before the launch.
            until_s: By the clock, when to stop looking for a launch whose answer was lost.

        Raises:
            InvalidInputError: There is no such template, or it does not take what it is given; nothing goes on.
            Lost: Something of ours has begun, and may be it.
            Refused: AWX does not launch it, or cannot be spoken to.
        """
        if await self.round.read(LAUNCHED) is None:
            found = await self.begun(until_s) or await self._launched(fence, until_s)
            kept = found.model_dump(mode="json", include={"id", "type", "url", "status"})
            await self.round.write(LAUNCHED, job=kept, lacks=self._lacks(found))
        entry = await self.round.read(LAUNCHED)
        assert entry is not None, "it has just been journaled"
        job = Launched.model_validate(entry["job"])
        if entry["lacks"]:
            raise InvalidInputError(await self._stopped(job, str(entry["lacks"])))
        return job

    async def _launched(self, fence: AttemptFence, until_s: float) -> Launched:
        if await self.round.read(BEGUN) is None:
            await self._intend()
        intent = await self.round.read(BEGUN)
        assert intent is not None, "it is journaled before it is launched"
        mark: dict[str, JsonValue] = {MARK: self.mark} if intent["marked"] else {}
        path = f"/{self.launch.kind}s/{intent['template']}"
        fence.check()
        try:
            return await self.controller.launch(path, {**self.parameters.variables, **mark}, self.parameters.limit)
        except Refused as refused:
            if refused.kind not in PASSING:
                await self.round.end()  # AWX refused: nothing was launched
                raise
            found = await self.begun(until_s)
            if found is None:
                raise
            return found

    async def begun(self, until_s: float) -> Launched | None:
        """What was launched for this round although nobody heard of it; ``None`` where nothing was.

        Raises:
            Lost: Something of ours has begun, and may be it.
            Refused: AWX cannot be asked.
        """
        intent = await self.round.read(BEGUN)
        if intent is None:
            return None
        settled_s = min(self.clock.now() + SETTLE_S, until_s)
        while True:
            try:
                template, since = _number(intent["template"]), _number(intent["since"])
                ours = await self.controller.launched_since(template, since)
                found = self._mine(ours, marked=bool(intent["marked"]))
                if found is not None or self.clock.now() >= settled_s:
                    return found
            except Refused as refused:
                if refused.kind not in PASSING or self.clock.now() >= until_s:
                    raise
            await self.clock.sleep(AGAIN_S)

    def _mine(self, since: list[Launched], *, marked: bool) -> Launched | None:
        if marked:
            return next((job for job in since if job.variables.get(MARK) == self.mark), None)
        if since:
            names = ", ".join(job.name for job in since[:5])
            raise Lost(
                f"its answer was lost, and {self.launch.what} takes no variable by which it could be told; since then "
                f"{names} began. Look whether it is one of them; `retry` launches it anew. (With `prompt on launch` "
                "for variables it could be told.)"
            )
        return None

    async def _intend(self) -> None:
        """Find the template, see that it takes what it is to be given, and journal that it will be launched."""
        template = await self._template()
        path = f"/{self.launch.kind}s/{template}"
        said = await self.controller.template(path)
        if said is None:
            raise InvalidInputError(self._absent())
        if said.passwords_needed_to_start:
            raise InvalidInputError(f"{self.launch.what} asks for passwords; give its credentials theirs in AWX")
        if self.parameters.limit is not None and not said.ask_limit_on_launch:
            raise InvalidInputError(f"{self.launch.what} takes no `limit`: turn on `prompt on launch` for it in AWX")
        if self.parameters.variables and not (said.ask_variables_on_launch or said.survey_enabled):
            raise InvalidInputError(
                f"{self.launch.what} takes no variables: turn on `prompt on launch` in AWX, or add a survey"
            )
        since = await self.controller.latest()
        await self.round.write(BEGUN, template=template, since=since, marked=said.ask_variables_on_launch)

    async def _template(self) -> int:
        wanted = self.launch.template
        if isinstance(wanted, int):
            return wanted
        found = await self.controller.named(self.launch.kind, wanted, self.launch.organization)
        match found:
            case [one]:
                return one
            case []:
                raise InvalidInputError(self._absent())
            case _:
                listed = ", ".join(map(str, found))
                raise InvalidInputError(
                    f"AWX has {len(found)} of {self.launch.what} ({listed}); name its `organization`, or the id, under "
                    "`awx` in the worker's settings"
                )

    def _absent(self) -> str:
        where = f" of the organization `{self.launch.organization}`" if self.launch.organization else ""
        return (
            f"{self.controller.system} has no {self.launch.what}{where} that this worker's credential may see; check "
            "`awx` in the worker's settings, and the permission to execute it in AWX"
        )

    def _lacks(self, job: Launched) -> str:
        """What was asked for and passed over, as people read it; empty where nothing was."""
        names = [name for name in self.parameters.variables if name not in job.variables]
        if self.parameters.limit is not None and job.limit != self.parameters.limit:
            names.append("limit")
        names += [name for name in job.ignored_fields if name not in {"extra_vars", *names}]
        return ", ".join(f"`{name}`" for name in names)

    async def _stopped(self, job: Launched, lacks: str) -> str:
        """Stop what was launched with less than was asked for."""
        await self.controller.cancel(job)
        await self.round.end()
        return (
            f"{self.launch.what} was launched without {lacks}, which it does not take (`prompt on launch`, or its "
            f"survey, in AWX), so {job.name} was cancelled; look what it has done by then"
        )


def _number(value: JsonValue) -> int:
    assert isinstance(value, int), "as it was journaled"
    return value
