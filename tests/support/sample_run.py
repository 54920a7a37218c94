"""A run that went half well, as `seal` is told of it: two dozen devices, waves, an approval, a wave that was undone."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from activities.artifacts.documents import Documents
from activities.values import BUNDLE, FOLD
from workflows.contracts import (
    ArtifactRef,
    Bundle,
    Cause,
    DecisionRecord,
    Device,
    DeviceOutcome,
    DeviceResult,
    FailureInfo,
    RunId,
    RunResult,
    Scope,
    SealInput,
    StepResult,
    UndoInfo,
    WaveStatus,
)
from workflows.plan import HostName, Plan, StepId

PLATFORMS = ("cisco_iosxe", "cisco_nxos", "arista_eos", "juniper_junos")
BEGAN = datetime(2026, 3, 2, 21, 0, 4, tzinfo=UTC)
Status = Literal["changed", "undone", "untouched", "unreachable"]


def status_of(number: int) -> Status:
    """How each device ended: the canary kept its change, the pilot was undone, the rest was never begun."""
    if number == 1:
        return "changed"
    if number <= 4:
        return "undone"
    return "unreachable" if number == 17 else "untouched"


async def sample_run(documents: Documents, devices: int = 24) -> SealInput:
    """The argument of `seal`, with its artifacts stored."""
    hosts = [HostName(f"acc-{number:03}") for number in range(1, devices + 1)]
    facts = {
        host: Device(name=host, platform=PLATFORMS[index % 4], address=f"192.0.2.{index + 1}", site="hq", role="access")
        for index, host in enumerate(hosts)
    }
    plan = Plan(
        name="campus-vlan",
        version="1.0.0",
        description="Deploy a VLAN to every access switch of one building.",
        digest="5d41402abc4b2a76b9719d911017c592" * 2,
        steps=(),
    )
    inputs = {
        "ticket": "RITM0012345",
        "vlan_id": 120,
        "vlan_name": "cameras",
        "subnet": "10.12.0.0/24",
        "building": "hq",
    }
    bundle = Bundle(plan=plan, inputs=inputs, devices=facts)
    look, deploy, back = await _outcomes(documents, hosts)
    scope = Scope(workflow_id="campus-vlan-20260302-210004-7c1e", run=RunId("0195-run"), definition="campus-vlan")
    waves = (
        WaveStatus(name="canary", state="succeeded", size=1, counts={"changed": 1}),
        WaveStatus(name="pilot", state="undone", size=3, counts={"undone": 3}),
        WaveStatus(name="rest", state="cancelled", size=19, counts={"untouched": 19}),
    )
    return SealInput(
        scope=scope,
        prepared=await documents.save(bundle, BUNDLE),
        result=_result(scope, hosts),
        mode="apply",
        started=BEGAN,
        ended=BEGAN + timedelta(minutes=7, seconds=42),
        decisions=(
            _decision("mallory", counted=False, why_not="mallory is not in the group netops-leads"),
            _decision("alice", counted=True, comment="Diffs checked against the ticket. Go ahead."),
        ),
        waves={StepId("deploy"): waves},
        folds={StepId("precheck"): (look,), StepId("deploy"): (deploy,)},
        undo_folds={StepId("deploy"): (back,)},
    )


def _result(scope: Scope, hosts: list[HostName]) -> RunResult:
    messages: dict[str, str] = {
        "undone": "taken back with its wave",
        "unreachable": "192.0.2.17:22 did not answer within 15 s (tried 3 times)",
        "changed": "",
        "untouched": "",
    }
    refusal = "refused `name cameras` (% VLAN name is used by VLAN 220); taken back to what it was"
    results = tuple(
        DeviceResult(
            name=host,
            status=status_of(number),
            step=StepId("precheck" if number == 17 else "deploy"),
            message=refusal if number == 3 else messages[status_of(number)],
        )
        for number, host in enumerate(hosts, 1)
    )
    counts: dict[str, int] = {}
    for item in results:
        counts[item.status] = counts.get(item.status, 0) + 1
    passed = {"succeeded": len(hosts) - 1, "unreachable": 1}
    steps = (
        StepResult(id=StepId("precheck"), kind="devices", state="succeeded", counts=passed, warnings=2),
        StepResult(id=StepId("approval"), kind="approve", state="succeeded", message="approved by alice"),
        StepResult(
            id=StepId("deploy"),
            kind="devices",
            state="failed",
            message="wave pilot: 1 of 3 devices failed, and none may; the wave was taken back",
            counts={"changed": 1, "undone": 3, "untouched": 19},
        ),
        StepResult(id=StepId("validate"), kind="devices", state="skipped"),
        StepResult(id=StepId("report"), kind="notify", state="succeeded", message="told notifications.md"),
    )
    return RunResult(
        id=scope.workflow_id,
        run=scope.run,
        definition="campus-vlan",
        version="1.0.0",
        plan_digest="5d41402abc4b2a76b9719d911017c592" * 2,
        verdict="stopped",
        message="deploy: in wave pilot, acc-003 refused the change. The canary keeps it; the pilot was taken back.",
        requester="carol",
        reason="New cameras in the east wing",
        counts=counts,
        causes=(
            Cause(step=StepId("deploy"), what="partially_applied", message=refusal, devices=1, examples=(hosts[2],)),
            Cause(
                step=StepId("precheck"),
                what="unreachable",
                message="… did not answer within 15 s (tried 3 times)",
                devices=1,
                examples=(hosts[16],),
            ),
        ),
        steps=steps,
        devices=results,
    )


def _decision(by: str, *, counted: bool, comment: str = "", why_not: str = "") -> DecisionRecord:
    return DecisionRecord(
        step=StepId("approval"),
        decision="approve",
        by=by,
        comment=comment,
        at=BEGAN + timedelta(minutes=2),
        how="update",
        counted=counted,
        why_not=why_not,
    )


async def _outcomes(documents: Documents, hosts: list[HostName]) -> tuple[ArtifactRef, ArtifactRef, ArtifactRef]:
    cli = "+ vlan 120\n+  name cameras\n"
    junos = "  [edit vlans]\n+   cameras {\n+       vlan-id 120;\n+   }\n"
    look: dict[HostName, DeviceOutcome] = {}
    deploy: dict[HostName, DeviceOutcome] = {}
    back: dict[HostName, DeviceOutcome] = {}
    for number, host in enumerate(hosts, 1):
        if number == 17:
            info = FailureInfo(type="unreachable", message="did not answer")
            look[host] = DeviceOutcome(host=host, status="unreachable", failure=info)
            continue
        text = junos if number % 4 == 0 else cli
        ref = await documents.save_text(text)
        made = "computed_by_device" if number % 4 in {3, 0} else "modelled"
        look[host] = DeviceOutcome(
            host=host,
            status="succeeded",
            diff=ref.removeprefix("sha256:"),
            diff_ref=ref,
            diff_made=made,
            duration_s=0.4 + number / 40,
            warnings=("check 'there is room': 61 of 64 VLANs",) if number in {5, 6} else (),
            warning_count=1 if number in {5, 6} else 0,
        )
        if number <= 4:
            status: Literal["failed", "succeeded"] = "failed" if number == 3 else "succeeded"
            changes: dict[str, object] = {
                "status": status,
                "changed": number != 3,
                "touched": True,
                "duration_s": 2.1 + number / 10,
            }
            if number == 3:
                changes["failure"] = FailureInfo(type="partially_applied", message="refused `name cameras`")
                changes["transcript"] = ref
            deploy[host] = look[host].model_copy(update=changes)
        if 1 < number <= 4:
            undo = UndoInfo(method="native")
            back[host] = DeviceOutcome(host=host, status="undone", touched=True, undo=undo, duration_s=1.2)
    return (
        await documents.save(look, FOLD),
        await documents.save(deploy, FOLD),
        await documents.save(back, FOLD),
    )
