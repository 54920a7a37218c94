"""Configurations that are one file, loaded as a whole: what a change of the file does, as paths and as a diff.

The order of lines may count anywhere in such a file, so the file as a whole is one path beside those of its lines: any
difference shows, moved lines and comments too, and whoever else loads another file has changed ours. Braces say what
belongs to what, for people who read a diff; nothing is concluded from them. Pure functions over text.
"""

import difflib
import hashlib
import re
from collections.abc import Iterator

from activities.deviceinteraction.config.diff import digest
from activities.deviceinteraction.config.footprint import Path, between, keyed
from activities.deviceinteraction.platforms.protocol import Running, Staged

_QUIET = re.compile(r'"[^"]*"|#.*|//.*')  # what may hold a brace that opens nothing


def understood(text: str) -> Running:
    """A file, with all that is derived from it."""
    whole = hashlib.sha256(text.encode()).hexdigest()
    paths = (*(keyed(path) for path in _lines(text)), (f"the file as a whole, sha256 {whole[:12]}",))
    return Running(text, paths, whole, frozenset(paths))


def replaced(before: Running, text: str) -> Staged:
    """The change from one file to another."""
    after = understood(text)
    shown = _diff(before.text, text)
    lines = tuple(text.splitlines())
    return Staged(between(before.paths, after.paths), shown, digest(shown), lines)


def _lines(text: str) -> Iterator[Path]:
    """Each line beneath those that opened its block; the same line again in the same block is numbered."""
    above: list[str] = []
    seen: dict[Path, int] = {}
    for raw in text.splitlines():
        line = raw.strip()
        depth = _depth(line)
        if line.startswith("}") and above:
            above.pop()
            depth += 1
        if line and line not in ("}", "};", "{"):
            path = (*above, line)
            seen[path] = seen.get(path, 0) + 1
            yield path if seen[path] == 1 else (*above, f"{line} ({seen[path]})")
        if depth > 0:
            above.extend([line] * depth)
        elif depth < 0:
            del above[depth:]


def _depth(line: str) -> int:
    plain = _QUIET.sub("", line)
    return plain.count("{") - plain.count("}")


def _diff(before: str, after: str) -> str:
    """Lines that go and come, in the order of the file, the line that opened their block in front."""
    old, new = before.splitlines(), after.splitlines()
    heads = _heads(old), _heads(new)
    shown: list[str] = []
    last: str | None = None
    for kind, begin, end, new_begin, new_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        head = heads[0][begin] if begin < end else heads[1][new_begin]
        if head is not None and head != last:
            shown.append(f" {head}")
        last = head
        shown.extend(f"-{line}".rstrip() for line in old[begin:end])
        shown.extend(f"+{line}".rstrip() for line in new[new_begin:new_end])
    return "\n".join(shown)


def _heads(lines: list[str]) -> list[str | None]:
    """For each line the one that opened the block it stands in."""
    above: list[str] = []
    found: list[str | None] = []
    for raw in lines:
        found.append(above[-1] if above else None)
        depth = _depth(raw)
        if depth > 0:
            above.extend([raw.strip()] * depth)
        elif depth < 0:
            del above[depth:]
    return found
