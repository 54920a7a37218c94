"""Diffs and inverses of indented configurations, made from a footprint.

A diff names every touched line with its parents, in the order of the configuration, and nothing else: no context, no
positions. Its digest therefore moves when the change moves, and not when a neighbouring line does.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence

from activities.deviceinteraction.config import dialect, ordered
from activities.deviceinteraction.config.footprint import Footprint, Path

_ADD = f"{dialect.TRUNK} add "


def rendered(footprint: Footprint, order: Sequence[Path] = ()) -> str:
    """The diff as text: ``+`` and ``-`` lines, parents that stay as they are with a blank in front.

    Args:
        footprint: What the change touches.
        order: The paths of the configuration before, whose order the blocks follow; new blocks come last.
    """
    signed = [("-", path) for path in footprint.removed] + [("+", path) for path in footprint.added]
    touched = {path for _, path in signed}
    place = {path: number for number, path in enumerate(order)}
    by_block: dict[Path, list[tuple[str, Path]]] = {}
    for sign, path in signed:
        by_block.setdefault(path[:1], []).append((sign, path))
    lines: list[str] = []
    for path in by_block:
        place.setdefault(path, _place_of_old_value(path, footprint, place))
    for block in sorted(by_block, key=lambda path: place[path]):
        shown: set[Path] = set()
        for sign, path in _nested(by_block[block]):
            for depth in range(1, len(path)):
                parent = path[:depth]
                if parent not in touched and parent not in shown:
                    shown.add(parent)
                    lines.append(f" {' ' * (depth - 1)}{parent[-1]}")
            lines.append(f"{sign}{' ' * (len(path) - 1)}{path[-1]}")
    return "\n".join(_compressed(lines))


def digest(diff: str) -> str:
    """Hex SHA-256 of a diff, with trailing blanks out of the way."""
    return hashlib.sha256("\n".join(line.rstrip() for line in diff.strip("\n").splitlines()).encode()).hexdigest()


def undoing(footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
    """Lines that take back what is there of a change; ``None`` where they cannot be told.

    They cannot where a secret would be needed that was not kept, and where a line would have to come back into the
    middle of a list whose order counts.

    Blocks that were removed come back first, then lines inside of blocks that stay, and blocks that the change
    brought go last: nothing refers to a block that is not there.
    """
    here = {path: None for path in footprint.added if path in present}
    gone = [path for path in footprint.removed if path not in present]
    if footprint.holds_secrets or ordered.lost_places(gone):
        return None
    return _as_lines(
        {path: None for path in here if not any(path[:depth] in here for depth in range(1, len(path)))}, gone
    )


def _as_lines(doomed: Mapping[Path, None], wanted: Sequence[Path]) -> tuple[str, ...]:
    fresh = {path[:1] for path in wanted if len(path) == 1}
    edits: dict[Path, list[str]] = {}
    for path in wanted:
        if len(path) == 1 or path[:1] in fresh:
            edits.setdefault(path[:1], [])
        if len(path) > 1:
            edits.setdefault(path[:-1], []).append(path[-1])
    for path in reversed([path for path in doomed if len(path) > 1]):
        taken_back = _negated(path, edits.get(path[:-1], ()), doomed)
        if taken_back is not None:
            edits.setdefault(path[:-1], []).insert(0, taken_back)
    lines: list[str] = []
    for block in sorted(edits, key=lambda path: path[:1] not in fresh):
        lines.extend(f"{' ' * depth}{text}" for depth, text in enumerate(block))
        lines.extend(f"{' ' * len(block)}{text}" for text in edits[block])
    for path in reversed([path for path in doomed if len(path) == 1]):
        taken_back = _negated(path, [other[0] for other in wanted if len(other) == 1], doomed)
        if taken_back is not None:
            lines.append(taken_back)
    return tuple(_compressed(lines))


def _negated(path: Path, replacements: Iterable[str], doomed: Collection[Path]) -> str | None:
    """The line that removes a path, or ``None`` where another line already does."""
    text, parent = path[-1], path[-2] if len(path) > 1 else ""
    key = dialect.single_key(parent, text)
    if key is not None:
        replaced = any(dialect.single_key(parent, line) == key for line in replacements)
        return None if replaced else dialect.reset(key)
    if text == dialect.TRUNK_LIST:
        return f"{dialect.TRUNK} all"
    if text.startswith(_ADD):
        listed = (*path[:-1], dialect.TRUNK_LIST) in doomed
        return None if listed else f"{dialect.TRUNK} remove {text.removeprefix(_ADD)}"
    return text.removeprefix("no ") if text.startswith("no ") else f"no {text}"


def _place_of_old_value(path: Path, footprint: Footprint, place: Mapping[Path, int]) -> int:
    """Where a new line at the top stands: beside the value that it replaces, or at the end."""
    key = dialect.single_key("", path[0])
    old = (other for other in footprint.removed if len(other) == 1 and dialect.single_key("", other[0]) == key)
    return next((place.get(other, len(place)) for other in old), len(place)) if key else len(place)


def _nested(signed: Sequence[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """Each line right before those beneath it, removals before additions on every level."""
    heads = set(signed)
    beneath: dict[tuple[str, Path] | None, list[tuple[str, Path]]] = {}
    for sign, path in signed:
        above = ((sign, path[:depth]) for depth in range(len(path) - 1, 0, -1))
        beneath.setdefault(next((item for item in above if item in heads), None), []).append((sign, path))
    found: list[tuple[str, Path]] = []
    waiting = list(reversed(beneath.get(None, [])))
    while waiting:
        item = waiting.pop()
        found.append(item)
        waiting.extend(reversed(beneath.get(item, [])))
    return found


def _compressed(lines: Iterable[str]) -> list[str]:
    """Neighbouring ``… vlan add 10`` and ``… vlan add 11`` in one line, as a person would type them."""
    kept: list[tuple[str, list[int]]] = []
    for line in lines:
        head, marker, number = _split(line)
        if marker and kept and kept[-1][0] == head:
            kept[-1][1].extend(number)
        else:
            kept.append((head, number))
    return [head if not values else f"{head}{dialect.ranges(values)}" for head, values in kept]


def _split(line: str) -> tuple[str, bool, list[int]]:
    for verb in ("add ", "remove "):
        head, marker, number = line.partition(f"{dialect.TRUNK} {verb}")
        if marker and number.isdigit():
            return f"{head}{marker}", True, [int(number)]
    return line, False, []
