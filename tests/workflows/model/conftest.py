"""Failures are what these tests are made of: the SDK's warnings about each of them would bury what is found."""

import logging

import pytest


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Only what is critical."""
    caplog.set_level(logging.CRITICAL, "temporalio")
