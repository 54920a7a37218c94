"""A run's request, read by hand: whatever a client gets wrong must fail the run, not leave it running."""

from difflib import get_close_matches
from typing import Any, Final, NoReturn

from pydantic import ValidationError
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from workflows.arrivals import NAME, TEXT
from workflows.contracts import MAX_PAYLOAD, RunRequest
from workflows.converter import packed_bytes
from workflows.errors import failure
from workflows.run.decisions import SPACELESS
from workflows.wording import shortened

LARGEST: Final = MAX_PAYLOAD - 6_000  # bytes: it travels on with what the run knows besides
NOTHING: Final = RawValue(Payload())  # what a run is given where a client gives nothing


def read_request(raw: RawValue) -> RunRequest:
    """The request of a run. One that cannot be read fails the run, and says what was expected.

    Raises:
        ApplicationError: invalid_input.
    """
    if raw is NOTHING:
        _refuse_request("nothing was given")
    try:
        given: object = workflow.payload_converter().from_payload(raw.payload, object)
    except Exception as error:  # noqa: BLE001  # whatever a foreign client sent: it must fail the run, not leave it running
        _refuse_request(f"it cannot be decoded: {error}")
    if not isinstance(given, dict):
        _refuse_request(f"a {type(given).__name__} was given")
    try:
        request = RunRequest.model_validate(given)
    except ValidationError as error:
        _refuse_request("; ".join(_problem(item) for item in error.errors()[:5]))
    packed = packed_bytes(raw.payload)
    if packed > LARGEST:
        _refuse_request(f"it has {packed:,} bytes, compressed, and at most {LARGEST:,} are taken; send where bulk is")
    if request.takes_back is not None and workflow.info().parent is None:
        _refuse_request("`takes_back` is asked for by runs, of those that they have called")
    if bool(request.definition) == (request.source is not None):
        _refuse_request("exactly one of `definition` (a name) and `source` (YAML text) is needed")
    # They stand in whatever is told of the run.
    by = request.by.strip() if request.by != request.by.strip() and workflow.patched(SPACELESS) else request.by
    said = {"by": shortened(by, NAME), "reason": shortened(request.reason, TEXT)}
    return request.model_copy(update=said)


def _problem(item: Any) -> str:  # noqa: ANN401  # pydantic's error details
    where = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        near = get_close_matches(where, RunRequest.model_fields, n=1)
        return f"unknown key `{where}`" + (f", did you mean `{near[0]}`?" if near else "")
    return f"`{where}`: {item['msg']}"


def _refuse_request(problem: str) -> NoReturn:
    raise failure(
        "invalid_input",
        f"The request cannot be carried out: {problem}{'' if problem.endswith('?') else '.'} "
        "Expected one JSON object such as "
        '{"definition": "campus-vlan", "inputs": {"vlan_id": 120}}. No device was touched.',
    )
