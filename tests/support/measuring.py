"""Coverage on and off: it looks at the tests of what it measures alone, for it makes each test much slower.

pytest-cov has a mark for that, ``no_cover``, which does nothing in a process of pytest-xdist: two measurements go on
there, and who pauses one lets the other go on. So the trace function itself is taken away and given back.

Where a worker carries out workflows, it does so in threads of its own. There the threads alone are looked at: what the
test's own thread does meanwhile is the SDK's work and ours around it, and would take twice as long.
"""

import importlib
import pkgutil
import sys
import threading
from types import ModuleType
from typing import Final

import pytest

MEASURED: Final = "tests/workflows/"  # these alone must reach all of workflows/
UNTRACED: Final = "untraced"  # the mark of those among them that are long, and reach nothing that others do not
WORKERS: Final = frozenset({"server", "replayer"})  # fixtures of those whose workflows are carried out by a worker


class Tracing:
    """The trace function that measures, if there is one. It is on when this is made."""

    def __init__(self) -> None:
        self._here, self._in_threads = sys.gettrace(), threading.gettrace()
        self._on = (True, True)

    def begin(self, measured: ModuleType) -> None:
        """Has all modules of a package imported, which is measured too; and then off."""
        if self._here is not None:
            for module in pkgutil.walk_packages(measured.__path__, f"{measured.__name__}."):
                importlib.import_module(module.name)
        self._switch(here=False, in_threads=False)

    def for_test(self, item: pytest.Item) -> None:
        """On or off, as a test demands."""
        measured = item.nodeid.startswith(MEASURED) and item.get_closest_marker(UNTRACED) is None
        self._switch(here=measured and WORKERS.isdisjoint(getattr(item, "fixturenames", ())), in_threads=measured)

    def _switch(self, *, here: bool, in_threads: bool) -> None:
        if self._here is not None and (here, in_threads) != self._on:
            threading.settrace(self._in_threads if in_threads else None)
            sys.settrace(self._here if here else None)
            self._on = (here, in_threads)
