"""The show commands of simulated NX-OS. They alter nothing; ntc-templates parses what they print.

Formats follow Cisco's "Nexus 9000 Series NX-OS Command Reference (Show Commands), Release 9.3(x)".
"""

from activities.deviceinteraction.testbed.cli import Question, Reply, command
from activities.deviceinteraction.testbed.grammar import Match
from activities.deviceinteraction.testbed.platforms import identity
from activities.deviceinteraction.testbed.platforms.files import left
from activities.deviceinteraction.testbed.platforms.nxos_device import NxosState
from activities.deviceinteraction.testbed.platforms.switching import SwitchCli
from activities.deviceinteraction.testbed.switch import vlan_table
from activities.deviceinteraction.testbed.vlanlist import vlan_ranges

MODEL = "C93180YC-EX"
_RULE = "-" * 80


class NxosShows(SwitchCli[NxosState]):
    """What a Nexus switch says of itself."""

    @command("show hostname")
    def _show_hostname(self, _match: Match) -> Reply:
        return Reply(f"{self.device.hostname} ")

    @command("show version")
    def _show_version(self, _match: Match) -> Reply:
        device = self.device
        up = device.uptime()
        hours, minutes, seconds = up.seconds // 3600, up.seconds // 60 % 60, up.seconds % 60
        return Reply(f"""Cisco Nexus Operating System (NX-OS) Software
TAC support: http://www.cisco.com/tac
Copyright (C) 2002-2022, Cisco and/or its affiliates.
All rights reserved.

Software
  BIOS: version 05.45
  NXOS: version {device.shown_release}
  BIOS compile time:  07/05/2021
  NXOS image file is: bootflash:///nxos.9.3.10.bin
  NXOS compile time:  6/10/2022 14:00:00 [06/10/2022 23:13:35]


Hardware
  cisco Nexus9000 {MODEL} chassis
  Intel(R) Xeon(R) CPU  @ 1.80GHz with 24571632 kB of memory.
  Processor Board ID {identity.serial(device.spec, "FDO")}

  Device name: {device.hostname}
  bootflash:   53298520 kB
Kernel uptime is {up.days} day(s), {hours} hour(s), {minutes} minute(s), {seconds} second(s)

Last reset at 498000 usecs after Mon Oct 12 06:06:44 2026
  Reason: Reset Requested by CLI command reload
  System version: {device.shown_release}
  Service:

plugin
  Core Plugin, Ethernet Plugin

Active Package(s):

""")

    @command("reload")
    def _reload(self, _match: Match) -> Reply:
        saved = self.device.running_config() == self.device.startup_config()
        warning = "" if saved else "!!!WARNING! there is unsaved configuration!!!\n"

        def proceed(typed: str) -> Reply:
            if typed.lower() not in ("y", "yes"):
                return Reply()
            self.device.reboot(self.user)
            return Reply(close=True)

        return Reply(warning, question=Question("This command will reboot the system. (y/n)?  [n] ", proceed))

    @command("show privilege")
    def _show_privilege(self, _match: Match) -> Reply:
        return Reply(f"User name: {self.user}\nCurrent privilege level: -1\nFeature privilege: Disabled")

    @command("show clock")
    def _show_clock(self, _match: Match) -> Reply:
        now = self.device.clock.now()
        return Reply(f"{now:%H:%M:%S}.{now.microsecond // 1000:03d} UTC {now:%a %b %d %Y}\nTime source is NTP")

    @command("show inventory")
    def _show_inventory(self, _match: Match) -> Reply:
        number = identity.serial(self.device.spec, "FDO")
        return Reply(
            f'NAME: "Chassis",  DESCR: "Nexus9000 {MODEL} chassis"\nPID: N9K-{MODEL}    ,  VID: V01 ,  SN: {number}\n'
        )

    @command("show vlan brief")
    def _show_vlan_brief(self, _match: Match) -> Reply:
        table = vlan_table(self.device.vlans(), self.device.ports(), trunks=True, suspended="suspended")
        return Reply("\n".join(["", *table]))

    @command("show vlan")
    def _show_vlan(self, match: Match) -> Reply:
        kinds = [f"{number:<4} enet  CE     " for number in sorted(self.device.vlans())]
        head = ["", "VLAN Type  Vlan-mode", "---- ----- ----------"]
        tail = ["", "Remote SPAN VLANs", _RULE, "", "Primary  Secondary  Type             Ports", _RULE, ""]
        return Reply("\n".join([self._show_vlan_brief(match).text, *head, *kinds, *tail]))

    @command("show interface status")
    def _show_interface_status(self, _match: Match) -> Reply:
        lines = ["", _RULE, "Port          Name               Status    Vlan      Duplex  Speed   Type", _RULE]
        for port in self.device.ports():
            state = "disabled" if port.shutdown else "connected" if port.up else "notconnec"
            kind = "--" if port.short == "mgmt0" else "10Gbase-SR"
            duplex, speed = ("full", "1000" if kind == "--" else "10G") if port.up else ("auto", "auto")
            lines.append(
                f"{port.short:<13} {port.description[:18] or '--':<18} {state:<9} {port.vlan_column:<9} "
                f"{duplex:<7} {speed:<7} {kind}"
            )
        return Reply("\n".join(lines))

    @command("show interface description")
    def _show_interface_description(self, _match: Match) -> Reply:
        ports = self.device.ports()
        lines = ["", "-" * 79, "Interface                Description", "-" * 79]
        lines += [f"{port.short:<24} {port.description}" for port in ports if port.short == "mgmt0"]
        lines += ["", "-" * 79, "Port          Type   Speed   Description", "-" * 79]
        lines += [
            f"{port.short:<13} eth    10G     {port.description}".rstrip() for port in ports if port.short != "mgmt0"
        ]
        return Reply("\n".join(lines))

    @command("show interface trunk")
    def _show_interface_trunk(self, _match: Match) -> Reply:
        trunks = [port for port in self.device.ports() if port.mode == "trunk"]
        lines = [
            "",
            _RULE,
            "Port          Native  Status        Port",
            "              Vlan                  Channel",
            _RULE,
        ]
        lines += [f"{port.short:<13} 1       {'trunking' if port.up else 'not-trunking':<13} --" for port in trunks]
        lines += ["", _RULE, "Port          Vlans Allowed on Trunk", _RULE]
        for port in trunks:
            allowed = "1-4094" if port.trunk_vlans is None else vlan_ranges(port.trunk_vlans) or "none"
            lines.append(f"{port.short:<13} {allowed}")
        return Reply("\n".join(lines))

    @command("show running-config")
    def _show_running_config(self, _match: Match) -> Reply:
        now = self.device.clock.now()
        changed = self.device.changed_at
        return Reply(
            f"\n!Command: show running-config\n!Running configuration last done at: {changed:%a %b %d %H:%M:%S %Y}\n"
            f"!Time: {now:%a %b %d %H:%M:%S %Y}\n\n{self.device.body()}\n"
        )

    @command("show startup-config")
    def _show_startup_config(self, _match: Match) -> Reply:
        now, booted, body = self.device.clock.now(), self.device.booted_at, self.device.startup_config()
        return Reply(
            f"\n!Command: show startup-config\n!Time: {now:%a %b %d %H:%M:%S %Y}\n"
            f"!Startup config saved at: {booted:%a %b %d %H:%M:%S %Y}\n\n{body}\n"
        )

    @command("dir", "dir <url>")
    def _dir(self, _match: Match) -> Reply:
        stamp = f"{self.device.clock.now():%b %d %H:%M:%S %Y}"
        free, total = left(self.device), 53_298_520_064
        return Reply(
            f"       4096    {stamp}  .rpmstore/\n 1978203648    {stamp}  nxos.9.3.10.bin\n\n"
            f"Usage for bootflash://sup-local\n{total - free:>12} bytes used\n"
            f"{free:>12} bytes free\n{total:>12} bytes total"
        )
