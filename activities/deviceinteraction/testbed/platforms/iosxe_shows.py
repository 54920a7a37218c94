"""The show commands of simulated IOS-XE. They alter nothing; ntc-templates parses what they print.

Formats follow Cisco's "Command Reference, Cisco IOS XE 17 (Catalyst 9200 Switches)".
"""

from typing import ClassVar

from activities.deviceinteraction.testbed.cli import Question, Reply, command
from activities.deviceinteraction.testbed.grammar import Match
from activities.deviceinteraction.testbed.platforms import identity
from activities.deviceinteraction.testbed.platforms.iosxe_device import IosXeState
from activities.deviceinteraction.testbed.platforms.switching import SwitchCli
from activities.deviceinteraction.testbed.switch import vlan_table
from activities.deviceinteraction.testbed.vlanlist import vlan_ranges

MODEL = "C9200L-24T-4X"
_FDDI = ((1002, "fddi-default"), (1003, "token-ring-default"), (1004, "fddinet-default"), (1005, "trnet-default"))
_SOFTWARE = "Cisco IOS Software [Cupertino], Catalyst L3 Switch Software (CAT9K_LITE_IOSXE)"


class IosXeShows(SwitchCli[IosXeState]):
    """What an IOS-XE switch says of itself."""

    exec_in_config: ClassVar[bool] = False

    @command("show version", level=1)
    def _show_version(self, _match: Match) -> Reply:
        device = self.device
        up = device.uptime()
        weeks, days = divmod(up.days, 7)
        hours, minutes = up.seconds // 3600, up.seconds // 60 % 60
        number = identity.serial(device.spec, "FOC")
        return Reply(f"""Cisco IOS XE Software, Version {_padded(device.release)}
{_SOFTWARE}, Version {device.release}, RELEASE SOFTWARE (fc3)
Technical Support: http://www.cisco.com/techsupport
Copyright (c) 1986-2023 by Cisco Systems, Inc.
Compiled Fri 20-Oct-23 10:28 by mcpre

ROM: IOS-XE ROMMON
BOOTLDR: System Bootstrap, Version 17.10.1r, RELEASE SOFTWARE (P)

{device.hostname} uptime is {weeks} weeks, {days} days, {hours} hours, {minutes} minutes
Uptime for this control processor is {weeks} weeks, {days} days, {hours} hours, {minutes} minutes
System returned to ROM by Reload Command
System image file is "flash:packages.conf"
Last reload reason: Reload Command

cisco {MODEL} (ARM64) processor with 519006K/3071K bytes of memory.
Processor board ID {number}
1 Virtual Ethernet interface
24 Gigabit Ethernet interfaces
4 Ten Gigabit Ethernet interfaces
2048K bytes of non-volatile configuration memory.
2015456K bytes of physical memory.
1941504K bytes of Flash at flash:.

Base Ethernet MAC Address          : {identity.mac(device.spec)}
Motherboard Assembly Number        : 73-19710-03
Model Revision Number              : A0
Model Number                       : {MODEL}
System Serial Number               : {number}

Switch Ports Model              SW Version        SW Image              Mode
------ ----- -----              ----------        ----------            ----
*    1 28    {MODEL}      {_padded(device.release):<17} CAT9K_LITE_IOSXE      INSTALL


Configuration register is 0x102
""")

    @command("reload")
    def _reload(self, _match: Match) -> Reply:
        """``reload`` asks whether to save what is not saved ("Configuration Fundamentals Command Reference")."""
        proceed = Question("Proceed with reload? [confirm]", self._proceed, by="key")
        if self.device.running_config() == self.device.startup_config():
            return Reply(question=proceed)

        def save(typed: str) -> Reply:
            if typed.lower() in ("y", "yes"):
                self.device.save()
                return Reply("Building configuration...\n[OK]", question=proceed)
            return Reply(question=proceed)

        return Reply(question=Question("\nSystem configuration has been modified. Save? [yes/no]: ", save))

    def _proceed(self, key: str) -> Reply:
        if key.lower() not in ("", "y"):
            return Reply()
        self.device.reboot(self.user)
        return Reply("\n", close=True)

    @command("show privilege", level=1)
    def _show_privilege(self, _match: Match) -> Reply:
        return Reply(f"Current privilege level is {self.level}")

    @command("show clock", level=1)
    def _show_clock(self, _match: Match) -> Reply:
        now = self.device.clock.now()
        return Reply(f"{now:%H:%M:%S}.{now.microsecond // 1000:03d} UTC {now:%a %b} {now.day} {now:%Y}")

    @command("show inventory", level=1)
    def _show_inventory(self, _match: Match) -> Reply:
        number = identity.serial(self.device.spec, "FOC")
        return Reply(
            f'NAME: "c92xxL Stack", DESCR: "c92xxL Stack"\n'
            f"PID: {MODEL:<18}, VID: V01  , SN: {number}\n\n"
            f'NAME: "Switch 1", DESCR: "{MODEL}"\n'
            f"PID: {MODEL:<18}, VID: V01  , SN: {number}\n"
        )

    @command("show vlan brief", level=1)
    def _show_vlan_brief(self, _match: Match) -> Reply:
        table = vlan_table(self.device.vlans(), self.device.ports(), trunks=False, suspended="suspended")
        fddi = [f"{number:<4} {name:<32} act/unsup" for number, name in _FDDI]
        return Reply("\n" + "\n".join([*table, *fddi]))

    @command("show vlan", level=1)
    def _show_vlan(self, match: Match) -> Reply:
        kinds = [
            f"{number:<4} enet  {100000 + number:<10} 1500  -      -      -        -    -        0      0"
            for number in sorted(self.device.vlans())
        ]
        head = [
            "",
            "VLAN Type  SAID       MTU   Parent RingNo BridgeNo Stp  BrdgMode Trans1 Trans2",
            "---- ----- ---------- ----- ------ ------ -------- ---- -------- ------ ------",
        ]
        tail = ["", "Remote SPAN VLANs", "-" * 78, "", ""]
        return Reply("\n".join([self._show_vlan_brief(match).text, *head, *kinds, *tail]))

    @command("show vtp status", level=1)
    def _show_vtp_status(self, _match: Match) -> Reply:
        mode = self.device.vtp_mode
        revision = 0 if self.device.vlans_in_config else 7
        return Reply(f"""VTP Version capable             : 1 to 3
VTP version running             : 1
VTP Domain Name                 : {"" if self.device.vlans_in_config else "campus"}
VTP Pruning Mode                : Disabled
VTP Traps Generation            : Disabled
Device ID                       : {identity.mac(self.device.spec).replace(":", "")[:4]}.5e53.0001
Configuration last modified by 0.0.0.0 at 0-0-00 00:00:00

Feature VLAN:
--------------
VTP Operating Mode                : {mode.capitalize()}
Maximum VLANs supported locally   : 1005
Number of existing VLANs          : {len(self.device.vlans()) + len(_FDDI)}
Configuration Revision            : {revision}
MD5 digest                        : 0x57 0xCD 0x40 0x65 0x63 0x59 0x47 0xBD
""")

    @command("show interfaces status", level=1)
    def _show_interfaces_status(self, _match: Match) -> Reply:
        lines = ["", "Port         Name               Status       Vlan       Duplex  Speed Type"]
        for port in self.device.ports():
            state = "disabled" if port.shutdown else "connected" if port.up else "notconnect"
            fast = port.short.startswith("Te")
            kind = "SFP-10GBase-SR" if fast else "10/100/1000BaseTX"
            duplex, speed = ("full", "10G") if fast else ("a-full", "a-1000") if port.up else ("auto", "auto")
            lines.append(
                f"{port.short:<12} {port.description[:18]:<18} {state:<12} {port.vlan_column:<10} "
                f"{duplex:>6} {speed:>6} {kind}"
            )
        return Reply("\n".join(lines))

    @command("show interfaces description", level=1)
    def _show_interfaces_description(self, _match: Match) -> Reply:
        lines = ["Interface                      Status         Protocol Description"]
        for port in self.device.ports():
            status = "admin down" if port.shutdown else "up" if port.up else "down"
            line = f"{port.short:<30} {status:<14} {'up' if port.up else 'down':<8} {port.description}"
            lines.append(line.rstrip())
        return Reply("\n".join(lines))

    @command("show interfaces trunk", level=1)
    def _show_interfaces_trunk(self, _match: Match) -> Reply:
        trunks = [port for port in self.device.ports() if port.mode == "trunk" and port.up]
        lines = ["", "Port           Mode             Encapsulation  Status        Native vlan"]
        lines += [f"{port.short:<14} on               802.1q         trunking      1" for port in trunks]
        lines += ["", "Port           Vlans allowed on trunk"]
        for port in trunks:
            allowed = "1-4094" if port.trunk_vlans is None else vlan_ranges(port.trunk_vlans) or "none"
            lines.append(f"{port.short:<14} {allowed}")
        return Reply("\n".join(lines))

    @command("show running-config")
    def _show_running_config(self, _match: Match) -> Reply:
        device = self.device
        body = device.body()
        changed = f"{device.changed_at:%H:%M:%S UTC %a %b} {device.changed_at.day} {device.changed_at:%Y}"
        return Reply(
            f"Building configuration...\n\nCurrent configuration : {len(body)} bytes\n!\n"
            f"! Last configuration change at {changed} by {device.changed_by}\n!\n{body}!\nend\n\n"
        )

    @command("show startup-config")
    def _show_startup_config(self, _match: Match) -> Reply:
        body = self.device.startup_config()
        return Reply(f"Using {len(body)} out of 2097152 bytes\n!\n{body}!\nend\n\n")

    @command("show archive")
    def _show_archive(self, _match: Match) -> Reply:
        if not self.device.archives:
            return Reply("Archive feature not enabled")
        return Reply(
            "The maximum archive configurations allowed is 10.\n"
            "There are currently 0 archive configurations saved.\n"
            "The next archive file will be named flash:archive-<timestamp>-0\n"
            " Archive #  Name\n" + "\n".join(f"   {number}" for number in range(1, 11))
        )


def _padded(release: str) -> str:
    """``17.09.04a`` for ``17.9.4a``, as the first line of ``show version`` has it."""
    return ".".join(part if len(part.rstrip("abc")) > 1 else f"0{part}" for part in release.split("."))
