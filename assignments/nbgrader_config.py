"""nbgrader's configuration for this course. Run nbgrader's commands in this folder, after `gradkit course build`.

Everything that is not set here has nbgrader's default.
"""

import warnings

from gradkit.course.nbgrader import AnyNotebook, GradeInSandbox, RebuildFromSource, read_timestamps_with_care
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, OverwriteCells, SaveAutoGrades
from sqlalchemy.exc import SAWarning

c = get_config()  # noqa: F821 (nbgrader defines it)

# The course's name on nbgrader's exchange. It has no effect without an exchange.
c.CourseDirectory.course_id = "autograd"

# The gradebook is gradebook.db in this folder. For PostgreSQL:
# c.CourseDirectory.db_url = "postgresql+psycopg://user:password@host/database"

# The text that replaces the solution in the notebooks for students.
c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("not written yet")'}

# The limit in seconds for a cell that runs in a kernel: by `nbgrader validate`, and by autograding without the part
# below. Training a network takes some time.
c.Execute.timeout = 120

# Autograding runs no cell in a kernel: the notebook is rebuilt from source/ with the student's solution cells, and
# those cells are graded in gradkit's sandbox; with GRADKIT_SEED set, on other graphs than the students have. The other
# preprocessors of nbgrader are not needed, because the rebuilt notebook contains only gradkit's outputs and cells.
# To grade as plain nbgrader does, in a kernel and without a sandbox, omit these three lines.
c.Autograde.exporter_class = AnyNotebook
c.Autograde.sanitize_preprocessors = [RebuildFromSource, OverwriteCells, CheckCellMetadata]
c.Autograde.autograde_preprocessors = [GradeInSandbox, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata]

# Newer versions of SQLAlchemy warn at every submission of how nbgrader uses its gradebook. The warning is harmless.
warnings.filterwarnings("ignore", "Object of type", SAWarning)

# Otherwise a single timestamp.txt that does not contain a time would stop formgrader's pages and `nbgrader collect`.
read_timestamps_with_care()
