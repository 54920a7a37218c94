"""Settings of what `script`, `ansible` and `awx` steps run by a name: programs, playbooks, templates.

A definition gives inputs and nothing else; which file, which program, which inventory and which arguments is said here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from worker.fields import FUNCTION, PATH, VARIABLE, Anchored, Seconds, Section

# Arguments of `ansible-playbook` that ask at a terminal, of which there is none, or that are netsaga's to give.
_ASKING: Final = {
    "--ask-pass", "-k", "--ask-become-pass", "-K", "--ask-vault-password", "--ask-vault-pass", "-J", "--step",
}  # fmt: skip
_OURS: Final[Mapping[str, str]] = {
    "-i": "`inventory`",
    "--inventory": "`inventory`",
    "--inventory-file": "`inventory`",
    "-l": "`limit` in the step's `with`",
    "--limit": "`limit` in the step's `with`",
}
Variables = tuple[Annotated[str, Field(pattern=VARIABLE)], ...]


class ScriptSettings(Section):
    """What ``script`` steps run by its name: a program with its arguments, or a Python function; JSON in, JSON out.

    It runs in ``folder`` and sees, besides ``PATH`` and ``HOME``, the variables of the worker that ``environment``
    lists.
    """

    command: tuple[str, ...] | None = Field(default=None, min_length=1)
    function: str | None = Field(default=None, pattern=FUNCTION)
    folder: Anchored = Field(default=Path(), validate_default=True)
    environment: Variables = ()
    timeout: Seconds | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "ScriptSettings":
        if (self.command is None) == (self.function is None):
            raise ValueError("a script is either a `command` or a `function`; give one of the two")
        return self


def _argument(argument: str) -> str:
    """Refuse what asks somebody, or would come between netsaga and its own arguments."""
    name, _, value = argument.partition("=")
    if not argument.startswith("-"):
        return argument  # the value of the one before
    if name in _ASKING:
        raise ValueError(f"`{name}` asks at a terminal, and there is none; name a file (`--vault-password-file`)")
    short = name[:2]
    ours = _OURS.get(name) or (_OURS.get(short) if not name.startswith("--") else None)
    if ours is not None:
        raise ValueError(f"`{name}` is given by netsaga; use {ours}")
    if name == "--extra-vars" and not value.startswith("@"):
        raise ValueError("`--extra-vars=@FILE` is all that may stand here: a command line can be read by everybody")
    if not name.startswith("--") and short == "-e":
        raise ValueError("write `--extra-vars=@FILE`: a command line can be read by everybody")
    return argument


class AnsibleSettings(Section):
    """What ``ansible`` steps run by its name: a playbook of Ansible's, by ``ansible-playbook``.

    ``program`` is found on the ``PATH`` or beside the worker's Python, or is a path. It runs in ``folder`` (without it,
    the playbook's), where Ansible finds its ``ansible.cfg``, and sees, besides ``PATH``, ``HOME`` and the language, the
    variables of the worker that ``environment`` lists. ``inventory`` is a file or folder of Ansible's; without it, the
    run's own devices are the inventory, logged in to with their credentials, or with ``credential`` where they name
    none. ``repeat: safe`` says that it may run again by itself after it was cut off, or could not reach a host.
    """

    playbook: Anchored
    inventory: Anchored | None = None
    program: str = Field(default="ansible-playbook", min_length=1)
    arguments: tuple[Annotated[str, AfterValidator(_argument)], ...] = ()
    folder: Anchored | None = None
    environment: Variables = ()
    credential: str | None = None
    timeout: Seconds | None = None
    repeat: Literal["never", "safe"] = "never"

    @model_validator(mode="after")
    def _credential_of_devices(self) -> "AnsibleSettings":
        if self.credential is not None and self.inventory is not None:
            raise ValueError(
                "`credential` logs in to the run's own devices, and with an `inventory` of Ansible's there are none; "
                "keep one of the two"
            )
        return self


class AwxSettings(Section):
    """What ``awx`` steps launch by its name: a template of the AWX that is ``system`` under ``systems``.

    ``job_template`` or ``workflow_job_template`` is a name or an id; ``organization`` is needed where several have a
    template of that name. ``api`` is where its API begins (``/api/controller/v2`` behind a gateway).
    """

    system: str
    job_template: Annotated[str, Field(min_length=1)] | int | None = None
    workflow_job_template: Annotated[str, Field(min_length=1)] | int | None = None
    organization: str | None = None
    api: str = Field(default="/api/v2", pattern=PATH)
    timeout: Seconds | None = None

    @model_validator(mode="after")
    def _one_template(self) -> "AwxSettings":
        if (self.job_template is None) == (self.workflow_job_template is None):
            raise ValueError("give one of the two, a `job_template` or a `workflow_job_template`")
        return self
