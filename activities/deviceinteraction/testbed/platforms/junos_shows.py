"""The operational mode of simulated Junos: its show commands. They alter nothing.

ntc-templates parses those for which it has a template. Formats follow Juniper, "CLI Reference", Junos OS 21.4.
"""

from abc import abstractmethod
from typing import ClassVar

from activities.deviceinteraction.testbed.cli import Cli, Pipe, Question, Reply, command, filter_lines
from activities.deviceinteraction.testbed.grammar import Match
from activities.deviceinteraction.testbed.platforms import identity, junos_tree
from activities.deviceinteraction.testbed.platforms.files import left
from activities.deviceinteraction.testbed.platforms.junos_device import Commit, JunosState, words
from activities.deviceinteraction.testbed.platforms.junos_schema import SCHEMA, Tree
from activities.deviceinteraction.testbed.switch import members

MODEL = "ex2300-24t"
PIPES = ("match", "except", "find", "count", "no-more", "display", "compare", "trim", "hold")


class JunosShows(Cli):
    """What an EX switch says of itself.

    Args:
        device: The device.
        session: The login's number.
        user: Who.
    """

    more: ClassVar[str] = "---(more)---"

    def __init__(self, device: JunosState, session: int, user: str) -> None:
        self.device = device
        self.session = session
        self.user = user

    @abstractmethod
    def missing(self, what: str) -> Reply:
        """The platform's words for something that is not there."""

    @command("set cli screen-length <number>")
    def _screen_length(self, match: Match) -> Reply:
        self.page_length = int(match.args["number"])
        return Reply(f"Screen length set to {self.page_length}")

    @command("set cli screen-width <number>")
    def _screen_width(self, match: Match) -> Reply:
        return Reply(f"Screen width set to {match.args['number']}")

    @command("set cli complete-on-space off", "set cli complete-on-space on")
    def _complete_on_space(self, match: Match) -> Reply:
        return Reply("Disabling complete-on-space" if match.text.endswith("off") else "Enabling complete-on-space")

    @command("set cli timestamp disable", "set cli idle-timeout <number>")
    def _set_cli(self, _match: Match) -> Reply:
        return Reply()

    @command("show version")
    def _show_version(self, _match: Match) -> Reply:
        release = junos_tree.value(self.device.active, "version") or ""
        return Reply(
            f"Hostname: {self.device.hostname}\nModel: {MODEL}\nJunos: {release}\n"
            f"JUNOS OS Kernel 32-bit  [20220311.79a1f4b_builder_stable_11]\nJUNOS OS libs [20220311.79a1f4b_builder]\n"
            f"JUNOS Base OS boot [{release}]\n"
        )

    @command("show chassis hardware")
    def _show_chassis(self, _match: Match) -> Reply:
        number = identity.serial(self.device.spec, "JW36")
        return Reply(
            "Hardware inventory:\nItem             Version  Part number  Serial number     Description\n"
            f"Chassis                                {number:<17} EX2300-24T\n"
            f"Pseudo CB 0     \nRouting Engine 0          BUILTIN      BUILTIN           RE-EX2300-24T\n"
            f"FPC 0            REV 11   650-075727   {number:<17} EX2300-24T\n"
        )

    @command("show system uptime")
    def _show_uptime(self, _match: Match) -> Reply:
        now, booted, last = self.device.clock.now(), self.device.booted_at, self.device.commits[0]
        return Reply(
            f"Current time: {now:%Y-%m-%d %H:%M:%S UTC}\nTime Source:  NTP CLOCK \n"
            f"System booted: {booted:%Y-%m-%d %H:%M:%S UTC}\nProtocols started: {booted:%Y-%m-%d %H:%M:%S UTC}\n"
            f"Last configured: {last.at:%Y-%m-%d %H:%M:%S UTC} by {last.user}\n"
        )

    @command("request system reboot")
    def _reboot(self, _match: Match) -> Reply:
        def proceed(typed: str) -> Reply:
            if typed.lower() != "yes":
                return Reply()
            self.device.reboot(self.user)
            return Reply("Shutdown NOW!\n[pid 12345]\n")  # the prompt comes back before the session ends

        return Reply(question=Question("Reboot the system ? [yes,no] (no) ", proceed))

    @command("show cli authorization")
    def _show_authorization(self, _match: Match) -> Reply:
        return Reply(f"Current user: '{self.user}' login: '{self.user}' class 'super-user'\nPermissions:\n    all")

    @command("show system storage")
    def _show_storage(self, _match: Match) -> Reply:
        return Reply(
            "Filesystem              Size       Used      Avail  Capacity   Mounted on\n"
            f"/dev/gpt/junos          1.3G       533M       {left(self.device) // 1024**2}M       43%  /.mount\n"
        )

    @command("show vlans")
    def _show_vlans(self, _match: Match) -> Reply:
        ports = self.device.ports()
        up = {port.short for port in ports if port.up}
        lines = ["", "Routing instance        VLAN name             Tag          Interfaces"]
        for number, vlan in sorted(self.device.vlans().items(), key=lambda item: item[1].name):
            lines.append(f"{'default-switch':<23} {vlan.name:<21} {number:<13}".rstrip())
            lines += [" " * 63 + f"{name}.0{'*' if name in up else ''}" for name in members(ports, number, trunks=True)]
            lines.append("")
        return Reply("\n".join(lines))

    @command("show interfaces terse")
    def _show_terse(self, _match: Match) -> Reply:
        lines = ["Interface               Admin Link Proto    Local                 Remote"]
        for port in self.device.ports():
            state = f"{'down' if port.shutdown else 'up':<5} {'up' if port.up else 'down':<4}"
            lines.append(f"{port.name:<23} {state}".rstrip())
            family = junos_tree.dig(self.device.active, ("interfaces", port.name, "unit", "0", "family")) or {}
            address = next(iter(junos_tree.dig(family, ("inet", "address")) or {}), "")
            proto = "inet" if address else "eth-switch" if family else ""
            lines.append(f"{port.name + '.0':<23} {state} {proto:<8} {address}".rstrip())
        return Reply("\n".join(lines))

    @command("show interfaces descriptions")
    def _show_descriptions(self, _match: Match) -> Reply:
        lines = ["Interface       Admin Link Description"]
        for port in self.device.ports():
            if port.description:
                state = f"{'down' if port.shutdown else 'up':<5} {'up' if port.up else 'down':<4}"
                lines.append(f"{port.name:<15} {state} {port.description}")
        return Reply("\n".join(lines))

    @command("show system commit")
    def _show_commits(self, _match: Match) -> Reply:
        lines: list[str] = []
        for number, commit in enumerate(self.device.commits):
            lines.append(f"{number:<3} {commit.at:%Y-%m-%d %H:%M:%S UTC} by {commit.user} via {commit.via}")
            if commit.comment:
                lines.append(f"    {commit.comment}")
        return Reply("\n".join(lines))

    @command("show system rollback <number>")
    def _show_rollback(self, match: Match) -> Reply:
        commit = self.kept(int(match.args["number"]))
        if commit is None:
            return self.missing(f"rollback {match.args['number']}")
        return Reply(f"{_stamp(commit)}\n" + "\n".join(junos_tree.braces(commit.tree)))

    @command("show system rollback compare <number> <with>")
    def _compare_rollbacks(self, match: Match) -> Reply:
        new, old = self.kept(int(match.args["number"])), self.kept(int(match.args["with"]))
        if old is None or new is None:
            return self.missing("rollback")
        return Reply("\n".join(junos_tree.compare(old.tree, new.tree)))

    def kept(self, number: int) -> Commit | None:
        """The configuration that ``rollback NUMBER`` would load."""
        commits = self.device.commits
        return commits[number] if number < len(commits) else None

    def show_tree(self, tree: Tree, path_text: str, pipes: list[Pipe], *, headed: bool) -> Reply:
        """A configuration, or a part of it, through its pipes.

        Args:
            tree: The whole configuration.
            path_text: What part, as typed; empty for all.
            pipes: ``display set``, ``compare rollback N`` and those that choose lines.
            headed: Whether a whole configuration begins with a line that says when it was committed.
        """
        path = junos_tree.locate(words(path_text))
        if isinstance(path, junos_tree.Trouble):
            return self.missing(path_text)
        for pipe in pipes:
            if pipe.keyword == "compare":
                return self._compared(tree, pipe, pipes)
        below = junos_tree.dig(tree, path) or {}
        if any(pipe.keyword == "display" and "set".startswith(pipe.argument or "?") for pipe in pipes):
            narrowed: Tree = below
            for word in reversed(path):
                narrowed = {word: narrowed}
            lines = junos_tree.set_lines(narrowed) if below else []
        else:
            lines = junos_tree.braces(below, junos_tree.at(path)) if path else junos_tree.braces(below, SCHEMA)
            if headed and not path:
                lines.insert(0, _stamp(self.device.commits[0]))
        return Reply(filter_lines("\n".join(lines), [pipe for pipe in pipes if pipe.keyword != "display"]))

    def _compared(self, tree: Tree, pipe: Pipe, pipes: list[Pipe]) -> Reply:
        argument = pipe.argument.split()
        number = int(argument[1]) if len(argument) == 2 and argument[1].isdigit() else 0
        commit = self.kept(number)
        if commit is None:
            return self.missing(f"rollback {number}")
        text = "\n".join(junos_tree.compare(commit.tree, tree))
        return Reply(filter_lines(text, [other for other in pipes if other.keyword not in ("compare", "display")]))


def _stamp(commit: Commit) -> str:
    return f"## Last commit: {commit.at:%Y-%m-%d %H:%M:%S UTC} by {commit.user}"
