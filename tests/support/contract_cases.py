"""The contract of `session.Session`: all its cases, the same on every platform and transport, simulated or real.

Adding one is a function in one of the modules named here; it takes a `Rig` and knows no platform.
"""

from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet

import contract_changes
import contract_reads
import contract_undos
from activities.deviceinteraction.model import PlatformName
from activities.deviceinteraction.platforms.registry import platform_named
from contract_case import CASES, Case
from contract_rig import why_not

MODULES = (contract_reads, contract_changes, contract_undos)


def cases_of(platforms: Iterable[PlatformName]) -> list[ParameterSet]:
    """Every case on every platform, as parameters; one that a platform cannot do is skipped with the reason."""
    return [
        pytest.param(name, one, id=f"{name}-{one.name}", marks=[pytest.mark.skip(reason=why)] if why else [])
        for name in platforms
        for one in CASES
        for why in [next(filter(None, (why_not(platform_named(name), need) for need in one.needs)), None)]
    ]


__all__ = ["CASES", "MODULES", "Case", "cases_of"]
