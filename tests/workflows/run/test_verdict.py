"""What a result says where there are more devices than it holds, and what it tells people to do."""

from standing import standing
from workflows.contracts import DeviceResult
from workflows.plan import HostName
from workflows.run import verdict


def ended(number: int, **others: str) -> tuple[DeviceResult, ...]:
    hosts = [HostName(f"acc-{index:05}") for index in range(1, number + 1)]
    return tuple(
        DeviceResult.model_validate({"name": host, "status": others.get(host.replace("-", "_"), "changed")})
        for host in hosts
    )


def test_a_result_that_holds_not_all_devices_holds_those_that_need_somebody() -> None:
    state = standing(1_500, begun=1_500)
    state.verdict = "failed_dirty"
    devices = ended(1_500, acc_01499="undo_failed", acc_01500="failed")
    told = verdict.result(state, None, devices)
    assert [device.status for device in told.devices[-2:]] == ["undo_failed", "failed"]
    assert (len(told.devices), told.devices_omitted) == (1_000, 500)
    assert told.devices[0].name == "acc-00001"
    assert told.devices[:3] == devices[:3]


def test_a_run_that_leaves_devices_in_between_says_what_to_do() -> None:
    state = standing(3, begun=3)
    assert verdict.advice(state, ended(3)) == ""
    state.message = "step judge: no; NOT undone: acc-00001"
    named = verdict.advice(state, ended(3, acc_00001="undo_failed", acc_00002="unknown"))
    assert named == "; put them and acc-00002 right by hand, then `netsaga quarantine clear HOST --by NAME`"
    state.message = ""
    everyone = verdict.advice(state, ended(20, **{f"acc_{number:05}": "unknown" for number in range(1, 21)}))
    assert everyone.startswith("put acc-00001, ")
    assert "acc-00010 and more right by hand" in everyone
