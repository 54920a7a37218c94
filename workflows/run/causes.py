"""Failures grouped by cause: the same message, its device's name and its numbers aside. Pure.

Three hundred devices that fail for one reason are one line to a person, and names only where the rest is found.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from workflows import contracts
from workflows.contracts import Cause, FailureInfo
from workflows.errors import FailureType
from workflows.plan import HostName, StepId
from workflows.run.state import FAILED, StepRun

MOST: Final = 20
EXAMPLES: Final = 3
ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"
_HOST: Final = "\0"  # stands for the device's own name; no message of a device comes here with one
_VARIES: Final = re.compile(r"\b[0-9a-f]{12,}\b|\d+(?:[.:/]\d+)*")  # digests, numbers, addresses, ports of a chassis
RANK: Final[Mapping[FailureType, int]] = {"undo_failed": 0, "cancelled": 2}

Key = tuple[StepId, FailureType, tuple[str, ...]]


@dataclass(slots=True)
class _Group:
    """Devices with one cause; ``values`` stand between the texts that all messages share."""

    values: list[str]
    devices: int = 0
    hosts: list[HostName] = field(default_factory=list)

    def add(self, host: HostName, values: tuple[str, ...]) -> None:
        self.devices += 1
        if len(self.hosts) < EXAMPLES:
            self.hosts.append(host)
        if self.devices > 1:
            self.values = [mine if mine == other else ELLIPSIS for mine, other in zip(self.values, values, strict=True)]

    def message(self, texts: tuple[str, ...]) -> str:
        between = [*self.values, ""]
        whole = "".join(text + value for text, value in zip(texts, between, strict=True))
        return whole.replace(_HOST, self.hosts[0] if self.devices == 1 else ELLIPSIS)


def causes(steps: Iterable[StepRun], most: int = MOST) -> tuple[Cause, ...]:
    """Why devices failed, by step and cause.

    Args:
        steps: The steps of a run; those that are not about devices have no failures of this kind.
        most: How many causes at most; the most frequent ones stay.

    Returns:
        What could not be undone first, then what failed, then what was taken back or not taken up because of that; of
        each the most frequent first, then as the steps and the devices stand.
    """
    groups: dict[Key, _Group] = {}
    # Many messages begin with the device's name, which a cause names beside it.
    for step, host, info in _failures(steps):
        said = info.message.removeprefix(f"{host}: ").replace(f": {host}: ", ": ")
        texts, values = _parts(said.replace(host, _HOST))
        group = groups.setdefault((step, info.type, texts), _Group(list(values)))
        group.add(host, values)
    # Stable: the order of the steps stays.
    ranked = sorted(groups.items(), key=lambda item: (RANK.get(item[0][1], 1), -item[1].devices))
    return tuple(
        Cause(
            step=step,
            what=what,
            message=group.message(texts),
            devices=group.devices,
            examples=tuple(group.hosts),
        )
        for (step, what, texts), group in ranked[:most]
    )


def taken_along(step: StepRun, host: HostName) -> bool:
    """Whether a device was taken back because of others, and has not failed itself."""
    info = step.messages.get(host)
    return step.letters[host] == contracts.LETTERS["undone"] and info is not None and info.type == "cancelled"


def _failures(steps: Iterable[StepRun]) -> Iterator[tuple[StepId, HostName, FailureInfo]]:
    for step in steps:
        for host, info in step.messages.items():
            if step.letters.get(host) in FAILED:
                yield step.id, host, info


@lru_cache(maxsize=1024)
def _parts(message: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a message shares with others of its cause, and what stands between: one value less than texts."""
    texts = _VARIES.split(message)
    return tuple(texts), tuple(_VARIES.findall(message))
