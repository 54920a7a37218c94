"""What each platform can do, and how that is known: from real software, from the vendor's pages, or not yet at all.

`python -m activities.deviceinteraction.proofs` in the repository (part of `make reference`) writes the page; a test
says when it is not current. What a platform offers is taken from its class; how it is known is declared here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from activities.deviceinteraction.model import PlatformName
from activities.deviceinteraction.platforms.protocol import NoTimer, Platform
from activities.deviceinteraction.platforms.registry import PLATFORMS

Known = Literal["real", "documented", "unproven"]
Capability = Literal[
    "facts", "config", "vlans", "interfaces", "propose", "apply", "confirm", "native", "inverse", "restore", "save"
]
PAGE: Final = Path(__file__).parents[2] / "deploy" / "reference" / "platforms.md"
_ABILITIES: Final[tuple[Capability, ...]] = get_args(Capability)
_HEAD: Final = """\
# Platforms

What netsaga does on each platform, and how that is known:

- `real`: a test of this repository does it on the software itself (`tests/real`, Debian's packages);
- `documented`: a test does it on the testbed's device, which behaves as the vendor's pages say;
- `unproven`: it is built after the documentation, and no test has seen a device do it;
- `no`: the platform has no such thing, or netsaga does not use it.

`propose` shows a change before it is made. `confirm` means that the device takes an unconfirmed change back by itself,
also when the session is gone. `native`, `inverse` and `restore` are the ways in which a change is taken back; which of
them a given device has, and whether its timer can be relied on, `netsaga probe HOST` looks up.

"""


@dataclass(frozen=True, slots=True)
class Proof:
    """How a platform is known.

    Args:
        known: How, but for the exceptions.
        by: From what, for people.
        lacks: What it does not offer, where its class does not say so.
        otherwise: What is known in another way.
    """

    known: Known
    by: str
    lacks: frozenset[Capability] = frozenset()
    otherwise: Mapping[Capability, Known] = field(default_factory=dict)


PROOFS: Final[Mapping[PlatformName, Proof]] = {
    "cisco_iosxe": Proof("documented", "Cisco's configuration guides and command references"),
    "cisco_nxos": Proof("documented", "Cisco's Nexus 9000 guides"),
    "arista_eos": Proof("documented", "Arista's EOS user manual"),
    "juniper_junos": Proof("documented", "Juniper's CLI user guide"),
    "cisco_iosxr": Proof("documented", "Cisco's IOS XR configuration guides", lacks=frozenset({"vlans"})),
    "frr": Proof("real", "FRR 8 behind OpenSSH", lacks=frozenset({"vlans"})),
    "bird": Proof("real", "BIRD 2 behind OpenSSH", lacks=frozenset({"vlans"})),
    "openvswitch": Proof("real", "Open vSwitch 3 behind OpenSSH"),
    "linux": Proof("real", "Debian behind OpenSSH", lacks=frozenset({"vlans"})),
    "netconf": Proof(
        "real",
        "netconfd 2 (yuma123) behind OpenSSH",
        lacks=frozenset({"vlans"}),
        otherwise={"interfaces": "unproven"},
    ),
}


def known(platform: Platform, capability: Capability) -> Known | None:
    """How a capability of a platform is known; ``None`` where there is none."""
    proof = PROOFS[platform.name]
    match capability:
        case "native" | "inverse" | "restore":
            offered = capability in platform.undo_methods
        case "confirm":
            offered = not isinstance(platform.timer, NoTimer)
        case _:
            offered = capability not in proof.lacks
    return proof.otherwise.get(capability, proof.known) if offered else None


def page() -> str:
    """The page."""
    return _HEAD + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f"| platform | {' | '.join(f'`{name}`' for name in _ABILITIES)} |"
    yield f"|{'---|' * (len(_ABILITIES) + 1)}"
    for name, platform in PLATFORMS.items():
        yield f"| `{name}` | {' | '.join(known(platform, capability) or 'no' for capability in _ABILITIES)} |"
    yield ""
    yield "| platform | known from | diff | confirm timer |"
    yield "|---|---|---|---|"
    for name, platform in PLATFORMS.items():
        made = {"computed_by_device": "computed by the device", "modelled": "modelled"}.get(platform.made, "none")
        timer = platform.timer
        held = f"none: {timer.reason}" if isinstance(timer, NoTimer) else f"{timer.unit_s} to {timer.longest_s:,} s"
        yield f"| `{name}` | {PROOFS[name].by} | {made} | {held} |"


def main() -> None:
    """Writes the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
