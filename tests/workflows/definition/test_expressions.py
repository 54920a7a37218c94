"""Expressions: what is lowered to what, and that Jinja2 itself would read the same."""

import ast

import jinja2
import pytest

from workflows.definition.diagnostics import Findings
from workflows.definition.expressions import Expression, parse_bare, parse_value
from workflows.definition.nodes import Fields, Scalar, Text
from workflows.definition.reader import read
from workflows.plan import Constant, Expr
from workflows.run.evaluate import evaluate
from workflows.run.filters import FILTER_FUNCTIONS, TEST_FUNCTIONS
from workflows.vocabulary import FILTERS, TESTS

CONTEXT = {
    "a": 5,
    "b": [3, 1, 2],
    "s": "Some Text",
    "m": {"x": 1, "y": {"z": "deep"}},
    "n": None,
    "rows": [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}],
}


def bare(text: str) -> tuple[Expression | None, Findings]:
    findings = Findings()
    node = read(Text.of("x.yaml", f"key: |-\n  {text}\n"), findings)
    assert isinstance(node, Fields)
    scalar = node.entries[0][1]
    assert isinstance(scalar, Scalar)
    return parse_bare(scalar, findings), findings


def value(text: str) -> Expr:
    findings = Findings()
    node = read(Text.of("x.yaml", f"key: {text}\n"), findings)
    assert isinstance(node, Fields)
    found = parse_value(node.entries[0][1], findings)
    assert found is not None, findings.items
    return found.tree


@pytest.mark.parametrize(
    "text",
    [
        "a + 2 * 3 - -4 // 3 % 2 ** 2 ** 1",
        "1 < a <= 5 and not a == 4 or false",
        "a in b or 3 not in b",
        "'x' ~ a ~ \"y\" ~ 1.5",
        "m.y.z == m['y']['z']",
        "b[0] + b[-1]",
        "[1, 'two', [a]] + [none, true]",
        "{'k': a, 'l': {'m': b}}.l.m | sort | first",
        "'yes' if a > 3 else 'no'",
        "rows | selectattr('name', 'equalto', 'two') | map(attribute='id') | list",
        "rows | rejectattr('id', 'in', [1]) | map(attribute='name') | join(', ')",
        "b | select('equalto', 3) | list | length",
        "b | sort(reverse=true) | join('-')",
        "b | min + b | max - (b | sum)",
        "s | lower | replace('t', 'T') | trim | upper",
        "n is none and a is defined and missing is not defined",
        "missing | default('x') ~ (a | default(3))",
        "('12' | int) + ('1.5' | float) | round(0)",
        "m | items | list | length == (m | list | length)",
        "b | unique | list == b | unique | list",
        "b | last",
        "5 | string ~ s | length",
    ],
)
def test_an_expression_means_what_it_means_to_jinja(text: str) -> None:
    expression, findings = bare(text)
    assert expression is not None, findings.items

    jinja = jinja2.Environment(undefined=jinja2.StrictUndefined).compile_expression(text, undefined_to_none=False)

    assert evaluate(expression.tree, CONTEXT) == jinja(**CONTEXT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5),
        ("text", "text"),
        ("${{ a }}", 5),
        ('"${{ a }}"', 5),
        ("a ${{ a }} and ${{ m.y.z }}.", "a 5 and deep."),
        ("\"${{ {'q': '}}'}.q }}\"", "}}"),
        ("[1, '${{ b }}', {k: '${{ n }}'}]", [1, [3, 1, 2], {"k": None}]),
        ("null", None),
        ("$a { b } }}", "$a { b } }}"),
    ],
)
def test_a_value_keeps_the_type_of_a_whole_expression_and_joins_mixed_text(text: str, expected: object) -> None:
    assert evaluate(value(text), CONTEXT) == expected


def test_each_node_knows_its_own_word() -> None:
    text = "m.y.z == 'deep' and (rows | selectattr('id', 'in', b) | list | length) > a"
    expression, _ = bare(text)
    assert expression is not None

    words = [
        text[span.column - 3 : span.end_column - 3] for node in expression.nodes for span in [expression.focus(node)]
    ]

    for word in ("m", "y", "z", "'deep'", "rows", "selectattr", "'id'", "b", "list", "length", "a"):
        assert word in words
    assert {span.line for node in expression.nodes for span in [expression.whole(node)]} == {2}


@pytest.mark.parametrize(
    "text", ["a" + " + a" * 200, "not " * 200 + "a", "(" * 3000 + "a" + ")" * 3000, "a or " * 2000 + "a", "[" * 900]
)
def test_an_expression_that_is_too_deep_or_too_long_is_refused_and_never_crashes(text: str) -> None:
    expression, findings = bare(text)

    assert expression is None
    assert [item.code for item in findings.items] in (["NS302"], ["NS301"])


def test_constants_survive_the_way_from_python() -> None:
    for text in ("1", "1.5", "'a'", "true", "none", "'\\u00e9\\n'"):
        expression, _ = bare(text)
        assert expression is not None
        assert expression.tree == Constant(value=ast.literal_eval({"true": "True", "none": "None"}.get(text, text)))


def test_the_interpreter_implements_the_whole_vocabulary() -> None:
    assert set(FILTERS) - {"default"} <= set(FILTER_FUNCTIONS)
    assert set(TESTS) - {"defined"} <= set(TEST_FUNCTIONS)
