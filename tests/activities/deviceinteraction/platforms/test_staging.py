"""What is said of a candidate that the device refused."""

import pytest

from activities.deviceinteraction.failures import RejectedByDevice
from activities.deviceinteraction.platforms.dialogue import LineRefused
from activities.deviceinteraction.platforms.staging import dropped_if_refused


@pytest.mark.parametrize("words", ["% Invalid input", "unknown command."])
async def test_the_words_of_a_device_end_before_ours_begin(words: str) -> None:
    dropped: list[str] = []

    async def drop() -> None:
        dropped.append("gone")

    with pytest.raises(RejectedByDevice) as refused:
        async with dropped_if_refused(drop):
            raise LineRefused("sw1", "vlan 1", 1, words)
    assert str(refused.value) == (
        f"sw1: line 1, 'vlan 1', was refused: {words.removesuffix('.')}. The candidate was dropped; nothing is applied."
    )
    assert dropped == ["gone"]
