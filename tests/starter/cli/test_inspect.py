"""The report and the record beside it are held to the name that the server has of the record."""

import hashlib
import json
from pathlib import Path

from starter.cli.inspect import changed_paper


def name_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_a_record_that_was_changed_after_the_run_is_noticed_where_its_report_is_asked_for(tmp_path: Path) -> None:
    report, copy = str(tmp_path / "report.html"), tmp_path / "record.json"
    sealed = b'{"requester":"alice"}'  # by a worker of before, which named no report
    name = name_of(sealed)
    assert changed_paper(report, name) is None  # on another machine
    copy.write_bytes(sealed)
    assert changed_paper(report, name) is None
    copy.write_bytes(sealed.replace(b"alice", b"carol"))
    assert changed_paper(report, name) == (copy, name)


def test_a_report_that_was_changed_after_the_run_is_noticed_by_the_record_beside_it(tmp_path: Path) -> None:
    report, page = tmp_path / "report.html", b"<h1>stopped</h1>"
    sealed = json.dumps({"report": name_of(page)}).encode()
    (tmp_path / "record.json").write_bytes(sealed)
    assert changed_paper(str(report), name_of(sealed)) is None  # it is not there
    report.write_bytes(page)
    assert changed_paper(str(report), name_of(sealed)) is None
    report.write_bytes(page.replace(b"stopped", b"succeeded"))
    assert changed_paper(str(report), name_of(sealed)) == (report, name_of(page))
