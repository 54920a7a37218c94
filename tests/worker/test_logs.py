"""The worker's log, in its two forms."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from temporalio.exceptions import ApplicationError

from worker.logs import configure
from workflows.errors import failure


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_elsewhere_than_on_a_terminal_a_line_is_a_json_object_with_its_extras() -> None:
    out = io.StringIO()
    configure(stream=out)
    logging.getLogger("worker.x").info("opened %s", "é\nb", extra={"host": "acc-001"})
    line = json.loads(out.getvalue())
    assert out.getvalue().count("\n") == 1
    assert line["message"] == "opened é\nb"
    assert line["host"] == "acc-001"
    assert line["level"] == "info"
    assert line["time"].endswith("+00:00")


def test_a_traceback_stays_inside_its_line() -> None:
    out = io.StringIO()
    configure(stream=out)
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("activities.x").exception("it failed")
    assert "ValueError: broken" in json.loads(out.getvalue())["traceback"]


def test_people_get_plain_lines() -> None:
    out = io.StringIO()
    configure(form="plain", stream=out)
    logging.getLogger("worker.x").warning("slow")
    assert out.getvalue().endswith("Z warning worker.x: slow\n")


def test_libraries_speak_from_warning_on_and_ours_from_the_level_asked_for() -> None:
    out = io.StringIO()
    configure("debug", "plain", out)
    logging.getLogger("asyncssh").info("library detail")
    logging.getLogger("worker.x").debug("own detail")
    assert "library detail" not in out.getvalue()
    assert "own detail" in out.getvalue()


def test_a_failure_of_ours_is_one_line_and_a_bug_keeps_its_traceback() -> None:
    out = io.StringIO()
    configure(form="plain", stream=out)
    where = {"temporal_activity": {"workflow_id": "vlan-1", "activity_id": "deploy/acc-001", "attempt": 2}}
    for error in (failure("check_failed", "VLAN 120 is absent"), AssertionError("a bug")):
        try:
            raise error
        except (ApplicationError, AssertionError):
            logging.getLogger("temporalio.activity").warning("Completing as failed", extra=where, exc_info=True)
    first, *rest = out.getvalue().splitlines()
    assert first.endswith("temporalio.activity: vlan-1 deploy/acc-001, attempt 2: check_failed: VLAN 120 is absent")
    assert rest[0].endswith("Completing as failed")
    assert rest[-1] == "AssertionError: a bug"
