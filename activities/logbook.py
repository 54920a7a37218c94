"""Where the transcripts of a run are found before it has ended: a line for each, also of sessions that are still open.

The record of a run names its transcripts, and is written at its end. Until then whoever wonders what a device is saying
reads this log. It is a hint for people: nothing of a run rests on it, and a line may be lost where a machine stops.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import AwareDatetime

from activities.artifacts.store import ArtifactStore
from workflows.contracts import ArtifactRef, InteractInput
from workflows.plan import Model

Part: TypeAlias = Literal["do", "confirm", "undo"]


class Logged(Model):
    """One line: a transcript, as far as the attempt had come.

    Attributes:
        part: Whether the step was carried out, confirmed or taken back.
        generation: An operator's retry raises it.
        attempt: Of the activity; each has a transcript of its own.
        open: Whether the session was still open, so that a later line may hold more.
    """

    at: AwareDatetime
    step: str
    host: str
    part: Part
    generation: int
    attempt: int
    transcript: ArtifactRef
    open: bool = False


@dataclass(frozen=True, slots=True)
class Logbook:
    """Logs the transcripts of one attempt at a call.

    Args:
        store: Where the log is kept.
        call: The call.
        part: What it does.
        attempt: Which attempt it is.
    """

    store: ArtifactStore
    call: InteractInput
    part: Part
    attempt: int

    async def note(self, transcript: ArtifactRef, at: AwareDatetime, *, is_open: bool) -> None:
        """Say where a transcript is.

        Args:
            transcript: It.
            at: The time.
            is_open: Whether the session goes on.

        Raises:
            ArtifactError: The store cannot be written.
        """
        line = Logged(
            at=at,
            step=self.call.step,
            host=self.call.host,
            part=self.part,
            generation=self.call.generation,
            attempt=self.attempt,
            transcript=transcript,
            open=is_open,
        )
        key = f"{log_of(self.call.scope.workflow_id)}/{self.call.scope.run}"
        await self.store.append(key, line.model_dump_json(exclude_defaults=True).encode())


def log_of(workflow_id: str) -> str:
    """The folder of published files with the logs of the runs of this name, one below it for each run."""
    return f"runs/{workflow_id.replace('/', '%2F')}/transcripts"
