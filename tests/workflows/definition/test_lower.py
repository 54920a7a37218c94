"""What a step gets where it says nothing, and what is never repeated by itself."""

import pytest

from workflows.definition.compiler import Source, compile_definition
from workflows.definition.lower import CALL_TIMEOUT_S
from workflows.definition.render import render
from workflows.plan import DevicesStep, Plan, Step

HEAD = """\
netsaga: 1
name: x
version: 1.0.0
inventory: {source: lab, expect: {max: 10}}
defaults: {timeout: 20s, retry: {attempts: 4}, concurrency: {total: 7, per: site, each: 2}}
steps:
"""
CALLED = Source("called.yaml", "netsaga: 1\nname: called\nversion: 1.0.0\nsteps: [{id: a, set: {x: 1}}]\n")


def plan_of(*steps: str, end: str = "") -> Plan:
    text = HEAD + "".join(f"  - {step}\n" for step in steps) + end
    result = compile_definition(Source("x.yaml", text, {}, {"called@1": CALLED}))
    assert result.plan is not None, render(result.diagnostics, {"x.yaml": text})
    return result.plan


def step_of(step: str) -> Step:
    return plan_of(step).steps[0]


@pytest.mark.parametrize(
    ("verb", "attempts"),
    [
        ('http: {get: "itsm:/a"}', 4),
        ('http: {put: "itsm:/a"}', 4),
        ('http: {delete: "itsm:/a"}', 4),
        ('http: {post: "itsm:/a"}', 1),
        ('http: {patch: "itsm:/a"}', 1),
        ("script: renew", 1),
        ("ansible: site", 1),
        ("awx: site", 1),
        ("call: called@1", 1),
        ("notify: {to: a, message: b}", 4),
        ("devices: inventory, do: [{snapshot: config}]", 4),
    ],
)
def test_what_could_act_twice_is_repeated_only_where_the_step_says_so(verb: str, attempts: int) -> None:
    assert step_of(f"{{id: a, {verb}}}").retry.attempts == attempts
    assert step_of(f"{{id: a, {verb}, retry: {{attempts: 2}}}}").retry.attempts == 2


def test_a_called_run_has_a_day_unless_the_step_says_otherwise() -> None:
    assert step_of("{id: a, call: called@1}").timeout_s == CALL_TIMEOUT_S == 86400
    assert step_of("{id: a, call: called@1, timeout: 5m}").timeout_s == 300
    assert step_of('{id: a, http: {get: "itsm:/a"}}').timeout_s == 20


def test_a_step_gets_the_concurrency_of_the_defaults_as_a_whole() -> None:
    given = step_of("{id: a, devices: inventory, do: [{snapshot: config}]}")
    own = step_of("{id: a, devices: inventory, do: [{snapshot: config}], concurrency: 3}")
    capped = step_of("{id: a, devices: inventory, do: [{snapshot: config}], concurrency: {per: role, each: 1}}")

    assert isinstance(given, DevicesStep)
    assert isinstance(own, DevicesStep)
    assert isinstance(capped, DevicesStep)
    assert (given.concurrency, given.concurrency_each) == (7, 2)
    assert given.concurrency_per is not None
    assert (own.concurrency, own.concurrency_per, own.concurrency_each) == (3, None, None)
    assert (capped.concurrency, capped.concurrency_each) == (50, 1)


def test_a_step_of_finally_needs_only_others_of_finally() -> None:
    steps = ["{id: a, set: {x: 1}}"]
    end = (
        "finally:\n"
        "  - {id: b, needs: [a], set: {x: 1}}\n"
        "  - {id: c, needs: [a, b], set: {x: 1}}\n"
        "  - {id: d, set: {x: 1}}\n"
    )

    assert [step.needs for step in plan_of(*steps, end=end).finally_] == [(), ("b",), ("c",)]
