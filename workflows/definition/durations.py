"""Durations, shares and thresholds as definitions write them. Pure: the interpreter uses it too."""

import re
from typing import Final

_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhd]))+")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")
_SHARE: Final = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")
_LONGEST_S: Final = 366 * 86400.0

DURATION_HELP: Final = "write a number and a unit, as `30s`, `5m`, `2h` or `1d`"


def parse_duration(text: str) -> float:
    """Seconds of a duration such as ``500ms``, ``30s``, ``5m``, ``2h``, ``1d`` or ``1h30m``.

    Raises:
        ValueError: It is not a duration, or longer than 366 days.
    """
    stripped = text.strip()
    if not _DURATION.fullmatch(stripped):
        raise ValueError(f"`{text}` is not a duration: {DURATION_HELP}")
    seconds = sum(float(number) * _UNITS_S[unit] for number, unit in _PART.findall(stripped))
    if seconds > _LONGEST_S:
        raise ValueError(f"`{text}` is longer than 366 days")
    return seconds


def parse_share(text: str) -> float:
    """A percentage such as ``10%`` as a number from 0 to 1.

    Raises:
        ValueError: It is not a percentage, or above 100%.
    """
    found = _SHARE.fullmatch(text.strip())
    if not found or float(found[1]) > 100:
        raise ValueError(f"`{text}` is not a percentage from 0% to 100%")
    return float(found[1]) / 100
