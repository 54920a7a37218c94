"""Folding a batch's outcomes, and telling people about a run once."""

import logging
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.folds import Fold, proposal_digest
from activities.notify import FileTarget, LogTarget, Notify, NotifyTarget
from activities.report.view import diffs
from activities.values import BUNDLE, FOLD
from activity_bench import SCOPE, call
from workflows.contracts import (
    ArtifactRef,
    Bundle,
    Device,
    DeviceOutcome,
    DeviceResult,
    DeviceStatus,
    FoldInput,
    NotifyInput,
    RunResult,
)
from workflows.plan import HostName, Plan, StepId
from workflows.wording import diff_shown


async def _outcome(documents: Documents, host: str, text: str, status: DeviceStatus = "succeeded") -> DeviceOutcome:
    ref = await documents.save_text(text)
    return DeviceOutcome(host=HostName(host), status=status, diff=ref[-64:], diff_ref=ref, diff_made="modelled")


async def test_outcomes_are_kept_and_equal_diffs_are_grouped(tmp_path: Path) -> None:
    documents = Documents(LocalArtifactStore(tmp_path))
    outcomes = (
        await _outcome(documents, "sw3", "+ vlan 30"),
        await _outcome(documents, "sw1", "+ vlan 10\n" * 500),
        await _outcome(documents, "sw2", "+ vlan 10\n" * 500),
        await _outcome(documents, "sw4", "+ broken", "failed"),
        DeviceOutcome(host=HostName("sw5"), status="unreachable"),
    )
    result = await call(Fold(documents).fold, FoldInput(scope=SCOPE, step=StepId("precheck"), outcomes=outcomes))
    assert await documents.load(result.ref, FOLD) == {outcome.host: outcome for outcome in outcomes}
    assert [(group.devices, group.example, group.text) for group in result.diffs] == [
        (
            2,
            "sw1",
            "+ vlan 10\n" * 200 + f"… and 300 more lines; the whole diff: netsaga artifact {outcomes[1].diff_ref}",
        ),
        (1, "sw3", "+ vlan 30"),
    ]
    assert result.proposal == proposal_digest([outcomes[2], outcomes[0], outcomes[1]])
    assert result.proposal != proposal_digest([*outcomes[:3], outcomes[3]])


async def test_equal_diffs_that_were_made_differently_are_not_lumped_together(tmp_path: Path) -> None:
    documents = Documents(LocalArtifactStore(tmp_path))
    modelled = [await _outcome(documents, f"sw{n}", "+ vlan 10") for n in (1, 2)]
    computed = modelled[0].model_copy(update={"host": HostName("sw3"), "diff_made": "computed_by_device"})
    fold = FoldInput(scope=SCOPE, step=StepId("precheck"), outcomes=(*modelled, computed))
    groups = (await call(Fold(documents).fold, fold)).diffs
    assert [(group.devices, group.made) for group in groups] == [(2, "modelled"), (1, "computed_by_device")]
    assert len({group.digest for group in groups}) == 1
    shown = diffs({StepId("precheck"): {outcome.host: outcome for outcome in fold.outcomes}})
    assert [(diff.hosts, diff.made) for diff in shown] == [
        (["sw1", "sw2"], "modelled"),
        (["sw3"], "computed_by_device"),
    ]


async def test_a_batch_that_proposed_nothing_has_no_proposal(tmp_path: Path) -> None:
    fold = Fold(Documents(LocalArtifactStore(tmp_path)))
    outcomes = (DeviceOutcome(host=HostName("sw1"), status="succeeded"),)
    result = await call(fold.fold, FoldInput(scope=SCOPE, step=StepId("look"), outcomes=outcomes))
    assert (result.proposal, result.diffs) == (None, ())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x" * 2_000, "x" * 2_000),
        ("+ a\n" * 500 + "+ b", "+ a\n" * 500 + "… and 1 more line; the whole diff: netsaga artifact sha256:12"),
        ("+ a\n" + "x" * 3_000, "+ a\n… and 1 more line; the whole diff: netsaga artifact sha256:12"),
        ("x" * 3_000, "x" * 2_000 + "\n… and 1 more line; the whole diff: netsaga artifact sha256:12"),
    ],
    ids=["just fits", "ends with a line", "a long line", "one line"],
)
def test_a_diff_that_is_cut_says_so(text: str, shown: str) -> None:
    assert diff_shown(text, ArtifactRef("sha256:12")) == shown


async def test_of_many_different_diffs_twenty_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    documents = Documents(LocalArtifactStore(tmp_path))
    outcomes = tuple([await _outcome(documents, f"sw{n:02}", f"+ vlan {n}") for n in range(30)])
    result = await call(Fold(documents).fold, FoldInput(scope=SCOPE, step=StepId("precheck"), outcomes=outcomes))
    assert (len(result.diffs), result.diffs_omitted) == (20, 10)


# --------------------------------------------------------------------------------------------------------- notify

TEMPLATE = """
# {{ run.definition }} {{ run.verdict }} ({{ inputs.ticket }})
{{ counts.changed }} changed, see {{ run.url }}
{% for device in run.devices %}
- {{ device.name }} {{ device.platform }} {{ device.status }}
{% endfor %}
"""


async def _notify(folder: Path, to: str = "netops", **parts: str) -> NotifyInput:
    documents = Documents(LocalArtifactStore(folder / "store"))
    host = HostName("sw1")
    bundle = Bundle(
        plan=Plan(name="vlan", version="1", digest="0", steps=(), templates={"t": TEMPLATE, "bad": "{{ nothing }}"}),
        inputs={"ticket": "RITM1"},
        devices={host: Device(name=host, platform="arista_eos", address="192.0.2.1")},
    )
    result = RunResult(
        id="vlan-1",
        run=SCOPE.run,
        definition="vlan",
        version="1",
        plan_digest="0",
        verdict="succeeded",
        counts={"changed": 1},
        devices=(DeviceResult(name=host, status="changed"),),
    )
    ref = await documents.save(bundle, BUNDLE)
    return NotifyInput.model_validate(
        {"scope": SCOPE, "prepared": ref, "step": "report", "to": to, "result": result, **parts}
    )


def _activity(folder: Path) -> Notify:
    targets: dict[str, NotifyTarget] = {
        "netops": FileTarget(folder / "deep" / "told.md"),
        "audit": LogTarget(),
        "full": FileTarget(folder),
    }
    return Notify(Documents(LocalArtifactStore(folder / "store")), targets, "http://127.0.0.1:8233/runs/{id}")


async def test_a_template_is_told_to_a_file_once(tmp_path: Path) -> None:
    notification = await _notify(tmp_path, template="t")
    for attempt in (1, 2):
        result = await call(_activity(tmp_path).notify, notification, attempt)
        assert result.delivered == str(tmp_path / "deep" / "told.md")
    text = (tmp_path / "deep" / "told.md").read_text()
    assert text.count("# vlan succeeded (RITM1)") == 1
    assert "1 changed, see http://127.0.0.1:8233/runs/vlan-1\n- sw1 arista_eos changed\n" in text


async def test_an_attempt_that_died_after_it_told_does_not_tell_twice(tmp_path: Path) -> None:
    target = FileTarget(tmp_path / "told.md")
    await target.deliver("run-1/report", "hello")
    await target.deliver("run-1/report", "hello")
    await target.deliver("run-2/report", "hello")
    assert (tmp_path / "told.md").read_text().count("hello") == 2


async def test_a_message_can_be_told_to_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "activities.notify")
    await call(_activity(tmp_path).notify, await _notify(tmp_path, "audit", message="VLAN 120 is there"))
    assert "VLAN 120 is there" in caplog.text


@pytest.mark.parametrize(
    ("to", "parts", "kind", "said"),
    [
        ("nobody", {"message": "x"}, "invalid_input", "`nobody` is not under `notify`"),
        ("netops", {"template": "bad"}, "invalid_input", "step `report`: template bad: 'nothing' is undefined"),
        ("full", {"message": "x"}, "block_unavailable", "presentation: notify `full`: .*cannot be written"),
    ],
)
async def test_what_cannot_be_told_is_said(
    tmp_path: Path, to: str, parts: dict[str, str], kind: str, said: str
) -> None:
    with pytest.raises(ApplicationError, match=said) as caught:
        await call(_activity(tmp_path).notify, await _notify(tmp_path, to, **parts))
    assert caught.value.type == kind
