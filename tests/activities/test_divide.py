"""Dividing a step's devices by the facts that the inventory froze."""

from pathlib import Path

import pytest

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.divide import Divide
from activities.values import BUNDLE
from activity_bench import SCOPE, call, refused
from workflows.contracts import ArtifactRef, Bundle, Device, DivideInput
from workflows.definition.compiler import Source, compile_definition
from workflows.plan import HostName, StepId

DEFINITION = """
netsaga: 1
name: look
version: 1.0.0
inventory: {source: lab, expect: {min: 1}}
defaults: {credential: rw}
steps:
  - id: look
    devices: inventory
    waves:
      - {name: canary, size: 1, per: platform}
      - {name: rest, size: 100%}
    apart: device.data.pair
    do: [{snapshot: [vlans]}]
    on_failure: stop
"""


def devices(**pairs: str | None) -> dict[HostName, Device]:
    platforms = ("arista_eos", "cisco_nxos")
    return {
        HostName(name): Device(
            name=HostName(name),
            platform=platforms[index % 2],
            address="192.0.2.1",
            data={} if pair is None else {"pair": pair},
        )
        for index, (name, pair) in enumerate(pairs.items())
    }


async def bundle(documents: Documents, known: dict[HostName, Device]) -> ArtifactRef:
    compiled = compile_definition(Source(name="look.yaml", text=DEFINITION))
    assert compiled.plan is not None, compiled.diagnostics
    return await documents.save(Bundle(plan=compiled.plan, inputs={}, devices=known), BUNDLE)


def asked(ref: ArtifactRef, known: dict[HostName, Device]) -> DivideInput:
    return DivideInput(scope=SCOPE, prepared=ref, step=StepId("look"), hosts=tuple(known))


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    return Documents(LocalArtifactStore(tmp_path))


async def test_waves_follow_from_the_facts_of_the_devices(documents: Documents) -> None:
    known = devices(a="1", b="1", c="2", d="2")
    divided = await call(Divide(documents).divide, asked(await bundle(documents, known), known))
    waves = {wave.name: [host for group in wave.groups for host in group] for wave in divided.waves}
    assert waves == {"canary-1": ["a"], "canary-2": ["b"], "rest-1": ["c"], "rest-2": ["d"]}


async def test_a_device_without_the_fact_is_named_and_nothing_is_begun(documents: Documents) -> None:
    known = devices(a="1", b=None)
    error = await refused(Divide(documents).divide, asked(await bundle(documents, known), known))
    assert (error.type, error.non_retryable) == ("invalid_input", True)
    assert error.message.startswith("step `look`: the waves cannot be made: ")
    assert "device.data.pair has no value" in error.message


async def test_a_store_that_lost_the_inventory_is_blamed(documents: Documents) -> None:
    known = devices(a="1")
    error = await refused(Divide(documents).divide, asked(ArtifactRef(f"sha256:{'0' * 64}"), known))
    assert (error.type, error.non_retryable) == ("block_unavailable", False)
    assert error.message.startswith("executor: ")
