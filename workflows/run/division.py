"""Waves by the facts of devices: ``select``, ``per``, ``apart``, ``together`` and ``order``. Pure.

An activity calls it, for facts are in the inventory artifact and never in history; what it answers is recorded. Steps
that name no fact are divided by `accept.divide` alone. With the waves it finds what ``concurrency: {per}`` counts
devices by; `packing.py` makes batches of it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from workflows.contracts import Divided, DividedWave
from workflows.errors import EvaluationError
from workflows.plan import Attr, DevicesStep, Expr, HostName, Name, Wave
from workflows.run.accept import wave_size
from workflows.run.evaluate import evaluate, truth

Unit = tuple[HostName, ...]
Facts = Mapping[HostName, Mapping[str, object]]

DEPTH = Attr(of=Attr(of=Name(name="device"), name="data"), name="depth")


def needs_facts(step: DevicesStep) -> bool:
    """Whether the step's waves follow from facts of its devices."""
    by_wave = any(wave.select is not None or wave.per is not None for wave in step.waves)
    named = (step.apart, step.together, step.concurrency_per)
    return by_wave or any(fact is not None for fact in named) or bool(step.order)


def divide_by_facts(
    step: DevicesStep, hosts: Sequence[HostName], facts: Facts, inputs: Mapping[str, object]
) -> Divided:
    """Every device in exactly one wave.

    Sizes are of new devices and capped by what is left; the last wave takes the rest. Devices that belong ``together``
    are not torn apart, even where that makes a wave larger than its size. A wave whose devices must be ``apart`` is
    split.

    Raises:
        EvaluationError: An expression has no value for a device, or ``together`` and ``apart`` contradict each other.
    """

    def seen(expr: Expr, host: HostName) -> object:
        try:
            return evaluate(expr, {"device": facts[host], "inputs": inputs})
        except EvaluationError as error:
            raise EvaluationError(f"device {host}: {error}") from None

    def chosen(expr: Expr, host: HostName) -> bool:
        return truth(expr, {"device": facts[host], "inputs": inputs})

    left = _units(step, hosts, seen)
    waves: list[DividedWave] = []
    empty: list[str] = []
    plan = list(step.waves) or [Wave(name="all", share=1.0)]
    for place, wave in enumerate(plan):
        taken = left if place == len(plan) - 1 else _take(wave, left, len(hosts), seen, chosen)
        gone = frozenset(taken)
        left = [unit for unit in left if unit not in gone]
        parts = _apart(step, taken, seen)
        if hosts and wave.select is not None and not taken:
            empty.append(wave.name)
        for index, part in enumerate(parts):
            name = wave.name if len(parts) == 1 else f"{wave.name}-{index + 1}"
            groups = _groups(step, [host for unit in part for host in unit], seen)
            units = tuple(unit for unit in part if len(unit) > 1)
            waves.append(DividedWave(wave=place, name=name, groups=groups, units=units))
    return Divided(waves=tuple(waves), empty=tuple(empty), caps=_caps(step, hosts, seen))


def _caps(
    step: DevicesStep, hosts: Sequence[HostName], seen: Callable[[Expr, HostName], object]
) -> dict[HostName, str]:
    """What each device counts under where concurrency is capped by a fact; null is a value like any other.

    The text is JSON, so that the number 1 and the word "1" stay apart.
    """
    if step.concurrency_per is None:
        return {}
    return {host: json.dumps(seen(step.concurrency_per, host), sort_keys=True) for host in hosts}


def _units(step: DevicesStep, hosts: Sequence[HostName], seen: Callable[[Expr, HostName], object]) -> list[Unit]:
    if step.together is None:
        return [(host,) for host in hosts]
    units: dict[object, list[HostName]] = {}
    for host in hosts:
        value = seen(step.together, host)
        units.setdefault(("alone", host) if value is None else _key(value), []).append(host)
    return [tuple(unit) for unit in units.values()]


def _take(
    wave: Wave,
    units: Sequence[Unit],
    total: int,
    seen: Callable[[Expr, HostName], object],
    chosen: Callable[[Expr, HostName], bool],
) -> list[Unit]:
    if wave.select is not None:
        select = wave.select
        units = [unit for unit in units if all(chosen(select, host) for host in unit)]
        if wave.size is None and wave.share is None:
            return list(units)
    size = wave_size(wave, total)
    counted: dict[object, int] = {}
    taken = []
    for unit in units:
        kind = _key(seen(wave.per, unit[0])) if wave.per is not None else None
        if counted.get(kind, 0) < size:
            counted[kind] = counted.get(kind, 0) + len(unit)
            taken.append(unit)
    return taken


def _apart(step: DevicesStep, units: Sequence[Unit], seen: Callable[[Expr, HostName], object]) -> list[list[Unit]]:
    """Splits a wave so that no two devices with the same value stand in one part; null stands beside anything."""
    if step.apart is None:
        return [list(units)] if units else []
    parts: list[list[Unit]] = []
    values: list[set[object]] = []
    for unit in units:
        valued = [(host, _key(value)) for host in unit if (value := seen(step.apart, host)) is not None]
        found = [key for _, key in valued]
        twice = next((key for key in found if found.count(key) > 1), None)
        if twice is not None:
            both = ", ".join(host for host, key in valued if key == twice)
            raise EvaluationError(f"`together` holds {both} in one wave, and `apart` keeps them apart")
        place = next((index for index, used in enumerate(values) if used.isdisjoint(found)), None)
        if place is None:
            parts.append([])
            values.append(set())
            place = len(parts) - 1
        parts[place].append(unit)
        values[place].update(found)
    return parts


def _groups(
    step: DevicesStep, hosts: Sequence[HostName], seen: Callable[[Expr, HostName], object]
) -> tuple[tuple[HostName, ...], ...]:
    """Devices of equal rank go at one time, ranks one after the other; ``device.data.depth`` ranks farthest first."""
    if not step.order:
        return (tuple(hosts),)

    def rank(host: HostName) -> tuple[tuple[bool, object], ...]:
        keys = []
        for expr in step.order:
            value = seen(expr, host)
            if expr == DEPTH and isinstance(value, int | float):
                value = -value
            keys.append((value is None, "" if value is None else value))
        return tuple(keys)

    try:
        ranked = sorted(hosts, key=rank)
    except TypeError:
        raise EvaluationError("`order` yields values of different kinds for different devices") from None
    return tuple(tuple(group) for _, group in groupby(ranked, key=rank))


def _key(value: object) -> object:
    """A value as a key: lists and maps by their text."""
    return repr(value) if isinstance(value, list | dict) else (type(value).__name__, value)
