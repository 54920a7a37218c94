"""The plan: a definition, compiled."""

from collections.abc import Mapping
from typing import Literal

from workflows.plan.expressions import Expr
from workflows.plan.model import Model, StepId
from workflows.plan.parts import Input
from workflows.plan.steps import Step


class Dedup(Model):
    """What a second run with the same key does while the first is alive."""

    key: Expr
    on_duplicate: Literal["join", "reject", "queue"] = "join"


class InventorySpec(Model):
    """Which devices a run is about."""

    source: str
    select: Expr | None = None  # over ``device`` and ``inputs``
    min: int = 1
    max: int | None = None


class Plan(Model):
    """A definition, compiled. Two equal definitions have one digest; any change gives another."""

    format: Literal[1] = 1
    name: str
    version: str
    description: str = ""
    digest: str  # hex SHA-256 over the canonical JSON of this plan without this field, templates included
    inputs: Mapping[str, Input] = {}
    dedup: Dedup | None = None
    inventory: InventorySpec | None = None
    steps: tuple[Step, ...]
    finally_: tuple[Step, ...] = ()
    outputs: tuple[tuple[str, Expr], ...] = ()  # what a run of it yields to the definition that calls it
    templates: Mapping[str, str] = {}  # the texts of the templates that the steps name
    calls: Mapping[str, str] = {}  # "name@version" of each called definition, to the digest of its plan

    def step(self, step_id: StepId) -> Step:
        """The step with this id. Raises `KeyError` where there is none."""
        for step in (*self.steps, *self.finally_):
            if step.id == step_id:
                return step
        raise KeyError(step_id)
