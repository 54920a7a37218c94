"""A plan as a file: what `netsaga plan --out` writes and `netsaga apply` carries out.

It holds all that a run needs to be asked for again, and the digest and the reference of what was shown. The diffs are
in the artifact store. Its inputs may be nobody else's business, so only its owner may read it.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import JsonValue, ValidationError

from starter.errors import UsageError
from workflows.contracts import ProposalRef
from workflows.contracts.compatible import Newer
from workflows.plan import HostName, Model

FORMAT: Final = 1
OWNER_ONLY: Final = 0o600


class PlannedFile(Model):
    """The file of a definition as it was when it was planned; its digest as the command line compiles it."""

    path: str  # whole, so that `apply` finds it from any folder
    digest: str
    called: Mapping[str, str] = {}  # the definitions that it calls and that lie beside it: digests of their texts


class PlanFile(Model):
    """Version 1 of the format. Exactly one of ``definition``, with its version, and ``source`` is given."""

    netsaga_plan: Literal[1]
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
        UsageError: The file cannot be read, or is no plan of this version.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{path} cannot be read: {reason}.") from error
    try:
        plan = PlanFile.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(
            f"{path} is no plan of format {FORMAT}: {where}: {first['msg'].lower()}. Write one with "
            "`netsaga plan … --out FILE`."
        ) from error
    if (plan.definition is None) == (plan.source is None):
        raise UsageError(f"{path} is no plan: it needs exactly one of `definition` and `source`.")
    return plan
