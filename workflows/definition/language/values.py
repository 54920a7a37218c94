"""The values of keys that are no maps: names, durations, sizes, thresholds, expressions.

Patterns catch what an editor can catch while somebody types. The compiler has the last word, with better messages.
"""

from typing import Annotated, Final

from pydantic import Field, JsonValue, Strict

from workflows.definition.language.part import Kind

DURATION: Final = r"^\s*([0-9]+(\.[0-9]+)?(ms|[smhd]))+\s*$"
SHARE: Final = r"^\s*[0-9]{1,3}(\.[0-9]+)?\s*%\s*$"
HOLDS_EXPRESSION: Final = r"\$\{\{"

Text = Annotated[str, Strict(), Field(min_length=1), Kind("text")]
Name = Annotated[str, Strict(), Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$"), Kind("name")]
Names = tuple[Name, ...] | Name
Flag = Annotated[bool, Strict(), Kind("`true` or `false`")]
Whole = Annotated[int, Strict(), Kind("integer")]
Count = Annotated[int, Strict(), Field(ge=1), Kind("integer, 1 or more")]
Natural = Annotated[int, Strict(), Field(ge=0), Kind("integer, 0 or more")]
Figure = Annotated[Annotated[int, Strict()] | Annotated[float, Strict()], Kind("number")]
Factor = Annotated[
    Annotated[int, Strict(), Field(ge=1)] | Annotated[float, Strict(), Field(ge=1)], Kind("number, 1 or more")
]

Duration = Annotated[str, Strict(), Field(pattern=DURATION), Kind("duration")]
Interpolated = Annotated[str, Strict(), Field(pattern=HOLDS_EXPRESSION), Kind("`${{ }}`")]
Soon = Annotated[Duration | Interpolated, Kind("duration, or `${{ }}` that yields one")]
Share = Annotated[str, Strict(), Field(pattern=SHARE), Kind("share, as `10%`")]

# `when: true` and `select: 1` are read as values before they are expressions.
Bare = Annotated[
    Annotated[str, Strict(), Field(min_length=1)]
    | Annotated[bool, Strict()]
    | Annotated[int, Strict()]
    | Annotated[float, Strict()],
    Kind("expression"),
]
Template = Annotated[
    str, Strict(), Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$"), Kind("name of a file beside the definition")
]
ChangePath = Annotated[
    str, Strict(), Field(pattern=r"^(steps\.[A-Za-z]\w*\.)?[A-Za-z]\w*$"), Kind("`steps.STEP.NAME`, or `NAME`")
]
BoundPath = Annotated[str, Strict(), Field(pattern=r"^steps\.[A-Za-z]\w*\.[A-Za-z]\w*$"), Kind("`steps.STEP.NAME`")]
SnapshotPath = Annotated[
    str,
    Strict(),
    Field(pattern=r"^(steps\.[A-Za-z]\w*(\.[A-Za-z]\w*)?|[A-Za-z]\w*)$"),
    Kind("`steps.STEP`, `steps.STEP.NAME`, or `NAME`"),
]
Line = Annotated[str, Strict(), Kind("text, `${{ }}` in it")]
Value = Annotated[JsonValue, Kind("any value, `${{ }}` in it")]
Values = Annotated[dict[str, JsonValue], Kind("map, `${{ }}` in its values")]
MapValue = Annotated[Values | Interpolated, Kind("map, or `${{ }}` that yields one")]
Data = Annotated[JsonValue, Kind("any value")]
