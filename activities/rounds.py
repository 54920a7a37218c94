"""How often a step that must not be carried out twice has been carried out: each time is a round.

A round is begun once and ended once, whichever attempt does it, under write-once keys. An attempt whose worker died
leaves a round that is begun and not ended: its successor finds it, and knows that something is under way, or was. Of
a round that cannot be judged, a person decides: what is asked for anew (another execution of the activity) begins
another.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue
from temporalio import activity

from activities.artifacts.store import ArtifactStore, canonical
from workflows.contracts import ScriptResult

BEGUN: Final = "begun"
ENDED: Final = "ended"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Round:
    """One time.

    Args:
        store: Where its entries are.
        prefix: Their key, without a slash at its end.
        number: From 1.
        execution: Which execution of the activity this is: all its attempts have one, an operator's retry another.
    """

    store: ArtifactStore
    prefix: str
    number: int
    execution: str

    async def read(self, name: str) -> dict[str, JsonValue] | None:
        """An entry, or ``None``."""
        data = await self.store.read(f"{self.prefix}/{name}")
        entry: dict[str, JsonValue] | None = None if data is None else json.loads(data)
        return entry

    async def write(self, name: str, **entry: JsonValue) -> bool:
        """Keep an entry; ``False`` where there is one, which counts."""
        return await self.store.create(f"{self.prefix}/{name}", canonical(entry))

    async def end(self, result: ScriptResult | None = None) -> None:
        """It is over, and what came of it is known: this result, or a failure."""
        said = None if result is None else result.model_dump(mode="json")
        await self.write(ENDED, execution=self.execution, result=said)

    async def give_up(self) -> None:
        """What came of it cannot be known; attempts of this execution are not to begin another."""
        await self.write(UNKNOWN, execution=self.execution)

    async def over(self) -> bool:
        """Whether another one may follow."""
        unknown = await self.read(UNKNOWN)
        return (unknown is not None and unknown["execution"] != self.execution) or await self.read(ENDED) is not None

    async def result(self) -> ScriptResult | None:
        """What an earlier attempt of this execution has brought home."""
        ended: Mapping[str, JsonValue] = await self.read(ENDED) or {}
        if ended.get("execution") != self.execution or ended.get("result") is None:
            return None
        return ScriptResult.model_validate(ended["result"])


async def current(store: ArtifactStore, identity: str) -> tuple[Round, ScriptResult | None]:
    """The round that is to be carried out or gone on with, or the result where it has been carried out.

    Args:
        store: Where rounds are kept.
        identity: The run and the step.

    Raises:
        ArtifactError: The store cannot be read.
    """
    execution = activity.info().scheduled_time.isoformat()
    number = 1
    while True:
        one = Round(store, f"rounds/{identity}/{number}", number, execution)
        if not await one.over():
            return one, None
        if (result := await one.result()) is not None:
            return one, result
        number += 1
