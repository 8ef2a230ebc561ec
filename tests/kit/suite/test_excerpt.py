"""Test excerpts: a hand-written item is shown as a program of its lines that prints the checked number."""

import ast
import io
import sys
from contextlib import redirect_stdout
from math import log
from pathlib import Path
from types import SimpleNamespace

import pytest
from gradkit.catalogue.home import course_home
from gradkit.submissions.transport.subject import Subject
from gradkit.suite import check_forward, expect
from gradkit.suite.collection import import_suite_file
from gradkit.suite.excerpt import excerpt_at, excerpt_up_to
from gradkit.suite.failures import NotPassed
from gradkit.suite.graded import ATTRIBUTE

HERE = Path(__file__)


@pytest.fixture
def run_program(engine, monkeypatch):
    """Return a function that runs a program with the reference's Value, and returns the printed numbers."""
    monkeypatch.setitem(sys.modules, "engine", SimpleNamespace(Value=engine()))

    def run(lines):
        screen = io.StringIO()
        with redirect_stdout(screen):
            exec("\n".join(lines), {})
        return [float(line) for line in screen.getvalue().split()]

    return run


@pytest.fixture
def run_solution(root, monkeypatch):
    """Return a function that runs a program beside the solution's files, and returns what it prints."""
    monkeypatch.syspath_prepend(root / "reference/solution")

    def forget_modules():
        for name in ("engine", "nn", "training", "tensor"):
            sys.modules.pop(name, None)

    def run(lines):
        screen = io.StringIO()
        with redirect_stdout(screen):
            exec("\n".join(lines), {})
        return screen.getvalue()

    forget_modules()
    yield run
    forget_modules()


def an_item(Value):
    """An example of a hand-written item."""
    x, y = Value(3.0), Value(2.0)
    expect(x.data, 3.0)
    for step in range(3):
        if step == 0:
            continue  # twice
        elif step < 9:
            x = x * y
    expect(x.data, 12.0)
    expect(
        x.data + y.data,
        15.0,  # wrong
    )
    expect(y.data, 99.0)


def an_item_with_math(Value):
    """An item that uses a function of the math module, and a variable with the name of another."""
    e = Value(log(1.0))
    expect(pow(e.data, 2), 1.0)


def test_a_program_imports_the_functions_of_math_that_it_uses(run_program):
    code = an_item_with_math.__code__
    program = excerpt_up_to(code, code.co_firstlineno + 3).lines
    assert program[:2] == ("from engine import Value", "from math import log")
    assert run_program(program) == [0.0]


def test_expect_shows_the_lines_of_the_test_up_to_the_wrong_number(engine):
    with pytest.raises(NotPassed) as failure:
        an_item(engine())
    evidence = failure.value.failure.explain()
    assert evidence.message == "x.data + y.data is 14.0 and should be 15.0"
    assert evidence.code == (
        "from engine import Value",
        "x, y = Value(3.0), Value(2.0)",
        "for step in range(3):",
        "    if step == 0:",
        "        continue  # twice",
        "    elif step < 9:",
        "        x = x * y",
        "print(x.data + y.data)",
    )


def test_the_lines_shown_print_the_number_that_was_wrong(engine, run_program):
    with pytest.raises(NotPassed) as failure:
        an_item(engine())
    assert run_program(failure.value.failure.explain().code) == [14.0]


def hand_written():
    """Yield every graded test without graphs, with each call of `expect` in it."""
    for path in sorted((course_home() / "tests").glob("a?_*/test_*.py")):
        module = import_suite_file(path)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            test = getattr(module, getattr(node, "name", ""), None)
            settings = getattr(test, ATTRIBUTE, None)
            if settings and settings.corpus is None:
                calls = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
                asks = [call for call in calls if getattr(call.func, "id", "") in CHECKED]
                for ask in asks:
                    yield pytest.param(test, ask, last_round(node, ask), id=f"{node.name}-{ask.lineno}")


def last_round(function, ask):
    """Return the variables of the loops around a call, in their last round."""
    variables = {}
    for loop in ast.walk(function):
        is_around = isinstance(loop, ast.For) and any(each is ask for each in ast.walk(loop))
        if is_around and isinstance(loop.iter, ast.Tuple | ast.List):
            exec(f"{ast.unparse(loop.target)} = {ast.unparse(loop.iter.elts[-1])}", {}, variables)
    return variables


CHECKED = {"expect": "{}", "expect_class": "float({})", "expect_array": "{}.{attribute}"}
"""How a program writes what each kind of expectation checks."""


HELPERS = {"answers_to", "check_linear_cost"}
"""Helpers of ours, because of which a test has no program that a student could run."""


@pytest.mark.parametrize(("test", "ask", "variables"), list(hand_written()))
def test_every_expectation_of_the_suites_can_be_run_as_shown_or_is_not_shown(test, ask, variables, run_solution):
    excerpt = excerpt_up_to(test.__code__, ask.lineno, variables)
    attribute = ast.literal_eval(ask.args[1]) if ask.func.id == "expect_array" else ""
    checked = CHECKED[ask.func.id].format(ast.unparse(ask.args[0]), attribute=attribute)
    assert ast.unparse(ast.parse(excerpt.checked)) == ast.unparse(ast.parse(checked))
    for lines in filter(None, (excerpt.lines, excerpt.longer)):
        assert run_solution(lines)
    assert bool(excerpt.lines) != bool(HELPERS & set(test.__code__.co_names))


def an_item_whose_calls_matter(Value):
    x = Value(2.0)
    y = x * x
    expect((y + x).data, 6.0)
    expect(y.backward(), 0.0)
    expect(len([x]), 1)
    expect(x.grad, 99.0)


def test_the_longer_program_has_the_calls_and_operators_of_earlier_expectations():
    line = an_item_whose_calls_matter.__code__.co_firstlineno + 6
    excerpt = excerpt_up_to(an_item_whose_calls_matter.__code__, line)
    assert excerpt.lines == ("from engine import Value", "x = Value(2.0)", "y = x * x", "print(x.grad)")
    assert excerpt.longer[3:] == ("(y + x).data", "y.backward()", "print(x.grad)")


def an_item_with_a_loop(Value):
    x, y = Value(3.0), Value(2.0)
    for first, second in ((x, 1), (y, 2)):
        expect(first.data, 3.0)
        x = x * second
    for k, right in ((0, 3.0), (1, 99.0), (2, 3.0)):
        z = x + k
        expect(z.data - k, right)
    expect(x.data, 3.0)


def test_a_loop_with_expectations_is_written_out_up_to_the_round_that_failed(run_program):
    start = an_item_with_a_loop.__code__.co_firstlineno
    variables = {"k": 1, "right": 99.0}
    excerpt = excerpt_up_to(an_item_with_a_loop.__code__, start + 7, variables)
    assert excerpt.lines == (
        "from engine import Value",
        "x, y = Value(3.0), Value(2.0)",
        "first, second = (x, 1)",
        "x = x * second",
        "first, second = (y, 2)",
        "x = x * second",
        "k, right = (0, 3.0)",
        "z = x + k",
        "k, right = (1, 99.0)",
        "z = x + k",
        "print(z.data - k)",
    )
    assert run_program(excerpt.lines) == [6.0]


def an_item_with_a_loop_over_what_it_made(Value):
    for x in [Value(1.0)] * 3:
        expect(x.data, 1.0)


def test_a_loop_whose_variable_was_set_to_an_object_of_the_students_is_not_shown(engine):
    code = an_item_with_a_loop.__code__
    variables = {"k": Subject(None, None), "right": 99.0}
    assert excerpt_up_to(code, code.co_firstlineno + 7, variables).lines == ()


def test_a_loop_whose_rounds_are_not_in_the_source_is_not_shown():
    code = an_item_with_a_loop_over_what_it_made.__code__
    assert excerpt_up_to(code, code.co_firstlineno + 2).lines == ()


# --- where a student's exception struck ------------------------------------------------------------------------------


def an_item_that_raises(Value):
    x = Value(1.0)
    expect(x.data, 1.0)
    y = x * Value(2.0)
    y.explode()
    expect(y.data, 2.0)


def an_item_with_helpers(Value):
    check_forward(Value, None)
    Value(1.0).explode()


def traceback_of(item, engine):
    with pytest.raises(Exception) as raised:
        item(engine())
    return raised.tb.tb_next  # without this function, which is in the same file


def test_an_exception_is_shown_with_the_lines_that_led_to_it(engine):
    assert excerpt_at(traceback_of(an_item_that_raises, engine), HERE).lines == (
        "from engine import Value",
        "x = Value(1.0)",
        "y = x * Value(2.0)",
        "y.explode()",
    )


def test_a_traceback_that_does_not_pass_through_the_test_has_no_lines(engine):
    assert excerpt_at(traceback_of(an_item_that_raises, engine), HERE.with_name("another.py")).lines == ()
    assert excerpt_at(None, HERE).lines == ()


def test_lines_that_a_student_could_not_run_are_not_shown(engine):
    assert excerpt_at(traceback_of(an_item_with_helpers, engine), HERE).lines == ()
