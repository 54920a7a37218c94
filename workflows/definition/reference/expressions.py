"""What each filter and test means, with an expression and its value. A test evaluates every one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from workflows.definition.reference.tables import heading
from workflows.vocabulary import FILTERS, TESTS, Signature


@dataclass(frozen=True, slots=True)
class Shown:
    """A filter or a test: what it does, an expression, and what that yields."""

    meaning: str
    expression: str
    value: JsonValue


SHOWN_FILTERS: Final[Mapping[str, Shown]] = {
    "default": Shown("Another value where this one is null or missing.", "none | default('lab')", "lab"),
    "first": Shown("The first item.", "[10, 20] | first", 10),
    "float": Shown("A number; the argument where it is none.", "'2.5' | float", 2.5),
    "int": Shown("A whole number; the argument where it is none.", "'120' | int", 120),
    "items": Shown("Pairs of key and value.", "{'a': 1} | items | list", [["a", 1]]),
    "join": Shown("One text of all items, with a separator.", "['sw1', 'sw2'] | join(', ')", "sw1, sw2"),
    "keys": Shown("The keys of a map.", "{'a': 1, 'b': 2} | keys", ["a", "b"]),
    "last": Shown("The last item.", "[10, 20] | last", 20),
    "length": Shown("How many items, or characters.", "['sw1', 'sw2'] | length", 2),
    "list": Shown("A list of what `map`, `select` and their like yield.", "[1, 2] | map('string') | list", ["1", "2"]),
    "lower": Shown("Small letters.", "'Te1/1' | lower", "te1/1"),
    "map": Shown(
        "An attribute of each item, or a filter on each.",
        "[{'port': 'a'}, {'port': 'b'}] | map(attribute='port') | list",
        ["a", "b"],
    ),
    "max": Shown("The greatest item.", "[3, 7, 5] | max", 7),
    "min": Shown("The smallest item.", "[3, 7, 5] | min", 3),
    "reject": Shown("The items that fail a test.", "[1, none, 2] | reject('none') | list", [1, 2]),
    "rejectattr": Shown(
        "The items whose attribute fails a test.",
        "[{'s': 'up'}, {'s': 'down'}] | rejectattr('s', 'equalto', 'up') | list", [{"s": "down"}],
    ),
    "replace": Shown("Another text in place of a part.", "'Gi1/0/1' | replace('Gi', 'Te')", "Te1/0/1"),
    "round": Shown("Rounded to so many digits.", "2.345 | round(1)", 2.3),
    "select": Shown("The items that pass a test.", "['sw1', 'rt1'] | select('match', 'sw') | list", ["sw1"]),
    "selectattr": Shown(
        "The items whose attribute passes a test.",
        "[{'s': 'up'}, {'s': 'down'}] | selectattr('s', 'equalto', 'up') | list", [{"s": "up"}],
    ),
    "sort": Shown("In order.", "[3, 1, 2] | sort", [1, 2, 3]),
    "split": Shown("The parts of a text between separators.", "'10.1.2.0/24' | split('/')", ["10.1.2.0", "24"]),
    "string": Shown("As text.", "120 | string", "120"),
    "sum": Shown("The items added up.", "[1, 2, 3] | sum", 6),
    "trim": Shown("Without blanks at both ends.", "'  up ' | trim", "up"),
    "unique": Shown("Each item once.", "[10, 20, 10] | unique | list", [10, 20]),
    "upper": Shown("Capital letters.", "'hq' | upper", "HQ"),
}  # fmt: skip

SHOWN_TESTS: Final[Mapping[str, Shown]] = {
    "==": Shown("Equal, as `equalto`; for `select` and its like.", "[1, 2, 1] | select('==', 1) | list", [1, 1]),
    "defined": Shown("Whether a name or an attribute is there.", "device.name is defined", True),
    "equalto": Shown("Equal.", "[1, 2] | select('equalto', 2) | list", [2]),
    "in": Shown("Whether it is an item, a key, or a part of a text.", "'core' is in ['core', 'edge']", True),
    "match": Shown("Whether a regular expression, in quotes, matches at the start.", "'Gi1/0/1' is match('Gi')", True),
    "none": Shown("Whether it is null.", "none is none", True),
}  # fmt: skip

_INTRODUCTION: Final = """
`${{ }}` holds an expression in a value. A value that is one whole expression keeps its type; mixed text is text.
`when`, `that`, `select`, `devices`, `apart`, `together`, `order` and `per` take a bare expression, without `${{ }}`.
`{{ }}` belongs to Jinja2 templates of devices, which are files.

The syntax is Jinja2's: literals, lists, maps, names, attributes, items, `and` `or` `not` `in`, comparisons, arithmetic,
`~` for joining texts, `A if CONDITION else B`, filters and tests. There are no calls, loops, assignments, clock or
chance, and no names with an underscore in front. Types are checked before anything runs: a name that does not exist, a
comparison that can never be true and a condition that is no boolean are errors with their place.

What can be named:

| name | is | where |
|---|---|---|
| `inputs.NAME` | an input of the run | everywhere |
| `device.…` | facts of a device, below | in `do`, `select`, and what orders or groups devices |
| `steps.STEP.…` | outputs of a step that ran before; inside `do`, this device's values of it | after that step |
| `NAME` | a value of this device, named with `as` | in later actions of the same `do` |
| `result` | what a system answered | in the `check` of its step |
| `inventory` | the names of the selected devices | outside `do` |
| `run.…` | `id` `mode` `requester` `reason` and the like; `verdict` and `devices` in `finally` | everywhere |

Facts of a device are `name`, `platform`, `address`, `port`, `site`, `role`, `groups`, `tags`, `maintenance`,
`credential`, `pool` and, from the inventory, whatever is in `data`.

Outputs of a step that `when` skipped are null: give them a `default`, or guard them with `is none`.
"""


def expressions_page() -> str:
    """The page."""
    filters = _table("filter", SHOWN_FILTERS, FILTERS)
    tests = _table("test", SHOWN_TESTS, TESTS)
    return "\n\n".join(
        [
            heading(1, "Expressions", _INTRODUCTION),
            heading(2, "Filters", filters),
            heading(
                2, "Tests", "After `is`, and by name in `select`, `reject`, `selectattr` and `rejectattr`.\n\n" + tests
            ),
        ]
    )


def _table(what: str, shown: Mapping[str, Shown], signatures: Mapping[str, Signature]) -> str:
    rows = [f"| {what} | takes | meaning | example | yields |", "|---|---|---|---|---|"]
    for name, one in shown.items():
        takes = ", ".join(f"`{parameter}`" for parameter in signatures[name].params)
        cells = (f"`{name}`", takes, one.meaning, f"`{one.expression}`", f"`{_plain(one.value)}`")
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def _plain(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)
