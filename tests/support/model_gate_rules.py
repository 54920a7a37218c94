"""Rules of the model test about gates, what they show and who decides, and about changes that one step proposes."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from model_device import Part
from model_story import Story, Told
from model_world import STALE

DECIDES: Final = frozenset({"approved", "rejected"})  # the answers of a system that end the question


def what_was_shown_is_applied(story: Story) -> Iterator[str]:
    """A proposed change is made on a device exactly as it was shown; a device that has moved since is left alone."""
    for call, made in story.lab.applied:
        shown = story.lab.shown.get(_proposed(story, call.part))
        if made != shown:
            yield f"{call} was made as {made[:8]}, and {(shown or 'nothing')[:8]} was shown"


def who_has_not_moved_has_not_drifted(story: Story) -> Iterator[str]:
    """A device is refused as drifted only where what would be changed now is not what was shown."""
    for call, now in story.lab.moved:
        if now == story.lab.shown.get(_proposed(story, call.part)):
            yield f"{call} was refused as drifted, and what would be changed is what was shown"


def what_was_proposed_reaches_the_step_that_applies_it(story: Story) -> Iterator[str]:
    """A device whose step has proposed a change is never told that there is none."""
    for entry in story.lab.log:
        if entry.what == "end" and entry.said.startswith("invalid_input"):
            part = _proposed(story, entry.call.part)
            last = [one for one in story.lab.log[: entry.place] if one.call.part == part and one.what == "end"][-1:]
            if last and last[0].said == "unchanged":
                yield f"{entry}: {part.step} had proposed a change for it"


def _proposed(story: Story, part: Part) -> Part:
    """The same device's part of the step that has proposed what this one applies."""
    definition, index = story.scenario.place(part.step)
    return part._replace(step=definition.ids[definition.applied[index]] if index in definition.applied else part.step)


def a_gate_shows_what_the_devices_would_do(story: Story) -> Iterator[str]:
    """As many devices with each diff as have proposed it; equal ones together, and those that failed left out."""
    runs = {told.id: told for told in story.runs}
    for run, gate in story.seen:
        if run not in runs:
            continue  # it was refused after all
        told = runs[run]
        bound = told.definition.bound(told.definition.ids.index(gate.step))
        if bound is None:
            continue
        last: dict[str, str] = {}
        for entry in story.lab.log:
            if (entry.call.part.run, entry.call.part.step, entry.what) == (told.run, bound, "end"):
                last[entry.call.part.host] = entry.said
        hosts = [host for host, said in last.items() if said == "unchanged"]
        expected = Counter(story.lab.shown[Part(told.run, bound, host)] for host in hosts)
        found = Counter({group.digest: group.devices for group in gate.diffs})
        if found != expected or gate.made != ({"modelled": len(hosts)} if hosts else {}):
            yield f"{gate.step} of {run} shows {dict(found)}, {dict(gate.made)}, and {hosts} propose {dict(expected)}"


def a_gate_is_decided_by_what_counts(story: Story) -> Iterator[str]:
    """It opens by an approval that counts, and rejects by a rejection that does; a gate is never decided twice."""
    for told, step, state in _gates(story):
        counted = [one for one in told.sealed.decisions if one.step == step and one.counted]
        said = [one.decision for one in counted]
        if state == "succeeded" and said != ["approve"]:
            yield f"{step} of {told.id} is open, and the decisions that count are {said}"
        if state == "rejected" and said != ["reject"]:
            yield f"{step} of {told.id} is rejected, and the decisions that count are {said}"
        if state not in {"succeeded", "rejected"} and said:
            yield f"{step} of {told.id} is {state}, and the decisions that count are {said}"


def nobody_decides_about_another_proposal(story: Story) -> Iterator[str]:
    """A decision that names another digest is recorded, and never counts; nor does one of who asked for the run."""
    for told, step, _ in _gates(story):
        bound = told.definition.bound(told.definition.ids.index(step))
        for one in told.sealed.decisions:
            if one.step != step or not one.counted:
                continue
            stale = one.how == "system" and [
                said for run, gate, said in story.lab.asked if (run, gate) == (told.run, step)
            ]
            if bound is not None and (one.digest == STALE or (stale and stale[-1] == "stale")):
                yield f"{step} of {told.id} was decided by {one.by}, about another proposal"
            if one.by.startswith(told.sealed.result.requester):
                yield f"{step} of {told.id} was decided by {one.by}, who asked for the run"


def a_systems_word_is_taken(story: Story) -> Iterator[str]:
    """Once a system has decided, it is not asked again; silence does not decide; and its word is on record."""
    for told, step, state in _gates(story):
        answers = [said for run, gate, said in story.lab.asked if (run, gate) == (told.run, step)]
        systems = [one for one in told.sealed.decisions if one.step == step and one.how == "system"]
        decided = [place for place, said in enumerate(answers) if said in DECIDES]
        if decided and decided[0] != len(answers) - 1:
            yield f"{step} of {told.id} was asked again after it had been told: {answers}"
        silent = any(one.how == "timeout" and one.counted for one in told.sealed.decisions if one.step == step)
        if decided and silent:
            yield f"{step} of {told.id} was decided by silence, and a system had said {answers}"
        counted = [one.decision for one in systems if one.counted]
        if counted and state != {"approve": "succeeded", "reject": "rejected"}[counted[0]]:
            yield f"{step} of {told.id} is {state}, and the system's word that counts is {counted}"
        if any(one.decision == "unreachable" for one in systems) and "unreachable" not in answers:
            yield f"{step} of {told.id} says that a system was unreachable, and it was not: {answers}"


def _gates(story: Story) -> Iterator[tuple[Told, str, str]]:
    for told in story.applied:
        for step in told.result.steps:
            if step.kind == "approve":
                yield told, step.id, step.state


GATE_RULES: Final[tuple[Callable[[Story], Iterator[str]], ...]] = (
    what_was_shown_is_applied,
    who_has_not_moved_has_not_drifted,
    what_was_proposed_reaches_the_step_that_applies_it,
    a_gate_shows_what_the_devices_would_do,
    a_gate_is_decided_by_what_counts,
    nobody_decides_about_another_proposal,
    a_systems_word_is_taken,
)
