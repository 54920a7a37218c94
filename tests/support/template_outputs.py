"""Outputs that a TextFSM template reads, made from the template's own expressions.

ntc-templates ships no outputs with its templates. A made one is no device's, but it leads a template through its
states, records and errors, which is what it takes to compare two ways of running one.
"""

import importlib
import random
import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from activities.deviceinteraction.parse.templates import compiled
from ntc_columns import FOLDER, PLATFORMS, index_lines

# The parser of expressions is not public: its tree is untyped.
_parser: Final[Any] = importlib.import_module("re._parser")
_FEW: Final = 3  # how often more than needed a part is repeated
_TRIES: Final = 4
_ALPHABET: Final = string.ascii_letters + string.digits + " -./:,()*_"
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_NOT_DIGIT": string.ascii_letters + " -",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": string.ascii_letters + string.digits + "-./:",
    "CATEGORY_WORD": string.ascii_letters + string.digits + "_",
    "CATEGORY_NOT_WORD": " -./:",
}


def commands() -> Iterator[tuple[str, str, tuple[Path, ...]]]:
    """Every command that ntc-templates reads, of the platforms that netsaga names: platform, command, templates."""
    for platform in PLATFORMS:
        for templates, _, of, pattern in index_lines():
            if re.fullmatch(of, platform) is not None:
                whole = re.sub(r"\[\[(.*?)\]\]", r"\1", pattern)
                command = _text(_tree(whole), random.Random(0), {}).strip()
                yield platform, command, tuple(FOLDER / name for name in templates.split(":"))


def output_for(templates: Sequence[Path], lines: int, seed: int) -> str:
    """An output for the templates of a command: a walk through the states of each, one after the other.

    Args:
        templates: Their files.
        lines: How many lines the walk through each takes.
        seed: Of what is drawn.
    """
    draw = random.Random(seed)
    found: list[str] = []
    for template in templates:
        found += _walk(compiled(template.name), lines, draw)
    return "\n".join(found) + "\n"


def _walk(machine: Any, lines: int, draw: random.Random) -> Iterator[str]:  # Any: textfsm is not typed
    """Lines for rules that are drawn, mostly in the order in which they stand; errors are rare."""
    state, place = "Start", 0
    for _ in range(lines):
        rules = [rule for rule in machine.states[state] if rule.line_op != "Error" or draw.random() < 0.02]
        if not rules:
            return
        place = (place + draw.choice((0, 1, 1, 1, 2))) % len(rules)
        rule = rules[place]
        yield _line(rule, draw)
        if rule.new_state in machine.states and rule.line_op != "Error":
            state, place = rule.new_state, 0


def _line(rule: Any, draw: random.Random) -> str:  # Any: textfsm is not typed
    tree = _tree(rule.regex)
    line = ""
    for _ in range(_TRIES):
        line = _text(tree, draw, {}).replace("\n", " ")
        if rule.regex_obj.match(line):
            break
    return line


@cache
def _tree(expression: str) -> Any:  # Any: untyped, as `_parser`
    return _parser.parse(expression)


def _text(tree: Any, draw: random.Random, groups: dict[int, str]) -> str:  # Any: untyped, as `_parser`
    return "".join(_part(str(operation), argument, draw, groups) for operation, argument in tree)


def _part(operation: str, argument: Any, draw: random.Random, groups: dict[int, str]) -> str:  # Any: as above
    match operation:
        case "LITERAL":
            return chr(argument)
        case "NOT_LITERAL":
            return draw.choice(_ALPHABET.replace(chr(argument), ""))
        case "ANY":
            return draw.choice(_ALPHABET)
        case "IN":
            return _one_of(argument, draw)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, inner = argument
            times = draw.randint(least, min(int(most), least + _FEW))
            return "".join(_text(inner, draw, groups) for _ in range(times))
        case "SUBPATTERN":
            groups[argument[0]] = _text(argument[-1], draw, groups)
            return groups[argument[0]]
        case "ATOMIC_GROUP":
            return _text(argument, draw, groups)
        case "BRANCH":
            return _text(draw.choice(argument[1]), draw, groups)
        case "GROUPREF":
            return groups.get(argument, "")
        case _:
            return _NOTHING[operation]  # what is looked at and not read


_NOTHING: Final[Mapping[str, str]] = {"AT": "", "ASSERT": "", "ASSERT_NOT": ""}


def _one_of(items: Any, draw: random.Random) -> str:  # Any: as above
    is_out = str(items[0][0]) == "NEGATE"
    sets = [_SETS[str(kind)](what) for kind, what in items if str(kind) != "NEGATE"]
    if not is_out:
        return draw.choice(draw.choice(sets))
    return draw.choice([one for one in _ALPHABET if not any(one in found for found in sets)] or [" "])


_SETS: Final[Mapping[str, Callable[[Any], str]]] = {  # Any: as above
    "LITERAL": chr,
    "RANGE": lambda ends: "".join(map(chr, range(ends[0], ends[1] + 1))),
    "CATEGORY": lambda name: _CATEGORIES[str(name)],
}
