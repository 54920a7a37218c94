"""What all steps have: their name, their order, their condition, and what their failure does."""

from typing import ClassVar, Literal

from workflows.definition.language.part import Part, key
from workflows.definition.language.rollout import (
    Checks,
    OnFailure,
    OnFailureWord,
    Retry,
)
from workflows.definition.language.values import (
    Bare,
    Duration,
    Name,
    Soon,
)

Block = Literal["source_of_truth", "executor", "observability", "presentation"]


class Step(Part):
    """What every step has."""

    LAST: ClassVar[tuple[str, ...]] = (
        "block",
        "check",
        "timeout",
        "retry",
        "deadline",
        "on_deadline",
        "undo",
        "on_failure",
    )

    id: Name = key("Its name; other steps and expressions use it.", needed=True, examples=["precheck"])
    needs: tuple[Name, ...] | Name | None = key(
        "The steps that must have ended before. `[]` starts at once; branches run in parallel. In `finally`, steps "
        "run in "
        "their order.",
        otherwise="the step above",
        examples=[["look", "other"]],
    )
    when: Bare | None = key(
        "Whether the step runs at all: a boolean expression. Outputs of a step that was skipped are null.",
        examples=["steps.precheck.warnings > 0"],
    )
    block: Block | None = key(
        "Whose failure it is when this step fails, so that the record blames the right system.",
        examples=["source_of_truth"],
    )
    check: Checks | None = key(
        "What must hold when the verb has ended, over the step's own outputs: `result` of `http`, `script`, "
        "`ansible` and "
        "`awx`; their own names elsewhere.",
        examples=[{"the VLAN is registered once": "result.json.count == 1"}],
    )
    retry: Retry | None = key("How a failed attempt is made again.", examples=[{"attempts": 5, "delay": "10s"}])
    deadline: Soon | None = key("The limit of the whole step with its retries.", examples=["4h"])
    on_deadline: Literal["stop", "skip", "escalate", "undo"] | None = key(
        "What happens at the deadline.", default="stop", examples=["undo"]
    )
    on_failure: OnFailureWord | OnFailure | None = key(
        "What a failure beyond `accept` does to the *others*: `stop` the run, `continue` with it, `pause` for an "
        "operator, "
        "or undo. A step that changes devices must say it. In `finally` it is `continue` where nothing is said.",
        default="stop",
        examples=["stop", {"undo": "wave"}],
    )


class TimedStep(Step):
    """What every step has. Gates and waits have a `timeout` of their own meaning."""

    timeout: Duration | None = key(
        "The limit of one action on one device, or of one attempt of another verb.", default="60s", examples=["2m"]
    )
