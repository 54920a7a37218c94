"""Jinja2's parser gets the same words from us as from its own lexer, with the same offsets."""

import random

import pytest
from jinja2 import nodes

from workflows.definition.syntax import SyntaxMistake, any_words, parse, path_words, plain_words

PIECES = (
    "inputs", "steps.a", "_x", "\u00e4\u00f6", "a\u00b7", "1", "0", "007", "1_000", "0x1F", "0b1", "1.5", "1e3", "1.e",
    ".5", "9" * 30,
    "'text'", '"a b"', "'it", "'\u00e9'", "'a\nb'", "+", "-", "*", "**", "/", "//", "%", "~",
    "==", "!=", "<", "<=", ">", ">=",
    "=", ".", ":", "|", ",", ";", "(", ")", "[", "]", "{", "}", " ", "  ", "\n", "\t", "not", "in", "is", "if",
    "else", "!", "?",
    "&", "#", "@", "$", "\\", "}}", "%}", "-}}", "\r", "\x85", "\u00a0",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_plain_words_are_what_jinja2s_lexer_makes_of_a_text(seed: int) -> None:
    chance = random.Random(seed)
    plain = 0
    for _ in range(200):
        text = "".join(chance.choice(PIECES) + chance.choice(["", " "]) for _ in range(chance.randrange(1, 9)))
        ends: dict[int, int] = {}
        following: dict[int, int] = {}
        found = plain_words(text, ends, following)
        if found is None:
            continue
        plain += 1
        their_ends: dict[int, int] = {}
        their_following: dict[int, int] = {}
        assert found == list(any_words(text, their_ends, their_following)), text
        assert (ends, following) == (their_ends, their_following), text
    assert plain > 20


@pytest.mark.parametrize("seed", range(5))
def test_a_plain_path_is_what_jinja2s_parser_makes_of_it(seed: int) -> None:
    chance = random.Random(seed)
    paths = 0
    pieces = (*PIECES, *["inputs", "steps", ".", ".", "none", "and", "true", "x1", "_"] * 12)
    for _ in range(300):
        text = "".join(chance.choice(pieces) for _ in range(chance.randrange(1, 6)))
        words = path_words(text)
        if words is None:
            continue
        paths += 1
        syntax = parse(text)
        names: list[str] = []
        node: nodes.Node = syntax.tree
        while isinstance(node, nodes.Getattr):
            names.append(node.attr)
            node = node.node
        assert isinstance(node, nodes.Name), text
        assert [*reversed([*names, node.name])] == [text[start:end] for start, end in words], text
        assert all(syntax.ends[start] == end for start, end in words), text
    assert paths > 20


@pytest.mark.parametrize(
    "text", ["true", "None", "not", "a b", "a . b", "a.1", "1.a", "a.", ".a", "a[0]", "\u00e4.b", ""]
)
def test_what_is_no_plain_path_is_for_the_parser(text: str) -> None:
    assert path_words(text) is None


def test_values_have_the_same_types() -> None:
    found = plain_words("0x1F 1.5 'a'", {}, {})

    assert [type(token.value) for token in found or ()] == [int, float, str]


@pytest.mark.parametrize("text", ["a)", "(a", "a }}", "'\\x41'", "a ? b", "a\rb", "[a)"])
def test_what_is_not_plain_goes_through_jinja2s_lexer(text: str) -> None:
    assert plain_words(text, {}, {}) is None


def test_the_environment_of_expressions_is_never_changed_by_a_mistake() -> None:
    for text in ("(", "a b", "a |", "{a:", "a if"):
        with pytest.raises(SyntaxMistake):
            parse(text)
    assert isinstance(parse("a.b[0] | length > 1").tree, nodes.Compare)
