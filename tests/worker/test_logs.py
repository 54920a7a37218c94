"""The worker's log, in its two forms."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from worker.logs import configure


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
