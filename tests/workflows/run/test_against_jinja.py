"""The evaluator against Jinja2 itself: thousands of random expressions over random contexts.

Where both have a value it is the same value, of the same types. Where Jinja2 has none, neither have we. Where it has
one and we have none, the reason is one of those that `evaluate.py` names.
"""

import contextlib
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jinja2
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from expressions import tree
from random_expressions import random_context, random_expression
from workflows.errors import EvaluationError
from workflows.run.evaluate import evaluate

JINJA = jinja2.Environment(undefined=jinja2.StrictUndefined)
JINJA.filters["items"] = lambda value: [list(pair) for pair in value.items()]  # JSON has no pairs

# Our own refusals, each with the rule behind it.
OUR_CHOICES = re.compile(
    r"boolean (True|False) .* cannot be calculated"  # booleans are no numbers
    r"|boolean (True|False) has no sign"
    r"|cannot be calculated"  # nor is a text multiplied, or formatted with %
    r"|`(select|reject|selectattr|rejectattr|map|sum)` needs a list"  # a text is no list of characters
    r"|an empty list has no|an item has no attribute"  # Jinja2 keeps what is undefined in a list until it is used
    r"|exponent above 100|too large|has no attribute"
    r"|`sum` needs numbers|`round` needs a number|cannot be in a text|cannot be a key|has no item"
)


def is_our_choice(error: str, context: dict[str, object]) -> bool:
    """Whether one of our rules refuses what Jinja2 lets pass."""
    missing = error.removesuffix(" has no value here")
    if missing != error:  # a missing value is an error wherever it stands; Jinja2 may never look at it
        return theirs(missing, context) is Nothing
    return OUR_CHOICES.search(error) is not None


class Nothing(Exception):
    """Jinja2 has no value."""


def plain(value: Any) -> Any:
    """Generators and pairs as lists, what is undefined as nothing."""
    if isinstance(value, jinja2.Undefined):
        raise Nothing
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | Iterator) or type(value).__name__ in {"dict_items", "dict_keys"}:
        return [plain(one) for one in value]
    return value


def theirs(expression: str, context: dict[str, object]) -> Any:
    try:
        return plain(JINJA.compile_expression(expression, undefined_to_none=False)(**context))
    except (Nothing, jinja2.UndefinedError, TypeError, ValueError, ArithmeticError, LookupError):
        return Nothing


def ours(expression: str, context: dict[str, object]) -> tuple[object, str]:
    """Our value, or why there is none."""
    try:
        return evaluate(tree(expression), context), ""
    except EvaluationError as error:
        return None, str(error)


def same(mine: Any, other: Any) -> bool:
    if isinstance(mine, list) and isinstance(other, list):
        return len(mine) == len(other) and all(map(same, mine, other))
    return bool(type(mine) is type(other) and mine == other)


@pytest.mark.untraced
@settings(max_examples=1000, deadline=None, derandomize=True, phases=[Phase.generate])
@given(st.integers(0, 2**62))
def test_a_random_expression_means_what_jinja2_means_by_it(seed: int) -> None:
    chance = random.Random(seed)
    expression, context = random_expression(chance), random_context(chance)
    expected, (found, refusal) = theirs(expression, context), ours(expression, context)
    if refusal:
        assert expected is Nothing or is_our_choice(refusal, context), (expression, context, expected, refusal)
    elif expected is Nothing:
        # Ours alone has a value where it tells maps and lists apart by equality, and where it replaces null.
        assert re.search("unique|default", expression), (expression, context, found)
    else:
        assert same(found, expected), (expression, context)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text("abn01 .,()[]{}|~+-*/%<>='\"_:!ifelsotrdy", max_size=40))
def test_any_text_is_an_expression_or_is_refused_and_nothing_else(text: str) -> None:
    try:
        parsed = tree(text)
    except ValueError:
        return
    with contextlib.suppress(EvaluationError):
        evaluate(parsed, {"a": 1, "b": [1, 2], "n": None})
