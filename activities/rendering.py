"""Jinja2 templates, rendered in activities only: device templates to configuration lines, messages to Markdown.

Sandboxed and strict: no attribute of a Python object that is not data, and a name that is not there is an error. What
is interpolated into device lines must not contain control characters, or a VLAN's name could carry a second command
(device-safety rule 13); an input declared ``multiline: true`` may contain line breaks and tabs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, assert_never
from xml.sax.saxutils import escape

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from activities.deviceinteraction.failures import InvalidInput
from workflows.errors import EvaluationError
from workflows.plan import ChangeText, Concat, Constant, Expr, Input, LinesText, MapOf, Plan, TemplateText
from workflows.run.evaluate import evaluate, text

_STRICT: Final = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)
_STRICT_MARKUP: Final = _STRICT.overlay(autoescape=True)
_LINE_BREAKS: Final = "\n\r\t"
LONGEST: Final = 1_000_000  # characters of a rendered text


class RenderError(EvaluationError):
    """A template that cannot be rendered; the message names it and its line."""


def render(name: str, source: str, context: Mapping[str, object], *, escaped: bool = False) -> str:
    """A template's text.

    Args:
        name: As the definition calls it, for messages.
        source: The template.
        context: Plain data.
        escaped: Whether the text is XML, in which values are escaped.

    Raises:
        RenderError: A name is missing, an operation is not allowed, or the text grows too long.
    """
    try:
        rendered = _parsed(source, escaped).render(context)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        place = f"template {name}, line {line}" if line else f"template {name}"
        raise RenderError(f"{place}: {error.message or type(error).__name__}") from None
    except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError, MemoryError) as error:
        raise RenderError(f"template {name}: {error}") from None
    if len(rendered) > LONGEST:
        raise RenderError(f"template {name}: its text has more than {LONGEST:,} characters")
    return rendered


@lru_cache(maxsize=256)
def _parsed(source: str, escaped: bool) -> Template:  # a key of the cache
    return (_STRICT_MARKUP if escaped else _STRICT).from_string(source)


def markup(expr: Expr, context: Mapping[str, object]) -> str:
    """An expression's value as XML: what is written in the definition stands, and values are escaped.

    So a value cannot carry an element of its own into what a device is asked.
    """
    match expr:
        case Concat():
            return "".join(markup(part, context) for part in expr.parts)
        case Constant():
            return text(expr, context)
        case _:
            return escape(text(expr, context))


def config_lines(change: ChangeText, plan: Plan, context: Mapping[str, object]) -> tuple[str, ...]:
    """The configuration lines that a change asks for on this device; blank lines are left out.

    Args:
        change: Lines, or a template with its variables.
        plan: For the templates' texts and the inputs' declarations.
        context: What the device's expressions see; ``device`` is also seen by templates.

    Raises:
        InvalidInput: A value has control characters in it.
        EvaluationError: An expression has no value, or the template cannot be rendered.
    """
    match change:
        case LinesText():
            lines = list(_written(change, plan, context, as_line=markup if _takes_markup(context) else text))
        case TemplateText():
            variables = _variables(change, plan, context)
            device = context.get("device")
            _refuse_control(device, "the inventory's facts of this device", "")
            seen = {"device": device, **variables}
            text_of_all = render(change.template, plan.templates[change.template], seen, escaped=_takes_markup(context))
            lines = text_of_all.splitlines()
        case _:
            assert_never(change)
    return tuple(line.rstrip() for line in lines if line.strip())


def _takes_markup(context: Mapping[str, object]) -> bool:
    """Whether the device is one whose configuration is XML."""
    device = context.get("device")
    return isinstance(device, Mapping) and device.get("platform") in {"netconf", "restconf"}


def _written(
    change: LinesText,
    plan: Plan,
    context: Mapping[str, object],
    *,
    as_line: Callable[[Expr, Mapping[str, object]], str],
) -> Iterator[str]:
    for expr in change.lines:
        line = as_line(expr, context)
        _refuse_control(line, "a line", _allowed(expr, plan.inputs))
        yield from line.splitlines()


def _variables(change: TemplateText, plan: Plan, context: Mapping[str, object]) -> dict[str, object]:
    variables = evaluate(change.vars, context)
    if not isinstance(variables, Mapping):
        raise EvaluationError(f"`vars` of template {change.template} must be a map")
    sources = _sources(change.vars)
    for name, value in variables.items():
        allowed = _allowed(sources.get(name, change.vars), plan.inputs)
        _refuse_control(value, f"variable `{name}` of template {change.template}", allowed)
    return {str(name): value for name, value in variables.items()}


def _sources(variables: Expr) -> dict[object, Expr]:
    if not isinstance(variables, MapOf):
        return {}
    return {
        key.value: value for key, value in variables.items if isinstance(key, Constant) and isinstance(key.value, str)
    }


def _allowed(expr: Expr, inputs: Mapping[str, Input]) -> str:
    """The control characters that an expression may yield: line breaks, where it names a multi-line input."""
    named = set(_attributes_of_inputs(expr.model_dump()))
    return _LINE_BREAKS if any(name in inputs and inputs[name].multiline for name in named) else ""


def _attributes_of_inputs(tree: object) -> Iterator[str]:
    match tree:
        case {"op": "attr", "of": {"op": "name", "name": "inputs"}, "name": str() as name}:
            yield name
        case {"op": "item", "of": {"op": "name", "name": "inputs"}, "key": {"op": "lit", "value": str() as name}}:
            yield name
        case dict():
            for part in tree.values():
                yield from _attributes_of_inputs(part)
        case list() | tuple():
            for part in tree:
                yield from _attributes_of_inputs(part)
        case _:
            return


def _refuse_control(value: object, where: str, allowed: str) -> None:
    match value:
        case str():
            found = next((mark for mark in value if _control(mark) and mark not in allowed), None)
            if found is not None:
                raise InvalidInput(
                    f"{where} contains the control character {found!r}; a device would read it as another line or a "
                    "key press. Correct the value; an input that must hold several lines is declared `multiline: true`."
                )
        case Mapping():
            for key, part in value.items():
                _refuse_control(key, where, allowed)
                _refuse_control(part, where, allowed)
        case Sequence():
            for part in value:
                _refuse_control(part, where, allowed)
        case _:
            return


def _control(mark: str) -> bool:
    # C0, DEL and C1, and the two Unicode separators that str.splitlines() would also split at.
    return ord(mark) < 32 or 127 <= ord(mark) < 160 or mark in "\u2028\u2029"
