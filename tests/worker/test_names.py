"""Our top-level packages have common names (see deploy/decisions/0002): nothing else may bring them along."""

from importlib.metadata import packages_distributions

import pytest


@pytest.mark.parametrize("name", ["worker", "workflows", "activities", "starter"])
def test_no_other_distribution_provides_our_top_level_packages(name: str) -> None:
    # An editable install provides no file that could be listed, so ours may be missing; another may not be there.
    assert set(packages_distributions().get(name, [])) <= {"netsaga"}
