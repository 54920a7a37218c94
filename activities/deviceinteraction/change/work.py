"""What all that is done to a device in one action shares: whom to talk to, and where to remember it."""

from dataclasses import dataclass

from activities.deviceinteraction.change.lock import Turn
from activities.deviceinteraction.model import Journal, Names
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Platform


@dataclass(frozen=True, slots=True)
class Work:
    """One action on one device: whom to talk to, under which names, where to remember, and after whom."""

    device: Dialogue
    platform: Platform
    names: Names
    journal: Journal
    turn: Turn
