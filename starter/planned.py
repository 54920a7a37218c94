"""The file that a plan was made from: what it was then, and whether it has moved since.

A run is held to the text in the plan, whatever becomes of the file. But whoever has edited the file since means what
stands there now, so `netsaga apply` refuses then.
"""

import hashlib
from pathlib import Path
from typing import Final, Literal

from starter.definitions import Definition, load
from starter.planfile import PlanFile, PlannedFile
from starter.told import told
from workflows.definition.source import Source
from workflows.wording import some, to_the_minute

NAMED: Final = 5  # parts that have moved
TEXT: Final = "its text"
ERRORS: Final = "it has errors by now"


def as_planned(definition: Definition) -> PlannedFile:
    """What is kept of a definition's file: where it is, and what it and those that it calls have said.

    Args:
        definition: Without errors.
    """
    assert definition.compiled.plan is not None, "planned with errors"
    return PlannedFile(
        path=str(definition.path.absolute()),
        digest=definition.compiled.plan.digest,
        called=_called(definition.source),
    )


def moved(plan: PlanFile) -> tuple[str, ...] | Literal["gone"]:
    """What of a plan's file is not as it was planned, in words.

    Comments and blanks are no move, for the definition compiles to the same as before.

    Returns:
        Nothing where it means the same, or the plan was made of no file; ``gone`` where the file is not there.

    Raises:
        UsageError: The file is there and cannot be read.
    """
    if plan.file is None:
        return ()
    path = Path(plan.file.path)
    if not path.is_file():
        return "gone"
    now = load(path)
    parts = _parts(plan, plan.file, now.source)
    if not parts:
        return ()  # another build of netsaga may compile the same text to another digest
    if now.compiled.plan is None:
        return (ERRORS,)
    return () if now.compiled.plan.digest == plan.file.digest else parts


def _parts(plan: PlanFile, file: PlannedFile, now: Source) -> tuple[str, ...]:
    parts = [] if now.text == plan.source else [TEXT]
    names = sorted({*plan.templates, *now.templates})
    parts += [f"the template {name}" for name in names if plan.templates.get(name) != now.templates.get(name)]
    called = _called(now)
    names = sorted({*file.called, *called})
    parts += [f"{name}, which it calls" for name in names if file.called.get(name) != called.get(name)]
    return tuple(parts)


def _called(source: Source) -> dict[str, str]:
    return {name: _digest(one) for name, one in sorted(source.definitions.items())}


def _digest(source: Source) -> str:
    said = [source.text, *(text for pair in sorted(source.templates.items()) for text in pair)]
    return hashlib.sha256("\0".join(said).encode("utf-8", "surrogateescape")).hexdigest()


def refusal(file: Path, plan: PlanFile, parts: tuple[str, ...]) -> str:
    """What `netsaga apply` says of a file that has moved.

    Args:
        file: Of the plan.
        plan: What was planned.
        parts: What `moved` has found.
    """
    path = plan.file.path if plan.file is not None else plan.name
    return (
        f"{path} has moved since it was planned at {to_the_minute(plan.created)}: {some(parts, NAMED)}. "
        f"Nothing was started. Plan anew with `{told(f'netsaga plan {path} … --out {file}')}`, or put back what was "
        "planned."
    )
