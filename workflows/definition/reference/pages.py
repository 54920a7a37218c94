"""The pages of the language reference, made from the models: one a verb, and those around them. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final

from workflows.definition.language import Definition, Part, actions, definition, inputs, keys_of, rollout, step, steps
from workflows.definition.reference.expressions import expressions_page
from workflows.definition.reference.prose import BELOW, CHECKS, INDEX, OUTPUTS, YAML_RULES
from workflows.definition.reference.python import python_page
from workflows.definition.reference.state import SECTIONS, state_page
from workflows.definition.reference.tables import example_block, heading, keys_table, sentence_of
from workflows.definition.reference.words import Links, parts_in

# Pages that explain the parts that several others use.
_SHARED: Final[Mapping[str, tuple[type[Part], ...]]] = {
    "definition.md": (
        Definition, definition.Dedup, definition.Inventory, definition.Expect, definition.Defaults,
    ),
    "inputs.md": (inputs.Input, inputs.Item),
    "steps.md": (step.TimedStep, rollout.Check, rollout.Retry, rollout.OnFailure),
    "actions.md": tuple(actions.ACTIONS.values()),
}  # fmt: skip
_TITLES: Final[Mapping[str, str]] = {
    "definition.md": "The definition",
    "inputs.md": "Inputs",
    "steps.md": "Steps: what all have",
    "actions.md": "Device actions",
}


def pages(examples: Mapping[str, str]) -> dict[str, str]:
    """All pages by file name.

    Args:
        examples: Whole definitions by name, as ``devices`` or ``state-vlans``; each page shows that of its own name.
            ``first_change`` is a program that builds one.
    """
    links = _links()
    made = {"README.md": INDEX.format(verbs=_verb_list(), sections=_section_list())}
    for page in _SHARED:
        made[page] = _shared(page, links, examples)
    for verb, part in steps.STEPS.items():
        made[f"{verb}.md"] = _verb(verb, part, links, examples)
    made["expressions.md"] = expressions_page()
    made["checks.md"] = CHECKS.format(example=example_block(examples["checks"]))
    made["yaml.md"] = YAML_RULES
    made["python.md"] = python_page(examples["first_change"])
    for section in SECTIONS:
        name = f"state-{section.replace('_', '-')}"
        made[f"{name}.md"] = state_page(section, example_block(examples[name]))
    return {name: text.strip() + "\n" for name, text in made.items()}


def explained() -> dict[type[Part], str]:
    """Every part of the language with the page that has its table."""
    found: dict[type[Part], str] = {part: page for page, parts in _SHARED.items() for part in parts}
    found.update({part: f"{verb}.md" for verb, part in steps.STEPS.items()})
    for part, page in list(found.items()):
        for inner in _below(part):
            found.setdefault(inner, page)
    return found


def _links() -> Links:
    whole: dict[type[Part], str] = {parts[0]: page for page, parts in _SHARED.items()}
    whole.update({part: f"{verb}.md" for verb, part in steps.STEPS.items()})
    return {part: whole.get(part) or f"{page}#{_anchor(_title(part))}" for part, page in explained().items()}


def _below(part: type[Part]) -> Iterator[type[Part]]:
    """The parts that a part holds, at any depth, each once; steps and actions have their own pages."""
    seen = {part}
    waiting = [part]
    while waiting:
        for info in waiting.pop(0).model_fields.values():
            for inner in parts_in(info.annotation):
                if inner not in seen and not issubclass(inner, step.Step | actions.Action):
                    seen.add(inner)
                    waiting.append(inner)
                    yield inner


def _shared(page: str, links: Links, examples: Mapping[str, str]) -> str:
    name = page.removesuffix(".md")
    first, *others = _SHARED[page]
    if page == "actions.md":
        parts = [heading(1, _TITLES[page], OUTPUTS["actions"])]
        others = [first, *others]
    else:
        parts = [heading(1, _TITLES[page], f"{sentence_of(first)}\n\n{keys_table(first, links)}")]
    home = explained()
    for part in others:
        parts.append(heading(2, _title(part), f"{sentence_of(part)}\n\n{keys_table(part, links)}"))
        parts += [
            _part(inner, links, 3) for inner in _below(part) if home[inner] == page and inner not in _SHARED[page]
        ]
    parts.append(heading(2, "Example", example_block(examples[name])))
    return "\n\n".join(parts)


def _verb(verb: str, part: type[Part], links: Links, examples: Mapping[str, str]) -> str:
    common = frozenset(keys_of(step.Step)) - {"timeout"}
    page = f"{verb}.md"
    table = keys_table(part, links, without=common)
    text = (
        f"{sentence_of(part)}\n\n{OUTPUTS[verb]}\n\n{table}\n\nThe keys that all steps have are in [steps](steps.md)."
    )
    parts = [heading(1, f"`{verb}`", text)]
    home = explained()
    parts += [_part(inner, links, 2) for inner in _below(part) if home[inner] == page]
    parts.append(heading(2, "Example", example_block(examples[verb])))
    if verb == "call":
        parts.append(heading(2, "The definition that it calls", example_block(examples["close-ticket"])))
    return "\n\n".join(parts)


def _part(part: type[Part], links: Links, level: int) -> str:
    text = sentence_of(part)
    if part.ONE_OF:
        text += f" One of {', '.join(f'`{name}`' for name in part.ONE_OF)} is given."
    text += f"\n\n{keys_table(part, links)}"
    if part.__name__ in BELOW:
        text += f"\n\n{BELOW[part.__name__]}"
    return heading(level, _title(part), text)


def _title(part: type[Part]) -> str:
    """What a table is called: an action by its verb, other parts by the key that holds them."""
    for verb, action in actions.ACTIONS.items():
        if part is action:
            return f"`{verb}`"
    return f"The map of {_NAMES.get(part.__name__, part.__name__.lower())}"


_NAMES: Final[Mapping[str, str]] = {
    "Check": "a check",
    "Input": "an input",
    "Item": "an item of a list",
    "Retry": "`retry`",
    "OnFailure": "`on_failure`",
    "Wave": "a wave",
    "Window": "`window`",
    "WaitWindow": "`wait.window`",
    "Concurrency": "`concurrency`",
    "Accept": "`accept`",
    "Breaker": "`breaker`",
    "Maintenance": "`maintenance`",
    "Request": "`http`",
    "Approval": "`approve`",
    "Escalation": "`escalate`",
    "Waiting": "`wait`",
    "Notification": "`notify`",
    "Show": "`show`",
    "Change": "`propose` and `configure`",
    "Comparison": "`compare`",
    "Difference": "an expectation",
    "Confirm": "`confirm`",
    "Operation": "`rpc`",
    "Command": "`run`",
    "File": "`copy`",
    "Exchange": "an exchange",
    "Interaction": "`interact`",
    "Within": "`reboot` and `reachable`",
    "Dedup": "`dedup`",
    "Inventory": "`inventory`",
    "Expect": "`expect`",
    "Defaults": "`defaults`",
}


def _anchor(title: str) -> str:
    """The anchor that forges make of a heading."""
    return "".join(char for char in title.lower().replace(" ", "-") if char.isalnum() or char in "-_")


def _verb_list() -> str:
    return "\n".join(f"| [`{verb}`]({verb}.md) | {sentence_of(part)} |" for verb, part in steps.STEPS.items())


def _section_list() -> str:
    return ", ".join(f"[`{section}`](state-{section.replace('_', '-')}.md)" for section in SECTIONS)
