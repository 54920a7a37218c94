"""Draws scenarios, carries them out, and has hypothesis make one that fails small.

Most of a scenario's time is waiting, and hypothesis draws and judges one example after the other. So the machine is run
twice with the same seed. The first time it only collects; what it has drawn is carried out many at a time. The second
time what came of each is known, and hypothesis carries out only what it has in its database and what it tries while it
makes a scenario smaller.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from temporalio.service import RPCError

from model_drive import carry_out
from model_machine import RULES, Campaign
from model_rules import broken_rules
from model_scenario import Scenario
from running import Server

AT_ONCE: Final = 6
# After so many examples hypothesis begins to vary each one five times before it draws another, and here each variation
# is a run. So it draws in short games, each with dice of its own.
GAME: Final = 10
SETTINGS: Final = settings(
    max_examples=GAME,
    stateful_step_count=RULES,
    phases=[Phase.reuse, Phase.generate, Phase.shrink],
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    print_blob=False,
)


@dataclass(frozen=True)
class Finding:
    """A scenario whose story breaks rules, or never ends."""

    scenario: Scenario
    wrong: tuple[str, ...]
    story: str

    @property
    def rules(self) -> tuple[str, ...]:
        """Which ones, in order."""
        return tuple(dict.fromkeys(said.partition(":")[0] for said in self.wrong))

    def __str__(self) -> str:
        return "\n".join([*self.wrong, "", self.story, "", f"again: {self.scenario!r}"])


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


class Verdicts:
    """What came of scenarios. Each is carried out once: what it came to stands, however often it is asked for."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._few = asyncio.Semaphore(AT_ONCE)
        self._found: dict[Scenario, Finding | None] = {}

    @property
    def findings(self) -> list[Finding]:
        """Those that fail, in the order in which they were drawn."""
        return [one for one in self._found.values() if one is not None]

    async def ahead(self, scenarios: Iterable[Scenario]) -> None:
        """Carries scenarios out, many at a time."""
        self._found |= dict.fromkeys(scenarios)  # in this order
        await asyncio.gather(*map(self._carry_out, list(self._found)))

    async def of(self, scenario: Scenario) -> Finding | None:
        """What came of one."""
        if scenario not in self._found:
            await self._carry_out(scenario)
        return self._found[scenario]

    async def _carry_out(self, scenario: Scenario) -> None:
        async with self._few:
            self._found[scenario] = await finding(self._server, scenario)


async def check(server: Server, examples: int, dice: int) -> None:
    """Carries scenarios out, and fails with a small one where rules are broken.

    Args:
        server: On which they run.
        examples: How many are drawn.
        dice: The seed; the same one draws the same scenarios.

    Raises:
        AssertionError: Of a class named after the rules that a scenario breaks, with its story.
    """
    verdicts, loop = Verdicts(server), asyncio.get_running_loop()
    await verdicts.ahead(collected(examples, dice))
    for found in verdicts.findings:
        print(f"{', '.join(found.rules)}: {found.scenario!r}")

    def judge(scenario: Scenario) -> None:
        found = asyncio.run_coroutine_threadsafe(verdicts.of(scenario), loop).result()
        if found is not None:
            raise _broken(found.rules)(str(found))

    for game in range(_games(examples)):
        await asyncio.to_thread(_play, judge, f"{dice}/{game}", SETTINGS)


def collected(examples: int, dice: int) -> list[Scenario]:
    """So many scenarios, about; the same for the same seed, and the first ones are the same for any number."""
    found: list[Scenario] = []
    only_drawn = settings(SETTINGS, phases=[Phase.generate], database=None)
    for game in range(_games(examples)):
        _play(found.append, f"{dice}/{game}", only_drawn)
    return list(dict.fromkeys(found))


def _games(examples: int) -> int:
    return -(-examples // (GAME - 1))  # each begins with the simplest scenario of all


def _play(judge: Callable[[Scenario], None], dice: str, given: settings) -> None:
    class Game(Campaign):
        def judge(self, scenario: Scenario) -> None:
            judge(scenario)

    run_state_machine_as_test(seed(dice)(Game), settings=given)


@cache
def _broken(rules: tuple[str, ...]) -> type[AssertionError]:
    """A class for each kind of mistake, so that hypothesis does not take another one for the same when it shrinks."""
    return type(" and ".join(rules), (AssertionError,), {})
