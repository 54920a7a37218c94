"""The shape of the actions that send something or wait: ``show``, ``run``, ``rpc``, ``copy``, ``reboot`` and others."""

import re
from typing import Final, Literal, get_args
from xml.parsers.expat import ExpatError, ParserCreate

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.draft_actions import (
    CommandBody,
    CopyBody,
    ExchangeDraft,
    InteractBody,
    ReachableBody,
    RebootBody,
    RpcBody,
    SaveBody,
    Word,
)
from workflows.definition.expressions import Expression
from workflows.definition.lines import command, expected, needed_command
from workflows.definition.mapping import Section, kind_of
from workflows.definition.nodes import Fields, Node, Scalar
from workflows.definition.patterns_of import report_pattern
from workflows.plan import Constant, Parse

_PARSERS: Final[tuple[Parse, ...]] = get_args(Parse)
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_FILE: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_LANGUAGES: Final = {"ttp": "TTP", "textfsm": "TextFSM"}
# RFC 6241 (get, get-config), RFC 8526 (get-data) and the operations of vendors that are named after them.
_READS: Final = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?<(?:[\w.-]+:)?get(?:-[\w.-]+)?[\s/>]")
_WITHIN: Final = {"reboot": 900.0, "reachable": 300.0}


def shape_show(fields: Section, findings: Findings) -> CommandBody | None:
    """``show``: a command that reads."""
    return _command(fields, "show", keys.SHOW, findings)


def shape_run(fields: Section, findings: Findings) -> CommandBody | None:
    """``run``: a command of a Linux device, which changes it unless the definition says otherwise."""
    return _command(fields, "run", keys.RUN, findings)


def _command(fields: Section, verb: Literal["show", "run"], known: keys.Keys, findings: Findings) -> CommandBody | None:
    node = fields.node(verb)
    if not isinstance(node, Fields):
        said = command(node, findings) if node is not None else None
        return CommandBody(said, changes=verb == "run") if said else None
    inner = Section(node, f"`{verb}`", known, findings)
    said = needed_command(inner, "command", "the command that is sent", findings)
    parse: Parse = inner.choice("parse", _PARSERS, "none")
    pattern, columns = _pattern(inner, parse, findings)
    rows = inner.integer("min_rows", 0)
    if rows and parse == "none":
        findings.add("NS206", "`min_rows` without `parse`", inner.key("min_rows"), "add `parse: textfsm`")
    changes = inner.boolean("changes", default=True) if verb == "run" else False
    return CommandBody(said, parse, pattern, columns, rows or 0, changes) if said else None


def _pattern(inner: Section, parse: Parse, findings: Findings) -> tuple[Word | None, tuple[str, ...]]:
    """``pattern``: an expression with named groups, or the name of a template; of ``textfsm`` it need not be given."""
    node = inner.node("pattern")
    if parse == "ttp" or (parse == "textfsm" and node is not None):
        needed = f"the name of a {_LANGUAGES[parse]} template beside the definition"
        return inner.text("pattern", needed=needed, pattern=_FILE, hint=needed), ()
    if parse != "regex":
        if node is not None:
            findings.add("NS206", f"`pattern` with `parse: {parse}`", inner.key("pattern"), "it belongs to `regex`")
        return None, ()
    word = inner.text("pattern", needed="a regular expression, each named group of which is a column")
    if word is None or not isinstance(node, Scalar):
        return None, ()
    checked = report_pattern(word.text, node.part, findings)
    if checked is None:
        return None, ()
    if not checked.columns:
        hint = "name what is wanted, as `(?P<version>\\S+)`"
        findings.add("NS204", "a pattern without a named group has no columns", word.span, hint)
    return word, checked.columns


def shape_rpc(fields: Section, findings: Findings) -> RpcBody | None:
    """``rpc``: a NETCONF operation; one that is called ``get`` or ``get-…`` reads, any other changes."""
    node = fields.node("rpc")
    inner = Section(node, "`rpc`", keys.RPC, findings) if isinstance(node, Fields) else None
    given = inner.node("operation") if inner else node
    if given is None:
        if inner:
            inner.missing("operation", "the operation as XML, as `<get-config>…</get-config>`")
        return None
    if not isinstance(given, Scalar) or not isinstance(given.value, str) or not given.value.strip():
        hint = "write `<get-config>…</get-config>`"
        findings.add("NS203", f"an operation is XML text, and this is {kind_of(given)}", given.span, hint)
        return None
    operation = (inner or fields).value("operation" if inner else "rpc")
    if operation is None:
        return None
    if isinstance(operation.tree, Constant):
        _check_xml(given, findings)
    reads = _READS.match(given.text) is not None
    return RpcBody(operation, inner.boolean("changes", default=not reads) if inner else not reads)


def _check_xml(node: Scalar, findings: Findings) -> None:
    if "<!" in node.text.replace("<!--", "").replace("<![CDATA[", ""):
        findings.add("NS204", "an operation with a document type", node.span, "NETCONF has none (RFC 6241, section 3)")
        return
    parser = ParserCreate()
    try:
        parser.Parse(node.text.strip(), True)
    except ExpatError as error:
        lead = len(node.text) - len(node.text.lstrip())
        at = lead + parser.ErrorByteIndex if node.text.isascii() else 0
        place = node.part(at, at + 1) if node.text.isascii() else node.span
        said = str(error).split(":", maxsplit=1)[0]
        findings.add("NS204", f"the operation is not well-formed XML: {said}", place, "close each element")


def shape_copy(fields: Section, findings: Findings) -> CopyBody | None:
    """``copy``: a file to the device."""
    node = fields.fields("copy")
    if node is None:
        return None
    inner = Section(node, "`copy`", keys.COPY, findings)
    source = needed_command(inner, "source", "the file in the artifact store or on the worker", findings)
    to = needed_command(inner, "to", "where it goes, as `flash:image.bin`", findings)
    sha256 = inner.node("sha256")
    checksum: Expression | None = None
    if sha256 is not None:
        checksum = inner.value("sha256")
        constant = checksum is not None and isinstance(checksum.tree, Constant)
        if constant and not (isinstance(sha256, Scalar) and _SHA256.fullmatch(sha256.text)):
            inner.invalid("sha256", "a SHA-256 checksum has 64 hexadecimal digits", "as `sha256sum FILE` prints it")
    return CopyBody(source, to, checksum) if source and to else None


def shape_interact(fields: Section, findings: Findings) -> InteractBody | None:
    """``interact``: a command that asks back, with what is answered."""
    node = fields.fields("interact")
    if node is None:
        return None
    inner = Section(node, "`interact`", keys.INTERACT, findings)
    said = needed_command(inner, "command", "the command that asks back", findings)
    items = inner.items("exchanges", "what it asks and what is answered: `[{expect: PROMPT, send: ANSWER}]`")
    exchanges = [_exchange(item, findings) for item in items or ()]
    return InteractBody(said, tuple(one for one in exchanges if one)) if said else None


def _exchange(node: Node, findings: Findings) -> ExchangeDraft | None:
    if not isinstance(node, Fields):
        hint = "write `{expect: PROMPT, send: ANSWER}`"
        findings.add("NS203", f"an exchange is a map, and this is {kind_of(node)}", node.span, hint)
        return None
    inner = Section(node, "an exchange", keys.EXCHANGE, findings)
    prompt = expected(inner, "expect", "the prompt that comes, as a regular expression", findings)
    send = inner.node("send")
    if send is None:
        inner.missing("send", 'what is answered; `""` is the Enter key alone')
        return None
    if isinstance(send, Scalar) and send.value == "":
        answer = inner.value("send")
    else:
        answer = command(send, findings, "an answer")
    return ExchangeDraft(prompt, answer) if prompt is not None and answer else None


def shape_within(
    fields: Section, verb: Literal["reboot", "reachable"], findings: Findings
) -> RebootBody | ReachableBody | None:
    """``reboot`` and ``reachable``: ``true``, or ``{within: 5m}``."""
    node = fields.node(verb)
    within: float | None = _WITHIN[verb]
    if isinstance(node, Fields):
        inner = Section(node, f"`{verb}`", keys.WITHIN, findings)
        if "within" in inner:
            within = inner.duration("within")
            if within == 0:
                inner.invalid("within", "no time at all", "as `10m`")
    elif not isinstance(node, Scalar) or node.value is not True:
        fields.wrong(verb, "`true` or a map", f"write `{verb}: true` or `{verb}: {{within: 10m}}`")
        return None
    if within is None:
        return None
    return RebootBody(within) if verb == "reboot" else ReachableBody(within)


def shape_save(fields: Section) -> SaveBody | None:
    """``save: true``."""
    node = fields.node("save")
    if not isinstance(node, Scalar) or node.value is not True:
        fields.wrong("save", "`true`", "write `- save: true`, or leave the action out")
        return None
    return SaveBody()
