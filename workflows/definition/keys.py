"""Which keys stand where, and which of the designed language is not built yet, with what to do instead.

Data only. A key that moves from `LATER` to a pass is a feature; "not supported yet" and "not valid" stay different.
"""

from collections.abc import Mapping
from typing import Final

Keys = tuple[str, ...]
Later = Mapping[str, str]  # key: what to do instead, or nothing

TOP: Final[Keys] = ("netsaga", "name", "version", "description", "inputs", "inventory", "defaults", "steps", "finally")
TOP_LATER: Final[Later] = {
    "dedup": "give the run an id of your own, and Temporal refuses a second one",
    "outputs": "",
}

INPUT: Final[Keys] = (
    "type", "required", "default", "description", "pattern", "minimum", "maximum", "min_length", "max_length", "values",
    "multiline",
)  # fmt: skip
INPUT_LATER: Final[Later] = {"items": "", "properties": "", "secret": "name a credential instead"}

INVENTORY: Final[Keys] = ("source", "select", "expect")
INVENTORY_LATER: Final[Later] = {"limit": "give the limit with the request of the run"}
EXPECT: Final[Keys] = ("min", "max")

DEFAULTS: Final[Keys] = ("credential", "timeout", "retry")
DEFAULTS_LATER: Final[Later] = dict.fromkeys(
    ("concurrency", "accept", "undo", "on_failure", "window"), "write it at each step"
)
RETRY: Final[Keys] = ("attempts", "delay", "factor", "max_delay", "on")

VERBS: Final[Keys] = ("devices", "approve", "notify")
VERBS_LATER: Final[Later] = {
    "http": "",
    "call": "write the called steps out here, or tell people with `notify`",
    "wait": "a `soak` between waves waits",
    "script": "",
    "ansible": "",
    "awx": "",
    "set": "write the expression where its value is needed",
}
# What else belongs to a verb that is not built: it says nothing new once the verb is refused.
VERBS_LATER_OPTIONS: Final[Mapping[str, Keys]] = {
    "http": ("retry", "timeout"),
    "call": ("with", "retry", "timeout"),
    "wait": ("timeout",),
    "script": ("with", "args", "env", "retry", "timeout"),
    "ansible": ("with", "args", "env", "retry", "timeout"),
    "awx": ("with", "args", "env", "retry", "timeout"),
    "set": (),
}

STEP: Final[Keys] = ("id", "needs", "when", "on_failure")
STEP_LATER: Final[Later] = {
    "check": "write the check as an action inside `do`",
    "block": "",
    "deadline": "",
    "on_deadline": "",
}
DEVICES: Final[Keys] = ("devices", "do", "waves", "accept", "concurrency", "credential", "timeout", "retry", "undo")
DEVICES_LATER: Final[Later] = {
    "apart": "set `concurrency: 1` where two halves of a pair must not change together",
    "together": "",
    "order": "",
    "window": "start the run inside the window",
    "breaker": "`accept` stops a step that fails too often",
    "maintenance": "set `maintenance` in the inventory",
    "budget": "set `concurrency` to the number of devices that you can lose at once",
}
WAVE: Final[Keys] = ("name", "size", "soak")
WAVE_LATER: Final[Later] = {"select": "give a `size`", "per": "leave it out: the size counts devices of all kinds"}

APPROVE_STEP: Final[Keys] = ("approve", "timeout", "on_timeout")
APPROVE_STEP_LATER: Final[Later] = {"escalate": "`on_timeout: reject` ends the gate"}
APPROVE: Final[Keys] = ("by", "quorum", "not_by", "binds")
APPROVE_LATER: Final[Later] = {"via": "people approve with `netsaga approve` or a signal"}

NOTIFY_STEP: Final[Keys] = ("notify", "timeout", "retry")
NOTIFY: Final[Keys] = ("to", "template", "message")

ACTIONS: Final[Keys] = ("show", "check", "snapshot", "propose", "apply", "configure")
ACTIONS_LATER: Final[Later] = {
    "compare": "take a `snapshot` and `check` what must hold",
    "confirm": "",
    "rpc": "",
    "run": "",
    "copy": "",
    "interact": "",
    "reboot": "",
    "reachable": "",
    "save": "write `save: true` beside `apply` or `configure`",
}
ACTION_OPTIONS: Final[Mapping[str, Keys]] = {
    "show": ("as",),
    "check": (),
    "snapshot": ("as",),
    "propose": ("as",),
    "apply": ("as", "save"),
    "configure": ("as", "save"),
}
ACTION_OPTIONS_LATER: Final[Mapping[str, Later]] = {
    "apply": {"confirm": "leave it out: a device that fails is undone from here"},
    "configure": {"confirm": "leave it out: a device that fails is undone from here"},
}
ACTION_ITEM_LATER: Final[Later] = {
    "when": "put a `when` on the step",
    "timeout": "set it on the step",
    "retry": "set it on the step",
}
SHOW: Final[Keys] = ("command", "parse", "min_rows")
CHANGE: Final[Keys] = ("template", "vars", "lines")
CHANGE_LATER: Final[Later] = {
    "replace": "",
    "merge": "leave it out: lines are merged",
    "mode": "leave it out: lines are merged",
}
CHECK: Final[Keys] = ("that", "else", "severity")
SECTIONS: Final[Keys] = ("config", "vlans", "interfaces")
