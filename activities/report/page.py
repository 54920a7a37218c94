"""The report as HTML: the template and its style sheet lie beside this file, and all of it ends up in one page.

Everything is escaped (Jinja2's autoescape): names, messages and diffs come from people and from devices. There is no
script and no address of anything outside.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from activities.report import view
from activities.report.view import HOSTS_NAMED, VERDICTS, Diff, Outcomes
from workflows.contracts import Bundle, SealInput

PLANNED: Final = "A plan: nothing was changed. What stands as changed here would be."
DIFF_SHOWN: Final = 20_000  # characters


def page(seal: SealInput, bundle: Bundle | None, outcomes: Outcomes, diffs: list[Diff]) -> str:
    """The report.

    Args:
        seal: What the run says of itself.
        bundle: Plan and inventory; ``None`` where the run ended before it was prepared.
        outcomes: By step, what each device ended with.
        diffs: At most `DIFFS` groups, with their texts.
    """
    tone, _ = VERDICTS[seal.result.verdict]
    everything = len(view.diffs(outcomes))
    devices = view.device_lines(seal.result.devices, bundle, outcomes)
    return _template().render(
        seal=seal,
        result=seal.result,
        tone=tone,
        meaning=PLANNED if seal.mode == "plan" else view.meaning(seal),
        elapsed=view.elapsed(seal),
        moment=view.moment,
        description=bundle.plan.description if bundle else "",
        inputs=_shown(bundle.inputs) if bundle else {},
        shares=view.shares(seal.result.counts),
        total=sum(seal.result.counts.values()),
        causes=seal.result.causes,
        failures=view.failures(outcomes),
        failures_shown=view.FAILURES,
        warnings=view.warnings(outcomes),
        warnings_shown=view.WARNINGS,
        steps=view.step_lines(seal.result.steps, seal.waves),
        devices=devices,
        urgent=[device for device in devices if device.status in view.URGENT],
        diffs=diffs,
        diffs_omitted=everything - len(diffs),
        hosts_named=HOSTS_NAMED,
        diff_shown=DIFF_SHOWN,
        style=_style(),
    )


def _shown(inputs: Mapping[str, object]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in inputs.items()
    }


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string((files("activities.report") / "page.html.j2").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _style() -> Markup:
    return Markup((files("activities.report") / "page.css").read_text(encoding="utf-8"))  # noqa: S704  # our own file
