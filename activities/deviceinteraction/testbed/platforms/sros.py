"""Simulated SR OS, its MD-CLI: configuration modes, contexts, commits, rollbacks and what is asked on the way out.

Behaviour and wording follow Nokia, "7x50 SR OS MD-CLI User Guide", chapters "Navigating in the MD-CLI" and "Editing
configuration" (modes, ``compare``, ``validate``, ``commit`` with ``comment`` and ``confirmed``, ``rollback``,
``discard``, and that a confirmed commit goes back with its session), and the transcripts of the SR OS activities of
srexperts.net. The explicit workflow is simulated (``edit-config``), the implicit one is refused, and so are ``load``,
``update`` and copies of nodes.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Final

from activities.deviceinteraction.testbed.cli import Question, Reply, command
from activities.deviceinteraction.testbed.grammar import Match, Refused
from activities.deviceinteraction.testbed.platforms import nokia_tree
from activities.deviceinteraction.testbed.platforms.nokia_tree import Node, Path, Tree, Trouble
from activities.deviceinteraction.testbed.platforms.sros_device import Mode, SrosState
from activities.deviceinteraction.testbed.platforms.sros_schema import SCHEMA, STYLE
from activities.deviceinteraction.testbed.platforms.sros_shows import ANYWHERE, SrosShows

_SIGNS: Final[dict[Mode, str]] = {"exclusive": "ex", "global": "gl", "private": "pr", "read-only": "ro"}
_ENTERING: Final[dict[Mode, int]] = {"exclusive": 2060, "global": 2054, "private": 2070, "read-only": 2066}
_LEAVING: Final[dict[Mode, int]] = {"exclusive": 2064, "global": 2056, "private": 2074, "read-only": 2067}
_KEEPS: Final = "INFO: CLI #2061: Uncommitted changes are discarded on configuration mode exit"
_ROOT: Final = Node("container", {"configure": SCHEMA})


class SrosCli(SrosShows):
    """A login on a simulated SR OS router."""

    def __init__(self, device: SrosState, session: int, user: str) -> None:
        super().__init__(device, session, user)
        self._mode: Mode | None = None
        self._own: Tree = {}  # a private candidate
        self._base: Tree = {}
        self._place: Path = ()

    # Modes

    @property
    def mode(self) -> str:
        """See `Cli.mode`."""
        return "operational" if self._mode is None else "config"

    @property
    def prompt(self) -> str:
        """See `Cli.prompt`: mode and context above, with ``*`` for what is not committed and ``!`` for an old base."""
        who = f"A:{self.user}@{self.device.hostname}# "
        if self._mode is None:
            return f"\n[/]\n{who}"
        signs = ("!" if self._base != self.device.running else "") + ("*" if self._modified else "")
        where = " ".join(_shown(self._place))
        return f"\n{signs}({_SIGNS[self._mode]})[/{where}]\n{who}"

    @property
    def _candidate(self) -> Tree:
        return self._own if self._mode == "private" else self.device.shared

    @_candidate.setter
    def _candidate(self, tree: Tree) -> None:
        if self._mode == "private":
            self._own = tree
        else:
            self.device.shared = tree

    @property
    def _modified(self) -> bool:
        return self._candidate != (self._base if self._mode == "private" else self.device.running)

    def execute(self, line: str) -> Reply:
        """See `Cli.execute`."""
        text = line.strip()
        if text.startswith("#"):
            return Reply()
        match = self.grammars[self.mode].match(text.removeprefix("/"))
        if isinstance(match, Match):
            reply: Reply = match.entry.run(self, match)
            return reply
        if self._mode not in (None, "read-only"):
            return self._edit(text)
        return self.refusal(match, line)

    def refusal(self, refused: Refused, line: str) -> Reply:
        """See `Cli.refusal`."""
        word = (line[refused.offset :].split() or line.split())[0]
        if refused.kind == "incomplete":
            return self._minor(f"CLI #2001: Missing element value - '{word}'", line, word)
        return self._minor(f"MGMT_CORE #2201: Unknown element - '{word}'", line, word)

    def _minor(self, words: str, line: str, word: str) -> Reply:
        marks = " " * (len(self.prompt.rpartition("\n")[2]) + line.find(word)) + "^" * len(word)
        return Reply(f"{marks}\nMINOR: {words}", "rejected")

    def no_space(self) -> Reply:
        """See `Cli.no_space`."""
        return Reply("MAJOR: CLI #2501: Could not write - No space left on device", "rejected")

    def locked(self) -> Reply:
        """See `Cli.locked`."""
        words = (
            "MGMT_CORE #2052: Exclusive datastore access unavailable - model-driven interface editing global candidate"
        )
        return Reply(f"MINOR: {words}", "rejected")

    def interrupt(self) -> None:
        """Ctrl-Z goes back to the operational root."""
        self._place = ()

    def closed(self) -> None:
        """The login is gone: its lock falls, and what it did not commit or confirm goes back."""
        if self.device.confirming == self.session:
            self.device.confirming = None
            self.device.run_out()
        self._left()

    def _left(self) -> None:
        mode = self.device.editors.pop(self.session, None)
        if mode == "exclusive":
            self.device.shared = deepcopy(self.device.running)
        self._mode, self._place = None, ()

    @command("logout", mode=ANYWHERE)
    def _logout(self, _match: Match) -> Reply:
        return Reply(close=True)

    @command("edit-config exclusive", mode="operational")
    def _edit_exclusive(self, _match: Match) -> Reply:
        return self._enter("exclusive")

    @command("edit-config global", mode="operational")
    def _edit_global(self, _match: Match) -> Reply:
        return self._enter("global")

    @command("edit-config private", mode="operational")
    def _edit_private(self, _match: Match) -> Reply:
        return self._enter("private")

    @command("edit-config read-only", mode="operational")
    def _edit_read_only(self, _match: Match) -> Reply:
        return self._enter("read-only")

    def _enter(self, mode: Mode) -> Reply:
        words = self.device.keeps_out(self.session, mode)
        if words is not None:
            return Reply(f"MINOR: {words}", "rejected")
        if mode == "exclusive" and self.device.shared != self.device.running:
            return self.locked()
        self._mode = self.device.editors[self.session] = mode
        self._base = deepcopy(self.device.running)
        self._own = deepcopy(self.device.running)
        told = [f"INFO: CLI #{_ENTERING[mode]}: Entering {mode} configuration mode"]
        return Reply("\n".join([*told, *([_KEEPS] if mode in ("exclusive", "private") else [])]))

    @command("quit-config", mode="config")
    def _quit(self, _match: Match) -> Reply:
        assert self._mode is not None, "the grammar knows it in configuration mode only"
        if self._mode in ("exclusive", "private") and self._modified:
            return Reply(question=Question("Discard uncommitted changes? [y,n] ", self._quit_answered, by="key"))
        return self._quit_now()

    def _quit_answered(self, key: str) -> Reply:
        return self._quit_now() if key.lower() == "y" else Reply()

    def _quit_now(self) -> Reply:
        assert self._mode is not None, "the grammar knows it in configuration mode only"
        told = f"INFO: CLI #{_LEAVING[self._mode]}: Exiting {self._mode} configuration mode"
        self._left()
        return Reply(told)

    @command("exit all", "top", mode="config")
    def _top(self, _match: Match) -> Reply:
        self._place = ()
        return Reply()

    # Lines

    def _edit(self, line: str) -> Reply:
        deletes = line.startswith("delete ")
        rest = line.removeprefix("delete ").strip()
        base = () if rest.startswith("/") else self._place
        typed = nokia_tree.words(rest.removeprefix("/"))
        if deletes:
            place = nokia_tree.locate(typed, _ROOT, base)
            if isinstance(place, Trouble):
                return self._trouble(place, line)
            if len(place) < 2:
                return self._minor("MGMT_CORE #2203: Invalid element", line, typed[-1] if typed else "delete")
            tree = deepcopy(self._candidate)
            nokia_tree.remove(tree, place[1:])
        else:
            made = nokia_tree.resolve(typed, _ROOT, base)
            if isinstance(made, Trouble):
                return self._trouble(made, line)
            tree = deepcopy(self._candidate)
            for path in made[0]:
                nokia_tree.put(tree, path[1:], SCHEMA)
            if not made[0] or len(made[0][-1]) <= len(made[1]):  # it did not end with a leaf
                self._place = made[1]
        self._candidate = self.device.edited(tree)
        return Reply()

    def _trouble(self, trouble: Trouble, line: str) -> Reply:
        said = {
            "unknown": "MGMT_CORE #2201: Unknown element",
            "missing": "CLI #2001: Missing element value",
            "value": "MGMT_CORE #2301: Invalid element value",
        }
        return self._minor(f"{said[trouble.kind]} - '{trouble.word}'", line, trouble.word)

    @command("compare", mode="config")
    def _compare(self, _match: Match) -> Reply:
        old = self._base if self._mode == "private" else self.device.running
        lines = nokia_tree.compare(old, self._candidate, SCHEMA, STYLE)
        if lines and not self._place:
            lines = ["    configure {", *(f"{line[:1]}    {line[1:]}" for line in lines), "    }"]
        return Reply("\n".join(lines))

    @command("info", mode="config")
    def _info(self, _match: Match) -> Reply:
        below = nokia_tree.dig(self._candidate, self._place[1:]) or {}
        return Reply(
            "\n".join(f"    {line}" for line in nokia_tree.braces(below, nokia_tree.at(_ROOT, self._place), STYLE))
        )

    @command("discard", mode="config")
    def _discard(self, _match: Match) -> Reply:
        self._candidate = deepcopy(self._base if self._mode == "private" else self.device.running)
        return Reply()

    @command("validate", mode="config")
    def _validate(self, _match: Match) -> Reply:
        found = self.device.troubles(self._candidate)
        return Reply("\n".join(f"MINOR: {words}" for words in found), "rejected" if found else "ok")

    # Commits

    @command("commit", "commit comment <comment>", mode="config")
    def _commit(self, match: Match) -> Reply:
        return self._refused() or self._committed(match.args.get("comment", ""))

    def _refused(self) -> Reply | None:
        if self.device.unconfirmed is not None:
            return Reply("MINOR: CLI #2091: Commit confirmed in progress - commit not allowed", "rejected")
        found = self.device.troubles(self._candidate)
        return Reply("\n".join(f"MINOR: {words}" for words in found), "rejected") if found else None

    def _committed(self, comment: str) -> Reply:
        self.device.commit(self._candidate, self.user, comment.strip('"'))
        self._base = deepcopy(self.device.running)
        return Reply()

    @command("commit confirmed", "commit confirmed <number>", mode="config")
    def _commit_confirmed(self, match: Match) -> Reply:
        refused = self._refused()
        if refused is not None:
            return refused
        minutes = int(match.args.get("number", "10"))
        before = deepcopy(self.device.running)
        self.device.put_in_place(self._candidate)
        self._base = deepcopy(self.device.running)
        self.device.confirming = self.session
        self.device.revert_later(minutes * 60, lambda: self.device.put_in_place(before), self.user)
        left = f"{minutes - 1} minutes 59 seconds" if minutes > 1 else "59 seconds"
        return Reply(f"\nINFO: CLI #2090: Commit confirmed - automatic rollback in {left}\n")

    @command("commit confirmed accept", mode="config")
    def _accept(self, _match: Match) -> Reply:
        if self.device.confirming != self.session or not self.device.confirm():
            return Reply("MINOR: CLI #2094: No commit confirmed in progress", "rejected")
        self.device.confirming = None
        self.device.commit(self.device.running, self.user)
        return Reply("INFO: CLI #2092: Commit confirmed - accepted - automatic rollback canceled\n")

    @command("commit confirmed cancel", mode="config")
    def _cancel(self, _match: Match) -> Reply:
        if self.device.confirming != self.session or not self.device.revert_now():
            return Reply("MINOR: CLI #2094: No commit confirmed in progress", "rejected")
        self.device.confirming = None
        return Reply("INFO: CLI #2096: Commit confirmed - canceled - automatic rollback of changes\n")

    @command("rollback <number>", mode="config")
    def _rollback(self, match: Match) -> Reply:
        number = int(match.args["number"])
        if self._place != ("configure",) or number >= len(self.device.saved):
            return Reply(f"MINOR: MGMT_CORE #2501: Could not load rollback {number}", "rejected")
        self._candidate = deepcopy(self.device.saved[number])
        lines = len(self.device.flat(self._candidate))
        name = "config.cfg" if number == 0 else f"config.cfg.{number}"
        return Reply(f'Loaded {lines} lines in 0.2 seconds from file "cf3:\\{name}"\n')


class SrosDevice(SrosState):
    """A simulated SR OS router."""

    def cli(self, session: int, user: str) -> SrosCli:
        """See `Device.cli`."""
        return SrosCli(self, session, user)

    def change(self, lines: Sequence[str], *, user: str = "console", commit: bool = True) -> None:
        """See `Device.change`. Refused as long as a login holds the exclusive lock."""
        cli = self.cli(0, user)
        ends = ("commit", "quit-config") if commit else ("quit-config",)
        for line in ("edit-config global", *lines, "exit all", *ends):
            self.take_effect()
            mode = cli.mode
            reply = cli.execute(line)
            self.log.command(0, user, mode, line, reply.result, self.take_effect())
            if reply.result == "rejected":
                if cli.mode == "config":
                    cli.execute("discard")
                cli.closed()
                raise ValueError(f"{self.spec.name} refuses {line!r}: {reply.text.strip()}")


def _shown(place: Path) -> list[str]:
    """A context as the prompt writes it: string keys in quotes."""
    shown: list[str] = []
    here, is_key = _ROOT, False
    for word in place:
        if is_key:
            shown.append(STYLE.quoted(word, here))
            is_key = False
            continue
        here = here.children[word]
        is_key = here.kind == "list"
        shown.append(word)
    return shown
