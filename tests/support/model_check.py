"""Carries many scenarios out side by side, judges their stories, and makes the ones that fail small.

Most of a scenario's time is waiting, and one that fails is carried out again and again until it is small: so both
happen many at a time. Hypothesis draws and shrinks one example after the other, and would take minutes instead.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from temporalio.service import RPCError

from model_drive import carry_out
from model_rules import broken_rules
from model_scenario import Scenario, simpler
from running import Server

AT_ONCE: Final = 16
ROUNDS: Final = 25  # of making one scenario smaller


@dataclass(frozen=True)
class Finding:
    """A scenario whose story breaks rules, or never ends."""

    scenario: Scenario
    wrong: tuple[str, ...]
    story: str

    @property
    def rules(self) -> frozenset[str]:
        """Which ones."""
        return frozenset(said.partition(":")[0] for said in self.wrong)

    def __str__(self) -> str:
        return "\n".join([*self.wrong, "", self.story, "", f"again: {self.scenario!r}"])


async def findings(server: Server, scenarios: Iterable[Scenario]) -> list[Finding]:
    """Those that fail, in order."""
    few = asyncio.Semaphore(AT_ONCE)

    async def one(scenario: Scenario) -> Finding | None:
        async with few:
            return await finding(server, scenario)

    found = await asyncio.gather(*(one(scenario) for scenario in scenarios))
    return [one for one in found if one is not None]


async def finding(server: Server, scenario: Scenario) -> Finding | None:
    """What is wrong with one scenario; ``None`` where nothing is."""
    try:
        try:
            story = await carry_out(server, scenario)
        except RPCError:  # of a test server that is starved of CPU: once more, and then it counts
            story = await carry_out(server, scenario)
    except AssertionError as error:
        return Finding(scenario, ("a run ends: it does not",), str(error))
    wrong = broken_rules(story)
    return Finding(scenario, tuple(wrong), str(story)) if wrong else None


async def smallest(server: Server, finding: Finding) -> Finding:
    """The same mistake in a scenario that is as small as can be found in a bounded time."""
    for _ in range(ROUNDS):
        candidates: Sequence[Scenario] = list(islice(simpler(finding.scenario), AT_ONCE * 2))
        smaller = [one for one in await findings(server, candidates) if one.rules & finding.rules]
        if not smaller:
            break
        finding = smaller[0]
    return finding
