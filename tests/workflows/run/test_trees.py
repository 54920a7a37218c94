"""Golden trees: what each tree of a plan means, fixed. A tree that once stood in a plan must mean the same for ever.

`pytest tests/workflows/definition tests/workflows/run/test_trees.py --update` writes trees and values of new
expressions; a change of an old one is a change of the plan format.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from expressions import tree
from workflows.errors import EvaluationError
from workflows.plan import Expr
from workflows.run.evaluate import evaluate

HERE = Path(__file__).parent / "trees"
FILES = sorted(HERE.glob("*.json"))
EXPR: TypeAdapter[Expr] = TypeAdapter(Expr)


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update", default=False))


def outcome(expr: Expr, context: dict[str, object]) -> dict[str, Any]:
    try:
        return {"value": evaluate(expr, context)}
    except EvaluationError:
        return {"error": True}  # its words may change


def dumped(data: dict[str, Any]) -> str:
    """A line for each case, so that a difference shows which one it is."""
    cases = ",\n".join("  " + json.dumps(case, ensure_ascii=False) for case in data["cases"])
    context = json.dumps(data["context"], ensure_ascii=False)
    return f'{{\n "context": {context},\n "cases": [\n{cases}\n ]\n}}\n'


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_tree_means_what_it_always_meant(path: Path, update: bool) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    if update:
        for case in data["cases"]:
            case.setdefault("tree", EXPR.dump_python(tree(case["expression"]), mode="json"))
            if not {"value", "error"} & case.keys():
                case.update(outcome(EXPR.validate_python(case["tree"]), data["context"]))
        path.write_text(dumped(data), encoding="utf-8")
    for case in data["cases"]:
        found = outcome(EXPR.validate_python(case["tree"]), data["context"])
        expected = {key: case[key] for key in ("value", "error") if key in case}
        assert json.dumps(found) == json.dumps(expected), case["expression"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_compiler_still_makes_the_same_tree_of_the_expression(path: Path) -> None:
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
        assert tree(case["expression"]) == EXPR.validate_python(case["tree"]), case["expression"]


def test_the_trees_use_every_filter_every_test_and_every_kind_of_node() -> None:
    from workflows.vocabulary import FILTERS, TESTS

    text = "".join(path.read_text(encoding="utf-8") for path in FILES)
    for op in (
        "lit",
        "name",
        "attr",
        "item",
        "list",
        "map",
        "and",
        "or",
        "not",
        "cmp",
        "arith",
        "neg",
        "pos",
        "concat",
    ):
        assert f'"op": "{op}"' in text, op
    for name in (*FILTERS, *TESTS):
        assert f'"name": "{name}"' in text or f'"value": "{name}"' in text, name
