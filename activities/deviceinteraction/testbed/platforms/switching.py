"""The lines that name the device, its VLANs and its interfaces, on IOS-XE, NX-OS and EOS.

They stand on the modes of `editor.py`; what differs between the platforms is a hook that each of them fills.
"""

from abc import abstractmethod
from typing import ClassVar, Generic, TypeVar

from activities.deviceinteraction.testbed.cli import Reply, command
from activities.deviceinteraction.testbed.grammar import Match, Refused
from activities.deviceinteraction.testbed.platforms.editor import IndentedCli, add_missing, put, under
from activities.deviceinteraction.testbed.platforms.indented import IndentedDevice
from activities.deviceinteraction.testbed.tree import ConfigTree
from activities.deviceinteraction.testbed.vlanlist import vlan_numbers, vlan_ranges

D = TypeVar("D", bound=IndentedDevice)


class SwitchCli(IndentedCli[D], Generic[D]):
    """A login on a switch with indented configuration."""

    longest_vlan_name: ClassVar[int] = 32

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

    def after_setting(self, match: Match) -> str:
        """A port that is put into a missing VLAN."""
        if match.negated or not match.text.startswith("switchport access vlan "):
            return ""
        number = int(match.args["vlan"])
        return "" if number in self.device.vlans() else self.missing_vlan(number)

    # Names, VLANs and interfaces

    @command("hostname <name>", mode="config")
    def _hostname(self, match: Match) -> Reply:
        name = "Switch" if match.negated else match.args["name"]
        self.edit(lambda tree: put(tree, f"hostname {name}", "hostname", whole=False))
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
            self.edit(lambda tree: add_missing(tree, [text for text in sections if text != "vlan 1"]))
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
            self.edit(lambda tree: add_missing(tree, [text]))
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
            self.edit(lambda tree: add_missing(tree, [match.text]))
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
            add_missing(tree, [section for section in wanted if section == "vlan 1"])
            for line in tree.children:
                if line.text in wanted:
                    if text is None:
                        line.children = [child for child in line.children if not under(child.text, key)]
                    else:
                        put(line, text, key, whole=False)

        self.edit(change)


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
