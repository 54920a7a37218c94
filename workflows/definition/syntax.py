"""Jinja2's own parser on one expression, with the column of everything.

Jinja2's nodes know lines only. So the token stream that its parser gets carries offsets where it expects line numbers:
each node then says where in the text it began, and a mistake gets its caret. Nothing is evaluated here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import jinja2
from jinja2 import lexer, nodes, parser

_ENVIRONMENT: Final = jinja2.Environment()  # noqa: S701 - it parses and never renders


@dataclass(frozen=True, slots=True)
class Syntax:
    """A parsed expression; ``lineno`` of its nodes is an offset in the text.

    Attributes:
        tree: Jinja2's tree. Shared between equal texts, so nobody may change it.
        ends: Offset of a token: its end.
        following: Offset of a token: the offset of the one after it.
    """

    tree: nodes.Expr
    ends: Mapping[int, int]
    following: Mapping[int, int]


class SyntaxMistake(ValueError):
    """A text that is no expression, with the offsets of the word where that shows."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start, self.end = start, end


@lru_cache(maxsize=4096)
def parse(text: str) -> Syntax:
    """Parses one expression. Definitions repeat themselves, hence the cache.

    Raises:
        SyntaxMistake: It is no expression.
        RecursionError: It is nested beyond what the parser can follow.
    """
    ends: dict[int, int] = {}
    following: dict[int, int] = {}
    try:
        machine = parser.Parser(_ENVIRONMENT, "0", state="variable")
        machine.stream = lexer.TokenStream(_ENVIRONMENT.lexer.wrap(_tokens(text, ends, following)), None, None)
        tree = machine.parse_expression()
        if not machine.stream.eos:
            rest = machine.stream.current
            raise SyntaxMistake(
                f"`{rest.value}` is not expected here", rest.lineno, ends.get(rest.lineno, rest.lineno + 1)
            )
    except jinja2.TemplateSyntaxError as error:
        start = min(error.lineno, len(text))
        raise SyntaxMistake(_in_our_words(error.message or "unreadable"), start, ends.get(start, start + 1)) from error
    return Syntax(tree, ends, following)


def _tokens(text: str, ends: dict[int, int], following: dict[int, int]) -> Iterator[tuple[int, str, str]]:
    at, previous = 0, -1
    try:
        for _, kind, value in _ENVIRONMENT.lexer.tokeniter(text, None, state="variable"):
            if kind != "whitespace":
                ends[at] = at + len(value)
                following[previous] = at
                previous = at
            yield at, kind, value
            at += len(value)
    except jinja2.TemplateSyntaxError as error:
        raise jinja2.TemplateSyntaxError(error.message or "unreadable", at) from error


def _in_our_words(message: str) -> str:
    """An expression is not a template, and a line holds its own column."""
    plain = message.replace("'end of template'", "end").replace("end of template", "end")
    return re.sub(r" at \d+$", "", plain.rstrip("."))
