"""Simulated SR Linux: its modes, candidates, commits, checkpoints and timers.

Behaviour follows Nokia, "SR Linux Configuration Basics Guide", chapter "Configuration management" (candidates and
``commit`` with ``now``, ``stay``, ``save``, ``validate`` and ``confirmed``), "SR Linux CLI" (``info``, ``diff``,
``tools``), and for prompts and words the transcripts of learn.srlinux.dev, "CLI" and "Navigating SR Linux". How the
CLI words a session that another one keeps out is not documented; it begins with ``Error:`` here. The status bar and
the completion of the ``advanced`` CLI engine are not simulated.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Final

from activities.deviceinteraction.testbed.cli import Reply, command
from activities.deviceinteraction.testbed.grammar import Match, Refused
from activities.deviceinteraction.testbed.platforms import nokia_tree
from activities.deviceinteraction.testbed.platforms.nokia_tree import Path, Trouble
from activities.deviceinteraction.testbed.platforms.srlinux_device import Candidate, Kind, SrlinuxState
from activities.deviceinteraction.testbed.platforms.srlinux_schema import SCHEMA, STYLE
from activities.deviceinteraction.testbed.platforms.srlinux_shows import ANYWHERE, SrlinuxShows

_IN_PROGRESS: Final = "Error: Cannot commit transaction (commit confirmed in progress)"


class SrlinuxCli(SrlinuxShows):
    """A login on a simulated SR Linux switch."""

    def __init__(self, device: SrlinuxState, session: int, user: str) -> None:
        super().__init__(device, session, user)
        self._candidate: Candidate | None = None
        self._place: Path = ()

    # Modes

    @property
    def mode(self) -> str:
        """See `Cli.mode`."""
        return "running" if self._candidate is None else "candidate"

    @property
    def prompt(self) -> str:
        """See `Cli.prompt`: the mode and the context above, the name below.

        ``+`` says that what runs is not saved, ``*`` that the candidate is not committed, and ``!`` that somebody else
        has committed since it was made.
        """
        held = self._candidate
        signs = "+" if self.device.running != self.device.saved else ""
        if held is not None:
            signs += "*" if held.modified else ""
            signs += "!" if held.baseline != self.device.running else ""
        what = "running" if held is None else f"candidate {held.kind} {held.name}"
        where = " ".join(self._place)
        return f"\n--{{ {f'{signs} ' if signs else ''}{what} }}--[ {where} ]--\nA:{self.user}@{self.device.hostname}# "

    def execute(self, line: str) -> Reply:
        """See `Cli.execute`."""
        text = line.strip()
        if text.startswith("#"):
            return Reply()
        typed = text.removeprefix("/").strip()
        match = self.grammars[self.mode].match(typed)
        if isinstance(match, Match):
            reply: Reply = match.entry.run(self, match)
            return reply
        if text == "/":
            self._place = ()
            return Reply()
        return self.refusal(match, line) if self._candidate is None else self._edit(text)

    def refusal(self, refused: Refused, line: str) -> Reply:
        """See `Cli.refusal`."""
        match refused.kind:
            case "incomplete":
                return Reply(f"Parsing error: Missing value for '{line.rsplit(maxsplit=1)[-1]}'.", "rejected")
            case "ambiguous" | "invalid":
                word = (line[refused.offset :].split() or line.split())[0]
                return Reply(f"Parsing error: Unknown token '{word}'. Options are ['#', '/', ...]", "rejected")

    def no_space(self) -> Reply:
        """See `Cli.no_space`."""
        return Reply("Error: No space left on device", "rejected")

    def locked(self) -> Reply:
        """See `Cli.locked`."""
        return Reply("Error: Candidate 'default' is locked by an exclusive session of user 'colleague'", "rejected")

    def interrupt(self) -> None:
        """Ctrl-Z means nothing to SR Linux."""

    def closed(self) -> None:
        """The login is gone. A named candidate stays, as does the shared one; an exclusive lock falls."""
        held, self._candidate = self._candidate, None
        if held is not None:
            held.sessions.discard(self.session)
            if held.kind == "exclusive" or not held.modified:
                self.device.candidates.pop(held.name, None)

    @command("quit", "logout", "exit", mode=ANYWHERE)
    def _logout(self, _match: Match) -> Reply:
        return Reply(close=True)

    @command("enter running", mode=ANYWHERE)
    def _enter_running(self, _match: Match) -> Reply:
        if self._candidate is not None:
            self._candidate.sessions.discard(self.session)
        self._candidate = None
        return Reply()

    @command("enter candidate", mode=ANYWHERE)
    def _enter_shared(self, _match: Match) -> Reply:
        return self._enter("default", "shared")

    @command("enter candidate exclusive", mode=ANYWHERE)
    def _enter_exclusive(self, _match: Match) -> Reply:
        return self._enter("default", "exclusive")

    @command("enter candidate private", "enter candidate private name <name>", mode=ANYWHERE)
    def _enter_private(self, match: Match) -> Reply:
        return self._enter(match.args.get("name", f"private-{self.user}"), "private")

    def _enter(self, name: str, kind: Kind) -> Reply:
        held = self.device.candidates.get(name)
        if held is not None and "exclusive" in (kind, held.kind) and (held.sessions or held.modified):
            words = f"Error: Candidate '{name}' is locked: user '{held.user}' is in it"
            return Reply(words, "rejected")
        if held is None:
            running = self.device.running
            held = Candidate(name, kind, self.user, deepcopy(running), deepcopy(running))
            self.device.candidates[name] = held
        held.sessions.add(self.session)
        self._candidate = held
        return Reply()

    # Lines

    def _edit(self, line: str) -> Reply:
        held = self._candidate
        assert held is not None, "lines are typed in candidate mode"
        verb, typed, base = self._read(line)
        if verb == "delete":
            place = nokia_tree.locate(typed, SCHEMA, base)
            if isinstance(place, Trouble):
                return self._trouble(place)
            nokia_tree.remove(held.tree, place)
        else:
            made = nokia_tree.resolve(typed, SCHEMA, base)
            if isinstance(made, Trouble):
                return self._trouble(made)
            for path in made[0]:
                nokia_tree.put(held.tree, path, SCHEMA)
            if verb == "enter":
                self._place = made[1]
        held.tree = self.device.edited(held.tree)
        return Reply()

    def _read(self, line: str) -> tuple[str, list[str], Path]:
        """What is to be done, the words of where, and the context that they begin in."""
        verb, rest = "enter", line
        if line.split(maxsplit=1)[0] in ("set", "delete"):
            verb, _, rest = line.partition(" ")
        rest = rest.strip()
        base: Path = () if rest.startswith("/") else self._place
        return verb, nokia_tree.words(rest.removeprefix("/")), base

    @staticmethod
    def _trouble(trouble: Trouble) -> Reply:
        said = {
            "unknown": f"Unknown token '{trouble.word}'. Options are ['#', '/', ...]",
            "missing": f"Missing value for '{trouble.word}'.",
            "value": f"Invalid value '{trouble.word}'.",
        }
        return Reply(f"Parsing error: {said[trouble.kind]}", "rejected")

    @command("diff", "diff /", mode="candidate")
    def _diff(self, _match: Match) -> Reply:
        held = self._candidate
        assert held is not None, "the grammar knows it in candidate mode only"
        return Reply("\n".join(nokia_tree.compare(held.baseline, held.tree, SCHEMA, STYLE)))

    @command("info", "info /", mode="candidate")
    def _info_candidate(self, _match: Match) -> Reply:
        assert self._candidate is not None, "the grammar knows it in candidate mode only"
        return self.shown(self._candidate.tree)

    @command("discard now", mode="candidate")
    def _discard(self, _match: Match) -> Reply:
        self._drop()
        return Reply("All changes have been discarded. Leaving candidate mode.")

    def _drop(self) -> None:
        held, self._candidate = self._candidate, None
        if held is not None:
            self.device.candidates.pop(held.name, None)

    # Commits

    @command("commit validate", mode="candidate")
    def _validate(self, _match: Match) -> Reply:
        assert self._candidate is not None, "the grammar knows it in candidate mode only"
        found = self.device.troubles(self._candidate.tree)
        return Reply("\n".join(f"Error: {words}" for words in found), "rejected" if found else "ok")

    @command("commit now", "commit now comment <comment>", mode="candidate")
    def _commit_now(self, _match: Match) -> Reply:
        return self._commit("All changes have been committed. Leaving candidate mode.")

    @command("commit save", mode="candidate")
    def _commit_save(self, _match: Match) -> Reply:
        reply = self._commit("All changes have been committed. Leaving candidate mode.")
        if reply.result == "ok":
            self.device.save()
        return reply

    @command("commit confirmed", "commit confirmed timeout <number>", mode="candidate")
    def _commit_confirmed(self, match: Match) -> Reply:
        lasts_s = int(match.args.get("number", "600"))
        minutes = f"{lasts_s // 60} minutes" if lasts_s >= 120 else f"{lasts_s} seconds"
        return self._commit(
            f"Commit confirmed (automatic rollback in {minutes})\n"
            "All changes have been committed. Leaving candidate mode.",
            confirm_s=lasts_s,
        )

    def _commit(self, text: str, confirm_s: int | None = None) -> Reply:
        held = self._candidate
        assert held is not None, "the grammar knows it in candidate mode only"
        if self.device.unconfirmed is not None:
            return Reply(_IN_PROGRESS, "rejected")
        found = self.device.troubles(held.tree)
        if found:
            return Reply("\n".join(f"Error: {words}" for words in found), "rejected")
        self.device.commit(held, self.user, confirm_s=confirm_s)
        self._drop()
        return Reply(text)

    @command("tools system configuration confirmed-accept", mode=ANYWHERE)
    def _accept(self, _match: Match) -> Reply:
        if not self.device.confirm():
            return Reply("Error: No commit confirmed in progress", "rejected")
        return Reply("/system/configuration:\n    Commit confirmed accepted")

    @command("tools system configuration confirmed-reject", mode=ANYWHERE)
    def _reject(self, _match: Match) -> Reply:
        if not self.device.revert_now():
            return Reply("Error: No commit confirmed in progress", "rejected")
        return Reply("/system/configuration:\n    Commit confirmed rejected")

    @command("tools system configuration candidate <name> clear", mode=ANYWHERE)
    def _clear_candidate(self, match: Match) -> Reply:
        if self.device.candidates.pop(match.args["name"], None) is None:
            return Reply(f"Error: There is no candidate '{match.args['name']}'", "rejected")
        return Reply()

    # Checkpoints

    @command(
        "save checkpoint name <name>",
        "save checkpoint name <name> comment <comment>",
        "tools system configuration generate-checkpoint name <name>",
        "tools system configuration generate-checkpoint name <name> comment <comment>",
        mode=ANYWHERE,
    )
    def _checkpoint(self, match: Match) -> Reply:
        name, comment = match.args["name"], match.args.get("comment", "").strip('"')
        self.device.keep(name, comment, self.user)
        path = "/etc/opt/srlinux/checkpoint/checkpoint-0.json"
        return Reply(f"/system:\n    Generated checkpoint '{path}' with name '{name}' and comment '{comment}'\n")

    @command("tools system configuration checkpoint <name> clear", mode=ANYWHERE)
    def _clear_checkpoint(self, match: Match) -> Reply:
        if self.device.checkpoint(match.args["name"]) is None:
            return Reply(f"Error: There is no checkpoint '{match.args['name']}'", "rejected")
        self.device.forget(match.args["name"])
        self.device.mark("checkpoint")
        return Reply()

    @command("tools system configuration checkpoint <name> revert", mode=ANYWHERE)
    def _revert(self, match: Match) -> Reply:
        kept = self.device.checkpoint(match.args["name"])
        if kept is None:
            return Reply(f"Error: There is no checkpoint '{match.args['name']}'", "rejected")
        if self.device.unconfirmed is not None:
            return Reply(_IN_PROGRESS, "rejected")
        self.device.make_running(kept.tree)
        return Reply(f"/system/configuration/checkpoint[id={kept.name}]:\n    Reverted to checkpoint '{kept.name}'\n")

    @command("load checkpoint name <name>", mode="candidate")
    def _load(self, match: Match) -> Reply:
        assert self._candidate is not None, "the grammar knows it in candidate mode only"
        kept = self.device.checkpoint(match.args["name"])
        if kept is None:
            return Reply(f"Error: There is no checkpoint '{match.args['name']}'", "rejected")
        self._candidate.tree = deepcopy(kept.tree)
        return Reply(f"/system/configuration/checkpoint[id={kept.name}]:\n    Loaded checkpoint '{kept.name}'\n")

    @command("save startup", mode=ANYWHERE)
    def _save(self, _match: Match) -> Reply:
        self.device.save()
        where = "/etc/opt/srlinux/config.json"
        return Reply(
            f"/system:\n    Saved current running configuration as initial (startup) configuration '{where}'\n"
        )


class SrlinuxDevice(SrlinuxState):
    """A simulated SR Linux switch."""

    def cli(self, session: int, user: str) -> SrlinuxCli:
        """See `Device.cli`."""
        return SrlinuxCli(self, session, user)

    def change(self, lines: Sequence[str], *, user: str = "console", commit: bool = True) -> None:
        """See `Device.change`."""
        cli = self.cli(0, user)
        for line in ("enter candidate", *lines, "commit now" if commit else "enter running"):
            self.take_effect()
            mode = cli.mode
            reply = cli.execute(line)
            self.log.command(0, user, mode, line, reply.result, self.take_effect())
            if reply.result == "rejected":
                cli.execute("discard now")
                raise ValueError(f"{self.spec.name} refuses {line!r}: {reply.text.strip()}")
