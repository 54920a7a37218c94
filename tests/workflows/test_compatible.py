"""What clients send can be read by workers of before: what stands at its default is not told."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError, create_model

from workflows.contracts import (
    ArtifactRef,
    ClearRequest,
    Decision,
    Operation,
    Page,
    Progress,
    RunId,
    RunRequest,
    StepStatus,
    TakeBack,
    UnderWay,
)
from workflows.contracts.compatible import Asked
from workflows.converter import CONVERTER
from workflows.plan import HostName, Model, StepId

NEWEST = frozenset({"takes_back", "proposal", "plan_digest"})


def of_before(newest: frozenset[str]) -> type[Model]:
    """`RunRequest` as a worker knows it that does not know the newest keys."""
    fields: Any = {
        name: (field.annotation, field) for name, field in RunRequest.model_fields.items() if name not in newest
    }
    made: type[Model] = create_model("RunRequest", __base__=Model, **fields)
    return made


async def sent(message: Asked) -> bytes:
    (payload,) = await CONVERTER.encode([message])
    return payload.data


async def test_a_worker_of_before_reads_the_request_of_a_newer_client() -> None:
    text = await sent(RunRequest(definition="campus-vlan", inputs={"vlan_id": 5}, by="ann"))
    assert text == b'{"definition":"campus-vlan","inputs":{"vlan_id":5},"by":"ann"}'
    assert of_before(NEWEST).model_validate_json(text).model_dump(include={"by"}) == {"by": "ann"}


async def test_what_is_asked_for_is_told_and_an_older_worker_refuses_what_it_cannot_do() -> None:
    back = TakeBack(workflow_id="run-1", run=RunId("r"), pieces=(ArtifactRef("sha256:" + "0" * 64),))
    text = await sent(RunRequest(definition="x", takes_back=back))
    assert RunRequest.model_validate_json(text).takes_back == back
    with pytest.raises(ValidationError, match="takes_back"):
        of_before(NEWEST).model_validate_json(text)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (Decision(by="ann"), {"by": "ann"}),
        (Operation(by="ann", scope="wave"), {"by": "ann", "scope": "wave"}),
        (Page(), {}),
        (ClearRequest(by="ann", devices=(HostName("sw1"),)), {"by": "ann", "devices": ("sw1",)}),
    ],
    ids=lambda given: type(given).__name__,
)
def test_a_message_says_only_what_differs_from_its_defaults(message: Asked, told: dict[str, object]) -> None:
    assert message.model_dump() == told
    assert TypeAdapter(type(message)).validate_json(message.model_dump_json()) == message


def test_what_only_newer_clients_and_runs_know_is_left_out_where_there_is_none() -> None:
    assert "under_way" not in StepStatus(id=StepId("x"), kind="set", state="running").model_dump()
    assert "undoing" not in Progress(label="x/0", letters="r").model_dump()
    one = UnderWay(host=HostName("sw1"), since=datetime(2026, 1, 2, tzinfo=UTC), doing="undo")
    status = StepStatus(id=StepId("x"), kind="devices", state="undoing", under_way=(one,))
    assert StepStatus.model_validate_json(status.model_dump_json()) == status
