"""What became of a configuration whose order counts."""

import hashlib

from activities.deviceinteraction.config.footprint import Footprint
from activities.deviceinteraction.differences import ORDER, SECRET, beyond, differences
from activities.deviceinteraction.model import State

LIST = "ip access-list extended EDGE"
ENTRIES = ("permit tcp any any eq 443", "deny ip any host 192.0.2.1", "permit ip any any")


def state(*lines: str, secret: str = "") -> State:
    text = "\n".join(lines) + "\n"
    return State(config=text, config_fingerprint=hashlib.sha256((text + secret).encode()).hexdigest())


def listed(*entries: str, more: tuple[str, ...] = ()) -> State:
    return state(LIST, *(f" {entry}" for entry in entries), *more)


def test_entries_that_changed_places_are_a_change_of_their_list() -> None:
    first, second, third = ENTRIES
    found = differences(listed(*ENTRIES), listed(second, first, third))["config"]
    assert (found.added, found.removed, found.changed) == ((), (), (f"{LIST} / {ORDER}",))


def test_they_are_also_where_other_lines_came_or_went() -> None:
    first, second, third = ENTRIES
    found = differences(listed(*ENTRIES), listed(second, first, third, more=("hostname sw2",)))["config"]
    assert (found.added, found.changed) == (("hostname sw2",), (f"{LIST} / {ORDER}",))
    assert differences(listed(*ENTRIES), listed(first, third))["config"].changed == ()


def test_a_secret_that_changed_is_told_from_an_order() -> None:
    found = differences(state("username a"), state("username a", secret="x"))["config"]
    assert found.changed == (SECRET,)


def test_the_applied_change_alone_does_not_reorder_what_it_did_not_touch() -> None:
    first, second, third = ENTRIES
    new = "permit udp any any"
    change = Footprint(added=((LIST, new),))
    assert beyond(listed(*ENTRIES), listed(*ENTRIES, new), [change]).empty
    found = beyond(listed(*ENTRIES), listed(second, first, third, new), [change])
    assert found.changed == (f"{LIST} / {ORDER}",)
