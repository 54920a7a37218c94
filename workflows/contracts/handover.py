"""Between one execution of a run and the next."""

from workflows.contracts.names import ArtifactRef
from workflows.contracts.runs import RunStatus, Scope
from workflows.plan import Model


class Continuation(Model):
    """The argument of a run that goes on: the pieces of its state, in order. Nobody but the run itself sends it."""

    scope: Scope
    pieces: tuple[ArtifactRef, ...]
    status: RunStatus  # what is answered until they are read


class SaveStateInput(Model):
    """A piece of a run's state, to be kept."""

    scope: Scope
    text: str


class StateRef(Model):
    """Where a piece is."""

    ref: ArtifactRef


class LoadStateInput(Model):
    """Read a piece of a run's state."""

    scope: Scope
    ref: ArtifactRef


class StatePiece(Model):
    """A piece of a run's state."""

    text: str
