"""Templates and lines: strict, sandboxed, and no way to smuggle a second command into a line."""

import pytest

from activities.deviceinteraction.failures import InvalidInput
from activities.rendering import RenderError, config_lines, render
from workflows.plan import Attr, Concat, Constant, Expr, Input, LinesText, MapOf, Name, Plan, TemplateText


def _input(name: str) -> Expr:
    return Attr(of=Name(name="inputs"), name=name)


def _plan(**templates: str) -> Plan:
    inputs = {
        "name": Input(type="string", required=True),
        "banner": Input(type="string", required=True, multiline=True),
    }
    return Plan(name="d", version="1", digest="0", steps=(), inputs=inputs, templates=templates)


def _context(**inputs: object) -> dict[str, object]:
    return {"inputs": inputs, "device": {"name": "sw1", "platform": "arista_eos", "data": {"floor": 3}}}


def _vars(**values: Expr) -> Expr:
    return MapOf(items=tuple((Constant(value=name), value) for name, value in values.items()))


def test_a_device_template_sees_its_variables_and_the_device() -> None:
    lines = "vlan {{ id }}\n\n  name {{ name }}-{{ device.data.floor }}  \n"
    source = "{% if device.platform == 'arista_eos' %}\n" + lines + "{% endif %}\n"
    change = TemplateText(template="t", vars=_vars(id=Constant(value=120), name=_input("name")))
    assert config_lines(change, _plan(t=source), _context(name="cams")) == ("vlan 120", "  name cams-3")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("vlan {{ vlan }}", "template t: 'vlan' is undefined"),
        ("{{ device.serial }}", "no attribute 'serial'"),
        ("\n{% if %}", "template t, line 2: Expected an expression"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ device.data.update({'floor': 9}) }}", "unsafe"),
        ("{{ cycler.__init__.__globals__ }}", "unsafe"),
        ("{{ 'a' + 1 }}", "template t: "),
        ("{% for i in range(10**9) %}x{% endfor %}", "[Rr]ange too big"),
    ],
)
def test_a_template_that_cannot_or_must_not_be_rendered_is_said(source: str, said: str) -> None:
    with pytest.raises(RenderError, match=said):
        render("t", source, _context())


@pytest.mark.parametrize(
    "bad", ["x\nno vlan 10", "x\rreload", "x\x1b[A", "x\x00", "x\x7f", "x\u2028no vlan 10", "x\x85y"]
)
def test_a_control_character_in_a_variable_is_refused(bad: str) -> None:
    template = TemplateText(template="t", vars=_vars(name=_input("name")))
    with pytest.raises(InvalidInput, match="variable `name` of template t contains the control character"):
        config_lines(template, _plan(t="name {{ name }}"), _context(name=bad))
    lines = LinesText(lines=(Concat(parts=(Constant(value="name "), _input("name"))),))
    with pytest.raises(InvalidInput, match="a line contains the control character"):
        config_lines(lines, _plan(), _context(name=bad))


def test_a_control_character_deep_in_a_variable_or_in_the_inventory_is_refused() -> None:
    template = TemplateText(template="t", vars=_vars(name=Constant(value={"a": ["ok", "x\ny"]})))
    with pytest.raises(InvalidInput):
        config_lines(template, _plan(t="{{ name }}"), _context())
    context = _context() | {"device": {"data": {"motd": "x\ny"}}}
    with pytest.raises(InvalidInput, match="the inventory's facts"):
        config_lines(TemplateText(template="t", vars=_vars()), _plan(t="x"), context)


def test_an_input_declared_multi_line_may_hold_lines_and_nothing_else() -> None:
    template = TemplateText(template="t", vars=_vars(text=_input("banner")))
    plan = _plan(t="{{ text }}")
    assert config_lines(template, plan, _context(banner="vlan 10\nvlan 20")) == ("vlan 10", "vlan 20")
    lines = LinesText(lines=(_input("banner"),))
    assert config_lines(lines, plan, _context(banner="vlan 10\nvlan 20")) == ("vlan 10", "vlan 20")
    with pytest.raises(InvalidInput):
        config_lines(template, plan, _context(banner="x\x1b"))


def test_an_input_is_not_opened_up_by_another_ones_declaration() -> None:
    template = TemplateText(template="t", vars=_vars(text=_input("banner"), name=_input("name")))
    with pytest.raises(InvalidInput, match="variable `name`"):
        config_lines(template, _plan(t="{{ name }}"), _context(banner="a\nb", name="a\nb"))


@pytest.mark.parametrize("platform", ["netconf", "restconf"])
def test_a_value_carries_no_markup_into_what_a_device_is_sent_as_xml(platform: str) -> None:
    context = {"inputs": {"name": "</a><b>&"}, "device": {"platform": platform}}
    escaped = "<a>&lt;/a&gt;&lt;b&gt;&amp;</a>"
    template = TemplateText(template="t", vars=_vars(name=_input("name")))
    assert config_lines(template, _plan(t="<a>{{ name }}</a>"), context) == (escaped,)
    lines = LinesText(lines=(Concat(parts=(Constant(value="<a>"), _input("name"), Constant(value="</a>"))),))
    assert config_lines(lines, _plan(), context) == (escaped,)
