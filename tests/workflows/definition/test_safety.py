"""The safety of rollouts: where a doubt begins and where it ends, beside the goldens that show how it is said."""

import pytest

from workflows.definition.compiler import Source, compile_definition

HEAD = """\
netsaga: 1
name: x
version: 1.0.0
inputs:
  soak: {{type: duration, default: 8m}}
  other: {{type: duration}}
inventory: {{source: lab, expect: {{max: {most}}}}}
defaults: {{timeout: 1m, retry: {{attempts: 1}}}}
steps:
"""
CHANGE = """\
  - id: change
    devices: inventory
    do: [{{configure: {{lines: [a]}}, confirm: {{within: 10m, hold: {hold}}}}}]
    undo: {undo}
    on_failure: stop
    {more}
"""
GATE = """\
  - id: look
    devices: inventory
    do: [{propose: {lines: [a]}, as: change}]
  - id: gate
    approve: {by: leads, not_by: [requester], binds: steps.look.change}
    timeout: 5m
"""
APPLY = """\
  - id: apply
    devices: inventory
    do: [{apply: steps.look.change}]
    undo: [native]
    on_failure: stop
"""


def codes(text: str) -> list[str]:
    return [item.code for item in compile_definition(Source("x.yaml", text)).diagnostics]


def of_change(more: str, *, hold: str = "wave", undo: str = "[native]", most: int = 100) -> list[str]:
    """What is found in a changing step with one more key."""
    return codes(HEAD.format(most=most) + CHANGE.format(hold=hold, undo=undo, more=more))


@pytest.mark.parametrize(
    ("waves", "found"),
    [
        ("[1, 100%]", []),
        ("[50%, 50%]", []),
        ("[1, 99%]", []),
        ("[1, 98%]", ["NS705"]),
        ("[30%, 60%]", ["NS705"]),
        ("[100]", []),
        ("[99]", ["NS705"]),
        ("[1]", ["NS705"]),
        ("[{size: 1, per: platform}, 50%, 50%]", []),
        ("[{size: 100, per: platform}]", ["NS705"]),
        ('[{select: device.name == "a"}, 100%]', []),
        ('[{select: device.name == "a"}]', ["NS705"]),
        ("[100%, 1]", ["NS706"]),
        ("[60, 60, 1]", ["NS706"]),
    ],
)
def test_waves_that_do_not_end_with_every_device_are_doubted(waves: str, found: list[str]) -> None:
    assert of_change(f"waves: {waves}") == found


@pytest.mark.parametrize(
    ("hold", "soak", "found"),
    [
        ("wave", "8m", []),
        ("wave", "9m", ["NS707"]),
        ("best_effort", "9m", ["NS707"]),
        ("device", "9m", []),
        ("wave", "${{ inputs.soak }}", []),
        ("wave", "${{ inputs.other }}", []),
        ("wave", "${{ 600 }}", ["NS707"]),
    ],
)
def test_a_soak_leaves_time_for_one_attempt_before_the_device_reverts(hold: str, soak: str, found: list[str]) -> None:
    assert of_change(f'waves: [{{size: 100%, soak: "{soak}"}}]', hold=hold) == found


@pytest.mark.parametrize(
    ("more", "most", "found"),
    [
        ("{concurrency: 5, budget: strict, accept: <= 4 failed}", 100, []),
        ("{concurrency: 6, budget: strict, accept: <= 4 failed}", 100, ["NS713"]),
        ("{budget: strict}", 100, []),
        ('{concurrency: 6, budget: strict, accept: {succeeded: ">= 95%"}}', 100, []),
        ('{concurrency: 6, budget: strict, accept: {succeeded: ">= 95%"}}', 99, ["NS713"]),
        ('{concurrency: 6, budget: strict, accept: {succeeded: ">= 100%"}}', 99, ["NS713"]),
        ("{breaker: {failures: 5, within: 1m}, accept: <= 5 failed}", 100, []),
        ("{breaker: {failures: 6, within: 1m}, accept: <= 5 failed}", 100, ["NS714"]),
        ("{breaker: {failures: 1, within: 1m}}", 100, ["NS714"]),
        ("{breaker: {failures: 9, within: 1m}, accept: any}", 10, []),
        ("{breaker: {failures: 10, within: 1m}, accept: any}", 10, ["NS714"]),
        ("{breaker: {failures: 7, within: 1m}, accept: 3 of 10}", 10, []),
        ("{breaker: {failures: 8, within: 1m}, accept: 3 of 10}", 10, ["NS714"]),
    ],
)
def test_what_limits_failures_is_held_against_accept(more: str, most: int, found: list[str]) -> None:
    lines = more[1:-1].replace(", budget", "\n    budget").replace(", accept", "\n    accept")

    assert of_change(lines, most=most) == found


def test_devices_that_are_confirmed_together_need_an_undo() -> None:
    assert of_change("", undo="none") == ["NS708"]
    assert of_change("", undo="none", hold="device") == []


@pytest.mark.parametrize(
    ("window", "found"), [("2550s", []), ("2549s", ["NS716"]), ("5h", [])], ids=["just enough", "too short", "long"]
)
def test_a_window_has_room_for_a_soak_one_attempt_with_its_commit_and_the_undo(window: str, found: list[str]) -> None:
    more = f'waves: [{{size: 100%, soak: 8m}}]\n    window: {{cron: "0 22 * * *", duration: {window}}}'

    assert of_change(more) == found


@pytest.mark.parametrize(("window", "found"), [("33m", []), ("32m", ["NS716"])])
def test_a_step_without_waves_has_to_fit_its_window_too(window: str, found: list[str]) -> None:
    more = f'window: {{cron: "0 22 * * *", duration: {window}}}'

    assert of_change(more, hold="device") == found


def test_a_later_wave_is_reckoned_by_what_may_be_seen_and_not_by_the_limits() -> None:
    more = 'waves: [1, {{size: 100%, soak: {soak}}}]\n    window: {{cron: "0 22 * * *", duration: 50m}}'

    assert of_change(more.format(soak="48m"), hold="device") == []
    assert of_change(more.format(soak="49m"), hold="device") == ["NS716"]


def test_an_approval_is_for_what_a_later_step_applies() -> None:
    head = HEAD.format(most=10)

    assert codes(head + GATE + APPLY) == []
    assert codes(head + GATE) == ["NS712"]
    assert codes(head + GATE + APPLY.replace("    devices", "    needs: [look]\n    devices")) == ["NS712"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("not_by: [requester], ", []),
        ("", ["NS710"]),
        ("quorum: 2, ", []),
    ],
)
def test_a_gate_is_not_for_the_requester_alone(change: str, found: list[str]) -> None:
    gate = GATE.replace("not_by: [requester], ", change)

    assert codes(HEAD.format(most=10) + gate + APPLY) == found


def test_a_fan_out_is_bounded_by_the_inventory_by_the_step_or_by_the_defaults() -> None:
    free = HEAD.format(most=10).replace(", expect: {max: 10}", "")
    step = "  - {id: a, devices: inventory, do: [{snapshot: config}]}\n"

    assert codes(free + step) == ["NS711"]
    assert codes(free + step + step.replace("id: a", "id: b")) == ["NS711"]
    assert codes(free + step.replace("devices: inventory", "devices: inventory, concurrency: 5")) == []
    assert codes(free.replace("defaults: {", "defaults: {concurrency: 5, ") + step) == []


def test_a_doubt_can_be_silenced_where_its_reason_is_given() -> None:
    text = (
        HEAD.format(most=10)
        + GATE
        + "    on_timeout: approve  # netsaga: ignore[NS709] the freeze forbids it at night\n"
    )

    assert codes(text + APPLY) == []
