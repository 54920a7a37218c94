"""The show commands of simulated EOS. They alter nothing; ntc-templates parses what they print.

Formats follow Arista, "EOS User Manual", release 4.30.
"""

from activities.deviceinteraction.testbed.cli import Question, Reply, command
from activities.deviceinteraction.testbed.grammar import Match
from activities.deviceinteraction.testbed.platforms import identity
from activities.deviceinteraction.testbed.platforms.eos_device import EosState
from activities.deviceinteraction.testbed.platforms.files import left
from activities.deviceinteraction.testbed.platforms.switching import SwitchCli
from activities.deviceinteraction.testbed.switch import vlan_table
from activities.deviceinteraction.testbed.vlanlist import vlan_ranges

MODEL = "DCS-7050TX-64-R"


class EosShows(SwitchCli[EosState]):
    """What an Arista switch says of itself."""

    @command("show version", level=1)
    def _show_version(self, _match: Match) -> Reply:
        spec = self.device.spec
        up = self.device.uptime()
        weeks, days = divmod(up.days, 7)
        hours, minutes = up.seconds // 3600, up.seconds // 60 % 60
        address = identity.mac(spec).replace(":", "")
        dotted = f"{address[:4]}.{address[4:8]}.{address[8:]}"
        return Reply(f"""Arista {MODEL}
Hardware version: 02.00
Serial number: {identity.serial(spec, "JPE")}
Hardware MAC address: {dotted}
System MAC address: {dotted}

Software image version: 4.30.4M
Architecture: i686
Internal build version: 4.30.4M-34166985.4304M
Internal build ID: 7f2a3bd8-5c1e-4a1c-9d1b-1c62c7ae7e02
Image format version: 3.0
Image optimization: Strata-4GB

Uptime: {weeks} weeks, {days} days, {hours} hours and {minutes} minutes
Total memory: 3982512 kB
Free memory: 2473244 kB
""")

    @command("reload now")
    def _reload_now(self, _match: Match) -> Reply:
        self.device.reboot(self.user)
        return Reply(close=True)

    @command("reload")
    def _reload(self, _match: Match) -> Reply:
        def answer(said: str) -> Reply:
            if said.strip().lower() not in {"", "y", "yes"}:
                return Reply()
            self.device.reboot(self.user)
            return Reply(close=True)

        return Reply(question=Question("Proceed with reload? [confirm]", answer))

    @command("show hostname", level=1)
    def _show_hostname(self, _match: Match) -> Reply:
        return Reply(f"Hostname: {self.device.hostname}\nFQDN:     {self.device.hostname}")

    @command("show privilege", level=1)
    def _show_privilege(self, _match: Match) -> Reply:
        return Reply(f"Current privilege level is {self.level}")

    @command("show clock", level=1)
    def _show_clock(self, _match: Match) -> Reply:
        now = self.device.clock.now()
        return Reply(
            f"{now:%a %b} {now.day:>2} {now:%H:%M:%S %Y}\nTimezone: UTC\nClock source: NTP server (192.0.2.10)"
        )

    @command("show inventory", level=1)
    def _show_inventory(self, _match: Match) -> Reply:
        return Reply(
            "System information\n    Model                    Description\n"
            "    ------------------------ ----------------------------------------------------\n"
            f"    {MODEL:<24} 48 RJ45 (1000BASE-T/10GBASE-T) + 4 QSFP+ 1RU\n\n"
            "    HW Version  Serial Number  Mfg Date\n    ----------- -------------- ----------\n"
            f"    02.00       {identity.serial(self.device.spec, 'JPE'):<14} 2019-04-11\n"
        )

    @command("show vlan", "show vlan brief", level=1)
    def _show_vlan(self, _match: Match) -> Reply:
        table = vlan_table(self.device.vlans(), self.device.ports(), trunks=True, suspended="suspended")
        return Reply("\n".join(table))

    @command("show interfaces status", level=1)
    def _show_interfaces_status(self, _match: Match) -> Reply:
        lines = [
            "Port       Name                Status       Vlan     Duplex Speed  Type            Flags Encapsulation"
        ]
        for port in self.device.ports():
            state = "disabled" if port.shutdown else "connected" if port.up else "notconnect"
            kind = "10/100/1000" if port.short.startswith("Ma") else "10GBASE-SR"
            duplex, speed = ("full", "10G") if port.up else ("auto", "auto")
            lines.append(
                f"{port.short:<10} {port.description[:19]:<19} {state:<12} {port.vlan_column:<8} "
                f"{duplex:<6} {speed:<6} {kind}"
            )
        return Reply("\n".join(lines))

    @command("show interfaces description", level=1)
    def _show_interfaces_description(self, _match: Match) -> Reply:
        lines = ["Interface                      Status         Protocol           Description"]
        for port in self.device.ports():
            status = "admin down" if port.shutdown else "up" if port.up else "down"
            protocol = "up" if port.up else "down"
            lines.append(f"{port.short:<30} {status:<14} {protocol:<18} {port.description}".rstrip())
        return Reply("\n".join(lines))

    @command("show interfaces trunk", level=1)
    def _show_interfaces_trunk(self, _match: Match) -> Reply:
        trunks = [port for port in self.device.ports() if port.mode == "trunk" and port.up]
        lines = ["Port            Mode            Status          Native vlan"]
        lines += [f"{port.short:<15} trunk           trunking        1" for port in trunks]
        lines += ["", "Port            Vlans allowed"]
        for port in trunks:
            allowed = "All" if port.trunk_vlans is None else vlan_ranges(port.trunk_vlans) or "None"
            lines.append(f"{port.short:<15} {allowed}")
        return Reply("\n".join(lines))

    @command("show running-config")
    def _show_running_config(self, _match: Match) -> Reply:
        return Reply(self._file("show running-config", self.device.body()))

    @command("show startup-config")
    def _show_startup_config(self, _match: Match) -> Reply:
        return Reply(self._file("show startup-config", self.device.startup_config()))

    def _file(self, shown: str, body: str) -> str:
        return (
            f"! Command: {shown}\n! device: {self.device.hostname} ({MODEL}, EOS-4.30.4M)\n!\n"
            f"! boot system flash:/EOS-4.30.4M.swi\n!\n{body}!\nend"
        )

    @command("dir", "dir <url>")
    def _dir(self, _match: Match) -> Reply:
        now = self.device.clock.now()
        size = len(self.device.startup_config())
        return Reply(
            "Directory of flash:/\n\n"
            f"       -rw-   947423842           {now:%b} {now.day:>2}  2026  EOS-4.30.4M.swi\n"
            f"       -rw-   {size:>9}           {now:%b} {now.day:>2} {now:%H:%M}  startup-config\n\n"
            f"3440762880 bytes total ({left(self.device)} bytes free)"
        )
