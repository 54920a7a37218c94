"""What a simulated IOS XR router says of its surroundings: neighbours, BGP peers and routes.

Formats follow Cisco, "System Management Command Reference for Cisco IOS XR" (``show lldp neighbors detail``) and
"Routing Command Reference" (``show bgp ipv4 unicast summary``, ``show route``).
"""

from ipaddress import IPv4Interface

from activities.deviceinteraction.testbed import surroundings
from activities.deviceinteraction.testbed.cli import Reply, command
from activities.deviceinteraction.testbed.grammar import Match
from activities.deviceinteraction.testbed.platforms import identity
from activities.deviceinteraction.testbed.platforms.editor import IndentedCli
from activities.deviceinteraction.testbed.platforms.iosxr_device import IosXrState

_CODES = """\
Codes: C - connected, S - static, R - RIP, B - BGP, (>) - Diversion path
       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area
       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2
       E1 - OSPF external type 1, E2 - OSPF external type 2, E - EGP
       i - ISIS, L1 - IS-IS level-1, L2 - IS-IS level-2
       ia - IS-IS inter area, su - IS-IS summary null, * - candidate default
       U - per-user static route, o - ODR, L - local, G  - DAGR, l - LISP
       A - access/subscriber, a - Application route
       M - mobile route, r - RPL, t - Traffic Engineering, (!) - FRR Backup path
"""
_LEGEND = """\
Capability codes:
        (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device
        (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other
"""
_PROCESS = """\
BGP generic scan interval 60 secs
Non-stop routing is enabled
BGP table state: Active
Table ID: 0xe0000000   RD version: 12
BGP main routing table version 12
BGP NSR Initial initsync version 3 (Reached)
BGP NSR/ISSU Sync-Group versions 0/0
BGP scan interval 60 secs

BGP is operating in STANDALONE mode.


Process       RcvTblVer   bRIB/RIB   LabelVer  ImportVer  SendTblVer  StandbyVer
Speaker              12         12         12         12          12           0

Neighbor        Spk    AS MsgRcvd MsgSent   TblVer  InQ OutQ  Up/Down  St/PfxRcd"""


class IosXrWorld(IndentedCli[IosXrState]):
    """Neighbours, peers and routes. The first two cabled ports lead to the distribution."""

    @command("show lldp neighbors detail")
    def _show_lldp(self, _match: Match) -> Reply:
        cabled = [port for port in self.device.ports() if port.cabled and port.name.startswith("Gigabit")][:2]
        entries = [
            f"------------------------------------------------\nLocal Interface: {port.name}\n"
            f"Chassis id: 0000.5e00.53aa\nPort id: Ethernet1/{number}\nPort Description: to {self.device.hostname}\n"
            f"System Name: dist-{number}.example.net\n\nSystem Description: \n7.5.2, 8000\n\n"
            "Time remaining: 101 seconds\nHold Time: 120 seconds\nAge: 732802 seconds\nSystem Capabilities: R\n"
            f"Enabled Capabilities: R\nManagement Addresses:\n  IPv4 address: 10.99.255.{250 + number}\n\n"
            "Peer MAC Address: 00:00:5e:00:53:aa\n\n"
            for number, port in enumerate(cabled, 1)
            if port.up
        ]
        return Reply("\n".join([_LEGEND, *entries, f"Total entries displayed: {len(entries)}"]))

    @command("show cdp neighbors detail")
    def _show_cdp(self, _match: Match) -> Reply:
        return Reply("% CDP is not enabled\n")

    @command("show bgp ipv4 unicast summary")
    def _show_bgp(self, _match: Match) -> Reply:
        if not self.device.peers:
            return Reply("% BGP instance 'default' not active\n")
        lines = [f"BGP router identifier {identity.management_address(self.device.spec)}, local AS number 65001"]
        lines.append(_PROCESS)
        for peer in self.device.peers:
            since, said = ("00:00:00", "Idle") if peer.prefixes is None else ("01:40:12", f"{peer.prefixes:>10}")
            lines.append(
                f"{peer.address:<15} {0:>3} {peer.asn:>5} {120:>7} {118:>7} {12:>8} {0:>4} {0:>4} {since} {said}"
            )
        return Reply("\n".join([*lines, ""]))

    @command("show route ipv4 unicast")
    def _show_routes(self, _match: Match) -> Reply:
        lines = [_CODES, f"Gateway of last resort is {surroundings.GATEWAY} to network 0.0.0.0\n"]
        lines.append(f"S*   0.0.0.0/0 [1/0] via {surroundings.GATEWAY}, 1w0d")
        up = {port.name for port in self.device.ports() if port.up}
        for line in self.device.running.children:
            name, address = line.text.removeprefix("interface "), line.value("ipv4 address")
            if address is None or name not in up:
                continue
            own = IPv4Interface(address.replace(" ", "/"))
            lines += [
                f"C    {own.network} is directly connected, 1w0d, {name}",
                f"L    {own.ip}/32 is directly connected, 1w0d, {name}",
            ]
        return Reply("\n".join([*lines, ""]))
