"""The filters and tests of the expression language, as pure data.

One list for both sides: the compiler (`workflows/definition`) admits nothing else, the interpreter (`workflows/run`)
implements no less. Meaning follows Jinja2 3.1 where Jinja2 has the filter (``default`` also replaces null); ``split``
and ``keys`` are ours (as ``str.split`` and ``list(dict.keys())``), and ``match`` is Ansible's (a regular expression,
anchored at the start). It must import nothing of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Signature:
    """What may stand in the parentheses after a filter or a test.

    Attributes:
        params: What may be given by position, in this order.
        required: How many of the first ``params`` must be given.
        keywords: What may be given by name (filters only).
        variadic: Further positional arguments follow: those of the filter or test that is named first.
    """

    params: tuple[str, ...] = ()
    required: int = 0
    keywords: tuple[str, ...] = ()
    variadic: bool = False


FILTERS: Final[Mapping[str, Signature]] = MappingProxyType(
    {
        "default": Signature(("value",), required=1),
        "first": Signature(),
        "float": Signature(("default",), keywords=("default",)),
        "int": Signature(("default", "base"), keywords=("default", "base")),
        "items": Signature(),
        "join": Signature(("separator", "attribute"), keywords=("attribute",)),
        "keys": Signature(),
        "last": Signature(),
        "length": Signature(),
        "list": Signature(),
        "lower": Signature(),
        "map": Signature(("filter",), keywords=("attribute", "default"), variadic=True),
        "max": Signature(("case_sensitive", "attribute"), keywords=("case_sensitive", "attribute")),
        "min": Signature(("case_sensitive", "attribute"), keywords=("case_sensitive", "attribute")),
        "reject": Signature(("test",), variadic=True),
        "rejectattr": Signature(("attribute", "test"), required=1, variadic=True),
        "replace": Signature(("old", "new", "count"), required=2, keywords=("count",)),
        "round": Signature(("precision", "method"), keywords=("precision", "method")),
        "select": Signature(("test",), variadic=True),
        "selectattr": Signature(("attribute", "test"), required=1, variadic=True),
        "sort": Signature(
            ("reverse", "case_sensitive", "attribute"), keywords=("reverse", "case_sensitive", "attribute")
        ),
        "split": Signature(("separator",)),
        "string": Signature(),
        "sum": Signature(("attribute", "start"), keywords=("attribute", "start")),
        "trim": Signature(("characters",)),
        "unique": Signature(("case_sensitive", "attribute"), keywords=("case_sensitive", "attribute")),
        "upper": Signature(),
    }
)

TESTS: Final[Mapping[str, Signature]] = MappingProxyType(
    {
        "==": Signature(("other",), required=1),
        "defined": Signature(),
        "equalto": Signature(("other",), required=1),
        "in": Signature(("seq",), required=1),
        "match": Signature(("pattern",), required=1),
        "none": Signature(),
    }
)
