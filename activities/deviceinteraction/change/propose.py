"""Working out what a change would do, without doing it: for people who approve it, and for the apply held to it.

How the lines are meant, as an addition or as the whole configuration, is settled here: what comes out says what is
typed. Nothing here has an effect; a candidate is dropped again.
"""

from collections.abc import Sequence

from activities.deviceinteraction.change.lock import Turn
from activities.deviceinteraction.change.progress import expected
from activities.deviceinteraction.failures import InvalidInput
from activities.deviceinteraction.lines import checked
from activities.deviceinteraction.model import Change, Mode, Names
from activities.deviceinteraction.platforms import replacing
from activities.deviceinteraction.platforms.protocol import Platform, Running, Staged
from activities.deviceinteraction.platforms.replacing import Replacing, Written
from activities.deviceinteraction.redaction import Redactor


async def propose(
    turn: Turn, platform: Platform, lines: Sequence[str], names: Names, mode: Mode, redact: Redactor
) -> Change:
    """The change that lines would make.

    Args:
        turn: The device.
        platform: Its platform.
        lines: What is added, or the whole configuration.
        names: Of a candidate.
        mode: Which of the two.
        redact: Takes secrets out of the diff.

    Raises:
        InvalidInput: A line cannot be sent or predicted, or the platform replaces nothing.
        RejectedByDevice: The candidate refused a line.
        Permanent: The change cannot be made safely on this device, as VLANs under VTP.
        Transient: Somebody else holds the configuration.
    """
    device = turn.device
    typed, emptied = checked(lines, platform.takes), False
    before = await platform.running(device)
    if mode == "replace":
        reason = replacing.refused(platform.name)
        if reason is not None:
            raise InvalidInput(f"{device.host}: `mode: replace` is not for {platform.name}: {reason}.")
        emptied = isinstance(platform, Replacing)
        if isinstance(platform, Written):
            typed = replacing.difference(platform, typed, before, device.host)
    how: Mode = "replace" if emptied else "merge"
    staged = await stage(turn, platform, typed, before, names, how)
    await platform.discard(device, names)
    return Change(
        lines=typed,
        diff=redact(staged.diff),
        digest=staged.digest,
        made=platform.made,
        empty=staged.footprint.empty,
        inverse=platform.undo_lines(staged.footprint, expected(before.present, staged.footprint)),
        mode=how,
    )


async def stage(
    turn: Turn, platform: Platform, lines: Sequence[str], before: Running, names: Names, mode: Mode
) -> Staged:
    """Stage a change in its mode, past the lock of an older attempt of ours. Raises as `Platform.stage`."""
    if mode == "merge":
        return await turn.past_lock(lambda: platform.stage(turn.device, lines, before, names))
    whole = replacing.as_replacing(platform, turn.device)
    return await turn.past_lock(lambda: whole.stage_whole(turn.device, lines, before, names))
