"""What a plan says at its end: whether a device would be changed, or that this is not known yet."""

from io import StringIO

import pytest
from rich.console import Console

from scripted_run import DIGEST, PROPOSAL
from starter.render.plan import changed, in_doubt, print_plan
from workflows.contracts import PlannedStep, ProposalSummary, RunId, RunResult, ShownStep
from workflows.plan import StepId

KNOWN = PROPOSAL.model_copy(update={"steps": (PlannedStep(step=StepId("deploy"), unchanged=12),)})
LATER = ShownStep(step=StepId("later"), kind="devices", how="unknown", text="known only after", changes=True)
UNKNOWN = KNOWN.model_copy(update={"shown": (*KNOWN.shown, LATER)})


@pytest.mark.parametrize(
    ("proposal", "said"),
    [
        (PROPOSAL, "something would be changed"),
        (KNOWN, "no device would be changed"),
        (UNKNOWN, "whether a device would be changed is not known yet"),
        (
            KNOWN.model_copy(update={"calls": {StepId("sub"): UNKNOWN}}),
            "whether a device would be changed is not known yet",
        ),
    ],
    ids=["changes", "none", "a step that is not known yet", "one of a called definition"],
)
def test_a_plan_says_no_device_would_be_changed_only_where_that_is_known(proposal: ProposalSummary, said: str) -> None:
    out = StringIO()
    result = RunResult(
        id="one", run=RunId("1"), definition="x", version="1.0.0", plan_digest=DIGEST, verdict="succeeded",
        proposal=proposal, mode="plan",
    )  # fmt: skip
    print_plan(Console(file=out, width=200), result)
    assert f"{said}; proposal {'ef' * 6}" in out.getvalue()
    assert (changed(proposal) or in_doubt(proposal)) == (said != "no device would be changed")
