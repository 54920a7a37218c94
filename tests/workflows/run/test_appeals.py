"""How the blocks of a deployment are named in sentences."""

from typing import get_args

from workflows.plan import Block
from workflows.run.appeals import NAMED


def test_a_block_has_an_article_only_where_english_wants_one() -> None:
    assert set(NAMED) == set(get_args(Block))
    assert [NAMED["source_of_truth"], NAMED["observability"]] == ["the source of truth", "observability"]
