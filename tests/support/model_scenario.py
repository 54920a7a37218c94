"""Scenarios of the model test: definitions as people write them, what goes wrong, and what people do meanwhile.

They are plain data. `model_machine` draws them, `model_text` writes the definitions down, `model_drive` carries them
out. Every field has the value that means "nothing of it" as its default, so that a kept scenario says only what counts.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Final, Literal, get_args

Verb = Literal["change", "read", "propose", "gate", "wait", "signal", "get", "post", "script", "call"]
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
    "drifts",
    "enter_fails",
    "leave_fails",
]
ConfirmFault = Literal["confirm_fails", "confirm_outage", "confirm_lost_before", "confirm_lost_after"]
UndoFault = Literal[
    "undo_transient", "undo_permanent", "undo_unreachable", "undo_lost_before", "undo_lost_after", "undo_leave_fails"
]
SystemFault = Literal[
    "unavailable",  # nobody answers, and nothing was done
    "degraded",
    "doubtful",  # it is carried out, and the answer never comes
    "refused",  # an answer, and not the one that was expected
    "denied",
    "says_no",  # a good answer, for which the steps behind it have nothing to do
    "call_lost_before",
    "call_lost_after",
    "call_slow",
]
Fault = DoFault | UndoFault | ConfirmFault | SystemFault | Literal["again", "unplannable"]
Sending = Literal["signal", "signal_by_update", "bad_signal", "bad_signal_by_update"]
Deed = Literal["cancel", "cancel_by_operator", "pause", "restart", "concurrency", "pool_dies", "pool_returns", Sending]
ForOne = Literal["retry one", "skip one", "stop one", "undo one"]  # of the devices that failed
Answer = Literal["retry", "skip", "stop", "undo failed", "undo wave", "undo step", "undo run", ForOne]

SystemAnswer = Literal["approved", "rejected", "unanswered", "unreachable", "stale", "requester"]  # at a gate

UNDO_FAULTS: Final[tuple[Fault, ...]] = get_args(UndoFault)
CONFIRM_FAULTS: Final[tuple[Fault, ...]] = get_args(ConfirmFault)
SYSTEM_FAULTS: Final[tuple[Fault, ...]] = get_args(SystemFault)
OF_DEVICES: Final = frozenset({"change", "read", "propose"})
OF_SYSTEMS: Final = frozenset({"get", "post", "script"})
POOL: Final = "far"
LETTERS: Final = "abcdefgh"


class Brief:
    """Data that says of itself only what is not as always, in Python that makes it again."""

    __slots__ = ()

    def __repr__(self) -> str:
        said = {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}  # type: ignore[arg-type]  # its classes are dataclasses
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in said.items())})"


@dataclass(frozen=True, slots=True, repr=False)
class StepSpec(Brief):
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
    on_block: Literal["abort", "proceed", "ask"] = "abort"  # of a step that calls a system
    guarded: bool = False  # only where the nearest call above has said so
    window: Literal["", "wait", "stop", "pause"] = ""  # what happens while the change window is closed
    maintained: Literal["", "looks", "changes"] = ""  # each device is led in before, and out after: what that does
    applies: bool = False  # the change is what the nearest step above has proposed, unless another one applies that
    binds: bool = False  # a gate is about what the nearest step above has proposed, where a step behind applies it
    via: bool = False  # a gate asks a system, too
    part: tuple["StepSpec", ...] = ()  # of a call: the steps of the definition that it calls


@dataclass(frozen=True, slots=True, repr=False)
class FaultSpec(Brief):
    """What goes wrong on one device in one step, or with one system, at one attempt or more."""

    step: int  # among those that the kind is about, over all definitions
    host: int
    kind: Fault
    times: int = 1


@dataclass(frozen=True, slots=True, repr=False)
class EventSpec(Brief):
    """What somebody does when so many things have happened on devices."""

    after: int
    deed: Deed


@dataclass(frozen=True)
class Definition:
    """The steps of one definition, with what follows from their order."""

    name: str
    steps: tuple[StepSpec, ...]
    prefix: str = ""  # of the steps' ids, so that no two definitions share one

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The steps' ids."""
        return tuple(f"{self.prefix}{LETTERS[index]}_{step.verb}" for index, step in enumerate(self.steps))

    def ancestors(self, index: int) -> frozenset[int]:
        """The steps that have ended before this one starts."""
        if index == 0 or self.steps[index].needs == "none":
            return frozenset()
        direct = {index - 1} if self.steps[index].needs == "above" else set(range(index))
        return frozenset(direct.union(*(self.ancestors(one) for one in direct)))

    def on_failure(self, index: int) -> str:
        """What a failure of the step does to the others, where the language allows what was drawn; else `stop`."""
        spec = self.steps[index]
        earlier = [one for one in self.ancestors(index) if self.steps[one].verb == "change" and self.steps[one].undo]
        said = spec.on_failure
        if said == "undo earlier":
            return f"undo failed of {self.ids[max(earlier)]}" if earlier and spec.verb in OF_DEVICES else "stop"
        if said == "undo run":
            return said if earlier or (spec.verb == "change" and spec.undo) else "stop"
        if said.startswith("undo"):
            return said if spec.verb == "change" and spec.undo else "stop"
        return "stop" if said == "pause" and spec.verb in {"gate", "wait"} else said

    @cached_property
    def applied(self) -> dict[int, int]:
        """The steps that apply a proposed change, and which step has proposed it; each change is applied once."""
        found: dict[int, int] = {}
        for index, step in enumerate(self.steps):
            above = [one for one in self.ancestors(index) if self.steps[one].verb == "propose"]
            free = [one for one in above if one not in found.values()]
            if step.verb == "change" and step.applies and free:
                found[index] = max(free)
        return found

    def change_of(self, step: str) -> str:
        """The step whose lines a step is about: for one that proposes, the one that applies it."""
        appliers = {self.ids[proposed]: self.ids[index] for index, proposed in self.applied.items()}
        return appliers.get(step, step)

    def bound(self, index: int) -> str | None:
        """The step whose proposed change a gate is about."""
        if not self.steps[index].binds:
            return None
        behind = [one for by, one in self.applied.items() if index in self.ancestors(by)]
        above = [one for one in behind if one in self.ancestors(index)]
        return self.ids[max(above)] if above else None

    def guard(self, index: int) -> str | None:
        """The call that says whether a step is to be done at all: the nearest one above it."""
        if not self.steps[index].guarded:
            return None
        above = [one for one in self.ancestors(index) if self.steps[one].verb in OF_SYSTEMS]
        return self.ids[max(above)] if above else None

    def narrows(self, index: int) -> str | None:
        """The step whose survivors a step is about; none: it is about the whole inventory."""
        above = [one for one in self.ancestors(index) if self.steps[one].verb in OF_DEVICES]
        return self.ids[max(above)] if self.steps[index].narrowed and above else None

    def called(self, index: int) -> "Definition":
        """What a step that calls calls."""
        letter = self.ids[index][0]
        return Definition(f"part-{letter}", self.steps[index].part, letter)


@dataclass(frozen=True, repr=False)
class Scenario(Brief):
    """All of it."""

    hosts: int
    steps: tuple[StepSpec, ...]
    faults: tuple[FaultSpec, ...] = ()
    events: tuple[EventSpec, ...] = ()
    answers: tuple[Answer, ...] = ()  # of an operator, in order; then `stop`
    gate: Literal["approve", "reject", "silence", "stale"] = "approve"  # stale: first about another proposal
    system: tuple[SystemAnswer, ...] = ()  # what a system says about gates, in order; then nothing any more
    cold: bool = False  # the worker keeps nothing in memory: each step forward replays the whole history
    rival: bool = False  # a second run wants the same devices at the same time
    dedup: Literal["", "join", "queue", "reject"] = ""  # what becomes of it where both are to do the same work
    # The run only plans; a plan is carried out; or it is, and a colleague has been at a device meanwhile.
    mode: Literal["apply", "plan", "planned", "moved"] = "apply"
    pool: Literal["", "served", "unserved"] = ""  # every second device is reached by the workers of a pool alone
    short: bool = False  # histories are short: the run continues as new again and again
    night: bool = True  # the run begins while change windows are open

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

    @property
    def pools(self) -> dict[str, str]:
        """The devices that only the workers of a pool reach."""
        return dict.fromkeys(self.names[1::2], POOL) if self.pool else {}

    @cached_property
    def main(self) -> Definition:
        """What is asked for."""
        return Definition("model", self.steps)

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """By name: what is asked for, and what that calls."""
        calls = [index for index, step in enumerate(self.steps) if step.verb == "call"]
        return {one.name: one for one in (self.main, *map(self.main.called, calls))}

    def place(self, step: str) -> tuple[Definition, int]:
        """Where a step stands, by its id."""
        return next((one, one.ids.index(step)) for one in self.definitions.values() if step in one.ids)

    def spec(self, step: str) -> StepSpec:
        """A step by its id."""
        definition, index = self.place(step)
        return definition.steps[index]

    def ids(self, verbs: frozenset[str]) -> tuple[str, ...]:
        """The steps of some verbs, over all definitions."""
        found = [zip(one.ids, one.steps, strict=True) for one in self.definitions.values()]
        return tuple(name for steps in found for name, step in steps if step.verb in verbs)

    def confirms(self, host: str, step: str) -> Literal["device", "session", "none"]:
        """What the device's own timer lives on: all have one where a wave relies on it, as `prepare` sees to."""
        if self.spec(step).confirm == "wave":
            return "device"
        return ("device", "session", "none")[self.names.index(host) % 3]

    def struck(self, fault: FaultSpec) -> tuple[str, str] | None:
        """The step that a fault is about, and the device; no device where it is about a system, none where neither."""
        of_system = fault.kind in SYSTEM_FAULTS
        steps = self.ids(OF_SYSTEMS if of_system else OF_DEVICES)
        if not steps:
            return None
        return steps[fault.step % len(steps)], "" if of_system else self.names[fault.host % self.hosts]
