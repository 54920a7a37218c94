"""The plan's graph as it stands: its steps with their states, as data and as Mermaid text. Pure.

`workflows/definition/graphing.py` draws what a definition says; this draws what became of it. The text says each state
in a word and with a mark; colours only repeat it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from workflows.contracts import GraphNode, RunGraph, StepState
from workflows.plan.mermaid import label, node
from workflows.plan.spelling import spelling
from workflows.run.state import RunState, StepRun

MARKS: Final[Mapping[StepState, str]] = {
    "pending": "·",
    "running": "▶",
    "waiting": "⏸",
    "undoing": "↩",
    "succeeded": "✓",
    "undone": "↩",
    "failed": "✗",
    "skipped": "-",
    "rejected": "✗",
    "cancelled": "■",
}
# Mermaid's `classDef`: fill and line of each class of states, legible on white and on black.
_LOOKS: Final[Mapping[str, tuple[str, tuple[StepState, ...]]]] = {
    "good": ("fill:#d7f0dc,stroke:#2e7d4f,color:#123d24", ("succeeded",)),
    "busy": ("fill:#d6e8fb,stroke:#2f6db0,color:#12324f", ("running",)),
    "asks": ("fill:#ece0f8,stroke:#7d4fb0,color:#37204f", ("waiting",)),
    "back": ("fill:#fbeed2,stroke:#b0852f,color:#4f3a12", ("undoing", "undone", "cancelled")),
    "bad": ("fill:#f9d9d6,stroke:#b03a2f,color:#4f1712", ("failed", "rejected")),
    "calm": ("fill:#eeeeee,stroke:#999999,color:#555555", ("pending", "skipped")),
}
_CLASS: Final = {state: name for name, (_, states) in _LOOKS.items() for state in states}


def run_graph(state: RunState) -> RunGraph:
    """The graph of a run; without nodes while the run has not been prepared."""
    nodes = (
        *(_node(run, "steps") for run in state.steps.values()),
        *(_node(run, "finally") for run in state.finally_.values()),
    )
    plan = state.prepared.plan if state.prepared else None
    graph = RunGraph(
        id=state.scope.workflow_id,
        definition=plan.name if plan else state.request.definition,
        version=plan.version if plan else "",
        nodes=nodes,
    )
    return graph.model_copy(update={"mermaid": "\n".join(_lines(graph)) + "\n"})


def _node(run: StepRun, part: str) -> GraphNode:
    return GraphNode.model_validate(
        {
            "id": run.id,
            "kind": run.step.kind,
            "part": part,
            "state": run.shown_state,
            "message": run.message,
            "counts": run.counts(),
            "needs": run.step.needs,
            "when": None if run.step.when is None else spelling(run.step.when),
        }
    )


def _lines(graph: RunGraph) -> Iterator[str]:
    yield "flowchart TD"
    yield f"  %% {graph.definition} {graph.version}, run {graph.id}"
    steps = [one for one in graph.nodes if one.part == "steps"]
    last = [one for one in graph.nodes if one.part == "finally"]
    yield from (f"  {_box(one)}" for one in steps)
    yield from (f"  {node(need)} {_arrow(one)} {node(one.id)}" for one in steps for need in one.needs)
    if last:
        yield f"  subgraph finally[{label(['finally'])}]"
        yield from (f"    {_box(one)}" for one in last)
        yield from (f"    {node(need)} --> {node(one.id)}" for one in last for need in one.needs)
        yield "  end"
        needed = {need for one in steps for need in one.needs}
        yield from (f"  {node(one.id)} -.-> finally" for one in steps if one.id not in needed)
    shown = {_CLASS[one.state] for one in graph.nodes}
    yield from (f"  classDef {name} {look}" for name, (look, _) in _LOOKS.items() if name in shown)


def _box(one: GraphNode) -> str:
    """A step: its mark and name, its state, its devices, and what is said of it."""
    counted = ", ".join(f"{number} {word.replace('_', ' ')}" for word, number in one.counts.items())
    condition = f"when {one.when}" if one.when is not None else ""
    text = label([f"{MARKS[one.state]} {one.id}", f"{one.kind}: {one.state}", counted, one.message, condition])
    return f"{node(one.id)}[{text}]:::{_CLASS[one.state]}"


def _arrow(one: GraphNode) -> str:
    """Solid where the step was or will be reached by it, dashed into a step that was passed over."""
    return "-.->" if one.state == "skipped" else "-->"
