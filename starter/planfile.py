"""A plan as a file: what `netsaga plan --out` writes and `netsaga apply` carries out.

It holds all that a run needs to be asked for again, and the digest and the reference of what was shown. The diffs are
in the artifact store. Its inputs may be nobody else's business, so only its owner may read it.

A field that is not known here may be a condition under which the plan is safe. So a file of a newer netsaga is refused,
where a status would be shown without it.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import JsonValue, ValidationError

from starter.errors import UsageError
from starter.reading import own_version, read_as, unknown
from workflows.contracts import ProposalRef
from workflows.contracts.compatible import Newer
from workflows.plan import HostName, Model
from workflows.wording import some

FORMAT: Final = 1
NAMED: Final = 3  # fields that a refusal lists
OWNER_ONLY: Final = 0o600


class PlannedFile(Model):
    """The file of a definition as it was when it was planned; its digest as the command line compiles it."""

    path: str  # whole, so that `apply` finds it from any folder
    digest: str
    called: Mapping[str, str] = {}  # the definitions that it calls and that lie beside it: digests of their texts


class PlanFile(Model):
    """Version 1 of the format. Exactly one of ``definition``, with its version, and ``source`` is given."""

    netsaga_plan: Literal[1]
    written_by: Newer[str] = ""  # the version of netsaga; plans of before do not say
    name: str
    definition: str | None = None  # "name@version", as the worker knows it
    source: str | None = None  # the definition's text
    # That it was read from; plans of before have none.
    file: Newer[PlannedFile | None] = None
    templates: Mapping[str, str] = {}
    inputs: Mapping[str, JsonValue] = {}
    limit: tuple[HostName, ...] = ()
    plan_digest: str
    proposal: ProposalRef
    run: str  # the run that planned
    by: str = ""
    created: datetime


def write(path: Path, plan: PlanFile) -> None:
    """Write a plan; one that is there already is replaced.

    Raises:
        UsageError: The file cannot be written.
    """
    try:
        path.touch(mode=OWNER_ONLY)
        path.chmod(OWNER_ONLY)
        path.write_text(plan.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out {path} cannot be written: {(error.strerror or str(error)).lower()}.") from error


def read(path: Path) -> PlanFile:
    """Read a plan.

    Raises:
        UsageError: The file cannot be read, was written by a newer netsaga, or is no plan.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{path} cannot be read: {reason}.") from error
    try:
        plan = PlanFile.model_validate_json(text)
    except ValidationError as error:
        raise UsageError(f"{path} {_newer(text, error) or _no_plan(error)}") from error
    if (plan.definition is None) == (plan.source is None):
        raise UsageError(f"{path} is no plan: it needs exactly one of `definition` and `source`.")
    return plan


def _no_plan(error: ValidationError) -> str:
    return f"is no plan of format {FORMAT}: {read_as(error, 'the file')}. Write one with `netsaga plan … --out FILE`."


def _newer(text: str, error: ValidationError) -> str:
    """What is said of a plan that another netsaga has written; nothing where the file is none."""
    try:
        said = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(said, dict) or not isinstance(said.get("netsaga_plan"), int):
        return ""
    format_, fields = said["netsaga_plan"], unknown(error)
    if format_ <= FORMAT and not fields:
        return ""
    what = f"format {format_}" if format_ > FORMAT else some([f"`{field}`" for field in fields], NAMED)
    version, by = own_version(), said.get("written_by")
    writer = f"netsaga {by}" if isinstance(by, str) and by not in {"", version} else "another build of netsaga"
    return (
        f"was written by {writer}, and this is netsaga {version}, which does not know {what}: it may be a condition "
        "under which the plan is safe. Nothing was started. Upgrade netsaga here, or plan anew with this one: "
        "`netsaga plan … --out FILE`."
    )
