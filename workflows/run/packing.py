"""Which devices make a batch, and which batches may be open at once: pure arithmetic over hosts.

Where ``concurrency: {per: FACT, each: N}`` caps devices by a fact, the devices of one value stand in one batch wherever
they fit, and a value that is too large for one is spread over batches of which one is open at a time. A batch can thus
keep the cap by itself (`batch.py`), without asking its run for every device.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from workflows.plan import HostName

Hosts = tuple[HostName, ...]


def pack(hosts: Sequence[HostName], caps: Mapping[HostName, str], size: int) -> list[Hosts]:
    """Divides devices over batches.

    Args:
        hosts: In the order in which they are to be taken up; within a batch it is kept.
        caps: What each device counts under; empty where nothing is capped.
        size: How many devices a batch holds at most.

    Returns:
        Every device in exactly one batch; the batches in the order of their first devices.
    """
    if not caps:
        return [tuple(hosts[start : start + size]) for start in range(0, len(hosts), size)]
    by_cap: dict[str, list[HostName]] = {}
    for host in hosts:
        by_cap.setdefault(caps[host], []).append(host)
    packed: list[list[HostName]] = []
    filling: list[list[HostName]] = []  # those with room; the first that a whole value fits into takes it
    for mine in by_cap.values():
        for start in range(0, len(mine), size):
            part = mine[start : start + size]
            batch = next((one for one in filling if len(one) + len(part) <= size), None)
            if batch is None:
                batch = []
                packed.append(batch)
                filling.append(batch)
            batch += part
            if len(batch) == size:
                filling.remove(batch)
    place = {host: index for index, host in enumerate(hosts)}
    ordered = [tuple(sorted(batch, key=place.__getitem__)) for batch in packed]
    return sorted(ordered, key=lambda batch: place[batch[0]])


def admitted(waiting: Sequence[Hosts], busy: Iterable[Hosts], caps: Mapping[HostName, str], room: int) -> list[int]:
    """Which waiting batches may be opened now: the first ones that count under nothing that is open already.

    Args:
        waiting: The batches that have not been opened, in order.
        busy: Those that are open.
        caps: What each device counts under; empty where nothing is capped.
        room: How many more may be open.

    Returns:
        Their places in ``waiting``, in order.
    """
    if room <= 0 or not caps:
        return list(range(min(max(room, 0), len(waiting))))
    taken = {cap for batch in busy for cap in _counted(batch, caps)}
    found = []
    for index, batch in enumerate(waiting):
        mine = _counted(batch, caps)
        if taken.isdisjoint(mine):
            found.append(index)
            taken |= mine
        if len(found) == room:
            break
    return found


def usable(hosts: Iterable[HostName], caps: Mapping[HostName, str], each: int | None) -> int:
    """How many of these devices can be under way at once; slots beyond that are of no use to their batch."""
    if each is None or not caps:
        return sum(1 for _ in hosts)
    counts = Counter(caps[host] for host in hosts)
    return sum(min(each, number) for number in counts.values())


def rounds(hosts: Sequence[HostName], concurrency: int, caps: Mapping[HostName, str], each: int | None) -> int:
    """How often devices must be waited for, one after the other, until all have had their turn."""
    whole = -(-len(hosts) // concurrency)
    if each is None or not caps:
        return whole
    return max((whole, *(-(-number // each) for number in Counter(caps[host] for host in hosts).values())))


def _counted(batch: Hosts, caps: Mapping[HostName, str]) -> set[str]:
    return {caps[host] for host in batch}
