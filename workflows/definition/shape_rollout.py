"""The shape of a ``devices`` step: what is done, and what steers the fan-out."""

from typing import Final, Literal

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.draft import ActionDraft, ConcurrencyDraft, DevicesBody
from workflows.definition.expressions import Expression
from workflows.definition.mapping import Section, bare, words
from workflows.definition.nodes import Fields, Items, Scalar
from workflows.definition.shape_actions import shape_actions
from workflows.definition.shape_waves import shape_accept, shape_fact, shape_waves
from workflows.definition.shape_windows import shape_window
from workflows.plan import Breaker, Constant, UndoMethod, Window
from workflows.suggest import did_you_mean

MAX_CONCURRENCY: Final = 2000  # what Temporal lets one workflow have under way
_METHODS: Final[dict[str, UndoMethod]] = {"native": "native", "inverse": "inverse", "restore": "restore"}
_BUDGETS: Final[tuple[Literal["strict"], ...]] = ("strict",)


def shape_devices(fields: Section, findings: Findings) -> DevicesBody:
    """What only a ``devices`` step has."""
    # Where the expression could not be read, the finding stops the compilation before anybody looks at this one.
    devices = fields.expression("devices") or Expression(Constant(value=None), fields.map)
    credential = fields.text("credential")
    enter, leave = _maintenance(fields, findings)
    return DevicesBody(
        devices=devices,
        do=shape_actions(fields, findings),
        waves=shape_waves(fields, findings),
        accept=shape_accept(fields, findings),
        concurrency=shape_concurrency(fields, findings),
        credential=credential.text if credential else None,
        undo=_undo(fields, findings),
        budget=fields.choice("budget", _BUDGETS, "strict") if "budget" in fields else None,
        apart=fields.expression("apart"),
        together=fields.expression("together"),
        order=_order(fields, findings),
        breaker=_breaker(fields, findings),
        window=_window(fields, findings),
        enter=enter,
        leave=leave,
    )


def shape_concurrency(fields: Section, findings: Findings) -> ConcurrencyDraft | None:
    """``concurrency`` of a step or of ``defaults``: a number, or one with a cap for each value of a fact."""
    node = fields.node("concurrency")
    if node is None:
        return None
    if not isinstance(node, Fields):
        total = fields.integer("concurrency", 1, MAX_CONCURRENCY)
        return ConcurrencyDraft(total) if total is not None else None
    inner = Section(node, "`concurrency`", keys.CONCURRENCY, findings)
    total = inner.integer("total", 1, MAX_CONCURRENCY)
    each = inner.integer("each", 1, MAX_CONCURRENCY)
    per = shape_fact(inner, "per", findings)
    if not any(key in inner for key in keys.CONCURRENCY):
        inner.missing("total", "how many devices at once, as `{total: 50, per: device.site, each: 5}`")
    if ("per" in inner) != ("each" in inner):
        other = "each" if "per" in inner else "per"
        inner.missing(other, "`per` names a fact of the devices, and `each` how many at once for every value of it")
    if each is not None and total is not None and each > total:
        inner.invalid("each", f"`each` is {each}, above `total`, which is {total}", "lower one of them")
    return ConcurrencyDraft(total, per, each)


def _order(fields: Section, findings: Findings) -> tuple[Expression, ...]:
    node = fields.node("order")
    if node is None:
        return ()
    if isinstance(node, Items) and not node.items:
        fields.invalid("order", "an empty `order`", "name what sorts the devices, as `[device.data.depth]`")
    found = [bare(item, "`order`", findings) for item in (node.items if isinstance(node, Items) else (node,))]
    return tuple(one for one in found if one is not None)


def _breaker(fields: Section, findings: Findings) -> Breaker | None:
    node = fields.fields("breaker")
    if node is None:
        return None
    inner = Section(node, "`breaker`", keys.BREAKER, findings)
    for key, hint in (
        ("failures", "after how many failures no device starts any more"),
        ("within", "so long, as `2m`"),
    ):
        if key not in inner:
            inner.missing(key, hint)
    failures, within = inner.integer("failures", 1), inner.duration("within")
    if within == 0:
        inner.invalid("within", "nothing ever happens within no time", "write how long, as `2m`")
        return None
    return Breaker(failures=failures, within_s=within) if failures is not None and within is not None else None


def _window(fields: Section, findings: Findings) -> Window | None:
    node = fields.fields("window")
    return shape_window(node, "`window`", findings) if node is not None else None


def _maintenance(fields: Section, findings: Findings) -> tuple[tuple[ActionDraft, ...], tuple[ActionDraft, ...]]:
    node = fields.fields("maintenance")
    if node is None:
        return (), ()
    inner = Section(node, "`maintenance`", keys.MAINTENANCE, findings)
    if not any(key in inner for key in keys.MAINTENANCE):
        inner.missing("enter", "the actions before, and with `leave` those after, which always run")
    enter = shape_actions(inner, findings, "enter") if "enter" in inner else ()
    leave = shape_actions(inner, findings, "leave") if "leave" in inner else ()
    for action in (*enter, *leave):
        if action.confirm:
            message = "`confirm` in `maintenance`: nothing confirms there, and the device would take the change back"
            findings.add("NS206", message, action.key("confirm"), "leave it out, or make the change in `do`")
    return enter, leave


def _undo(fields: Section, findings: Findings) -> tuple[UndoMethod, ...] | None:
    """``undo``: the methods in their order, or ``none``; None where the definition is silent."""
    node = fields.node("undo")
    if node is None:
        return None
    if isinstance(node, Scalar) and node.text == "none":
        return ()
    methods: list[UndoMethod] = []
    before = len(findings.items)
    for word in words(node, "`undo`", findings):
        method = _METHODS.get(word.text)
        if method is None:
            hint = did_you_mean(word.text, [*_METHODS, "none"], "ways are")
            findings.add("NS204", f"`{word.text}` is no way to undo", word.span, hint)
        elif method in methods:
            findings.add("NS204", f"`{word.text}` stands twice", word.span, "name each way once")
        else:
            methods.append(method)
    if not methods and len(findings.items) == before:
        findings.add("NS204", "an empty `undo`", node.span, "write `undo: none` if nothing is to be undone")
    return tuple(methods)
