"""Nobody looks for garbage while modules are imported, and everybody does afterwards."""

import gc
from argparse import Namespace
from pathlib import Path

import pytest

from starter import __main__ as command_line
from starter.loading import loading


def test_nobody_looks_for_garbage_meanwhile_nor_later_among_what_has_come() -> None:
    frozen = gc.get_freeze_count()
    with loading():
        assert not gc.isenabled()
        kept = [[number] for number in range(1_000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + len(kept)


def test_what_cannot_be_imported_leaves_it_as_it_was() -> None:
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()


def test_a_command_is_loaded_so_and_carried_out_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "import gc\nLOADED = gc.isenabled()\n\ndef entry(_):\n    return 40 + 2 * LOADED + gc.isenabled()\n"
    (tmp_path / "loaded_by_a_test.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(command_line, "parse", lambda _: Namespace(entry="loaded_by_a_test:entry"))
    assert command_line.execute(["anything"]) == 41
