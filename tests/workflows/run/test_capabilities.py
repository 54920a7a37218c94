"""What cannot be carried out yet is refused with its place and its reason; the shipped definition is not among it."""

from pathlib import Path

import pytest

from plans import changing, plan
from workflows.definition.compiler import Source, compile_definition
from workflows.plan import (
    Action,
    ApplyAction,
    ConfigureAction,
    Confirm,
    Constant,
    LinesText,
    Maintenance,
    Step,
    StepId,
)
from workflows.run.capabilities import not_carried_out

LIBRARY = Path(__file__).parents[3] / "workflows" / "library"
LINES = LinesText(lines=(Constant(value="vlan 5"),))


def doing(*actions: Action) -> Step:
    return changing("deploy", do=actions)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            doing(ApplyAction(change="c", confirm=Confirm(within_s=60, hold="wave"))).model_copy(
                update={"maintenance": Maintenance(leave=(ConfigureAction(change=LINES),))}
            ),
            "`maintenance` that configures, with `hold: wave`",
        ),
    ],
)
def test_a_construct_that_is_not_built_is_named_with_its_step(step: Step, said: str) -> None:
    (problem,) = not_carried_out(plan(step))
    assert said in problem
    assert problem.startswith(f"step {step.id}: ")


def test_every_construct_is_named_and_not_only_the_first() -> None:
    held = doing(ApplyAction(change="c", confirm=Confirm(within_s=60, hold="wave")))
    around = held.model_copy(update={"maintenance": Maintenance(leave=(ConfigureAction(change=LINES),))})
    broken = plan(around, last=(around.model_copy(update={"id": StepId("t")}),))
    assert len(not_carried_out(broken)) == 2


def test_the_shipped_definition_can_be_carried_out() -> None:
    texts = {path.name: path.read_text() for path in (LIBRARY / "templates").iterdir()}
    compiled = compile_definition(Source("campus-vlan.yaml", (LIBRARY / "campus-vlan.yaml").read_text(), texts))
    assert compiled.plan is not None
    assert not_carried_out(compiled.plan) == []
