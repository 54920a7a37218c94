"""How long the compiler takes: for a definition of every day, and for large ones.

CPU, not wall time: others may be using this machine, and the compiler waits for nothing. The cache of parsed
expressions is emptied before each pass, as in a new process.
"""

import time
from pathlib import Path

from bench_figures import Figure
from workflows.definition.compiler import Source, compile_definition
from workflows.definition.diagnostics import Findings
from workflows.definition.nodes import Text
from workflows.definition.reader import read
from workflows.definition.syntax import parse

HEAD = """\
netsaga: 1
name: large
version: 1.0.0
inputs:
  vlan_id: {type: vlan_id}
  building: {type: string}
inventory: {source: nautobot, select: device.role == "access" and device.site == inputs.building, expect: {max: 800}}
defaults: {credential: device_rw, timeout: 60s, retry: {attempts: 3, delay: 2s}}
steps:
"""
# Five steps that belong together; numbers make half of the expressions different from each other.
GROUP = """\
  - id: look_%(n)d
    devices: inventory
    concurrency: 50
    do:
      - snapshot: [config, vlans]
        as: state
      - check:
          room is left: {that: state.vlans | length < device.data.max_vlans, severity: warning}
          free or already ours: inputs.vlan_id not in state.vlans or state.vlans[inputs.vlan_id].name == "v%(n)d"
      - propose: {lines: ["vlan ${{ inputs.vlan_id }}", "name v%(n)d"]}
        as: change
    on_failure: stop

  - id: ask_%(n)d
    approve: {by: netops-leads, not_by: [requester], binds: steps.look_%(n)d.change}
    when: steps.look_%(n)d.warnings > 0 or inputs.building == "hq"
    timeout: 2h

  - id: deploy_%(n)d
    devices: steps.look_%(n)d.succeeded
    waves: [1, 10%%, 100%%]
    concurrency: 20
    accept: {succeeded: ">= 98%%"}
    do:
      - apply: steps.look_%(n)d.change
        save: true
      - snapshot: [vlans]
        as: state
      - check:
          vlan is active: state.vlans[inputs.vlan_id].status == "active"
    undo: [native, inverse, restore]
    on_failure: {undo: wave}

  - id: verify_%(n)d
    devices: steps.deploy_%(n)d.changed
    concurrency: 50
    do:
      - show: {command: show version, parse: none}
        as: version
      - check:
          answers: version | length > %(n)d
    on_failure: {undo: failed, of: deploy_%(n)d}

  - id: tell_%(n)d
    notify: {to: netops, message: "${{ steps.deploy_%(n)d.total }} devices of ${{ inputs.building }}"}
    on_failure: continue

"""
STEPS_OF_A_GROUP = 5


def compile_figures(root: Path) -> list[Figure]:
    """The shipped campus-vlan, 100 and 1,000 steps, and a file of 2,000 lines read."""
    folder = root / "workflows" / "library"
    templates = {path.name: path.read_text() for path in (folder / "templates").glob("*.j2")}
    campus = Source("campus-vlan.yaml", (folder / "campus-vlan.yaml").read_text(), templates)
    hundred, thousand = definition_of(100), definition_of(1000)
    lines = "".join(definition_of(250).text.splitlines(keepends=True)[:2000])
    return [
        Figure("compile campus-vlan, CPU", compile_ms(campus, 21), "ms", "<= 100"),
        Figure("compile 100 steps, CPU", compile_ms(hundred, 9), "ms", "<= 100"),
        Figure(
            f"compile 1,000 steps ({thousand.text.count(chr(10)):,} lines), CPU",
            compile_ms(thousand, 5),
            "ms",
            "<= 1000",
        ),
        Figure("read 2,000 lines, CPU", read_ms(lines, 9), "ms", "<= 200"),
    ]


def definition_of(steps: int) -> Source:
    """A definition with so many steps."""
    groups = (GROUP % {"n": number} for number in range(steps // STEPS_OF_A_GROUP))
    return Source("large.yaml", HEAD + "".join(groups))


def compile_ms(source: Source, repeats: int) -> float:
    """Milliseconds of CPU of one compilation; the best, for a busy machine only adds."""
    spent: list[float] = []
    for _ in range(repeats):
        parse.cache_clear()
        began = time.process_time()
        compiled = compile_definition(source)
        spent.append(time.process_time() - began)
        assert compiled.ok, compiled.diagnostics
    return min(spent) * 1000


def read_ms(text: str, repeats: int) -> float:
    """Milliseconds of CPU to read a text into nodes; the best."""
    spent: list[float] = []
    for _ in range(repeats):
        findings = Findings()
        began = time.process_time()
        read(Text.of("large.yaml", text), findings)
        spent.append(time.process_time() - began)
        assert not findings.failed, findings.items
    return min(spent) * 1000
