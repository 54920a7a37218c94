"""What a fragment would make of a configuration, and which requests do it: pure."""

import pytest

from activities.deviceinteraction.config import xmltree
from activities.deviceinteraction.config.restconfedit import Edit, Outcome, worked_out
from activities.deviceinteraction.failures import InvalidInput

MODULES = {"urn:a": "mod-a", "urn:b": "mod-b"}
NOW = xmltree.read(
    '<config><top xmlns="urn:a"><name>n1</name>'
    "<entry><id>1</id><text>one</text></entry><entry><id>2</id></entry>"
    "<server><address>192.0.2.1</address><port>53</port></server>"
    "<search>x.example</search><search>y.example</search>"
    '<box><flag/><deep xmlns="urn:b">v</deep></box></top></config>'
).children


def done(text: str, root: str = "") -> Outcome:
    return worked_out(NOW, [text], MODULES, root)


def after(text: str) -> str:
    return "".join(xmltree.written(done(text).elements).split())


def test_a_merge_is_one_patch_of_the_datastore_or_of_the_root() -> None:
    text = '<top xmlns="urn:a"><name>n2</name></top>'
    assert [(edit.method, edit.path) for edit in done(text).edits] == [("PATCH", "")]
    assert "<data" in done(text).edits[0].body
    assert done(text, "mod-a:top").edits == (
        Edit("PATCH", "mod-a:top", '<top xmlns="urn:a">\n  <name>n2</name>\n</top>\n'),
    )
    assert "<name>n2</name>" in after(text)


def test_an_entry_is_found_by_its_key_and_a_new_one_stands_beside_it() -> None:
    found = after('<top xmlns="urn:a"><entry><id>1</id><text>eins</text></entry><entry><id>3</id></entry></top>')
    assert "<entry><id>1</id><text>eins</text></entry><entry><id>2</id></entry><entry><id>3</id></entry>" in found


def test_an_entry_that_stands_alone_is_told_from_a_container_by_what_its_first_leaf_is_called() -> None:
    other = "<server><address>192.0.2.2</address></server>"
    assert "<server><address>192.0.2.2</address><port>53</port></server>" in after(f'<top xmlns="urn:a">{other}</top>')
    several = f"<server><address>192.0.2.1</address></server>{other}"
    assert after(f'<top xmlns="urn:a">{several}</top>').count("<server>") == 2


def test_a_value_of_several_is_added_and_not_replaced() -> None:
    assert after('<top xmlns="urn:a"><search>z.example</search></top>').count("<search>") == 3


@pytest.mark.parametrize(
    ("inside", "path"),
    [
        ('<entry nc:operation="delete"><id>2</id></entry>', "mod-a:top/entry=2"),
        ('<entry><id>1</id><text nc:operation="delete"/></entry>', "mod-a:top/entry=1/text"),
        ('<search nc:operation="remove">x.example</search>', "mod-a:top/search=x.example"),
        ('<box><deep xmlns="urn:b" nc:operation="delete"/></box>', "mod-a:top/box/mod-b:deep"),
    ],
)
def test_what_is_deleted_is_named_by_its_path_and_nothing_else_is_sent(inside: str, path: str) -> None:
    outcome = done(f'<top xmlns="urn:a">{inside}</top>')
    assert outcome.edits == (Edit("DELETE", path),)
    assert outcome.elements != tuple(NOW)


def test_keys_are_encoded_in_paths() -> None:
    now = xmltree.read('<config><top xmlns="urn:a"><port><name>1/0/1, a</name></port></top></config>').children
    text = '<top xmlns="urn:a"><port nc:operation="delete"><name>1/0/1, a</name></port></top>'
    assert worked_out(now, [text], MODULES, "").edits == (Edit("DELETE", "mod-a:top/port=1%2F0%2F1%2C%20a"),)


def test_what_is_replaced_is_put_as_it_is_given() -> None:
    outcome = done('<top xmlns="urn:a"><entry nc:operation="replace"><id>1</id></entry></top>')
    assert outcome.edits == (Edit("PUT", "mod-a:top/entry=1", '<entry xmlns="urn:a">\n  <id>1</id>\n</entry>\n'),)
    assert "<text>one" not in xmltree.written(outcome.elements)


def test_what_may_be_gone_already_is_left_alone() -> None:
    outcome = done('<top xmlns="urn:a"><entry nc:operation="remove"><id>9</id></entry></top>')
    assert outcome == Outcome(tuple(NOW), ())


def test_pieces_of_one_container_become_one_request() -> None:
    pieces = ['<top xmlns="urn:a"><name>n2</name></top>', '<top xmlns="urn:a"><box><more/></box></top>']
    outcome = worked_out(NOW, pieces, MODULES, "mod-a:top")
    assert len(outcome.edits) == 1
    assert outcome.edits[0].body.count("<top") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('<top xmlns="urn:a"><entry nc:operation="delete"><id>9</id></entry></top>', "is not there"),
        ('<top xmlns="urn:a"><entry nc:operation="create"><id>1</id></entry></top>', "is there already"),
        ('<top xmlns="urn:a"><entry nc:operation="explode"><id>1</id></entry></top>', "no operation 'explode'"),
        ('<top xmlns="urn:a"><entry><text/></entry></top>', "does not say which entry it is: give its id first"),
        ('<other xmlns="urn:c"/>', "no data model with the namespace 'urn:c'"),
        ("<top/>", "names no data model"),
        ("<top", "no XML"),
    ],
)
def test_what_cannot_be_told_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        done(text)


def test_what_lies_outside_of_the_root_is_refused() -> None:
    with pytest.raises(InvalidInput, match="lies outside of mod-b:other"):
        done('<top xmlns="urn:a"><name>n2</name></top>', "mod-b:other")
