"""The definitions of a scenario as text, and the plans that the real compiler makes of them."""

from collections.abc import Mapping
from typing import Final, assert_never

import yaml

from model_scenario import Definition, Scenario
from workflows.definition.compiler import Source, compile_definition
from workflows.definition.render import render
from workflows.plan import Plan

VERSION: Final = "1.0.0"
SIGNAL: Final = "go"
WINDOW: Final = {"cron": "0 2 * * *", "duration": "8h"}  # longer than anything that a scenario does


def plans_of(scenario: Scenario) -> dict[str, Plan]:
    """The plans of a scenario's definitions, by their names; one that does not compile is a mistake of the test.

    Raises:
        ValueError: A definition has errors; with all of them.
    """
    parts = {name: one for name, one in scenario.definitions.items() if one is not scenario.main}
    sources = {f"{name}@{VERSION}": Source(f"{name}.yaml", text_of(one)) for name, one in parts.items()}
    found = {name: _compiled(sources[f"{name}@{VERSION}"]) for name in parts}
    main = Source("model.yaml", text_of(scenario.main, scenario.dedup), {}, sources)
    return {**found, scenario.main.name: _compiled(main)}


def _compiled(source: Source) -> Plan:
    found = compile_definition(source)
    if found.plan is None:
        raise ValueError(render(found.diagnostics, {source.name: source.text}))
    return found.plan


def text_of(definition: Definition, dedup: str = "") -> str:
    """A definition; ``dedup`` says what becomes of a second run that is to do the same work."""
    tell = {"id": f"{definition.prefix}tell", "notify": {"to": "netops", "message": "done"}, "on_failure": "continue"}
    return yaml.safe_dump(
        {
            "netsaga": 1,
            "name": definition.name,
            "version": VERSION,
            "inventory": {"source": "lab"},
            **({"dedup": {"key": "the-work", "on_duplicate": dedup}} if dedup else {}),
            "defaults": {"credential": "rw", "timeout": "60s"},
            "steps": [_step(definition, index) for index in range(len(definition.steps))],
            "finally": [tell],
            "outputs": {
                name: f"${{{{ steps.{name}.n }}}}"
                for name, step in zip(definition.ids, definition.steps, strict=True)
                if step.verb == "signal"
            },
        },
        sort_keys=False,
    )


def _step(definition: Definition, index: int) -> dict[str, object]:
    spec = definition.steps[index]
    found: dict[str, object] = {"id": definition.ids[index]}
    if spec.needs == "none" or index == 0:
        found["needs"] = []
    elif spec.needs == "all":
        found["needs"] = list(definition.ids[:index])
    if (guard := definition.guard(index)) is not None:
        said = "result" if definition.steps[definition.ids.index(guard)].verb == "script" else "json"
        found["when"] = f"(steps.{guard}.{said} | default({{'go': false}})).go"
    match spec.verb:
        case "gate":
            return found | _gate(definition, index) | _on_failure(definition, index)
        case "wait":
            return found | {"wait": {"for": "10m"}}
        case "signal":
            found |= {"wait": {"signal": SIGNAL, "payload": {"n": {"type": "integer", "minimum": 1}}}, "timeout": "30m"}
            return found | _on_failure(definition, index)
        case "get" | "post" | "script":
            return found | _asks(definition, index)
        case "call":
            found["call"] = f"{definition.called(index).name}@{VERSION}"
            return found | _on_failure(definition, index)
        case "change" | "read" | "propose":
            return found | _fan_out(definition, index)
        case other:
            assert_never(other)


def _gate(definition: Definition, index: int) -> dict[str, object]:
    spec, bound = definition.steps[index], definition.bound(index)
    asked: dict[str, object] = {"by": "netops"}
    asked |= {"binds": f"steps.{bound}.change"} if bound else {}
    found: dict[str, object] = {"approve": asked, "timeout": "30m", "on_timeout": "reject"}
    if spec.via:
        asked |= {"via": "itsm", "not_by": ["requester"]}
        found["retry"] = {"delay": "9m", "factor": 1, "max_delay": "9m"}
    return found


def _asks(definition: Definition, index: int) -> dict[str, object]:
    spec = definition.steps[index]
    found: dict[str, object] = {
        **(
            {"script": "renew"}
            if spec.verb == "script"
            else {"http": {spec.verb: f"nautobot:/{definition.ids[index]}"}}
        ),
        "block": "source_of_truth",
        "on_block": spec.on_block,
        "retry": {"attempts": spec.attempts, "delay": "1s", "on": ["block_unavailable"]},
    }
    return found | _on_failure(definition, index)


def _fan_out(definition: Definition, index: int) -> dict[str, object]:
    spec, narrows = definition.steps[index], definition.narrows(index)
    devices = f"steps.{narrows}.succeeded" if narrows else "inventory"
    if narrows and definition.guard(definition.ids.index(narrows)) is not None:
        devices += " | default([])"
    found: dict[str, object] = {"devices": devices, "concurrency": spec.concurrency}
    if spec.waves:
        waves: list[dict[str, object]] = [{"size": size, "soak": f"{soak}m"} for size, soak in spec.waves]
        rest: dict[str, object] = {"name": "rest", "size": "100%"}
        found["waves"] = [{"name": f"w{number}", **wave} for number, wave in enumerate(waves, 1)] + [rest]
    found["accept"] = spec.accept
    found["retry"] = {"attempts": spec.attempts, "delay": "1s", "on": ["transient"]}
    found |= {"window": {**WINDOW, "on_closed": spec.window}} if spec.window else {}
    checks = {"check": {"it is well": 'device.name != "nobody"'}}
    if spec.maintained == "looks":
        found["maintenance"] = {side: [{"check": {f"{side} goes well": "1 < 2"}}] for side in ("enter", "leave")}
    elif spec.maintained == "changes":
        sides = {"enter": "maintenance", "leave": "no maintenance"}
        found["maintenance"] = {side: [{"configure": {"lines": [line]}}] for side, line in sides.items()}
    if spec.verb == "propose":
        change = {"propose": {"lines": [f"vlan {index + 10}"]}, "as": "change"}
        return found | {"do": [change]} | _on_failure(definition, index)
    if spec.verb == "read":
        return found | {"do": [checks]} | _on_failure(definition, index)
    found |= {"budget": "strict"} if spec.strict else {}
    found |= {"breaker": {"failures": 2, "within": "1m"}} if spec.breaker else {}
    found |= {"order": ["device.data.depth"]} if spec.grouping == "order" else {}
    found |= {spec.grouping: "device.site"} if spec.grouping in {"together", "apart"} else {}
    if spec.deadline:
        found |= {"deadline": f"{sum(soak for _, soak in spec.waves) + 1}m", "on_deadline": spec.deadline}
    configure: dict[str, object] = {"configure": {"lines": [f"vlan {index + 10}"]}}
    if index in definition.applied:
        configure = {"apply": f"steps.{definition.ids[definition.applied[index]]}.change"}
    if spec.confirm and spec.undo:
        configure["confirm"] = {"within": "15m", "hold": spec.confirm}
    found["do"] = [configure, *([checks] if spec.checked else [])]
    found["undo"] = ["native", "inverse"] if spec.undo else "none"
    return found | _on_failure(definition, index)


def _on_failure(definition: Definition, index: int) -> dict[str, object]:
    said = definition.on_failure(index)
    words = said.split()
    if words[0] != "undo":
        return {"on_failure": said}
    return {"on_failure": {"undo": words[1], **({"of": words[3]} if len(words) > 2 else {})}}


def told(scenario: Scenario) -> str:
    """A scenario as people read it."""
    said = [text_of(one, scenario.dedup if one is scenario.main else "") for one in scenario.definitions.values()]
    said.append(f"{scenario.hosts} devices: {', '.join(scenario.names)}")
    said += [_fault(scenario, place) for place in range(len(scenario.faults))]
    said += [f"event: {event.deed} after {event.after} things" for event in scenario.events]
    said.append(f"answers: {', '.join(scenario.answers) or 'stop'}; gates: {scenario.gate}, {scenario.system}")
    said += [words for words, is_so in _circumstances(scenario).items() if is_so]
    return "\n".join(said)


def _circumstances(scenario: Scenario) -> Mapping[str, bool]:
    return {
        "the workers keep no workflow in memory": scenario.cold,
        "a second run wants the same devices": scenario.rival,
        f"mode: {scenario.mode}": scenario.mode != "apply",
        f"the pool of {', '.join(scenario.pools)} is {scenario.pool}": bool(scenario.pool),
        "histories are short": scenario.short,
        "the run begins before the window opens": not scenario.night,
    }


def _fault(scenario: Scenario, place: int) -> str:
    fault = scenario.faults[place]
    step, host = scenario.struck(fault) or ("no step", "")
    return f"fault: {host or 'the system'} in {step}: {fault.kind} x{fault.times}"
