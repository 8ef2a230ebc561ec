"""Promises about the screen: it fits one page, is right, and says what to do next."""

import re
import shutil

SCREEN = 40
"""Lines that a terminal window shows without scrolling, pytest's header and progress included."""

TANH = ("self.grad += (1 - out.data**2) * out.grad", "self.grad = (1 - out.data**2) * out.grad")


def test_on_the_untouched_template_every_item_is_reported_and_scores_nothing(student, root):
    for name in student.LATER:
        if (root / "student_template" / name).exists():
            shutil.copy(root / "student_template" / name, student.folder)
    run = student.run()
    suites = "".join(path.read_text() for path in root.glob("tests/a?_*/test_*.py"))
    assert len(run.items) == suites.count("\ndef test_") == suites.count("@graded(")
    assert run.verdicts() == {"not_implemented"}
    assert "skipped" not in run.screen
    assert "a1: write Value.__init__" in run.screen


def test_a_right_solution_gets_a_full_screen_without_pytorch(student, solution):
    script = (
        "import sys, pytest; status = pytest.main(sys.argv[1:]);"
        "print('IMPORTED', sorted({'torch', 'numpy', 'libcst'} & set(sys.modules))); sys.exit(status)"
    )
    run = student.write(solution()).run(python=("-c", script))
    assert run.status == 0
    assert run.verdicts() == {"passed"}
    assert "IMPORTED []" in run.screen
    assert "All right: every item of a1_expressions, a2_backprop and a3_activations agrees with PyTorch." in run.screen


def test_an_overwritten_gradient_in_tanh_is_shown_by_one_small_expression_as_in_the_readme(student, solution, root):
    run = student.write(solution(TANH)).run()
    assert run.not_passed() <= {
        "a3_activations/test_tanh_collects",
        "a3_activations/test_larger_expressions_of_functions",
    }
    assert re.search(
        r"x = Value\(\S+\)\ny = x\.tanh\(\) \+ x\ny\.backward\(\)\nprint\(x\.grad\)  # yours: ", run.screen
    )
    assert "+=" in run.screen
    (shown,) = re.findall(
        r"^```\n(a1_expressions .*?)```$", (root / "README.md").read_text(encoding="utf-8"), re.M | re.S
    )
    assert shown in run.screen


def test_many_failures_still_fit_one_screen(student, solution):
    broken = solution(
        TANH,
        ("return other + (-self)", "return self - other"),
        ("self.grad += out.grad / self.data", "self.grad += out.grad / out.data"),
        ("self.grad += out.data * (1 - out.data) * out.grad", "self.grad += (1 - out.data) * out.grad"),
        ("max(0.0, self.data)", "2 * max(0.0, self.data)"),
    )
    run = student.write(broken).run()
    assert len(run.lines) <= SCREEN
    assert "more to look at once these are right." in run.screen


def test_dependents_are_counted_and_not_listed(student, solution):
    run = student.write(solution(("self.data * other.data", "self.data + other.data"))).run()
    assert "a * b multiplies" in run.screen
    assert re.search(r"\(\d+ more depend on this\)", run.screen)
    assert "a / b divides" not in run.screen


def test_a_students_exception_shows_the_students_lines_and_none_of_ours(student, solution):
    run = student.write(solution(("math.log(self.data), (self,)", "maths.log(self.data), (self,)"))).run()
    assert "NameError: name 'maths' is not defined" in run.screen
    assert re.search(r"engine\.py:\d+, in log\n", run.screen)
    assert "gradkit/" not in run.screen.replace("gradkit/_course", "")


def test_a_file_that_cannot_be_imported_is_one_failure(student, solution):
    run = student.write(solution(("def tanh(self):", "def tanh(self)"))).run()
    assert run.screen.count("engine.py cannot be used yet") == 1
    assert "SyntaxError" in run.screen
    assert "passed" not in run.verdicts()


def test_a_missing_file_is_reported_as_missing(student):
    (student.folder / "engine.py").unlink()
    run = student.run()
    assert "There is no engine.py in this folder yet." in run.screen
    assert run.verdicts() == {"not_implemented"}


def test_a_folder_is_checked_for_the_files_that_are_there(student, solution, root):
    run = student.write(solution()).run()
    assert {name.partition("_")[0] for name in run.items} == {"a1", "a2", "a3"}
    shutil.copy(root / "reference/solution/nn.py", student.folder)
    run = student.run()
    assert {name.partition("_")[0] for name in run.items} == {"a1", "a2", "a3", "a4"}
    assert run.verdicts() == {"passed"}
    assert "Next: a5_training." in run.screen


def test_a_network_that_is_wrong_is_shown_as_a_program_to_paste(student, solution, root):
    wrong = (root / "reference/solution/nn.py").read_text(encoding="utf-8").replace("total = self.b\n", "total = 0\n")
    (student.folder / "nn.py").write_text(wrong, encoding="utf-8")
    run = student.write(solution()).run()
    assert "model = Neuron(1)" in run.screen
    assert re.search(r"^print\(y\.data\)  # yours: \S+  PyTorch: \S+$", run.screen, re.M)


def test_a_training_run_that_is_wrong_is_shown_as_a_program_to_paste(student, solution, root):
    for name in ("nn", "training"):
        text = (root / f"reference/solution/{name}.py").read_text(encoding="utf-8")
        (student.folder / f"{name}.py").write_text(text.replace("model.zero_grad()", "pass"), encoding="utf-8")
    run = student.write(solution()).run()
    assert "history = train(model, [[1.0], [2.0]], [3.0, 5.0], mean_squared_error" in run.screen
    assert "print(history[2])  # yours: " in run.screen


def test_a_finished_assignment_is_praised_and_the_next_one_named(student, solution, restore_stubs, remove_closures):
    later = ("backward", "exp", "log", "tanh", "sigmoid", "relu")
    run = student.write(restore_stubs(remove_closures(solution()), *later)).run()
    assert "All right: every item of a1_expressions agrees with PyTorch." in run.screen
    assert re.search(r"^Next: a2_backprop\. .* Write Value\.backward first\.$", run.screen, re.M)
    assert run.screen.count("Next:") == 1


def test_a_closure_that_is_not_written_is_distinguished_from_a_wrong_one(student, solution, remove_closures):
    written, power, later = solution().partition("    def __pow__")
    run = student.write(written + power + remove_closures(later)).run()
    assert "Nothing arrives from" in run.screen
    assert "Either no closure is written for it, or its closure is not kept in it" in run.screen


def test_a_package_that_grading_does_not_offer_is_named_where_it_is_used(student, solution):
    run = student.write(solution(("import math\n", "import math\nimport numpy\n")) + "\n\nnumpy.zeros(3)\n").run()
    assert "NotOfferedError: numpy is not offered" in run.screen
    assert "What stands above that line was checked." in run.screen
    assert run.verdicts() == {"passed"}
    assert "engine.py uses numpy: grading offers Python's standard library only" in run.screen


def test_markup_and_terminal_escapes_of_a_student_do_not_reach_the_screen(student, solution):
    evil = 'raise ValueError("\\x1b[2J\\x1b[31mPASSED\\x07")\n        out = Value(math.exp(self.data)'
    run = student.write(solution(("out = Value(math.exp(self.data)", evil))).run("--color=no")
    assert "\x1b" not in run.screen
    assert "\x07" not in run.screen


def test_micrograd_s_layout_is_checked_as_grading_does(student, solution):
    (student.write(solution()).folder / "micrograd").mkdir()
    (student.folder / "engine.py").rename(student.folder / "micrograd/engine.py")
    (student.folder / "micrograd/__init__.py").write_text("")
    assert student.run("-k", "a1").verdicts() == {"passed"}


def test_a_try_out_of_a_method_that_is_not_written_costs_no_other_item(student, solution):
    run = student.write(solution() + "\n\nprint(Value(2.0).gelu())\n").run("-k", "a1")
    assert "! engine.py stopped at line 185: AttributeError: 'Value' object has no attribute 'gelu'." in run.screen
    assert run.verdicts() == {"passed"}
