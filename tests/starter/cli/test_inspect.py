"""The record beside a report is held to the name that the server has of it."""

import hashlib
from pathlib import Path

from starter.cli.inspect import changed_record


def test_a_record_that_was_changed_after_the_run_is_noticed_where_its_report_is_asked_for(tmp_path: Path) -> None:
    report, copy = str(tmp_path / "report.html"), tmp_path / "record.json"
    sealed = b'{"requester":"alice"}'
    name = f"sha256:{hashlib.sha256(sealed).hexdigest()}"
    assert changed_record(report, name) is None  # on another machine
    copy.write_bytes(sealed)
    assert changed_record(report, name) is None
    copy.write_bytes(sealed.replace(b"alice", b"carol"))
    assert changed_record(report, name) == copy
