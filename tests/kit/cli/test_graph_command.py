"""`gradkit graph`: it draws an expression or the failing expression of a report, or explains in one line why not."""

import builtins
import re
from xml.etree import ElementTree

import msgspec
import pytest
from gradkit.cli.main import app
from gradkit.grader.report import FORMAT, Conditions, Report, write
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.graphs.scalar.trace_program import ProgramError, trace_program
from gradkit.inside.graph import Answers, Graph
from gradkit.oracle import complex_step
from gradkit.oracle.mismatch import compare_gradients
from gradkit.oracle.programs import evaluate_program
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence, NodeNumbers
from gradkit.suite.explanations import explain_mismatch
from gradkit.suite.results import Item, make_result
from typer.testing import CliRunner

WRONG = "#fde0dc"
EVIDENCE = """from engine import Value
x = Value(2.0)
y = x.tanh() + x
y.backward()
print(x.grad)  # yours: 0.07065082485316443  PyTorch: 1.0706508248531645
"""


@pytest.fixture
def gradkit(monkeypatch, tmp_path):
    """Return a function that runs the command in an empty folder."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["graph", *map(str, arguments)])


def texts(path):
    """Return the text of a picture. Raises ParseError if it is not well-formed."""
    return " ".join("".join(ElementTree.parse(path).getroot().itertext()).split())


def refused(run, folder, message):
    """Return whether a call failed with one line that contains this text, and wrote nothing."""
    assert run.exit_code == 1, run.output
    assert message in run.output
    assert run.output.count("\n") == 1
    assert not list(folder.glob("*.svg"))
    return True


def test_the_help_shows_both_uses(gradkit):
    shown = gradkit("--help")
    assert shown.exit_code == 0
    assert 'gradkit graph "a = Value(2.0)' in shown.output
    assert "gradkit graph reports/a3_activations/ada.json tanh_collects" in shown.output


# --- an expression ---------------------------------------------------------------------------------------------------


def test_an_expression_becomes_a_file_that_is_named(gradkit, tmp_path):
    run = gradkit("a = Value(2.0); b = a.tanh(); c = a * b")
    assert (run.exit_code, run.output) == (0, "graph.svg: 3 nodes, with the right gradients of c\n")
    shown = texts(tmp_path / "graph.svg")
    for part in ("b = a.tanh()", "c = a * b", "data 1.928", "grad 1.105"):
        assert part in shown
    assert WRONG not in (tmp_path / "graph.svg").read_text()


def test_the_picture_goes_where_out_says_and_over_an_older_one(gradkit, tmp_path):
    (tmp_path / "mine.svg").write_text("older")
    assert gradkit("Value(2.0) * 3", "--out", "mine.svg").exit_code == 0
    assert "y = x * 3" in texts(tmp_path / "mine.svg")


def test_the_code_of_evidence_can_be_pasted(gradkit, tmp_path):
    assert gradkit(EVIDENCE).exit_code == 0
    assert "grad 1.071" in texts(tmp_path / "graph.svg")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("y = (", "This is not Python: '(' was never closed (line 1)"),
        ("\0", "This is not Python"),
        ("y = x * 2", "NameError: name 'x' is not defined"),
        ("2 + 3", "Nothing is built here"),
        ("", "Nothing is built here"),
        ("Value(2.0); 3", "The last line is not a Value"),
        ("Value(2.0).sin()", "'Value' object has no attribute 'sin'. What can be drawn is made with + - * / **"),
        ("x = Value(2.0); y = 2 * x.data", "'Value' object has no attribute 'data'"),
        ("y = Value(2.0) > 1", "not supported between instances of 'Value' and 'int'"),
        ("Value('2')", "Expected a number, but this has the type str."),
        ("Value(2.0) + None", "Expected a number, but this has the type NoneType."),
        ("Value(True)", "Expected a number, but this has the type bool."),
        ("Value(Value(2.0))", "takes a plain number, and here it is given a Value"),
        ("Value(2.0, ())", "Value() takes 1 positional argument"),
        ("Value(10**400)", "is not finite"),
        ("Value(2.0) * float('nan')", "is not finite"),
        ("a = Value(-1.0); b = a.log()", "b = a.log() cannot be computed at a = -1"),
        ("Value(-2.0) ** 0.5", "y = x ** 0.5 cannot be computed at x = -2"),
        ("Value(-2.0) ** Value(2.0)", "y = a ** b cannot be computed at a = -2 and b = 2"),
        ("(-2) ** Value(2.0)", "cannot be computed at x = 2"),
        ("Value(0.0) ** 0.5", "cannot be computed at x = 0"),
        ("1 / Value(0.0)", "y = 1 / x cannot be computed at x = 0"),
        ("Value(800.0).exp()", "cannot be computed at x = 800"),
        ("x = Value(1e-300); y = x * 1e200 / x / x", "cannot be computed"),
        ("exit()", "SystemExit"),
        ("raise ValueError('one\\ntwo')", "ValueError: one two"),
        ("x = Value(1.0)\nfor _ in range(300): x = x * 2", "more than 200 nodes"),
    ],
)
def test_what_cannot_be_drawn_is_explained_in_one_line(code, message, gradkit, tmp_path):
    assert refused(gradkit(code), tmp_path, message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Value(2.0)", "tanh"), "Only a report has items"),
        (("Value(2.0)", "--out", "y.png"), "y.png should end in .svg"),
        (("Value(2.0)", "--out", "nowhere/y.svg"), "nowhere/y.svg: No such file"),
        (("Value(2.0)", "--out", "."), ".: Is a directory"),
        (("nowhere.json",), "nowhere.json cannot be read"),
        ((__file__,), "test_graph_command.py is not a report"),
    ],
)
def test_what_cannot_be_read_or_written_is_explained_in_one_line(arguments, message, gradkit, tmp_path):
    assert refused(gradkit(*arguments), tmp_path, message)


def test_without_graphviz_it_says_what_to_install(gradkit, tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "pygraphviz":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert refused(gradkit("Value(2.0) * 3"), tmp_path, "pip install 'gradkit[pictures]'")


# --- what a program means --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "output"),
    [
        ("a = Value(2.0); b = a * 3", 1),
        ("a = Value(2.0); b = a * 3; c = b + 1; b", 1),
        ("a = Value(2.0); b = a * 3; c = b + 1; b.backward(); print(a.grad)", 1),
        ("a = Value(2.0); b = a * 3; c = b + 1; b.backward(); a.grad", 1),
        ("a = Value(2.0); b = a * 3; k = 5", 1),
        ("a = Value(2.0)\na += 3", 1),
        ("  a = Value(2.0)\n  a * 3", 1),
        ("a = Value(2.0)", 0),
        ("Value(2.0)", 0),
        ("import math\nx = Value(math.pi)\ny = x * x", 1),
    ],
)
def test_the_picture_is_of_the_node_that_backward_runs_from_or_of_the_last_line(code, output):
    assert trace_program(code)[0].output == output


def test_a_variable_names_its_node_and_what_has_no_name_gets_one():
    graph, names = trace_program("u = Value(1.0) + Value(2.0); y = u * u; z = y - 1; c = z")
    assert names == {2: "u", 3: "y", 4: "z"}
    assert graph.names == ()
    assert trace_program("a = Value(1.0); b = Value(2.0); c = a + b")[0].names == ("a", "b")


def test_the_right_numbers_come_with_a_program():
    graph, names, answers = evaluate_program("x = Value(3.0); y = x * x + x")
    assert graph == Graph((3.0,), [("mul", 0, 0), ("add", 1, 0)])
    assert names == {0: "x", 1: "u", 2: "y"}
    assert answers.data + answers.grad == pytest.approx([3.0, 9.0, 12.0, 7.0, 1.0, 1.0])


@pytest.mark.parametrize("code", ["Value(0.0) ** 2", "Value(0.0) ** 1", "Value(-2.0) ** 3", "Value(-2.0) ** -1"])
def test_powers_that_have_a_gradient_are_computed(code):
    assert all(abs(number) < 20 for number in evaluate_program(code)[2].grad)


def test_ctrl_c_ends_the_program_that_is_drawn_as_it_ends_any_other():
    with pytest.raises(KeyboardInterrupt):
        trace_program("raise KeyboardInterrupt")
    with pytest.raises(ProgramError):
        trace_program("raise SystemExit")


# --- the failing expression of a report ------------------------------------------------------------------------------


def failed(name, blocked_by=(), evidence=None, verdict=Verdict.FAILED):
    item = Item(f"a1_trial/test_{name}", "a1_trial", f"about {name}", 1.0, ())
    return make_result(item, verdict, evidence, blocked_by)


def mismatch():
    graph = trace_expression(lambda x: x.tanh() + x, 2.0)
    want = complex_step.answer_graph(graph)
    return explain_mismatch(compare_gradients(graph, want, Answers(want.data, [0.25, *want.grad[1:]])))


@pytest.fixture
def report(tmp_path):
    """Return a function that writes a report of these items, and returns its path."""

    def written(*items):
        conditions = Conditions("0", "3", "", "public", True, True)
        path = tmp_path / "ada.json"
        earned = sum(item.earned for item in items)
        write(
            Report(FORMAT, "ada", {}, "", False, "", (), (), (), (), conditions, earned, float(len(items)), items), path
        )
        return path

    return written


@pytest.fixture
def ada(report):
    """Return the report of a student with several failures, one of which has a picture."""
    return report(
        failed("fine", verdict=Verdict.PASSED),
        failed("raises", evidence=Evidence("KeyError: 'odd'"), verdict=Verdict.ERROR),
        failed("collects", evidence=mismatch()),
        failed("all", blocked_by=("a1_trial/test_collects",), verdict=Verdict.BLOCKED),
    )


@pytest.mark.parametrize("item", ["collects", "test_collects", "a1_trial/test_collects", ""])
def test_the_wrong_node_of_a_report_is_marked_with_both_numbers(item, gradkit, ada, tmp_path):
    run = gradkit(ada, *filter(None, [item]))
    assert (run.exit_code, run.output) == (0, "graph.svg: about collects (a1_trial/test_collects)\n")
    assert (tmp_path / "graph.svg").read_text().count(WRONG) == 1
    assert "your grad 0.25 PyTorch’s grad 1.071" in texts(tmp_path / "graph.svg")


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("fine", "fine: passed, so there is nothing to draw."),
        ("raises", "raises: only a wrong number in an expression or network has a picture"),
        ("all", "all is blocked by a1_trial/test_collects: draw that one."),
        ("nope", "There is no item 'nope' in this report."),
        ("coll", "Is it one of collects?"),
    ],
)
def test_the_reason_why_an_item_has_no_picture_is_shown(item, message, gradkit, ada, tmp_path):
    assert refused(gradkit(ada, item), tmp_path, message)


def test_a_report_without_any_picture_says_so(gradkit, report, tmp_path):
    assert refused(gradkit(report(failed("fine", verdict=Verdict.PASSED))), tmp_path, "No item of this report failed")
    assert refused(gradkit(report()), tmp_path, "No item of this report failed")


@pytest.mark.parametrize(
    "change",
    [
        {"steps": (("no_such", 0), ("add", 1, 0))},
        {"steps": (("tanh", 7), ("add", 1, 0))},
        {"steps": (("tanh", "x"), ())},
        {"want": NodeNumbers((1.0,), (1.0,))},
    ],
)
def test_a_damaged_report_is_reported_as_damaged(change, gradkit, report, tmp_path):
    record = failed("collects", evidence=mismatch())
    failing_graph = msgspec.structs.replace(record.evidence.failing_graph, **change)
    evidence = msgspec.structs.replace(record.evidence, failing_graph=failing_graph)
    path = report(msgspec.structs.replace(record, evidence=evidence))
    assert refused(gradkit(path), tmp_path, "the graph of a1_trial/test_collects is damaged")


def test_markup_in_a_report_is_shown_as_text(gradkit, report, tmp_path):
    record = failed("collects", evidence=mismatch())
    failing_graph = msgspec.structs.replace(record.evidence.failing_graph, names=("</table>\x1b<script>\\N",))
    evidence = msgspec.structs.replace(record.evidence, failing_graph=failing_graph)
    run = gradkit(report(msgspec.structs.replace(record, title="\x1b[2J[red]x", evidence=evidence)))
    assert run.exit_code == 0
    assert "\x1b" not in run.output
    assert "[2J[red]x" in run.output
    drawn = (tmp_path / "graph.svg").read_text()
    assert "<script" not in drawn
    assert re.search(r"/table&gt; +&lt;script&gt;\\N", drawn.replace("&#160;", " "))
