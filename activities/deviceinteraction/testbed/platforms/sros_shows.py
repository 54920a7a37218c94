"""What a simulated SR OS router says of itself and of its surroundings. It alters nothing.

Formats follow Nokia, "7x50 SR OS Show, Tools and Clear Command Reference Guide" (``show version``, ``show system
information``, ``show chassis``, ``show port``, ``show router bgp summary all``, ``show router route-table``), the
"MD-CLI User Guide" (``show system management-interface commit-history``, ``admin show configuration``) and, for the
ports, the template of ntc-templates.
"""

from datetime import datetime
from typing import ClassVar, Final

from activities.deviceinteraction.testbed import surroundings
from activities.deviceinteraction.testbed.cli import Cli, Reply, command
from activities.deviceinteraction.testbed.grammar import Match
from activities.deviceinteraction.testbed.platforms import identity, nokia_tree
from activities.deviceinteraction.testbed.platforms.sros_device import UPLINKS, Commit, SrosState
from activities.deviceinteraction.testbed.platforms.sros_schema import SCHEMA, STYLE
from activities.deviceinteraction.testbed.switch import Port

ANYWHERE: Final = "operational config"
VERSION: Final = "C-23.10.R1"
_MODEL: Final = "7750 SR-1"
_RULE: Final = "=" * 79
_THIN: Final = "-" * 79


class SrosShows(Cli):
    """What an SR OS router says of itself.

    Args:
        device: The device.
        session: The login's number.
        user: Who.
    """

    more: ClassVar[str] = "Press Q to quit, Enter to print next line or any other key to print next page."

    def __init__(self, device: SrosState, session: int, user: str) -> None:
        self.device = device
        self.session = session
        self.user = user

    @command("environment more false", mode=ANYWHERE)
    def _no_more(self, _match: Match) -> Reply:
        self.page_length = 0
        return Reply()

    @command(
        "environment console width <number>",
        "environment command-completion space false",
        "environment progress-indicator admin-state disable",
        "environment prompt timestamp false",
        mode=ANYWHERE,
    )
    def _environment(self, _match: Match) -> Reply:
        return Reply()

    @command("show version", mode=ANYWHERE)
    def _show_version(self, _match: Match) -> Reply:
        return Reply(
            f"TiMOS-{VERSION} cpm/x86_64 Nokia 7750 SR Copyright (c) 2000-2023 Nokia.\n"
            "All rights reserved. All use subject to applicable license agreements.\n"
            "Built on Thu Oct 26 20:19:47 UTC 2023 by builder in /builds/2310B/R1/panos/main/sros\n"
        )

    @command("show system information", mode=ANYWHERE)
    def _show_information(self, _match: Match) -> Reply:
        up = self.device.uptime()
        clock = f"{up.seconds // 3600:02}:{up.seconds // 60 % 60:02}:{up.seconds % 60:02}.31"
        facts = {
            "System Name": self.device.hostname,
            "System Type": _MODEL,
            "Chassis Topology": "Standalone",
            "System Version": VERSION,
            "System Location": nokia_tree.value(self.device.running, "system", "location") or "(Not Specified)",
            "System Up Time": f"{up.days} days, {clock} (hr:min:sec)",
            "Configuration Mode Cfg": "model-driven",
            "Configuration Mode Oper": "model-driven",
        }
        return _table("System Information", [f"{name:<23}: {value}" for name, value in facts.items()], thin=False)

    @command("show chassis", mode=ANYWHERE)
    def _show_chassis(self, _match: Match) -> Reply:
        facts = {
            "Name": self.device.hostname,
            "Type": _MODEL,
            "Chassis Topology": "Standalone",
            "Part number": "3HE11942AARB01",
            "Serial number": identity.serial(self.device.spec, "NS2148"),
            "Base MAC address": identity.mac(self.device.spec),
        }
        return _table("Chassis Information", [f"  {name:<34}: {value}" for name, value in facts.items()], thin=False)

    @command("admin show configuration", mode=ANYWHERE)
    def _show_configuration(self, _match: Match) -> Reply:
        now = self.device.clock.now()
        lines = nokia_tree.braces(self.device.running, SCHEMA, STYLE, 1)
        return Reply(
            "\n".join([
                f"# TiMOS-{VERSION} cpm/x86_64 Nokia 7750 SR Copyright (c) 2000-2023 Nokia.",
                f"# Generated {now:%a %b %d %H:%M:%S %Y} UTC",
                "# Configuration format version 23.10 revision 0",
                "",
                "configure {",
                *lines,
                "}",
                "",
                "persistent-indices {",
                "    vrtr-id {",
                '        router-name "vprn-management" { vrtr-id 4095 }',
                "    }",
                "}",
                "",
                f"# Finished {now:%a %b %d %H:%M:%S %Y} UTC",
                "",
            ])
        )  # fmt: skip

    @command("admin save", mode=ANYWHERE)
    def _save(self, _match: Match) -> Reply:
        self.device.save()
        return Reply("Writing configuration to cf3:\\config.cfg\nSaving configuration OK\nCompleted.\n")

    @command("admin reboot now", mode=ANYWHERE)
    def _reboot(self, _match: Match) -> Reply:
        self.device.reboot(self.user)
        return Reply("INFO: CLI #2501: Rebooting\n")

    @command("show system management-interface commit-history", mode=ANYWHERE)
    def _show_commits(self, _match: Match) -> Reply:
        lines = [f"Total Commits : {len(self.device.commits)}", ""]
        for commit in self.device.commits:
            lines += self._told(commit)
        return _table("Commit History", lines, thin=False)

    def _told(self, commit: Commit) -> list[str]:
        where = self.device.location(commit)
        return [
            str(commit.number),
            f"  Committed {_stamp(commit.at)} by {commit.user} (MD-CLI) from 10.128.4.1",
            *([f'  Comment   "{commit.comment}"'] if commit.comment else []),
            *([f'  Location  "{where}"'] if where else []),
        ]

    @command("show port", mode=ANYWHERE)
    def _show_port(self, _match: Match) -> Reply:
        lines = [
            "Port          Admin Link Port    Cfg  Oper LAG/ Port Port Port   C/QS/S/XFP/",
            "Id            State      State   MTU  MTU  Bndl Mode Encp Type   MDIMDX",
            _THIN,
        ]
        lines += [self._port(port) for port in self.device.ports()]
        return _table("Ports on Slot 1", lines, thin=False)

    @staticmethod
    def _port(port: Port) -> str:
        admin, link = ("Down" if port.shutdown else "Up"), ("Yes" if port.up else "No")
        state = "Up" if port.up else "Down"
        mode = "netw" if port.mode == "trunk" else "accs"
        return f"{port.name:<13} {admin:<5} {link:<4} {state:<7} 9000 9000    - {mode} null cgige  100GBASE-LR4"

    @command("show system lldp neighbor", mode=ANYWHERE)
    def _show_lldp(self, _match: Match) -> Reply:
        links = surroundings.links(self.device.ports())
        lines = [
            "NB = nearest-bridge   NTPMR = nearest-non-tpmr   NC = nearest-customer",
            _RULE,
            "Lcl Port      Scope Remote Chassis ID  Index  Remote Port     Remote System Name",
            _THIN,
        ]
        lines += [
            f"{link.local.name:<13} NB    00:00:5E:00:53:AA  {index:<6} {link.port:<15} {link.host}.example.net"
            for index, link in enumerate(links, 1)
        ]
        lines += [_RULE, f"Number of neighbors : {len(links)}"]
        return _table("Link Layer Discovery Protocol (LLDP) System Information", lines, thin=False)

    @command("show router bgp summary all", mode=ANYWHERE)
    def _show_bgp(self, _match: Match) -> Reply:
        peers = self.device.peers
        if not peers:
            return Reply("No Matching Entries Found")
        lines = [
            "Legend : D - Dynamic Neighbor",
            _RULE,
            "Neighbor",
            "Description",
            "ServiceId          AS PktRcvd InQ  Up/Down   State|Rcv/Act/Sent (Addr Family)",
            "                      PktSent OutQ",
            _THIN,
        ]
        for peer in peers:
            said = "Idle" if peer.prefixes is None else f"{peer.prefixes}/{peer.prefixes}/2 (IPv4)"
            lines += [peer.address, f"Def. Inst  {peer.asn:>10}     120    0 01h40m12s {said}"]
            lines += ["                          118    0           "]
        return _table("BGP Summary", lines, thin=True)

    @command("show router route-table", mode=ANYWHERE)
    def _show_routes(self, _match: Match) -> Reply:
        ups = [
            index for index, name in enumerate(UPLINKS, 1) if any(p.name == name and p.up for p in self.device.ports())
        ]
        site = self.device.spec.number % 250
        rows = [("0.0.0.0/0", "Remote", "Static", f"10.1.{site}.2", 1, 5)] if 1 in ups else []
        rows += [(f"10.{index}.{site}.0/30", "Local", "Local", f"to-dist-{index}", 0, 0) for index in ups]
        rows += [(f"10.98.0.{site}/32", "Local", "Local", "system", 0, 0)]
        lines = [
            "Dest Prefix[Flags]                            Type    Proto     Age        Pref",
            "      Next Hop[Interface Name]                                    Metric",
            _THIN,
        ]
        for prefix, kind, owner, hop, metric, preference in rows:
            lines += [f"{prefix:<45} {kind:<7} {owner:<9} 41d03h17m  {preference}", f"       {hop:<59} {metric}"]
        lines += [_THIN, f"No. of Routes: {len(rows)}", "Flags: n = Number of times nexthop is repeated"]
        return _table("Route Table (Router: Base)", lines, thin=False)


def _table(title: str, lines: list[str], *, thin: bool) -> Reply:
    return Reply("\n".join([_RULE, title, _RULE, *lines, _THIN if thin else _RULE, ""]))


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 100_000}+00:00"
