"""Rules of the model test about the order of steps, calls of systems and definitions, change windows, and pools."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from model_device import Entry
from model_log import AFTERWARDS, begins, ended_by, spec_of
from model_scenario import OF_SYSTEMS
from model_story import Story, Told
from model_world import OPENS
from workflows.contracts import StepResult

ACTS: Final = frozenset({"begin", "line", "kept", "done"})
OPEN: Final = timedelta(hours=8)  # as `model_text.WINDOW` has it
DAY: Final = timedelta(days=1)
BLOCKS: Final = frozenset({"block_unavailable", "block_degraded"})
PASSED: Final = frozenset({"succeeded", "partial"})


def a_step_begins_after_those_that_it_needs(story: Story) -> Iterator[str]:
    """Whatever a step is about, and whatever became of those before it."""
    for told in story.runs:
        spans = {step: [entry.place for entry in _acts(story, told, step)] for step in told.definition.ids}
        for index, step in enumerate(told.definition.ids):
            for needed in (told.definition.ids[one] for one in told.definition.ancestors(index)):
                if spans[step] and spans[needed] and min(spans[step]) < max(spans[needed]):
                    yield f"{step} began at {min(spans[step])}, and {needed}, which it needs, went on afterwards"


def nothing_follows_a_step_that_failed(story: Story) -> Iterator[str]:
    """Unless somebody says that it may be passed over: the definition, a block's answer, or an operator."""
    for told in story.runs:
        if told.answered:
            continue
        for step in told.result.steps:
            if step.state not in {"failed", "rejected", "cancelled"} or step.id not in told.definition.ids:
                continue
            if step.state == "failed" and _passed_over(story, step):
                continue
            for index, behind in enumerate(told.definition.ids):
                if told.definition.ids.index(step.id) in told.definition.ancestors(index) and _acts(
                    story, told, behind
                ):
                    yield f"{behind} began, and {step.id}, which it needs, is {step.state}"


def _passed_over(story: Story, step: StepResult) -> bool:
    definition, index = story.scenario.place(step.id)
    spec = definition.steps[index]
    if step.message.startswith("the deadline passed"):
        return spec.deadline == "skip"
    return definition.on_failure(index) == "continue" or (step.blame is not None and step.blame.answer == "proceeded")


def steps_say_what_systems_answered(story: Story) -> Iterator[str]:
    """A call has succeeded where the last thing that the system said was an answer, and failed otherwise."""
    for told, step, ends in _calls(story):
        last = ends[-1] if ends else ""
        if step.state == "succeeded" and last != "answered":
            yield f"{step.id} of {told.id} succeeded, and the last attempt says: {last or 'nothing'}"
        if step.state == "failed" and last in {"answered", "cancelled"}:
            yield f"{step.id} of {told.id} failed, and the last attempt says: {last}"


def a_block_that_failed_is_named(story: Story) -> Iterator[str]:
    """With what it did and what became of it; a system that merely says no is not a block that failed."""
    for told, step, ends in _calls(story):
        if step.state != "failed":
            continue
        kind = ends[-1].partition(",")[0] if ends else ""  # also where it was to be tried again, and was stopped
        expected: tuple[str, str] | None = None
        if kind in BLOCKS:
            on_block = spec_of(story, step.id).on_block
            acknowledged = on_block == "ask" and "passed over by" in step.message
            expected = kind, "proceeded" if on_block == "proceed" else "acknowledged" if acknowledged else "aborted"
        found = (step.blame.type, step.blame.answer) if step.blame is not None else None
        if found != expected:
            yield f"{step.id} of {told.id} blames {found}, and {expected} is what happened"


def a_system_is_asked_no_more_than_the_plan_grants(story: Story) -> Iterator[str]:
    """Attempts that the system itself has failed; who dies with a worker is not counted."""
    for told, step, ends in _calls(story):
        own = sum(said.partition(",")[0] not in {"lost", "cancelled", "answered"} for said in ends)
        granted = spec_of(story, step.id).attempts
        if own > granted and not told.answered:
            yield f"{step.id} of {told.id} asked {own} times, and {granted} were granted"


def _calls(story: Story) -> Iterator[tuple[Told, StepResult, list[str]]]:
    """The steps that call systems, with what came of each attempt."""
    for told in story.runs:
        for step in told.result.steps:
            if step.id in story.scenario.ids(OF_SYSTEMS):
                ends = [entry.said for entry in _acts(story, told, step.id, "end") if entry.deed == "call"]
                yield told, step, ends


def a_guard_is_obeyed(story: Story) -> Iterator[str]:
    """A step whose call above says no is passed over, and so is one whose call has said nothing."""
    said_no = {fault for fault in story.scenario.faults if fault.kind == "says_no"}
    for told in story.applied:
        states: dict[str, StepResult] = {step.id: step for step in told.result.steps}
        for index, step in enumerate(told.definition.ids):
            guard = told.definition.guard(index)
            if guard is None:
                continue
            acts, skipped = _acts(story, told, step), states[step].message == "its `when` is false"
            if acts and states[guard].state != "succeeded":
                yield f"{step} began, and {guard}, which says whether it may, is {states[guard].state}"
            if skipped and states[guard].state == "succeeded" and not said_no:
                yield f"{step} was passed over, and {guard} has said yes"


def what_a_call_came_to_is_what_its_run_says(story: Story) -> Iterator[str]:
    """The last run that a step has called decides about it, and does no more and no less than its caller."""
    for told in story.runs:
        for step in told.result.steps:
            children = [one for one in story.runs if one.id == f"{told.id}/{step.id}"]
            if step.id not in told.definition.ids or spec_of(story, step.id).verb != "call" or not children:
                continue
            last = children[-1]
            passed = step.state in {"succeeded", "undone"}  # what it did may have been taken back since
            if passed != (last.result.verdict in PASSED):
                yield f"{step.id} of {told.id} is {step.state}, and its run is {last.result.verdict}"
            if last.result.mode != told.result.mode:
                yield f"{last.id} was a run to {last.result.mode}, and {told.id} one to {told.result.mode}"


def waves_begin_inside_their_windows(story: Story) -> Iterator[str]:
    """Each device of a wave is taken up while the window is open, as an operator who resumes is answerable for."""
    for entry in begins(story, "do"):
        spec = spec_of(story, entry.call.part.step)
        if spec.window not in {"wait", "stop"} or entry.at is None or entry.call.generation > 1:
            continue
        opened = (entry.at + story.ahead - OPENS) % DAY
        if opened > OPEN:
            yield f"{entry} began {opened} after the window had opened, and it is open for {OPEN}"


def a_closed_window_is_said(story: Story) -> Iterator[str]:
    """A step that does not wait for its window says that it found it closed."""
    for told in story.applied:
        for step in told.result.steps:
            if step.id not in told.definition.ids or spec_of(story, step.id).window != "stop":
                continue
            began = any(_acts(story, told, step.id))
            quiet = step.state == "failed" and not began and ended_by(told) in {None, step.id}
            said = any(word in step.message for word in ("window", "accepted is"))  # there may be too few devices
            if quiet and not story.scenario.events and not step.counts.get("failed") and not said:
                yield f"{step.id} of {told.id} failed before it began, and says: {step.message}"


def devices_are_reached_through_their_pools(story: Story) -> Iterator[str]:
    """By the workers of the pool and no others; a pool that nobody serves is named."""
    for entry in story.lab.log:
        if entry.what == "begin" and entry.said:
            yield f"{entry}"
        if story.scenario.pool == "unserved" and entry.what == "begin" and entry.call.part.host in story.scenario.pools:
            back = any(event.deed == "pool_returns" for event in story.scenario.events)
            if not back:
                yield f"{entry}: nobody serves its pool"


def _acts(story: Story, told: Told, step: str, *whats: str) -> list[Entry]:
    """What happened in one step of a run, in the runs that it called too; undoing is another matter."""
    wanted, child = frozenset(whats) or ACTS, f"{told.id}/{step}"
    return [
        entry
        for entry in story.lab.log
        if entry.what in wanted
        and entry.deed not in AFTERWARDS
        and (
            (entry.call.part.run, entry.call.part.step) == (told.run, step)
            or entry.batch == child
            or (entry.call.part.step not in told.definition.ids and entry.batch.startswith(f"{child}/"))
        )
    ]


def no_call_is_carried_out_twice(story: Story) -> Iterator[str]:
    """However often a run had to ask."""
    done = Counter(entry.call.part for entry in story.lab.log if entry.what == "done")
    for part, times in done.items():
        if times > 1:
            yield f"{part.step} was carried out {times} times"


def nobody_is_tried_again_unasked(story: Story) -> Iterator[str]:
    """Each new generation of a device follows from an operator's answer that is about this device."""
    for told in story.applied:
        generations: dict[tuple[str, str], int] = {}
        for entry in begins(story, "do"):
            if entry.call.part.run == told.run:
                place = entry.call.part.step, entry.call.part.host
                generations[place] = max(generations.get(place, 1), entry.call.generation)
        for (step, host), generation in generations.items():
            taken = [one for one in told.sealed.operations if not one.refused]
            again = [one for one in taken if (one.operation, one.step) == ("retry", step)]
            about = [one for one in again if not one.devices or host in one.devices]
            if generation > 1 and not about:
                yield f"{host} was tried again in {step}, and the answers were {again}"


STEP_RULES: Final[tuple[Callable[[Story], Iterator[str]], ...]] = (
    a_step_begins_after_those_that_it_needs,
    nothing_follows_a_step_that_failed,
    steps_say_what_systems_answered,
    a_block_that_failed_is_named,
    a_system_is_asked_no_more_than_the_plan_grants,
    no_call_is_carried_out_twice,
    a_guard_is_obeyed,
    what_a_call_came_to_is_what_its_run_says,
    waves_begin_inside_their_windows,
    a_closed_window_is_said,
    devices_are_reached_through_their_pools,
    nobody_is_tried_again_unasked,
)
