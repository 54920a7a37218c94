"""What a simulated EX switch says of its surroundings.

Formats follow Juniper, "CLI Reference", Junos OS 21.4: ``show lldp neighbors``, ``show bgp summary``, ``show route``,
``show spanning-tree bridge`` and ``interface``.
"""

from typing import Final

from activities.deviceinteraction.testbed import surroundings
from activities.deviceinteraction.testbed.cli import Reply, command
from activities.deviceinteraction.testbed.grammar import Match
from activities.deviceinteraction.testbed.platforms import identity
from activities.deviceinteraction.testbed.platforms.files import digest
from activities.deviceinteraction.testbed.platforms.junos_shows import JunosShows

_ROLES: Final = {"root": "ROOT", "designated": "DESG", "alternate": "ALT", "backup": "BKUP", "disabled": "DIS"}
_COLUMN: Final = "State|#Active/Received/Accepted/Damped..."
_STATES: Final = {"forwarding": "FWD", "blocking": "BLK", "learning": "LRN", "listening": "LIS", "discarding": "BLK"}


class JunosWorld(JunosShows):
    """Neighbours, peers, routes and trees."""

    @command("show lldp neighbors")
    def _show_lldp(self, _match: Match) -> Reply:
        lines = ["Local Interface    Parent Interface    Chassis Id          Port info          System Name"]
        lines += [
            f"{link.local.name:<18} -                   00:00:5e:00:53:aa   {link.port:<18} {link.host}.example.net"
            for link in surroundings.links(self.device.ports())
        ]
        return Reply("\n".join(lines) if len(lines) > 1 else "")

    @command("file checksum sha-256 <path>")
    def _checksum(self, match: Match) -> Reply:
        path = match.args["path"]
        found = digest(self.device, path, "sha256")
        if found is None:
            return Reply(f"error: {path}: No such file or directory", "rejected")
        return Reply(f"SHA256 ({path}) = {found}")

    @command("show bgp summary")
    def _show_bgp(self, _match: Match) -> Reply:
        peers = self.device.peers
        if not peers:
            return Reply("BGP is not running")
        down = sum(peer.prefixes is None for peer in peers)
        lines = [
            f"Groups: 1 Peers: {len(peers)} Down peers: {down}",
            "Table          Tot Paths  Act Paths Suppressed    History Damp State    Pending",
            "inet.0               ",
            "                      12         12          0          0          0          0",
            f"{'Peer                     AS      InPkt     OutPkt    OutQ   Flaps Last Up/Dwn'} {_COLUMN}",
        ]
        for peer in peers:
            said = "Active" if peer.prefixes is None else "Establ"
            lines.append(f"{peer.address:<19} {peer.asn:>7} {120:>10} {118:>10} {0:>7} {1:>7}     1:40:12 {said}")
            if peer.prefixes is not None:
                lines.append(f"  inet.0: {peer.prefixes}/{peer.prefixes}/{peer.prefixes}/0")
        return Reply("\n".join(lines))

    @command("show route table inet.0")
    def _show_routes(self, _match: Match) -> Reply:
        address = identity.management_address(self.device.spec)
        return Reply(
            "\ninet.0: 3 destinations, 3 routes (3 active, 0 holddown, 0 hidden)\n"
            "+ = Active Route, - = Last Active, * = Both\n\n"
            "0.0.0.0/0          *[Static/5] 5w6d 03:17:02\n"
            f"                    >  to {surroundings.GATEWAY} via me0.0\n"
            "10.99.0.0/16       *[Direct/0] 5w6d 03:17:02\n                    >  via me0.0\n"
            f"{address + '/32':<18} *[Local/0] 5w6d 03:17:02\n                       Local via me0.0\n"
        )

    @command("show spanning-tree bridge")
    def _show_bridge(self, _match: Match) -> Reply:
        tree = surroundings.tree(self.device.ports(), 10)
        own = identity.mac(self.device.spec)
        mine = tree.root_port is None
        root = f"32768.{own}" if mine else f"{surroundings.ROOT_PRIORITY}.00:00:5e:00:53:aa"
        towards = [] if mine else ["  Root cost                           : 2000", f"  Root port : {tree.root_port}"]
        return Reply(
            "\n".join([
                "STP bridge parameters",
                "Routing instance name               : GLOBAL",
                "Context ID                          : 0",
                "Enabled protocol                    : RSTP",
                f"  Root ID                           : {root}",
                *towards,
                "  Hello time                        : 2 seconds",
                f"  Bridge ID                         : 32768.{own}",
            ])
        )  # fmt: skip

    @command("show spanning-tree interface")
    def _show_tree_ports(self, _match: Match) -> Reply:
        tree = surroundings.tree(self.device.ports(), 10)
        lines = [
            "",
            "Spanning tree interface parameters for instance 0",
            "",
            "Interface                  Port ID    Designated         Designated         Port    State  Role",
            "                                       port ID           bridge ID          Cost",
        ]
        lines += [
            f"{name:<26} 128:{index:<6} 128:{index:<6}  4096.00005e0053aa        2000    "
            f"{_STATES[port.state]}    {_ROLES[port.role]} "
            for index, (name, port) in enumerate(tree.ports.items(), 490)
        ]
        return Reply("\n".join(lines))
