"""Which run does which work, where a definition says `dedup`. Pure.

The work is a definition's name and the value of its key. One run at a time holds it; of the others, some wait for their
turn (`queue`) and some for the end of the one that holds it (`join`). A run that has ended answers for nobody.
"""

from datetime import datetime

from workflows.contracts import Claim, ClaimAnswer, ClaimRequest, GuardState, Holder


class Claims:
    """The guard's memory of work."""

    def __init__(self, state: GuardState) -> None:
        self._claims = {(claim.definition, claim.key): claim for claim in state.claims}
        self._queue = {request.holder.run: request for request in state.claim_queue}

    @property
    def state(self) -> GuardState:
        """All of it, to be shown or carried on."""
        return GuardState(claims=tuple(self._claims.values()), claim_queue=tuple(self._queue.values()))

    @property
    def somebody_waits(self) -> bool:
        """Whether there is a queue."""
        return bool(self._queue)

    def claim(self, request: ClaimRequest, now: datetime) -> ClaimAnswer:
        """Grants, or says who does the work. Asked again, a run gets the same answer."""
        work, run = (request.definition, request.key), request.holder.run
        holding = self._claims.get(work)
        if holding is None:
            self._grant(request, now)
            return ClaimAnswer(granted=True)
        if holding.holder.run == run:
            return ClaimAnswer(granted=True)
        if request.on_duplicate != "reject":
            self._queue.setdefault(run, request)
        return ClaimAnswer(granted=False, holder=holding.holder)

    def release(self, holder: Holder, now: datetime) -> list[tuple[Holder, ClaimAnswer]]:
        """Forgets a run; returns whom that concerns, and what each is to be told."""
        self.withdraw(holder)
        told: list[tuple[Holder, ClaimAnswer]] = []
        for work in [work for work, claim in self._claims.items() if claim.holder.run == holder.run]:
            del self._claims[work]
            waiting = [one for one in self._queue.values() if (one.definition, one.key) == work]
            for request in waiting:
                to = request.holder.run
                if request.on_duplicate == "join":
                    del self._queue[to]
                    told.append((request.holder, ClaimAnswer(granted=False, holder=holder, to=to)))
                elif work not in self._claims:
                    self._grant(request, now)
                    told.append((request.holder, ClaimAnswer(granted=True, to=to)))
        return told

    def withdraw(self, holder: Holder) -> None:
        """Forgets that a run waits."""
        self._queue.pop(holder.run, None)

    def in_the_way(self) -> list[Holder]:
        """The runs that somebody waits for, and those that wait: each may be gone."""
        wanted = {(request.definition, request.key) for request in self._queue.values()}
        holding = [claim.holder for work, claim in self._claims.items() if work in wanted]
        return [*holding, *(request.holder for request in self._queue.values())]

    def _grant(self, request: ClaimRequest, now: datetime) -> None:
        self._queue.pop(request.holder.run, None)
        self._claims[request.definition, request.key] = Claim(
            holder=request.holder, definition=request.definition, key=request.key, since=now
        )
