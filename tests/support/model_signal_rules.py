"""Rules of the model test about signals that steps wait for: each is taken once, or refused, and none is lost."""

from collections.abc import Callable, Iterator
from typing import Final

from model_story import Story, Told
from model_text import SIGNAL
from workflows.contracts import OperationRecord


def a_step_takes_what_was_sent(story: Story) -> Iterator[str]:
    """What a step says that it has got, somebody sent; each signal is for one step."""
    good = {sent.n for sent in story.sent if sent.n is not None and sent.taken is not False}
    for told in story.applied:
        if not told.definition.prefix:
            got = [told.result.outputs.get(step) for step in _that(told, "succeeded")]
            for n in got:
                if n not in good:
                    yield f"{told.id} took the signal {n}, and sent were {sorted(good)}"
            if len(set(map(str, got))) != len(got):
                yield f"{told.id} took a signal twice: {got}"


def who_gave_up_had_no_signal(story: Story) -> Iterator[str]:
    """A step that waited in vain, where it is the only one, had none that was good; one that went on had one."""
    for told in story.applied:
        taken = [one for one in _records(told) if not one.refused]
        waits = _that(told, "")
        if len(_that(told, "succeeded")) > len(taken):
            yield f"{told.id}: {_that(told, 'succeeded')} went on, and {len(taken)} signals were taken"
        gave_up = [one.message for one in told.result.steps if one.id in waits and one.message.startswith("no signal")]
        if len(waits) == 1 and gave_up and taken:
            yield f"{told.id}: {gave_up[0]}, and one was taken at {taken[0].at}"


def every_answer_is_kept(story: Story) -> Iterator[str]:
    """A signal whose sender was told that it is taken stands in the record so; what does not fit never does."""
    bad = sum(sent.n is None for sent in story.sent)
    told_so = sum(sent.taken is True for sent in story.sent)
    records = [one for told in story.runs for one in _records(told)]
    taken = sum(not one.refused for one in records)
    recorded = not story.unsealed and not story.refused  # who joins another run, or is refused, keeps no record
    if taken < told_so and recorded:
        yield f"{told_so} senders were told that their signal is taken, and {taken} are on record"
    if taken > len(story.sent) - bad:
        yield f"{taken} signals were taken, and only {len(story.sent) - bad} say what was asked for"
    for sent in story.sent:
        if sent.n is None and sent.taken:
            yield f"a signal that says nothing that was asked for was taken: {story.sent}"
    if len(records) > len(story.sent):
        yield f"{len(story.sent)} signals were sent, and {len(records)} are on record"


def _records(told: Told) -> list[OperationRecord]:
    return [one for one in told.sealed.operations if one.operation == f"signal {SIGNAL}"]


def _that(told: Told, state: str) -> list[str]:
    """The steps that wait for a signal, those that ended so."""
    waits = {
        name for name, step in zip(told.definition.ids, told.definition.steps, strict=True) if step.verb == "signal"
    }
    return [one.id for one in told.result.steps if one.id in waits and state in {"", one.state}]


SIGNAL_RULES: Final[tuple[Callable[[Story], Iterator[str]], ...]] = (
    a_step_takes_what_was_sent,
    who_gave_up_had_no_signal,
    every_answer_is_kept,
)
