"""What all tests share: options and marks, and how they are handed out and measured."""

import gc
import os
import signal
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import settings
from temporalio.worker import _worker

import workflows
from measuring import UNTRACED, Tracing
from scheduling import LongestFirst

TRACING = pytest.StashKey[Tracing]()
# An example that took long took it from a busy machine; what has to be fast is asked in CPU time, where it is asked.
settings.register_profile("patient", settings(), deadline=None)
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Our own options."""
    parser.addoption("--update", action="store_true", help="rewrite golden files instead of comparing with them")
    parser.addoption("--record-histories", action="store_true", help="write the histories that are not kept yet")
    parser.addoption("--chaos-rounds", type=int, default=5, help="how many rounds of chaos")
    parser.addoption("--chaos-seed", type=int, default=991, help="the seed of the first round; 0 draws one")
    parser.addoption("--model-examples", type=int, default=18, help="how many scenarios the model test looks at")
    parser.addoption("--parse-outputs", type=int, default=1, help="how many outputs are made for each template")
    parser.addoption("--model-seed", type=int, default=17, help="the seed of its scenarios; 0 draws one")


def pytest_configure(config: pytest.Config) -> None:
    """Our own marks; and the servers that tests start seldom collect their garbage."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in the background; commands under test hear Ctrl-C
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("GOGC", "800")
    os.environ.setdefault("GOMEMLIMIT", "768MiB")
    # The SDK names a worker's build after the code of all modules that are loaded, and compiles ours anew to read it.
    _worker._default_build_id = "tests"
    config.addinivalue_line("markers", f"{UNTRACED}: coverage does not look at this test")
    config.addinivalue_line("markers", "history(name): the run of this case is kept as tests/histories/NAME")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LongestFirst | None:
    """By file, as `make test` asks for it: in our groups and our order."""
    return LongestFirst(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """By now coverage has begun, if it was asked for."""
    if session.config.pluginmanager.hasplugin("_cov") and not session.config.getoption("numprocesses", None):
        session.config.stash[TRACING] = Tracing()
        session.config.stash[TRACING].begin(workflows)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nobody looks for garbage meanwhile: hardly anything of what comes is."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """What has been collected stays to the end: nobody need look through these millions of objects for garbage."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Measures a test, or does not."""
    if TRACING in item.config.stash:
        item.config.stash[TRACING].for_test(item)
    return (yield)


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten."""
    return bool(request.config.getoption("--update"))
