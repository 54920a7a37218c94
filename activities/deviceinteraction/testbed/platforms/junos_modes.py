"""Simulated Junos, configuration mode: entering it, its locks, moving in it and leaving it.

`junos.py` adds what is done inside. Behaviour and wording follow Juniper, "CLI User Guide for Junos OS", topics
"Configure Command Overview" and "Exiting Configuration Mode", and "CLI Reference", topic "request system logout". How
Junos words the refusal of a process that is not there is not documented; it begins with ``error:`` here as all do.
"""

from dataclasses import replace
from typing import assert_never

from activities.deviceinteraction.testbed.cli import Pipe, Question, Reply, command, filter_lines, split_pipes
from activities.deviceinteraction.testbed.grammar import Match, Refused
from activities.deviceinteraction.testbed.platforms import junos_tree
from activities.deviceinteraction.testbed.platforms.junos_device import Editor, JunosState, placed_words, words
from activities.deviceinteraction.testbed.platforms.junos_shows import PIPES
from activities.deviceinteraction.testbed.platforms.junos_tree import Path, Trouble
from activities.deviceinteraction.testbed.platforms.junos_world import JunosWorld

_FIRST_PID = 4000  # session n is served by the management process with this number and n on top
_LEAVING = "Exiting configuration mode"


class JunosModes(JunosWorld):
    """A login on a simulated EX switch, without what changes its configuration."""

    def __init__(self, device: JunosState, session: int, user: str) -> None:
        super().__init__(device, session, user)
        self.level: Path = ()
        self.pipes: list[Pipe] = []
        self._since = device.clock.now()

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
        return f"\n[edit{''.join(f' {word}' for word in self.level)}]\n{who}# "

    def execute(self, line: str) -> Reply:
        """See `Cli.execute`."""
        if line.lstrip().startswith("#"):
            return Reply()
        split = split_pipes(line, PIPES)
        if isinstance(split, Refused):
            return self.refusal(split, line)
        head, self.pipes = split
        grammar = self.grammars["exec" if self._editor is None else "config"]
        match = grammar.match(head)
        if isinstance(match, Refused):
            return self.refusal(match, line)
        reply: Reply = match.entry.run(self, match)
        plain = [pipe for pipe in self.pipes if pipe.keyword not in ("display", "compare")]
        return replace(reply, text=filter_lines(reply.text, plain)) if plain else reply

    def refusal(self, refused: Refused, line: str) -> Reply:
        """See `Cli.refusal`."""
        width = len(self.prompt.rsplit("\n", 1)[-1])
        caret = " " * (width + refused.offset) + "^\n"
        match refused.kind:
            case "incomplete":
                return Reply(f"{caret}missing argument.", "rejected")
            case "ambiguous":
                word = line[refused.offset :].split(maxsplit=1)[0]
                return Reply(f"{caret}'{word}' is ambiguous.", "rejected")
            case "invalid":
                first = not line[: refused.offset].strip()
                expected = "unknown command." if first else "syntax error, expecting <command>."
                return Reply(caret + expected, "rejected")

    def trouble(self, trouble: Trouble, line: str, first: int) -> Reply:
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

    def no_space(self) -> Reply:
        """See `Cli.no_space`."""
        return Reply("error: could not write to configuration database: No space left on device", "rejected")

    def missing(self, what: str) -> Reply:
        """See `JunosShows.missing`."""
        return Reply(f"error: {what}: No such file or directory", "rejected")

    def interrupt(self) -> None:
        """Ctrl-Z means nothing to Junos."""

    def closed(self) -> None:
        """An exclusive lock falls with its session, and so do the changes made under it."""
        editor = self.device.editors.pop(self.session, None)
        if editor is not None and editor.exclusive:
            self.device.load_candidate(self.device.active)

    @command("exit", "quit")
    def _logout(self, _match: Match) -> Reply:
        return Reply(close=True)

    @command("request system logout pid <number>")
    def _logout_pid(self, match: Match) -> Reply:
        return self._logged_out(int(match.args["number"]) - _FIRST_PID, f"pid {match.args['number']}")

    @command("request system logout terminal <name>")
    def _logout_terminal(self, match: Match) -> Reply:
        number = match.args["name"].removeprefix("pts/")
        return self._logged_out(int(number) if number.isdigit() else -1, f"terminal {match.args['name']}")

    def _logged_out(self, session: int, what: str) -> Reply:
        """End a session; the lock that it held is cleared, and an exclusive candidate is discarded with it."""
        hang_up = self.device.terminals.get(session)
        if hang_up is None:
            return Reply(f"error: {what}: no such session", "rejected")
        hang_up()
        return Reply()

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
        lock = self.lock_refusal()
        if lock is not None:
            return lock
        if self.device.modified:
            return Reply("\n".join(["error: configuration database modified", *self._others()]), "rejected")
        text = "warning: uncommitted changes will be discarded on exit\nEntering configuration mode"
        return self._enter(text, exclusive=True)

    def _enter(self, text: str, *, exclusive: bool) -> Reply:
        self.device.editors[self.session] = Editor(self.user, self._since, exclusive, _FIRST_PID + self.session)
        self.level = ()
        return Reply(text)

    def _others(self) -> list[str]:
        lines: list[str] = []
        for session, editor in self.device.editors.items():
            if session != self.session:
                lines += _described(session, editor)
        return lines

    def lock_refusal(self) -> Reply | None:
        """The refusal that names who holds the configuration, where that is somebody else."""
        for session, editor in self.device.editors.items():
            if editor.exclusive and session != self.session:
                text = "\n".join(["error: configuration database locked by:", *_described(session, editor)])
                return Reply(text, "rejected")
        return None

    @command("exit configuration-mode", mode="config")
    def _exit_configuration(self, _match: Match) -> Reply:
        editor = self._editor
        if editor is None or not self.device.modified:
            return self.left()
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
            left = self.left()
            return Reply(f"warning: discarding uncommitted changes\nload complete\n\n{left.text}")
        return self.left()

    def left(self) -> Reply:
        """Leave configuration mode."""
        self.device.editors.pop(self.session, None)
        self.level = ()
        return Reply(_LEAVING)

    @command("exit", "quit", mode="config")
    def _exit(self, match: Match) -> Reply:
        if not self.level:
            return self._exit_configuration(match)
        self.level = ()
        return Reply()

    @command("top", mode="config")
    def _top(self, _match: Match) -> Reply:
        self.level = ()
        return Reply()

    @command("up", mode="config")
    def _up(self, _match: Match) -> Reply:
        self.level = self.level[:-1]
        return Reply()

    @command("edit <path...>", mode="config")
    def _edit(self, match: Match) -> Reply:
        path = junos_tree.locate(words(match.args["path"]), self.level)
        if isinstance(path, Trouble):
            return self.trouble(path, "edit " + match.args["path"], 1)
        self.level = path
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


def _described(session: int, editor: Editor) -> list[str]:
    lines = [f"  {editor.user} terminal pts/{session} (pid {editor.pid}) on since {editor.since:%Y-%m-%d %H:%M:%S UTC}"]
    return [*lines, "      exclusive [edit]" if editor.exclusive else "      [edit]"]
