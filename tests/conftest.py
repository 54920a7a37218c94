"""What all tests share: options and marks."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Our own options."""
    parser.addoption("--update", action="store_true", help="rewrite golden files instead of comparing with them")
    parser.addoption("--record-histories", action="store_true", help="write the histories that are not kept yet")
    parser.addoption("--chaos-rounds", type=int, default=5, help="how many rounds of chaos")
    parser.addoption("--chaos-seed", type=int, default=991, help="the seed of the first round; 0 draws one")
    parser.addoption("--model-examples", type=int, default=20, help="how many scenarios the model test looks at")
    parser.addoption("--model-seed", type=int, default=17, help="the seed of its scenarios; 0 draws one")


def pytest_configure(config: pytest.Config) -> None:
    """Our own marks."""
    config.addinivalue_line("markers", "history(name): the run of this case is kept as tests/histories/NAME")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten."""
    return bool(request.config.getoption("--update"))
