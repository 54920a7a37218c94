"""`inputs`: what a run asks for, and the same words for the payload of a signal."""

from typing import Annotated, Literal

from pydantic import Field

from workflows.definition.language.part import Part, key
from workflows.definition.language.values import Data, Figure, Flag, Name, Natural, Text

InputType = Literal[
    "string",
    "integer",
    "number",
    "boolean",
    "enum",
    "list",
    "map",
    "duration",
    "host",
    "ipv4_address",
    "ipv4_network",
    "ipv6_address",
    "ipv6_network",
    "mac_address",
    "vlan_id",
]


class Item(Part):
    """What a value is: its type and its limits. An item of a list is that, and nothing else."""

    type: InputType = key("What the value is.", needed=True, examples=["vlan_id", "string"])
    values: Annotated[tuple[Data, ...], Field(min_length=1)] | None = key(
        "Of `enum`: the values that are allowed.", examples=[["access", "trunk"]]
    )
    pattern: Text | None = key(
        "Of `string`: a regular expression (Python's) that is found in it; anchor it with `^` and `$`.",
        examples=["^RITM[0-9]{7}$"],
    )
    minimum: Figure | None = key("Of `integer`, `number` and `vlan_id`: the smallest value.", examples=[2])
    maximum: Figure | None = key("Of `integer`, `number` and `vlan_id`: the largest value.", examples=[4094])
    min_length: Natural | None = key("Of `string`, `list` and `map`: the least length.", examples=[1])
    max_length: Natural | None = key("Of `string`, `list` and `map`: the greatest length.", examples=[32])
    multiline: Flag | None = key(
        "Of `string`: whether it may hold line breaks. Other control characters never pass into device lines.",
        default=False,
        examples=[True],
    )
    items: "Item | None" = key("Of `list`: what each item is.", examples=[{"type": "vlan_id"}])
    properties: "dict[Name, Input] | None" = key(
        "Of `map`: its keys, each as an input. Without it, any key may stand there.",
        examples=[{"rack": {"type": "integer"}}],
    )
    description: Text | None = key(
        "What it is for; shown where somebody is asked for it.", examples=["The site whose switches get the VLAN"]
    )


class Input(Item):
    """One input: its type, its limits, its default. It is checked before a run gets an id."""

    LAST = (
        "values", "pattern", "minimum", "maximum", "min_length", "max_length", "multiline", "items", "properties",
        "description",
    )  # fmt: skip

    required: Flag | None = key(
        "Whether a run must give it. An input that is not required and has no default is null.",
        default=True,
        examples=[False],
    )
    default: Data = key("What holds where a run does not give it; the input makes it optional.", examples=["5m"])


for part in (Item, Input):  # `Item` names `Input`, which stands below it
    part.model_rebuild(force=True)
