"""Steps that assignments/nbgrader_config.py adds to nbgrader's lists of steps.

They grade in the sandbox and never run a notebook's code. Only this package, and gradkit.outputs.gradebook, know
nbgrader's classes; no other package of gradkit imports this one.
"""

from .grade import GradeInSandbox
from .read import AnyNotebook
from .rebuild import RebuildFromSource
from .timestamps import read_timestamps_with_care

__all__ = ["AnyNotebook", "GradeInSandbox", "RebuildFromSource", "read_timestamps_with_care"]
