"""What `prepare` refuses of confirms: platforms without a timer, waves that last too long, changes that follow."""

import pytest

from activities.timers import check_confirms
from workflows.contracts import Device
from workflows.definition.compiler import Source, compile_definition
from workflows.errors import InvalidInputError
from workflows.plan import HostName

DEFINITION = """
netsaga: 1
name: change
version: 1.0.0
inputs: {soak: {type: duration, default: 1m}}
inventory: {source: lab}
defaults: {timeout: 20s, credential: rw, retry: {attempts: 3}}
steps:
  - id: look
    devices: inventory
    do:
      - propose: {lines: ["vlan 120"]}
        as: change
    on_failure: stop
  - id: deploy
    devices: steps.look.succeeded
    concurrency: 2
    waves:
      - {name: first, size: 1, soak: "${{ inputs.soak }}"}
      - {name: rest, size: 100%}
    do:
      - apply: steps.look.change
        confirm: {within: 15m, hold: wave}
        save: true
    on_failure: {undo: wave}
"""


def devices(*platforms: str, maintenance: bool = False) -> list[Device]:
    return [
        Device(name=HostName(f"sw{number}"), platform=name, address="192.0.2.1", maintenance=maintenance)
        for number, name in enumerate(platforms, 1)
    ]


def check(text: str, found: list[Device], **inputs: object) -> None:
    compiled = compile_definition(Source("change.yaml", text))
    assert compiled.plan is not None, compiled.diagnostics
    check_confirms(compiled.plan.steps, found, {"soak": 60, **inputs})


def changed(*pairs: tuple[str, str]) -> str:
    text = DEFINITION
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def test_devices_with_a_timer_of_their_own_may_be_held() -> None:
    check(DEFINITION, devices("cisco_iosxe", "arista_eos", "juniper_junos"))


@pytest.mark.parametrize("hold", ["wave", "device"])
def test_a_platform_without_a_timer_is_refused_by_name_with_its_devices(hold: str) -> None:
    text = changed(("hold: wave", f"hold: {hold}"))
    with pytest.raises(InvalidInputError) as refused:
        check(text, devices("arista_eos", *["cisco_nxos"] * 7))
    said = str(refused.value)
    assert said.startswith(f"step `deploy`: `confirm: {{hold: {hold}}}` needs a confirm timer, and cisco_nxos has none")
    assert "sw2, sw3, sw4, sw5, sw6 and 2 more" in said
    assert "hold: best_effort" in said


def test_best_effort_takes_devices_as_they_are() -> None:
    check(changed(("hold: wave", "hold: best_effort")), devices("arista_eos", "cisco_nxos"))


def test_devices_that_the_step_does_not_take_up_do_not_matter() -> None:
    check(DEFINITION, devices("cisco_nxos", maintenance=True) + devices("arista_eos"))
    check(
        changed(("steps.look.succeeded", 'inventory | reject("equalto", "sw2") | list')),
        devices("arista_eos", "cisco_nxos"),
    )
    check(changed(("        confirm: {within: 15m, hold: wave}\n", "")), devices("cisco_nxos"))


def test_a_timer_that_a_platform_cannot_run_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"`within` is 10800 s, and the timer of cisco_iosxe .*60 to 7200 s"):
        check(changed(("within: 15m", "within: 3h")), devices("cisco_iosxe"))


def test_a_wave_that_cannot_be_confirmed_in_time_is_refused_with_the_numbers() -> None:
    nine = devices(*["arista_eos"] * 9)
    check(DEFINITION, nine)
    with pytest.raises(InvalidInputError) as refused:
        check(changed(("within: 15m", "within: 6m")), nine)
    said = str(refused.value)
    assert "wave `rest` of 8 devices may take 440 s until it is confirmed" in said
    assert "0 s of soak, 3 attempts x 20 s x 4 rounds of 2 devices, and 200 s to confirm" in said
    assert "revert after 360 s" in said


def test_the_soak_counts_and_may_be_an_input() -> None:
    one = devices("arista_eos")
    check(changed(("within: 15m", "within: 4m")), one)
    with pytest.raises(InvalidInputError, match=r"wave `first` of 1 devices .*200 s of soak"):
        check(changed(("within: 15m", "within: 4m")), one, soak=200)


def test_a_strict_budget_lets_fewer_devices_under_way() -> None:
    with pytest.raises(InvalidInputError, match=r"8 rounds of 1 devices"):
        check(
            changed(("within: 15m", "within: 8m"), ("concurrency: 2", "concurrency: 2\n    budget: strict")),
            devices(*["arista_eos"] * 9),
        )


def test_waves_by_facts_are_left_to_the_run() -> None:
    text = changed(("within: 15m", "within: 3m"), ("concurrency: 2", "concurrency: 2\n    apart: device.site"))
    check(text, devices(*["arista_eos"] * 9))


def test_a_change_that_another_one_follows_cannot_wait_for_its_confirmation() -> None:
    text = changed(("        save: true\n", '        save: true\n      - configure: {lines: ["vlan 121"]}\n'))
    with pytest.raises(InvalidInputError, match="followed by another one"):
        check(text, devices("arista_eos"))
