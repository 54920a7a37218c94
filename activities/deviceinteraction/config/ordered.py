"""Where the order of lines counts: which blocks were reordered, and which lines cannot be typed back into their place.

A line that is typed into an access list without a number goes to its end. So what was taken out of the middle of one
cannot be brought back by its line, and an inverse that did would leave a list that reads the same as a set and decides
differently. Sources: Cisco, "Security Configuration Guide: Access Control Lists, Cisco IOS XE 17" (entries are tried in
order, a new one without a sequence number is appended); Juniper, "Routing Policies, Firewall Filters, and Traffic
Policers User Guide" (a new term comes last; ``insert`` moves it). Pure functions over paths.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from activities.deviceinteraction.config.footprint import Path

_LIST: Final = re.compile(
    r"(?:ip |ipv4 |ipv6 |mac |arp )?access-list |policy-map |route-policy |(?:ip |ipv6 )?prefix-list "
)
_COUNTS: Final = re.compile(r"(?:(?:ip|ipv4|ipv6|mac) )?access-list |route-map |policy-map |class-map |event manager ")
_ENTRY: Final = re.compile(r"(?:permit|deny|remark|evaluate|class|match|if|apply|pass|drop|done|set)\b")
_ALONE: Final = re.compile(  # an entry that is a line of its own at the top
    r"(?:ip |ipv6 |bgp )?(?:access-list|as-path access-list|prefix-list|community-list)\s+(?!extended |standard )\S+"
    r"(?:\s+\S+)??\s+(?:permit|deny|remark)\b"
)
_NUMBERED: Final = re.compile(r"(?:seq(?:uence)? )?\d+ |.* seq \d+ ")
_JUNOS: Final = frozenset({"term", "rule"})  # of filters, policies, NAT


def lost_places(removed: Iterable[Path]) -> tuple[Path, ...]:
    """Of lines that were removed, those that stood in a list that is still there, without a number that says where."""
    gone = tuple(removed)
    known = frozenset(gone)
    return tuple(path for path in gone if path[:-1] not in known and _has_a_place(path))


def lost_terms(gone: Iterable[Sequence[str]], kept: Collection[tuple[str, ...]]) -> tuple[str, ...]:
    """Of Junos statements that are gone, the terms that stood among others, by name.

    Args:
        gone: The words of each, without ``set``.
        kept: The prefixes of all statements that are there.
    """
    found: dict[str, None] = {}
    for words in gone:
        for place, word in enumerate(words[:-1]):
            is_policy = word == "policy" and tuple(words[:2]) == ("security", "policies")
            alone = tuple(words[: place + 2]) not in kept
            if (word in _JUNOS or is_policy) and alone and tuple(words[: place + 1]) in kept:
                found[" ".join(words[: place + 2])] = None
    return tuple(found)


def moved(had: Sequence[Path], has: Sequence[Path]) -> tuple[Path, ...]:
    """The blocks in which lines that were there before and after have changed their order; ``()`` is the top."""
    both = frozenset(had) & frozenset(has)
    before, after = _by_block(had, both), _by_block(has, both)
    return tuple(block for block, lines in after.items() if before[block] != lines)


def disordered(had: Sequence[Path], has: Sequence[Path]) -> tuple[Path, ...]:
    """Of the blocks that `moved` names, those in which order counts; the top is for lists that stand there by lines."""
    return moved(tuple(filter(_counts, had)), tuple(filter(_counts, has)))


def _counts(path: Path) -> bool:
    return any(_COUNTS.match(text) for text in path)


def _by_block(paths: Sequence[Path], kept: Collection[Path]) -> dict[Path, list[str]]:
    found: dict[Path, list[str]] = {}
    for path in paths:
        if path in kept:
            found.setdefault(path[:-1], []).append(path[-1])
    return found


def _has_a_place(path: Path) -> bool:
    text = path[-1]
    if len(path) == 1:
        return _ALONE.match(text) is not None and _NUMBERED.match(text) is None
    return _LIST.match(path[-2]) is not None and _ENTRY.match(text) is not None
