"""The maintenance of one device of the model: entered before its actions, left after them, whatever became of them.

It follows `activities/upkeep.py`: a journal that outlives attempts tells whether a device is inside; whoever comes
next leads it out, and an undo that comes later enters anew.
"""

from collections.abc import Callable
from typing import Literal

from model_device import Call, Lab, What

Note = Callable[[What, str], None]
Prefix = Literal["", "undo-"]


class Upkeep:
    """Around one call.

    Args:
        lab: The devices.
        call: Which one.
        note: Writes the log.
        prefix: Of the undo's own entries.
    """

    def __init__(self, lab: Lab, call: Call, note: Note, prefix: Prefix = "") -> None:
        self._lab, self._note = lab, note
        self._key = (call, prefix)

    @property
    def inside(self) -> bool:
        """Whether the device was led in, wholly or in part, and not yet out."""
        return self._lab.maintenance.get(self._key) in {"begun", "in"}

    def enter(self, *, fails: bool = False) -> bool:
        """Leads the device in, unless that was done; whether it is in."""
        if self._lab.maintenance.get(self._key) in {"in", "out"}:
            return True
        self._lab.maintenance[self._key] = "begun" if fails else "in"
        self._note("enter", "fails" if fails else "")
        return not fails

    def leave(self, *, fails: bool = False) -> bool:
        """Leads the device out, unless that was done; whether it is out."""
        if self._lab.maintenance.get(self._key) == "out":
            return True
        if fails:
            self._note("leave", "fails")
            return False
        self._lab.maintenance[self._key] = "out"
        self._note("leave", "")
        return True


def upkeep_around(lab: Lab, call: Call, note: Note, *, undoes: bool) -> Upkeep | None:
    """The maintenance around an undo; ``None`` where the device need not be led in or out."""
    upkeep, anew = Upkeep(lab, call, note), Upkeep(lab, call, note, "undo-")
    if upkeep.inside:
        return upkeep
    return anew if undoes or anew.inside else None
