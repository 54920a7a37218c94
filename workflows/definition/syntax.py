"""Jinja2's own parser on one expression, with the column of everything.

Jinja2's nodes know lines only. So the token stream that its parser gets carries offsets where it expects line numbers:
each node then says where in the text it began, and a mistake gets its caret. Nothing is evaluated here.

The words of a plain expression are cut here by Jinja2's own patterns in one regular expression, which is several times
as fast as its lexer; whatever is not plain (an escape, a bracket that does not match, a character that nobody knows)
goes through its lexer, so that both agree and its messages stay. A property test compares them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import jinja2
from jinja2 import lexer, nodes, parser

_ENVIRONMENT: Final = jinja2.Environment()  # noqa: S701 - it parses and never renders
_PARSED: Final = vars(parser.Parser(_ENVIRONMENT, "0", state="variable"))
_RULES: Final = {rule.tokens: rule.pattern.pattern for rule in _ENVIRONMENT.lexer.rules["variable_begin"]}
_WORD: Final = re.compile(
    rf"(?P<blank>{_RULES['whitespace']})|(?P<float>(?ix:{_RULES['float']}))|(?P<integer>(?ix:{_RULES['integer']}))"
    rf"|(?P<name>{_RULES['name']})|(?P<string>(?s:{_RULES['string']}))|(?P<operator>{_RULES['operator']})"
)
_PATH: Final = re.compile(r"[ \t\n]*[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*[ \t\n]*", re.ASCII)
_PATH_WORD: Final = re.compile(r"\w+", re.ASCII)
_KEYWORDS: Final = frozenset(
    {"and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None"}
)
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


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


def path_words(text: str) -> list[tuple[int, int]] | None:
    """Start and end of each word of a plain path, as ``steps.look.succeeded``; None for anything else.

    Half of all expressions are such paths, and nobody needs a grammar to read them.
    """
    if not _PATH.fullmatch(text):
        return None
    words = [found.span() for found in _PATH_WORD.finditer(text)]
    first, end = words[0]
    return words if text[first:end] not in _KEYWORDS else None


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
        machine = parser.Parser.__new__(parser.Parser)  # a new one would cut and parse a text first
        vars(machine).update(_PARSED)  # what it keeps between calls belongs to statements, and there are none
        words = plain_words(text, ends, following)
        machine.stream = lexer.TokenStream(words if words is not None else any_words(text, ends, following), None, None)
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


def plain_words(text: str, ends: dict[int, int], following: dict[int, int]) -> list[lexer.Token] | None:
    """The tokens of a plain expression; None where Jinja2's lexer has to look.

    Args:
        text: The expression.
        ends: Gets the end of each token; as in `Syntax`.
        following: Gets the start of the token after each one; as in `Syntax`.
    """
    if "\\" in text or "\r" in text or "}}" in text:
        return None
    found: list[lexer.Token] = []
    open_brackets: list[str] = []
    at, previous, length = 0, -1, len(text)
    while at < length:
        match = _WORD.match(text, at)
        if match is None:
            return None
        kind, end = match.lastgroup, match.end()
        if kind != "blank":
            word = text[at:end]
            token = _token(kind, word, at, open_brackets)
            if token is None:
                return None
            found.append(token)
            ends[at] = end
            following[previous] = at
            previous = at
        at = end
    return found if not open_brackets else None


def _token(kind: str | None, word: str, at: int, open_brackets: list[str]) -> lexer.Token | None:
    """One word as Jinja2's lexer would hand it to the parser; keeps count of brackets."""
    match kind:
        case "name":
            return lexer.Token(at, "name", word) if word.isidentifier() else None
        case "operator":
            if word in _CLOSING:
                open_brackets.append(_CLOSING[word])
            elif word in {")", "]", "}"} and (not open_brackets or open_brackets.pop() != word):
                return None
            return lexer.Token(at, lexer.operators[word], word)
        case "string":
            return lexer.Token(at, "string", word[1:-1])
        case "integer":
            return lexer.Token(at, "integer", int(word.replace("_", ""), 0))  # type: ignore[arg-type]  # as its lexer does
        case _:
            return lexer.Token(at, "float", float(word.replace("_", "")))  # type: ignore[arg-type]  # as its lexer does


def any_words(text: str, ends: dict[int, int], following: dict[int, int]) -> Iterator[lexer.Token]:
    """The tokens of any text, by Jinja2's lexer; arguments as in `plain_words`."""
    ends.clear()
    following.clear()
    return _ENVIRONMENT.lexer.wrap(_raw_words(text, ends, following))


def _raw_words(text: str, ends: dict[int, int], following: dict[int, int]) -> Iterator[tuple[int, str, str]]:
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
