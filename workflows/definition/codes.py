"""Every diagnostic code with what it stands for, in one table: the docs and a meta-test read it.

The hundreds follow the passes: 1 the text, 2 its shape, 3 expressions, 4 names, 5 types, 6 the graph of steps, 7 the
safety of the rollout, 8 the comments that silence others. Codes are never reused for something else. Each has a page in
the folder `explain` beside this file: what it means, why, and what to do, by a bad and a good example.
"""

from types import MappingProxyType
from typing import Final

CODES: Final = MappingProxyType(
    {
        "NS101": "the text is not valid YAML",
        "NS102": "a plain value that YAML 1.1 and 1.2 read differently",
        "NS103": "a key that stands twice in one map",
        "NS104": "an anchor, an alias or a merge key",
        "NS105": "a tag",
        "NS106": "a tab",
        "NS107": "more than one document, or a directive",
        "NS108": "nested too deeply",
        "NS109": "the text is too large",
        "NS110": "a key that is not plain text",
        "NS111": "no definition in the text",
        "NS112": "what is not Unicode text",
        "NS113": "more mistakes than are shown",
        "NS201": "an unknown key",
        "NS202": "a missing key",
        "NS203": "a value of the wrong type",
        "NS204": "a value that is not allowed here",
        "NS205": "a step or an action without exactly one verb",
        "NS206": "keys that exclude each other",
        "NS207": "a regular expression that is not valid",
        "NS208": "a regular expression that can run for very long",
        "NS301": "an expression that cannot be parsed",
        "NS302": "something that expressions may not contain",
        "NS303": "an unknown filter",
        "NS304": "an unknown test",
        "NS305": "wrong arguments of a filter or a test",
        "NS306": "braces in the wrong place",
        "NS401": "an id or a name that is given twice, or is reserved",
        "NS402": "an unknown step",
        "NS403": "an unknown name in an expression",
        "NS404": "a step that is not known to have run before",
        "NS405": "a name that is not known at this place",
        "NS406": "a template that is not there",
        "NS407": "a template that is not valid",
        "NS408": "a template that uses what nobody gives it",
        "NS409": "a command that no parser's template reads",
        "NS410": "a called definition that is not there",
        "NS411": "a called definition that has errors, or is another one",
        "NS412": "definitions that call each other in a circle",
        "NS413": "an input that a called definition does not have, or does not get",
        "NS501": "an unknown attribute or item",
        "NS502": "a condition that is not boolean",
        "NS503": "a comparison that has the same result always",
        "NS504": "an operation on values of the wrong type",
        "NS505": "a value that may be null",
        "NS506": "an expression of the wrong type for its place",
        "NS507": "a default that its own input would refuse",
        "NS508": "a value that a called definition would refuse",
        "NS601": "steps that need each other in a circle",
        "NS602": "an undo of what is not there to undo",
        "NS603": "a reference that is not a proposed change",
        "NS604": "a reference that is not a snapshot",
        "NS605": "a comparison of what was not recorded",
        "NS606": "a step that can never start",
        "NS607": "a step that can never do anything",
        "NS608": "a step that would pause for ever",
        "NS701": "a step that changes devices and does not say what a failure does to the others",
        "NS702": "a step that changes devices and does not say how it is undone",
        "NS703": "an undo on a step that changes nothing",
        "NS704": "a step that changes devices and does not say how long an action may take",
        "NS705": "waves that end before every device has its turn",
        "NS706": "a wave for which no device is left",
        "NS707": "a soak that outlasts the confirm timer",
        "NS708": "devices confirmed together that cannot be undone",
        "NS709": "a gate that silence opens",
        "NS710": "a gate that people can open for themselves",
        "NS711": "a fan-out without a bound",
        "NS712": "an approval of a change that no later step applies",
        "NS713": "a budget that defeats the concurrency",
        "NS714": "a breaker that never opens",
        "NS715": "a key that does nothing",
        "NS716": "a wave that never fits its window",
        "NS717": "a limit that ends before its step can",
        "NS718": "a wait that may never end",
        "NS719": "an answer to a failure that nobody gives",
        "NS720": "an undo of what nothing takes back",
        "NS721": "devices that belong together, where the first success is enough",
        "NS801": "a suppression without a reason",
        "NS802": "a suppression that suppresses nothing",
        "NS803": "a suppression of what cannot be suppressed",
        "NS804": "a suppression that cannot be read",
    }
)

WARNINGS: Final = frozenset(
    {
        "NS409", "NS607", "NS702", "NS703", "NS704", "NS705", "NS706", "NS708", "NS709", "NS710", "NS711", "NS713",
        "NS714", "NS715", "NS718", "NS719", "NS720", "NS802",
    }
)  # fmt: skip


def can_be_suppressed(code: str) -> bool:
    """Whether a comment may silence it: warnings and the safety of the rollout, and never what makes no sense."""
    return code in CODES and (code.startswith("NS7") or (code in WARNINGS and not code.startswith("NS8")))


def nearest_code(word: str) -> str | None:
    """The code that a mistyped one means: small letters, an O for a zero, no NS in front. Numbers are never guessed."""
    meant = word.strip().upper().replace("O", "0").replace("L", "1")
    return next((code for code in (meant, f"NS{meant}") if code in CODES), None)
