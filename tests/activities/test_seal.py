"""The record and the report of a run."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.report.view import VERDICTS, meaning
from activities.seal import Seal
from activity_bench import SCOPE, call
from sample_run import sample_run
from workflows.contracts import (
    ArtifactRef,
    CalledRecord,
    DeviceResult,
    OperationRecord,
    RunId,
    RunResult,
    SealInput,
    Verdict,
    WaveStatus,
)
from workflows.plan import HostName, StepId

VOID = {"meta", "br"}


class Page(HTMLParser):
    """What a reader sees, and whether every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


async def _sealed(folder: Path, run: SealInput, documents: Documents) -> tuple[Page, dict[str, object]]:
    result = await call(Seal(documents).seal, run)
    assert await call(Seal(documents).seal, run, attempt=2) == result
    record = await documents.store.get(result.record)
    report = Path(result.report)
    assert (report.parent / "record.json").read_bytes() == record
    assert await documents.store.get(json.loads(record)["report"]) == report.read_bytes()
    assert report.parent == folder / "published" / "runs" / run.scope.workflow_id
    return Page(report.read_text()), json.loads(record)


async def test_the_report_tells_the_whole_run(tmp_path: Path) -> None:
    documents = Documents(LocalArtifactStore(tmp_path))
    page, _ = await _sealed(tmp_path, await sample_run(documents), documents)
    assert page.open == []
    for said in (
        "stopped campus-vlan 1.0.0",
        "1 changed 3 undone 19 untouched 1 unreachable",
        "Requested by carol Reason New cameras in the east wing",
        "Took 7 min 42 s",
        "vlan_id 120",
        "canary succeeded: 1 changed",
        "approve, not counted mallory",
        "mallory is not in the group netops-leads",
        "alice 2026-03-02 21:02:04 Diffs checked",
        "11 devices ccad6ee8b4 modelled",
        "6 devices ccad6ee8b4 computed by device",
        "+ vlan 120 + name cameras",
        "6 devices 8560e59200 computed by device",
        "Why devices failed 2 causes",
        "1 precheck unreachable … did not answer within 15 s (tried 3 times) acc-017",
        "acc-003 deploy partially applied",
        "2 precheck check 'there is room': 61 of 64 VLANs acc-005, acc-006",
        "acc-017 cisco_iosxe hq unreachable precheck",
        "did not answer within 15 s",
    ):
        assert said in page.text, said
    rows = re.findall(r"acc-\d{3} (?=cisco|arista|juniper)", page.text)
    assert len(rows) == 24
    assert rows[0] == "acc-017 "  # what needs attention comes first


async def test_the_report_needs_nothing_from_outside(tmp_path: Path) -> None:
    documents = Documents(LocalArtifactStore(tmp_path))
    page, _ = await _sealed(tmp_path, await sample_run(documents), documents)
    assert not {name for name, _ in page.attributes} & {"src", "href", "onclick", "onload"}
    html = next(tmp_path.rglob("report.html")).read_text()
    assert not re.search(r"<script|<link|https?://|url\(|@import", html)


async def test_the_record_has_every_outcome(tmp_path: Path) -> None:
    documents = Documents(LocalArtifactStore(tmp_path))
    run = await sample_run(documents)
    _, record = await _sealed(tmp_path, run, documents)
    assert (record["format"], record["mode"], record["prepared"]) == (1, "apply", run.prepared)
    outcomes, undo = record["outcomes"], record["undo"]
    assert isinstance(outcomes, dict)
    assert isinstance(undo, dict)
    assert (len(outcomes["precheck"]), len(outcomes["deploy"]), len(undo["deploy"])) == (24, 4, 3)
    assert undo["deploy"]["acc-002"]["undo"]["method"] == "native"
    inventory, decisions = record["inventory"], record["decisions"]
    assert isinstance(inventory, dict)
    assert isinstance(decisions, list)
    assert inventory["acc-001"]["address"] == "192.0.2.1"
    assert [decision["by"] for decision in decisions] == ["mallory", "alice"]


async def test_the_report_and_the_record_name_the_records_of_called_runs(tmp_path: Path) -> None:
    documents = Documents(LocalArtifactStore(tmp_path))
    run = await sample_run(documents)
    called = CalledRecord(workflow_id="change-1/child", run=RunId("r2"), record=ArtifactRef("sha256:" + "ab" * 32))
    first = run.result.steps[0].model_copy(update={"records": (called,)})
    result = run.result.model_copy(update={"steps": (first, *run.result.steps[1:])})
    page, record = await _sealed(tmp_path, run.model_copy(update={"result": result}), documents)
    assert f"Record of run change-1/child: {called.record}" in page.text
    sealed = RunResult.model_validate(record["result"])
    assert sealed.steps[0].records == (called,)


async def test_what_the_run_did_not_reach_is_not_called_pending(tmp_path: Path) -> None:
    documents = Documents(LocalArtifactStore(tmp_path))
    run = await sample_run(documents)
    rest = WaveStatus(name="rest", state="pending", size=3, counts={"pending": 3})
    page, _ = await _sealed(tmp_path, run.model_copy(update={"waves": {run.result.steps[-1].id: (rest,)}}), documents)
    assert "rest 3 not reached" in page.text
    assert "pending" not in page.text


@pytest.mark.parametrize("verdict", get_args(Verdict))
async def test_every_verdict_has_a_report_also_when_nothing_was_prepared(tmp_path: Path, verdict: Verdict) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    result = RunResult(id="x", run=SCOPE.run, definition="d", version="", plan_digest="", verdict=verdict)
    run = SealInput(scope=SCOPE, prepared=None, result=result, mode="apply", started=moment, ended=moment)
    page, record = await _sealed(tmp_path, run, Documents(LocalArtifactStore(tmp_path)))
    assert VERDICTS[verdict][1] in page.text
    assert record["plan"] is None


async def test_devices_that_need_a_person_stand_first_with_what_to_do(tmp_path: Path) -> None:
    documents = Documents(LocalArtifactStore(tmp_path))
    run = await sample_run(documents)
    left = DeviceResult(
        name=HostName("acc-004"), status="undo_failed", step=StepId("deploy"), message="not undone: why"
    )
    result = run.result.model_copy(update={"verdict": "failed_dirty", "devices": (*run.result.devices[:3], left)})
    asked = OperationRecord(operation="skip", by="olga", reason="gone anyway", at=run.ended, how="update")
    early = asked.model_copy(update={"operation": "resume", "besides": "wave all begins outside its window"})
    page, _ = await _sealed(
        tmp_path, run.model_copy(update={"result": result, "operations": (asked, early)}), documents
    )
    assert "To be put right by a person 1 Device" in page.text
    said = rf"acc-004 undo failed deploy \w+ not undone: why netsaga transcript {result.id} acc-004"
    assert re.search(said, page.text)
    assert "netsaga quarantine clear HOST --by NAME --reason TEXT Steps" in page.text
    assert "skip olga 2026-03-02 21:07:46 gone anyway" in page.text
    assert "resume olga 2026-03-02 21:07:46 gone anyway — wave all begins outside its window" in page.text


async def test_a_partial_or_a_cancelled_run_says_what_it_means_for_the_devices(tmp_path: Path) -> None:
    documents = Documents(LocalArtifactStore(tmp_path))
    run = await sample_run(documents)
    said = {}
    for verdict, counts in (("partial", {"unchanged": 8}), ("cancelled", {"undone": 1}), ("cancelled", {"changed": 2})):
        result = run.result.model_copy(update={"verdict": verdict, "counts": counts})
        said[verdict, *counts] = meaning(run.model_copy(update={"result": result}))
    assert said == {
        ("partial", "unchanged"): "No device failed. The run went on without a step that did.",
        ("cancelled", "undone"): "The run was cancelled. No device holds its change.",
        ("cancelled", "changed"): "The run was cancelled. Some devices keep their change, as the definition says.",
    }


async def test_what_people_and_devices_say_is_shown_and_never_run(tmp_path: Path) -> None:
    documents = Documents(LocalArtifactStore(tmp_path))
    run = await sample_run(documents)
    evil = "<script>alert('x')</script><img src=x onerror=alert(1)>"
    devices = (DeviceResult(name=HostName("acc-001"), status="failed", message=evil),)
    result = run.result.model_copy(update={"reason": evil, "message": evil, "devices": devices})
    page, _ = await _sealed(tmp_path, run.model_copy(update={"result": result}), documents)
    assert page.text.count("<script>alert('x')</script>") == 3
    assert not {name for name, _ in page.attributes} & {"src", "onerror"}
