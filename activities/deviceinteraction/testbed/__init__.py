"""The testbed: simulated devices of four platforms over real SSH, with state, faults and a log of every command.

It is what netsaga is tested against and what its demo runs on. It listens on loopback only, and knows nothing of the
rest of the device library but its nouns.
"""

from activities.deviceinteraction.testbed.control import TestbedControl
from activities.deviceinteraction.testbed.model import CommandEntry, DeviceSpec, Fault, LogEntry, Login
from activities.deviceinteraction.testbed.testbed import Testbed, TestbedDevice

__all__ = ["CommandEntry", "DeviceSpec", "Fault", "LogEntry", "Login", "Testbed", "TestbedControl", "TestbedDevice"]
