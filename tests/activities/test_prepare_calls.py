"""Preparing what reaches beyond devices: systems, scripts, called definitions, pinned versions and plans."""

from pathlib import Path

import pytest

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.definitions import Definitions
from activities.prepare import Knowledge, Prepare, Programs
from activities.systems import System, Systems
from activity_bench import SCOPE, call, refused
from workflows.contracts import Prepared, PrepareInput, RunRequest

CALLER = """
netsaga: 1
name: change
version: 1.0.0
inputs: {ticket: {type: string, default: RITM1}}
steps:
  - id: intent
    http: {get: "nautobot:/api/vlans/${{ inputs.ticket }}/"}
    on_failure: stop
  - id: page
    http: {get: "https://status.example/api/pages/"}
    on_failure: stop
  - id: reserve
    script: reserve-prefix
    with: {ticket: "${{ inputs.ticket }}"}
    on_failure: stop
  - id: close
    call: close-ticket@1
    with: {ticket: "${{ inputs.ticket }}"}
    on_failure: stop
  - id: told
    set: {closed: "${{ steps.close.closed }}"}
"""
CALLED = """
netsaga: 1
name: close-ticket
version: 1.4.2
inputs: {ticket: {type: string}}
steps:
  - id: close
    http: {post: "itsm:/tickets/${{ inputs.ticket }}", json: {state: closed}}
    on_failure: stop
outputs: {closed: "${{ steps.close.status }}"}
"""
CLOSE = "close-ticket.yaml"


class Desk:
    """A prepare activity over a folder of definitions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "definitions"
        self.folder.mkdir()
        self.define("change.yaml", CALLER)
        self.define("close-ticket.yaml", CALLED)
        systems = Systems(
            {name: System(url=f"https://{name}.example/") for name in ("nautobot", "itsm")},
            ("https://status.example/api/",),
        )
        programs = Programs(
            script=frozenset({"reserve-prefix"}),
            ansible=frozenset({"backup", "harden"}),
            awx=frozenset({"patch"}),
            on_devices=frozenset({"harden"}),
        )
        knowledge = Knowledge(groups={"leads": ("alice",)}, systems=systems, scripts=programs)
        self.activity = Prepare(Documents(LocalArtifactStore(folder / "store")), Definitions([self.folder]), knowledge)

    def define(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def change(self, old: str, new: str, name: str = "change.yaml") -> None:
        text = (self.folder / name).read_text()
        assert old in text
        self.define(name, text.replace(old, new))

    def _input(self, definition: str, more: dict[str, object]) -> PrepareInput:
        return PrepareInput(scope=SCOPE, request=RunRequest.model_validate({"definition": definition, **more}))

    async def run(self, definition: str = "change", **more: object) -> Prepared:
        return await call(self.activity.prepare, self._input(definition, more))

    async def refused(self, definition: str = "change", **more: object) -> str:
        error = await refused(self.activity.prepare, self._input(definition, more))
        assert (error.type, error.non_retryable) == ("invalid_input", True)
        return error.message


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_called_definitions_are_compiled_with_the_one_that_calls_them(desk: Desk) -> None:
    prepared = await desk.run()
    called = await desk.run("close-ticket", inputs={"ticket": "RITM1"})
    assert prepared.plan.calls == {"close-ticket@1": called.plan.digest}
    assert prepared.changing == ()
    desk.change('http: {post: "itsm:/tickets/${{ inputs.ticket }}", json: {state: closed}}', "ansible: harden", CLOSE)
    desk.change("steps.close.status", "steps.close.log", CLOSE)
    assert (await desk.run()).changing == ("close-ticket@1",)


async def test_a_definition_that_is_carried_by_the_request_may_call_those_in_the_folders(desk: Desk) -> None:
    assert (await desk.run("", source=CALLER)).plan.calls.keys() == {"close-ticket@1"}


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ("1", "1.10.0"),
        ("1.4", "1.4.2"),
        ("1.4.1", "1.4.1"),
        ("2", "2.0.0"),
        ("2.1.0-rc1", "2.1.0-rc1"),
        (None, "2.0.0"),
    ],
)
async def test_a_version_that_is_pinned_in_part_means_the_newest_release_of_it(
    desk: Desk, asked: str | None, version: str
) -> None:
    for other in ("1.4.1", "1.10.0", "2.0.0", "2.1.0-rc1"):
        desk.define(f"close-ticket@{other}.yaml", CALLED.replace("1.4.2", other))
    name = "close-ticket" if asked is None else f"close-ticket@{asked}"
    assert (await desk.run(name, inputs={"ticket": "RITM1"})).plan.version == version


async def test_a_plan_that_is_not_the_expected_one_is_refused(desk: Desk) -> None:
    digest = (await desk.run()).plan.digest
    assert (await desk.run(plan_digest=digest)).plan.digest == digest
    desk.change("state: closed", "state: solved", "close-ticket.yaml")
    said = await desk.refused(plan_digest=digest)
    assert said.startswith("the definition has moved: change@1.0.0 compiles to the plan ")
    assert f"{digest[:12]} was expected" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("nautobot:/api", "nautobt:/api", "step `intent`: the system `nautobt` is not under `systems`"),
        ("nautobot:/api", "nautobt:/api", "did you mean `nautobot`?"),
        ("https://status.example/", "https://status.example.evil/", "below no prefix under `allowed_urls`"),
        ("/api/pages/", "/api/pages/?all=1", "as a map under `query`"),
        ("reserve-prefix", "reserve-prefx", "step `reserve`: the script `reserve-prefx` is not under `scripts`"),
        ("close-ticket@1", "close-ticket@3", "there is no definition `close-ticket@3`"),
    ],
)
async def test_what_a_step_names_must_be_there(desk: Desk, old: str, new: str, said: str) -> None:
    desk.change(old, new)
    assert said in await desk.refused()


async def test_what_a_called_definition_names_must_be_there_before_its_caller_begins(desk: Desk) -> None:
    desk.change("itsm:", "itsn:", "close-ticket.yaml")
    said = await desk.refused()
    assert said.startswith("the called definition `close-ticket@1`: step `close`: the system `itsn` is not under")


async def test_a_called_gate_that_excludes_whoever_asked_needs_to_know_who_that_is_before_its_caller_begins(
    desk: Desk,
) -> None:
    gate = "  - id: gate\n    approve: {by: leads, not_by: [requester]}\n    timeout: 5m\n"
    desk.change("outputs:", gate + "outputs:", "close-ticket.yaml")
    said = await desk.refused()
    assert said.startswith("the called definition `close-ticket@1`: step `gate` is not for the one who asks")
    assert (await desk.run(by="carol")).plan.name == "change"
    assert (await desk.run(mode="plan")).plan.name == "change"
    desk.change("    call: close-ticket@1", "    when: inputs.ticket == 'T1'\n    call: close-ticket@1")
    assert (await desk.run()).plan.name == "change"  # it may not be called


# ------------------------------------------------------------------------------------------------- ansible and awx

RUNS = """
netsaga: 1
name: outside
version: 1.0.0
steps:
  - id: first
    {step}
"""


@pytest.mark.parametrize("step", ["ansible: backup", "awx: patch"])
async def test_what_the_settings_name_for_an_engine_is_accepted(desk: Desk, step: str) -> None:
    assert (await desk.run("", source=RUNS.format(step=step))).plan.name == "outside"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("ansible: patch", "step `first`: `ansible`: `patch` is not under `ansible` in the worker's settings"),
        ("awx: pach", "`pach` is not under `awx` in the worker's settings; did you mean `patch`?"),
        ("ansible: harden", "`harden` works on the devices of the run, and the definition names none"),
    ],
)
async def test_what_an_engine_cannot_run_is_refused_before_anything_begins(desk: Desk, step: str, said: str) -> None:
    assert said in await desk.refused("", source=RUNS.format(step=step))
