"""A scripted world with more around it: systems that decide at gates, devices that come back, reminders."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from temporalio import activity

from scripted import World
from workflows import contracts
from workflows.contracts import (
    AskInput,
    AskResult,
    FailureInfo,
    Prepared,
    PrepareInput,
    ReachableInput,
    ReachableResult,
    Safety,
)
from workflows.errors import FailureType


@dataclass
class GatedWorld(World):
    """What systems and devices say when they are asked, in order; the last word is repeated."""

    said: list[AskResult | Exception] = field(default_factory=list)
    questions: list[AskInput] = field(default_factory=list)
    reminded: tuple[str, ...] = ()
    safety: tuple[Safety, ...] = ()
    safety_of: str = ""
    away: dict[str, int] = field(default_factory=dict)  # how often a device does not answer
    locked: tuple[str, ...] = ()  # devices that refuse the login
    logins: list[tuple[str, ...]] = field(default_factory=list)

    @activity.defn(name=contracts.PREPARE)
    async def prepare(self, call: PrepareInput) -> Prepared:
        """As any world's, with what gates are told in advance."""
        more = {"reminded": self.reminded, "safety": self.safety, "safety_of": self.safety_of}
        return (await super().prepare(call)).model_copy(update=more)

    @activity.defn(name=contracts.ASK)
    async def ask(self, call: AskInput) -> AskResult:
        """A system that decides."""
        self.questions.append(call)
        said = self.said.pop(0) if len(self.said) > 1 else self.said[0]
        if isinstance(said, Exception):
            raise said
        return said

    @activity.defn(name=contracts.REACHABLE)
    async def reachable(self, call: ReachableInput) -> ReachableResult:
        """Devices that answer after a while, or never."""
        self.logins.append(call.hosts)
        failures = {}
        for host in call.hosts:
            left = self.away.get(host, 0)
            self.away[host] = left - 1
            kind: FailureType = "permanent" if host in self.locked else "unreachable"
            if host in self.locked or left > 0:
                failures[host] = FailureInfo(type=kind, message=f"{host} says {kind}")
        return ReachableResult(reachable=tuple(host for host in call.hosts if host not in failures), failures=failures)

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """All of them, for a worker."""
        return [*super().activities, self.ask, self.reachable]
