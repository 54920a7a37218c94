"""Activities tell Temporal that they live while they take long, so that one whose worker died is noticed at once."""

import asyncio
import inspect
from datetime import timedelta
from pathlib import Path

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.definitions import Definitions
from activities.deviceinteraction.model import HostKeys
from activities.prepare import Knowledge, Prepare
from activities.registry import Activities
from activities.seal import Seal
from activities.secrets.store import NamedSecrets
from activities.sessions import Sessions
from activity_bench import SCOPE, environment
from sample_run import sample_run
from workflows import contracts
from workflows.contracts import ArtifactRef, Device, PrepareInput, RunRequest
from workflows.plan import HostName

WITHOUT = frozenset({contracts.REQUEST_CANCEL})  # it is called without a heartbeat timeout
SHORT = timedelta(milliseconds=80)
DEFINITION = """
netsaga: 1
name: look
version: 1.0.0
inventory: {source: slow}
steps:
  - {id: look, devices: inventory, do: [{snapshot: [vlans], as: state}], on_failure: stop}
"""


class SlowSource:
    """A source of truth that answers once Temporal has heard of whoever asks."""

    def __init__(self, heard: asyncio.Event) -> None:
        self.heard = heard

    async def devices(self) -> list[Device]:
        await self.heard.wait()
        return [Device(name=HostName("sw1"), platform="arista_eos", address="192.0.2.1", credential="rw")]


class SlowStore(LocalArtifactStore):
    """A store that keeps something once Temporal has heard of whoever asks."""

    heard: asyncio.Event

    async def put(self, data: bytes, media_type: str) -> ArtifactRef:
        await self.heard.wait()
        return await super().put(data, media_type)


def test_every_activity_heartbeats(tmp_path: Path) -> None:
    store, definitions = LocalArtifactStore(tmp_path), Definitions()
    registered = Activities(store, definitions, Knowledge(), Sessions(NamedSecrets({}), HostKeys())).callables()
    beating = {one.__temporal_activity_definition.name: "heartbeat()" in inspect.getsource(one) for one in registered}  # type: ignore[attr-defined]  # what `activity.defn` leaves
    assert {name for name, beats in beating.items() if not beats} == WITHOUT


async def test_a_run_that_is_prepared_from_a_slow_source_of_truth_is_known_to_be_alive(tmp_path: Path) -> None:
    heard, env = asyncio.Event(), environment(heartbeat=SHORT)
    env.on_heartbeat = lambda *_: heard.set()
    knowledge = Knowledge(inventories={"slow": SlowSource(heard)}, credentials=frozenset({"rw"}))
    prepare = Prepare(Documents(LocalArtifactStore(tmp_path)), Definitions(), knowledge)
    request = RunRequest(definition="look.yaml", source=DEFINITION)
    async with asyncio.timeout(30):
        prepared = await env.run(prepare.prepare, PrepareInput(scope=SCOPE, request=request))
    assert prepared.hosts == ("sw1",)


async def test_a_record_that_is_kept_in_a_slow_store_is_known_to_be_on_its_way(tmp_path: Path) -> None:
    run = await sample_run(Documents(LocalArtifactStore(tmp_path)))
    store, env = SlowStore(tmp_path), environment(heartbeat=SHORT)
    store.heard = asyncio.Event()
    env.on_heartbeat = lambda *_: store.heard.set()
    async with asyncio.timeout(30):
        sealed = await env.run(Seal(Documents(store)).seal, run)
    assert await store.get(sealed.record)
