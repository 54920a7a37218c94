"""Which called definitions may change devices."""

from calling import call
from plans import changing, plan, reading
from workflows.plan import NotifyStep, ScriptStep, StepId
from workflows.run.changing import changing_definitions


def test_a_definition_changes_devices_by_itself_by_a_playbook_in_finally_and_by_what_it_calls() -> None:
    tell = NotifyStep(id=StepId("tell"), to="netops")
    called = {
        "outer@1": plan(call("on", "middle")),
        "middle@1": plan(reading("look"), call("in", "inner")),
        "inner@1": plan(reading("look"), last=(changing("tidy"),)),
        "playbook@1": plan(ScriptStep(id=StepId("play"), engine="ansible", run="harden")),
        "program@1": plan(ScriptStep(id=StepId("close"), run="close-ticket"), tell),
        "reads@1": plan(reading("look"), call("on", "program")),
    }
    assert changing_definitions(called) == ("inner@1", "middle@1", "outer@1", "playbook@1")
