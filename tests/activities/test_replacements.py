"""`mode: replace` in definitions: the whole configuration from a template, and devices that replace nothing."""

from pathlib import Path

import pytest

from activities.replacements import check_replacements
from activity_bench import bench, call, call_of
from plans import changing, reading
from workflows.contracts import Device
from workflows.errors import InvalidInputError
from workflows.plan import ConfigureAction, Constant, HostName, LinesText

WHOLE = ConfigureAction(change=LinesText(lines=(Constant(value="hostname sw1"),)), mode="replace")
DEFINITION = """
netsaga: 1
name: whole
version: 1.0.0
inventory: {source: lab}
defaults: {timeout: 20s, retry: {attempts: 1, delay: 10ms}, credential: device_rw}
steps:
  - id: look
    devices: inventory
    do:
      - propose: {template: whole.j2, mode: replace}
        as: whole
    on_failure: stop
  - id: load
    devices: steps.look.succeeded
    do:
      - apply: steps.look.whole
        save: true
    undo: [native]
    on_failure: {undo: wave}
"""


def device(platform: str) -> Device:
    return Device(name=HostName(platform), address="192.0.2.1", platform=platform)


async def test_a_whole_configuration_is_proposed_shown_and_applied(tmp_path: Path) -> None:
    async with bench(tmp_path, devices=3) as lab:
        host = lab.hosts[2]  # EOS
        before = lab.testbed.device(host).running_config()
        template = before.replace("   name voice", "   name phones")
        prepared = await lab.prepared(DEFINITION, {"whole.j2": template})
        looked = await call(lab.interact.interact, call_of(prepared, "look", host))
        assert looked.diff_ref is not None
        shown = (await lab.documents.text(looked.diff_ref)).splitlines()
        assert [line for line in shown if line[0] in "+-"] == ["-   name voice", "+   name phones"] or len(shown) <= 3
        values = {"look": await lab.fold("look", looked)}
        loaded = await call(lab.interact.interact, call_of(prepared, "load", host, values))
        assert (loaded.status, loaded.changed, loaded.diff) == ("succeeded", True, looked.diff)
        assert lab.testbed.device(host).startup_config() == template
        assert (await call(lab.undo.undo, call_of(prepared, "load", host, values))).status == "undone"
        assert lab.testbed.device(host).running_config() == before


def test_devices_none_of_which_replaces_anything_are_refused_before_the_run() -> None:
    with pytest.raises(InvalidInputError, match="`mode: replace` is for none of these devices") as refused:
        check_replacements([changing("load", do=(WHOLE,))], [device("netconf"), device("openvswitch")])
    assert 'netconf: give `operation="replace"` to the elements' in str(refused.value)


def test_one_device_that_replaces_is_enough_and_other_steps_are_none_of_its_business() -> None:
    check_replacements([changing("load", do=(WHOLE,))], [device("netconf"), device("arista_eos")])
    check_replacements([reading("look"), changing("load")], [device("netconf")])
