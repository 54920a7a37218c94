"""Inputs: everything wrong is said at once, and only a command line turns text into something else."""

import pytest
from pydantic import JsonValue

from workflows.errors import InvalidInputError
from workflows.inputs import check_inputs, coerce_text
from workflows.plan import Input


def one(kind: str, **limits: object) -> dict[str, Input]:
    return {"x": Input.model_validate({"type": kind, "required": True, **limits})}


def test_defaults_are_filled_in_the_order_of_the_declaration() -> None:
    declared = {
        "first": Input(type="string", required=True),
        "soak": Input(type="duration", required=False, default="1m"),
        "note": Input(type="string", required=False),
    }

    found = check_inputs(declared, {"first": "a"})

    assert found == {"first": "a", "soak": "1m", "note": None}
    assert list(found) == ["first", "soak", "note"]


def test_every_problem_is_named_at_once() -> None:
    declared = {
        "ticket": Input(type="string", required=True, pattern="^RITM[0-9]{7}$"),
        "vlan_id": Input(type="integer", required=True, minimum=2, maximum=4094),
        "building": Input(type="string", required=True, description="the site"),
    }

    with pytest.raises(InvalidInputError) as caught:
        check_inputs(declared, {"ticket": "CHG1", "vlan_id": 1, "bulding": "hq"})

    assert str(caught.value).splitlines() == [
        "unknown input `bulding`: did you mean `building`?",
        'input `ticket`: expected text that matches ^RITM[0-9]{7}$, found the text "CHG1"',
        "input `vlan_id`: expected 2 or more, found 1",
        "missing input `building`: expected text (the site)",
    ]


@pytest.mark.parametrize(
    ("kind", "limits", "value"),
    [
        ("string", {}, "a"),
        ("string", {"multiline": True}, "a\nb\tc"),
        ("integer", {"minimum": 1, "maximum": 1}, 1),
        ("number", {}, 1.5),
        ("boolean", {}, False),
        ("enum", {"values": ("a", 2)}, 2),
        ("list", {"min_length": 1}, [1]),
        ("map", {}, {}),
        ("duration", {}, "1h30m"),
        ("host", {}, "sw1.example.net"),
        ("ipv4_address", {}, "192.0.2.1"),
        ("ipv4_network", {}, "192.0.2.0/24"),
        ("ipv6_address", {}, "2001:db8::1"),
        ("ipv6_network", {}, "2001:db8::/64"),
        ("mac_address", {}, "0000.5e00.5301"),
        ("mac_address", {}, "00:00:5e:00:53:01"),
        ("vlan_id", {}, 4094),
    ],
)
def test_a_fitting_value_passes_unchanged(kind: str, limits: dict[str, object], value: JsonValue) -> None:
    assert check_inputs(one(kind, **limits), {"x": value}) == {"x": value}


@pytest.mark.parametrize(
    ("kind", "limits", "value", "message"),
    [
        ("string", {}, 5, "expected text, found the integer 5"),
        ("string", {}, None, "missing input `x`: expected text"),
        (
            "string",
            {},
            "a\nb",
            "found the control character '\\n'; `multiline: true` in the definition allows line breaks",
        ),
        ("string", {"multiline": True}, "a\x1b[0m", "found the control character '\\x1b'"),
        ("string", {"max_length": 2}, "abc", "expected at most 2 characters, found 3"),
        ("string", {"min_length": 2}, "a", "expected at least 2 characters, found 1"),
        ("integer", {}, "42", 'expected an integer, found the text "42"'),
        ("integer", {}, True, "expected an integer, found the boolean true"),
        ("integer", {}, 1.0, "expected an integer, found the number 1.0"),
        ("number", {"maximum": 1}, 2, "expected 1 or less, found 2"),
        ("boolean", {}, "true", 'expected true or false, found the text "true"'),
        ("enum", {"values": (1, "a")}, True, 'expected one of the integer 1, the text "a", found the boolean true'),
        ("list", {"max_length": 1}, [1, 2], "expected at most 1 items, found 2"),
        ("duration", {}, "5 minutes", "expected a duration as `30s`, `5m` or `2h`"),
        ("host", {}, "sw1; reload", "expected the name of a device"),
        ("ipv4_address", {}, "192.0.2.256", "expected an IPv4 address"),
        ("ipv4_network", {}, "192.0.2.1/24", "expected an IPv4 network without host bits"),
        ("ipv6_network", {}, "2001:db8::1/64", "expected an IPv6 network without host bits"),
        ("mac_address", {}, "0000.5e00", "expected a MAC address"),
        ("vlan_id", {}, 4095, "expected a VLAN id from 1 to 4094"),
        ("map", {}, ["x" * 100], "expected a map, found a list of 104 characters"),
    ],
)
def test_an_unfit_value_is_refused_with_what_was_expected_and_found(
    kind: str, limits: dict[str, object], value: JsonValue, message: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_inputs(one(kind, **limits), {"x": value})

    assert message in str(caught.value)


def test_text_of_a_command_line_becomes_the_declared_type_and_nothing_else() -> None:
    kinds = {"n": "integer", "v": "vlan_id", "f": "number", "b": "boolean", "l": "list", "m": "map", "s": "string"}
    declared = {name: Input.model_validate({"type": kind, "required": True}) for name, kind in kinds.items()}
    declared["e"] = Input(type="enum", required=True, values=("1", 2))

    found = coerce_text(
        declared,
        {"n": "42", "v": "7", "f": "1.5", "b": "true", "l": "[1, 2]", "m": '{"a": 1}', "s": "42", "e": "2", "u": "9"},
    )

    assert found == {"n": 42, "v": 7, "f": 1.5, "b": True, "l": [1, 2], "m": {"a": 1}, "s": "42", "e": 2, "u": "9"}
    assert coerce_text(declared, {"e": "1"}) == {"e": "1"}
    assert coerce_text(declared, {"n": "4 2", "b": "yes"}) == {"n": "4 2", "b": "yes"}


UPLINKS = Input.model_validate({
    "type": "list", "required": True, "items": {
        "type": "map", "required": True, "properties": {
            "name": {"type": "string", "required": True},
            "vlan": {"type": "vlan_id", "required": False, "default": 1},
            "note": {"type": "string", "required": False},
        },
    },
})  # fmt: skip


def test_defaults_inside_lists_and_maps_are_filled_so_that_every_property_is_there() -> None:
    found = check_inputs({"x": UPLINKS}, {"x": [{"name": "a", "vlan": None}, {"note": "n", "name": "b", "vlan": 5}]})

    assert found == {"x": [{"name": "a", "vlan": 1, "note": None}, {"name": "b", "vlan": 5, "note": "n"}]}


def test_the_default_of_an_input_is_filled_too() -> None:
    declared = UPLINKS.model_copy(update={"required": False, "default": [{"name": "a"}]})

    assert check_inputs({"x": declared}, {}) == {"x": [{"name": "a", "vlan": 1, "note": None}]}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([5], "item 1: expected a map, found the integer 5"),
        ([{"name": "a"}, {"vlan": 5}], "item 2: missing property `name`: expected text"),
        ([{"name": "a", "vlna": 5}], "item 1: unknown property `vlna`: did you mean `vlan`?"),
        (
            [{"name": "a", "vlan": 5000}],
            "item 1: property `vlan`: expected a VLAN id from 1 to 4094, found the integer",
        ),
    ],
)
def test_what_is_wrong_inside_a_list_or_a_map_is_named_with_its_way_there(value: JsonValue, problem: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_inputs({"x": UPLINKS}, {"x": value})

    assert f"input `x`: {problem}" in str(caught.value)
