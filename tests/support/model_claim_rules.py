"""Rules of the model test about two requests for the same work (`dedup`)."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

from model_story import Story, Told, Unsealed


def one_run_at_a_time_does_the_work(story: Story) -> Iterator[str]:
    """Whatever a definition says of the second one: all that one run does is over before the other does anything."""
    if not story.scenario.dedup:
        return
    spans: list[tuple[int, int, str]] = []
    for root in sorted({told.root for told in story.applied if not told.plans}):
        mine = {told.run for told in story.runs if told.root == root}
        # A device that nobody could take back does so by itself, whoever is at work by then.
        log = [entry for entry in story.lab.log if entry.what != "reverts"]
        places = [entry.place for entry in log if entry.call.part.run in mine]
        if places:
            spans.append((min(places), max(places), root))
    spans.sort()
    for (_, end, first), (begin, _, second) in pairwise(spans):
        if begin < end:
            yield f"{second} did something at {begin}, and {first} was at the same work until {end}"


def who_does_not_do_the_work_says_so(story: Story) -> Iterator[str]:
    """A run that wrote no record has joined another one, or was refused, as the definition says; it did nothing."""
    for one in story.unsealed:
        if any(entry.batch.split("/")[0] == one.id for entry in story.lab.log):
            yield f"{one.id} wrote no record, and was at work on devices"
        match story.scenario.dedup:
            case "join":
                yield from _joined(story, one)
            case "reject" if one.closed != "invalid_input":
                yield f"{one.id} was closed as {one.closed}, and another run did its work"
            case "reject" if not story.applied:
                yield f"{one.id} was refused, and nobody did its work"
            case "queue":
                yield f"{one.id} closed as {one.closed} without a record, and was to wait for its turn"
            case "":
                yield f"{one.id} closed as {one.closed} without a record"


def _joined(story: Story, one: Unsealed) -> Iterator[str]:
    other = next((told for told in story.applied if told.parent is None and told.id != one.id), None)
    if other is None:
        yield f"{one.id} has joined a run, and there was none"
    elif one.closed != other.closed:
        yield f"{one.id} closed as {one.closed}, and {other.id}, which it had joined, as {other.closed}"
    elif one.result is not None and _end_of(one) != (other.id, *_what(other)):
        yield f"{one.id} says {_end_of(one)}, and {other.id}, which it had joined, {_what(other)}"


def _end_of(one: Unsealed) -> tuple[object, ...]:
    assert one.result is not None, "asked where there is one"
    return one.result.joined, one.result.verdict, one.result.devices, one.result.counts


def _what(told: Told) -> tuple[object, ...]:
    return told.result.verdict, told.result.devices, told.result.counts


def nobody_holds_work_at_the_end(story: Story) -> Iterator[str]:
    """Nor waits for it."""
    for claim in story.guard.claims:
        yield f"{claim.holder.workflow_id} still does {claim.definition} {claim.key}"
    for request in story.guard.claim_queue:
        yield f"{request.holder.workflow_id} still waits for {request.definition} {request.key}"


CLAIM_RULES: Final[tuple[Callable[[Story], Iterator[str]], ...]] = (
    one_run_at_a_time_does_the_work,
    who_does_not_do_the_work_says_so,
    nobody_holds_work_at_the_end,
)
