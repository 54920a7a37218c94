"""What settings are made of: closed sections, paths that are relative to the settings file, durations with a unit."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationInfo

from workflows.durations import DURATION_HELP, parse_duration

VARIABLE: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"
PATH: Final = r"^/[^\s?#]*$"
FUNCTION: Final = r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$"


def _anchor(path: Path, info: ValidationInfo) -> Path:
    """Make a path absolute, relative to the settings file."""
    base: Path = (info.context or {}).get("base", Path.cwd())
    return base / path.expanduser()


def _duration(value: object) -> object:
    """Seconds of a duration as definitions write it; a number alone does not say its unit."""
    if isinstance(value, int | float):
        raise ValueError(f"a number without a unit; {DURATION_HELP}")  # noqa: TRY004  # pydantic reports this one
    return parse_duration(value) if isinstance(value, str) else value


def _spoken(value: float) -> str:
    """Seconds as a settings file may say them: ``10s``, ``0.5s``."""
    return f"{value:f}".rstrip("0").rstrip(".") + "s"


Anchored = Annotated[Path, AfterValidator(_anchor)]
Seconds = Annotated[float, Field(gt=0), BeforeValidator(_duration), PlainSerializer(_spoken)]


class Section(BaseModel):
    """Frozen, closed data."""

    # One validator is built, that of the whole, and not one more for each section in it.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
