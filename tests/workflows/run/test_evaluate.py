"""Expressions: the meaning of Jinja2 under StrictUndefined, and the limits."""

from typing import Any

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expressions import tree
from workflows.errors import EvaluationError
from workflows.plan import Constant, Expr
from workflows.run.evaluate import evaluate, text, truth
from workflows.run.filters import FILTER_FUNCTIONS, TEST_FUNCTIONS
from workflows.vocabulary import FILTERS, TESTS

CONTEXT: dict[str, object] = {
    "n": 7,
    "x": 2.5,
    "name": "cameras",
    "flag": True,
    "nothing": None,
    "numbers": [3, 1, 2, 2],
    "words": ["b", "A", "a"],
    "rows": [{"id": 1, "up": True, "tag": "x"}, {"id": 2, "up": False, "tag": "y"}],
    "vlans": {"120": {"name": "cameras"}, "200": {"name": "voice"}},
}
JINJA = jinja2.Environment(undefined=jinja2.StrictUndefined)

AGREED = [
    "n + 1", "n - 1", "n * 2", "n / 2", "n // 2", "n % 2", "n ** 2", "-n", "+n", "x * 2", "(n + 1) * 2",
    "n == 7", "n != 7", "1 < n <= 7", "n > 7", "n >= 7", "n < 8", "'a' < 'b'", "n == 7.0",
    "flag and n > 3", "flag or n > 30", "not flag", "n > 3 and not nothing", "nothing or 5",
    "2 in numbers", "9 not in numbers", "'cam' in name", "'120' in vlans",
    "'yes' if flag else 'no'", "'yes' if n > 9 else 'no'",
    "name ~ '-' ~ n", "n ~ x", "name + '!'", "numbers + [9]", "[1, n, name]", "{'a': n, 'b': [1]}",
    "rows[0].id", "rows[-1]['tag']", "vlans['120'].name", "name | length", "numbers | length", "vlans | length",
    "numbers | first", "numbers | last", "numbers | sum", "rows | sum(attribute='id')", "numbers | sum(start=10)",
    "numbers | min", "numbers | max", "words | min", "words | max", "words | min(case_sensitive=true)",
    "rows | max(attribute='id')", "numbers | sort", "numbers | sort(reverse=true)", "words | sort",
    "words | sort(case_sensitive=true)", "rows | sort(attribute='tag') | map(attribute='id') | list",
    "numbers | unique | list", "words | unique | list", "words | unique(case_sensitive=true) | list",
    "numbers | join", "numbers | join(', ')", "rows | join('/', attribute='tag')",
    "numbers | select('equalto', 2) | list", "numbers | reject('equalto', 2) | list", "[0, 1] | select | list",
    "rows | selectattr('up') | map(attribute='tag') | list", "rows | rejectattr('up') | list",
    "rows | selectattr('id', 'equalto', 2) | list", "rows | selectattr('tag', 'in', ['x']) | list",
    "words | map('upper') | list", "words | map('replace', 'a', 'z') | list",
    "rows | map(attribute='absent', default=0) | list",
    "n | string", "'42' | int", "'4.9' | int", "'no' | int", "'no' | int(3)", "'ff' | int(base=16)", "'2.5' | float",
    "'x' | float(1.5)", "name | upper", "'ABC' | lower", "name | replace('a', 'o')", "name | replace('a', 'o', 1)",
    "'  a ' | trim", "x | round", "2.567 | round(2)", "2.1 | round(0, 'ceil')", "2.9 | round(0, 'floor')",
    "-2.1 | round(0, 'floor')", "'abc' | list", "vlans | items | list | length", "absent | default(4)",
    "vlans.absent | default('-')", "nothing is none", "n is none", "n is defined", "absent is defined",
    "vlans.absent is defined", "n is equalto 7", "n is in numbers", "2 is in numbers", "n is not none",
]  # fmt: skip


@pytest.mark.parametrize("expression", AGREED)
def test_an_expression_means_what_jinja2_means_by_it(expression: str) -> None:
    theirs: Any = JINJA.compile_expression(expression, undefined_to_none=False)(**CONTEXT)
    ours = evaluate(tree(expression), CONTEXT)
    assert ours == theirs
    assert type(ours) is type(theirs)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("absent", "absent has no value here"),
        ("vlans.absent", "vlans.absent has no value here"),
        ("vlans[999].name", "vlans[999] has no value here"),
        ("numbers[9]", "has no value"),
        ("nothing.name", "nothing.name has no value here"),
        ("rows | map(attribute='absent') | list", "no attribute 'absent'"),
        ("rows | selectattr('absent') | list", "no attribute 'absent'"),
        ("n.real", "has no attribute 'real'"),
        ("name.upper", "has no attribute 'upper'"),
        ("name + 1", "cannot be calculated"),
        ("n < name", "not supported between"),
        ("flag + 1", "cannot be calculated"),
        ("name * 1000", "cannot be calculated"),
        ("9 ** 9999", "exponent above 100"),
        ("n / 0", "division by zero"),
        ("1 in n", "nothing can be in"),
        ("[] | first", "empty list"),
        ("name | sum", "needs a list"),
        ("numbers | map", "needs `attribute=…`"),
        ("name | round", "needs a number"),
    ],
)
def test_what_has_no_value_is_an_error_that_says_why(expression: str, said: str) -> None:
    with pytest.raises(EvaluationError) as error:
        evaluate(tree(expression), CONTEXT)
    assert said in str(error.value)


@pytest.mark.parametrize("expression", ["1", "name", "nothing", "numbers"])
def test_a_condition_must_be_a_boolean(expression: str) -> None:
    with pytest.raises(EvaluationError, match="must be true or false"):
        truth(tree(expression), CONTEXT)


def test_a_vlan_id_finds_its_entry_whether_it_is_a_number_or_text() -> None:
    context: dict[str, object] = {"vlans": {"120": 1}, "numbered": {120: 1}, "vid": 120, "text": "120"}
    for expression in ("vid in vlans", "text in vlans", "vid in numbered", "text in numbered", "vlans[vid] == 1"):
        assert truth(tree(expression), context), expression
    assert not truth(tree("121 in vlans"), context)
    assert truth(tree("'0120' not in numbered"), context)


def test_null_is_replaced_by_default_as_the_outputs_of_a_skipped_step_are() -> None:
    assert evaluate(tree("steps.gone.warnings | default(0)"), {"steps": {"gone": None}}) == 0


@pytest.mark.parametrize(
    "guard",
    [
        "steps.gone.status is none",
        "not steps.gone.status is not none",
        "steps.gone.status == none",
        "steps.gone.status is none or steps.gone.status > 3",
        "steps.gone.status is not defined",
    ],
)
def test_the_outputs_of_a_skipped_step_can_be_asked_whether_they_are_null(guard: str) -> None:
    assert truth(tree(guard), {"steps": {"gone": None}})


@pytest.mark.parametrize("expression", ["steps.gone.json.count", "steps.absent.status", "steps.there.status", "gone.x"])
def test_only_the_outputs_of_a_step_that_is_there_are_null(expression: str) -> None:
    with pytest.raises(EvaluationError, match="has no value here"):
        evaluate(tree(expression), {"steps": {"gone": None, "there": {}}, "gone": None})


def test_zero_and_false_are_not_one_value() -> None:
    assert evaluate(Constant(value=0), {}) == 0
    assert evaluate(Constant(value=False), {}) is False
    assert evaluate(Constant(value=1.0), {}) == 1.0
    assert evaluate(Constant(value=True), {}) is True


def test_a_text_grows_to_its_limit_and_no_further() -> None:
    long: Expr = tree("name ~ name")
    context: dict[str, object] = {"name": "x" * 40_000}
    with pytest.raises(EvaluationError, match="more than 65,536 characters"):
        text(long, context)
    with pytest.raises(EvaluationError, match="too long a text"):
        evaluate(tree("name | replace('x', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')"), context)


def test_interpreter_and_compiler_know_the_same_filters_and_tests() -> None:
    assert set(FILTER_FUNCTIONS) == set(FILTERS) - {"default"}
    assert set(TEST_FUNCTIONS) == set(TESTS) - {"defined"}


NUMBER = st.integers(-9, 9).map(str)
OPERATOR = st.sampled_from(["+", "-", "*", "//", "%", "==", "<", ">=", "and", "or"])
FORMULA = st.recursive(
    NUMBER, lambda inner: st.tuples(inner, OPERATOR, inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"), max_leaves=8
)


@settings(max_examples=300, deadline=None)
@given(FORMULA)
def test_any_formula_means_what_jinja2_means_by_it(formula: str) -> None:
    try:
        theirs: object = JINJA.compile_expression(formula, undefined_to_none=False)()
    except (ZeroDivisionError, TypeError):
        theirs = EvaluationError
    try:
        ours: object = evaluate(tree(formula), {})
    except EvaluationError as error:
        # Python counts with booleans, the language does not: then ours alone is an error.
        ours = theirs if "boolean" in str(error) else EvaluationError
    assert ours == theirs
