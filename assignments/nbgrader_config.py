"""nbgrader's configuration for this course. Run nbgrader's commands in this folder, after `gradkit course build`.

Everything that is not set here is as nbgrader's manual says.
"""

import warnings

from gradkit.course.nbgrader import AnyNotebook, GradeInSandbox, RebuildFromSource, read_timestamps_with_care
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, OverwriteCells, SaveAutoGrades
from sqlalchemy.exc import SAWarning

c = get_config()  # noqa: F821 (nbgrader puts it here)

# The course's name on the exchange; without an exchange it does not matter.
c.CourseDirectory.course_id = "autograd"

# The gradebook is gradebook.db in this folder. For PostgreSQL:
# c.CourseDirectory.db_url = "postgresql+psycopg://user:password@host/database"

# What students find where a solution was.
c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("not written yet")'}

# In a kernel (`nbgrader validate`, and the last lines of this page left out) a network may learn for a while.
c.Execute.timeout = 120

# Autograding runs no cell in a kernel: the notebook is made anew from source/ with the student's solution cells in it,
# and those are graded in gradkit's sandbox. With GRADKIT_SEED set, on other graphs than the students have. nbgrader's
# other steps would have nothing to do: there is no output, copied cell or kernel's remark that is not ours.
# For nbgrader's own way of grading, in a kernel and without a sandbox, leave these three out.
c.Autograde.exporter_class = AnyNotebook
c.Autograde.sanitize_preprocessors = [RebuildFromSource, OverwriteCells, CheckCellMetadata]
c.Autograde.autograde_preprocessors = [GradeInSandbox, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata]

# nbgrader's gradebook is used in a way that newer SQLAlchemy remarks on at every submission. It is harmless.
warnings.filterwarnings("ignore", "Object of type", SAWarning)

# One student's timestamp.txt that does not hold a time would stop formgrader's pages, and `nbgrader collect`, for all.
read_timestamps_with_care()
