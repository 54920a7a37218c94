"""Which keys stand where, as the shape passes want them: all taken from the models of the language.

A key is added to its model under `language/`; here it then appears by itself, as it does in schema, reference and
builder. Names and their order are read at import; nothing is validated with the models here.
"""

from collections.abc import Mapping
from typing import Final

from workflows.definition.language import actions, bodies, definition, fanout, inputs, keys_of, rollout, step, steps

Keys = tuple[str, ...]
Later = Mapping[str, str]  # key: what to do instead, or nothing

TOP: Final[Keys] = keys_of(definition.Definition)
DEDUP: Final[Keys] = keys_of(definition.Dedup)
INPUT: Final[Keys] = keys_of(inputs.Input)
INVENTORY: Final[Keys] = keys_of(definition.Inventory)
EXPECT: Final[Keys] = keys_of(definition.Expect)
DEFAULTS: Final[Keys] = keys_of(definition.Defaults)
RETRY: Final[Keys] = keys_of(rollout.Retry)

VERBS: Final[Keys] = tuple(steps.STEPS)
STEP: Final[Keys] = keys_of(step.TimedStep)
# What belongs to a verb beside the common keys, the verb itself included.
STEP_OPTIONS: Final[Mapping[str, Keys]] = {
    verb: tuple(name for name in keys_of(part) if name not in STEP) for verb, part in steps.STEPS.items()
}
STEP_KEYS: Final[Mapping[str, Keys]] = {verb: (*STEP, *options) for verb, options in STEP_OPTIONS.items()}
CONCURRENCY: Final[Keys] = keys_of(rollout.Concurrency)
WAVE: Final[Keys] = keys_of(rollout.Wave)
ACCEPT: Final[Keys] = keys_of(rollout.Accept)
WINDOW: Final[Keys] = keys_of(rollout.Window)
BREAKER: Final[Keys] = keys_of(rollout.Breaker)
MAINTENANCE: Final[Keys] = keys_of(fanout.Maintenance)
ON_FAILURE: Final[Keys] = keys_of(rollout.OnFailure)

APPROVE: Final[Keys] = keys_of(steps.Approval)
ESCALATE: Final[Keys] = keys_of(rollout.Escalation)
HTTP: Final[Keys] = keys_of(steps.Request)
HTTP_METHODS: Final[Keys] = HTTP[: HTTP.index("query")]
WAIT: Final[Keys] = keys_of(steps.Waiting)
WAIT_KINDS: Final[Keys] = tuple(name for name in WAIT if name != "payload")  # what rides on `signal` is no kind
WAIT_WINDOW: Final[Keys] = keys_of(rollout.WaitWindow)
NOTIFY: Final[Keys] = keys_of(steps.Notification)

ACTIONS: Final[Keys] = tuple(actions.ACTIONS)
# What may stand beside an action's verb.
ACTION_OPTIONS: Final[Mapping[str, Keys]] = {
    verb: tuple(name for name in keys_of(part) if name != verb) for verb, part in actions.ACTIONS.items()
}
ACTION_ITEM_LATER: Final[Later] = {
    "when": "put a `when` on the step",
    "timeout": "set it on the step",
    "retry": "set it on the step",
}
SHOW: Final[Keys] = keys_of(bodies.Show)
RUN: Final[Keys] = keys_of(bodies.Command)
RPC: Final[Keys] = keys_of(bodies.Operation)
COPY: Final[Keys] = keys_of(bodies.File)
INTERACT: Final[Keys] = keys_of(bodies.Interaction)
EXCHANGE: Final[Keys] = keys_of(bodies.Exchange)
WITHIN: Final[Keys] = keys_of(bodies.Within)
CONFIRM: Final[Keys] = keys_of(bodies.Confirm)
COMPARE: Final[Keys] = keys_of(bodies.Comparison)
EXPECTATION: Final[Keys] = keys_of(bodies.Difference)
CHANGE: Final[Keys] = keys_of(bodies.Change)
CHECK: Final[Keys] = keys_of(rollout.Check)
