"""What a simulated IOS-XE switch says of its surroundings, as ntc-templates and netsaga read it.

Formats follow Cisco, "Command Reference, Cisco IOS XE 17 (Catalyst 9200)": ``show lldp neighbors detail``, ``show ip
bgp summary``, ``show ip route``, ``show spanning-tree``, ``show interfaces counters``; and "Interface and Hardware
Component Command Reference", ``ping``.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from activities.deviceinteraction.model import TreePort
from activities.deviceinteraction.testbed import surroundings
from activities.deviceinteraction.testbed.cli import Reply, command
from activities.deviceinteraction.testbed.grammar import Match
from activities.deviceinteraction.testbed.platforms import identity
from activities.deviceinteraction.testbed.platforms.iosxe_shows import IosXeShows
from activities.deviceinteraction.testbed.switch import Port

ROLES: Final = {"root": "Root", "designated": "Desg", "alternate": "Altn", "backup": "Back", "disabled": "Dis"}
OCTETS_A_SECOND: Final = 125_000
STATES: Final = {"forwarding": "FWD", "blocking": "BLK", "learning": "LRN", "listening": "LIS", "discarding": "BLK"}


class IosXeWorld(IosXeShows):
    """Neighbours, peers, routes and trees."""

    @command("show lldp neighbors detail", level=1)
    def _show_lldp(self, _match: Match) -> Reply:
        entries = [
            f"------------------------------------------------\nLocal Intf: {link.local.short}\n"
            f"Chassis id: 0000.5e00.53aa\nPort id: {link.port}\nPort Description: to {self.device.hostname}\n"
            f"System Name: {link.host}.example.net\n\nSystem Description: \n"
            "Cisco IOS Software [Cupertino], Catalyst L3 Switch Software, Version 17.9.4a\n\n"
            "Time remaining: 101 seconds\nSystem Capabilities: B,R\nEnabled Capabilities: B,R\n"
            f"Management Addresses:\n    IP: {link.address}\nVlan ID: - not advertised\n"
            for link in surroundings.links(self.device.ports())
        ]
        return Reply("\n".join([*entries, f"\nTotal entries displayed: {len(entries)}"]))

    @command("show cdp neighbors detail", level=1)
    def _show_cdp(self, _match: Match) -> Reply:
        return Reply("\nTotal cdp entries displayed : 0")

    @command("show ip bgp summary")
    def _show_bgp(self, _match: Match) -> Reply:
        if not self.device.peers:
            return Reply("% BGP not active\n")
        lines = [
            f"BGP router identifier {identity.management_address(self.device.spec)}, local AS number 65001",
            "BGP table version is 12, main routing table version 12",
            "",
            "Neighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd",
        ]
        for peer in self.device.peers:
            said = "Idle" if peer.prefixes is None else str(peer.prefixes)
            lines.append(f"{peer.address:<15} 4 {peer.asn:>12} {120:>7} {118:>7} {12:>8}    0    0 01:40:12 {said:>8}")
        return Reply("\n".join(lines))

    @command("show ip route")
    def _show_routes(self, _match: Match) -> Reply:
        address = identity.management_address(self.device.spec)
        return Reply(
            "Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP\n"
            "       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area\n\n"
            f"Gateway of last resort is {surroundings.GATEWAY} to network 0.0.0.0\n\n"
            f"S*    0.0.0.0/0 [1/0] via {surroundings.GATEWAY}\n"
            "      10.0.0.0/8 is variably subnetted, 2 subnets, 2 masks\n"
            "C        10.99.0.0/16 is directly connected, Vlan99\n"
            f"L        {address}/32 is directly connected, Vlan99\n"
        )

    @command("ping <address>", level=1)
    def _ping(self, match: Match) -> Reply:
        """What the uplinks lead to answers as long as one of them is up; nobody else does."""
        links = surroundings.links(self.device.ports())
        there = {surroundings.GATEWAY, *(link.address for link in links), *(peer.address for peer in self.device.peers)}
        answers = bool(links) and match.args["address"] in there
        return Reply(
            "Type escape sequence to abort.\n"
            f"Sending 5, 100-byte ICMP Echos to {match.args['address']}, timeout is 2 seconds:\n"
            + (
                "!!!!!\nSuccess rate is 100 percent (5/5), round-trip min/avg/max = 1/1/2 ms"
                if answers
                else ".....\nSuccess rate is 0 percent (0/5)"
            )
        )

    @command("show interfaces counters", level=1)
    def _show_counters(self, _match: Match) -> Reply:
        """A link that is up carries a megabit a second either way, since the device has started."""
        octets = int(self.device.uptime().total_seconds() * OCTETS_A_SECOND)
        blocks = []
        for way in ("In", "Out"):
            blocks += [
                "",
                f"Port {way + 'Octets':>20}{way + 'UcastPkts':>19}{way + 'McastPkts':>19}{way + 'BcastPkts':>19}",
            ]
            for port in self.device.ports():
                seen = octets if port.up else 0
                blocks.append(f"{port.short:<10}{seen:>15}{seen // 500:>19}{seen // 50_000:>19}{seen // 90_000:>19}")
        return Reply("\n".join([*blocks, ""]))

    @command("show interfaces counters errors", level=1)
    def _show_errors(self, _match: Match) -> Reply:
        head = "\nPort        Align-Err     FCS-Err    Xmit-Err     Rcv-Err  UnderSize  OutDiscards"
        rows = [f"{port.short:<10}{0:>11}{0:>12}{0:>12}{0:>12}{0:>11}{0:>13}" for port in self.device.ports()]
        return Reply("\n".join([head, *rows, ""]))

    @command("show spanning-tree", level=1)
    def _show_trees(self, _match: Match) -> Reply:
        blocks = []
        for vlan in self.device.vlans():
            tree = surroundings.tree(self.device.ports(), vlan)
            if tree.ports:
                blocks.append(block(f"VLAN{vlan:04d}", tree, self.device.ports(), own=identity.mac(self.device.spec)))
        return Reply("\n\n".join(blocks) or "No spanning tree instance exists.")


def block(head: str, tree: surroundings.Tree, ports: Sequence[Port], *, own: str) -> str:
    """One tree, as IOS-XE and NX-OS print it."""
    mine = tree.root_port is None
    root = surroundings.dotted(own) if mine else surroundings.ROOT_MAC
    lines = [
        head,
        "  Spanning tree enabled protocol rstp",
        f"  Root ID    Priority    {tree.priority}",
        f"             Address     {root}",
        "             This bridge is the root" if mine else f"             Port        57 ({tree.root_port})",
        "             Hello Time   2 sec  Max Age 20 sec  Forward Delay 15 sec",
        "",
        f"  Bridge ID  Priority    {tree.priority + 28_672}",
        f"             Address     {surroundings.dotted(own)}",
        "",
        "Interface           Role Sts Cost      Prio.Nbr Type",
        "------------------- ---- --- --------- -------- --------------------------------",
        *_ports(tree.ports, {port.name: port for port in ports}),
    ]
    return "\n".join(lines)


def _ports(ports: Mapping[str, TreePort], known: Mapping[str, Port]) -> list[str]:
    return [
        f"{known[name].short:<19} {ROLES[port.role]} {STATES[port.state]} 4         128.{index:<4} P2p "
        for index, (name, port) in enumerate(ports.items(), 1)
    ]
