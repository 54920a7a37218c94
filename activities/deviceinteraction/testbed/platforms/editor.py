"""The CLI that IOS-XE, NX-OS and EOS share: exec mode, configuration modes, and the lines that those accept.

A line that no command here knows and that stands in no table of `settings.py` is refused in the platform's own words.
A line takes effect at once; real IOS-XE and NX-OS switches create a VLAN only when its submode is left.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, Generic, TypeVar

from activities.deviceinteraction.testbed.cli import Cli, Question, Reply, command, filter_lines, split_pipes
from activities.deviceinteraction.testbed.grammar import Match, Refused
from activities.deviceinteraction.testbed.platforms.indented import IndentedDevice
from activities.deviceinteraction.testbed.tree import ConfigTree, Line

D = TypeVar("D", bound=IndentedDevice)

CONFIG = "config config-vlan config-if config-line config-archive"


class IndentedCli(Cli, Generic[D]):
    """A login on a device with indented configuration.

    Args:
        device: The device.
        session: The login's number.
        user: Who.
        level: The privilege with which the login starts.
    """

    pipes: ClassVar[tuple[str, ...]] = ("include", "exclude", "begin", "section", "count", "no-more")
    exec_in_config: ClassVar[bool] = True  # whether exec commands work in configuration modes without "do"
    greeting: ClassVar[str] = ""  # what "configure terminal" prints

    def __init__(self, device: D, session: int, user: str, level: int = 15) -> None:
        self.device: D = device
        self.session = session
        self.user = user
        self.level = level
        self._mode = "exec"
        self._sections: tuple[str, ...] = ()

    # Modes

    @property
    def mode(self) -> str:
        """See `Cli.mode`."""
        return self._mode

    @property
    def tree(self) -> ConfigTree:
        """The configuration that lines alter."""
        return self.device.running

    def edit(self, change: Callable[[ConfigTree], None]) -> None:
        """Alter the configuration that lines alter."""
        self.device.edit(change, self.user)

    def enter(self, mode: str, *sections: str) -> Reply:
        """Go to a mode, and inside these sections."""
        self._mode = mode
        self._sections = sections
        return Reply()

    def interrupt(self) -> None:
        """Ctrl-Z is ``end``."""
        if self._mode != "exec":
            self.end()

    def closed(self) -> None:
        """Nothing is held: a configuration session outlives the login, and nothing here locks."""

    def end(self) -> Reply:
        """Back to exec mode."""
        return self.enter("exec")

    def leave_config(self) -> Reply:
        """``exit`` in global configuration mode."""
        return self.end()

    @command("exit", "quit", "logout", level=1)
    def _logout(self, _match: Match) -> Reply:
        return Reply(close=True)

    @command("configure terminal", "configure")
    def _configure_terminal(self, _match: Match) -> Reply:
        self.enter("config")
        return Reply(self.greeting)

    @command("terminal length <number>", level=1)
    def _terminal_length(self, match: Match) -> Reply:
        self.page_length = int(match.args["number"])
        return Reply()

    @command(
        "terminal width <number>",
        "terminal no monitor",
        "terminal monitor",
        "terminal dont-ask",
        "no terminal monitor",
        level=1,
    )
    def _terminal_other(self, _match: Match) -> Reply:
        return Reply()

    @command("exit", mode=CONFIG)
    def _exit(self, _match: Match) -> Reply:
        return self.leave_config() if self._mode == "config" else self.enter("config")

    @command("end", mode=CONFIG)
    def _end(self, _match: Match) -> Reply:
        return self.end()

    # Privilege

    @command("enable", level=1)
    def _enable(self, _match: Match) -> Reply:
        return Reply() if self.level == 15 else Reply(question=self._password(attempts=3))

    def _password(self, attempts: int) -> Question:
        def answer(secret: str) -> Reply:
            if secret == self.device.login.enable_secret:
                self.level = 15
                return Reply()
            if attempts > 1:
                return Reply(result="rejected", question=self._password(attempts - 1))
            return Reply("% Bad secrets\n", "rejected")

        return Question("Password: ", answer, by="hidden")

    @command("disable", level=1)
    def _disable(self, _match: Match) -> Reply:
        self.level = 1
        return Reply()

    # Lines

    def execute(self, line: str) -> Reply:
        """See `Cli.execute`."""
        stripped = line.strip()
        if not stripped or stripped.startswith("!"):
            return Reply()
        if self._mode == "exec":
            return self.run_exec(line, 0)
        if stripped.lower().startswith("do "):
            return self.run_exec(line, len(line) - len(line.lstrip()) + 3)
        return self._configure(line)

    def run_exec(self, line: str, start: int) -> Reply:
        """Do an exec command that begins at a character of a line."""
        split = split_pipes(line, self.pipes)
        if isinstance(split, Refused):
            return self.refusal(split, line)
        head, pipes = split
        match = self.grammars["exec"].match(head, level=self.level, start=start)
        if isinstance(match, Refused):
            return self.refusal(match, line)
        reply: Reply = match.entry.run(self, match)
        return replace(reply, text=filter_lines(reply.text, pipes)) if pipes else reply

    def _configure(self, line: str) -> Reply:
        negated = line.lower().split(maxsplit=1)[0] == "no"
        start = line.lower().index("no") + 2 if negated else 0
        refused: Refused | None = None
        for mode in dict.fromkeys((self._mode, "config")):
            match = self.grammars[mode].match(line, partial=negated, start=start)
            if isinstance(match, Match):
                if mode != self._mode:
                    self.enter("config")
                reply: Reply = match.entry.run(self, replace(match, negated=negated))
                return reply
            if refused is None or match.offset > refused.offset:
                refused = match
        if self.exec_in_config and not negated:
            head = line.partition("|")[0]
            if isinstance(self.grammars["exec"].match(head, level=self.level), Match):
                return self.run_exec(line, 0)
        assert refused is not None
        return self.refusal(refused, line)

    # Plain settings

    def store(self, match: Match) -> Reply:
        """See `Cli.store`."""
        words = match.text.split()
        key = " ".join(words[: match.entry.key]) if match.entry.key else match.text

        def change(tree: ConfigTree) -> None:
            for section in self._targets(tree):
                if match.negated:
                    prefix = key if match.complete and match.entry.key else match.text
                    section.children = [line for line in section.children if not under(line.text, prefix)]
                else:
                    put(section, match.text, key, whole=not match.entry.key)

        self.edit(change)
        return Reply(self.after_setting(match))

    def _targets(self, tree: ConfigTree) -> list[Line]:
        if not self._sections:
            return [tree]
        return [line for line in tree.children if line.text in self._sections]

    def after_setting(self, match: Match) -> str:  # noqa: ARG002
        """What is said, and done, once a plain setting is stored."""
        return ""


def under(text: str, prefix: str) -> bool:
    """Whether a line is a prefix, or begins with its words."""
    return text == prefix or text.startswith(prefix + " ")


def put(section: Line, text: str, key: str, *, whole: bool) -> None:
    """Set a line: where the key stands already it is replaced in its place."""
    kept: list[Line] = []
    done = False
    for line in section.children:
        same = line.text == text if whole else under(line.text, key)
        if not same:
            kept.append(line)
        elif not done:
            kept.append(Line(text, line.children))
            done = True
    section.children = kept if done else [*kept, Line(text)]


def add_missing(tree: ConfigTree, texts: list[str]) -> None:
    """Add the top-level lines that are not there."""
    known = {line.text for line in tree.children}
    tree.children += [Line(text) for text in texts if text not in known]
