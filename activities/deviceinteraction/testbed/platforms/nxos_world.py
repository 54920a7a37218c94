"""What a simulated Nexus switch says of its surroundings, as ntc-templates and netsaga read it.

Formats follow Cisco, "Nexus 9000 Series NX-OS Command Reference (Show Commands), Release 9.3(x)".
"""

from activities.deviceinteraction.testbed import surroundings
from activities.deviceinteraction.testbed.cli import Reply, command
from activities.deviceinteraction.testbed.grammar import Match, Refused
from activities.deviceinteraction.testbed.platforms import identity
from activities.deviceinteraction.testbed.platforms.files import digest
from activities.deviceinteraction.testbed.platforms.iosxe_world import block
from activities.deviceinteraction.testbed.platforms.nxos_shows import NxosShows


class NxosWorld(NxosShows):
    """Neighbours, peers, routes and trees."""

    @command("show lldp neighbors detail")
    def _show_lldp(self, match: Match) -> Reply:
        if not self.device.running.has("feature lldp"):
            return self.refusal(Refused("invalid", len("show ")), match.text)
        entries = [
            f"Chassis id: 0000.5e00.53aa\nPort id: {link.port}\nLocal Port id: {link.local.short}\n"
            f"Port Description: to {self.device.hostname}\nSystem Name: {link.host}.example.net\n"
            "System Description: Cisco Nexus Operating System (NX-OS) Software 9.3(10)\n"
            f"Time remaining: 101 seconds\nSystem Capabilities: B, R\nEnabled Capabilities: B, R\n"
            f"Management Address: {link.address}\nVlan ID: not advertised\n"
            for link in surroundings.links(self.device.ports())
        ]
        legend = "Capability codes:\n  (R) Router, (B) Bridge, (T) Telephone\n"
        return Reply("\n".join([legend, *entries, f"Total entries displayed: {len(entries)}"]))

    @command("show file <url> sha256sum")
    def _show_sum(self, match: Match) -> Reply:
        found = digest(self.device, match.args["url"], "sha256")
        if found is None:
            return Reply(f"{match.args['url']}: No such file or directory", "rejected")
        return Reply(found)

    @command("show ip bgp summary")
    def _show_bgp(self, match: Match) -> Reply:
        if not self.device.peers:  # the feature is off, and with it the command
            return self.refusal(Refused("invalid", len("show ip ")), match.text)
        address = identity.management_address(self.device.spec)
        lines = [
            "BGP summary information for VRF default, address family IPv4 Unicast",
            f"BGP router identifier {address}, local AS number 65001",
            "BGP table version is 12, IPv4 Unicast config peers 2, capable peers 1",
            "",
            "Neighbor        V    AS    MsgRcvd    MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd",
        ]
        for peer in self.device.peers:
            said = "Idle" if peer.prefixes is None else str(peer.prefixes)
            lines.append(f"{peer.address:<15} 4 {peer.asn:>5} {120:>10} {118:>10} {12:>8}    0    0 01:40:12 {said}")
        return Reply("\n".join(lines))

    @command("show ip route")
    def _show_routes(self, _match: Match) -> Reply:
        address = identity.management_address(self.device.spec)
        return Reply(
            "IP Route Table for VRF \"default\"\n'*' denotes best ucast next-hop\n'**' denotes best mcast next-hop\n"
            "'[x/y]' denotes [preference/metric]\n'%<string>' in via output denotes VRF <string>\n\n"
            f"0.0.0.0/0, ubest/mbest: 1/0\n    *via {surroundings.GATEWAY}, [1/0], 5w6d, static\n"
            f"10.99.0.0/16, ubest/mbest: 1/0, attached\n    *via {address}, Vlan99, [0/0], 5w6d, direct\n"
            f"{address}/32, ubest/mbest: 1/0, attached\n    *via {address}, Vlan99, [0/0], 5w6d, local\n"
        )

    @command("show spanning-tree")
    def _show_trees(self, _match: Match) -> Reply:
        ports = self.device.ports()
        found = [(vlan, surroundings.tree(ports, vlan)) for vlan in self.device.vlans()]
        own = identity.mac(self.device.spec)
        blocks = [block(f"VLAN{vlan:04d}", tree, ports, own=own) for vlan, tree in found if tree.ports]
        return Reply("\n\n".join(blocks) or "No spanning tree instance exists.")
