"""Waves and thresholds as arithmetic: who goes when, and how many failures are allowed. No Temporal here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from workflows.plan import Accept, HostName, Wave


@dataclass(frozen=True, slots=True)
class Division:
    """One wave of real devices."""

    wave: Wave
    hosts: tuple[HostName, ...]


def divide(hosts: Sequence[HostName], waves: Sequence[Wave]) -> list[Division]:
    """The devices of a step, wave by wave.

    A wave's size counts new devices, as Ansible's ``serial`` does: a number, or a share of all the step's devices
    rounded up, each capped by what is left. The last wave takes the rest. Waves that find nothing left are left out.
    """
    plan = list(waves) or [Wave(name="all", share=1.0)]
    total, start = len(hosts), 0
    divisions = []
    for wave in plan:
        size = total - start if wave is plan[-1] else min(wave_size(wave, total), total - start)
        if size > 0:
            divisions.append(Division(wave, tuple(hosts[start : start + size])))
        start += size
    return divisions


def wave_size(wave: Wave, total: int) -> int:
    """How many new devices a wave wants, of so many devices of its step."""
    if wave.size is not None:
        return wave.size
    # 10 % of 10 devices is one device, not two, whatever binary fractions say.
    return math.ceil(round((wave.share or 0.0) * total, 9))


def allowed_failures(accept: Accept, devices: int) -> int:
    """How many of so many devices may fail; rounded down, so that a canary of one must be whole."""
    match accept.kind:
        case "all":
            return 0
        case "ratio":
            return math.floor(round(devices * (1.0 - accept.value), 9))
        case "failed":
            return int(accept.value)
        case "count":
            return max(0, devices - int(accept.value))
        case "any":
            return max(0, devices - 1)
        case _:
            assert_never(accept.kind)
