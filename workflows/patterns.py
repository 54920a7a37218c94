"""Regular expressions of a definition: compiled where it is checked, and refused where they can run for ever.

Python's engine backtracks, and nothing can interrupt it. What makes it run for ever is known (Davis et al., "The impact
of regular expression denial of service", ESEC/FSE 2018): a repetition whose body can match the same text in several
ways, and several repetitions in a row that can match the same text. Both are looked for in Python's own parse of the
pattern, with sets of characters in place of an automaton; the rules are simple, and refuse a little too much rather
than too little. The compiler and the evaluator share them. It must import nothing of ours.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from re import _constants as ops  # type: ignore[attr-defined]  # typeshed does not list the parser's modules
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

MAX_LENGTH: Final = 1_000
MAX_GREEDY: Final = 3  # repetitions in a row that can match the same text
_FEW: Final = 8  # a repetition of at most so many does not multiply much
_EVERY: Final = frozenset(range(256))
_OTHER: Final = 255  # stands for every character that is not ASCII
_SAMPLES: Final = (*map(chr, range(255)), "\N{CJK UNIFIED IDEOGRAPH-4E00}")

Characters = frozenset[int]


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why a pattern is refused, and where in it: characters from 0. ``endless`` tells the two reasons apart."""

    message: str
    start: int
    end: int
    hint: str
    endless: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that may be used.

    Attributes:
        compiled: Ready to match.
        columns: Its named groups, in their order.
        greedy: The most repetitions in a row that can match the same text: the exponent of its worst time.
    """

    compiled: re.Pattern[str]
    columns: tuple[str, ...]
    greedy: int


@dataclass(frozen=True, slots=True)
class _Part:
    """An element of a sequence, as far as the rules need it: what it can match, and how much."""

    characters: Characters
    least: int
    most: int
    repeats: bool  # without an end

    @property
    def varies(self) -> bool:
        return self.least != self.most


@lru_cache(maxsize=1024)
def check_pattern(text: str) -> Pattern | Mistake:
    """Compiles a regular expression, or says why it must not be used."""
    if len(text) > MAX_LENGTH:
        return Mistake(f"a regular expression of more than {MAX_LENGTH:,} characters", 0, len(text), "shorten it")
    swallowed = next((at for at, mark in enumerate(text) if ord(mark) < 32 and mark not in "\t\n\r"), None)
    if swallowed is not None:
        hint = r"in quotes write two backslashes, as `\\b`"
        return Mistake("a control character in a regular expression", swallowed, swallowed + 1, hint)
    try:
        compiled = re.compile(text)
        tree = parser.parse(_with_every_dot(text))
    except (re.error, OverflowError, RecursionError) as error:
        at = getattr(error, "pos", None) or 0
        message = f"not a valid regular expression: {getattr(error, 'msg', error)}"
        return Mistake(message, at, min(at + 1, len(text)), "regular expressions are Python's")
    try:
        greedy = _judge(tree)
    except _Endless as endless:
        return Mistake(endless.args[0], 0, len(text), endless.args[1], endless=True)
    if greedy > MAX_GREEDY:
        message = f"{greedy} repetitions in a row can match the same text, so a text that does not fit takes very long"
        return Mistake(
            message, 0, len(text), r"say what stands between them, as `\S+` or `[^,]*` for `.*`", endless=True
        )
    columns = tuple(sorted(compiled.groupindex, key=compiled.groupindex.__getitem__))
    return Pattern(compiled, columns, greedy)


def _with_every_dot(text: str) -> str:
    """The pattern with what ``.`` means where ``(?s)`` stands; for the rules only."""
    if not re.search(r"\(\?[a-zA-Z]*s", text):
        return text
    return re.sub(r"\\.|\[\^?\]?[^\]]*\]|\.", lambda found: r"[\s\S]" if found[0] == "." else found[0], text)


class _Endless(Exception):
    """A repetition whose body can match one text in several ways: message and help."""


def _judge(tree: Iterable[Any]) -> int:
    """The longest row of repetitions that can match the same text; raises `_Endless`."""
    elements = list(tree)
    greedy = max([0, *(_judge_element(element) for element in elements)])
    parts = [_part(element) for element in elements]
    return max(greedy, _row(parts))


def _judge_element(element: Any) -> int:  # noqa: ANN401 - Python's parser is not typed
    kind, value = element
    if kind in {ops.MAX_REPEAT, ops.MIN_REPEAT}:
        _, most, body = value
        greedy = _judge(body)
        if most > _FEW:
            _judge_body(list(body))
        return greedy
    return max([0, *(_judge(body) for body in _bodies(kind, value))])


def _judge_body(body: Sequence[Any]) -> None:
    """Refuses the body of a repetition in which something varies and nothing shows where it begins anew."""
    parts = [_part(element) for element in _flat(body)]
    for number, part in enumerate(parts):
        others = [other for at, other in enumerate(parts) if at != number]
        if part.varies and not any(other.least and not other.characters & part.characters for other in others):
            raise _Endless(
                "a repetition inside a repetition can match one text in very many ways",
                r"separate what is repeated, as `(?:\S+\s+)*` or `(?:[^,]+,)*`",
            )


def _flat(body: Iterable[Any]) -> Iterable[Any]:
    """The elements of a sequence; a group that stands alone counts by its own elements."""
    for kind, value in body:
        if kind is ops.SUBPATTERN:
            yield from _flat(value[3])
        elif kind is ops.ATOMIC_GROUP:
            yield from _flat(value)
        else:
            yield kind, value


def _row(parts: Sequence[_Part]) -> int:
    """How many repetitions without an end follow each other with nothing but what they match themselves in between.

    What comes last does not count: nothing after it can fail.
    """
    longest = 0
    for start, first in enumerate(parts):
        if not first.repeats:
            continue
        count, last, shared = 1, first, start
        for at in range(start + 1, len(parts)):
            part = parts[at]
            if part.repeats and part.characters & last.characters:
                count, last, shared = count + 1, part, at
            elif part.least and not part.characters & last.characters:
                break
        if shared == len(parts) - 1 and count > 1:
            count -= 1
        longest = max(longest, count)
    return longest


def _bodies(kind: Any, value: Any) -> list[Any]:  # noqa: ANN401 - as above
    """The sequences inside an element."""
    if kind is ops.SUBPATTERN:
        return [value[3]]
    if kind is ops.BRANCH:
        return list(value[1])
    if kind in {ops.ASSERT, ops.ASSERT_NOT}:
        return [value[1]]
    if kind is ops.ATOMIC_GROUP:
        return [value]
    if kind is ops.POSSESSIVE_REPEAT:
        return [value[2]]
    if kind is ops.GROUPREF_EXISTS:
        return [body for body in value[1:] if body is not None]
    return []


def _part(element: Any) -> _Part:  # noqa: ANN401 - as above
    kind, value = element
    if kind in {ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT}:
        least, most, body = value
        inner = _whole(body)
        repeats = kind is not ops.POSSESSIVE_REPEAT and (most > _FEW or inner.repeats)
        return _Part(inner.characters, inner.least * least, min(inner.most * most, 1 << 30), repeats)
    bodies = [_whole(body) for body in _bodies(kind, value)]
    if kind in {ops.ASSERT, ops.ASSERT_NOT, ops.AT}:
        return _Part(frozenset(), 0, 0, False)
    if bodies:
        some = frozenset[int]().union(*(body.characters for body in bodies))
        least = 0 if kind is ops.GROUPREF_EXISTS else min(body.least for body in bodies)
        return _Part(some, least, max(body.most for body in bodies), any(body.repeats for body in bodies))
    if kind is ops.GROUPREF:
        return _Part(_EVERY, 0, 1 << 30, False)
    return _Part(_characters(kind, value), 1, 1, False)


def _whole(body: Iterable[Any]) -> _Part:
    parts = [_part(element) for element in body]
    return _Part(
        frozenset[int]().union(*(part.characters for part in parts)),
        sum(part.least for part in parts),
        min(sum(part.most for part in parts), 1 << 30),
        any(part.repeats for part in parts),
    )


def _characters(kind: Any, value: Any) -> Characters:  # noqa: ANN401 - as above
    """What one character may be: ASCII exactly, all others as one."""
    if kind is ops.LITERAL:
        return frozenset({min(value, _OTHER)})
    if kind is ops.NOT_LITERAL:
        return _EVERY - {value}
    if kind is ops.ANY:
        return _EVERY - {10}
    if kind is ops.RANGE:
        return frozenset(range(min(value[0], _OTHER), min(value[1], _OTHER) + 1))
    if kind is ops.CATEGORY:
        return _category(value)
    if kind is ops.IN:
        negated = value[0][0] is ops.NEGATE
        some = frozenset[int]().union(*(_characters(*one) for one in value[negated:]))
        return _EVERY - some if negated else some
    return _EVERY


@lru_cache(maxsize=16)
def _category(name: Any) -> Characters:  # noqa: ANN401 - as above
    letters = {
        ops.CATEGORY_DIGIT: r"\d", ops.CATEGORY_NOT_DIGIT: r"\D", ops.CATEGORY_SPACE: r"\s",
        ops.CATEGORY_NOT_SPACE: r"\S", ops.CATEGORY_WORD: r"\w", ops.CATEGORY_NOT_WORD: r"\W",
    }  # fmt: skip
    test = re.compile(letters[name])
    return frozenset(code for code, mark in enumerate(_SAMPLES) if test.match(mark))
