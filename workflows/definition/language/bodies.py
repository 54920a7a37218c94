"""What stands below the verbs of device actions: commands, changes, comparisons and the like."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from workflows.definition.language.part import Kind, Part, key
from workflows.definition.language.values import (
    Duration,
    Flag,
    Interpolated,
    Line,
    Name,
    Natural,
    SnapshotPath,
    Template,
    Text,
    Value,
    Values,
)

Parser = Literal["textfsm", "ttp", "json", "regex", "none"]
SectionName = Literal[
    "config", "vlans", "interfaces", "neighbours", "bgp", "routes", "spanning_tree", "versions",
]  # fmt: skip
Sha256 = Annotated[
    str, Strict(), Field(pattern=r"^[0-9a-fA-F]{64}$|\$\{\{"), Kind("64 hexadecimal digits, or `${{ }}`")
]
Lines = Annotated[tuple[Line, ...], Field(min_length=1)]


class Show(Part):
    """A command that reads, and what is made of its output."""

    command: Text = key(
        "The command as it is sent; `${{ }}` may stand in it.",
        needed=True,
        examples=["show vlan id ${{ inputs.vlan_id }}"],
    )
    parse: Parser | None = key(
        "`textfsm` yields the rows that the template of ntc-templates for platform and command finds, or the one that "
        "`pattern` names; `ttp` takes the template that `pattern` names; `regex` yields a row for each match of "
        "`pattern`, its named groups as columns; `json` reads the output as JSON; `none` keeps the text.",
        default="none",
        examples=["textfsm"],
    )
    pattern: Text | None = key(
        "Of `regex`: the expression, with named groups. Of `ttp`: the template's file. Of `textfsm`: the file of a "
        "template of your own; without it, that of ntc-templates.",
        examples=[r"^(?P<port>\S+) is (?P<state>up|down)"],
    )
    min_rows: Natural | None = key(
        'Fewer rows fail the device: an empty answer is never taken for "nothing there".', default=0, examples=[1]
    )


class Change(Part):
    """The text of a change: lines, or a template with its variables."""

    ONE_OF = ("template", "lines")

    template: Template | None = key("A Jinja2 template beside the definition.", examples=["vlan.j2"])
    vars: Values | None = key(
        "The template's variables; it sees `device` and these, and nothing else.",
        examples=[{"vlan_id": "${{ inputs.vlan_id }}"}],
    )
    lines: Lines | None = key(
        "Instead of a template: configuration lines, indented as the platform wants them.",
        examples=[["vlan ${{ inputs.vlan_id }}", " name ${{ inputs.vlan_name }}"]],
    )
    mode: Literal["merge", "replace"] | None = key(
        "`merge` adds to the configuration; `replace` makes the text the whole of it, on platforms that do that: a "
        "candidate is emptied first, or the lines between the two are worked out, shown and typed.",
        default="merge",
        examples=["replace"],
    )


class Comparison(Part):
    """Which two snapshots are compared."""

    before: SnapshotPath = key(
        "The snapshot before: `steps.STEP` where that step took one, else `steps.STEP.NAME`, or a NAME of this step.",
        needed=True,
        examples=["steps.precheck", "steps.precheck.state"],
    )
    after: Name | None = key("The snapshot after, one of this step.", otherwise="the newest one", examples=["after"])
    ignore: tuple[Text, ...] | Text | None = key(
        "Paths that may differ; `*` stands for any key.", examples=[["interfaces.*.counters"]]
    )


class Difference(Part):
    """What may have become of a section. What is not named must be unchanged."""

    added: tuple[Value, ...] | Interpolated | None = key(
        "Exactly these keys are new.", examples=[["${{ inputs.vlan_id }}"]]
    )
    removed: tuple[Value, ...] | Interpolated | None = key("Exactly these keys are gone.", examples=[[99]])
    changed: tuple[Value, ...] | Interpolated | None = key(
        "Exactly these keys have other values.", examples=[["GigabitEthernet1/0/1"]]
    )


Expectations = Annotated[
    dict[str, Literal["unchanged", "only_change", "any"] | Difference],
    Field(min_length=1),
    Kind("map of a section to `unchanged`, `only_change`, `any` or a map"),
]


class Confirm(Part):
    """A commit that the device takes back by itself unless it is confirmed in time."""

    within: Duration = key("How long the device waits, counted from before the commit.", needed=True, examples=["15m"])
    hold: Literal["device", "wave", "best_effort"] | None = key(
        "When it is confirmed: once the `device` has passed its own checks, or once the whole `wave` has; "
        "`best_effort` "
        "is `wave` where the device has a timer, and no timer where it has none.",
        default="device",
        examples=["wave"],
    )


class Operation(Part):
    """A NETCONF operation."""

    operation: Text = key("Its XML.", needed=True, examples=["<get-config><source><running/></source></get-config>"])
    changes: Flag | None = key(
        "Whether it changes the device.", otherwise="`false` for `get` and `get-…`, else `true`", examples=[False]
    )


class Command(Part):
    """A command of a Linux device."""

    command: Text = key(
        "The command and its arguments. No shell sees it: for a pipe say `sh -c '…'`.",
        needed=True,
        examples=["ip -json link show"],
    )
    changes: Flag | None = key("Whether it changes the device.", default=True, examples=[False])
    parse: Parser | None = key("What is made of its output, as in `show`.", default="none", examples=["json"])
    pattern: Text | None = key("Of `regex`, `ttp` and `textfsm`, as in `show`.", examples=[r"^(?P<name>\w+):"])


class File(Part):
    """A file, and where it goes."""

    source: Text = key("The file, under a root that the settings name.", needed=True, examples=["images/eos-4.32.swi"])
    to: Text = key("Its path on the device.", needed=True, examples=["flash:/eos-4.32.swi"])
    sha256: Sha256 | None = key(
        "Its checksum. It is compared on the device; without it, with that of the source.",
        examples=["${{ inputs.sha256 }}"],
    )


class Exchange(Part):
    """A prompt and what is answered."""

    expect: Text = key(
        "A regular expression. A prompt that does not come is a failure.", needed=True, examples=[r"\[confirm\]"]
    )
    send: Annotated[str, Strict(), Kind("text, `${{ }}` in it")] = key("The answer.", needed=True, examples=["y"])


class Interaction(Part):
    """A command that asks back."""

    command: Text = key("The command.", needed=True, examples=["clear logging"])
    exchanges: Annotated[tuple[Exchange, ...], Field(min_length=1)] = key(
        "Prompts and answers, in their order.", needed=True, examples=[[{"expect": r"\[confirm\]", "send": "y"}]]
    )


class Within(Part):
    """How long an action may take."""

    within: Duration | None = key(
        "How long at most.", otherwise="`15m` for `reboot`, `5m` for `reachable`", examples=["10m"]
    )
