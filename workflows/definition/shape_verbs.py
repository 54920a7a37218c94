"""The shape of the verbs that are not about devices: what each of them says beside the common keys."""

import re
from typing import Final, Literal

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.draft import (
    ApproveBody,
    CallBody,
    EscalateDraft,
    HttpBody,
    NotifyBody,
    ScriptBody,
    SetBody,
    WaitBody,
    Word,
)
from workflows.definition.expressions import Expression, parse_value
from workflows.definition.mapping import NAME, NAME_HELP, Section, kind_of, words
from workflows.definition.nodes import Fields, Items, Scalar
from workflows.definition.shape_changes import shape_path, shape_template
from workflows.definition.shape_inputs import shape_declared
from workflows.definition.shape_windows import shape_window, time_problem
from workflows.messages import OWN_MESSAGES
from workflows.plan import Concat, Constant, Expr

_ON_TIMEOUT: Final[tuple[Literal["approve", "reject", "escalate"], ...]] = ("approve", "reject", "escalate")
_THEN: Final[tuple[Literal["approve", "reject"], ...]] = ("approve", "reject")
_Method = Literal["get", "head", "post", "put", "patch", "delete"]
_METHODS: Final[tuple[_Method, ...]] = ("get", "head", "post", "put", "patch", "delete")
_URL: Final = re.compile(r"(?:https?://[A-Za-z0-9.\[\]:-]+(?:/|$)|(?!https?:)[A-Za-z][A-Za-z0-9_-]*:/).*", re.DOTALL)
_URL_HELP: Final = "write `SYSTEM:/path`, a system that the worker's settings name, or a URL that they allow"
_NO_SLASH: Final = re.compile(r"(?!https?:)[A-Za-z][A-Za-z0-9_-]*:(?![/\d])\S*")  # digits: a host and its port
_TARGET: Final = re.compile(
    r"([a-z0-9][a-z0-9._-]{0,99})@((?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){0,2}(?:-[0-9A-Za-z.-]+)?)"
)
_PROGRAM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,199}")
_TIME_HELP: Final = 'write it with its offset, as "2026-12-01T02:00:00+01:00"'


def shape_approve(fields: Section, findings: Findings) -> ApproveBody | None:
    """``approve``: who decides, and what silence means."""
    if "timeout" not in fields:
        hint = "how long people have, as `30m`; a gate without an end would keep its devices for ever"
        fields.missing("timeout", hint)
    on_timeout: Literal["approve", "reject", "escalate"] = fields.choice("on_timeout", _ON_TIMEOUT, "reject")
    escalate = _escalate(fields, findings)
    if on_timeout == "escalate" and "escalate" not in fields:
        fields.missing("escalate", "whom to ask next, as `{to: GROUP, timeout: 2h, then: reject}`")
    elif on_timeout != "escalate" and "escalate" in fields and not _escalates_at_deadline(fields):
        message = f"an `escalate` that is never used: silence means `{on_timeout}` here"
        findings.add("NS206", message, fields.key("escalate"), "write `on_timeout: escalate`, or leave it out")
    node = fields.fields("approve")
    if node is None:
        return None
    inner = Section(node, "`approve`", keys.APPROVE, findings)
    by = inner.text("by", needed="a group that the worker's settings name")
    quorum = inner.integer("quorum", 1, 100)
    not_by = inner.node("not_by")
    barred = words(not_by, "`not_by`", findings) if not_by is not None else ()
    for word in barred:
        if word.text != "requester":
            findings.add("NS204", f"`{word.text}` is no valid `not_by`", word.span, "it is `[requester]`")
    binds, via = shape_path(inner, "binds", findings), inner.text("via")
    auto = inner.expression("auto")
    if by is None:
        return None
    barring: tuple[Literal["requester"], ...] = ("requester",) if barred else ()
    return ApproveBody(by.text, quorum or 1, barring, binds, on_timeout, escalate, via.text if via else None, auto)


def _escalates_at_deadline(fields: Section) -> bool:
    said = fields.node("on_deadline")
    return isinstance(said, Scalar) and said.text == "escalate"


def _escalate(fields: Section, findings: Findings) -> EscalateDraft | None:
    node = fields.fields("escalate")
    if node is None:
        return None
    inner = Section(node, "`escalate`", keys.ESCALATE, findings)
    to = inner.text("to", needed="a group that the worker's settings name")
    if "timeout" not in inner:
        inner.missing("timeout", "how long they have, as `2h`")
    timeout = inner.duration_or_expression("timeout")
    then: Literal["approve", "reject"] = inner.choice("then", _THEN, "reject")
    return EscalateDraft(to.text, timeout, then, inner.key("then")) if to and timeout is not None else None


def shape_notify(fields: Section, findings: Findings) -> NotifyBody | None:
    """``notify``: whom to tell what."""
    node = fields.fields("notify")
    if node is None:
        return None
    inner = Section(node, "`notify`", keys.NOTIFY, findings)
    to = inner.text("to", needed="a receiver that the worker's settings name")
    template = shape_template(inner, findings)
    message = inner.value("message")
    if "template" in inner and "message" in inner:
        first = [(inner.key("template"), "the template")]
        findings.add("NS206", "a `template` and a `message`", inner.key("message"), "keep one", first)
    elif "template" not in inner and "message" not in inner:
        inner.missing("message", "say what to tell: `message: TEXT` or `template: FILE`")
    return NotifyBody(to.text, template, message) if to else None


def shape_http(fields: Section, findings: Findings) -> HttpBody | None:
    """``http``: one request to one system."""
    node = fields.fields("http")
    if node is None:
        return None
    inner = Section(node, "`http`", keys.HTTP, findings)
    said: list[_Method] = [method for method in _METHODS if method in inner]
    if not said:
        inner.missing("get", f"a method and where to: {', '.join(f'`{name}`' for name in _METHODS)}")
        return None
    if len(said) > 1:
        first = [(inner.key(said[0]), "one request")]
        findings.add("NS206", f"{len(said)} requests in one step", inner.key(said[1]), "make two steps of it", first)
        return None
    method = said[0]
    url = _url(inner, method, findings)
    if method in {"get", "head"} and "json" in inner:
        findings.add("NS206", f"a `{method}` sends no body", inner.key("json"), "write `query`, or another method")
    query, headers = _map(inner, "query"), _map(inner, "headers")
    json, status = inner.value("json"), _status(inner, findings)
    return HttpBody(method, url, query, headers, json, status) if url is not None else None


def _url(inner: Section, method: str, findings: Findings) -> Expression | None:
    node = inner.node(method)
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        inner.wrong(method, "a URL", _URL_HELP)
        return None
    url = parse_value(node, findings)
    if url is None:
        return None
    start = _beginning(url.tree)
    if start is None:
        message = f"`{method}` begins with an expression: data would decide which system is called"
        findings.add("NS204", message, node.span, _URL_HELP)
    elif _NO_SLASH.fullmatch(start):
        system, _, path = node.value.partition(":")
        message = f"a `/` is missing after `{system}:`, the name of a system"
        findings.add("NS204", message, node.span, f"write `{system}:/{path}`")
    elif not _URL.fullmatch(start) or any(char.isspace() for char in start):
        findings.add("NS204", f"`{node.text}` is no URL", node.span, _URL_HELP)
    return url


def _beginning(tree: Expr) -> str | None:
    """The text that a value begins with, whatever is filled in."""
    first = tree.parts[0] if isinstance(tree, Concat) else tree
    return first.value if isinstance(first, Constant) and isinstance(first.value, str) else None


def _status(inner: Section, findings: Findings) -> tuple[int, ...]:
    node = inner.node("status")
    if node is None:
        return ()
    found: list[int] = []
    for item in node.items if isinstance(node, Items) else (node,):
        value = item.value if isinstance(item, Scalar) else None
        if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:
            found.append(value)
        else:
            said = f"`{item.text}`" if isinstance(item, Scalar) else kind_of(item)
            findings.add("NS204", f"{said} is no status of HTTP", item.span, "write numbers, as `[200, 404]`")
    if isinstance(node, Items) and not node.items:
        inner.invalid("status", "an empty `status`", "name what counts as success, or leave it out for 200 to 299")
    return tuple(found)


def _map(inner: Section, key: str) -> Expression | None:
    """A map of values, or an expression that yields one."""
    node = inner.node(key)
    if isinstance(node, Scalar) and "${{" in node.text:
        return inner.value(key)
    return inner.value(key) if inner.fields(key) is not None else None


def shape_wait(fields: Section, findings: Findings) -> WaitBody | None:
    """``wait``: for exactly one thing."""
    node = fields.fields("wait")
    if node is None:
        return None
    inner = Section(node, "`wait`", keys.WAIT, findings)
    said = [key for key in keys.WAIT_KINDS if key in inner]
    if len(said) != 1:
        if said:
            first = [(inner.key(said[0]), "one wait")]
            findings.add("NS206", f"{len(said)} waits in one step", inner.key(said[1]), "make two steps of it", first)
        else:
            inner.missing("for", "what to wait for: `for`, `until`, `window`, `signal` or `devices`")
        return None
    if "payload" in inner and said[0] != "signal":
        findings.add("NS206", "a `payload` without a `signal`", inner.key("payload"), "only a signal carries one")
    match said[0]:
        case "for":
            length = inner.duration_or_expression("for")
            return WaitBody(for_=length) if length is not None else None
        case "until":
            until = _until(inner, findings)
            return WaitBody(until=until) if until is not None else None
        case "window":
            given = inner.fields("window")
            window = shape_window(given, "`window`", findings, of_step=False) if given is not None else None
            return WaitBody(window=window) if window is not None else None
        case "signal":
            signal = inner.text("signal", pattern=NAME, hint=NAME_HELP)
            payload = shape_declared(inner, "payload", "a field", findings)
            if signal is not None and signal.text in OWN_MESSAGES:
                hint = "take another name; runs listen to this one themselves"
                findings.add("NS204", f"`{signal.text}` is a signal of netsaga's own", signal.span, hint)
            return WaitBody(signal=signal, payload=payload) if signal is not None else None
        case _:
            devices = inner.expression("devices")
            return WaitBody(devices=devices) if devices is not None else None


def _until(inner: Section, findings: Findings) -> Expression | None:
    node = inner.node("until")
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        inner.wrong("until", "a time", _TIME_HELP)
        return None
    until = parse_value(node, findings)
    if until is not None and isinstance(until.tree, Constant):
        problem = time_problem(node.text)
        if problem:
            findings.add("NS204", problem, node.span, _TIME_HELP)
    return until


def shape_call(fields: Section, findings: Findings) -> CallBody | None:
    """``call``: another definition, its version pinned."""
    hint = "write NAME@VERSION, as `close-ticket@1` or `close-ticket@1.2.0`: the version is pinned"
    target = fields.text("call", pattern=_TARGET, hint=hint)
    node = fields.fields("with")
    given: list[tuple[Word, Expression]] = []
    for key, value in node.entries if node is not None else ():
        expression = parse_value(value, findings)
        if expression is not None:
            given.append((Word(key.text, key.span), expression))
    if target is None:
        return None
    name, version = target.text.split("@")
    return CallBody(target, name, version, tuple(given))


def shape_script(fields: Section, engine: Literal["script", "ansible", "awx"], findings: Findings) -> ScriptBody | None:
    """``script``, ``ansible`` and ``awx``: something that the worker's settings allow, by its name there."""
    node = fields.node(engine)
    if isinstance(node, Fields | Items):
        hint = "the settings say what runs under a name; arguments stand in `with`"
        findings.add("NS203", f"`{engine}` is a name, and this is {kind_of(node)}", node.span, hint)
        return None
    run = fields.text(engine, pattern=_PROGRAM, hint="a name that the worker's settings allow, as `renew-cert`")
    with_ = _map(fields, "with")
    return ScriptBody(engine, run.text, with_) if run is not None else None


def shape_set(fields: Section, findings: Findings) -> SetBody | None:
    """``set``: values by name."""
    node = fields.fields("set")
    if node is None:
        return None
    if not node.entries:
        fields.invalid("set", "an empty `set`", "write names and their values")
    return SetBody(named_values(node, findings))


def named_values(node: Fields, findings: Findings) -> tuple[tuple[Word, Expression], ...]:
    """A map of names to values, as ``set`` and ``outputs`` have it."""
    found: list[tuple[Word, Expression]] = []
    for key, value in node.entries:
        if not NAME.fullmatch(key.text):
            findings.add("NS204", f"`{key.text}` is no name for a value", key.span, NAME_HELP)
        expression = parse_value(value, findings)
        if expression is not None:
            found.append((Word(key.text, key.span), expression))
    return tuple(found)
