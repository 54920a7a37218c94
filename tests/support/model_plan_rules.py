"""Rules of the model test about plans: what they alter, what they foretell, and what is carried out of them."""

from collections.abc import Callable, Iterator
from typing import Final

from model_story import Story, Told
from workflows.contracts import ProposalSummary

PLANNED: Final = frozenset({"succeeded", "partial"})
READ: Final = frozenset({"changed", "unchanged"})


def a_plan_alters_nothing(story: Story) -> Iterator[str]:
    """Nothing on a device, nothing in a system that is asked to change something; nobody is told anything."""
    for told in story.runs:
        if not told.plans:
            continue
        for entry in story.lab.log:
            if entry.call.part.run == told.run and (entry.deed not in {"plan", "call"} or entry.what == "done"):
                yield f"{told.id} only plans: {entry}"
        if told.run in story.notified:
            yield f"{told.id} only plans, and has told somebody something"


def a_plan_foretells_what_would_change(story: Story) -> Iterator[str]:
    """Each step that it proposes for, by how many devices it would change, and for how many nothing was found out."""
    for told in story.runs:
        proposal = told.result.proposal
        if not told.plans or proposal is None or told.result.verdict == "cancelled":
            continue
        for step in proposal.steps:
            said: dict[str, str] = {}
            for entry in story.lab.log:
                part = entry.call.part
                if (part.run, part.step, entry.deed, entry.what) == (told.run, step.step, "plan", "end"):
                    said[part.host] = entry.said
            changed = sum(one == "changed" for one in said.values())
            failed = sum(one not in READ for one in said.values())
            if (step.changed, step.failed) != (changed, failed) and not story.scenario.pool:
                yield f"{step.step} would change {step.changed} devices, {step.failed} failed; they say {said}"


def what_is_carried_out_was_planned(story: Story) -> Iterator[str]:
    """A run that is held to a plan touches a device only where planning anew has come to the same."""
    planned = next((told.result.proposal for told in story.runs if told.plans and told.parent is None), None)
    for root in {told.root: told for told in story.runs if not told.id.endswith("/plan")}.values():
        again = _planned_anew(story, root.root)
        if planned is None or again is None or root.plans:
            continue
        same = again.result.proposal is not None and again.result.proposal.digest == planned.digest
        if any(entry.batch.startswith(f"{root.root}/") and entry.deed == "do" for entry in story.lab.log) and not same:
            yield f"{root.root} changed devices, and what it was held to had moved"
    for name in story.refused:
        again = _planned_anew(story, name)
        if any(entry.batch.startswith(f"{name}/") and entry.deed not in {"plan", "call"} for entry in story.lab.log):
            yield f"{name} was refused as {story.refused[name]}, after it had begun"
        proposal = again.result.proposal if again is not None and again.result.verdict in PLANNED else None
        if proposal is not None and planned is not None and proposal.digest == planned.digest:
            yield f"{name} was refused as {story.refused[name]}, and nothing had moved"


def a_colleagues_change_is_noticed(story: Story) -> Iterator[str]:
    """Where a device that would be changed has moved, planning anew comes to something else."""
    first = next((told for told in story.runs if told.plans and told.parent is None), None)
    proposal = first.result.proposal if first is not None else None
    if story.scenario.mode != "moved" or first is None or proposal is None:
        return
    again = _planned_anew(story, first.root.rpartition("-")[0] + "-1")
    moved = any(
        (entry.call.part.run, entry.deed, entry.said) == (first.run, "plan", "changed")
        and entry.call.part.host == story.scenario.names[0]
        and entry.call.part.step in {step.step for step in proposal.steps}
        for entry in story.lab.log
    )
    now = again.result.proposal if again is not None else None
    if moved and isinstance(now, ProposalSummary) and now.digest == proposal.digest:
        yield f"{story.scenario.names[0]} has moved, and what is planned now has the same digest"


def _planned_anew(story: Story, root: str) -> Told | None:
    return next((told for told in story.runs if told.id == f"{root}/plan"), None)


PLAN_RULES: Final[tuple[Callable[[Story], Iterator[str]], ...]] = (
    a_plan_alters_nothing,
    a_plan_foretells_what_would_change,
    what_is_carried_out_was_planned,
    a_colleagues_change_is_noticed,
)
