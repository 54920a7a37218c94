"""Scenarios of the model test: a definition as people write it, what goes wrong, and what people do meanwhile.

`drawn` draws them; `simpler` makes them smaller, towards nothing happening to one step on one device.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, TypeVar, get_args

import yaml

T = TypeVar("T")
Verb = Literal["change", "read", "gate", "wait"]
Needs = Literal["above", "none", "all"]
DoFault = Literal[
    "unreachable",
    "transient",
    "rejected",
    "check_before",
    "check_after",
    "unknown_before",
    "unknown_after",
    "partial",
    "lost_before",
    "lost_halfway",
    "lost_after",
    "slow",
    "same",
    "garbled",
    "outage",
]
ConfirmFault = Literal["confirm_fails", "confirm_outage", "confirm_lost_before", "confirm_lost_after"]
UndoFault = Literal["undo_transient", "undo_permanent", "undo_unreachable", "undo_lost_before", "undo_lost_after"]
Fault = DoFault | UndoFault | ConfirmFault | Literal["again"]
Deed = Literal["cancel", "cancel_by_operator", "pause", "restart", "concurrency"]
Answer = Literal["retry", "skip", "stop", "undo failed", "undo wave", "undo step", "undo run"]

DO_FAULTS: Final[tuple[Fault, ...]] = get_args(DoFault)
UNDO_FAULTS: Final[tuple[Fault, ...]] = get_args(UndoFault)
CONFIRM_FAULTS: Final[tuple[Fault, ...]] = get_args(ConfirmFault)
FAULTS: Final[tuple[Fault, ...]] = (*DO_FAULTS, *UNDO_FAULTS, *CONFIRM_FAULTS, "again")
# What undoes, and what it meets, is drawn more often; a lost attempt takes seconds to be missed, and is drawn less.
DRAWN: Final[tuple[Fault, ...]] = (
    *(fault for fault in FAULTS if "lost" not in fault),
    *("check_after", "check_after", "check_after", "partial", "partial", "partial"),
    *("unknown_after", "unknown_after", "unknown_after", "rejected", "rejected", "rejected"),
    *("unknown_before", "undo_permanent", "undo_transient", "again", "again"),
    *("lost_before", "lost_after", "lost_halfway", "undo_lost_before", "undo_lost_after"),
)
ON_FAILURE: Final = (
    "stop",
    "continue",
    "pause",
    "pause",
    "undo failed",
    "undo wave",
    "undo step",
    "undo run",
    "undo earlier",
)
ACCEPT: Final = ("all", "all", "all", ">= 50%", "<= 1 failed", ">= 80%", "any", "2 of 3")


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One step, before it is text."""

    verb: Verb = "change"
    needs: Needs = "above"
    narrowed: bool = False  # only the devices that the nearest step above has not lost
    waves: tuple[tuple[int | str, int], ...] = ()  # size, soak in minutes
    accept: str = "all"
    strict: bool = False
    concurrency: int = 2
    breaker: bool = False
    undo: bool = True
    on_failure: str = "stop"
    checked: bool = True  # something is demanded of the device after the change
    attempts: int = 2
    grouping: Literal["", "order", "together", "apart"] = ""
    confirm: Literal["", "device", "wave", "best_effort"] = ""  # who waits for whom before a change is kept
    deadline: str = ""  # what follows when it passes, a minute after the soaks


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """What goes wrong on one device in one step, at one attempt or more."""

    step: int
    host: int
    kind: Fault
    times: int = 1


@dataclass(frozen=True, slots=True)
class EventSpec:
    """What somebody does when so many things have happened on devices."""

    after: int
    deed: Deed


@dataclass(frozen=True, slots=True)
class Scenario:
    """All of it."""

    hosts: int
    steps: tuple[StepSpec, ...]
    faults: tuple[FaultSpec, ...] = ()
    events: tuple[EventSpec, ...] = ()
    answers: tuple[Answer, ...] = ()  # of an operator, in order; then `stop`
    gate: Literal["approve", "reject", "silence"] = "approve"
    cold: bool = False  # the worker keeps nothing in memory: each step forward replays the whole history
    rival: bool = False  # a second run wants the same devices at the same time

    @property
    def names(self) -> tuple[str, ...]:
        """The devices."""
        return tuple(f"sw{number}" for number in range(1, self.hosts + 1))

    @property
    def facts(self) -> dict[str, dict[str, object]]:
        """What the inventory says: pairs of devices, ranks of three."""
        return {
            name: {"name": name, "site": f"pair{index // 2}", "data": {"depth": index // 3}}
            for index, name in enumerate(self.names)
        }

    def confirms(self, host: str, step: str) -> Literal["device", "session", "none"]:
        """What the device's own timer lives on: all have one where a wave relies on it, as `prepare` sees to."""
        if self.steps[self.ids().index(step)].confirm == "wave":
            return "device"
        return ("device", "session", "none")[self.names.index(host) % 3]

    def ids(self) -> tuple[str, ...]:
        """The steps' ids."""
        return tuple(f"{'abcdefgh'[index]}_{step.verb}" for index, step in enumerate(self.steps))

    def ancestors(self, index: int) -> frozenset[int]:
        """The steps that have ended before this one starts."""
        if index == 0 or self.steps[index].needs == "none":
            return frozenset()
        direct = {index - 1} if self.steps[index].needs == "above" else set(range(index))
        return frozenset(direct.union(*(self.ancestors(one) for one in direct)))

    def text(self) -> str:
        """The definition."""
        steps = [self._step(index) for index in range(len(self.steps))]
        tell = {"id": "tell", "notify": {"to": "netops", "message": "done"}, "on_failure": "continue"}
        return yaml.safe_dump(
            {
                "netsaga": 1,
                "name": "model",
                "version": "1.0.0",
                "inventory": {"source": "lab"},
                "defaults": {"credential": "rw", "timeout": "60s"},
                "steps": steps,
                "finally": [tell],
            },
            sort_keys=False,
        )

    def _step(self, index: int) -> dict[str, object]:
        spec, name = self.steps[index], self.ids()[index]
        found: dict[str, object] = {"id": name}
        if spec.needs == "none" or index == 0:
            found["needs"] = []
        elif spec.needs == "all":
            found["needs"] = list(self.ids()[:index])
        match spec.verb:
            case "gate":
                found |= {"approve": {"by": "netops"}, "timeout": "30m", "on_timeout": "reject"}
                found |= self._on_failure(index)
            case "wait":
                found["wait"] = {"for": "10m"}
            case _:
                found |= self._fan_out(index)
        return found

    def _fan_out(self, index: int) -> dict[str, object]:
        spec = self.steps[index]
        above = [one for one in sorted(self.ancestors(index)) if self.steps[one].verb in {"change", "read"}]
        devices = f"steps.{self.ids()[above[-1]]}.succeeded" if spec.narrowed and above else "inventory"
        found: dict[str, object] = {"devices": devices, "concurrency": spec.concurrency}
        if spec.waves:
            waves: list[dict[str, object]] = [{"size": size, "soak": f"{soak}m"} for size, soak in spec.waves]
            rest: dict[str, object] = {"name": "rest", "size": "100%"}
            found["waves"] = [{"name": f"w{number}", **wave} for number, wave in enumerate(waves, 1)] + [rest]
        found["accept"] = spec.accept
        found["retry"] = {"attempts": spec.attempts, "delay": "1s", "on": ["transient"]}
        checks = {"check": {"it is well": 'device.name != "nobody"'}}
        if spec.verb == "read":
            return found | {"do": [checks]} | self._on_failure(index)
        found |= {"budget": "strict"} if spec.strict else {}
        found |= {"breaker": {"failures": 2, "within": "1m"}} if spec.breaker else {}
        found |= {"order": ["device.data.depth"]} if spec.grouping == "order" else {}
        found |= {spec.grouping: "device.site"} if spec.grouping in {"together", "apart"} else {}
        if spec.deadline:
            found |= {"deadline": f"{sum(soak for _, soak in spec.waves) + 1}m", "on_deadline": spec.deadline}
        configure: dict[str, object] = {"configure": {"lines": [f"vlan {index + 10}"]}}
        if spec.confirm and spec.undo:
            configure["confirm"] = {"within": "15m", "hold": spec.confirm}
        found["do"] = [configure, *([checks] if spec.checked else [])]
        found["undo"] = ["native", "inverse"] if spec.undo else "none"
        return found | self._on_failure(index)

    def on_failure(self, index: int) -> str:
        """What a failure of the step does to the others, where the language allows what was drawn; else `stop`."""
        spec = self.steps[index]
        earlier = [one for one in self.ancestors(index) if self.steps[one].verb == "change" and self.steps[one].undo]
        said = spec.on_failure
        if said == "undo earlier":
            return f"undo failed of {self.ids()[max(earlier)]}" if earlier and spec.verb != "gate" else "stop"
        if said == "undo run":
            return said if earlier or (spec.verb == "change" and spec.undo) else "stop"
        if said.startswith("undo"):
            return said if spec.verb == "change" and spec.undo else "stop"
        return "stop" if said == "pause" and spec.verb in {"gate", "wait"} else said

    def _on_failure(self, index: int) -> dict[str, object]:
        said = self.on_failure(index)
        words = said.split()
        if words[0] != "undo":
            return {"on_failure": said}
        return {"on_failure": {"undo": words[1], **({"of": words[3]} if len(words) > 2 else {})}}

    def __str__(self) -> str:
        said = [self.text(), f"{self.hosts} devices: {', '.join(self.names)}"]
        steps = zip(self.ids(), self.steps, strict=True)
        ids = [name for name, step in steps if step.verb in {"change", "read"}] or ["no step"]
        said += [
            f"fault: {self.names[fault.host % self.hosts]} in {ids[fault.step % len(ids)]}: {fault.kind} x{fault.times}"
            for fault in self.faults
        ]
        said += [f"event: {event.deed} after {event.after} things" for event in self.events]
        said.append(f"answers: {', '.join(self.answers) or 'stop'}; gates: {self.gate}")
        said += ["the workers keep one workflow in memory"] * self.cold + [
            "a second run wants the same devices"
        ] * self.rival
        return "\n".join(said)


def drawn(number: int, seed: int) -> list[Scenario]:
    """So many scenarios, the same for the same seed; the first ones are the same for any number."""
    return [_scenario(random.Random(f"{seed}/{index}")) for index in range(number)]  # a test's dice


def _scenario(dice: random.Random) -> Scenario:
    steps = tuple(_step(dice) for _ in range(dice.choice((1, 2, 2, 3, 3, 4))))
    faults = tuple(
        FaultSpec(dice.randrange(4), dice.randrange(5), dice.choice(DRAWN), dice.choice((1, 1, 1, 2, 4)))
        for _ in range(dice.choice((0, 1, 2, 3, 4, 6, 8)))
    )
    events = tuple(
        EventSpec(dice.randint(1, 40), dice.choice(get_args(Deed))) for _ in range(dice.choice((0, 0, 1, 1, 2)))
    )
    return Scenario(
        hosts=dice.choice((1, 2, 3, 4, 5, 5)),
        steps=steps,
        faults=faults,
        events=events,
        answers=tuple(dice.choice(("retry", "retry", *get_args(Answer))) for _ in range(dice.randrange(5))),
        gate=dice.choice(("approve", "approve", "approve", "approve", "reject", "silence")),
        cold=dice.random() < 0.1,
        rival=dice.random() < 0.15,
    )


def _step(dice: random.Random) -> StepSpec:
    return StepSpec(
        verb=dice.choice(("change", "change", "change", "change", "change", "change", "read", "gate", "wait")),
        needs=dice.choice(("above", "above", "all", "none")),
        narrowed=dice.random() < 0.4,
        waves=tuple((dice.choice((1, 1, 2, "20%", "50%")), dice.choice((0, 5))) for _ in range(dice.randrange(3))),
        accept=dice.choice(ACCEPT),
        strict=dice.random() < 0.3,
        concurrency=dice.randint(1, 3),
        breaker=dice.random() < 0.15,
        undo=dice.random() < 0.9,
        on_failure=dice.choice(ON_FAILURE),
        checked=dice.random() < 0.7,
        attempts=dice.randint(1, 2),
        grouping=dice.choice(("", "", "", "", "order", "together", "apart")),
        confirm=dice.choice(("", "", "device", "wave", "wave", "best_effort")),
        deadline=dice.choice(("", "", "", "", "stop", "undo", "skip")),
    )


def simpler(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios that are a little simpler than this one, those that save most first."""
    for index in range(len(scenario.steps)):
        if len(scenario.steps) > 1:
            yield replace(scenario, steps=_without(scenario.steps, index))
    if scenario.hosts > 1:
        yield replace(scenario, hosts=scenario.hosts - 1)
    for index in range(len(scenario.faults)):
        yield replace(scenario, faults=_without(scenario.faults, index))
    for index in range(len(scenario.events)):
        yield replace(scenario, events=_without(scenario.events, index))
    for index in range(len(scenario.answers)):
        yield replace(scenario, answers=_without(scenario.answers, index))
    plain = Scenario(1, ())
    for name in ("cold", "rival", "gate"):
        if getattr(scenario, name) != getattr(plain, name):
            yield replace(scenario, **{name: getattr(plain, name)})
    for index, fault in enumerate(scenario.faults):
        if fault.times > 1:
            yield replace(scenario, faults=_with(scenario.faults, index, replace(fault, times=1)))
    for index, step in enumerate(scenario.steps):
        for one in fields(StepSpec):
            if getattr(step, one.name) != one.default and one.name != "verb":
                plainer: dict[str, Any] = {one.name: one.default}
                yield replace(scenario, steps=_with(scenario.steps, index, replace(step, **plainer)))


def _without(items: tuple[T, ...], index: int) -> tuple[T, ...]:
    return items[:index] + items[index + 1 :]


def _with(items: tuple[T, ...], index: int, item: T) -> tuple[T, ...]:
    return (*items[:index], item, *items[index + 1 :])
