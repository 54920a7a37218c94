"""Changes that say what the whole configuration is to be: which platforms make them, how, and why others do not.

Three ways. Where a candidate can be emptied first, the device itself works out what a replacement does
(`Replacing`). Where lines take effect one by one, what lies between the configuration and the wanted one is typed as
any other change, line by line and under the same guard, provided that it leads exactly there (`Written`). And on
machines a change consists of whole files anyway. Everything else is refused, with the reason.

A replacement is text that somebody wrote. What netsaga keeps of a device has its secrets redacted: that is a record,
and is refused here, as it would set each password to the word that stands for it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

from activities.deviceinteraction.config import hierarchy, ordered
from activities.deviceinteraction.config.footprint import keyed, shown
from activities.deviceinteraction.failures import InvalidInput
from activities.deviceinteraction.model import Names, PlatformName
from activities.deviceinteraction.platforms import indented
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Platform, Running, Staged
from activities.deviceinteraction.platforms.registry import PLATFORMS
from activities.deviceinteraction.redaction import HIDDEN

_FILES: Final = frozenset({"bird", "linux"})
_REFUSED: Final[Mapping[PlatformName, str]] = {
    "openvswitch": "its database describes the machine as well, which no change of ours may take away",
    "netconf": 'give `operation="replace"` to the elements that are to be replaced; all else stays',
    "restconf": "only its parts are replaced, each by its own resource; all else stays",
}
_UNTOLD: Final = "how it replaces its configuration is not proven here"
_ENDS: Final = re.compile(r"end$|exit$|set version\s")
_NAMED: Final = 5


@runtime_checkable
class Replacing(Protocol):
    """A platform with a candidate that can be emptied before it is filled."""

    async def stage_whole(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """As `Platform.stage`, for lines that are the whole configuration."""
        ...


@runtime_checkable
class Written(Protocol):
    """A platform whose running configuration can be told from a text that somebody has written."""

    def written(self, text: str) -> Running:
        """The configuration that a text describes, as `Platform.running` would read it."""
        ...


def refused(name: PlatformName) -> str | None:
    """Why a platform's configuration is not replaced as a whole; ``None`` where it is."""
    platform = PLATFORMS[name]
    if name in _FILES or isinstance(platform, Replacing | Written):
        return None
    return _REFUSED.get(name, _UNTOLD)


def whole(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines of a whole configuration, without what only ends it.

    Raises:
        InvalidInput: A secret was redacted in it.
    """
    for number, line in enumerate(lines, start=1):
        if HIDDEN in line:
            raise InvalidInput(
                f"line {number} of the replacement has {HIDDEN} where a secret was: it comes from what netsaga has "
                "kept of a device, which is a record and nothing to load. Take the device's own copy, or a template."
            )
    return tuple(line for line in lines if not (_ENDS.match(line) and not line.startswith(" ")))


def difference(platform: Written, lines: Sequence[str], before: Running, host: str) -> tuple[str, ...]:
    """The lines that lead from a configuration to the wanted one; none where it is that already.

    Args:
        platform: Whose they are.
        lines: The whole configuration, as it shall be.
        before: As it is.
        host: For messages.

    Raises:
        InvalidInput: They cannot be told, or would not lead exactly there.
    """
    wanted = platform.written("\n".join(lines) + "\n")
    found = indented.lines_towards(before, wanted)
    if found is None:
        raise InvalidInput(
            f"{host}: the lines between its configuration and this one cannot be told: they would hold a secret, or "
            "bring a line into the middle of a list whose order counts. Write those lines as the device shows them, "
            "and change them with `mode: merge`."
        )
    reached = hierarchy.predict(hierarchy.read(before.text), found)
    paths = [keyed(path) for path in reached.paths()]
    missed = sorted(frozenset(paths) ^ wanted.present)
    if missed:
        named = "; ".join(repr(shown(path)) for path in missed[:_NAMED])
        raise InvalidInput(
            f"{host}: no lines are known that lead from its configuration to this one: they would differ in {named}. "
            "Write these lines as the device shows them, or change them with `mode: merge`."
        )
    mixed = ordered.disordered(paths, wanted.paths)
    if mixed:
        raise InvalidInput(
            f"{host}: the order of the lines in {' '.join(mixed[0]) or 'the access lists'!r} would be another one, "
            "and there it counts. Take the block away in one change, and make it anew in a second."
        )
    return found


def as_replacing(platform: Platform, device: Dialogue) -> Replacing:
    """The platform as one that stages replacements.

    Raises:
        InvalidInput: It does not, which a change that was proposed cannot come to.
    """
    if isinstance(platform, Replacing):
        return platform
    raise InvalidInput(f"{device.host}: {platform.name} replaces no configuration; propose the change anew.")
