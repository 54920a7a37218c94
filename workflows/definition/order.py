"""Who runs before whom: the needs of each step, a sequence that keeps them, and what has ended when a step starts.

Pure arithmetic over a draft, made once. Circles are for `graph.py` to report; here they only must not hang.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from workflows.definition.draft import Draft


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a definition's steps.

    Attributes:
        needs: The direct needs of each step, as `needs_of` says.
        sequence: Every step after all that it needs; those in a circle, and behind one, come last.
    """

    needs: Mapping[str, tuple[str, ...]]
    sequence: tuple[str, ...]
    _number: Mapping[str, int]
    _before: Mapping[str, int]  # bit set of the steps before each step

    @classmethod
    def of(cls, draft: Draft) -> "Order":
        """The order of a draft. Of two steps with one id the first counts."""
        needs = needs_of(draft)
        number = {step_id: at for at, step_id in enumerate(needs)}
        before, sequence = _closure(needs, number)
        main = sum({1 << number[step.id.text] for step in draft.steps})
        final = {step.id.text for step in draft.final}
        # Steps in a circle see everything: the circle is the mistake to report.
        everything = (1 << len(number)) - 1
        seen = {name: before.get(name, everything) | (main if name in final else 0) for name in number}
        rest = [name for name in number if name not in before]
        return cls(needs, (*sequence, *rest), number, seen)

    def is_before(self, earlier: str, later: str) -> bool:
        """Whether one step has always ended, or was skipped, when the other starts."""
        return earlier in self._number and bool(self._before[later] >> self._number[earlier] & 1)


def needs_of(draft: Draft) -> dict[str, tuple[str, ...]]:
    """The direct needs of each step: what it says, else the step above it.

    Those of ``finally`` are carried out one after the other, whatever they say: each needs the step above it.
    """
    found: dict[str, tuple[str, ...]] = {}
    for section in (draft.steps, draft.final):
        previous: tuple[str, ...] = ()
        for step in section:
            said = None if step.final else step.needs
            found.setdefault(step.id.text, previous if said is None else tuple(word.text for word in said))
            previous = (step.id.text,)
    return found


def _closure(needs: Mapping[str, tuple[str, ...]], number: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
    """All steps before each step that is in no circle and behind none, as bits, and a sequence of them."""
    before: dict[str, int] = {}
    waiting: dict[str, list[str]] = {}
    missing = {}
    for step_id, named in needs.items():
        known = {name for name in named if name in number}
        missing[step_id] = len(known)
        for name in known:
            waiting.setdefault(name, []).append(step_id)
    ready = [step_id for step_id, count in missing.items() if count == 0]
    for step_id in ready:  # it grows while it is walked
        bits = 0
        for name in needs[step_id]:
            bits |= before.get(name, 0) | (1 << number[name] if name in number else 0)
        before[step_id] = bits
        for later in waiting.get(step_id, ()):
            missing[later] -= 1
            if missing[later] == 0:
                ready.append(later)
    return before, ready
