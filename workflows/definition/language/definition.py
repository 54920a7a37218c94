"""The definition: the whole document."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from workflows.definition.language.fanout import Width
from workflows.definition.language.inputs import Input
from workflows.definition.language.part import Kind, Part, key
from workflows.definition.language.rollout import Concurrency, Retry
from workflows.definition.language.steps import AnyStep
from workflows.definition.language.values import Bare, Count, Duration, Line, Name, Natural, Text, Value

DefinitionName = Annotated[
    str, Strict(), Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$"), Kind("`a-z`, `0-9`, `.`, `_` and `-`")
]
Version = Annotated[
    str,
    Strict(),
    Field(pattern=r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$"),
    Kind("three numbers, as `1.0.0`"),
]


class Dedup(Part):
    """What a second request for the same change does while the first one's run is alive."""

    key_: Line = key("What makes two requests the same.", needed=True, alias="key", examples=["${{ inputs.ticket }}"])
    on_duplicate: Literal["join", "reject", "queue"] | None = key(
        "`join` answers with the run that is alive, `reject` refuses, `queue` starts after it.",
        default="join",
        examples=["queue"],
    )


class Expect(Part):
    """How many devices a selection may have."""

    min: Natural | None = key("At least so many.", default=1, examples=[1])
    max: Count | None = key("At most so many.", examples=[800])


class Inventory(Part):
    """Which devices the run is about. It is resolved once, at the start."""

    source: Text = key("A source that the worker's settings name.", needed=True, examples=["nautobot"])
    select: Bare | None = key(
        "Which of its devices: a boolean expression over `device` and `inputs`.",
        otherwise="all",
        examples=['device.role == "access" and device.site == inputs.building'],
    )
    expect: Expect | None = key("An empty or an exploded selection is an error.", examples=[{"min": 1, "max": 800}])


class Defaults(Part):
    """What steps get that say nothing else."""

    credential: Text | None = key(
        "The name of the credential; its value comes from the worker's secret store.", examples=["device_rw"]
    )
    concurrency: Width | Concurrency | None = key(
        "How many devices are under way at the same time.", default=50, examples=[100]
    )
    timeout: Duration | None = key("The limit of one action or attempt.", default="60s", examples=["30s"])
    retry: Retry | None = key(
        "How a failed attempt is made again.", examples=[{"attempts": 3, "delay": "2s", "on": ["transient"]}]
    )


class Definition(Part):
    """A definition: what is done to a network, in which order, with whose consent, and how it is taken back."""

    netsaga: Literal[1] = key("The version of the language.", needed=True, examples=[1])
    name: DefinitionName = key("The name by which runs ask for it.", needed=True, examples=["campus-vlan"])
    version: Version = key("Its version; runs may pin it as `NAME@VERSION`.", needed=True, examples=["1.0.0"])
    description: Text | None = key(
        "What it does, for people.", examples=["Deploy a VLAN to every access switch of one building."]
    )
    inputs: dict[Name, Input] | None = key(
        "What a run must or may give, by name.", examples=[{"vlan_id": {"type": "vlan_id"}}]
    )
    dedup: Dedup | None = key(
        "What a second request for the same change does.", examples=[{"key": "${{ inputs.ticket }}"}]
    )
    inventory: Inventory | None = key("Which devices.", examples=[{"source": "nautobot"}])
    defaults: Defaults | None = key("What steps get that say nothing else.", examples=[{"timeout": "60s"}])
    steps: Annotated[tuple[AnyStep, ...], Field(min_length=1)] = key(
        "What is done. Without `needs` a step follows the one above it.",
        needed=True,
        examples=[[{"id": "tell", "notify": {"to": "netops", "message": "hello"}}]],
    )
    finally_: Annotated[tuple[AnyStep, ...], Field(min_length=1)] | None = key(
        "What is done at the end, also after a stop, a rejection and a cancel.",
        alias="finally",
        examples=[[{"id": "tell", "notify": {"to": "netops", "message": "${{ run.verdict }}"}}]],
    )
    outputs: dict[Name, Value] | None = key(
        "What a definition that calls this one gets, by name.", examples=[{"changed": "${{ steps.deploy.changed }}"}]
    )
