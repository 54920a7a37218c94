"""Simulated Junos: operational mode, configuration mode, candidates, locks, commits and rollbacks.

Behaviour and wording follow Juniper, "CLI User Guide for Junos OS": "Configure Command Overview" (exclusive mode, its
lock, and what becomes of changes that were not committed), "Commit the Configuration" (``commit check``, ``commit
confirmed``, of which any later commit or check is the confirmation) and "Roll Back the Configuration".
``configure private`` and ``load`` are not simulated and are refused as unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from activities.deviceinteraction.testbed.cli import Pipe, Question, Reply, command, filter_lines, split_pipes
from activities.deviceinteraction.testbed.grammar import Match, Refused
from activities.deviceinteraction.testbed.platforms import junos_tree
from activities.deviceinteraction.testbed.platforms.junos_device import Editor, JunosState, placed_words, words
from activities.deviceinteraction.testbed.platforms.junos_schema import Tree
from activities.deviceinteraction.testbed.platforms.junos_shows import PIPES, JunosShows
from activities.deviceinteraction.testbed.platforms.junos_tree import Path, Trouble

_LEAVING = "Exiting configuration mode"


@dataclass(slots=True)
class _CommitOptions:
    check: bool = False
    quit: bool = False
    comment: str = ""
    minutes: int | None = None


class JunosCli(JunosShows):
    """A login on a simulated EX switch."""

    def __init__(self, device: JunosState, session: int, user: str) -> None:
        super().__init__(device, session, user)
        self._level: Path = ()
        self._pipes: list[Pipe] = []

    # Modes

    @property
    def _editor(self) -> Editor | None:
        return self.device.editors.get(self.session)

    @property
    def mode(self) -> str:
        """See `Cli.mode`."""
        if self._editor is None:
            return "exec"
        return "config-exclusive" if self._editor.exclusive else "config"

    @property
    def prompt(self) -> str:
        """See `Cli.prompt`; a blank line stands before it, and the edit level in configuration mode."""
        who = f"{self.user}@{self.device.hostname}"
        if self._editor is None:
            return f"\n{who}> "
        return f"\n[edit{''.join(f' {word}' for word in self._level)}]\n{who}# "

    def execute(self, line: str) -> Reply:
        """See `Cli.execute`."""
        if line.lstrip().startswith("#"):
            return Reply()
        split = split_pipes(line, PIPES)
        if isinstance(split, Refused):
            return self.refusal(split, line)
        head, self._pipes = split
        grammar = self.grammars["exec" if self._editor is None else "config"]
        match = grammar.match(head)
        if isinstance(match, Refused):
            return self.refusal(match, line)
        reply: Reply = match.entry.run(self, match)
        plain = [pipe for pipe in self._pipes if pipe.keyword not in ("display", "compare")]
        return replace(reply, text=filter_lines(reply.text, plain)) if plain else reply

    def refusal(self, refused: Refused, line: str) -> Reply:
        """See `Cli.refusal`."""
        width = len(self.prompt.rsplit("\n", 1)[-1])
        caret = " " * (width + refused.offset) + "^\n"
        match refused.kind:
            case "incomplete":
                return Reply(f"{caret}missing argument.", "rejected")
            case "ambiguous":
                word = line[refused.offset :].split()[0]
                return Reply(f"{caret}'{word}' is ambiguous.", "rejected")
            case "invalid":
                first = not line[: refused.offset].strip()
                expected = "unknown command." if first else "syntax error, expecting <command>."
                return Reply(caret + expected, "rejected")

    def no_space(self) -> Reply:
        """See `Cli.no_space`."""
        return Reply("error: could not write to configuration database: No space left on device", "rejected")

    def missing(self, what: str) -> Reply:
        """See `JunosShows.missing`."""
        return Reply(f"error: {what}: No such file or directory", "rejected")

    def closed(self) -> None:
        """An exclusive lock falls with its session, and so do the changes made under it."""
        editor = self.device.editors.pop(self.session, None)
        if editor is not None and editor.exclusive:
            self.device.load_candidate(self.device.active)

    @command("exit", "quit")
    def _logout(self, _match: Match) -> Reply:
        return Reply(close=True)

    # Configuration mode: in and out

    @command("configure", "edit")
    def _configure(self, _match: Match) -> Reply:
        others = self._others()
        text = "Entering configuration mode"
        if others:
            text += "\nUsers currently editing the configuration:\n" + "\n".join(others)
        if self.device.modified:
            text += "\nThe configuration has been changed but not committed"
        return self._enter(text, exclusive=False)

    @command("configure exclusive")
    def _configure_exclusive(self, _match: Match) -> Reply:
        lock = self._lock_refusal()
        if lock is not None:
            return lock
        if self.device.modified:
            return Reply("\n".join(["error: configuration database modified", *self._others()]), "rejected")
        text = "warning: uncommitted changes will be discarded on exit\nEntering configuration mode"
        return self._enter(text, exclusive=True)

    def _enter(self, text: str, *, exclusive: bool) -> Reply:
        now = self.device.clock.now()
        self.device.editors[self.session] = Editor(self.user, now, exclusive, 4000 + self.session)
        self._level = ()
        return Reply(text)

    def _others(self) -> list[str]:
        lines: list[str] = []
        for session, editor in self.device.editors.items():
            if session != self.session:
                lines += _described(session, editor)
        return lines

    def _lock_refusal(self) -> Reply | None:
        for session, editor in self.device.editors.items():
            if editor.exclusive and session != self.session:
                text = "\n".join(["error: configuration database locked by:", *_described(session, editor)])
                return Reply(text, "rejected")
        return None

    @command("exit configuration-mode", mode="config")
    def _exit_configuration(self, _match: Match) -> Reply:
        editor = self._editor
        if editor is None or not self.device.modified:
            return self._left()
        warning = "The configuration has been changed but not committed"
        if editor.exclusive:
            warning += "\nwarning: Auto rollback on exiting 'configure exclusive'"
            ask = "Discard uncommitted changes? [yes,no] (yes) "
        else:
            ask = "Exit with uncommitted changes? [yes,no] (yes) "
        return Reply(warning, question=Question(ask, self._exit_answered))

    def _exit_answered(self, answer: str) -> Reply:
        if answer and not "yes".startswith(answer.strip().lower()):
            return Reply()
        if self._editor is not None and self._editor.exclusive:
            self.device.load_candidate(self.device.active)
            left = self._left()
            return Reply(f"warning: discarding uncommitted changes\nload complete\n\n{left.text}")
        return self._left()

    def _left(self) -> Reply:
        self.device.editors.pop(self.session, None)
        self._level = ()
        return Reply(_LEAVING)

    @command("exit", "quit", mode="config")
    def _exit(self, match: Match) -> Reply:
        if not self._level:
            return self._exit_configuration(match)
        self._level = ()
        return Reply()

    @command("top", mode="config")
    def _top(self, _match: Match) -> Reply:
        self._level = ()
        return Reply()

    @command("up", mode="config")
    def _up(self, _match: Match) -> Reply:
        self._level = self._level[:-1]
        return Reply()

    @command("edit <path...>", mode="config")
    def _edit(self, match: Match) -> Reply:
        path = junos_tree.locate(words(match.args["path"]), self._level)
        if isinstance(path, Trouble):
            return self._trouble(path, "edit " + match.args["path"], 1)
        self._level = path
        return Reply()

    @command("status", mode="config")
    def _status(self, _match: Match) -> Reply:
        lines = [line for session, one in self.device.editors.items() for line in _described(session, one)]
        return Reply("\n".join(["Users currently editing the configuration:", *lines]))

    @command("run <line...>", mode="config")
    def _run(self, match: Match) -> Reply:
        inner = self.grammars["exec"].match(match.args["line"])
        if isinstance(inner, Refused):
            return self.refusal(Refused(inner.kind, inner.offset + len("run ")), match.text)
        reply: Reply = inner.entry.run(self, inner)
        return reply

    # Statements

    @command("set <statement...>", mode="config")
    def _set(self, match: Match) -> Reply:
        lock = self._lock_refusal()
        if lock is not None:
            return lock
        paths = junos_tree.resolve(words(match.args["statement"]), self._level)
        if isinstance(paths, Trouble):
            return self._trouble(paths, "set " + match.args["statement"], 1)
        for path in paths:
            junos_tree.put(self.device.candidate, path)
        return Reply()

    @command("delete <statement...>", mode="config")
    def _delete(self, match: Match) -> Reply:
        lock = self._lock_refusal()
        if lock is not None:
            return lock
        path = junos_tree.locate(words(match.args["statement"]), self._level)
        if isinstance(path, Trouble):
            return self._trouble(path, "delete " + match.args["statement"], 1)
        if not junos_tree.remove(self.device.candidate, path):
            return Reply("warning: statement not found")
        return Reply()

    def _trouble(self, trouble: Trouble, line: str, first: int) -> Reply:
        """Junos's words for a statement that it does not take; ``first`` words stand before the statement."""
        placed = placed_words(line)
        index = trouble.index + first
        offset = placed[index][1] if index < len(placed) else len(line)
        match trouble.kind:
            case "syntax":
                caret = " " * (len(self.prompt.rsplit("\n", 1)[-1]) + offset) + "^"
                return Reply(f"{caret}\nsyntax error.", "rejected")
            case "missing":
                return self.refusal(Refused("incomplete", offset), line)
            case "ambiguous":
                return self.refusal(Refused("ambiguous", offset), line)
            case "range":
                return Reply(trouble.text, "rejected")
            case _:
                assert_never(trouble.kind)

    @command("show", "show <path...>", mode="config")
    def _show_candidate(self, match: Match) -> Reply:
        typed = match.args.get("path", "")
        path = junos_tree.locate(words(typed), self._level)
        if isinstance(path, Trouble):
            return self._trouble(path, "show " + typed, 1)
        return self.show_tree(self.device.candidate, " ".join(f'"{word}"' for word in path), self._pipes, headed=False)

    @command("show configuration", "show configuration <path...>")
    def _show_configuration(self, match: Match) -> Reply:
        return self.show_tree(self.device.active, match.args.get("path", ""), self._pipes, headed=True)

    @command("rollback", "rollback <number>", mode="config")
    def _rollback(self, match: Match) -> Reply:
        lock = self._lock_refusal()
        if lock is not None:
            return lock
        number = int(match.args.get("number", "0"))
        commit = self.kept(number)
        if commit is None:
            return Reply(f"error: rollback {number}: no such configuration file", "rejected")
        self.device.load_candidate(commit.tree)
        return Reply("load complete")

    # Commit

    @command("commit", "commit <options...>", mode="config")
    def _commit(self, match: Match) -> Reply:
        options = _commit_options(words(match.args.get("options", "")))
        if isinstance(options, int):
            return self._trouble(Trouble("syntax", options), match.text, 1)
        lock = self._lock_refusal()
        if lock is not None:
            return lock
        troubles = self.device.troubles()
        if troubles:
            return Reply("\n".join([*troubles, "error: configuration check-out failed"]), "rejected")
        self.device.confirm()
        if options.check:
            return Reply("configuration check succeeds")
        return self._committed(options)

    def _committed(self, options: _CommitOptions) -> Reply:
        before: Tree = self.device.active
        via, text = "cli", "commit complete"
        if options.minutes is not None:
            via = f"cli commit confirmed, rollback in {options.minutes}mins"
            text = (
                f"commit confirmed will be automatically rolled back in {options.minutes} minutes unless confirmed\n"
                f"commit complete\n\n# commit confirmed will be rolled back in {options.minutes} minutes"
            )
        self.device.commit(self.user, via=via, comment=options.comment)
        if options.minutes is not None:
            self.device.revert_later(options.minutes * 60, lambda: self._revert_to(before))
        if options.quit:
            text += f"\n{self._left().text}"
        return Reply(text)

    def _revert_to(self, tree: Tree) -> None:
        self.device.load_candidate(tree)
        self.device.commit("root", via="other", comment="rollback of an unconfirmed commit")


def _described(session: int, editor: Editor) -> list[str]:
    lines = [f"  {editor.user} terminal pts/{session} (pid {editor.pid}) on since {editor.since:%Y-%m-%d %H:%M:%S UTC}"]
    return [*lines, "      exclusive [edit]" if editor.exclusive else "      [edit]"]


def _commit_options(given: list[str]) -> _CommitOptions | int:
    """The options of a commit, or the index of the word that is none."""
    options = _CommitOptions()
    index = 0
    while index < len(given):
        word = given[index]
        following = given[index + 1] if index + 1 < len(given) else ""
        if word == "check":
            options.check = True
        elif word == "and-quit":
            options.quit = True
        elif word == "comment" and following:
            options.comment = following
            index += 1
        elif word == "confirmed":
            options.minutes = int(following) if following.isdigit() else 10
            index += following.isdigit()
        else:
            return index
        index += 1
    return options


class JunosDevice(JunosState):
    """A simulated EX switch."""

    def cli(self, session: int, user: str) -> JunosCli:
        """See `Device.cli`."""
        return JunosCli(self, session, user)

    def change(self, lines: Sequence[str], *, user: str = "console", commit: bool = True) -> None:
        """See `Device.change`."""
        cli = self.cli(0, user)
        ending = ["commit and-quit"] if commit else ["exit configuration-mode"]
        for line in ("configure", *lines, *ending):
            self.take_effect()
            mode = cli.mode
            reply = cli.execute(line)
            if reply.question is not None:
                reply = reply.question.answer("yes")
            self.log.command(0, user, mode, line, reply.result, self.take_effect())
            if reply.result == "rejected":
                cli.closed()
                raise ValueError(f"{self.spec.name} refuses {line!r}: {reply.text.strip()}")
