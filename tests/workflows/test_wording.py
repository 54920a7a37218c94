"""How messages name many things, and keep to a length."""

import pytest

from workflows.wording import shortened, some


@pytest.mark.parametrize(
    ("names", "said"), [((), ""), (("a",), "a"), (("a", "b"), "a, b"), (("a", "b", "c", "d"), "a, b and 2 more")]
)
def test_the_first_are_named_and_the_others_counted(names: tuple[str, ...], said: str) -> None:
    assert some(names, 2) == said


def test_what_is_cut_can_be_seen_to_be_and_is_no_longer_than_allowed() -> None:
    assert shortened("12345", 5) == "12345"
    assert shortened("123456", 5) == "1234…"
