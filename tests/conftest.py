"""What all tests share: options and marks, and how they are handed out and measured."""

import importlib
import os
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import workflows
from scheduling import MEASURED, LongestFirst


def pytest_addoption(parser: pytest.Parser) -> None:
    """Our own options."""
    parser.addoption("--update", action="store_true", help="rewrite golden files instead of comparing with them")
    parser.addoption("--record-histories", action="store_true", help="write the histories that are not kept yet")
    parser.addoption("--chaos-rounds", type=int, default=5, help="how many rounds of chaos")
    parser.addoption("--chaos-seed", type=int, default=991, help="the seed of the first round; 0 draws one")
    parser.addoption("--model-examples", type=int, default=20, help="how many scenarios the model test looks at")
    parser.addoption("--parse-outputs", type=int, default=1, help="how many outputs are made for each template")
    parser.addoption("--model-seed", type=int, default=17, help="the seed of its scenarios; 0 draws one")


def pytest_configure(config: pytest.Config) -> None:
    """Our own marks; and the servers that tests start collect their garbage as rarely as those of `netsaga dev` do."""
    os.environ.setdefault("GOGC", "400")
    os.environ.setdefault("GOMEMLIMIT", "768MiB")
    config.addinivalue_line("markers", "history(name): the run of this case is kept as tests/histories/NAME")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LongestFirst | None:
    """By file, as `make test` asks for it: in our groups and our order."""
    return LongestFirst(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Coverage sees what it measures being imported, and then sleeps until such a test comes."""
    coverage = _coverage(session.config)
    if coverage is not None and not session.config.getoption("numprocesses", None):
        for module in pkgutil.walk_packages(workflows.__path__, "workflows."):
            importlib.import_module(module.name)
        coverage.pause()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Coverage looks at the tests of what it measures alone: it makes every other one a third slower."""
    coverage = _coverage(item.config)
    measured = item.nodeid.startswith(MEASURED) and item.get_closest_marker("no_cover") is None
    if coverage is not None and coverage.started != measured:
        coverage.pause() if coverage.started else coverage.resume()
    return (yield)


def _coverage(config: pytest.Config) -> Any:
    """What pytest-cov measures with; None where nothing is measured."""
    plugin: Any = config.pluginmanager.getplugin("_cov")
    return None if plugin is None else plugin.cov_controller


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten."""
    return bool(request.config.getoption("--update"))
