"""XML configurations in one form, as paths and back; what a change's inverse is made of."""

import pytest

from activities.deviceinteraction.config import netconfedit, xmltree
from activities.deviceinteraction.config.footprint import Path, between

BEFORE = """
<data xmlns="urn:base">
  <if xmlns="urn:if" xmlns:t="urn:types">
    <port><name>ge 0</name><type>t:ethernet</type><description>old</description></port>
    <search>one</search>
    <login><password>hidden-value</password></login>
  </if>
</data>
"""
AFTER = """
<data xmlns="urn:base">
  <if xmlns="urn:if" xmlns:t="urn:types">
    <port><name>ge 0</name><description>new</description></port>
    <port><name>ge 1</name><unit><id>0</id></unit></port>
    <search>one</search><search>two</search>
    <login><password>hidden-value</password></login>
  </if>
  <system xmlns="urn:sys"><contact>noc</contact></system>
</data>
"""


def paths(text: str) -> tuple[Path, ...]:
    return xmltree.leaves(tuple(xmltree.paths(xmltree.read(text).children)))


def test_the_normal_form_has_no_prefixes_blanks_or_comments_and_reads_as_itself() -> None:
    text = '<p:a xmlns:p="urn:a"><!-- c --><p:b x="1">  </p:b><p:c xmlns:q="urn:q">q:id</p:c>'
    text += '<d xmlns="urn:d">1 &lt; 2</d></p:a>'
    written = xmltree.written([xmltree.read(text)])
    assert written.splitlines() == [
        '<a xmlns="urn:a">',
        '  <b x="1"/>',
        '  <c xmlns:q="urn:q">q:id</c>',
        '  <d xmlns="urn:d">1 &lt; 2</d>',
        "</a>",
    ]
    assert xmltree.written([xmltree.read(written)]) == written


def test_entries_are_told_apart_by_as_many_leading_leaves_as_it_takes() -> None:
    text = "<d><r><a>1</a><b>1</b><c>x</c></r><r><a>1</a><b>2</b><c>x</c></r>"
    text += "<s><name>n</name><v>1</v></s><k><v>1</v></k></d>"
    assert [path[0] for path in xmltree.paths(xmltree.read(text).children) if len(path) == 1] == [
        "r[a=1][b=1]",
        "r[a=1][b=2]",
        "s[name=n]",
        "k",
    ]


def test_entries_that_nothing_tells_apart_are_numbered_and_not_taken_back() -> None:
    one, two = paths("<d><n><v>1</v></n></d>"), paths("<d><n><v>1</v></n><n><v>1</v></n></d>")
    assert len(set(two)) == len(two)
    assert netconfedit.undoing(between(one, two), two) is None


def test_every_step_of_a_path_leads_back_to_its_element() -> None:
    namespace = ""
    for path in xmltree.paths(xmltree.read(AFTER).children):
        element, _ = xmltree.parsed(path[0], namespace)
        assert element.namespace in {"urn:if", "urn:sys"}
    port = xmltree.parsed('port[name="ge 1"]', "urn:if")[0]
    assert (port.name, port.value("name")) == ("port", "ge 1")
    kind = xmltree.parsed("type[xmlns:t=urn:types] t:ethernet", "urn:if")[0]
    assert (kind.text, kind.prefixes) == ("t:ethernet", (("t", "urn:types"),))


def test_the_inverse_deletes_what_was_added_and_sets_back_what_was_replaced() -> None:
    lines = netconfedit.undoing(between(paths(BEFORE), paths(AFTER)), paths(AFTER))
    assert lines == (
        '<if xmlns="urn:if">',
        '  <port xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" nc:operation="delete">',
        "    <name>ge 1</name>",
        "  </port>",
        '  <search xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" nc:operation="delete">two</search>',
        "  <port>",
        "    <name>ge 0</name>",
        '    <type xmlns:t="urn:types">t:ethernet</type>',
        "    <description>old</description>",
        "  </port>",
        "</if>",
        '<system xmlns="urn:sys" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" nc:operation="delete"/>',
    )


def test_the_inverse_leaves_alone_what_others_put_into_an_element_of_ours() -> None:
    one, two = paths("<d/>"), paths('<d><s xmlns="u"><a>1</a></s></d>')
    now = paths('<d><s xmlns="u"><a>1</a><b>2</b></s></d>')
    lines = netconfedit.undoing(between(one, two), now)
    assert lines is not None
    assert "operation" not in lines[0]
    assert 'nc:operation="delete">1</a>' in lines[1]


def test_a_secret_shows_as_a_hash_and_has_no_inverse() -> None:
    steps = [path[-1] for path in paths(BEFORE)]
    secret = next(step for step in steps if step.startswith("password "))
    assert "hidden-value" not in secret
    changed = paths(BEFORE.replace("hidden-value", "another"))
    assert netconfedit.undoing(between(paths(BEFORE), changed), changed) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [("<a>", "well-formed"), ("<!DOCTYPE a><a/>", "document type"), ("<a>" * 200, "well-formed|deeper")],
)
def test_what_is_no_document_says_why(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        xmltree.read(text)
