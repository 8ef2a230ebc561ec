"""What a program shows is compared with the report: numbers, shapes, exceptions, and the types of objects."""

import pytest
from gradkit.proof.shown_programs import ProgramRun, compare, run_programs
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence, make_row

LONG = "TypeError: unsupported operand type(s) for +: "
NO_DATA = "AttributeError: 'float' object has no attribute 'data'"
A_FLOAT = "a + b is a plain float, not a Value: no gradient can flow through it"
ABSENT = "Value has no __neg__ yet."
NO_NEGATION = "TypeError: bad operand type for unary -: 'Value'"
SHAPE = "a.grad has shape (2,), and PyTorch's has (1,)"


@pytest.mark.parametrize(
    ("verdict", "evidence", "outcome", "check", "fault"),
    [
        (Verdict.FAILED, Evidence("", rows=(make_row("y", 1.5, 2.0),)), ProgramRun("0\n1.5\n", "", 0), "numbers", ""),
        (
            Verdict.FAILED,
            Evidence("", rows=(make_row("y", 1.5, 2.0),)),
            ProgramRun("1.6\n", "", 0),
            "numbers",
            "prints",
        ),
        (Verdict.ERROR, Evidence(LONG + "'Value'"), ProgramRun("", LONG + "'Value'", 2), "exception", ""),
        (
            Verdict.ERROR,
            Evidence(LONG + "'Value'"),
            ProgramRun("", LONG + "'float'", 2),
            "exception",
            "raises TypeError",
        ),
        (Verdict.ERROR, Evidence(LONG + "'Value'"), ProgramRun("1\n", "", 0), "exception", "raises no exception"),
        (Verdict.FAILED, Evidence(SHAPE), ProgramRun("(2,)\n", "", 0), "shape", ""),
        (Verdict.FAILED, Evidence(SHAPE), ProgramRun("(1,)\n", "", 0), "shape", "prints ['(1,)'], not"),
        (Verdict.FAILED, Evidence("p.data.shape is (2,) and should"), ProgramRun("(2,)\n", "", 0), "shape", ""),
        (Verdict.FAILED, Evidence(A_FLOAT, ("one", "two")), ProgramRun("", NO_DATA, 2), "type", ""),
        (Verdict.NOT_IMPLEMENTED, Evidence(ABSENT, ("one",)), ProgramRun("", NO_NEGATION, 1), "type", ""),
        (Verdict.FAILED, Evidence(A_FLOAT, ("one", "two")), ProgramRun("", NO_DATA, 1), "type", "raises Attr"),
        (
            Verdict.FAILED,
            Evidence(A_FLOAT, ("one",)),
            ProgramRun("", "TypeError: 'str' is odd", 1),
            "type",
            "raises Type",
        ),
        (Verdict.FAILED, Evidence(A_FLOAT, ("one",)), ProgramRun("", "", 0), "ends", ""),
        (Verdict.FAILED, Evidence("Both begin at 0.0", ("one",)), ProgramRun("", NO_DATA, 1), "ends", "raises Attr"),
    ],
)
def test_what_a_program_shows_is_compared_with_what_the_report_says(verdict, evidence, outcome, check, fault):
    checked, found = compare(verdict, evidence, outcome)
    assert checked == check
    assert found.startswith(fault) if fault else found == ""


def test_a_program_ends_with_its_whole_output_or_its_exception_and_the_line(tmp_path):
    (tmp_path / "engine.py").write_text("def one():\n    return 1 + None\n")
    outcomes = run_programs(
        [(str(tmp_path), "print(1)\nprint(2)"), (str(tmp_path), "from engine import one\nprint(3)\none()")]
    )
    message = "TypeError: unsupported operand type(s) for +: 'int' and 'NoneType'"
    assert outcomes == [ProgramRun("1\n2\n", "", 0), ProgramRun("3\n", message, 3)]
