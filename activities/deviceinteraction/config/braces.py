"""Configurations in braces, as Nokia's SR Linux and SR OS show them: read as paths, and taken back in flat lines.

A path is made of statements with those around it: ``("interface ethernet-1/1 {", "description x")``. The brace stays
on what opens a block, as it alone tells a list entry (``address 192.0.2.1/31 {``) from a leaf with its value. What is
typed is flat: the whole path on one line, which is what both systems take from any context. Pure functions over text;
sources: Nokia, "SR Linux CLI" (``info``, ``diff``) and "7x50 SR OS MD-CLI User Guide" (``info``, ``compare``,
``delete``).
"""

from collections.abc import Collection, Sequence

from activities.deviceinteraction.config.footprint import Footprint, Path

OPENS = " {"


def read(text: str) -> tuple[Path, ...]:
    """Every statement with those around it, in the order of the configuration.

    Args:
        text: In braces; lines that begin with ``#`` are comments. A list of values may stand over several lines, and so
            may a text in quotes.

    Raises:
        ValueError: A brace, a bracket or a quote is not closed or never opened: the text is not whole.
    """
    found: list[Path] = []
    above: list[str] = []
    for line in _statements(text):
        if line == "}":
            if not above:
                raise ValueError("a brace is closed that was never opened")
            above.pop()
            continue
        closed = line.endswith(("{ }", "{}"))
        statement = f"{line.rpartition('{')[0].rstrip()}{OPENS}" if closed else line
        found.append((*above, statement))
        if statement.endswith(OPENS) and not closed:
            above.append(statement)
    if above:
        raise ValueError(f"{above[-1]!r} is not closed")
    return tuple(found)


def _statements(text: str) -> list[str]:
    """The lines, those that go on over several as one."""
    found: list[str] = []
    open_: list[str] = []
    for raw in text.splitlines():
        if not open_ and (not raw.strip() or raw.lstrip().startswith("#")):
            continue
        open_.append(raw.strip())
        whole = (" " if open_[0].endswith("[") else "\n").join(open_)
        if whole.replace('\\"', "").count('"') % 2:
            continue
        if open_[0].endswith("[") and open_[-1] != "]":
            continue
        found.append(whole)
        open_ = []
    if open_:
        raise ValueError(f"{open_[0]!r} does not end")
    return found


def as_diff(shown: str) -> str:
    """A device's own comparison as netsaga writes diffs: a sign or a blank in front of each line."""
    lines = (line.rstrip() for line in shown.splitlines())
    return "\n".join(line if line[0] in "+- " else f" {line}" for line in lines if line)


def undoing(footprint: Footprint, present: Collection[Path], *, set_by: str, delete_by: str) -> tuple[str, ...] | None:
    """Flat lines that take back what is there of a change; ``None`` where a secret would be needed that was not kept.

    A block that we brought is deleted whole, a leaf by its name; a leaf that replaced another is only set back, and a
    list of values is deleted first, as setting one adds to it.

    Args:
        footprint: What the change did.
        present: The configuration.
        set_by: What a line that sets begins with.
        delete_by: What a line that deletes begins with.
    """
    if footprint.holds_secrets:
        return None
    ours = [path for path in footprint.added if path in present]
    gone = [path for path in footprint.removed if path not in present]
    blocks = {path for path in ours if _opens(path)}
    again = {(*path[:-1], _name(path)) for path in gone if not _opens(path) and not _has_values(path)}
    doomed = [
        path
        for path in ours
        if not any(path[:depth] in blocks for depth in range(1, len(path)))
        and (_opens(path) or (*path[:-1], _name(path)) not in again)
    ]
    wanted = [
        path
        for path in gone
        if not _opens(path) or not any(other[: len(path)] == path for other in gone if other != path)
    ]
    return (
        *(f"{delete_by} {_words(path if _opens(path) else (*path[:-1], _name(path)))}" for path in reversed(doomed)),
        *(f"{set_by} {_words(path)}" for path in wanted),
    )


def within(paths: Sequence[Path], *above: str) -> tuple[Path, ...]:
    """What stands inside a block, without the block."""
    return tuple(path[len(above) :] for path in paths if path[: len(above)] == above and len(path) > len(above))


def _opens(path: Path) -> bool:
    return path[-1].endswith(OPENS)


def _name(path: Path) -> str:
    return path[-1].split(maxsplit=1)[0]


def _has_values(path: Path) -> bool:
    return path[-1].endswith("]")


def _words(path: Path) -> str:
    return " ".join(text.removesuffix(OPENS) for text in path)
