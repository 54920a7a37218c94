"""What a case of the contract is, and the list of them, which the modules with the cases fill as they are imported."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from contract_rig import Need, Rig
from devicelab import MemoryJournal

Run = Callable[[Rig], Awaitable[None]]


@dataclass(frozen=True)
class Case:
    """One case, and what a platform must declare for it. It takes a rig as delivered, and shall not leave a timer."""

    run: Run
    needs: tuple[Need, ...]

    @property
    def name(self) -> str:
        """What reports show."""
        return self.run.__name__


CASES: Final[list[Case]] = []


def case(*needs: Need) -> Callable[[Run], Run]:
    """Make a function a case."""

    def register(run: Run) -> Run:
        CASES.append(Case(run, needs))
        return run

    return register


def dying(moment: str, journal: MemoryJournal | None = None) -> MemoryJournal:
    """A journal in which the attempt dies: ``before`` or ``after`` it has written a key, as in ``after intent``."""
    when, _, key = moment.partition(" ")
    found = journal or MemoryJournal()
    return replace(found, dies_before=key) if when == "before" else replace(found, dies_after=key)


def without_checkpoints(witness: object) -> object:
    """What an undo may do for itself on a simulated device: drop the copy that it needed."""
    return witness[:2] if isinstance(witness, list) else witness
