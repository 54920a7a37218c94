"""The part of SR Linux's data model that the testbed knows, as data.

Source: Nokia, "SR Linux Data Model Reference" (its YANG modules ``srl_nokia-interfaces``,
``srl_nokia-network-instance``, ``srl_nokia-system`` and so on): names, keys, and the words that enumerations take.
What is not named is refused.
"""

from activities.deviceinteraction.testbed.platforms.nokia_tree import (
    LEAF,
    LEAVES,
    Style,
    container,
    entries,
    number,
    one_of,
)

STYLE = Style(quotes="when_needed", leaves="lines", empty=None, flat="set /")

_ADMIN = one_of("enable", "disable")
_TRUE = one_of("true", "false")
_IP = container(admin_state=_ADMIN, address=entries(primary=LEAF))
_SUBINTERFACE = entries(
    type=one_of("routed", "bridged"),
    description=LEAF,
    admin_state=_ADMIN,
    ip_mtu=number(1280, 9486),
    ipv4=_IP,
    ipv6=_IP,
    vlan=container(encap=container(single_tagged=container(vlan_id=number(1, 4094)))),
)

SCHEMA = container(
    interface=entries(
        description=LEAF,
        admin_state=_ADMIN,
        mtu=number(1500, 9500),
        vlan_tagging=_TRUE,
        subinterface=_SUBINTERFACE,
    ),
    system=container(
        aaa=container(authentication=container(admin_user=container(password=LEAF), user=entries(password=LEAF))),
        configuration=container(auto_checkpoint=_TRUE, auto_save=_TRUE, max_checkpoints=number(0, 255)),
        dns=container(network_instance=LEAF, server_list=LEAVES),
        information=container(contact=LEAF, location=LEAF),
        lldp=container(admin_state=_ADMIN),
        name=container(domain_name=LEAF, host_name=LEAF),
        ntp=container(admin_state=_ADMIN, server=entries(prefer=_TRUE)),
        ssh_server=entries(admin_state=_ADMIN, network_instance=LEAF),
        snmp=container(community=LEAF),
    ),
    network_instance=entries(
        type=one_of("default", "ip-vrf", "mac-vrf"),
        admin_state=_ADMIN,
        description=LEAF,
        interface=entries(),
        static_routes=container(route=entries(admin_state=_ADMIN, next_hop_group=LEAF)),
        next_hop_groups=container(group=entries(nexthop=entries(ip_address=LEAF))),
    ),
)
