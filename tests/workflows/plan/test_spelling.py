"""Trees back to text: parsing what is spelled gives the same tree."""

import random
from typing import Literal

import pytest

from expressions import tree
from workflows.plan import (
    Arith,
    Attr,
    Choose,
    Compare,
    Concat,
    Constant,
    Expr,
    Filter,
    Item,
    ListOf,
    Logic,
    MapOf,
    Name,
    Neg,
    Not,
    Test,
)
from workflows.plan.spelling import spelling, value_spelling

COMPARISONS: tuple[Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"], ...] = (
    "==", "!=", "<", "<=", ">", ">=", "in", "not in",
)  # fmt: skip
OPERATORS: tuple[Literal["+", "-", "*", "/", "//", "%", "**"], ...] = ("+", "-", "*", "/", "//", "%", "**")


def constant(chance: random.Random) -> Constant:
    text = "".join(chance.choice("abcäöü \"'\\{}#|%\n") for _ in range(chance.randrange(6)))
    return Constant(value=chance.choice([None, True, False, chance.randrange(10**6), chance.randrange(1000) / 8, text]))


def any_tree(chance: random.Random, depth: int) -> Expr:  # noqa: C901 - one branch a kind
    if depth == 0:
        return constant(chance) if chance.random() < 0.5 else Name(name=chance.choice(["inputs", "state", "x"]))

    def part() -> Expr:
        return any_tree(chance, chance.randrange(depth))

    match chance.randrange(16):
        case 0:
            return Attr(of=part(), name=chance.choice(["name", "vlans", "a"]))
        case 1:
            return Item(of=part(), key=part())
        case 2:
            return ListOf(items=tuple(part() for _ in range(chance.randrange(3))))
        case 3:
            return MapOf(items=tuple((constant(chance), part()) for _ in range(chance.randrange(3))))
        case 4:
            return Logic(op=chance.choice(["and", "or"]), left=part(), right=part())
        case 5:
            return Not(of=part())
        case 6:
            return Compare(
                first=part(),
                rest=tuple((chance.choice(COMPARISONS), part()) for _ in range(chance.randrange(1, 3))),
            )
        case 7:
            return Arith(operator=chance.choice(OPERATORS), left=part(), right=part())
        case 8:
            return Neg(op=chance.choice(["neg", "pos"]), of=part())
        case 9:
            return Concat(parts=tuple(part() for _ in range(chance.randrange(2, 4))))
        case 10:
            return Choose(test=part(), then=part(), otherwise=part())
        case 11:
            return Filter(name="length", of=part())
        case 12:
            return Filter(name="default", of=part(), args=(part(),))
        case 13:
            return Filter(name="map", of=part(), kwargs=(("attribute", part()),))
        case 14:
            return Test(name="none", of=part())
        case _:
            return Test(name=chance.choice(["equalto", "in"]), of=part(), args=(part(),))


@pytest.mark.parametrize("seed", range(10))
def test_a_spelled_tree_parses_to_itself(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(100):
        expression = any_tree(chance, 4)
        text = spelling(expression)

        assert tree(f"({text})") == expression, text


@pytest.mark.parametrize(
    "text",
    [
        "inputs.vlan_id not in state.vlans or state.vlans[inputs.vlan_id].name == inputs.vlan_name",
        "steps.precheck.warnings > 0 or inputs.building == \"hq\"",
        "rows | selectattr(\"s\", \"equalto\", \"ok\") | list | length == 800",
        "-x ** 2 + 3 * (x - 1)",
        "x.a if x is none else -1",
        "not x is none",
    ],
)  # fmt: skip
def test_what_a_person_writes_comes_back_as_it_was(text: str) -> None:
    assert spelling(tree(text)) == text


def test_values_show_constants_bare_and_expressions_in_braces() -> None:
    assert value_spelling(Constant(value="text")) == "text"
    assert value_spelling(Constant(value=5)) == "5"
    mixed = Concat(parts=(Constant(value="vlan "), Name(name="x")))
    assert value_spelling(mixed) == "vlan ${{ x }}"
    assert value_spelling(Name(name="x")) == "${{ x }}"
    assert spelling(Constant(value=[1, {"a": -1.5}])) == '[1, {"a": -1.5}]'
