"""Which tests stay together in one process of `make test`, and which go first.

The tests of a file stay together, for they share what their fixtures start; some files share more than that. What takes
longest begins first, so that nothing long is left for the end. Groups are known here by path and not by a mark, for the
process that hands the work out never sees the tests themselves (and ``--dist loadgroup`` of pytest-xdist 3.8 groups
nothing under pytest 9.2: pytest-dev/pytest-xdist#1386).
"""

from typing import Any, Final

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # xdist ships no types

# One stack, one port or one set of real machines, for all of a row.
TOGETHER: Final = {
    "tests/real/test_contract.py": ("tests/real/test_contract.py",),  # long, and worth machines of its own
    "real": ("tests/real/",),
    "starter": ("tests/starter/test_client.py", "tests/starter/cli/", "tests/starter/render/test_views.py"),
    "e2e": (
        "tests/e2e/test_engines.py",
        "tests/e2e/test_first_definition.py",
        "tests/e2e/test_operators.py",
        "tests/e2e/test_temporal_cli.py",
    ),
}
# Each test has a stack of its own, and they are long.
APART: Final = ("tests/chaos/",)
# Seconds that the long ones take on two cores; what is not named takes few.
LONG: Final = {
    "tests/e2e/test_readme.py": 140,
    "real": 160,
    "tests/real/test_contract.py": 120,
    "tests/chaos/test_rounds.py": 130,
    "tests/chaos/": 50,
    "tests/chaos/test_durability.py::test_a_frozen_worker": 90,
    "tests/worker/test_run.py": 70,
    "e2e": 75,
    "tests/e2e/": 30,
    "tests/workflows/run/test_continue.py": 80,
    "tests/workflows/run/test_holding.py": 35,
    "tests/workflows/run/test_limits.py": 50,
    "tests/workflows/run/test_replay.py": 40,
    "tests/workflows/definition/test_fuzz.py": 50,
    "tests/workflows/definition/test_formatting.py": 40,
    "tests/workflows/model/": 40,
    "tests/starter/dev/": 30,
    "tests/starter/demo/": 30,
    "starter": 80,
    "tests/activities/deviceinteraction/contract/": 60,
    "tests/activities/deviceinteraction/contract/test_links.py": 100,
    "tests/activities/deviceinteraction/contract/test_apis.py": 70,
    "tests/activities/deviceinteraction/change/": 25,
    "tests/activities/deviceinteraction/test_faults.py": 25,
    "tests/workflows/run/": 20,
    "tests/workflows/guard/": 20,
    "tests/workflows/guard/test_alive.py": 30,
    "tests/workflows/library/": 25,
    "tests/workflows/definition/language/": 30,
    "tests/activities/test_acts.py": 40,
    "tests/activities/test_confirm.py": 30,
    "tests/activities/test_interact.py": 25,
    "tests/activities/test_": 10,
}


def group(nodeid: str) -> str:
    """The tests that are carried out in one process, one after the other, with this one."""
    if nodeid.startswith(APART):
        return nodeid
    file = nodeid.partition("::")[0]
    return next((name for name, paths in TOGETHER.items() if file.startswith(paths)), file)


def seconds(group: str) -> float:
    """About how long a group takes; the longest name that fits counts."""
    return max(((len(path), cost) for path, cost in LONG.items() if group.startswith(path)), default=(0, 1))[1]


class LongestFirst(LoadScopeScheduling):  # type: ignore[misc] # as above: its parent is untyped
    """Hands out groups, the longest ones first."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        self.workqueue.move_to_end(max(self.workqueue, key=seconds), last=False)
        super()._assign_work_unit(node)
