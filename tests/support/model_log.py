"""How the rules of the model test read a story: which step, which wave, who failed, which undos go beyond a device."""

from typing import Final

from model_device import Entry
from model_scenario import StepSpec
from model_story import Story, Told
from workflows.plan import StepId

AFTERWARDS: Final = frozenset({"undo", "leave"})  # what becomes of a device whose part of a step is over
DIRTY: Final = frozenset({"undo_failed", "unknown"})


def changing(told: Told) -> list[StepId]:
    """The steps of a run that change devices, in order."""
    return [step.id for step in told.plan.steps if step.kind == "devices" and step.changes]


def spec_of(story: Story, step: str) -> StepSpec:
    """A step as the scenario has it."""
    return story.scenario.spec(step)


def status_of(told: Told) -> dict[str, str]:
    """Where each device ended, as the run says."""
    return {device.name: device.status for device in told.result.devices}


def on_failure_of(story: Story, step: str) -> str:
    """What a failure of a step does to the others."""
    definition, index = story.scenario.place(step)
    return definition.on_failure(index)


def is_back(told: Told) -> bool:
    """Whether a run takes back what one has changed that the same caller had called."""
    return told.id.rpartition("/")[2].startswith("undo-")


def backs_of(story: Story, told: Told) -> list[Told]:
    """The runs that took back what this one had changed, after it had ended."""
    return [one for one in story.backs if one.id.startswith(f"{told.id}/undo-{told.run[-8:]}")]


def ended_by(told: Told) -> str | None:
    """The step whose failure ended the run, as its message says."""
    _, found, rest = told.result.message.partition("step ")
    return rest.partition(":")[0] if found else None


def ended_badly(told: Told, states: frozenset[str]) -> list[str]:
    """The steps of a run that came to one of these ends, in order."""
    return [step.id for step in told.result.steps if step.state in states and step.id in told.definition.ids]


def failed_in(story: Story, told: Told, step: str) -> set[str]:
    """The devices whose last call of a step did not succeed, or that a shared verdict or a wave given up took along."""
    last: dict[str, bool] = {}
    for entry in story.lab.log:
        if (entry.call.part.run, entry.call.part.step) != (told.run, step):
            continue
        if entry.deed not in AFTERWARDS and entry.what == "end":
            last[entry.call.part.host] = entry.said not in {"changed", "unchanged"}
        elif entry.deed == "undo" and not _by_the_run(entry):
            last[entry.call.part.host] = True
    return {host for host, failed in last.items() if failed}


def _by_the_run(entry: Entry) -> bool:
    """Whether an undo is of the run's own making, and not of its batch, of a shared verdict or of a wave given up."""
    where = entry.batch.partition("/")[2]
    return "/undo" in where and "/together/" not in where and "/unconfirmed/" not in where


def begins(story: Story, deed: str) -> list[Entry]:
    """Where attempts of a kind began."""
    return [entry for entry in story.lab.log if entry.deed == deed and entry.what == "begin"]


def end_of(story: Story, begin: Entry) -> int:
    """Where the attempt that began there ended; itself where it was lost without a word."""
    for entry in story.lab.log[begin.place :]:
        if (entry.deed, entry.call, entry.attempt, entry.batch, entry.what) == (
            begin.deed,
            begin.call,
            begin.attempt,
            begin.batch,
            "end",
        ):
            return entry.place
    return begin.place


def beyond_one_device(story: Story, told: Told) -> list[Entry]:
    """The attempts at undos beyond one device: those after the last step had ended, by the run itself."""
    last = max((entry.place for entry in story.lab.log if _is_do(entry, told.run)), default=-1)
    mine = [entry for entry in begins(story, "undo") if entry.call.part.run == told.run]
    later = tuple(f"{back.id}/" for back in backs_of(story, told))
    return [one for one in mine if _by_the_run(one) and one.place > last and not one.batch.startswith(later)]


def _is_do(entry: Entry, run: str) -> bool:
    return entry.call.part.run == run and entry.deed not in AFTERWARDS and entry.what in {"begin", "line", "end"}


def waves_of(story: Story, told: Told, step: str) -> dict[str, int]:
    """The wave that each device was taken up in, by number, in the order in which waves began."""
    found: dict[str, int] = {}
    names: dict[str, int] = {}
    for entry in begins(story, "do"):
        if entry.call.part.run == told.run and entry.call.part.step == step:
            wave = entry.batch.removeprefix(f"{told.id}/{step}/").partition("/")[0]
            found.setdefault(entry.call.part.host, names.setdefault(wave, len(names)))
    return found
