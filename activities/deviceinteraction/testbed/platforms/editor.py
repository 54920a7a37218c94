"""The CLI that IOS-XE, NX-OS and EOS share: exec mode, configuration modes, and the lines that those accept.

A line that stands in no table here is refused in the platform's own words. The tables are an allow-list: what they
name besides VLANs and switch ports (``ntp server``, ``logging``, ``spanning-tree`` and so on) is kept as written,
under the key that makes it replace an older value, and not judged further. A line takes effect at once; real
IOS-XE and NX-OS switches create a VLAN only when its submode is left.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar, Generic, TypeVar

from activities.deviceinteraction.testbed.cli import Cli, Question, Reply, Setting, command, filter_lines, split_pipes
from activities.deviceinteraction.testbed.grammar import Match, Refused
from activities.deviceinteraction.testbed.platforms.indented import IndentedDevice
from activities.deviceinteraction.testbed.tree import ConfigTree, Line
from activities.deviceinteraction.testbed.vlanlist import vlan_numbers, vlan_ranges

D = TypeVar("D", bound=IndentedDevice)

CONFIG = "config config-vlan config-if config-line config-archive"

GLOBAL_SETTINGS = (
    Setting("aaa <text...>"),
    Setting("banner <text...>", 2),
    Setting("cdp <text...>"),
    Setting("clock timezone <text...>", 2),
    Setting("errdisable <text...>"),
    Setting("ip default-gateway <address>", 2),
    Setting("ip dhcp snooping <text...>"),
    Setting("ip domain <text...>", 3),
    Setting("ip domain-name <name>", 2),
    Setting("ip http <text...>"),
    Setting("ip name-server <text...>"),
    Setting("ip route <text...>"),
    Setting("ip routing"),
    Setting("ip ssh <text...>"),
    Setting("lldp <text...>"),
    Setting("logging <text...>"),
    Setting("ntp <text...>"),
    Setting("service <text...>"),
    Setting("snmp-server <text...>"),
    Setting("spanning-tree <text...>"),
    Setting("username <name> <text...>", 2),
)

INTERFACE_SETTINGS = (
    Setting("channel-group <text...>", 1),
    Setting("description <text...>", 1),
    Setting("duplex <text...>", 1),
    Setting("ip address <text...>", 2),
    Setting("ip dhcp <text...>"),
    Setting("lldp <text...>"),
    Setting("load-interval <text...>", 1),
    Setting("mtu <number>", 1),
    Setting("negotiation <text...>", 1),
    Setting("shutdown"),
    Setting("spanning-tree <text...>"),
    Setting("speed <text...>", 1),
    Setting("storm-control <text...>"),
    Setting("switchport access vlan <vlan>", 3),
    Setting("switchport mode access", 2),
    Setting("switchport mode trunk", 2),
    Setting("switchport nonegotiate"),
    Setting("switchport port-security <text...>"),
    Setting("switchport trunk native vlan <vlan>", 4),
    Setting("switchport voice vlan <vlan>", 3),
)

LINE_SETTINGS = (
    Setting("access-class <text...>", 1),
    Setting("exec-timeout <text...>", 1),
    Setting("logging synchronous"),
    Setting("login <text...>", 1),
    Setting("session-limit <number>", 1),
    Setting("stopbits <number>", 1),
    Setting("transport input <text...>", 2),
)

SHARED_SETTINGS: Mapping[str, tuple[Setting, ...]] = {
    "config": GLOBAL_SETTINGS,
    "config-if": INTERFACE_SETTINGS,
    "config-line": LINE_SETTINGS,
}


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
    longest_vlan_name: ClassVar[int] = 32
    greeting: ClassVar[str] = ""  # what "configure terminal" prints

    def __init__(self, device: D, session: int, user: str, level: int = 15) -> None:
        self.device: D = device
        self.session = session
        self.user = user
        self.level = level
        self._mode = "exec"
        self._sections: tuple[str, ...] = ()

    # What a platform brings

    @abstractmethod
    def invalid_vlan(self, typed: str, offset: int) -> Reply | None:
        """Judge a VLAN list as typed, which begins at an offset of its line: a refusal or ``None``."""

    def protected_vlan(self, number: int) -> Reply | None:  # noqa: ARG002
        """A refusal where a VLAN may not be removed."""
        return None

    def missing_vlan(self, number: int) -> str:  # noqa: ARG002
        """What is said, and done, where a port is put into a VLAN that does not exist."""
        return ""

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
        negated = line.split()[0].lower() == "no"
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
            head = line.split("|")[0]
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
                    section.children = [line for line in section.children if not _under(line.text, prefix)]
                else:
                    _put(section, match.text, key, whole=not match.entry.key)

        self.edit(change)
        return Reply(self._after_setting(match))

    def _targets(self, tree: ConfigTree) -> list[Line]:
        if not self._sections:
            return [tree]
        return [line for line in tree.children if line.text in self._sections]

    def _after_setting(self, match: Match) -> str:
        if match.negated or not match.text.startswith("switchport access vlan "):
            return ""
        number = int(match.args["vlan"])
        return "" if number in self.device.vlans() else self.missing_vlan(number)

    # Names, VLANs and interfaces

    @command("hostname <name>", mode="config")
    def _hostname(self, match: Match) -> Reply:
        name = "Switch" if match.negated else match.args["name"]
        self.edit(lambda tree: _put(tree, f"hostname {name}", "hostname", whole=False))
        return Reply()

    @command("vlan <vlans>", mode="config")
    def _vlan(self, match: Match) -> Reply:
        typed = match.args["vlans"].rstrip(",")
        refusal = self.invalid_vlan(typed, len("no vlan " if match.negated else "vlan "))
        if refusal is not None:
            return refusal
        numbers = vlan_numbers(typed)
        sections = tuple(f"vlan {number}" for number in numbers)
        if not match.negated:
            self.edit(lambda tree: _add_missing(tree, [text for text in sections if text != "vlan 1"]))
            return self.enter("config-vlan", *sections)
        for number in numbers:
            protected = self.protected_vlan(number)
            if protected is not None:
                return protected

        def remove(tree: ConfigTree) -> None:
            tree.children = [line for line in tree.children if line.text not in sections]

        self.edit(remove)
        return self.enter("config")

    @command("name <text...>", mode="config-vlan")
    def _vlan_name(self, match: Match) -> Reply:
        name = match.args["text"].strip('"')
        if not match.negated and (len(name) > self.longest_vlan_name or " " in name):
            return self.refusal(Refused("invalid", len("name ") + self.longest_vlan_name), match.text)
        self._set_in_sections("name", None if match.negated else f"name {name}")
        return Reply()

    @command("state active", mode="config-vlan")
    def _state_active(self, _match: Match) -> Reply:
        self._set_in_sections("state", None)
        return Reply()

    @command("state suspend", mode="config-vlan")
    def _state_suspend(self, match: Match) -> Reply:
        self._set_in_sections("state", None if match.negated else "state suspend")
        return Reply()

    @command("interface <name...>", mode="config")
    def _interface(self, match: Match) -> Reply:
        name = self.device.interface_name(match.args["name"])
        if name is None:
            offset = len("no interface " if match.negated else "interface ")
            return self.refusal(Refused("invalid", offset), match.text)
        text = f"interface {name}"
        if not match.negated:
            self.edit(lambda tree: _add_missing(tree, [text]))
            return self.enter("config-if", text)
        if name in self.device.physical:
            return Reply("% Removal of physical interfaces is not permitted", "rejected")

        def remove(tree: ConfigTree) -> None:
            tree.children = [line for line in tree.children if line.text != text]

        self.edit(remove)
        return self.enter("config")

    @command("line <text...>", mode="config")
    def _line(self, match: Match) -> Reply:
        if not match.negated:
            self.edit(lambda tree: _add_missing(tree, [match.text]))
        return self.enter("config-line", match.text)

    @command("switchport", mode="config-if")
    def _switchport(self, match: Match) -> Reply:
        self._set_in_sections("no switchport", "no switchport" if match.negated else None)
        return Reply()

    @command("switchport trunk allowed vlan <text...>", mode="config-if")
    def _trunk_vlans(self, match: Match) -> Reply:
        key = "switchport trunk allowed vlan"
        words = match.args["text"].split()
        if match.negated or words == ["all"]:
            self._set_in_sections(key, None)
            return Reply()
        verb = words[0] if words[0] in ("add", "remove", "except", "none") else ""
        typed = "".join(words[1:] if verb else words)
        refusal = self.invalid_vlan(typed, len(match.text) - len(typed)) if verb != "none" else None
        if refusal is not None:
            return refusal
        for section in self._sections:
            line = self.tree.child(section)
            current = _current(line.value(key) if line else None)
            chosen = _choose(verb, current, set(vlan_numbers(typed)) if typed else set())
            self._set_in_sections(key, f"{key} {vlan_ranges(chosen) or 'none'}", only=section)
        return Reply()

    def _set_in_sections(self, key: str, text: str | None, *, only: str | None = None) -> None:
        """Put a line with a key into the current sections, or take it out of them."""

        def change(tree: ConfigTree) -> None:
            wanted = (only,) if only else self._sections
            _add_missing(tree, [section for section in wanted if section == "vlan 1"])
            for line in tree.children:
                if line.text in wanted:
                    if text is None:
                        line.children = [child for child in line.children if not _under(child.text, key)]
                    else:
                        _put(line, text, key, whole=False)

        self.edit(change)


def _under(text: str, prefix: str) -> bool:
    return text == prefix or text.startswith(prefix + " ")


def _put(section: Line, text: str, key: str, *, whole: bool) -> None:
    """Set a line: where the key stands already it is replaced in its place."""
    kept: list[Line] = []
    done = False
    for line in section.children:
        same = line.text == text if whole else _under(line.text, key)
        if not same:
            kept.append(line)
        elif not done:
            kept.append(Line(text, line.children))
            done = True
    section.children = kept if done else [*kept, Line(text)]


def _add_missing(tree: ConfigTree, texts: list[str]) -> None:
    known = {line.text for line in tree.children}
    tree.children += [Line(text) for text in texts if text not in known]


def _current(value: str | None) -> set[int]:
    if value is None:
        return set(range(1, 4095))
    return set() if value == "none" else set(vlan_numbers(value))


def _choose(verb: str, current: set[int], typed: set[int]) -> set[int]:
    match verb:
        case "add":
            return current | typed
        case "remove":
            return current - typed
        case "except":
            return set(range(1, 4095)) - typed
        case _:
            return typed
