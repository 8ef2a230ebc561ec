"""The in-process transport: whatever a student's code does, the result is one verdict and a readable message."""

import sys

import pytest
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Graph
from gradkit.submissions import exception_text
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.subject import numbers, replay
from hypothesis import given, settings
from hypothesis import strategies as st

ADDS = """
class Loud(Exception):
    def __str__(self): {loud}

class Value:
    def __init__(self, data): self.data = data
    def __add__(self, other):
        {body}
"""


def test_load_value_gives_the_class_of_the_latest_source(load_value):
    def engine(number):
        return f"class Value:\n    def __init__(self, data): self.data = {number}\n"

    assert [numbers([load_value(engine(number))(0.0)], "data") for number in (1.0, 2.0)] == [[1.0], [2.0]]


@pytest.fixture
def failure_in_add(load_value):
    """Return a function that adds two Values with this body of __add__, and returns the SubmissionError."""

    def of(body, loud="return 'loud'"):
        value = load_value(ADDS.format(body=body, loud=loud))
        with pytest.raises(SubmissionError) as raised:
            value(1.0) + value(2.0)
        return raised.value

    return of


ENDINGS = {
    "raise NotImplementedError('TODO a1: Value.__add__')": (Verdict.NOT_IMPLEMENTED, "TODO a1: Value.__add__"),
    "raise NotImplementedError": (Verdict.NOT_IMPLEMENTED, "not written yet"),
    "raise ValueError('odd')": (Verdict.ERROR, "ValueError: odd"),
    "raise ValueError": (Verdict.ERROR, "ValueError"),
    "raise StopIteration": (Verdict.ERROR, "StopIteration"),
    "assert False, 'no'": (Verdict.ERROR, "AssertionError: no"),
    "return self.lost": (Verdict.ERROR, "AttributeError: 'Value' object has no attribute 'lost'"),
    "return self + other": (Verdict.ERROR, "RecursionError: maximum recursion depth exceeded"),
    "raise MemoryError": (Verdict.OUT_OF_MEMORY, "MemoryError"),
    "import sys; sys.exit(0)": (Verdict.CRASHED, "SystemExit"),
    "raise GeneratorExit": (Verdict.CRASHED, "GeneratorExit"),
    "import sys; sys.modules['pytest'].skip('easy')": (Verdict.CRASHED, "Skipped"),
    "import sys; sys.modules['pytest'].fail('no')": (Verdict.CRASHED, "Failed"),
    "import sys; sys.modules['pytest'].exit('bye')": (Verdict.ERROR, "Exit: bye"),
    "import unittest; raise unittest.SkipTest('easy')": (Verdict.ERROR, "SkipTest: easy"),
    "raise Loud": (Verdict.ERROR, "Loud: loud"),
}


@pytest.mark.parametrize("body", ENDINGS)
def test_each_ending_has_its_verdict_and_message(body, failure_in_add):
    verdict, message = ENDINGS[body]
    found = failure_in_add(body)
    assert found.verdict is verdict
    assert found.message.startswith(message)
    assert str(found).startswith(message)


def test_ctrl_c_is_passed_through(load_value):
    value = load_value(ADDS.format(body="raise KeyboardInterrupt", loud="pass"))
    with pytest.raises(KeyboardInterrupt):
        value(1.0) + value(2.0)


# --- messages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loud", ["raise ValueError", "raise SystemExit", "return 5", "return self.lost", "return str(self)"]
)
def test_an_exception_whose_text_cannot_be_read_is_still_named(loud, failure_in_add):
    found = failure_in_add("raise Loud", loud=loud)
    assert found.verdict is Verdict.ERROR
    assert found.message == "Loud: (its message cannot be read)"


def test_a_syntax_error_that_the_student_raises_gets_a_verdict(failure_in_add):
    found = failure_in_add("raise SyntaxError(Loud())", loud="raise SystemExit")
    assert found.verdict is Verdict.ERROR
    assert found.message == "SyntaxError: (its message cannot be read)"


def test_messages_do_not_contain_memory_addresses(failure_in_add):
    assert failure_in_add("raise ValueError(object())").message == "ValueError: <object object at 0x...>"


@settings(max_examples=100)
@given(st.text(st.characters(), max_size=2000))
def test_any_text_becomes_one_short_printable_line(text):
    tidy = exception_text.tidy(text)
    assert tidy.isprintable()
    assert len(tidy) <= 300
    assert text == tidy or not text.isprintable() or len(text) > 300 or "0x" in text


def test_terminal_escapes_never_reach_a_message_or_a_traceback(failure_in_add):
    found = failure_in_add(r"raise ValueError('\x1b[2J\x1b]0;title\x07 \u202e \ud800 \r\n done')  # " + "\x1b[31m red")
    assert found.message.isprintable()
    assert found.message.endswith("done")
    assert "\x1b" not in found.traceback


@pytest.mark.parametrize("file", ["\0.py", "../engine.py", "/etc/passwd", "", "x" * 5000, "engine.py\n"])
def test_a_forged_frame_opens_no_other_file_and_breaks_nothing(file, tmp_path):
    (tmp_path / "engine.py").write_text("first = 1\n")
    (tmp_path.parent / "engine.py").write_text("secret = 1\n")
    error = exception_text.failure(
        Verdict.ERROR, "odd", [(file, 1, "f", 0), ("engine.py", 10**9, "g", 2**31)], tmp_path
    )
    assert "secret" not in error.traceback
    assert "root:" not in error.traceback
    assert all(line.isprintable() for line in error.traceback.splitlines())


def test_a_message_of_any_length_is_cut(failure_in_add):
    found = failure_in_add("raise ValueError('long ' * 10**6)")
    assert len(found.message) == 300
    assert found.message.endswith("...")


# --- tracebacks ------------------------------------------------------------------------------------------------------


def test_a_traceback_shows_the_student_s_lines_and_no_folders(failure_in_add, tmp_path):
    found = failure_in_add("return helper(self)\n\ndef helper(value):\n    return sorted([1, 2], key=lambda x: x / 0)")
    assert found.traceback.splitlines() == [
        "engine.py:8, in __add__",
        "    return helper(self)",
        "engine.py:11, in helper",
        "    return sorted([1, 2], key=lambda x: x / 0)",
        "engine.py:11, in <lambda>",
        "    return sorted([1, 2], key=lambda x: x / 0)",
    ]
    assert str(tmp_path) not in found.traceback


def test_frames_of_libraries_are_left_out(failure_in_add):
    found = failure_in_add("import json; json.loads('{')")
    assert found.traceback.splitlines() == ["engine.py:8, in __add__", "    import json; json.loads('{')"]


def test_endless_recursion_shows_one_frame_and_not_a_thousand(failure_in_add):
    assert len(failure_in_add("return self + other").traceback.splitlines()) == 2


def test_a_stub_has_no_traceback(failure_in_add):
    assert failure_in_add("raise NotImplementedError('TODO')").traceback == ""


def test_the_debugger_opens_in_the_student_s_frame(failure_in_add):
    frame = failure_in_add("raise ValueError").__traceback__
    files = []
    while frame:
        files.append(frame.tb_frame.f_code.co_filename)
        frame = frame.tb_next
    assert files[-1].endswith("engine.py")


# --- loading ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def failure_of_loading(open_folder):
    """Return a function that loads Value from a source (None: no file), and returns the SubmissionError."""

    def of(source):
        with pytest.raises(SubmissionError) as raised:
            open_folder(source).load("engine", "Value")
        return raised.value

    return of


def test_a_missing_file_is_not_written_yet(failure_of_loading):
    found = failure_of_loading(None)
    assert found.verdict is Verdict.NOT_IMPLEMENTED
    assert found.message == "There is no engine.py in this folder yet."


def test_a_missing_class_is_not_written_yet(failure_of_loading):
    found = failure_of_loading("x = 1")
    assert found.verdict is Verdict.NOT_IMPLEMENTED
    assert found.message == "engine.py has no Value yet."


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("class Value\n    pass", "SyntaxError: expected ':'"),
        ("class Value:\nx = 1", "IndentationError: expected an indented block"),
        ("x = 1\0", "SyntaxError: source code string cannot contain null bytes"),
        ("from __future__ import braces", "SyntaxError: not a chance"),
        ("import nn", "ModuleNotFoundError: No module named 'nn'"),
        ("import numpy\nnumpy.zeros(3)", "NotOfferedError: numpy is not offered in this assignment"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why(failure_of_loading, source, said):
    found = failure_of_loading(source)
    assert found.verdict is Verdict.ERROR
    assert said in found.message


def test_a_syntax_error_shows_the_line_and_no_folders(failure_of_loading, tmp_path):
    found = failure_of_loading("x = 1\nclass Value\n    pass")
    assert "engine.py:2" in found.traceback
    assert "class Value" in found.traceback
    assert str(tmp_path) not in found.traceback


def test_a_syntax_error_on_a_hostile_line_is_shown_short_and_printable(failure_of_loading):
    found = failure_of_loading("x = = '\x1b[2J'" + " + 1" * 10**5)
    assert all(line.isprintable() for line in found.traceback.splitlines())
    assert len(found.traceback) < 3000


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("raise SystemExit", Verdict.CRASHED),
        ("raise MemoryError", Verdict.OUT_OF_MEMORY),
        ("raise NotImplementedError('TODO')", Verdict.NOT_IMPLEMENTED),
        ("import sys; sys.modules['pytest'].skip('x', allow_module_level=True)", Verdict.CRASHED),
        ("def __getattr__(name): raise SystemExit", Verdict.CRASHED),
        ("def __getattr__(name): raise ValueError", Verdict.ERROR),
        ("import sys; sys.modules[__name__] = None", Verdict.NOT_IMPLEMENTED),
        ("import sys; sys.modules[__name__] = object()", Verdict.NOT_IMPLEMENTED),
        ("__file__ = 5", Verdict.NOT_IMPLEMENTED),
    ],
)
def test_every_kind_of_failing_import_has_a_verdict(failure_of_loading, source, verdict):
    assert failure_of_loading(source).verdict is verdict


def test_another_module_of_the_same_name_is_never_graded_instead(load_value, monkeypatch, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "engine.py"
    other.write_text("class Value: data = 1.0")
    monkeypatch.syspath_prepend(str(other.parent))
    monkeypatch.delitem(sys.modules, "engine", raising=False)
    imported = __import__("engine")
    assert load_value("class Value:\n    data = 2.0")().data == 2.0
    assert sys.modules["engine"] is imported
    del sys.modules["engine"]  # for good: monkeypatch would put it back


def test_a_file_with_a_bom_crlf_and_noise_is_read(load_value, capsys):
    source = "\ufeffprint('hello')\r\nclass Value:\r\n    def __init__(self, data):\r\n        self.data = data\r\n"
    assert load_value(source)(2.0).data == 2.0


# --- many graphs at once ---------------------------------------------------------------------------------------------


def test_answers_before_the_first_failure_are_kept(load_value, solution):
    line = "out = Value(math.tanh"
    value = load_value(solution((line, f"if self.data > 1: raise KeyError('big')\n        {line}")))
    graphs = [trace_expression(lambda x: x.tanh(), number) for number in (0.5, 1.0, 2.0, 0.1)]
    reply = replay(value, graphs, backward=True)
    assert [answers.data[0] for answers in reply.answers] == [0.5, 1.0]
    assert reply.failure.verdict is Verdict.ERROR
    assert reply.failure.message == "KeyError: 'big'"


def test_a_reply_has_one_answer_for_each_graph_in_order(load_value, solution):
    value = load_value(solution())

    @given(st.lists(st.floats(-5, 5), max_size=5))
    def holds(numbers):
        reply = replay(value, [Graph((number,), [("neg", 0)]) for number in numbers], backward=True)
        assert [answers.data for answers in reply.answers] == [[number, -number] for number in numbers]
        assert reply.failure is None

    holds()
