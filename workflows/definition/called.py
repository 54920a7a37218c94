"""What a definition sees of one that it calls: its inputs, its outputs with their types, and its plan's digest."""

from collections.abc import Mapping
from dataclasses import dataclass

from workflows.definition.types import Type
from workflows.plan import Input


@dataclass(frozen=True, slots=True)
class Called:
    """A called definition, compiled.

    Attributes:
        name: Its name, as it says itself.
        version: Its whole version.
        digest: Of its plan.
        inputs: What it takes.
        outputs: What it yields; each may be null, since a step that computes it may be skipped.
        changes: Whether it changes devices, itself or by what it calls.
    """

    name: str
    version: str
    digest: str
    inputs: Mapping[str, Input]
    outputs: Mapping[str, Type]
    changes: bool
