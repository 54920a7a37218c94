"""Rules of the model test about undoing: what is asked for, in which order, and what is left afterwards."""

from collections.abc import Iterable, Iterator
from typing import Final

from model_device import Part
from model_log import (
    DIRTY,
    backs_of,
    begins,
    beyond_one_device,
    changing,
    end_of,
    ended_badly,
    ended_by,
    failed_in,
    on_failure_of,
    spec_of,
    status_of,
    waves_of,
)
from model_story import Story, Told

FELL: Final = frozenset({"failed", "rejected"})
CUT: Final = frozenset({"cancelled"})


def nothing_is_undone_that_was_not_begun(story: Story) -> Iterator[str]:
    """An undo beyond one device is asked for where the same call was begun before, with the generation that it had.

    A batch asks on its own for a device whose call was cancelled while it waited for a worker; nothing comes of it.
    """
    begun = set()
    for entry in story.lab.log:
        if entry.deed == "do" and entry.what == "begin":
            begun.add(entry.call)
        if entry.call not in begun and (entry.what == "back" or (entry.what == "begin" and "/undo" in entry.batch)):
            yield f"{entry}: it was never begun"


def who_only_reads_is_never_taken_back(story: Story) -> Iterator[str]:
    """There is nothing to take back, and an undo that fails would put a device out of service for nothing."""
    changes = {step for told in story.runs for step in changing(told)}
    for entry in begins(story, "undo"):
        if entry.call.part.step not in changes:
            yield f"{entry}: the step only reads"


def an_undo_never_meets_its_step(story: Story) -> Iterator[str]:
    """While a device's part of a step is under way, it is not taken back; attempts that were lost are over."""
    for undo in begins(story, "undo"):
        for do in (*begins(story, "do"), *begins(story, "check")):
            if do.call == undo.call and do.place < undo.place < end_of(story, do):
                yield f"{undo} began while {do} was under way"


def undo_goes_backwards(story: Story) -> Iterator[str]:
    """Beyond one device: a step only after those that need it, a wave only after those that came later.

    Devices that could not be reached are come back to after all others, and backwards among themselves.
    """
    for told in story.applied:
        ids = told.definition.ids
        for first in beyond_one_device(story, told):
            for second in beyond_one_device(story, told):
                if ("/undo-again" in first.batch) != ("/undo-again" in second.batch):
                    continue
                one, other = ids.index(first.call.part.step), ids.index(second.call.part.step)
                needed = one in told.definition.ancestors(other)
                waves = waves_of(story, told, first.call.part.step)
                later = one == other and waves[first.call.part.host] < waves[second.call.part.host]
                if (needed or later) and first.place < end_of(story, second):
                    yield f"{first} was begun before {second} had ended"


def the_scope_is_undone_and_nothing_else(story: Story) -> Iterator[str]:
    """Where a step's failure asks for an undo, its scope holds nothing afterwards; other devices are not asked.

    So for the step that ended the run and for each that ended badly beside it. One that was cancelled answers if the
    run was; a wait or a question that another step's failure has ended does not.
    """
    for told in story.applied:
        first = ended_by(told)
        if first is None or told.answered or first not in told.definition.ids:
            continue
        if any(
            "the deadline passed" in said for said in (told.result.message, *(s.message for s in told.result.steps))
        ):
            continue  # `on_deadline` speaks instead
        surely = {first, *ended_badly(told, FELL), *(set(changing(told)) & set(ended_badly(told, CUT)))}
        perhaps = {*surely, *ended_badly(told, CUT)}
        dirty = {host for host, status in status_of(told).items() if status in DIRTY}
        asked = {(entry.call.part.step, entry.call.part.host) for entry in beyond_one_device(story, told)}
        asked = {
            one for one in asked if on_failure_of(story, one[0]) != "pause"
        }  # those take their failed back so, too
        for name, host in asked - _scopes(story, told, perhaps):
            yield f"{host} was taken back in {name}, which no failure of {sorted(perhaps)} asks for"
        for name, host in _scopes(story, told, {one for one in surely if not _began_with_none(story, told, one)}):
            if (
                spec_of(story, name).undo
                and host not in dirty
                and story.lab.holds(Part(told.run, name, host)) != "none"
            ):
                yield f"{host} still holds {name}, which the failure of one of {sorted(surely)} takes back"


def a_called_run_that_is_taken_back_holds_nothing(story: Story) -> Iterator[str]:
    """Each of its devices is as before, or named; a step that says `undo: none` is left alone."""
    for told in story.applied:
        backs = backs_of(story, told)
        dirty = {host for one in (told, *backs) for host, status in status_of(one).items() if status in DIRTY}
        for step in changing(told) if backs else ():
            for host in story.scenario.names:
                held = story.lab.holds(Part(told.run, step, host))
                if held != "none" and host not in dirty and spec_of(story, step).undo:
                    yield f"{host} still holds {step} of {told.id}, which {backs[-1].id} has taken back"


def what_was_called_is_taken_back_too(story: Story) -> Iterator[str]:
    """Where a failure takes the whole run back, the runs that it has called hold nothing either, or are named."""
    for told in story.applied:
        step = ended_by(told)
        if step is None or told.answered or step not in told.definition.ids or told.result.verdict == "cancelled":
            continue
        if "the deadline passed" in told.result.message or on_failure_of(story, step) != "undo run":
            continue
        for one in story.applied:
            dirty = told.result.verdict == "failed_dirty"
            holds = [
                (part, host)
                for part in changing(one)
                for host in story.scenario.names
                if spec_of(story, part).undo and story.lab.holds(Part(one.run, part, host)) != "none"
            ]
            if one.parent is told and holds and not dirty:
                yield f"{one.id} still holds {holds}, and `undo run` of {step} takes {told.id} back"


def _scopes(story: Story, told: Told, steps: Iterable[str]) -> set[tuple[str, str]]:
    return {one for step in steps for one in _scope(story, told, step, on_failure_of(story, step).split())}


def _began_with_none(story: Story, told: Told, step: str) -> bool:
    """Whether a wave may have failed that the log does not know: nobody serves the pool of its devices."""
    failed = {host for host, status in status_of(told).items() if status == "failed"}
    return on_failure_of(story, step) == "undo wave" and not failed <= waves_of(story, told, step).keys()


def _scope(story: Story, told: Told, step: str, words: list[str]) -> set[tuple[str, str]]:
    if words[0] != "undo":
        return set()
    hosts = story.scenario.names
    match words[1]:
        case "run":
            return {(one, host) for one in changing(told) for host in hosts}
        case "step":
            return {(step, host) for host in hosts}
        case "wave":
            waves = waves_of(story, told, step)
            return {(step, host) for host, wave in waves.items() if wave == max(waves.values())}
        case _:
            failed = failed_in(story, told, step)
            return {(words[3] if len(words) > 2 else step, host) for host in failed}
