"""VLAN lists as devices write them: ``10,20-22``. Pure functions."""

from collections.abc import Iterable


def vlan_numbers(text: str) -> list[int]:
    """The ids of a list such as ``10,20-22``, in its order.

    Raises:
        ValueError: The text is not a list of numbers and ranges.
    """
    numbers: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        numbers += range(int(first), int(last) + 1) if dash else [int(first)]
    return numbers


def vlan_ranges(numbers: Iterable[int]) -> str:
    """Ids as a list with ranges, ascending: ``10,20-22``."""
    ordered = sorted(set(numbers))
    parts: list[str] = []
    start = 0
    for index, number in enumerate(ordered):
        if index + 1 < len(ordered) and ordered[index + 1] == number + 1:
            continue
        first = ordered[start]
        parts.append(str(first) if first == number else f"{first}-{number}")
        start = index + 1
    return ",".join(parts)
