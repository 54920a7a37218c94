"""What is said of a value that is missing on a device: where it was asked for, why there is none, what to write."""

import pytest

from activities.judging import judged
from activities.placing import at
from expressions import tree
from workflows.errors import EvaluationError
from workflows.plan import Check, RunAction
from workflows.run.evaluate import text

ANSWER = {"status": 200, "json": None, "text": "", "body": None}
DEMAND = "let step intent demand it, as `check: {it is JSON: result.json is not none}`, or "
OTHERWISE = "write `… | default(…)` where it may be missing"


def said(expression: str, **context: object) -> str:
    """What fails an action whose command is this expression."""
    action = RunAction(command=tree(expression))
    with pytest.raises(EvaluationError) as error, at(1, action, context):
        text(action.command, context)
    return str(error.value)


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ({"intent": ANSWER}, f"the answer to step intent is empty, so `json` is null; {DEMAND}"),
        (
            {"intent": {**ANSWER, "text": "<html>\n<p>sign in"}},
            f"the answer to step intent is no JSON, so `json` is null; {DEMAND}",
        ),
        (
            {"intent": {**ANSWER, "body": "sha256:ab"}},
            f"the answer to step intent was too large, and is artifact sha256:ab, so `json` is null; {DEMAND}",
        ),
        ({"intent": {**ANSWER, "text": "null"}}, f"step intent was answered null, so `json` is null; {DEMAND}"),
        (
            {"intent": None},
            "step intent was skipped, or did not take this device up: give this step a `when`, or ",
        ),
        ({"intent": {**ANSWER, "json": {"count": 2}}}, ""),
    ],
)
def test_a_value_of_an_earlier_step_that_is_missing_says_why_and_what_to_write(
    steps: dict[str, object], why: str
) -> None:
    assert said("steps.intent.json.name", steps=steps) == (
        f"action 2 of `do`, `run`: steps.intent.json.name has no value here; {why}{OTHERWISE}"
    )


def test_a_value_that_an_earlier_step_has_not_left_of_this_device_is_named() -> None:
    assert said("steps.look.state.vlans", steps={"look": {"rows": []}}).endswith(
        f"has no value here; step look has left no `state` of this device; {OTHERWISE}"
    )


def test_a_fact_that_the_inventory_does_not_have_is_said_to_be_one() -> None:
    assert said("device.data.pair", steps={}, device={"data": {}}).endswith(
        f"device.data.pair has no value here; the inventory has no such value for this device; {OTHERWISE}"
    )


def test_other_mistakes_are_told_with_their_place_alone() -> None:
    assert said("name | int + []", name="x").startswith("action 2 of `do`, `run`: ")
    rows = RunAction(command=tree("rows"))
    with pytest.raises(EvaluationError) as error, at("undo-leave-0", rows, {}):
        text(rows.command, {})
    assert str(error.value) == "action 1 of `leave`, `run`: rows has no value here"


def test_a_check_that_cannot_be_judged_says_why_its_value_is_missing() -> None:
    (found,) = judged([Check(name="ours", that=tree("steps.intent.json.count == 1"))], {"steps": {"intent": ANSWER}})
    assert found.problem is not None
    assert found.problem.startswith(
        "check 'ours' cannot be judged: steps.intent.json.count has no value here; the answer to step intent is empty"
    )
