"""The faults that a device has been told to show, and the choice of the one that a line meets.

It decides nothing about how a fault looks: `shell.py`, `server.py` and the platforms do.
"""

import re
from dataclasses import dataclass

from activities.deviceinteraction.testbed.model import Fault, FaultKind, Phase


@dataclass(slots=True)
class _Armed:
    fault: Fault
    pattern: re.Pattern[str]
    left: int  # 0 where the fault has no limit
    skip: int  # how many lines that match are still let pass


class FaultBox:
    """The faults of one device, in the order in which they were injected."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def inject(self, fault: Fault) -> None:
        """Arm a fault; several of one kind are met one after the other."""
        self._armed.append(_Armed(fault, re.compile(fault.match), fault.times, fault.skip))

    def clear(self) -> None:
        """Disarm all faults."""
        self._armed.clear()

    def pending(self) -> list[Fault]:
        """The faults that are still armed."""
        return [armed.fault for armed in self._armed]

    def take(self, *kinds: FaultKind, line: str = "", phase: Phase | None = None) -> Fault | None:
        """The first armed fault of these kinds, and of a phase if one is given, whose pattern is found in the line.

        Its count goes down by one.
        """
        for armed in self._armed:
            if armed.fault.kind not in kinds or armed.pattern.search(line) is None:
                continue
            if phase is not None and armed.fault.phase != phase:
                continue
            if armed.skip:
                armed.skip -= 1
                continue
            if armed.fault.times:
                armed.left -= 1
                if armed.left == 0:
                    self._armed.remove(armed)
            return armed.fault
        return None

    def closes_port(self) -> bool:
        """Whether the device shall not listen at all."""
        return any(armed.fault.kind == "refuse_connection" and armed.fault.times == 0 for armed in self._armed)
