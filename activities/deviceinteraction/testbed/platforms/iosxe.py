"""Simulated IOS-XE: login, ``enable``, files on flash, ``configure replace`` and the revert timer.

Behaviour and wording follow Cisco, "Configuration Replace and Configuration Rollback" (Managing Configuration Files
Configuration Guide, Cisco IOS XE 17) and the "Configuration Fundamentals Command Reference". Where the guides show
no text for an error, the wording is the one that switches of that release are known to print.
"""

from collections.abc import Mapping
from typing import ClassVar

from activities.deviceinteraction.testbed.cli import Question, Reply, Setting, command
from activities.deviceinteraction.testbed.grammar import Match, Refused
from activities.deviceinteraction.testbed.platforms.files import digest, left, listed
from activities.deviceinteraction.testbed.platforms.iosxe_device import IosXeState
from activities.deviceinteraction.testbed.platforms.iosxe_world import IosXeWorld
from activities.deviceinteraction.testbed.platforms.settings import SHARED_SETTINGS
from activities.deviceinteraction.testbed.tree import ConfigTree, Line, contextual_diff
from activities.deviceinteraction.testbed.vlanlist import vlan_numbers

_NONE_PENDING = "%No Rollback Confirmed Change pending"
_NO_ARCHIVE = "%Archive feature not enabled"
_FLASH_TOTAL = 1_957_298_176
_SURE = (
    "This will apply all necessary additions and deletions\n"
    "to replace the current running configuration with the\n"
    "contents of the specified configuration file, which is\n"
    "assumed to be a complete configuration, not a partial\n"
    "configuration. Enter Y if you are sure you want to proceed. ? [no]: "
)


def _file(url: str) -> str | None:
    """The name of a file on flash; ``None`` where the URL names another file system."""
    system, colon, name = url.partition(":")
    return name.lstrip("/") if colon and system in ("flash", "bootflash", "flash-1") else None


class IosXeCli(IosXeWorld):
    """A login on a simulated IOS-XE switch."""

    greeting: ClassVar[str] = "Enter configuration commands, one per line.  End with CNTL/Z."
    settings: ClassVar[Mapping[str, tuple[Setting, ...]]] = {
        "config": (
            *SHARED_SETTINGS["config"],
            Setting("enable secret <text...>", 2),
            Setting("cdp run"),
            Setting("boot system <url>"),
        ),
        "config-if": (*SHARED_SETTINGS["config-if"], Setting("power inline <text...>", 2), Setting("cdp enable")),
        "config-line": SHARED_SETTINGS["config-line"],
        "config-archive": (Setting("path <text...>", 1), Setting("maximum <number>", 1), Setting("write-memory")),
    }

    @property
    def prompt(self) -> str:
        """See `Cli.prompt`."""
        if self._mode != "exec":
            return f"{self.device.hostname}({self._mode})#"
        return f"{self.device.hostname}{'#' if self.level == 15 else '>'}"

    def refusal(self, refused: Refused, line: str) -> Reply:
        """See `Cli.refusal`."""
        match refused.kind:
            case "incomplete":
                return Reply("% Incomplete command.\n", "rejected")
            case "ambiguous":
                return Reply(f'% Ambiguous command:  "{line.strip()}"', "rejected")
            case "invalid":
                caret = " " * (len(self.prompt) + refused.offset) + "^"
                return Reply(f"{caret}\n% Invalid input detected at '^' marker.\n", "rejected")

    def no_space(self) -> Reply:
        """See `Cli.no_space`."""
        return Reply("%Error opening flash: (No space left on device)", "rejected")

    # VLANs

    def invalid_vlan(self, typed: str, offset: int) -> Reply | None:  # noqa: ARG002
        """The range is 1 to 4094 and 1002 to 1005 are kept for FDDI and Token Ring ("Configuring VLANs")."""
        if self.device.vtp_mode == "client" and self._mode != "config-if":
            return Reply("VTP VLAN configuration not allowed when device is in CLIENT mode.", "rejected")
        for number in vlan_numbers(typed):
            if not 1 <= number <= 4094:
                place = typed.index(str(number)) + len(str(number)) + 1 if str(number) in typed else 1
                return Reply(
                    f"Command rejected: Bad VLAN list - character #{place} (EOL) delimits a VLAN\n"
                    "number which is out of the range 1..4094.",
                    "rejected",
                )
            if 1002 <= number <= 1005 and self._mode != "config-if":
                return Reply(f"Default VLAN {number} may not be changed.", "rejected")
        return None

    def protected_vlan(self, number: int) -> Reply | None:
        """VLAN 1 stays."""
        return Reply("Default VLAN 1 may not be deleted.", "rejected") if number == 1 else None

    def missing_vlan(self, number: int) -> str:
        """A port's VLAN is created with it ("Configuring VLANs", section "Assigning Static-Access Ports")."""
        self.edit(lambda tree: tree.children.append(Line(f"vlan {number}")))
        return f"% Access VLAN does not exist. Creating vlan {number}"

    @command("archive", mode="config")
    def _archive(self, _match: Match) -> Reply:
        return self.enter("config-archive", "archive")

    # Saving and files

    @command("write memory", "write")
    def _write_memory(self, _match: Match) -> Reply:
        self.device.save()
        return Reply("Building configuration...\n[OK]")

    @command("copy running-config startup-config")
    def _copy_to_startup(self, match: Match) -> Reply:
        return Reply(question=Question("Destination filename [startup-config]? ", lambda _: self._write_memory(match)))

    @command("copy running-config <url>")
    def _copy_to_file(self, match: Match) -> Reply:
        name = _file(match.args["url"])
        if name is None:
            return Reply(f"%Error opening {match.args['url']} (No such device)", "rejected")
        return Reply(
            question=Question(f"Destination filename [{name}]? ", lambda typed: self._overwrite(typed or name))
        )

    def _overwrite(self, name: str) -> Reply:
        if name not in self.device.flash:
            return self._write_file(name)
        warning = "%Warning:There is a file already existing with this name"
        ask = Question(
            "Do you want to over write? [confirm]",
            lambda key: self._write_file(name) if key.lower() in ("", "y") else Reply(),
            by="key",
        )
        return Reply(warning, question=ask)

    def _write_file(self, name: str) -> Reply:
        text = self.device.body()
        if self.device.flash.get(name) != text:
            self.device.flash[name] = text
            self.device.mark("checkpoint")
        return Reply(f"{len(text)} bytes copied in 0.412 secs ({len(text) * 1000 // 412} bytes/sec)")

    @command("delete /force <url>")
    def _delete_force(self, match: Match) -> Reply:
        name = _file(match.args["url"])
        if name is None or self.device.flash.pop(name, None) is None:
            return Reply(f"%Error deleting {match.args['url']} (No such file or directory)", "rejected")
        self.device.mark("checkpoint")
        return Reply()

    @command("delete <url>")
    def _delete(self, match: Match) -> Reply:
        name = _file(match.args["url"]) or ""

        def confirm(_: str) -> Reply:
            return Reply(
                question=Question(
                    f"Delete flash:/{name}? [confirm]",
                    lambda key: self._delete_force(match) if key.lower() in ("", "y") else Reply(),
                    by="key",
                )
            )

        return Reply(question=Question(f"Delete filename [{name}]? ", confirm))

    @command("more <url>")
    def _more(self, match: Match) -> Reply:
        text = self._read(match.args["url"])
        return Reply(f"!\n{text}!\nend\n") if text is not None else _not_found(match.args["url"])

    @command("dir", "dir <url>")
    def _dir(self, match: Match) -> Reply:
        if _file(match.args.get("url", "flash:")) is None:
            return Reply(f"%Error opening {match.args['url']} (No such device)", "rejected")
        stamp = f"{self.device.clock.now():%b %d %Y %H:%M:%S} +00:00"
        texts = {name: len(text) for name, text in sorted(self.device.flash.items())}
        files = {"packages.conf": 7523, **texts, **dict(listed(self.device))}
        rows = [
            f"{11 + index:>6}  -rw-  {size:>16}  {stamp}  {name}" for index, (name, size) in enumerate(files.items())
        ]
        free = left(self.device) - sum(texts.values())
        return Reply(
            "\n".join(["Directory of flash:/", "", *rows, "", f"{_FLASH_TOTAL} bytes total ({free} bytes free)"])
        )

    @command("verify /sha512 <url>")
    def _verify(self, match: Match) -> Reply:
        url = match.args["url"]
        found = digest(self.device, url, "sha512")
        if found is None:
            return Reply(f"%Error verifying {url} (No such file or directory)", "rejected")
        return Reply(f"..........Done!\nverify /sha512 ({url}) = {found}\n")

    def _read(self, url: str) -> str | None:
        match url:
            case "system:running-config" | "running-config":
                return self.device.body()
            case "nvram:startup-config" | "startup-config":
                return self.device.startup_config()
            case _:
                return self.device.flash.get(_file(url) or "")

    # Comparing, replacing, reverting

    @command("show archive config differences <old> <new>", "show archive config differences <old>")
    def _differences(self, match: Match) -> Reply:
        urls = (match.args["old"], match.args.get("new", "system:running-config"))
        texts = [self._read(url) for url in urls]
        for url, text in zip(urls, texts, strict=True):
            if text is None:
                return _not_found(url)
        old, new = (self.device.load(text or "") for text in texts)
        lines = contextual_diff(old, new)
        return Reply("\n".join(["!Contextual Config Diffs:", *lines] if lines else ["!No changes were found"]))

    @command("configure replace <url> force", "configure replace <url>")
    def _replace(self, match: Match) -> Reply:
        text = self._read(match.args["url"])
        if text is None:
            return _not_found(match.args["url"])
        if match.text.endswith(" force"):
            return self._replaced(text)
        ask = Question(_SURE, lambda typed: self._replaced(text) if typed.lower() in ("y", "yes") else Reply())
        return Reply(question=ask)

    def _replaced(self, text: str) -> Reply:
        changed = self.device.replace(self.device.restored(text), self.user)
        return Reply(f"Total number of passes: {int(changed)}\nRollback Done\n")

    @command("configure terminal revert timer <number>")
    def _revert_timer(self, match: Match) -> Reply:
        minutes = int(match.args["number"])
        if not 1 <= minutes <= 120:
            return self.refusal(Refused("invalid", len("configure terminal revert timer ")), match.text)
        if not self.device.archives:
            return Reply(_NO_ARCHIVE, "rejected")
        if self.device.unconfirmed is not None:
            return Reply("%Rollback Confirmed Change already in progress", "rejected")
        before = self.device.running.copy()
        self.device.revert_later(minutes * 60, lambda: self._revert_to(before), self.user)
        self.enter("config")
        return Reply(
            "Rollback Confirmed Change: Backing up current running config to flash:archive-0\n\n"
            f"{self.greeting}\nRollback Confirmed Change: Rollback will begin in {minutes} minutes.\n"
            'Enter "configure confirm" if you wish to keep what you\'ve configured\n'
        )

    @command("configure revert now")
    def _revert_now(self, _match: Match) -> Reply:
        if not self.device.revert_now():
            return Reply(_NONE_PENDING, "rejected")
        return Reply(
            "Rollback Confirmed Change: Rolling to: flash:archive-0\n\nTotal number of passes: 1\nRollback Done\n"
        )

    @command("show archive config rollback timer")
    def _rollback_timer(self, _match: Match) -> Reply:
        revert = self.device.unconfirmed
        if revert is None:
            return Reply(_NONE_PENDING)
        minutes = int((revert.due - revert.began).total_seconds()) // 60
        return Reply(
            f"Time configured(UTC): {revert.began:%H:%M:%S UTC %a %b %d %Y}\n"
            f"Timer type: absolute timer\nTimer value: {minutes} min\nUser: {revert.user}"
        )

    def _revert_to(self, tree: ConfigTree) -> None:
        self.device.replace(tree, "timer")

    @command("configure confirm")
    def _configure_confirm(self, _match: Match) -> Reply:
        if self.device.confirm():
            return Reply()
        return Reply(_NONE_PENDING, "rejected")


def _not_found(url: str) -> Reply:
    return Reply(f"%Error opening {url} (No such file or directory)", "rejected")


class IosXeDevice(IosXeState):
    """A simulated Catalyst switch."""

    def cli(self, session: int, user: str) -> IosXeCli:
        """See `Device.cli`."""
        level = 15 if session == 0 else self.spec.login_privilege
        return IosXeCli(self, session, user, level)
