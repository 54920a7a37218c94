"""Simulated EOS: configuration sessions, commit timers, checkpoints and saving.

Behaviour follows Arista, "EOS User Manual", chapter "Configure Session" (https://www.arista.com/en/um-eos/eos-configure-session):
a session is a copy of the running configuration that several logins may enter and leave; a commit overwrites whatever
changed since; at most five are pending and one completed session is remembered. A pending one dies with the device.
An abort removes a session completely, so that a login that is still inside has nothing left to commit.
"""

import difflib
from collections.abc import Callable, Mapping
from typing import ClassVar

from activities.deviceinteraction.testbed.cli import Reply, Setting, command
from activities.deviceinteraction.testbed.grammar import Match, Refused
from activities.deviceinteraction.testbed.platforms.editor import CONFIG, add_missing
from activities.deviceinteraction.testbed.platforms.eos_device import CLEAN, MOST_CHECKPOINTS, ConfigSession, EosState
from activities.deviceinteraction.testbed.platforms.eos_world import EosWorld
from activities.deviceinteraction.testbed.platforms.settings import SHARED_SETTINGS
from activities.deviceinteraction.testbed.tree import ConfigTree
from activities.deviceinteraction.testbed.vlanlist import vlan_numbers

MOST_PENDING = 5


class EosCli(EosWorld):
    """A login on a simulated Arista switch."""

    settings: ClassVar[Mapping[str, tuple[Setting, ...]]] = {
        "config": (
            *SHARED_SETTINGS["config"],
            Setting("dns <text...>"),
            Setting("transceiver <text...>"),
            Setting("enable secret <text...>", 2),
        ),
        "config-if": SHARED_SETTINGS["config-if"],
        "config-line": (Setting("idle-timeout <number>", 1),),
    }

    def __init__(self, device: EosState, session: int, user: str, level: int = 15) -> None:
        super().__init__(device, session, user, level)
        self._editing: ConfigSession | None = None

    # Modes

    @property
    def mode(self) -> str:
        """See `Cli.mode`; inside a configuration session it begins with ``config-session``."""
        return self._mode.replace("config", "config-session", 1) if self._editing else self._mode

    @property
    def prompt(self) -> str:
        """See `Cli.prompt`; EOS shows the first six characters of a session's name."""
        name = self.device.hostname
        if self._mode == "exec":
            return f"{name}{'#' if self.level == 15 else '>'}"
        session = f"-s-{self._editing.name[:6]}" if self._editing else ""
        return f"{name}(config{session}{self._section_label()})#"

    def _section_label(self) -> str:
        first = self._sections[0].split(" ", 1)[1] if self._sections else ""
        match self._mode:
            case "config-vlan":
                return f"-vlan-{first}"
            case "config-if":
                return f"-if-{self.device.short(first)}"
            case "config-line":
                return f"-mgmt-{first}"
            case _:
                return ""

    @property
    def tree(self) -> ConfigTree:
        """The session's copy where one is entered, else the running configuration."""
        return self._editing.tree if self._editing else self.device.running

    def edit(self, change: Callable[[ConfigTree], None]) -> None:
        """Alter the session's copy where one is entered, else the running configuration."""
        if self._editing is None:
            self.device.edit(change, self.user)
        else:
            change(self._editing.tree)
            self.device.arrange(self._editing.tree)

    def end(self) -> Reply:
        """Back to exec mode; a session that was entered stays pending."""
        self._editing = None
        return self.enter("exec")

    def refusal(self, refused: Refused, line: str) -> Reply:  # noqa: ARG002
        """See `Cli.refusal`."""
        match refused.kind:
            case "incomplete":
                return Reply("% Incomplete command", "rejected")
            case "ambiguous":
                return Reply("% Ambiguous command", "rejected")
            case "invalid":
                return Reply("% Invalid input", "rejected")

    def no_space(self) -> Reply:
        """See `Cli.no_space`."""
        return Reply("% Error: No space left on device", "rejected")

    # VLANs

    def invalid_vlan(self, typed: str, offset: int) -> Reply | None:
        """The range is 1 to 4094 ("EOS User Manual", chapter "VLANs")."""
        if all(1 <= number <= 4094 for number in vlan_numbers(typed)):
            return None
        return self.refusal(Refused("invalid", offset), typed)

    def protected_vlan(self, number: int) -> Reply | None:
        """VLAN 1 stays."""
        return Reply("% Default VLAN 1 may not be deleted", "rejected") if number == 1 else None

    # What is off by default and shown so ("EOS User Manual", chapters "User Security" and "IPv4")

    @command("aaa root", "ip routing", mode="config")
    def _switch(self, match: Match) -> Reply:
        def change(tree: ConfigTree) -> None:
            tree.children = [line for line in tree.children if line.text.removeprefix("no ") != match.text]
            add_missing(tree, [f"no {match.text}" if match.negated else match.text])

        self.edit(change)
        return Reply()

    @command("management ssh", mode="config")
    def _management(self, match: Match) -> Reply:
        self.edit(lambda tree: add_missing(tree, [match.text]))
        return self.enter("config-line", match.text)

    # Saving

    @command("write memory", "write", "copy running-config startup-config")
    def _write_memory(self, _match: Match) -> Reply:
        self.device.save()
        return Reply("Copy completed successfully.")

    # Sessions

    @command("configure session <name>", "configure session")
    def _configure_session(self, match: Match) -> Reply:
        sessions = self.device.sessions
        name = match.args.get("name") or f"sess-{len(sessions) + 1}"
        session = sessions.get(name)
        if session is None:
            if sum(other.state != "completed" for other in sessions.values()) >= MOST_PENDING:
                return Reply(
                    "% Maximum number of pending sessions has been reached. "
                    "Please commit or abort previous sessions before creating a new one.",
                    "rejected",
                )
            session = ConfigSession(name, self.user, self.device.running.copy())
            sessions[name] = session
        elif session.state != "pending":
            return Reply(f"% Cannot enter session {name}: it is {session.state}", "rejected")
        self._editing = session
        return self.enter("config")

    @command("configure session <name> abort")
    def _abort_named(self, match: Match) -> Reply:
        session = self.device.sessions.get(match.args["name"])
        if session is None or session.state == "completed":
            return Reply(f"% Cannot abort session {match.args['name']}: no such pending session", "rejected")
        return self._abort_session(session)

    @command("configure session <name> commit")
    def _commit_named(self, match: Match) -> Reply:
        session = self.device.sessions.get(match.args["name"])
        if session is None or session.state == "completed":
            return Reply(f"% Cannot commit session {match.args['name']}: no such pending session", "rejected")
        return self._commit_session(session, None)

    @command("abort", mode=CONFIG)
    def _abort(self, match: Match) -> Reply:
        session = self._editing
        if session is None:
            return self.refusal(Refused("invalid", 0), match.text)
        self.end()
        return self._abort_session(session)

    @command("commit", mode=CONFIG)
    def _commit(self, match: Match) -> Reply:
        session = self._editing
        if session is None:
            return self.refusal(Refused("invalid", 0), match.text)
        self.end()
        return self._commit_session(session, None)

    @command("commit timer <clock>", mode=CONFIG)
    def _commit_timer(self, match: Match) -> Reply:
        session = self._editing
        hours, minutes, seconds = (int(part) for part in match.args["clock"].split(":"))
        delay_s = hours * 3600 + minutes * 60 + seconds
        if session is None or delay_s == 0:
            return self.refusal(Refused("invalid", 0), match.text)
        self.end()
        return self._commit_session(session, delay_s)

    def _abort_session(self, session: ConfigSession) -> Reply:
        """Drop a pending session; one whose commit timer runs is taken back at once."""
        if session.state == "pendingCommitTimer" and session.before is not None:
            self.device.confirm()
            self.device.replace(session.before, self.user)
        del self.device.sessions[session.name]
        session.state = "aborted"  # for a login that is still inside
        return Reply()

    def _commit_session(self, session: ConfigSession, delay_s: int | None) -> Reply:
        """Make a session's copy the running configuration; a second commit ends its timer."""
        if session.state == "aborted":
            return Reply(f"% Cannot commit session {session.name}: no such pending session", "rejected")
        if session.state == "pendingCommitTimer":
            self.device.confirm()
            self._complete(session)
            return Reply()
        before = self.device.running
        if self.device.replace(session.tree.copy(), self.user):
            stamp = f"{self.device.clock.now():%Y%m%d-%H%M%S}"
            self.device.keep_checkpoint(f"ckp-{stamp}-{len(self.device.checkpoints)}", self.user, before)
        if delay_s is None:
            self._complete(session)
            return Reply()
        session.state = "pendingCommitTimer"
        session.before = before
        self.device.revert_later(delay_s, lambda: self._timed_out(session, before))
        return Reply()

    def _timed_out(self, session: ConfigSession, before: ConfigTree) -> None:
        self.device.sessions.pop(session.name, None)
        self.device.replace(before, "timer")

    def _complete(self, session: ConfigSession) -> None:
        """Remember one completed session, the last."""
        sessions = self.device.sessions
        for name in [other.name for other in sessions.values() if other.state == "completed"]:
            del sessions[name]
        session.state = "completed"

    @command("rollback clean-config", mode=CONFIG)
    def _clean(self, match: Match) -> Reply:
        if self._editing is None:
            return self.refusal(Refused("invalid", 0), match.text)
        self._editing.tree = self.device.load(CLEAN)
        return Reply()

    @command("show session-config", mode=CONFIG)
    def _show_session(self, match: Match) -> Reply:
        if self._editing is None:
            return self.refusal(Refused("invalid", 0), match.text)
        return Reply(self._file("show session-config", self.device.body(self._editing.tree)))

    @command("show session-config diffs", mode=CONFIG)
    def _show_diffs(self, match: Match) -> Reply:
        if self._editing is None:
            return self.refusal(Refused("invalid", 0), match.text)
        return Reply(self._diff(self._editing))

    @command("show session-config named <name> diffs", mode=f"exec {CONFIG}")
    def _show_named_diffs(self, match: Match) -> Reply:
        session = self.device.sessions.get(match.args["name"])
        if session is None:
            return Reply(f"% Session {match.args['name']} does not exist", "rejected")
        return Reply(self._diff(session))

    def _diff(self, session: ConfigSession) -> str:
        lines = difflib.unified_diff(
            self.device.body().splitlines(),
            self.device.body(session.tree).splitlines(),
            "system:/running-config",
            f"session:/{session.name}-session-config",
            lineterm="",
        )
        return "\n".join(lines)

    @command("show configuration sessions", "show configuration sessions detail", mode=f"exec {CONFIG}")
    def _show_sessions(self, _match: Match) -> Reply:
        lines = [
            "Maximum number of completed sessions: 1",
            f"Maximum number of pending sessions: {MOST_PENDING}",
            "Merge on commit is disabled",
            "",
            "  Name                       State              User       Terminal",
            "  -------------------------- ------------------ ---------- --------",
        ]
        for session in self.device.sessions.values():
            mark = "*" if session is self._editing else " "
            lines.append(f"{mark} {session.name:<26} {session.state:<18} {session.user:<10}".rstrip())
        return Reply("\n".join(lines))

    # Checkpoints

    @command("configure checkpoint save <name>", "configure checkpoint save")
    def _save_checkpoint(self, match: Match) -> Reply:
        self.device.keep_checkpoint(match.args.get("name") or f"ckp-{len(self.device.checkpoints)}", self.user)
        return Reply()

    @command("configure checkpoint restore <name>")
    def _restore_checkpoint(self, match: Match) -> Reply:
        kept = self.device.checkpoints.get(match.args["name"])
        if kept is None:
            return Reply(f"% Checkpoint {match.args['name']} does not exist", "rejected")
        self.device.replace(self.device.load(kept.text), self.user)
        return Reply()

    @command("configure replace <url>")
    def _replace(self, match: Match) -> Reply:
        system, _, name = match.args["url"].partition(":")
        kept = self.device.checkpoints.get(name.lstrip("/")) if system == "checkpoint" else None
        if kept is None:
            return Reply(f"% Error opening {match.args['url']} (No such file or directory)", "rejected")
        self.device.replace(self.device.load(kept.text), self.user)
        return Reply()

    @command("delete <url>")
    def _delete(self, match: Match) -> Reply:
        system, _, name = match.args["url"].partition(":")
        if system != "checkpoint" or self.device.checkpoints.pop(name.lstrip("/"), None) is None:
            return Reply(f"% Error deleting {match.args['url']} (No such file or directory)", "rejected")
        self.device.mark("checkpoint")
        return Reply()

    @command("show configuration checkpoints")
    def _show_checkpoints(self, _match: Match) -> Reply:
        lines = [
            f"Maximum number of checkpoints: {MOST_CHECKPOINTS}",
            "  Filename                     Date                 User",
            "  ---------------------------- -------------------- ----------",
        ]
        lines += [
            f"  {name:<28} {kept.at:%Y-%m-%d %H:%M:%S}  {kept.user}" for name, kept in self.device.checkpoints.items()
        ]
        return Reply("\n".join(lines))


class EosDevice(EosState):
    """A simulated Arista switch."""

    def cli(self, session: int, user: str) -> EosCli:
        """See `Device.cli`."""
        return EosCli(self, session, user, 15 if session == 0 else self.spec.login_privilege)
