"""What a report was made with: gradkit, the suite, the seed and this machine, as far as they can change a report."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform

import msgspec

from gradkit.corpora.spec import PUBLIC_SEED
from gradkit.submissions.sandbox import packages
from gradkit.submissions.sandbox.addresses import can_fix_addresses

from .digests import digest_kit, digest_suite
from .report import Conditions
from .suite import Suite


def make_conditions(suite: Suite, sandboxed: bool) -> Conditions:
    """Return the conditions of grading with this suite on this machine.

    Args:
        suite: The items.
        sandboxed: Whether submissions run in the sandbox.

    Raises:
        MissingPackageError: If an assignment uses a package that is not installed.
    """
    return Conditions(
        kit=f"{importlib.metadata.version('gradkit')} {digest_kit()}",
        python=platform.python_version(),
        suite=digest_suite(suite),
        seed=label_seed(suite.seed),
        sandbox=sandboxed,
        fixed_addresses=can_fix_addresses(),
        packages=tuple(str(packages.find(name)) for name in suite.packages),
    )


def label_seed(seed: str) -> str:
    """Return what reports call a seed. It does not reveal a private seed, with which students could draw its graphs."""
    return seed if seed == PUBLIC_SEED else f"private-{hashlib.sha256(seed.encode()).hexdigest()[:8]}"


def are_equivalent(one: Conditions, other: Conditions) -> bool:
    """Return whether two conditions lead to equal reports of equal submissions.

    gradkit's version is not compared, because the digest beside it says whether a release changes reports.
    """
    return _without_version(one) == _without_version(other)


def _without_version(conditions: Conditions) -> Conditions:
    return msgspec.structs.replace(conditions, kit=conditions.kit.rpartition(" ")[2])
