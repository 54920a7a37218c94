"""What the reference says beside its tables."""

from collections.abc import Mapping
from typing import Final

INDEX: Final = """\
# The language of definitions

A definition is one YAML file that says what is done to a network, in which order, with whose consent, and how it is
taken back. `netsaga init` writes one to start from, `netsaga check` says what is wrong with one, `netsaga fmt` puts its
keys in order, and `netsaga explain CODE` explains a diagnostic.

These pages are made from the models that the compiler itself takes its keys from (`make reference`), and every example
on them is compiled by a test. Each example is a file in `examples/` too.

| page | is about |
|---|---|
| [The definition](definition.md) | the keys of the whole file, `inventory`, `defaults`, `dedup`, `outputs` |
| [Inputs](inputs.md) | what a run is given, and its types |
| [Steps](steps.md) | the keys that all steps have: order, conditions, checks, retries, failures |
| [Device actions](actions.md) | what a step does on each device |
| [Checks](checks.md) | how to say what must hold on a device, and what is kept as evidence |
| [Expressions](expressions.md) | `${{{{ }}}}`, names, filters and tests |
| [YAML](yaml.md) | which YAML is read, and what is refused |
| [In Python](python.md) | the same definitions, built by functions |
| [Platforms](platforms.md) | what is done on which platform, and how that is known |

A step has one verb:

| verb | does |
|---|---|
{verbs}

Normalised state has the same shape on every platform, one page a section: {sections}.

## Editors

An editor with the YAML language server completes keys and shows their meaning, if the file begins with

    # yaml-language-server: $schema=netsaga.schema.json

and `netsaga schema > netsaga.schema.json` has been run beside it. `netsaga init` writes both. The schema sees keys and
types; names, expressions and safety are seen by `netsaga check`.
"""

CHECKS: Final = """\
# Checks

A `check` demands what must hold: a name that people read, and an expression over what the actions before it have read.
There is no list of kinds of checks to learn. These six are what most tests of a network are made of:

| what is proven | from | as |
|---|---|---|
| it is reachable | `show` a `ping`, or [`reachable`](actions.md#reachable) | `ping[0].percent \\| int == 100` |
| neighbours are up | `snapshot: [neighbours, bgp]` | `state.bgp[inputs.peer].state == "established"` |
| counters move | `show` them, [`wait`](wait.md), and again | `now[0].octets \\| int > was[0].octets \\| int` |
| a route is there | `snapshot: [routes]` | `"0.0.0.0/0" in state.routes` |
| a command's output matches | `show`, as text or parsed | `"Transparent" in vtp` |
| versions are equal | `snapshot: [versions]` | `state.versions.os == inputs.release` |

What must be as it was before is no check but a [`compare`](actions.md#compare) of two snapshots.

**Evidence.** Of each check, whether it holds or not, the transcript of the device says what it looked at: the values on
both sides of its comparisons, such as `check 'there is a way out' holds: state.routes has the keys 0.0.0.0/0,
10.99.0.0/16`. The failure of a device says the same of a check without an `else`. A value that is missing fails the
check that asks for it, and is never empty or false by accident.

**Severity.** A `critical` check (the default) fails the device, so that the step's `accept` and `on_failure` decide. A
`warning` is counted and shown.

## Example

The testbed's `cisco_iosxe` devices answer all of it.

{example}
"""

OUTPUTS: Final[Mapping[str, str]] = {
    "devices": "Outputs: the lists of devices `succeeded`, `failed`, `unreachable`, `skipped` and `changed`; "
    "`ratio` of those "
    "that succeeded; `total`; `warnings`. Inside the `do` of a later step, `steps.STEP.NAME` is this device's own "
    "value that "
    "an action named with `as`.",
    "http": "Outputs: `status`, an integer; `json`, what was answered, as far as it is JSON; `text`. An answer of more "
    "than 64 kB is kept as an artifact: then `json` is null, `text` is empty, and `body` names the artifact; otherwise "
    "`body` is null.",
    "approve": "It has no outputs. A rejection ends the run as `rejected`, and `finally` still runs.",
    "wait": "Outputs: those of the signal's `payload`, where it waits for one; `reachable`, `unreachable` and "
    "`refused`, lists of devices, where it waits for devices. A device that refuses the login is not asked again. "
    "Signals that come before their step waits are kept for it; `netsaga signal RUN NAME` sends one.",
    "call": "Outputs: those that the called definition declares. Each of them may be null, for the step there that it "
    "comes from may have been skipped: `devices: steps.scan.fit | default([])`.\n\n"
    "What the called run has changed is taken back where a later step, or this one, fails with "
    "`on_failure: {undo: run}`, and where `{undo: step}` is of this step: as a "
    "whole, at this step's place, in the called definition's own order, by a run of its own with a record of its own. "
    "The runs that it has called are taken back with it. A run that it has joined (`dedup`) is not: its changes are "
    "another's. Where it is not known what the called run has changed, since it was terminated say, the verdict is "
    "`failed_dirty` and names it.\n\n"
    "Where a run is limited to some devices (`--limit`), the runs that it calls are, too: what they select beyond is "
    "left out, and may be all.",
    "script": "Outputs: `result`, the JSON that it prints; `log`, the artifact that holds what it wrote to standard "
    "error, null where that is nothing. Where it fails or a cancel ends it, the step's message names its log.",
    "ansible": "Outputs: `result`, a map: `hosts`, by host the numbers of the recap (`ok`, `changed`, `unreachable`, "
    "`failed`, `skipped`, `rescued`, `ignored`) and its own `set_stats`, null for very many hosts; `totals`, of how "
    "many `hosts` how many `changed`, `failed` or were `unreachable`; `set_stats`, what the play set for all. `log`, "
    "the artifact that holds what it printed. A host that fails or cannot be reached fails the step. How it is set "
    "up, and what it leaves to Ansible, is in [Ansible and AWX](../ansible.md).",
    "awx": "Outputs: `result`, a map: `id`, `type` (`job` or `workflow_job`), `status`, `url`; `hosts` and `totals` as "
    "of `ansible`, null of workflows and for very many hosts; `set_stats`, what AWX calls artifacts. `log`, the "
    "artifact that holds what it printed, or of a workflow what it ran. How it is set up is in [Ansible and "
    "AWX](../ansible.md).",
    "notify": "It has no outputs.",
    "set": "Outputs: its names, each with the type of its value.",
    "actions": "The items of `do` and of `maintenance`: one action each, in order, in one session on each device. A "
    "device that "
    "fails or is cancelled after its configuration was touched is undone by itself, at once.",
}

YAML_RULES: Final = """\
# YAML

Definitions are YAML 1.2 with its core types. Whatever YAML 1.1 and 1.2 read differently is refused, each with what to
write instead, so that editors, `yq` and netsaga never disagree about a file:

| refused | write |
|---|---|
| plain `yes`, `no`, `on`, `off`, `y`, `n` as values | `true` or `false`, or the word in quotes |
| `22:30` | `"22:30"`: YAML 1.1 reads a number to the base 60 |
| `0755`, `0o17`, `0b1`, `1_000` | the decimal number, or the text in quotes |
| `2026-12-01` | `"2026-12-01"`: YAML 1.1 reads a date |
| `.inf`, `.nan` | JSON has neither |
| a key that stands twice in a map | one of them |
| anchors, aliases, merge keys `<<`, tags `!!str` | the value, where it is needed |
| tabs | spaces |
| several documents in a file | a file for each |
| more than 50 levels, more than 1 MiB | templates hold long texts |

Keys are text, whatever they look like: `retry: {on: [transient]}` needs no quotes. Unknown keys are errors, with the
nearest key that there is.

| value | as | examples |
|---|---|---|
| duration | number and unit: `ms` `s` `m` `h` `d` | `30s`, `5m`, `1h30m`, `2d` |
| share | percentage | `10%`, `2.5%` |
| threshold | comparison, in quotes where it begins with `>` | `">= 95%"`, `<= 3 failed` |
| expression in a value | `${{ }}`, in quotes inside `{ }` and `[ ]` | `"${{ inputs.vlan_id }}"` |
| time | with its offset, in quotes | `"2026-12-01T02:00:00+01:00"` |

A line of a device and a variable of a template take no control characters, unless the input that they come from says
`multiline: true`.
"""

# Below the table of a part, what its keys alone do not say.
BELOW: Final[Mapping[str, str]] = {
    "Window": """\
A wave that has begun is never cut by the end of its window. So it begins only if all that it may need fits into what is
left of it:

- Its devices take turns under `concurrency`. Until a wave of the step has changed something, a turn may take as long as
  all attempts of `retry`, each with 30 s to log in and the `timeout` of every action, and once the 15 minutes that a
  platform has for each commit, save and reboot. After that it is three times the longest turn so far, at least one
  `timeout`, and never more than the above.
- As many turns for the undo, each as long as one attempt, or as what was seen. `undo: none` needs none.
- Its `soak`, and under `hold: wave` the pass that confirms.

Where that is too long, it is said in numbers: `wave rest needs 42m, and the change window closes in 30m and opens again
at …`. A wave that needs more than a whole window fails the step, and nothing of it is begun: make the wave smaller,
raise `concurrency`, or let the window be longer. A small first wave makes the estimate of all others a good one.

A run waits for its window first. Then it asks for its devices, for all of them at once, so that other runs may change
them until then. It stands in the queue for devices only as long as its wave may still begin; what comes too late it
gives back, and waits for the next window. Once it has changed a device, it keeps all of its devices to its end, also
while a later wave or step waits for a window: the change may have to be undone. An undo waits for no window.

`on_closed: pause` pauses the whole run, and it stays paused when the window has opened: `netsaga resume RUN --by NAME`
begins the wave then. While the window is closed that is refused, and says when it opens. With a reason, as in
`netsaga resume RUN --by NAME --reason TEXT`, the wave begins at once, outside its window; that holds for this one wave,
and the record tells who has said so and why. `netsaga status` and `netsaga watch` show how the window stands and what
to type.""",
}
