"""Device actions: the items of `do`, one verb each, in order, in one session."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Strict, Tag

from workflows.definition.language.part import Kind, Part, key
from workflows.definition.language.rollout import Checks
from workflows.definition.language.values import (
    ChangePath,
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


class Action(Part):
    """One action of `do`."""

    LAST: ClassVar[tuple[str, ...]] = ("as_",)


class Named(Action):
    """An action whose value later actions and steps can name."""

    as_: Name | None = key(
        "The name of its value: later actions of `do` see it as `NAME`, later steps as `steps.STEP.NAME` of the same "
        "device.",
        alias="as",
        examples=["state"],
    )


class Show(Part):
    """A command that reads, and what is made of its output."""

    command: Text = key(
        "The command as it is sent; `${{ }}` may stand in it.",
        needed=True,
        examples=["show vlan id ${{ inputs.vlan_id }}"],
    )
    parse: Parser | None = key(
        "`textfsm` takes the template of ntc-templates for platform and command and yields rows; `ttp` takes the "
        "template that `pattern` names; `regex` yields a row for each match of `pattern`, its named groups as columns; "
        "`json` reads the output as JSON; `none` keeps the text.",
        default="none",
        examples=["textfsm"],
    )
    pattern: Text | None = key(
        "Of `regex`: the expression, with named groups. Of `ttp`: the template's file.",
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
        "`merge` adds to the configuration; `replace` makes the text the whole of it.",
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
        "When it is confirmed: once the `device` has passed its own checks, or once the whole `wave` has; `best_effort` "
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

    command: Text = key("The command.", needed=True, examples=["ip -json link show"])
    changes: Flag | None = key("Whether it changes the device.", default=True, examples=[False])
    parse: Parser | None = key("What is made of its output, as in `show`.", default="none", examples=["json"])
    pattern: Text | None = key("Of `regex` and `ttp`, as in `show`.", examples=[r"^(?P<name>\w+):"])


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


class ShowAction(Named):
    """Sends one command that reads."""

    show: Text | Show = key("The command, or a map of it and how it is parsed.", needed=True, examples=["show version"])


class CheckAction(Action):
    """Judges values of this device. A missing attribute or item fails the check it stands in."""

    check: Checks = key(
        "Names that people read, each with an expression or a map of `that`, `else` and `severity`.",
        needed=True,
        examples=[{"vlan is active": 'state.vlans[inputs.vlan_id].status == "active"'}],
    )


class SnapshotAction(Named):
    """Takes sections of the device's state, normalised: the same shape on every platform."""

    snapshot: Annotated[tuple[SectionName, ...], Field(min_length=1)] | SectionName = key(
        "Which sections.", needed=True, examples=[["config", "vlans"]]
    )


class CompareAction(Named):
    """Compares two snapshots of this device."""

    compare: Comparison = key("Which two.", needed=True, examples=[{"before": "steps.precheck"}])
    expect: Expectations | None = key(
        "What is judged: sections, each `unchanged`, `only_change` (of `config`: the applied change and nothing else), "
        "`any`, or what was added, removed and changed. Sections that are not named are recorded. A name that is no section "
        "selects interfaces: those that the device's `data` lists under it.",
        examples=[{"config": "only_change", "vlans": {"added": ["${{ inputs.vlan_id }}"]}}],
    )


class ProposeAction(Named):
    """Works out a change and alters nothing. Its name, `as`, is what `apply` and `binds` take."""

    propose: Change = key("The text of the change.", needed=True, examples=[{"template": "vlan.j2"}])


class Committing(Named):
    """An action that commits."""

    LAST = ("confirm", "save", "as_")

    confirm: Confirm | None = key(
        "Lets the device take the change back by itself unless it is confirmed in time.",
        examples=[{"within": "15m", "hold": "wave"}],
    )
    save: Flag | None = key("Whether it is saved to the startup configuration.", default=False, examples=[True])


class ApplyAction(Committing):
    """Applies a proposed change. A device whose diff is no longer the one proposed is `drifted`, and left untouched."""

    apply: ChangePath = key(
        "The change: of an earlier step, or a NAME of this one.", needed=True, examples=["steps.precheck.change"]
    )


class ConfigureAction(Committing):
    """Proposes and applies in one."""

    configure: Change = key("The text of the change.", needed=True, examples=[{"lines": ["no ip http server"]}])


class RpcAction(Named):
    """Sends a NETCONF operation."""

    rpc: Text | Operation = key(
        "Its XML, or a map that also says whether it changes the device.",
        needed=True,
        examples=[{"operation": "<get/>", "changes": False}],
    )


class RunAction(Named):
    """Runs a command on a Linux device."""

    run: Text | Command = key("The command, or a map of it.", needed=True, examples=["systemctl reload frr"])


class CopyAction(Action):
    """Copies a file to the device, proven by its checksum."""

    copy_: File = key(
        "The file.",
        needed=True,
        alias="copy",
        examples=[{"source": "images/eos-4.32.swi", "to": "flash:/eos-4.32.swi"}],
    )


class InteractAction(Named):
    """Sends a command that asks back, and answers only as declared."""

    interact: Interaction = key(
        "The command and the answers.",
        needed=True,
        examples=[{"command": "clear logging", "exchanges": [{"expect": "confirm", "send": "y"}]}],
    )


class RebootAction(Action):
    """Restarts the device and waits until it answers again."""

    reboot: Within | Literal[True] = key("`true`, or how long it may take.", needed=True, examples=[{"within": "15m"}])


class ReachableAction(Action):
    """Waits until the device answers a fresh login."""

    reachable: Within | Literal[True] = key("`true`, or how long to wait.", needed=True, examples=[{"within": "5m"}])


class SaveAction(Action):
    """Saves the running configuration to the startup configuration."""

    save: Literal[True] = key("`true`.", needed=True, examples=[True])


# `save` stands beside `apply` too, so it is looked for last.
ACTIONS: Mapping[str, type[Action]] = {
    "show": ShowAction,
    "check": CheckAction,
    "snapshot": SnapshotAction,
    "compare": CompareAction,
    "propose": ProposeAction,
    "apply": ApplyAction,
    "configure": ConfigureAction,
    "rpc": RpcAction,
    "run": RunAction,
    "copy": CopyAction,
    "interact": InteractAction,
    "reboot": RebootAction,
    "reachable": ReachableAction,
    "save": SaveAction,
}


def verb_of_action(value: object) -> str | None:
    """Which action a map or a part is; None where it is none."""
    if isinstance(value, Action):
        return next((verb for verb, part in ACTIONS.items() if type(value) is part), None)
    return next((verb for verb in ACTIONS if isinstance(value, Mapping) and verb in value), None)


AnyAction = Annotated[
    Annotated[ShowAction, Tag("show")]
    | Annotated[CheckAction, Tag("check")]
    | Annotated[SnapshotAction, Tag("snapshot")]
    | Annotated[CompareAction, Tag("compare")]
    | Annotated[ProposeAction, Tag("propose")]
    | Annotated[ApplyAction, Tag("apply")]
    | Annotated[ConfigureAction, Tag("configure")]
    | Annotated[RpcAction, Tag("rpc")]
    | Annotated[RunAction, Tag("run")]
    | Annotated[CopyAction, Tag("copy")]
    | Annotated[InteractAction, Tag("interact")]
    | Annotated[RebootAction, Tag("reboot")]
    | Annotated[ReachableAction, Tag("reachable")]
    | Annotated[SaveAction, Tag("save")],
    Discriminator(
        verb_of_action,
        custom_error_type="no_action",
        custom_error_message="an item of `do` needs an action: " + ", ".join(ACTIONS),
    ),
]
