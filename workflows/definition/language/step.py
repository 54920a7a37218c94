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
OnBlock = Literal["abort", "proceed", "ask"]


class Step(Part):
    """What every step has."""

    LAST: ClassVar[tuple[str, ...]] = (
        "block",
        "on_block",
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
    on_block: OnBlock | None = key(
        "What happens when that block is unavailable or degraded: `abort` as `on_failure` says, `proceed` without what "
        "the step yields (its outputs are null), or `ask` an operator, who retries, skips, undoes or stops. The record "
        "names the block and who went on without it.",
        default="abort",
        examples=["ask"],
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
        "What happens at the deadline. `escalate` is of gates with an `escalate`, which ask the next group at once, "
        "and of steps over devices: what is under way ends, the notification target `operators` is reminded, and it "
        "waits for an operator: `retry` gives it the same time once more, `skip` passes it over, `undo` and `stop` do "
        "what they say. A device that it ends was not done: the step fails, whatever `accept` says. A soak ends at it, "
        "too.",
        default="stop",
        examples=["undo"],
    )
    on_failure: OnFailureWord | OnFailure | None = key(
        "What a failure beyond `accept` does to the *others*: `stop` the run, `continue` with it, `pause` for an "
        "operator, "
        "or undo. A step that changes devices must say it. In `finally` it is `continue`: nothing there stops a run "
        "or undoes others. Of branches that end badly together, each step answers with its own: also one that "
        "another's failure or a cancel has ended halfway.",
        default="stop",
        examples=["stop", {"undo": "wave"}],
    )


class TimedStep(Step):
    """What every step has. Gates and waits have a `timeout` of their own meaning."""

    timeout: Duration | None = key(
        "The limit of one action on one device, or of one attempt of another verb.", default="60s", examples=["2m"]
    )
