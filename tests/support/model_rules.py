"""What must hold of a story, whatever happened in it. Each rule is a function that yields what it finds wrong.

The rules know the language and the devices, and nothing of the interpreter: they compare what a run says with what is
in its devices' configurations and logs. Those about undoing are in `model_undo_rules`, those about the order of steps
and about steps that are not over devices in `model_step_rules`, those about plans in `model_plan_rules`. Gates and what
they bind, two requests for the same work, signals and maintenance have rules in `model_gate_rules`,
`model_claim_rules`, `model_signal_rules` and `model_upkeep_rules`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations
from operator import itemgetter
from typing import Final

from model_claim_rules import CLAIM_RULES
from model_device import Part
from model_gate_rules import GATE_RULES
from model_history import Begun, beginnings
from model_log import DIRTY, backs_of, changing, failed_in, spec_of, status_of, waves_of
from model_plan_rules import PLAN_RULES
from model_signal_rules import SIGNAL_RULES
from model_step_rules import STEP_RULES
from model_story import Story, Told
from model_undo_rules import (
    a_called_run_that_is_taken_back_holds_nothing,
    an_undo_never_meets_its_step,
    nothing_is_undone_that_was_not_begun,
    the_scope_is_undone_and_nothing_else,
    undo_goes_backwards,
    what_was_called_is_taken_back_too,
    who_only_reads_is_never_taken_back,
)
from model_upkeep_rules import UPKEEP_RULES
from workflows.plan import HostName, StepId

CLOSED_AS: Final = {
    "succeeded": "completed",
    "partial": "completed",
    "rejected": "completed",
    "cancelled": "cancelled",
    "stopped": "stopped",
    "failed": "failed",
    "failed_dirty": "failed_dirty",
}
# How many of so many devices may fail, worked out anew: the interpreter's own arithmetic is not to be trusted here.
ALLOWED: Final[dict[str, Callable[[int], int]]] = {
    "all": lambda _: 0,
    ">= 50%": lambda devices: devices // 2,
    ">= 80%": lambda devices: devices // 5,
    "<= 1 failed": lambda _: 1,
    "any": lambda devices: max(0, devices - 1),
    "2 of 3": lambda devices: max(0, devices - 2),
}

Rule = Callable[[Story], Iterator[str]]


def broken_rules(story: Story) -> list[str]:
    """All that is wrong with a story."""
    return [f"{rule.__name__}: {said}" for rule in RULES for said in rule(story)]


def each_change_is_whole_or_gone(story: Story) -> Iterator[str]:
    """Entirely changed, entirely as before, or named as neither in a result that says so."""
    for told in story.applied:
        if backs_of(story, told):
            continue  # what it says has been overtaken
        statuses = status_of(told)
        for step in changing(told):
            for host in story.scenario.names:
                held = story.lab.holds(Part(told.run, step, host))
                if held == "some" and told.result.verdict != "failed_dirty":
                    yield f"{host} holds a part of {step}, and the verdict is {told.result.verdict}"
                if held == "some" and spec_of(story, step).undo and statuses[host] not in DIRTY:
                    yield f"{host} holds a part of {step}, and is told as {statuses[host]}"


def the_result_tells_what_devices_hold(story: Story) -> Iterator[str]:
    """Counts per step and the status per device, against the configurations."""
    for told in story.applied:
        if backs_of(story, told):
            continue  # what it says has been overtaken
        dirty = {host for host, status in status_of(told).items() if status in DIRTY}
        for step in told.result.steps:
            if step.id not in changing(told) or not spec_of(story, step.id).undo:
                continue
            holders = {
                host for host in story.scenario.names if story.lab.holds(Part(told.run, step.id, host)) != "none"
            }
            said = step.counts.get("changed", 0)
            if not len(holders - dirty) <= said <= len(holders):
                yield f"{step.id} says changed: {said}, and {sorted(holders)} hold it (in doubt: {sorted(dirty)})"
        for device in told.result.devices:
            yield from _device(story, told, device.name, device.status, device.step)


def _device(story: Story, told: Told, host: HostName, status: str, step: StepId | None) -> Iterator[str]:
    holds = {one for one in changing(told) if story.lab.holds(Part(told.run, one, host)) != "none"}
    said = f"{host} is told as {status} by {step}, and holds {sorted(holds)}"
    match status:
        case "changed" if step not in holds:
            yield said
        case "untouched" | "unchanged" if holds:
            yield said
        case "undone" if step in holds:
            yield said
        case "failed" | "unreachable" | "skipped" if step in holds and spec_of(story, str(step)).undo:
            yield said


def doubt_is_looked_into(story: Story) -> Iterator[str]:
    """A device stays unknown only where its step forbids the undo, which would have found out."""
    for told in story.applied:
        for device in told.result.devices:
            if device.status == "unknown" and device.step is not None and spec_of(story, device.step).undo:
                yield f"{device.name} is unknown in {device.step}, and nobody has looked"


def who_fails_after_a_change_is_taken_back(story: Story) -> Iterator[str]:
    """Whatever becomes of the others: a device whose call failed holds nothing of it, or is named in doubt."""
    for told in story.applied:
        dirty = {host for host, status in status_of(told).items() if status in DIRTY}
        for step in changing(told):
            if not spec_of(story, step).undo:
                continue
            for host in failed_in(story, told, step) - dirty:
                if story.lab.holds(Part(told.run, step, host)) != "none":
                    yield f"{host} failed in {step}, and holds its change"


def a_wave_is_confirmed_as_a_whole(story: Story) -> Iterator[str]:
    """Where a wave is held, none of its devices is confirmed before all of them have had their turn."""
    for told in story.applied:
        for step in changing(told):
            if spec_of(story, step).confirm not in {"wave", "best_effort"}:
                continue
            waves = waves_of(story, told, step)
            mine = [one for one in story.lab.log if (one.call.part.run, one.call.part.step) == (told.run, step)]
            for kept in [entry for entry in mine if entry.what == "kept"]:
                wave = waves[kept.call.part.host]
                late = [entry for entry in mine if entry.what == "line" and entry.place > kept.place]
                for entry in late:
                    if waves[entry.call.part.host] == wave:
                        yield f"{entry} came after {kept}, in one wave"


def no_effect_is_made_twice(story: Story) -> Iterator[str]:
    """Each line is sent once, and taken back once, under one generation of one call."""
    effects = Counter((entry.what, entry.call, entry.said) for entry in story.lab.log if entry.what in {"line", "back"})
    for (what, call, said), times in effects.items():
        if times > 1:
            yield f"{what} {said} of {call} happened {times} times"


def a_strict_budget_is_kept(story: Story) -> Iterator[str]:
    """Devices under way are never more than the failures still allowed, and one."""
    for told in story.applied:
        if sum(one.id == told.id for one in story.runs) > 1:
            continue  # called again: the histories of its batches are those of the last time
        for step in told.plan.steps:
            if step.kind != "devices" or step.budget != "strict" or step.on_failure.action == "pause":
                continue
            hosts = {one.host for one in _of_step(story, told, step.id)}
            result = next(one for one in told.result.steps if one.id == step.id)
            # Nobody answers here, so who is skipped was cut short by a cancel, and was counted until then.
            allowed = ALLOWED[spec_of(story, step.id).accept](max(sum(result.counts.values()), len(hosts)))
            for one in _of_step(story, told, step.id):
                left = allowed - one.failed
                if left < 0:
                    yield f"{step.id} took up {one.host} after {one.failed} failures, and {allowed} were allowed"
                elif one.under_way > left + 1:
                    yield f"{step.id} took up {one.host} as number {one.under_way}, with {left} failures left"


def _of_step(story: Story, told: Told, step: str) -> list[Begun]:
    mine = [batch for batch in story.histories if batch.startswith(f"{told.id}/{step}/")]
    return beginnings([story.histories[batch] for batch in mine], undoes_itself=spec_of(story, step).undo)


def no_wave_begins_once_accept_cannot_be_met(story: Story) -> Iterator[str]:
    """A wave of a changing step begins only if what failed before it may be accepted."""
    for told in story.applied:
        if told.answered:
            continue
        for step in told.plan.steps:
            if step.kind != "devices" or not step.changes:
                continue
            waves = waves_of(story, told, step.id)
            result = next(one for one in told.result.steps if one.id == step.id)
            total = sum(result.counts.values())
            failed = failed_in(story, told, step.id)
            for number in sorted(set(waves.values())):
                lost = sum(waves[host] < number for host in failed if host in waves)
                if lost > ALLOWED[spec_of(story, step.id).accept](total):
                    yield f"wave {number} of {step.id} began after {lost} failures of {total}"


def the_verdict_is_what_the_devices_say(story: Story) -> Iterator[str]:
    """Dirty outranks all; failed means that nobody holds a change, stopped that somebody does."""
    for told in story.applied:
        verdict, statuses = told.result.verdict, status_of(told)
        if backs_of(story, told):
            continue  # what it says has been overtaken
        family = [
            one for one in story.applied if one is told or one.id.startswith(f"{told.id}/")
        ]  # what it called, too
        backs = [back for one in family for back in backs_of(story, one)]
        dirty = sorted(host for one in [*family, *backs] for host, status in status_of(one).items() if status in DIRTY)
        holders = [
            (step, host)
            for one in family
            for step in changing(one)
            for host in statuses
            if story.lab.holds(Part(one.run, step, host)) != "none"
        ]
        undoable = all(spec_of(story, step).undo for one in family for step in changing(one))
        if bool(dirty) != (verdict == "failed_dirty") and undoable:
            yield f"the verdict is {verdict}, and in doubt are {dirty}"
        if verdict == "failed" and holders and undoable:
            yield f"the run failed, and {holders} hold a change"
        silent = any(one is not told and one.closed == "cancelled" for one in family)  # does not say what it keeps
        if verdict == "stopped" and not holders and not silent:
            yield "the run was stopped, and nobody holds a change"
        if verdict == "cancelled" and not told.cancels:
            yield "the run was cancelled, and nobody had asked for it"
        if verdict == "rejected" and not any(step.kind == "approve" for step in told.plan.steps):
            yield "the run was rejected, and there is no gate"
        if verdict == "succeeded" and any(step.state in {"failed", "cancelled"} for step in told.result.steps):
            yield "the run succeeded, and a step did not"
        if told.closed != CLOSED_AS[verdict]:
            yield f"the verdict is {verdict}, and the workflow closed as {told.closed}"
        counted = Counter(statuses.values())
        if dict(counted) != dict(told.result.counts):
            yield f"counts are {told.result.counts}, and the devices say {dict(counted)}"


def runs_do_not_meet_on_a_device(story: Story) -> Iterator[str]:
    """Leases: from its first change to its last, or its last undo, a run has its devices for itself.

    Runs that one run has called, and that run itself, may meet each other; nobody else comes in between. An undo of a
    called run that has ended leases the devices anew; others may have had them meanwhile (decision 0043).
    """
    runs = {told.run: told for told in story.applied}
    places: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for entry in story.lab.log:
        told = runs.get(entry.call.part.run)
        if told is not None and entry.call.part.step in changing(told) and entry.what != "reverts":
            places[told.run, "/undo-" in entry.batch].append(entry.place)
    spans = sorted(((min(found), max(found), runs[run]) for (run, _), found in places.items()), key=itemgetter(0, 1))
    for (_, end, first), (begin, _, second) in combinations(spans, 2):
        if first.root != second.root and begin < end:
            yield f"{second.id} was at work on devices at {begin}, and {first.id} until {end}"


def leases_are_free_at_the_end(story: Story) -> Iterator[str]:
    """Nobody holds anything, and nobody waits."""
    for lease in story.guard.leases:
        yield f"{lease.holder.workflow_id} still holds {list(lease.devices)}"
    for request in story.guard.queue:
        yield f"{request.holder.workflow_id} still waits for {list(request.devices)}"


def finally_has_run(story: Story) -> Iterator[str]:
    """Whatever happened before it."""
    for told in story.applied:
        tell = next(step for step in told.result.steps if step.id == f"{told.definition.prefix}tell")
        if tell.state != "succeeded":
            yield f"`finally` of run {told.id} is {tell.state}"


RULES: Final[tuple[Rule, ...]] = (
    each_change_is_whole_or_gone,
    the_result_tells_what_devices_hold,
    doubt_is_looked_into,
    who_fails_after_a_change_is_taken_back,
    a_wave_is_confirmed_as_a_whole,
    no_effect_is_made_twice,
    nothing_is_undone_that_was_not_begun,
    who_only_reads_is_never_taken_back,
    an_undo_never_meets_its_step,
    undo_goes_backwards,
    the_scope_is_undone_and_nothing_else,
    a_called_run_that_is_taken_back_holds_nothing,
    what_was_called_is_taken_back_too,
    a_strict_budget_is_kept,
    no_wave_begins_once_accept_cannot_be_met,
    the_verdict_is_what_the_devices_say,
    runs_do_not_meet_on_a_device,
    leases_are_free_at_the_end,
    finally_has_run,
    *STEP_RULES,
    *GATE_RULES,
    *CLAIM_RULES,
    *SIGNAL_RULES,
    *UPKEEP_RULES,
    *PLAN_RULES,
)
