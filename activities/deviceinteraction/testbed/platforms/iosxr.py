"""Simulated IOS XR: the target configuration, its lock, commits and rollbacks, and what a router says of itself.

Behaviour follows Cisco, "System Management Configuration Guide for Cisco IOS XR" and "Configuration Management
Commands on Cisco IOS XR Software": what is typed stands in a target configuration until ``commit``; ``configure
exclusive`` keeps others out; a commit is all or nothing, and ``show configuration failed`` says what was wrong; leaving
with uncommitted changes asks, and the default answer stays; what was not committed goes with its session. Every answer
begins with the time until ``terminal exec prompt no-timestamp``.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

from activities.deviceinteraction.testbed.cli import Question, Reply, Setting, command
from activities.deviceinteraction.testbed.grammar import Match, Refused
from activities.deviceinteraction.testbed.platforms.editor import add_missing, put
from activities.deviceinteraction.testbed.platforms.iosxr_device import IosXrState
from activities.deviceinteraction.testbed.platforms.iosxr_world import IosXrWorld
from activities.deviceinteraction.testbed.tree import ConfigTree, contextual_diff

_CONFIG = "config config-if"
_ASKS = "Uncommitted changes found, commit them before exiting(yes/no/cancel)? [cancel]:"
_FAILED = (
    "% Failed to commit one or more configuration items during a pseudo-atomic operation. All changes made have been "
    "reverted. Please issue 'show configuration failed [inheritance]' from this session to view the errors"
)


class IosXrCli(IosXrWorld):
    """A login on a simulated IOS XR router."""

    exec_in_config: ClassVar[bool] = False
    settings: ClassVar[Mapping[str, tuple[Setting, ...]]] = {
        "config": (
            Setting("clock timezone <text...>", 2),
            Setting("domain name <name>", 2),
            Setting("logging <text...>"),
            Setting("ntp server <text...>"),
            Setting("snmp-server <text...>"),
            Setting("ssh <text...>"),
        ),
        "config-if": (
            Setting("description <text...>", 1),
            Setting("ipv4 address <text...>", 2),
            Setting("mtu <number>", 1),
            Setting("shutdown"),
        ),
    }

    def __init__(self, device: IosXrState, session: int, user: str) -> None:
        super().__init__(device, session, user, 15)
        self._target: ConfigTree | None = None
        self._failed = ""
        self._dated = True

    @property
    def prompt(self) -> str:
        """See `Cli.prompt`: the processor, the name and the mode."""
        mode = {"exec": "", "config": "(config)", "config-if": "(config-if)"}[self._mode]
        return f"RP/0/RP0/CPU0:{self.device.hostname}{mode}#"

    @property
    def tree(self) -> ConfigTree:
        """The target configuration."""
        return self._target or self.device.running

    def edit(self, change: Callable[[ConfigTree], None]) -> None:
        """Alter the target configuration."""
        assert self._target is not None, "lines are typed in configuration mode"
        change(self._target)
        self.device.arrange(self._target)

    def run_exec(self, line: str, start: int) -> Reply:
        """See `IndentedCli.run_exec`. The time stands above each answer."""
        reply = super().run_exec(line, start)
        if not self._dated or not reply.text:
            return reply
        return replace(reply, text=f"{self.device.clock.now():%a %b %e %H:%M:%S.000} UTC\n{reply.text}")

    def refusal(self, refused: Refused, line: str) -> Reply:
        """See `Cli.refusal`."""
        match refused.kind:
            case "incomplete":
                return Reply("% Incomplete command.", "rejected")
            case "ambiguous":
                return Reply(f'% Ambiguous command:  "{line.strip()}"', "rejected")
            case "invalid":
                marker = " " * (len(self.prompt) + refused.offset) + "^"
                return Reply(f"{marker}\n% Invalid input detected at '^' marker.", "rejected")

    def no_space(self) -> Reply:
        """See `Cli.no_space`."""
        return Reply("% No space left on device", "rejected")

    def locked(self) -> Reply:
        """See `Cli.locked`."""
        words = "Cannot enter exclusive mode. The Configuration Namespace is locked by another agent."
        return Reply(words, "rejected")

    def closed(self) -> None:
        """What was not committed goes with its session, and so does the lock."""
        self._drop()

    def end(self) -> Reply:
        """``end``, and ``exit`` at the top: with uncommitted changes it asks."""
        if self._target is None or self.device.body(self._target) == self.device.body():
            return self._drop()
        return Reply(question=Question(_ASKS, self._left))

    def _left(self, answer: str) -> Reply:
        match answer.strip().lower():
            case "yes" | "y":
                return self._commit("")
            case "no" | "n":
                return self._drop()
            case _:
                return Reply()

    def _drop(self) -> Reply:
        self._target = None
        if self.device.holder == self.session:
            self.device.holder = None
        return self.enter("exec")

    # Modes

    @command("terminal exec prompt no-timestamp")
    def _undated(self, _match: Match) -> Reply:
        self._dated = False
        return Reply()

    @command("configure terminal", "configure")
    def _configure_terminal(self, _match: Match) -> Reply:
        if self.device.holder not in {None, self.session}:
            return self.locked()
        self._target = self.device.running.copy()
        return self.enter("config")

    @command("configure exclusive")
    def _configure_exclusive(self, match: Match) -> Reply:
        reply = self._configure_terminal(match)
        if reply.result == "ok":
            self.device.holder = self.session
        return reply

    @command("root", mode=_CONFIG)
    def _root(self, _match: Match) -> Reply:
        return self.enter("config")

    @command("abort", mode=_CONFIG)
    def _abort(self, _match: Match) -> Reply:
        return self._drop()

    # Lines

    @command("hostname <name>", mode="config")
    def _hostname(self, match: Match) -> Reply:
        name = "ios" if match.negated else match.args["name"]
        self.edit(lambda tree: put(tree, f"hostname {name}", "hostname", whole=False))
        return Reply()

    @command("interface <name...>", mode="config")
    def _interface(self, match: Match) -> Reply:
        name = self.device.interface_name(match.args["name"])
        if name is None:
            return self.refusal(Refused("invalid", len("interface ")), match.text)
        text = f"interface {name}"
        if not match.negated:
            self.edit(lambda tree: add_missing(tree, [text]))
            return self.enter("config-if", text)

        def remove(tree: ConfigTree) -> None:
            for line in tree.children:
                if line.text == text and name in self.device.physical:
                    line.children = []  # a port that is there keeps its name
            tree.children = [line for line in tree.children if line.text != text or name in self.device.physical]

        self.edit(remove)
        return self.enter("config")

    # Commits

    @command("commit", mode=_CONFIG)
    def _commit_plain(self, _match: Match) -> Reply:
        return self._commit("")

    @command("commit label <name> comment <text...>", mode=_CONFIG)
    def _commit_labelled(self, match: Match) -> Reply:
        if any(kept.label == match.args["name"] for kept in self.device.commits):
            return Reply(f"% A commit with the label '{match.args['name']}' exists already.", "rejected")
        return self._commit(match.args["name"])

    def _commit(self, label: str) -> Reply:
        assert self._target is not None, "a commit is typed in configuration mode"
        self._failed = _wrong(self._target)
        if self._failed:
            return Reply(_FAILED, "rejected")
        if not self.device.commit(self._target.copy(), self.user, label):
            return Reply("% No configuration changes to commit.")
        return self.enter("config")

    @command("rollback configuration last <number>")
    def _rollback(self, match: Match) -> Reply:
        count = int(match.args["number"])
        if self.device.holder is not None:
            return self.locked()
        if not self.device.roll_back(count, self.user):
            return Reply(f"% The requested number of commits, {count}, is not available.", "rejected")
        return Reply(
            "Loading Rollback Changes.\nLoaded Rollback Changes in 1 sec\nCommitting.\n1 items committed in 1 sec (0)"
            f"items/sec\nUpdating.\nUpdated Commit database in 1 sec\nConfiguration successfully rolled back {count} "
            "commits."
        )

    @command("show configuration failed", mode=_CONFIG)
    def _show_failed(self, _match: Match) -> Reply:
        return Reply(self._failed)

    @command("show configuration merge", mode=_CONFIG)
    def _show_merge(self, _match: Match) -> Reply:
        return Reply(self._file(self.tree))

    @command("show commit changes diff", mode=_CONFIG)
    def _show_diff(self, _match: Match) -> Reply:
        lines = contextual_diff(self.device.running, self.tree)
        if not lines:
            return Reply()
        signed = (f"{'+' if '+' in line[:4] else '-' if '-' in line[:4] else ' '} {line}" for line in lines)
        return Reply("\n".join(["Building configuration...", "!! IOS XR Configuration 7.5.2", *signed, "end", ""]))

    @command("show configuration commit list")
    def _show_commits(self, _match: Match) -> Reply:
        lines = [
            "SNo. Label/ID              User      Line                Client      Time Stamp",
            "~~~~ ~~~~~~~~              ~~~~      ~~~~                ~~~~~~      ~~~~~~~~~~",
        ]
        for number, kept in enumerate(self.device.commits, 1):
            stamp = f"{kept.at:%a %b %e %H:%M:%S %Y}"
            lines.append(f"{number:<4} {kept.label:<21} {kept.user:<9} vty0:node0_RP0_CPU0 CLI         {stamp}")
        return Reply("\n".join([*lines, ""]))

    # What it says of itself

    @command("show running-config")
    def _show_running(self, _match: Match) -> Reply:
        return Reply(self._file(self.device.running))

    @command("show running-config hostname")
    def _show_hostname(self, _match: Match) -> Reply:
        return Reply(f"hostname {self.device.hostname}\n")

    @command("show version")
    def _show_version(self, _match: Match) -> Reply:
        up = self.device.uptime()
        return Reply(
            "Cisco IOS XR Software, Version 7.5.2\nCopyright (c) 2013-2022 by Cisco Systems, Inc.\n\n"
            "Build Information:\n Built By     : ingunawa\n Built On     : Tue Apr 26 17:31:02 PDT 2022\n"
            " Build Host   : iox-lnx-070\n Workspace    : /auto/srcarchive16/7.5.2\n Version      : 7.5.2\n"
            " Location     : /opt/cisco/XR/packages/\n Label        : 7.5.2\n\n"
            "cisco IOS-XRv 9000 () processor\n"
            f"System uptime is {up.days} days {up.seconds // 3600} hours {up.seconds // 60 % 60} minutes\n"
        )

    @command("show interfaces description")
    def _show_descriptions(self, _match: Match) -> Reply:
        lines = [f"{'Interface':<19}{'Status':<12}{'Protocol':<12}Description", "-" * 80]
        for port in self.device.ports():
            state = "admin-down" if port.shutdown else "up" if port.cabled else "down"
            lines.append(f"{port.short:<19}{state:<12}{state:<12}{port.description}".rstrip())
        return Reply("\n".join([*lines, ""]))

    def _file(self, tree: ConfigTree) -> str:
        at = self.device.changed_at
        return (
            "Building configuration...\n!! IOS XR Configuration 7.5.2\n"
            f"!! Last configuration change at {at:%a %b %e %H:%M:%S %Y} by {self.device.changed_by}\n!\n"
            f"{self.device.body(tree)}end\n"
        )


class IosXrDevice(IosXrState):
    """A simulated IOS XR router."""

    def cli(self, session: int, user: str) -> IosXrCli:
        """See `Device.cli`."""
        return IosXrCli(self, session, user)


def _wrong(tree: ConfigTree) -> str:
    """What only a commit finds: an address that two interfaces have."""
    seen: dict[str, str] = {}
    for line in tree.children:
        address = line.value("ipv4 address")
        if address is not None and seen.setdefault(address.split()[0], line.text) != line.text:
            return (
                "!! SEMANTIC ERRORS: This configuration was rejected by\n!! the system due to semantic errors. The "
                "individual\n!! errors with each failed configuration command can be\n!! found below.\n\n\n"
                f"{line.text}\n ipv4 address {address}\n"
                f"!!% The IPv4 address {address.split()[0]} conflicts with {seen[address.split()[0]]}\n!\nend\n"
            )
    return ""
