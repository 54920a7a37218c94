"""Plans in files: what was written is read again, and a plan of a newer netsaga is refused in words."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from starter.errors import UsageError
from starter.planfile import PlanFile, PlannedFile, read, write
from starter.reading import own_version
from workflows.contracts import ArtifactRef, ProposalRef

PLAN = PlanFile(
    netsaga_plan=1,
    written_by="99.1.0",
    name="vlan",
    definition="vlan@1.0.0",
    file=PlannedFile(path="/srv/vlan.yaml", digest="ab"),
    plan_digest="cd",
    proposal=ProposalRef(digest="ef" * 32, ref=ArtifactRef("sha256:" + "ef" * 32)),
    run="vlan-1",
    created=datetime(2026, 1, 2, tzinfo=UTC),
)


def refusal(path: Path, **changes: Any) -> str:
    path.write_text(json.dumps({**json.loads(PLAN.model_dump_json()), **changes}))
    with pytest.raises(UsageError) as refused:
        read(path)
    return str(refused.value).removeprefix(f"{path} ")


def test_a_plan_is_read_as_it_was_written_also_where_it_does_not_say_by_what(tmp_path: Path) -> None:
    for plan in (PLAN, PLAN.model_copy(update={"written_by": ""})):
        write(tmp_path / "plan.json", plan)
        assert read(tmp_path / "plan.json") == plan
    assert "written_by" not in (tmp_path / "plan.json").read_text(), "a netsaga of before can read that"


def test_what_a_plan_of_a_newer_netsaga_demands_is_not_passed_over(tmp_path: Path) -> None:
    path, here = tmp_path / "plan.json", own_version()
    assert refusal(path, only_if="it rains") == (
        f"was written by netsaga 99.1.0, and this is netsaga {here}, which does not know `only_if`: it may be a "
        "condition under which the plan is safe. Nothing was started. Upgrade netsaga here, or plan anew with this "
        "one: `netsaga plan … --out FILE`."
    )
    nested = refusal(path, proposal={"digest": "x", "ref": "y", "until": "noon"}, written_by=here)
    assert f"was written by another build of netsaga, and this is netsaga {here}, which does not" in nested
    assert "`proposal.until`" in nested
    assert "which does not know format 2" in refusal(path, netsaga_plan=2)


def test_what_is_no_plan_of_any_netsaga_is_said_to_be_none(tmp_path: Path) -> None:
    assert refusal(tmp_path / "plan.json", run=5, only_if="x").startswith("is no plan of format 1: run: input should")
    for text in ("[]", "{", '{"netsaga_plan": "new"}'):
        (tmp_path / "other.json").write_text(text)
        with pytest.raises(UsageError, match="is no plan of format 1"):
            read(tmp_path / "other.json")
