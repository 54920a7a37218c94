"""What batches knew when they took up a device: read from their histories, where the order of events is exact."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

ENDED_BADLY: Final = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED: "activity_task_failed_event_attributes",
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: "activity_task_timed_out_event_attributes",
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED: "activity_task_canceled_event_attributes",
}


@dataclass(frozen=True, slots=True)
class Begun:
    """A device that was taken up: how many were under way then, itself included, and how many had failed."""

    host: str
    under_way: int
    failed: int


@dataclass(slots=True)
class _Watch:
    """Reads batches of one step, one after the other, as they were started."""

    undoes_itself: bool
    begun: list[Begun] = field(default_factory=list)
    _activities: dict[int, tuple[str, str]] = field(default_factory=dict)  # kind and host, by the event that began it
    _open: set[str] = field(default_factory=set)
    _failed: set[str] = field(default_factory=set)

    def batch(self, history: WorkflowHistory) -> None:
        self._activities.clear()
        for event in history.events:
            self._see(event, any(part in history.workflow_id for part in ("/together/", "/unconfirmed/")))

    def _see(self, event: HistoryEvent, shared: bool) -> None:
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            self._scheduled(event, shared)
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            self._ended(event.activity_task_completed_event_attributes.scheduled_event_id, well=True)
        elif event.event_type in ENDED_BADLY:
            self._ended(getattr(event, ENDED_BADLY[event.event_type]).scheduled_event_id, well=False)

    def _scheduled(self, event: HistoryEvent, shared: bool) -> None:
        attributes = event.activity_task_scheduled_event_attributes
        parts = attributes.activity_id.split("/")
        kind = "do" if len(parts) == 2 and attributes.activity_type.name == "interact" else parts[0]
        host = parts[-1]
        self._activities[event.event_id] = (kind, host)
        if kind == "do":
            self._open.add(host)
            self.begun.append(Begun(host, len(self._open), len(self._failed)))
        elif kind == "undo" and shared:
            self._failed.add(host)  # by the verdict that it shares

    def _ended(self, scheduled: int, *, well: bool) -> None:
        kind, host = self._activities[scheduled]
        if kind == "undo" or (kind == "do" and not well and not self.undoes_itself):
            self._failed |= {host} if kind == "do" or host in self._open else set()
            self._open.discard(host)
        elif kind == "do" and well:
            self._open.discard(host)
        elif kind in {"check", "confirm"} and not well:
            self._failed.add(host)


def beginnings(histories: Sequence[WorkflowHistory], *, undoes_itself: bool) -> list[Begun]:
    """All devices that the batches of one step took up, batch after batch.

    Args:
        histories: Of its batches, in the order in which they were started.
        undoes_itself: Whether a device that fails is taken back by its batch, and is under way until then.
    """
    watch = _Watch(undoes_itself)
    for history in histories:
        watch.batch(history)
    return watch.begun
