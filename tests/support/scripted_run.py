"""A workflow of type `Run` that obeys the contracts and touches nothing: the client's other side, without devices.

Its input ``script`` says how it ends; it opens one gate unless the input ``gate`` is false.
"""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError, CancelledError

from workflows.contracts import (
    ArtifactRef,
    Cause,
    Cells,
    Decision,
    DecisionAnswer,
    DecisionRecord,
    DeviceLine,
    DevicePage,
    DeviceResult,
    DiffGroup,
    FailureInfo,
    Gate,
    GraphNode,
    HostFailure,
    Operation,
    OperationAnswer,
    OperationRecord,
    Page,
    PlannedStep,
    PlannedWave,
    ProposalSummary,
    RunGraph,
    RunId,
    RunRequest,
    RunResult,
    RunStatus,
    ShownStep,
    StepStatus,
    Verdict,
    WaveStatus,
    Would,
)
from workflows.plan import HostName, StepId

HOSTS = tuple(HostName(f"acc-{number:03}") for number in range(1, 13))
DIGEST = "ab" * 32
PROPOSAL = ProposalSummary(
    digest="ef" * 32,
    ref=ArtifactRef("sha256:" + "ef" * 32),
    steps=(
        PlannedStep(
            step=StepId("deploy"),
            waves=(PlannedWave(name="canary", size=1), PlannedWave(name="rest", size=11)),
            changed=11,
            unchanged=0,
            failed=1,
            diffs=(DiffGroup(digest="cd" * 32, made="modelled", devices=11, example=HOSTS[0], text="+vlan 120"),),
            diffs_omitted=2,
            would=(Would(text="reboot", devices=1, example=HOSTS[1]),),
        ),
    ),
    shown=(
        ShownStep(step=StepId("gate"), kind="approve", how="would", text="would be asked of netops-leads"),
        ShownStep(step=StepId("validate"), kind="devices", how="unknown", text="known only \x1b[31mafter"),
        ShownStep(step=StepId("tell"), kind="notify", how="would", text="would tell netops", final=True),
    ),
    unknown_outputs=("left",),
)


@workflow.defn(name="Run", sandboxed=False)
class ScriptedRun:
    """Starts, waits at a gate, ends as its input says."""

    def __init__(self) -> None:
        self.request = RunRequest()
        self.open = False
        self.approved_by: list[DecisionRecord] = []
        self.rejected = False
        self.operations: list[OperationRecord] = []
        self.ended: RunResult | None = None

    @workflow.run
    async def run(self, request: RunRequest) -> RunResult:
        """Play the script."""
        self.request = request
        script = str(request.inputs.get("script", "succeeded"))
        if script == "invalid_input":
            raise ApplicationError("vlan_id: expected 2 to 4094, found 9999.", type="invalid_input", non_retryable=True)
        try:
            if request.inputs.get("gate", True) and request.mode == "apply":
                self.open = True
                await workflow.wait_condition(lambda: bool(self.approved_by) or self.rejected)
                self.open = False
        except asyncio.CancelledError:
            self.ended = self.result("cancelled", workflow.cancellation_reason() or "")
            self.open = False
            raise CancelledError("cancelled") from None
        verdict: Any = "rejected" if self.rejected else script
        self.ended = self.result(verdict)
        if verdict in ("stopped", "failed", "failed_dirty"):
            raise ApplicationError(f"the run {verdict}", self.ended, type=verdict, non_retryable=True)
        return self.ended

    def result(self, verdict: Verdict, message: str = "") -> RunResult:
        """What the run hands over at its end."""
        status: Any = "changed" if verdict == "succeeded" else "undone"
        return RunResult(
            id=workflow.info().workflow_id,
            run=RunId(workflow.info().run_id),
            definition=self.request.definition or "inline",
            version="1.0.0",
            plan_digest=DIGEST,
            verdict=verdict,
            message=message,
            requester=self.request.by,
            reason=self.request.reason,
            counts={status: len(HOSTS)},
            devices=tuple(DeviceResult(name=host, status=status, step=StepId("deploy")) for host in HOSTS),
            report="/srv/report.html" if verdict == "succeeded" else None,
            mode=self.request.mode,
            proposal=PROPOSAL if self.request.mode == "plan" else None,
        )

    @workflow.query(name="status")
    def status(self) -> RunStatus:
        """The run as it stands."""
        wave = WaveStatus(name="canary", state="running", size=12, counts={"changed": 5, "running": 2, "pending": 5})
        rest = WaveStatus(name="rest", state="pending", size=0)
        failure = FailureInfo(type="rejected_by_device", message="refused \x1b[31mline\x1b[0m `name [x]`")
        cause = Cause(step=StepId("deploy"), what=failure.type, message=failure.message, devices=1, examples=HOSTS[3:4])
        return RunStatus(
            id=workflow.info().workflow_id,
            definition=self.request.definition or "inline",
            version="1.0.0",
            phase="closed" if self.ended else "waiting" if self.open else "running",
            verdict=self.ended.verdict if self.ended else None,
            requester=self.request.by,
            started=workflow.info().start_time,
            devices=len(HOSTS),
            steps=(
                StepStatus(
                    id=StepId("precheck"), kind="devices", state="succeeded", counts={"succeeded": 12}, warnings=1
                ),
                StepStatus(id=StepId("deploy"), kind="devices", state="running", waves=(wave, rest)),
            ),
            gates=(self.gate(),) if self.open else (),
            failures=(HostFailure(host=HOSTS[3], status="failed", failure=failure),),
            causes=(cause,),
            cells=Cells(letters="cccfcrr....."),
            decisions=tuple(self.approved_by),
            operations=tuple(self.operations),
            result=self.ended,
        )

    def gate(self) -> Gate:
        """The open gate."""
        return Gate(
            step=StepId("approval"),
            by="netops-leads",
            quorum=1,
            approvals=0,
            until=workflow.info().start_time + timedelta(minutes=30),
            on_timeout="reject",
            digest=DIGEST,
            diffs=(
                DiffGroup(digest="cd" * 32, made="modelled", devices=12, example=HOSTS[0], text="+vlan 120\n-vlan 7"),
            ),
        )

    @workflow.query(name="devices")
    def devices(self, page: Page) -> DevicePage:
        """The devices as they stand."""
        lines = [DeviceLine(host=host, step=StepId("deploy"), wave="canary", status="changed") for host in HOSTS]
        lines[3] = lines[3].model_copy(update={"status": "failed"})
        chosen = [line for line in lines if not page.status or line.status in page.status]
        return DevicePage(total=len(chosen), devices=tuple(chosen[page.offset : page.offset + page.limit]))

    @workflow.query(name="graph")
    def graph(self) -> RunGraph:
        """The graph as it stands."""
        node = GraphNode(id=StepId("deploy"), kind="devices", state="running")
        return RunGraph(id=workflow.info().workflow_id, nodes=(node,), mermaid="flowchart TD\n  step_deploy\n")

    @workflow.update(name="approve")
    def approve(self, decision: Decision) -> DecisionAnswer:
        """Say yes."""
        self.approve_signal(decision)
        return DecisionAnswer(step=StepId("approval"), approvals=1, quorum=1, gate="approved")

    @approve.validator
    def validate(self, decision: Decision) -> None:
        """Refuse what cannot count."""
        if not self.open:
            raise ApplicationError("no gate is open", type="invalid_input")
        if decision.by == self.request.by:
            raise ApplicationError(f"{decision.by} asked for this run and cannot decide", type="invalid_input")

    @workflow.update(name="reject")
    def reject(self, decision: Decision) -> DecisionAnswer:
        """Say no."""
        self.rejected = True
        return DecisionAnswer(step=StepId("approval"), approvals=0, quorum=1, gate="rejected")

    @workflow.update(name="cancel")
    def cancel(self, operation: Operation) -> OperationAnswer:
        """Take note of who cancels; the server's cancel ends the run."""
        self.operations.append(
            OperationRecord(
                operation="cancel", by=operation.by, reason=operation.reason, at=workflow.now(), how="update"
            )
        )
        return OperationAnswer(accepted=True, phase="running")

    @workflow.signal(name="approve")
    def approve_signal(self, decision: Decision) -> None:
        """Say yes without an answer."""
        self.approved_by.append(
            DecisionRecord(
                step=StepId("approval"),
                decision="approve",
                by=decision.by,
                comment=decision.comment,
                at=workflow.now(),
                how="signal",
                counted=True,
            )
        )
