"""Device actions: the items of `do`, one verb each, in order, in one session."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from workflows.definition.language.bodies import (
    Change,
    Command,
    Comparison,
    Confirm,
    Expectations,
    File,
    Interaction,
    Operation,
    SectionName,
    Show,
    Within,
)
from workflows.definition.language.part import Part, key
from workflows.definition.language.rollout import Checks
from workflows.definition.language.values import (
    ChangePath,
    Flag,
    Name,
    Text,
)


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
        "`any`, or what was added, removed and changed. Sections that are not named are recorded. A name that is no "
        "section "
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
