"""The shape of ``retry``, which stands in steps and in ``defaults``."""

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.mapping import Section, words
from workflows.failures import RETRIED_AS
from workflows.plan import Retry
from workflows.suggest import did_you_mean


def shape_retry(fields: Section, findings: Findings) -> Retry | None:
    """How often and when a failed attempt is made again; None where the map does not say."""
    node = fields.fields("retry")
    if node is None:
        return None
    inner = Section(node, "`retry`", keys.RETRY, findings)
    on = inner.node("on")
    classes = words(on, "`on`", findings) if on is not None else None
    for word in classes or ():
        if word.text not in RETRIED_AS:
            hint = did_you_mean(word.text, RETRIED_AS, "it is one of")
            findings.add("NS204", f"`{word.text}` is no class of failures that a retry can help", word.span, hint)
    said = {
        "attempts": inner.integer("attempts", 1, 100),
        "delay_s": inner.duration("delay"),
        "max_delay_s": inner.duration("max_delay"),
        "factor": inner.number("factor", 1),
        "on": tuple(word.text for word in classes) if classes is not None else None,
    }
    return Retry.model_validate({key: value for key, value in said.items() if value is not None})
