"""How the slots of concurrency are divided over open batches: pure arithmetic over numbers.

A slot that a batch uses stays with it, for a device is under way in it; one that it has no more use for goes to where
the most devices wait for each slot. Batches of one wave thus end together, and no slot is idle while a device waits.
"""

import heapq
from collections.abc import Sequence


def shared(concurrency: int, needs: Sequence[int], held: Sequence[int]) -> list[int]:
    """Divides the slots so that what is in use stays where it is.

    Args:
        concurrency: All slots; with fewer than there are batches, some get none.
        needs: How many devices each batch has still to start or under way.
        held: How many slots each has now; 0 for one that is to be opened.

    Returns:
        Slots for each batch, never more than it needs, and together never more than ``concurrency``. Where there are
        fewer than there were, none gets more than it has: devices are under way in the others for some time still.
    """
    slots = [min(need, mine) for need, mine in zip(needs, held, strict=True)]
    left = concurrency - sum(slots)
    if left < 0:
        return _fewer(concurrency, slots)  # than there were: an operator, or a budget that is spent
    waiting = [(_rank(need, mine), index) for index, (need, mine) in enumerate(zip(needs, slots, strict=True))]
    heapq.heapify(waiting)
    while left > 0 and waiting:
        _, index = waiting[0]
        if slots[index] >= needs[index]:
            heapq.heappop(waiting)
            continue
        slots[index] += 1
        left -= 1
        heapq.heapreplace(waiting, (_rank(needs[index], slots[index]), index))
    return slots


def _fewer(concurrency: int, held: Sequence[int]) -> list[int]:
    """Takes slots back, one by one, from where there are the most; of those that have as many, from the last."""
    slots = list(held)
    most = [(-mine, -index) for index, mine in enumerate(slots)]
    heapq.heapify(most)
    for _ in range(sum(slots) - max(0, concurrency)):
        mine, place = most[0]
        slots[-place] -= 1
        heapq.heapreplace(most, (mine + 1, place))
    return slots


def _rank(need: int, slots: int) -> tuple[bool, float]:
    """The lower, the sooner a batch gets a slot: first those that have none, then by devices for each slot."""
    return slots > 0, -need / max(slots, 1)


def evenly(concurrency: int, needs: Sequence[int]) -> list[int]:
    """Divides the slots evenly, at least one each, never more than a batch can use, whatever each has now.

    Args:
        concurrency: All slots; at least as many as there are batches.
        needs: How many devices each batch has still to start or under way.
    """
    slots = [0] * len(needs)
    left, open_batches = concurrency, [index for index, need in enumerate(needs) if need > 0]
    while left > 0 and open_batches:
        share = max(1, left // len(open_batches))
        for index in open_batches:
            extra = min(share, needs[index] - slots[index], left)
            slots[index] += extra
            left -= extra
        open_batches = [index for index in open_batches if slots[index] < needs[index]]
    return slots
