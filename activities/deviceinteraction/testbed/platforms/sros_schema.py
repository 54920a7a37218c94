"""The part of SR OS's data model that the testbed knows, as data: what stands under ``configure``.

Source: Nokia, "7x50 SR OS MD-CLI Command Reference Guide": names, keys, and the words that enumerations take. What is
not named is refused.
"""

from activities.deviceinteraction.testbed.platforms.nokia_tree import (
    FLAG,
    LEAF,
    STRING,
    Style,
    container,
    entries,
    number,
    one_of,
)

STYLE = Style(quotes="strings", leaves="one_line", empty=" }", flat="/configure")

_ADMIN = one_of("enable", "disable")
_TRUE = one_of("true", "false")

SCHEMA = container(
    policy_options=container(prefix_list=entries(text=True)),
    port=entries(
        admin_state=_ADMIN,
        description=STRING,
        ethernet=container(mode=one_of("access", "network", "hybrid"), mtu=number(512, 9800), encap_type=LEAF),
    ),
    router=entries(
        text=True,
        autonomous_system=number(1, 4_294_967_295),
        interface=entries(
            text=True,
            admin_state=_ADMIN,
            description=STRING,
            loopback=FLAG,
            port=LEAF,
            ipv4=container(primary=container(address=LEAF, prefix_length=number(1, 32))),
        ),
    ),
    service=container(
        vpls=entries(
            text=True,
            admin_state=_ADMIN,
            description=STRING,
            service_id=number(1, 2_148_278_381),
            customer=STRING,
            sap=entries(description=STRING),
        ),
    ),
    system=container(
        contact=STRING,
        location=STRING,
        name=STRING,
        management_interface=container(
            cli=container(md_cli=container(auto_config_save=_TRUE)), configuration_mode=one_of("model-driven")
        ),
        security=container(
            snmp=container(community=entries(text=True, access_permissions=one_of("r", "rw"))),
            user_params=container(local_user=container(user=entries(text=True, password=STRING))),
        ),
        time=container(ntp=container(admin_state=_ADMIN, server=entries(prefer=_TRUE))),
    ),
)
