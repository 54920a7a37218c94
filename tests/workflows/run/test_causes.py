"""Failures grouped by cause."""

from plans import changing
from workflows import contracts
from workflows.contracts import Cause, FailureInfo
from workflows.errors import FailureType
from workflows.plan import HostName
from workflows.run.causes import causes
from workflows.run.state import StepRun


def step(*failures: tuple[str, FailureType, str], name: str = "deploy") -> StepRun:
    run = StepRun(changing(name))
    for host, kind, message in failures:
        run.letters[HostName(host)] = contracts.LETTERS["failed"]
        run.messages[HostName(host)] = FailureInfo(type=kind, message=message)
    return run


def test_names_and_numbers_do_not_tell_causes_apart_and_what_all_share_stays() -> None:
    found = causes([
        step(
            ("a1", "unreachable", "a1: 192.0.2.1:22 did not answer within 15 s"),
            ("b2", "check_failed", "VLAN 120 is missing"),
            ("c3", "unreachable", "c3: 192.0.2.7:22 did not answer within 15 s"),
            ("d4", "unreachable", "d4: 192.0.2.9:22 did not answer within 15 s"),
            ("e5", "unreachable", "e5: 192.0.2.9:22 did not answer within 15 s"),
        )
    ])  # fmt: skip
    assert found == (
        Cause(
            step=step().id,
            what="unreachable",
            message="… did not answer within 15 s",
            devices=4,
            examples=(HostName("a1"), HostName("c3"), HostName("d4")),
        ),
        Cause(
            step=step().id,
            what="check_failed",
            message="VLAN 120 is missing",
            devices=1,
            examples=(HostName("b2"),),
        ),
    )


def test_one_device_keeps_its_message_whole() -> None:
    (only,) = causes([step(("sw7", "check_failed", "sw7 has 3 uplinks"))])
    assert only.message == "sw7 has 3 uplinks"


def test_a_name_that_a_message_begins_with_is_not_said_twice() -> None:
    (first, second) = causes([
        step(("sw7", "check_failed", "sw7: no VLAN"), ("a", "undo_failed", "not undone: a: no data: left")),
    ])  # fmt: skip
    assert [first.message, second.message] == ["not undone: no data: left", "no VLAN"]


def test_steps_and_classes_are_causes_of_their_own() -> None:
    one = step(("a", "check_failed", "down"), ("b", "transient", "down"))
    two = step(("a", "check_failed", "down"), name="validate")
    assert [(cause.step, cause.what) for cause in causes([one, two])] == [
        ("deploy", "check_failed"),
        ("deploy", "transient"),
        ("validate", "check_failed"),
    ]


def test_a_device_that_came_through_after_all_is_no_failure() -> None:
    run = step(("a", "check_failed", "down"), ("b", "check_failed", "down"))
    run.letters[HostName("a")] = contracts.CHANGED
    run.letters[HostName("b")] = contracts.LETTERS["skipped"]
    assert causes([run]) == ()


def test_what_needs_a_person_comes_first_and_what_others_have_brought_about_last() -> None:
    run = step(
        ("sw1", "cancelled", "taken back because step judge failed"),
        ("sw2", "cancelled", "taken back because step judge failed"),
        ("sw3", "check_failed", "down"),
        ("sw4", "undo_failed", "not undone: why"),
    )
    assert [cause.what for cause in causes([run])] == ["undo_failed", "check_failed", "cancelled"]


def test_the_most_frequent_ones_are_kept() -> None:
    failures: list[tuple[str, FailureType, str]] = [
        (f"h{word}{n}", "check_failed", f"{word} fails") for n in range(2) for word in ("x", "y", "z")
    ]
    many = step(*failures)
    many.letters[HostName("hz1")] = contracts.CHANGED
    assert [(cause.message, cause.devices) for cause in causes([many], most=2)] == [("x fails", 2), ("y fails", 2)]
