"""The activity `ask`: puts a gate's question to a system that the settings name, and looks whether it has decided.

The system is asked with ``POST PATH`` once (the same ``Idempotency-Key`` for every attempt) and then with ``GET
PATH/ID``, where ``ID`` is what it called the question. Both answer one JSON object::

    {"id": "CHG0042", "answer": null | "pending" | "approved" | "rejected", "by": "…", "comment": "…", "digest": "…"}

Whoever cannot be reached has not answered: that is the system's failure, and it is asked again by the run.
"""

from typing import Final, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from temporalio import activity

from activities.answers import Refused
from activities.artifacts.store import ArtifactError
from activities.attempts import Attempts
from activities.fence import heartbeat
from activities.http import Http
from activities.secrets.store import SecretError
from activities.tls import TrustError
from workflows import contracts
from workflows.contracts import AskInput, AskResult, HttpInput
from workflows.errors import InvalidInputError, failure

ASKED: Final = (200, 201, 202)
SHOWN: Final = 20  # groups of diffs that a question carries
SAID: Final = 200  # characters of what the system is quoted with


class Said(BaseModel):
    """What the system answers; it may say more, which is not looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    id: str | None = Field(default=None, min_length=1, max_length=500)
    answer: Literal["pending", "approved", "rejected"] | None = None
    by: str | None = None
    comment: str | None = None
    digest: str | None = None


class Ask:
    """Holds what may be called.

    Args:
        http: Calls systems.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    @activity.defn(name=contracts.ASK)
    async def ask(self, question: AskInput) -> AskResult:
        """Ask, or look whether what was asked has been answered.

        Raises:
            ApplicationError: ``block_unavailable`` or ``block_degraded`` where the system gives no usable answer,
                ``permanent`` where it does not let us in, ``invalid_input`` or ``check_failed`` where it refuses the
                question.
        """
        async with heartbeat():  # a cancel reaches only those who heartbeat
            try:
                return await self._asked(question)
            except Refused as refused:
                raise failure(refused.kind, refused.message) from None
            except InvalidInputError as error:
                raise failure("invalid_input", f"step `{question.step}`: {error}") from None
            except (SecretError, TrustError) as error:
                raise failure("permanent", str(error)) from None
            except ArtifactError as error:
                raise failure("block_unavailable", f"executor: {error}") from None

    async def _asked(self, question: AskInput) -> AskResult:
        system = self._http.systems.system(question.system)
        if system.approval is None:
            raise InvalidInputError(
                f"the system `{question.system}` takes no questions; give it `approval: {{path: /…}}` in the worker's "
                "settings"
            )
        path = f"{question.system}:{system.approval}"
        key = Attempts(self._http.store, question.scope, question.step).key
        found = await self._http.called(_call(question, path), key)
        try:
            said = Said.model_validate(found.json_)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the answer"
            wanted = "expected a JSON object with `id` and `answer` (null, pending, approved or rejected)"
            raise Refused(
                "block_degraded", f"{question.system} answers what cannot be read: {wanted}; {where}: {first['msg']}"
            ) from None
        if said.answer not in {"approved", "rejected"} and said.id is None and question.reference is None:
            raise Refused("block_degraded", f"{question.system} took the question and gave it no `id` to ask after")
        return AskResult(
            answer="unanswered" if said.answer is None or said.answer == "pending" else said.answer,
            reference=said.id or question.reference,
            by=(said.by or "").strip()[:SAID],
            comment=(said.comment or "")[:SAID],
            digest=said.digest,
        )


def _call(question: AskInput, path: str) -> HttpInput:
    if question.reference is not None:
        return HttpInput(
            scope=question.scope,
            step=question.step,
            method="get",
            url=f"{path.rstrip('/')}/{quote(question.reference, safe='')}",
            timeout_s=question.timeout_s,
        )
    return HttpInput(
        scope=question.scope,
        step=question.step,
        method="post",
        url=path,
        json_=_body(question),
        has_json=True,
        status=ASKED,
        timeout_s=question.timeout_s,
    )


def _body(question: AskInput) -> JsonValue:
    """The question as the system gets it; the proposal's digest is what its answer should name."""
    diffs: list[JsonValue] = [
        {"devices": group.devices, "example": group.example, "made": group.made, "text": group.text}
        for group in question.diffs[:SHOWN]
    ]
    return {
        "run": question.scope.workflow_id,
        "step": question.step,
        "question": question.question,
        "digest": question.digest,
        "group": question.group,
        "quorum": question.quorum,
        "until": question.until.isoformat(),
        "counts": dict(question.made),
        "diffs": diffs,
        "diffs_omitted": len(question.diffs) - len(diffs) + question.diffs_omitted,
    }
