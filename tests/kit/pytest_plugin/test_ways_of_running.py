"""Promises about the command line: pytest's options work as usual, and no run hangs."""

import re

import pytest


def test_k_selects_items_and_the_screen_shows_only_these(student, solution):
    run = student.write(solution()).run("-k", "tanh")
    assert set(run.items) == {f"a3_activations/test_tanh{end}" for end in ("", "_gradient", "_collects")}
    assert "3 of 23 items ran" in run.screen
    assert "All right: every item" not in run.screen


def test_x_stops_at_the_first_item_that_does_not_pass(student, solution):
    run = student.write(solution(("return other + (-self)", "return self - other"))).run("-x")
    assert run.not_passed() == {"a1_expressions/test_number_minus_value"}
    assert "2 - x is not x - 2" in run.screen


def test_v_names_every_item_with_its_verdict(student, solution):
    run = student.write(solution(("return other + (-self)", "return self - other"))).run("-v")
    assert re.search(r"test_number_minus_value WRONG", run.screen)
    assert re.search(r"test_addition PASSED", run.screen)


def test_pdb_opens_in_the_students_code(student, solution):
    broken = solution(("out = Value(math.tanh(self.data)", "spot = 4321\n        out = Value(nothing(self.data)"))
    run = student.write(broken).run("-x", "--pdb", "-k", "tanh", typed="print('seen', spot)\nq\n")
    assert "seen 4321" in run.screen


def test_breakpoint_in_the_students_code_is_not_timed(student, solution):
    paused = solution(("out = Value(math.tanh(self.data)", "breakpoint()\n        out = Value(math.tanh(self.data)"))
    typed = "import time; time.sleep(6)\nprint('still', 'here')\nq\n"
    run = student.write(paused).run("-x", "-k", "tanh", typed=typed)
    assert "still here" in run.screen


def test_a_path_runs_only_that(student, solution):
    (student.folder / "my_test.py").write_text("def test_mine():\n    assert True\n")
    run = student.write(solution()).run("my_test.py")
    assert "1 passed" in run.screen
    assert run.items == {}


def test_elsewhere_the_plugin_does_nothing(student):
    (student.folder / "pytest.ini").write_text("[pytest]\n")
    run = student.run()
    assert run.items == {}
    assert "no tests ran" in run.screen


def test_a_missing_folder_is_a_clear_error(student):
    run = student.run("--submission", "nowhere")
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert "There is no folder" in run.screen


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("while True: pass", "timeout"),
        ("import sys; sys.exit(0)", "crashed"),
        ("import sys; sys.modules['pytest'].skip('no')", "crashed"),
        ("import unittest; raise unittest.SkipTest", "error"),
        ("raise MemoryError", "out_of_memory"),
        ("return self.tanh()", "error"),
    ],
)
def test_every_way_of_not_answering_has_its_verdict_and_skips_only_its_dependents(student, solution, body, verdict):
    broken = solution(("out = Value(math.tanh(self.data)", f"{body}\n        out = Value(math.tanh(self.data)"))
    run = student.write(broken).run()
    assert run.items["a3_activations/test_tanh"]["verdict"] == verdict
    assert run.items["a3_activations/test_tanh_collects"]["verdict"] == "blocked"
    assert run.items["a3_activations/test_sigmoid_collects"]["verdict"] == "passed"
    assert all(name.startswith("a3_activations/") for name in run.not_passed())


def test_a_loop_inside_c_ends_the_run_and_shows_where_it_hung(student, solution):
    broken = solution(
        ("out = Value(math.tanh(self.data)", "sum(iter(int, 1))\n        out = Value(math.tanh(self.data)")
    )
    run = student.write(broken).run("-x", "-k", "tanh")
    assert run.status != 0
    assert re.search(r"engine\.py\", line \d+ in tanh", run.screen)


EXPONENTIAL = """

def _pass_on(node, share):
    node.grad += share
    before = [parent.grad for parent in node._prev]
    node.grad, kept = share, node.grad
    node._backward()
    node.grad = kept
    for parent, grad in zip(node._prev, before):
        share, parent.grad = parent.grad - grad, grad
        _pass_on(parent, share)


Value.backward = lambda self: _pass_on(self, 1.0)
"""


def test_an_exponential_backward_is_stopped_by_counting(student, solution):
    run = student.write(solution() + EXPONENTIAL).run("-k", "cost_is_linear_in_depth")
    assert run.items["a2_backprop/test_cost_is_linear_in_depth"]["verdict"] == "failed"
    assert "backward() ran more than" in run.screen


def test_fresh_draws_new_graphs_from_a_printed_seed_and_draws_them_again(student, solution):
    broken = solution(("self.grad += out.grad / self.data", "self.grad += 2 * out.grad / self.data"))
    first = student.write(broken).run("--fresh", "5", "-k", "log")
    seed = re.search(r"--fresh-seed (\w+)\)", first.screen).group(1)
    again = student.run("--fresh", "5", "--fresh-seed", seed, "-k", "log")
    assert first.items == again.items
    assert first.items["a3_activations/test_log_gradient"]["verdict"] == "failed"


def test_fresh_compares_with_live_pytorch(student, solution):
    script = "import sys, pytest; pytest.main(sys.argv[1:]); print('LIVE', 'torch' in sys.modules)"
    run = student.write(solution()).run("--fresh", "3", "-k", "tanh", python=("-c", script))
    assert "LIVE True" in run.screen
    assert run.verdicts() == {"passed"}


def test_fresh_without_pytorch_says_what_to_install(student, solution):
    script = (
        "import sys, importlib.util as u; find = u.find_spec;"
        "u.find_spec = lambda name, *rest: None if name == 'torch' else find(name, *rest);"
        "import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    )
    run = student.write(solution()).run("--fresh", "3", python=("-c", script))
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert "pip install torch" in run.screen


def test_an_error_in_a_suite_is_shown_as_ours_with_its_traceback(student, solution):
    suite = student.folder / "a1_expressions"
    suite.mkdir()
    (suite / "test_faulty.py").write_text(
        "from gradkit.suite import graded\n\n\n"
        "@graded(1, 'A faulty item')\ndef test_faulty(Value):\n    assert Value(1.0) == 1.0\n"
    )
    run = student.write(solution()).run(str(suite))
    assert "compare numbers" in run.screen
    assert "TypeError" in run.screen


def test_a_suite_outside_every_assignment_is_a_clear_error(student):
    suite = student.folder / "a9_unknown"
    suite.mkdir()
    (suite / "test_it.py").write_text(
        "from gradkit.suite import graded\n\n\n@graded(1, 'T')\ndef test_it(Value): ...\n"
    )
    run = student.run(str(suite))
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert "a9_unknown has no assignment.toml" in run.screen
