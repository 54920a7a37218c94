"""Outputs that plan mode does not know: whoever names one is told so, and nothing takes them for null."""

import pytest

from plans import of
from workflows.errors import UnknownValueError
from workflows.plan import Attr, Compare, Constant, Expr, Filter, Name, StepId, Test
from workflows.run.evaluate import evaluate
from workflows.run.unknown import Unknown

VALUE = of("steps.later.total")


@pytest.mark.parametrize(
    "expr",
    [
        VALUE,
        Filter(name="default", of=VALUE, args=(Constant(value=0),)),
        Test(name="defined", of=VALUE),
        Test(name="none", of=VALUE),
        Filter(name="length", of=of("steps.later")),
        Compare(first=of("steps.later"), rest=(("==", Constant(value=None)),)),
        Compare(first=Constant(value="total"), rest=(("in", of("steps.later")),)),
    ],
    ids=["a value", "default", "is defined", "is none", "length", "== none", "in"],
)
def test_nothing_is_a_way_around_a_value_that_is_not_known(expr: Expr) -> None:
    with pytest.raises(UnknownValueError, match="the outputs of step later are known only after the change"):
        evaluate(expr, {"steps": {"later": Unknown(StepId("later"))}})


def test_what_is_known_of_a_step_is_seen_and_the_rest_is_not() -> None:
    seen = {"steps": Unknown(StepId("sub"), {"n": 4, "v": None}, ("v",))}
    assert evaluate(Attr(of=Name(name="steps"), name="n"), seen) == 4
    assert evaluate(Filter(name="default", of=of("steps.other"), args=(Constant(value=7),)), seen) == 7
    with pytest.raises(UnknownValueError):
        evaluate(of("steps.v"), seen)
