"""Histories that interpreters of then and now have written, as they are kept in ``tests/histories``."""

import json
from pathlib import Path
from typing import Any, Final

from temporalio.client import WorkflowHistory

HISTORIES: Final = Path(__file__).parents[1] / "histories"


def read(name: str) -> dict[str, Any]:
    """A history as it is kept, such as ``success.run``."""
    history: dict[str, Any] = json.loads((HISTORIES / f"{name}.json").read_text())
    return history


def replayable(history: dict[str, Any]) -> WorkflowHistory:
    """A history with its own workflow id: the names of children are made from it."""
    started = history["events"][0]["workflowExecutionStartedEventAttributes"]
    return WorkflowHistory.from_json(started["workflowId"], history)


def kept(name: str) -> WorkflowHistory:
    """A history as it is kept, to be replayed."""
    return replayable(read(name))


def disagreeing() -> WorkflowHistory:
    """A history that no interpreter has written: its run buries its record, and does not seal it."""
    history = read("success.run")
    for event in history["events"]:
        attributes = event.get("activityTaskScheduledEventAttributes")
        if attributes and attributes["activityType"]["name"] == "seal":
            attributes["activityType"]["name"] = "bury"
    return replayable(history)
