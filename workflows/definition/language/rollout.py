"""What steers a step and its fan-out: checks, retries, waves, windows, `accept`, `on_failure`."""

from typing import Annotated, Final, Literal

from pydantic import Field, Strict

from workflows.definition.language.part import Kind, Part, Severity, key
from workflows.definition.language.values import Bare, Count, Duration, Factor, Line, Name, Share, Soon, Text

_AMOUNT: Final = r"([0-9]{1,3}(\.[0-9]+)?\s*%|[0-9]{1,6})"
ACCEPT: Final = rf"^\s*(all|any|[0-9]+ +of +[0-9]+|>=\s*{_AMOUNT}(\s*succeeded)?|<=\s*{_AMOUNT}\s+failed)\s*$"
SUCCEEDED: Final = rf"^\s*>=\s*{_AMOUNT}\s*$"
FAILED: Final = rf"^\s*<=\s*{_AMOUNT}\s*$"

RetriedClass = Literal["transient", "check_failed", "block_unavailable"]
UndoScope = Literal["failed", "wave", "step", "run"]
UndoMethod = Literal["native", "inverse", "restore"]


class Check(Part):
    """One demand of a `check`, with its own words and weight. A demand that needs neither is a bare expression."""

    that: Bare = key("What must hold.", needed=True, examples=["state.vlans | length < device.data.max_vlans"])
    else_: Line | None = key(
        "What is said where it does not hold. Without it, the expression is shown.",
        alias="else",
        examples=["VLAN ${{ inputs.vlan_id }} is taken"],
    )
    severity: Severity | None = key(
        "`critical` fails what the check stands in; a `warning` is counted in `steps.X.warnings`.",
        default="critical",
        examples=["warning"],
    )


Checks = Annotated[
    dict[str, Check | Bare], Field(min_length=1), Kind("map of a name that people read to an expression or a map")
]


class Retry(Part):
    """How a failed attempt is made again. A device that may have been touched is looked at first."""

    attempts: Annotated[int, Strict(), Field(ge=1, le=100), Kind("integer from 1 to 100")] | None = key(
        "Attempts in all, the first included.", default=3, examples=[5]
    )
    delay: Duration | None = key("The wait before the second attempt.", default="2s", examples=["10s"])
    factor: Factor | None = key("By how much each wait is longer than the one before.", default=2, examples=[1.5])
    max_delay: Duration | None = key("The longest wait.", default="1m", examples=["5m"])
    on: tuple[RetriedClass, ...] | RetriedClass | None = key(
        "The classes of failures that are tried again: `transient` (no answer, a lost session), `check_failed`, "
        "`block_unavailable` (a system is down).",
        default=["transient"],
        examples=[["transient", "block_unavailable"]],
    )


class Wave(Part):
    """The devices that are changed together. A bare size is a wave too, as in Ansible's `serial`."""

    ONE_OF = ("size", "select")

    name: Text | None = key("What people call it.", otherwise="wave 1, wave 2, …", examples=["canary"])
    size: Count | Share | None = key(
        "So many *new* devices, or a share of the step's devices, rounded up. The last wave takes the rest.",
        examples=[1, "10%"],
    )
    per: Bare | None = key(
        "With a `size` that is a number: so many of each value of this, a fact of a device or an expression.",
        examples=["platform", "device.data.model"],
    )
    select: Bare | None = key("Instead of a `size`: which devices, over `device`.", examples=['device.role == "lab"'])
    soak: Soon | None = key(
        "How long to wait after it. Then `accept` is judged again, with the checks run anew.",
        default="0s",
        examples=["5m"],
    )


class Concurrency(Part):
    """How many devices are under way at the same time, in all and for each value of a fact."""

    total: Annotated[int, Strict(), Field(ge=1, le=2000), Kind("integer from 1 to 2000")] | None = key(
        "In all.", default=50, examples=[50]
    )
    per: Bare | None = key("What devices are counted by, over `device`.", examples=["device.site"])
    each: Count | None = key("So many for each value of `per`; null is a value too.", examples=[5])


class Accept(Part):
    """How many devices must succeed. Unreachable devices count as failed, skipped ones do not count."""

    ONE_OF = ("succeeded", "failed")

    succeeded: Annotated[str, Strict(), Field(pattern=SUCCEEDED), Kind('`">= 95%"` or `">= 3"`')] | None = key(
        "At least so many succeed; allowed failures are rounded down.", examples=[">= 95%", ">= 3"]
    )
    failed: Annotated[str, Strict(), Field(pattern=FAILED), Kind('`"<= 3"` or `"<= 5%"`')] | None = key(
        "At most so many fail.", examples=["<= 3", "<= 5%"]
    )


AcceptText = Annotated[str, Strict(), Field(pattern=ACCEPT), Kind("`all`, `any`, `>= 95%`, `<= 3 failed` or `3 of 5`")]


class Breaker(Part):
    """So many failures within so long, and no new device starts."""

    failures: Count = key("How many failures.", needed=True, examples=[3])
    within: Duration = key("Within how long.", needed=True, examples=["2m"])


class Window(Part):
    """A change window. A wave starts only if its work, soak, confirm and undo fit inside."""

    cron: Text = key(
        "When it opens: minute, hour, day, month, day of the week.", needed=True, examples=["0 22 * * 1-5"]
    )
    duration: Duration = key("How long it stays open.", needed=True, examples=["4h"])
    time_zone: Text | None = key("Whose clock: an IANA name.", default="UTC", examples=["Europe/Berlin"])
    on_closed: Literal["wait", "stop", "pause"] | None = key(
        "What happens outside the window: `wait` until it opens, `stop` the step, or `pause` the run until an operator "
        "resumes it.",
        default="wait",
        examples=["stop"],
    )


class WaitWindow(Part):
    """A change window that a `wait` waits for."""

    cron: Text = key(
        "When it opens: minute, hour, day, month, day of the week.", needed=True, examples=["0 22 * * 1-5"]
    )
    duration: Duration = key("How long it stays open.", needed=True, examples=["4h"])
    time_zone: Text | None = key("Whose clock: an IANA name.", default="UTC", examples=["Europe/Berlin"])


class OnFailure(Part):
    """Undo, as what a failure does to the *others*. A failed device that was touched is undone by itself, at once."""

    undo: UndoScope = key(
        "Which devices: the `failed` ones of step `of`, or all that changed in the `wave`, the `step` or the `run`. "
        "What a called run has changed belongs to the step that calls it, and to the run.",
        needed=True,
        examples=["wave"],
    )
    of: Name | None = key("The step that is undone.", otherwise="this step", examples=["deploy"])


OnFailureWord = Literal["stop", "continue", "pause"]
Undo = tuple[UndoMethod, ...] | UndoMethod | Literal["none"]


class Escalation(Part):
    """Whom a gate asks next when nobody has decided."""

    to: Text = key("A group that the worker's settings name.", needed=True, examples=["netops-managers"])
    timeout: Soon = key("How long they have.", needed=True, examples=["2h"])
    then: Literal["approve", "reject"] | None = key("What their silence means.", default="reject", examples=["reject"])
