"""What an expression cannot do: reach Python, or take memory and time without bound.

The escapes are those published against Jinja2's sandbox: PayloadsAllTheThings, "Server Side Template Injection", and
Jinja2's advisories CVE-2016-10745, CVE-2019-10906, CVE-2024-56326 and CVE-2025-27516.
"""

import tracemalloc

import pytest

from expressions import tree
from workflows.errors import EvaluationError
from workflows.plan import Arith, Attr, Constant, Expr, Filter, Item, Name, Test
from workflows.run.evaluate import evaluate

pytestmark = pytest.mark.untraced  # it is long, and others cover the evaluator

CONTEXT: dict[str, object] = {
    "name": "x" * 60_000,
    "numbers": list(range(50_000)),
    "texts": ["y" * 1_000] * 20_000,
    "rows": [{"id": number, "of": {"x": [number]}} for number in range(20_000)],
    "n": 7,
}

REFUSED_BY_THE_COMPILER = [
    "''.__class__", "''.__class__.__mro__[1].__subclasses__()", "[].__class__.__base__", "().__class__",
    "n.__class__.__init__.__globals__", "{}.__class__", "cycler.__init__.__globals__.os.popen('id').read()",
    "joiner.__init__.__globals__", "namespace.__init__", "lipsum.__globals__['os']", "lipsum()", "range(10**9)",
    "self.__init__", "request.application.__globals__", "config.items()", "get_flashed_messages.__globals__",
    "''|attr('__class__')", "''|attr('\\x5f\\x5fclass\\x5f\\x5f')", "name|format(n)", "'%s'|format(n)",
    "'{0.__class__}'.format(n)", "'{0.__class__}'.format_map({})", "''.join(['a'])", "dict(a=1)", "n()", "name.upper()",
    "rows|map('attr', '__class__')|list|xmlattr", "rows|tojson", "rows|pprint", "rows|groupby('id')", "rows|batch(2)",
    "name|center(10**9)", "name|indent(10**9)", "name|wordwrap(1)", "name|truncate(1)", "name|urlize", "name|safe",
    "name|escape", "rows|random", "rows|shuffle", "n is callable", "n is filter", "n is sameas n", "(1, 2)",
    "_name", "name[0:2]", "loop.index", "caller()", "varargs",
]  # fmt: skip


@pytest.mark.parametrize("expression", REFUSED_BY_THE_COMPILER)
def test_an_escape_is_refused_before_anything_runs_or_finds_nothing(expression: str) -> None:
    try:
        parsed = tree(expression)
    except ValueError:
        return
    with pytest.raises(EvaluationError, match="has no value here"):
        evaluate(parsed, CONTEXT)  # a name that Jinja2 knows and we do not


def lit(value: object) -> Expr:
    return Constant.model_validate({"value": value})


@pytest.mark.parametrize(
    "expr",
    [
        Attr(of=lit("x"), name="__class__"),
        Attr(of=Name(name="n"), name="real"),
        Attr(of=Name(name="rows"), name="append"),
        Item(of=lit("x"), key=lit("__class__")),
        Item(of=Name(name="rows"), key=lit("__class__")),
        Attr(of=lit({"a": 1}), name="__class__"),
        Attr(of=lit({"a": 1}), name="values"),
        Filter(name="map", of=Name(name="rows"), kwargs=(("attribute", lit("__class__")),)),
        Filter(name="map", of=Name(name="rows"), kwargs=(("attribute", lit("of.__class__")),)),
        Filter(name="map", of=lit(["x"]), kwargs=(("attribute", lit("upper")),)),
        Filter(name="map", of=Name(name="rows"), args=(lit("attr"), lit("__class__"))),
        Filter(name="selectattr", of=Name(name="rows"), args=(lit("__class__"),)),
        Filter(name="selectattr", of=Name(name="rows"), args=(lit("__class__"), lit("equalto"), lit(1))),
        Filter(name="sort", of=Name(name="rows"), kwargs=(("attribute", lit("__class__")),)),
        Filter(name="select", of=Name(name="rows"), args=(lit("callable"),)),
        Arith(operator="%", left=lit("%(a)s"), right=lit({"a": 1})),
        Name(name="__builtins__"),
        Test(name="match", of=lit("a" * 40 + "!"), args=(lit("(a+)+$"),)),
    ],
    ids=lambda expr: f"{expr.op} {getattr(expr, 'name', '')}".strip(),
)
def test_a_tree_that_no_compiler_made_reaches_nothing_either(expr: Expr) -> None:
    with pytest.raises(EvaluationError):
        evaluate(expr, CONTEXT)


BOMBS = [
    "'a' * 10**9", "[0] * 10**9", "9 ** 9 ** 9", "(9 ** 31) ** 100", "2 ** 100 ** 100", "n | round(-10**9)",
    "name ~ name", "name + name", "name | replace('x', name)", "name | replace('', name)", "texts | join(name)",
    "numbers + numbers + numbers", "texts | join", "texts | string", "[texts, texts, texts] | string",
    "texts | map('replace', 'y', 'yyyyyyyyyy') | list", "texts | map('list') | list", "[texts, texts] | map('join')",
    f"[{', '.join(['numbers'] * 21)}]",
    "{'a': texts, 'b': texts}", "rows | select('in', rows) | list", "rows | reject('in', rows) | list",
    "rows ~ rows", "name is match('x*x*x*y')", "name is match('(x+)+y')", "name | int + name", "[name, name] | join",
    "(rows + rows) | map('string') | list | join",
]  # fmt: skip


@pytest.mark.parametrize("expression", BOMBS)
def test_what_would_grow_without_bound_is_refused_while_it_is_small(expression: str) -> None:
    parsed = tree(expression)
    tracemalloc.start()
    try:
        with pytest.raises(EvaluationError):
            evaluate(parsed, CONTEXT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50_000_000


@pytest.mark.parametrize(
    "expression",
    ["numbers | unique | list | length", "numbers | select('in', numbers) | list | length", "rows | unique | length"],
)
def test_what_is_long_and_honest_has_a_value(expression: str) -> None:
    assert evaluate(tree(expression), CONTEXT) in {50_000, 20_000}
