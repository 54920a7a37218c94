"""Rules of the model test about maintenance: who is led in is led out, and nothing is changed outside of it."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from model_log import DIRTY, backs_of, spec_of, status_of
from model_story import Story


def who_is_led_in_is_led_out(story: Story) -> Iterator[str]:
    """Whatever became of it: by its step, by its undo, or by a call of its own; else it is named as in doubt."""
    statuses = {told.run: [status_of(one) for one in (told, *backs_of(story, told))] for told in story.applied}
    for (call, prefix), state in story.lab.maintenance.items():
        named = any(one.get(call.part.host) in DIRTY for one in statuses[call.part.run])
        if state != "out" and not named:
            yield f"{call} is still in its {prefix}maintenance ({state})"


def a_device_in_maintenance_alone_is_changed(story: Story) -> Iterator[str]:
    """Each line of a step that says so, made or taken back by us, comes between an entering and a leaving."""
    inside: Counter[object] = Counter()
    for entry in story.lab.log:
        if entry.call.part.step not in story.scenario.ids(frozenset({"change", "read"})):
            continue
        if not spec_of(story, entry.call.part.step).maintained:
            continue
        if entry.what == "enter" and not entry.said:
            inside[entry.call] = 1
        elif entry.what == "leave" and not entry.said:
            inside[entry.call] = 0
        elif entry.what in {"line", "back"} and not inside[entry.call]:
            yield f"{entry}: it is not in its maintenance"


def what_waits_for_its_wave_is_not_settled_on_the_way_out(story: Story) -> Iterator[str]:
    """Where leaving configures, a device is led out once its change is confirmed, or gone."""
    held: set[object] = set()
    for entry in story.lab.log:
        spec = spec_of(story, entry.call.part.step) if entry.what in {"line", "leave"} else None
        if entry.what == "line" and spec is not None and spec.maintained == "changes":
            held |= {entry.call} if spec.confirm == "wave" and spec.undo else set()
        elif entry.what in {"kept", "back", "reverts"}:
            held.discard(entry.call)
        elif entry.what == "leave" and not entry.said and entry.call in held:
            yield f"{entry}: its change still waits for its wave"


def who_only_plans_enters_nothing(story: Story) -> Iterator[str]:
    """A plan leads no device into its maintenance."""
    plans = {told.run: told.id for told in story.runs if told.plans}
    for call, _ in story.lab.maintenance:
        if call.part.run in plans:
            yield f"{plans[call.part.run]} only plans, and has led {call.part.host} into maintenance"


UPKEEP_RULES: Final[tuple[Callable[[Story], Iterator[str]], ...]] = (
    who_is_led_in_is_led_out,
    a_device_in_maintenance_alone_is_changed,
    what_waits_for_its_wave_is_not_settled_on_the_way_out,
    who_only_plans_enters_nothing,
)
