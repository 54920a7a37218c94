"""What a run answers to those who ask how it stands. Pure: it reads the state and changes nothing of it.

The answers stay small at any number of devices: a letter a cell, causes instead of failures, devices by the page.
"""

from collections.abc import Iterator
from typing import Final

from workflows import contracts
from workflows.contracts import (
    Budget,
    Cells,
    DeviceLine,
    DevicePage,
    Gate,
    OpenBatch,
    Page,
    RunStatus,
    StepStatus,
)
from workflows.plan import CallStep, DevicesStep, HostName
from workflows.run import opening, underway
from workflows.run.accept import allowed_failures
from workflows.run.causes import causes, taken_along
from workflows.run.shown import step_shown
from workflows.run.state import FAILED, WORDS, RunState, StepRun

CELLS: Final = 1_000  # at most; of more devices, several share one
NEWEST: Final = 50  # decisions and operations; the record has all
ANSWERS: Final = ("retry", "skip", "undo", "stop")
# Of several devices in one cell the worst shows; one that is still to come outranks those that are done.
WORST_FIRST: Final = "!?fuqxr.csk"


def run_status(state: RunState, gates: tuple[Gate, ...] = (), *, most: int = CELLS) -> RunStatus:
    """The run as it stands.

    Args:
        state: The run.
        gates: Those that are open.
        most: How many cells at most; 0 leaves them out.
    """
    plan = state.prepared.plan if state.prepared else None
    return RunStatus(
        id=state.scope.workflow_id,
        definition=plan.name if plan else state.request.definition,
        version=plan.version if plan else "",
        mode=state.request.mode,
        phase=state.phase,
        verdict=state.verdict,
        message=state.message,
        requester=state.request.by,
        reason=state.request.reason,
        started=state.started,
        devices=len(state.prepared.hosts) if state.prepared else 0,
        steps=tuple(step_status(run) for run in state.all_steps()),
        gates=gates,
        failures=tuple(state.failures),
        causes=causes(state.all_steps()),
        cells=cells(state, most) if most else Cells(),
        decisions=tuple(state.decisions[-NEWEST:]),
        operations=tuple(state.operations[-NEWEST:]),
        next=tuple(next_commands(state)),
        result=state.result,
    )


def step_status(run: StepRun) -> StepStatus:
    """A step as it stands, with what its ``accept`` still allows."""
    status = underway.shown(run, step_shown(run))
    budget = None
    if isinstance(run.step, DevicesStep) and run.letters:
        accept = run.step.accept
        judged = len(run.letters) - status.counts.get("skipped", 0)
        failures = sum(not taken_along(run, host) for host in run.hosts_with(FAILED))
        budget = Budget(failures=failures, allowed=allowed_failures(accept, judged), accept=accept.text)
    return status.model_copy(update={"budget": budget, "answers": ANSWERS if run.asks else ()})


def cells(state: RunState, most: int = CELLS) -> Cells:
    """One letter a cell, in the run's order: where each device stands in the newest step that it is in."""
    hosts = state.prepared.hosts if state.prepared else ()
    each = max(1, -(-len(hosts) // most))
    letters: dict[HostName, str] = {}
    for run in state.all_steps():
        letters.update(run.letters)
    stand = "".join(letters.get(host, contracts.PENDING) for host in hosts)
    if each > 1:
        stand = "".join(_worst(stand[start : start + each]) for start in range(0, len(stand), each))
    return Cells(each=each, letters=stand)


def _worst(letters: str) -> str:
    return next((letter for letter in WORST_FIRST if letter in letters), letters[0])


def next_commands(state: RunState) -> Iterator[str]:
    """What somebody could type to move the run on; nothing where it moves by itself."""
    run_id = state.scope.workflow_id
    if state.phase == "closed":
        return
    for step, gate in state.gates.items():
        if gate.decided is None:
            yield f"netsaga approve {run_id} {step} --by NAME --comment TEXT"
            yield f"netsaga reject {run_id} {step} --by NAME --comment TEXT"
    if state.verdict is not None:
        return  # it is judged, and takes no orders but the answers to gates of `finally`
    for run in state.all_steps():
        if run.asks:
            for answer in ANSWERS:
                whole = " --scope run" if answer == "undo" and not isinstance(run.step, DevicesStep | CallStep) else ""
                yield f"netsaga {answer} {run_id} --step {run.id}{whole} --by NAME"
    if state.paused:
        why = " --reason TEXT" if any(opening.closed_ones(state)) else ""
        yield f"netsaga resume {run_id} --by NAME{why}"


def device_page(state: RunState, page: Page) -> DevicePage:
    """A page of the devices that the conditions hold for, in the run's order."""
    hosts = state.prepared.hosts if state.prepared else ()
    steps = [run for run in state.all_steps() if page.step is None or run.id == page.step]
    wanted = frozenset(page.status)
    end = page.offset + page.limit
    if not wanted and page.step is None:
        total, part = len(hosts), [(host, _newest(steps, host)) for host in hosts[page.offset : end]]
    else:
        chosen = [
            (host, run)
            for host, run in ((host, _newest(steps, host)) for host in hosts)
            if (run is not None or page.step is None) and (not wanted or _word(run, host) in wanted)
        ]
        total, part = len(chosen), chosen[page.offset : end]
    waves = _waves(part)
    return DevicePage(
        total=total,
        devices=tuple(_line(host, run, waves) for host, run in part),
        batches=tuple(
            OpenBatch(id=batch.workflow_id(state.scope), step=run.id, mode=batch.mode)
            for run in steps
            for batch in run.batches.values()
        ),
    )


def _newest(steps: list[StepRun], host: HostName) -> StepRun | None:
    """The newest step that has taken the device up; of one step alone, that step where the device is in it."""
    if len(steps) == 1:
        return steps[0] if host in steps[0].letters else None
    return next((run for run in reversed(steps) if run.letters.get(host, contracts.PENDING) != contracts.PENDING), None)


def _word(run: StepRun | None, host: HostName) -> str:
    return WORDS[contracts.PENDING] if run is None else WORDS[run.letters[host]]


def _waves(part: list[tuple[HostName, StepRun | None]]) -> dict[tuple[str, HostName], str]:
    """The wave of each of these devices in its step."""
    shown = {host for host, _ in part}
    steps = {run.id: run for _, run in part if run is not None}
    return {
        (run.id, host): wave.name
        for run in steps.values()
        for wave in run.waves
        for host in wave.hosts
        if host in shown
    }


def _line(host: HostName, run: StepRun | None, waves: dict[tuple[str, HostName], str]) -> DeviceLine:
    if run is None:
        return DeviceLine(host=host)
    info = run.messages.get(host)
    return DeviceLine(
        host=host,
        step=run.id,
        wave=waves.get((run.id, host), ""),
        status=WORDS[run.letters[host]],
        message=info.message if info else "",
        generation=run.generations.get(host, 1),
    )
