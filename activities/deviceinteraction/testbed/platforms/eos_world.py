"""What a simulated Arista switch says of its surroundings, as JSON; see "Pipe: json" in the "EOS User Manual".

Keys are those of EOS 4.30. A command behind ``| json`` is declared with the word ``json`` at its end.
"""

import json
import re

from pydantic import JsonValue

from activities.deviceinteraction.testbed import surroundings
from activities.deviceinteraction.testbed.cli import Reply, command
from activities.deviceinteraction.testbed.grammar import Match
from activities.deviceinteraction.testbed.platforms import identity
from activities.deviceinteraction.testbed.platforms.eos_shows import EosShows
from activities.deviceinteraction.testbed.platforms.files import digest

PRIORITY = 4096
_JSON = re.compile(r"\|\s*json\s*$")


class EosWorld(EosShows):
    """Neighbours, peers, routes and trees."""

    def run_exec(self, line: str, start: int) -> Reply:
        """See `IndentedCli.run_exec`."""
        return super().run_exec(_JSON.sub("json", line), start)

    @command("show lldp neighbors json", level=1)
    def _show_lldp(self, _match: Match) -> Reply:
        found: list[JsonValue] = [
            {
                "port": link.local.name,
                "neighborDevice": f"{link.host}.example.net",
                "neighborPort": link.port,
                "ttl": 120,
            }
            for link in surroundings.links(self.device.ports())
        ]
        return _document({"tablesLastChangeTime": 1_700_000_000.0, "lldpNeighbors": found})

    @command("verify /sha512 <url>")
    def _verify(self, match: Match) -> Reply:
        url = match.args["url"]
        found = digest(self.device, url, "sha512")
        if found is None:
            return Reply(f"% Error verifying {url} (No such file or directory)", "rejected")
        return Reply(f"verify /sha512 ({url}) = {found}")

    @command("show ip bgp summary vrf all json")
    def _show_bgp(self, _match: Match) -> Reply:
        if not self.device.peers:
            return Reply("% BGP inactive")
        peers: dict[str, JsonValue] = {
            peer.address: {
                "peerState": "Idle" if peer.prefixes is None else "Established",
                "asn": str(peer.asn),
                "prefixReceived": peer.prefixes or 0,
                "prefixAccepted": peer.prefixes or 0,
                "version": 4,
            }
            for peer in self.device.peers
        }
        address = identity.management_address(self.device.spec)
        return _document({"vrfs": {"default": {"vrf": "default", "routerId": address, "asn": "65001", "peers": peers}}})

    @command("show ip route json", level=1)
    def _show_routes(self, _match: Match) -> Reply:
        via: JsonValue = {"nexthopAddr": surroundings.GATEWAY, "interface": "Management1"}
        routes: dict[str, JsonValue] = {
            "0.0.0.0/0": {
                "routeType": "static", "directlyConnected": False, "preference": 1, "metric": 0, "vias": [via],
            },
            "10.99.0.0/16": {
                "routeType": "connected", "directlyConnected": True, "vias": [{"interface": "Management1"}],
            },
        }  # fmt: skip
        return _document({"vrfs": {"default": {"routes": routes, "allRoutesProgrammedKernel": True}}})

    @command("show spanning-tree json", level=1)
    def _show_trees(self, _match: Match) -> Reply:
        # MSTP: one tree for all VLANs.
        tree = surroundings.tree(self.device.ports(), 10)
        own = identity.mac(self.device.spec)
        bridge: dict[str, JsonValue] = {"systemIdExtension": 0, "helloTime": 2.0}
        mine = tree.root_port is None
        root: dict[str, JsonValue] = {
            **bridge, "priority": 32_768 if mine else PRIORITY, "macAddress": own if mine else "00:00:5e:00:53:aa",
        }  # fmt: skip
        ports: dict[str, JsonValue] = {
            name: {
                "role": port.role,
                "state": "discarding" if port.state == "blocking" else port.state,
                "cost": 2000,
                "priority": 128,
                "portNumber": index,
                "linkType": "p2p",
            }
            for index, (name, port) in enumerate(tree.ports.items(), 1)
        }
        instance: JsonValue = {
            "protocol": "mstp", "bridge": {**bridge, "priority": 32_768, "macAddress": own}, "rootBridge": root,
            "interfaces": ports,
        }  # fmt: skip
        return _document({"spanningTreeInstances": {"MST0": instance}})


def _document(value: JsonValue) -> Reply:
    return Reply(json.dumps(value, indent=4))
