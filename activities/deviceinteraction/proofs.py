"""What each platform can do, and how that is known: from real software, from the vendor's pages, or not yet at all.

`python -m activities.deviceinteraction.proofs` in the repository (part of `make reference`) writes the page; a test
says when it is not current. What a platform offers is taken from its class; how it is known is declared here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, assert_never, get_args

from activities.deviceinteraction.model import PlatformName, Section
from activities.deviceinteraction.platforms.filesystems import FILESYSTEMS
from activities.deviceinteraction.platforms.operations import RESTARTS
from activities.deviceinteraction.platforms.protocol import NoTimer, Platform
from activities.deviceinteraction.platforms.registry import PLATFORMS
from activities.deviceinteraction.platforms.replacing import refused
from activities.deviceinteraction.state import sections_read_on

Known = Literal["real", "documented", "unproven"]
Change = Literal["facts", "propose", "replace", "apply", "confirm", "native", "inverse", "restore", "save"]
Deed = Literal["show", "interact", "run", "rpc", "copy", "reboot"]
Capability = Section | Change | Deed
PAGE: Final = Path(__file__).parents[2] / "deploy" / "reference" / "platforms.md"
_SECTIONS: Final[tuple[Capability, ...]] = get_args(Section)
_CHANGES: Final[tuple[Capability, ...]] = get_args(Change)
_DEEDS: Final[tuple[Capability, ...]] = get_args(Deed)
_MACHINES: Final = frozenset({"bird", "openvswitch", "linux"})  # reached by commands of a shell
_NO_LINES: Final = frozenset({"netconf", "restconf"})  # reached by operations
_HEAD: Final = """\
# Platforms

What netsaga does on each platform, and how that is known:

- `real`: a test of this repository does it on the software itself (`tests/real`, Debian's packages);
- `documented`: a test does it on the testbed's device, which behaves as the vendor's pages say;
- `unproven`: it is built after the documentation, and no test has seen a device do it;
- `no`: the platform has no such thing, or netsaga does not use it.

The first table is about the sections of a snapshot, which have [one shape](README.md) on all platforms: `no` where a
platform has no such thing, as a router has no VLANs.

In the second one, `propose` shows a change before it is made, and `replace` makes a text the whole configuration
(`mode: replace`). `confirm` means that the device takes an unconfirmed change back by itself, also when the session is
gone. `native`, `inverse` and `restore` are the ways in which a change is taken back; which of them a given device has,
and whether its timer can be relied on, `netsaga probe HOST` looks up. The third table is of what is done
besides changes.

"""


@dataclass(frozen=True, slots=True)
class Proof:
    """How a platform is known.

    Args:
        known: How, but for the exceptions.
        by: From what, for people.
        lacks: What it does not offer, where its class does not say so.
        otherwise: What is known in another way.
        within: What is known in another way for a part of the devices alone: the part, and how.
    """

    known: Known
    by: str
    lacks: frozenset[Capability] = frozenset()
    otherwise: Mapping[Capability, Known] = field(default_factory=dict)
    within: Mapping[Capability, tuple[str, Known]] = field(default_factory=dict)


PROOFS: Final[Mapping[PlatformName, Proof]] = {
    "cisco_iosxe": Proof("documented", "Cisco's configuration guides and command references"),
    "cisco_nxos": Proof("documented", "Cisco's Nexus 9000 guides"),
    "arista_eos": Proof("documented", "Arista's EOS user manual"),
    "juniper_junos": Proof("documented", "Juniper's CLI user guide"),
    "cisco_iosxr": Proof("documented", "Cisco's IOS XR configuration guides", lacks=frozenset({"vlans"})),
    "nokia_srlinux": Proof(
        "documented", "Nokia's SR Linux configuration basics guide and learn.srlinux.dev", lacks=frozenset({"vlans"})
    ),
    "nokia_sros": Proof("documented", "Nokia's SR OS MD-CLI user guide", lacks=frozenset({"vlans"})),
    "frr": Proof("real", "FRR 8 behind OpenSSH", lacks=frozenset({"vlans"})),
    "bird": Proof("real", "BIRD 2 behind OpenSSH", lacks=frozenset({"vlans"})),
    "openvswitch": Proof("real", "Open vSwitch 3 behind OpenSSH"),
    "linux": Proof(
        "real",
        "Debian behind OpenSSH",
        lacks=frozenset({"vlans"}),
        within={"confirm": ("where systemd runs (`systemd-run`)", "unproven")},
    ),
    "netconf": Proof(
        "real",
        "netconfd 2 (yuma123) behind OpenSSH",
        lacks=frozenset({"vlans"}),
        otherwise={"interfaces": "unproven"},
    ),
    "restconf": Proof(
        "documented", "RFC 8040 and Cisco's programmability guide for IOS XE", lacks=frozenset({"vlans"})
    ),
}


def known(platform: Platform, capability: Capability) -> Known | None:
    """How a capability of a platform is known; ``None`` where there is none."""
    proof = PROOFS[platform.name]
    match capability:
        case "native" | "inverse" | "restore":
            offered = capability in platform.undo_methods
        case "replace":
            offered = refused(platform.name) is None
        case "confirm":
            offered = not isinstance(platform.timer, NoTimer)
        case "copy":
            offered = platform.name in FILESYSTEMS
        case "reboot":
            offered = platform.name in RESTARTS
        case "run":
            offered = platform.name in _MACHINES
        case "rpc":
            offered = platform.name in _NO_LINES
        case "interact":
            offered = platform.name not in _MACHINES | _NO_LINES
        case "show":
            offered = platform.name != "netconf"
        case "neighbours" | "bgp" | "routes" | "spanning_tree" | "versions":
            offered = capability in sections_read_on(platform.name) and capability not in proof.lacks
        case "facts" | "config" | "vlans" | "interfaces" | "propose" | "apply" | "save":
            offered = capability not in proof.lacks
        case _:
            assert_never(capability)
    return proof.otherwise.get(capability, proof.known) if offered else None


def page() -> str:
    """The page."""
    return _HEAD + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    for capabilities in (_SECTIONS, _CHANGES, _DEEDS):
        yield f"| platform | {' | '.join(f'`{name}`' for name in capabilities)} |"
        yield f"|{'---|' * (len(capabilities) + 1)}"
        for name, platform in PLATFORMS.items():
            yield f"| `{name}` | {' | '.join(_cell(platform, capability) for capability in capabilities)} |"
        yield ""
    yield "| platform | known from | diff | confirm timer |"
    yield "|---|---|---|---|"
    for name, platform in PLATFORMS.items():
        made = {"computed_by_device": "computed by the device", "modelled": "modelled"}.get(platform.made, "none")
        timer = platform.timer
        held = f"none: {timer.reason}" if isinstance(timer, NoTimer) else f"{timer.unit_s} to {timer.longest_s:,} s"
        yield f"| `{name}` | {PROOFS[name].by} | {made} | {held} |"


def _cell(platform: Platform, capability: Capability) -> str:
    whole = known(platform, capability) or "no"
    part = PROOFS[platform.name].within.get(capability)
    return whole if part is None else f"{whole}; {part[1]} {part[0]}"


def main() -> None:
    """Writes the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
