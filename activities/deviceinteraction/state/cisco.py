"""What IOS-XE and NX-OS print alike: spanning trees, by VLAN or by instance of MSTP.

Sources: Cisco, "Layer 2 Configuration Guide, Cisco IOS XE 17" and "Nexus 9000 Series NX-OS Layer 2 Switching
Configuration Guide, Release 9.3(x)", ``show spanning-tree``.
"""

import re
from typing import Final

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.model import SpanningTree, TreePort
from activities.deviceinteraction.state import shapes

_TREE: Final = re.compile(r"^(?:VLAN|MST)0*(?P<number>\d+)\s*$", re.MULTILINE)
_ROOT: Final = re.compile(r"Root ID\s+Priority\s+(?P<priority>\d+)\s+Address\s+(?P<address>[0-9a-fA-F.:]+)")
_PORT: Final = re.compile(
    r"^(?P<name>[A-Za-z][\w/.-]*\d)\s+(?P<role>Root|Desg|Altn|Back|Mstr|Boun|Dis)\s+(?P<state>[A-Z]{3}\*?)\s+\d+\s",
    re.MULTILINE,
)
_NONE: Final = "No spanning tree instance"


def spanning_tree(device: str, answer: str) -> dict[int, SpanningTree]:
    """The trees of ``show spanning-tree``; none where the device says that it has none.

    Raises:
        CheckFailed: The answer is not understood.
    """
    if _NONE in answer:
        return {}
    heads = list(_TREE.finditer(answer))
    found: dict[int, SpanningTree] = {}
    for index, head in enumerate(heads):
        text = answer[head.end() : heads[index + 1].start() if index + 1 < len(heads) else None]
        root = _ROOT.search(text)
        if root is None:
            raise CheckFailed(f"{device}: the root of the spanning tree {head.group().strip()} could not be read.")
        ports: dict[str, TreePort] = {
            shapes.interface(port["name"]): shapes.tree_port(device, port["role"], port["state"])
            for port in _PORT.finditer(text)
        }
        found[int(head["number"])] = shapes.tree(shapes.bridge(int(root["priority"]), root["address"]), ports)
    if not found:
        raise CheckFailed(f"{device}: no spanning tree could be read from the answer to 'show spanning-tree'.")
    return found
