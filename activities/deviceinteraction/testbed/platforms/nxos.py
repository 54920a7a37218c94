"""Simulated NX-OS: checkpoints, rollback and saving.

Behaviour follows Cisco, "Nexus 9000 Series NX-OS System Management Configuration Guide, Release 9.3(x)", chapter
"Configuring Rollback": ten user checkpoints at most, names that are unique, have at most 80 characters and do not
begin with ``system``; a rollback is ``atomic`` unless it says otherwise. Where the guide shows no text for an error,
the wording is a plain one that begins with ``ERROR:`` as NX-OS begins its own.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

from activities.deviceinteraction.testbed.cli import Reply, Setting, command
from activities.deviceinteraction.testbed.grammar import Match, Refused
from activities.deviceinteraction.testbed.platforms.nxos_device import Checkpoint, NxosState
from activities.deviceinteraction.testbed.platforms.nxos_world import NxosWorld
from activities.deviceinteraction.testbed.platforms.settings import SHARED_SETTINGS
from activities.deviceinteraction.testbed.tree import patch
from activities.deviceinteraction.testbed.vlanlist import vlan_numbers

MOST_CHECKPOINTS = 10


class NxosCli(NxosWorld):
    """A login on a simulated Nexus switch; every role of the testbed is ``network-admin``."""

    greeting: ClassVar[str] = "Enter configuration commands, one per line. End with CNTL/Z."
    more: ClassVar[str] = "--More--"
    pipes: ClassVar[tuple[str, ...]] = ("include", "exclude", "begin", "section", "count", "no-more", "grep", "egrep")
    settings: ClassVar[Mapping[str, tuple[Setting, ...]]] = {
        "config": (
            *SHARED_SETTINGS["config"],
            Setting("feature <name>"),
            Setting("ip domain-lookup"),
            Setting("cli <text...>"),
            Setting("boot nxos <url>", 2),
        ),
        "config-if": (*SHARED_SETTINGS["config-if"], Setting("vrf member <name>", 2)),
        "config-line": SHARED_SETTINGS["config-line"],
    }

    @property
    def prompt(self) -> str:
        """See `Cli.prompt`."""
        return f"{self.device.hostname}{'' if self._mode == 'exec' else f'({self._mode})'}# "

    def refusal(self, refused: Refused, line: str) -> Reply:  # noqa: ARG002
        """See `Cli.refusal`."""
        caret = " " * (len(self.prompt) + refused.offset) + "^\n"
        return Reply(f"{caret}% {refused.kind.capitalize()} command at '^' marker.", "rejected")

    def no_space(self) -> Reply:
        """See `Cli.no_space`."""
        return Reply("ERROR: No space left on device", "rejected")

    # VLANs

    def invalid_vlan(self, typed: str, offset: int) -> Reply | None:
        """1 to 3967 may be used; 3968 to 4094 are kept by the system ("Layer 2 Switching Guide", "VLAN Ranges")."""
        most = 4094 if self._mode == "config-if" else 3967
        for number in vlan_numbers(typed):
            if not 1 <= number <= 4094:
                caret = " " * (len(self.prompt) + offset) + "^"
                return Reply(f"{caret}\n% Invalid value/range at '^' marker.", "rejected")
            if number > most:
                return Reply(f"ERROR: VLAN {number} is in the range 3968-4094 reserved for internal use", "rejected")
        return None

    def protected_vlan(self, number: int) -> Reply | None:
        """VLAN 1 stays."""
        return Reply("ERROR: Default VLAN 1 may not be deleted.", "rejected") if number == 1 else None

    # Saving

    @command("copy running-config startup-config")
    def _copy_to_startup(self, _match: Match) -> Reply:
        self.device.save()
        bar = "#" * 40
        return Reply(f"[{bar}] 100%\nCopy complete, now saving to disk (please wait)...\nCopy complete.")

    # Checkpoints

    @command("checkpoint <name>", "checkpoint <name> description <text...>")
    def _checkpoint(self, match: Match) -> Reply:
        name = match.args["name"]
        if name.startswith("system") or len(name) > 80 or not re.fullmatch(r"[\w.-]+", name):
            return Reply(f"ERROR: Invalid checkpoint name {name}", "rejected")
        if name in self.device.checkpoints:
            return Reply(f"ERROR: Checkpoint {name} already exists", "rejected")
        if len(self.device.checkpoints) >= MOST_CHECKPOINTS:
            return Reply(f"ERROR: Maximum number of user checkpoints ({MOST_CHECKPOINTS}) reached", "rejected")
        text = self.device.body()
        self.device.checkpoints[name] = Checkpoint(text, self.user, self.device.clock.now())
        self.device.mark("checkpoint")
        return Reply(".Done")

    @command("no checkpoint <name>")
    def _no_checkpoint(self, match: Match) -> Reply:
        if self.device.checkpoints.pop(match.args["name"], None) is None:
            return _unknown(match.args["name"])
        self.device.mark("checkpoint")
        return Reply()

    @command("clear checkpoint database")
    def _clear_checkpoints(self, _match: Match) -> Reply:
        if self.device.checkpoints:
            self.device.checkpoints.clear()
            self.device.mark("checkpoint")
        return Reply(".Done")

    @command("show checkpoint summary")
    def _show_summary(self, _match: Match) -> Reply:
        rule = "-" * 80
        lines = ["User Checkpoint Summary", rule]
        for index, (name, kept) in enumerate(self.device.checkpoints.items(), 1):
            lines += [
                f"{index}) {name}:",
                f"Created by {kept.user}",
                f"Created at {kept.at:%a, %H:%M:%S %d %b %Y}",
                f"Size is {len(kept.text):,} bytes",
                "Description: None",
                "",
            ]
        return Reply("\n".join([*lines, "System Checkpoint Summary", rule]))

    @command("show checkpoint <name>")
    def _show_checkpoint(self, match: Match) -> Reply:
        kept = self.device.checkpoints.get(match.args["name"])
        if kept is None:
            return _unknown(match.args["name"])
        rule = "-" * 80
        return Reply(f"{rule}\nName: {match.args['name']}\n\n!Command: Checkpoint cmd vdc 1\n\n{kept.text}")

    # Differences and rollback

    @command("show diff rollback-patch checkpoint <name> running-config")
    def _diff_from_checkpoint(self, match: Match) -> Reply:
        return self._diff(match.args["name"], from_checkpoint=True)

    @command("show diff rollback-patch running-config checkpoint <name>")
    def _diff_to_checkpoint(self, match: Match) -> Reply:
        return self._diff(match.args["name"], from_checkpoint=False)

    def _diff(self, name: str, *, from_checkpoint: bool) -> Reply:
        kept = self.device.checkpoints.get(name)
        if kept is None:
            return _unknown(name)
        pair = (self.device.load(kept.text), self.device.running)
        old, new = pair if from_checkpoint else pair[::-1]
        lines = patch(old, new, indent=2)
        head = "Collecting Running-Config\n#Generating Rollback Patch\n"
        return Reply(head + ("\n".join(["!!", "!", *lines]) if lines else "Rollback Patch is Empty"))

    @command(
        "rollback running-config checkpoint <name>",
        "rollback running-config checkpoint <name> atomic",
        "rollback running-config checkpoint <name> best-effort",
        "rollback running-config checkpoint <name> stop-at-first-failure",
    )
    def _rollback(self, match: Match) -> Reply:
        kept = self.device.checkpoints.get(match.args["name"])
        if kept is None:
            return _unknown(match.args["name"])
        head = "Note: Applying config parallelly may fail Rollback verification\n"
        head += "Collecting Running-Config\n#Generating Rollback Patch\n"
        if not self.device.replace(self.device.load(kept.text), self.user):
            return Reply(head + "Rollback Patch is Empty\n\nRollback completed successfully.\n")
        return Reply(
            f"{head}Executing Rollback Patch\nGenerating Running-config for verification\n"
            "Generating Patch for verification\nVerification is Successful.\n\nRollback completed successfully.\n"
        )


def _unknown(name: str) -> Reply:
    return Reply(f"ERROR: Checkpoint {name} does not exist", "rejected")


class NxosDevice(NxosState):
    """A simulated Nexus switch."""

    def cli(self, session: int, user: str) -> NxosCli:
        """See `Device.cli`."""
        return NxosCli(self, session, user)
