"""What all tests of the model share."""

import logging
from datetime import timedelta

import pytest

from workflows.run import pools


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Failures are what these tests are made of: the SDK's warnings about each would bury what is found."""
    caplog.set_level(logging.CRITICAL, "temporalio")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time is skipped while an activity waits for the workers of a pool, so that limit is short here."""
    monkeypatch.setattr(pools, "TAKEN_UP", timedelta(seconds=1))
