"""How far an attempt came that died between two lines: found by comparing the device with what each line does.

Only platforms without a candidate take a change line by line. Their intent holds what every line does to the one
before, so the device's configuration says after how many lines the attempt died, and also that nobody else has changed
anything in the same blocks. Pure: nothing here talks to a device. See ``deploy/decisions/0005``.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from activities.deviceinteraction.change.records import Intent
from activities.deviceinteraction.config import dialect
from activities.deviceinteraction.config.footprint import Footprint, Path, between
from activities.deviceinteraction.platforms.protocol import Running


@dataclass(frozen=True, slots=True)
class Progress:
    """An attempt's work as a device shows it.

    ``done`` lines of the change hold. ``base`` is the configuration without them: ``before``, with what others have
    changed since in other blocks. ``made`` is what the lines did.
    """

    done: int
    finished: bool
    base: tuple[Path, ...]
    made: Footprint


def progress(intent: Intent, now: Running) -> Progress | None:
    """How far the lines of an intent came.

    Returns:
        ``None`` where the change is not made line by line, or where the device shows something in the blocks of the
        change that no number of its lines accounts for: then somebody else was there as well.
    """
    if not intent.stages:
        return None
    blocks = {path[:1] for stage in intent.stages for path in (*stage.added, *stage.removed)}
    here = frozenset(path for path in now.present if path[:1] in blocks)
    began = frozenset(path for path in intent.before if path[:1] in blocks)
    states = [began, *_states(began, intent.stages)]
    last = len(intent.stages)
    if here == states[last]:
        done = last
    elif here in states:
        done = states.index(here)  # the first, as a line that shows nothing may not have been sent
    else:
        ours = {_setting(path) for stage in intent.stages for path in stage.added} - {None}
        alike = (number for number, state in enumerate(states) if not _strange(began, state, here))
        found = next(
            (number for number in alike if not any(_setting(path) in ours for path in here - states[number])), None
        )
        if found is None:
            return None
        done = found
    had = frozenset(intent.before)
    base = (
        *(path for path in intent.before if path[:1] in blocks or path in now.present),
        *(path for path in now.paths if path[:1] not in blocks and path not in had),
    )
    return Progress(done, done == last, base, between(base, now.paths))


def left_traces(intent: Intent, now: Running) -> bool:
    """Whether the device shows anything, of the intent or on the way to it, that was not there before."""
    differing = now.present ^ frozenset(intent.before)
    return any(path in differing for stage in intent.stages for path in (*stage.added, *stage.removed))


def expected(before: Collection[Path], footprint: Footprint) -> frozenset[Path]:
    """The paths that a configuration has once a change is made."""
    return frozenset(before) - frozenset(footprint.removed) | frozenset(footprint.added)


def unpredicted(footprint: Footprint, before: Sequence[Path], after: Sequence[Path]) -> list[Path]:
    """Paths in which a device differs from the prediction, but for what devices do by themselves."""
    differing = _strange(frozenset(before), expected(before, footprint), frozenset(after))
    return [path for path in dict.fromkeys((*before, *after, *footprint.added)) if path in differing]


def _setting(path: Path) -> tuple[Path, str] | None:
    """Which setting a line gives a value, where it has one value: a line of ours and another one exclude each other."""
    *above, text = path
    key = dialect.single_key(above[-1] if above else "", text)
    return None if key is None else (tuple(above), key)


def _states(began: frozenset[Path], stages: Sequence[Footprint]) -> Iterator[frozenset[Path]]:
    state = began
    for stage in stages:
        state = expected(state, stage)
        yield state


def _strange(before: frozenset[Path], predicted: frozenset[Path], after: frozenset[Path]) -> frozenset[Path]:
    """In what a device differs from a prediction, but for what devices do by themselves.

    Those are defaults beneath a block that is new, and switches: some are shown when on, some when off, some never.
    """
    added, removed = predicted - before, before - predicted

    def is_usual(path: Path) -> bool:
        above, text = path[:-1], path[-1]
        if path not in after:  # predicted, and not shown
            return path in added and (text.startswith("no ") or (*above, f"no {text}") in removed)
        beneath_new = any(path[:depth] in added for depth in range(1, len(path)))
        return beneath_new or (text.startswith("no ") and (*above, text.removeprefix("no ")) in removed)

    return frozenset(path for path in after ^ predicted if not is_usual(path))
