"""`--update` rewrites the golden files of this folder instead of comparing with them."""

import contextlib

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    with contextlib.suppress(ValueError):  # another folder with goldens may have added it
        parser.addoption("--update", action="store_true", default=False, help="rewrite golden files")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update", default=False))
