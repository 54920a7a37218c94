"""Random expressions of the language over a small random context, mostly well-typed, for the test against Jinja2.

Each kind of value has shapes; a letter in braces stands for a part: N a number, T a text, L a list, B a truth, C a
column of the rows, O an operator, R a comparison, S a constant text, D a digit.
"""

import random
from typing import Final

_LEAVES: Final = {
    "N": ["0", "1", "3", "12", "0.5", "2.0", "i", "k", "f", "rows[0].id", "map_.p", "numbers[k]", "map_['q']"],
    "T": ["''", "'a'", "'Ab 1'", "'b,a'", "t", "rows[0].name", "rows[-1]['name']", "texts[k]"],
    "L": ["numbers", "texts", "rows", "[]", "[1, i, t]", "[i, k, 2]", "map_"],
    "B": ["b", "true", "false", "rows[0].up", "none_ is none", "i is defined", "absent is defined"],
    "C": ["id", "name", "up", "at.site", "note", "absent"],
    "O": ["+", "-", "*", "/", "//", "%", "**"],
    "R": ["==", "!=", "<", "<=", ">", ">="],
    "S": ["''", "'a'", "'B'", "' '", "', '"],
    "D": ["0", "1", "2"],
}
_SHAPES: Final = {
    "N": [
        "{N} {O} {N}", "{N} + {N}", "{N} * {N}", "-{N}", "+{N}", "{L} | length", "{L} | sum", "{L} | first",
        "{L} | last", "{L} | min", "{L} | max", "{L} | max(case_sensitive=true)",
        "rows | min(attribute='{C}') | length",
        "{T} | length", "{T} | int", "{T} | float", "{T} | int(7)", "{T} | int(base=16)", "{T} | float(1.5)",
        "{N} | int", "{N} | float", "{N} | round", "{N} | round({D})", "{N} | round({D}, 'ceil')",
        "{N} | round(0, 'floor')", "rows | sum(attribute='{C}')", "numbers | sum(start={N})",
        "{N} if {B} else {N}", "absent | default({N})", "map_.z | default({N})",
    ],
    "T": [
        "{T} ~ {N}", "{T} + {T}", "{T} ~ {T} ~ {L}", "{T} | lower", "{T} | upper", "{T} | trim", "{T} | trim({S})",
        "{T} | string", "{T} | first", "{T} | last", "{T} | replace({S}, {S})", "{T} | replace('a', 'bb', {D})",
        "{L} | join({S})", "rows | join('-', attribute='{C}')", "{N} | string", "{L} | string", "{T} if {B} else {T}",
        "{N} | upper", "{B} ~ ''", "{L} | join",
    ],
    "L": [
        "[{N}, {T}]", "{L} + {L}", "{L} | sort | list", "{L} | sort(reverse=true) | list", "{L} | unique | list",
        "{L} | sort(case_sensitive=true) | list", "{L} | unique(case_sensitive=true) | list", "{L} | list",
        "{T} | list", "rows | map(attribute='{C}') | list", "rows | map(attribute='{C}', default={N}) | list",
        "rows | sort(attribute='{C}') | map(attribute='id') | list", "rows | sort(attribute='up,name') | list",
        "rows | unique(attribute='{C}') | list", "rows | selectattr('{C}') | list", "rows | rejectattr('{C}') | list",
        "rows | selectattr('{C}', 'equalto', {N}) | list", "rows | rejectattr('{C}', 'equalto', {T}) | list",
        "rows | selectattr('{C}', 'in', {L}) | list", "rows | rejectattr('{C}', 'in', {L}) | list",
        "rows | selectattr('{C}', 'none') | list", "{L} | select('equalto', {N}) | list",
        "{L} | reject('equalto', {T}) | list", "{L} | select('in', {L}) | list", "{L} | reject('in', {L}) | list",
        "{L} | select | list", "{L} | reject | list", "{L} | select('none') | list", "{L} | map('upper') | list",
        "{L} | map('length') | list", "{L} | map('string') | list", "{L} | map('int') | list",
        "{L} | map('float') | list", "{L} | map('round') | list", "{L} | map('first') | list",
        "{L} | map('trim') | list", "{L} | map('replace', 'a', {S}) | list", "{L} | map('default', 0) | list",
        "map_ | items | list", "{L} | default({L})", "{L} if {B} else {L}", "[{L}, {L}] | first",
    ],
    "B": [
        "{N} {R} {N}", "{N} {R} {N} {R} {N}", "{T} {R} {T}", "{L} == {L}", "{L} != {L}", "{N} in {L}", "{T} in {L}",
        "{N} not in {L}", "{T} in {T}", "{T} not in map_", "{B} and {B}", "{B} or {B}", "not {B}", "{N} is none",
        "{T} is not none", "{N} is equalto {N}", "{N} is in {L}", "absent is defined", "map_.z is not defined",
        "{N} == {T}", "{L} < {L}",
    ],
}  # fmt: skip


def random_expression(chance: random.Random, depth: int = 3) -> str:
    """An expression, nested to at most the given depth."""
    return _part(chance, chance.choice("NTLB"), depth)


def _part(chance: random.Random, kind: str, depth: int) -> str:
    shapes = _SHAPES.get(kind)
    if shapes is None or depth == 0 or chance.random() < 0.15:
        return chance.choice(_LEAVES[kind])
    shape, made = chance.choice(shapes), ""
    while "{" in shape:
        before, after = shape.split("{", 1)
        made, shape = made + before + _part(chance, after[0], depth - 1), after[2:]
    return f"({made}{shape})"


def random_context(chance: random.Random) -> dict[str, object]:
    """Values for the names that the expressions use; lists and maps are short, and some are empty."""

    def text(letters: str, most: int) -> str:
        return "".join(chance.choice(letters) for _ in range(chance.randint(0, most)))

    def row() -> dict[str, object]:
        found: dict[str, object] = {
            "id": chance.randint(0, 4),
            "name": text("abAB", 2),
            "up": chance.random() < 0.5,
            "at": {"site": chance.choice(["hq", "lab"])},
        }
        return {**found, "note": chance.choice([None, "x", "y"])} if chance.random() < 0.7 else found

    return {
        "i": chance.randint(-50, 50),
        "k": chance.randint(0, 3),
        "f": chance.choice([0.0, 0.5, -2.25, 3.75, 10.0]),
        "t": text("aAbB 1,", 6),
        "b": chance.random() < 0.5,
        "none_": None,
        "numbers": [chance.randint(-9, 9) for _ in range(chance.randint(0, 6))],
        "texts": [text("abAB1", 3) for _ in range(chance.randint(0, 5))],
        "rows": [row() for _ in range(chance.randint(0, 5))],
        "map_": {key: chance.randint(0, 9) for key in "pqr" if chance.random() < 0.6},
    }
