"""Static types: what each operation makes of what, and what it refuses."""

import pytest

from workflows.definition.diagnostics import Findings
from workflows.definition.expressions import parse_bare
from workflows.definition.inference import Inference
from workflows.definition.nodes import Fields, Scalar, Text
from workflows.definition.reader import read
from workflows.definition.scopes import Scope
from workflows.definition.state_types import STATE
from workflows.definition.types import (
    BOOLEAN,
    CHANGE,
    DEVICE,
    DURATION,
    HOSTS,
    INTEGER,
    NUMBER,
    ROWS,
    STEPS,
    TEXT,
    UNKNOWN,
    ListType,
    MapType,
    Maybe,
    Record,
    Type,
    describe,
)

SECTIONS: dict[str, Type] = dict(STATE.items())
RECORDS = ListType(Record("a row", {"id": INTEGER, "name": TEXT, "load": NUMBER, "note": Maybe(TEXT)}))
SCOPE = Scope(
    {
        "i": INTEGER, "n": NUMBER, "t": TEXT, "b": BOOLEAN, "d": DURATION, "u": UNKNOWN, "maybe": Maybe(INTEGER),
        "numbers": ListType(INTEGER), "texts": ListType(TEXT), "hosts": HOSTS, "records": RECORDS, "rows": ROWS,
        "device": DEVICE, "state": Record("`state`", SECTIONS), "change": CHANGE, "map": MapType(TEXT, INTEGER),
        "steps": STEPS,
    },
    {},
    lambda _: True,
    lambda name: Record(f"`steps.{name}`", {"total": INTEGER, "ratio": Maybe(NUMBER)}),
)  # fmt: skip


def inferred(text: str) -> tuple[Type, list[str]]:
    findings = Findings()
    node = read(Text.of("x.yaml", f"key: |-\n  {text}\n"), findings)
    assert isinstance(node, Fields)
    scalar = node.entries[0][1]
    assert isinstance(scalar, Scalar)
    expression = parse_bare(scalar, findings)
    assert expression is not None, findings.items
    found = Inference(expression, SCOPE, findings).result()
    return found, [f"{item.code} {item.message}" for item in findings.items]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("i + 1", "an integer"),
        ("i + n", "a number"),
        ("i / 2", "a number"),
        ("t + 'x'", "text"),
        ("-i", "an integer"),
        ("-u", "a number"),
        ("t ~ i", "text"),
        ("1 if b else 2.5", "a number"),
        ("1 if b else none", "an integer or null"),
        ("1 if b else 'x'", "a value known only when it runs"),
        ("d if b else '5m'", "a duration"),
        ("d if b else t", "text"),
        ("maybe if b else 1", "an integer or null"),
        ("none", "null"),
        ("b and i > 1", "a boolean"),
        ("u or 'x'", "a value known only when it runs"),
        ("i in numbers and 'x' in map and 'a' in t and 'vlans' in state and u in u", "a boolean"),
        ("u.anything[0].more", "a value known only when it runs"),
        ("texts[0]", "text"),
        ("map.x + map['y']", "an integer"),
        ("state['vlans'][5]", "a VLAN"),
        ("state.interfaces['Gi1'].access_vlan", "an integer or null"),
        ("steps.a.total", "an integer"),
        ("[1, 2.5] | first", "a number"),
        ("[] | first", "a value known only when it runs"),
        ("{'a': 1}.a", "an integer"),
        ("{'a': 1, 'b': {'c': 'x'}}.b", "a map"),
        ("[{'a': 1}, {'a': 2.5}] | map(attribute='a') | first", "a number"),
        ("texts | length", "an integer"),
        ("texts | sort | unique | list | last", "text"),
        ("numbers | sum", "an integer"),
        ("records | sum(attribute='load')", "a number"),
        ("records | map(attribute='id') | max", "an integer"),
        ("records | min(attribute='load')", "a row"),
        ("records | selectattr('name', 'equalto', 'x') | first", "a row"),
        ("records | rejectattr('id', 'in', numbers) | map(attribute='note') | first", "text or null"),
        ("texts | map('upper') | first", "text"),
        ("texts | map('length') | first", "an integer"),
        ("texts | select('match', '^a') | reject('in', ['a']) | first", "text"),
        ("texts | join(',')", "text"),
        ("t | list | first", "text"),
        ("map | list | first", "text"),
        ("map | keys | first", "text"),
        ("state.vlans | keys | first", "an integer"),
        ("map | items | first", "a list"),
        ("rows[0].anything", "a value known only when it runs"),
        ("t | split(',') | first", "text"),
        ("t | int", "an integer"),
        ("t | float", "a number"),
        ("n | round(1)", "a number"),
        ("i | string", "text"),
        ("t | upper | trim | replace('a', 'b')", "text"),
        ("maybe | default(0)", "an integer"),
        ("maybe | default('x')", "a value known only when it runs"),
        ("maybe + 1 if maybe is not none else 0", "an integer"),
        ("0 if maybe is none else maybe + 1", "an integer"),
        ("maybe != none and maybe > 1", "a boolean"),
        ("maybe is none or maybe > 1", "a boolean"),
        ("not (maybe is none or b) and maybe > 1", "a boolean"),
        ("steps.a.ratio is not none and steps.a.ratio > 0.5", "a boolean"),
        ("numbers + [1]", "a list"),
        ("device.groups == texts", "a boolean"),
        ("u is match('x')", "a boolean"),
        ("change.lines | length == 0", "a boolean"),
    ],
)
def test_an_operation_has_the_type_of_its_result(text: str, said: str) -> None:
    found, problems = inferred(text)

    assert problems == []
    assert describe(found) == said


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("i | length", "NS504 `length` needs a list, a map or text, and this is an integer"),
        ("i | sort", "NS504 `sort` needs a list, and this is an integer"),
        ("texts | sum", "NS504 `sum` needs a list of numbers, and this is a list"),
        ("texts | keys", "NS504 `keys` needs a map, and this is a list"),
        ("texts | split", "NS504 `split` needs text, and this is a list"),
        ("texts | round", "NS504 `round` needs a number, and this is a list"),
        ("texts | int", "NS504 `int` needs a number or text, and this is a list"),
        ("texts | upper", "NS504 `upper` needs text, and this is a list"),
        ("records | map(attribute='nam')", "NS501 a row has no `nam`"),
        ("records | selectattr('id', 'equalto', 'x')", "NS503 this is never true: an integer is compared with text"),
        ("records | selectattr('id', 'in', texts)", "NS503 an integer is never in a list of texts"),
        ("records | selectattr('id', 'match', '1')", "NS504 `match` needs text, and this is an integer"),
        ("records | selectattr('id', 'equalto')", "NS305 `equalto` with 0 arguments"),
        ("texts | map('replace', 'a')", "NS305 `replace` needs more arguments"),
        ("t is match(t)", "NS305 `match` takes a constant pattern"),
        ("texts['a']", "NS504 an item of a list has a number, and this is text"),
        ("steps['a']", "NS504 a step is named as `steps.NAME`"),
        ("i[0]", "NS504 an integer has no items"),
        ("i.x", "NS501 an integer has no `x`"),
        ("hosts[0].site", "NS501 a device is its name here, and has no `site`"),
        ("maybe + 1", "NS505 this may be null: an integer or null"),
        ("maybe == 1 or maybe > 1", "NS505 this may be null: an integer or null"),
        ("b < b", "NS504 a boolean `<` a boolean has no answer"),
        ("t * 2", "NS504 text `*` an integer cannot be calculated"),
        ("b == none", "NS503 this is never true: a boolean is compared with null"),
        (
            "'nowhere' in state",
            (
                "NS503 text is never in a map of `bgp`, `config`, `interfaces`, `neighbours`, `routes`, "
                "`spanning_tree`, `versions`, `vlans`"
            ),
        ),
        ("i in t", "NS503 an integer is never in text"),
        ("1 if t else 2", "NS502 the condition of `if` must be boolean, and this is text"),
    ],
)
def test_an_operation_that_can_only_go_wrong_is_refused(text: str, problem: str) -> None:
    _, problems = inferred(text)

    assert problems == [problem]
