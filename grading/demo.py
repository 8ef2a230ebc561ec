"""Grade made-up classes and show the results. `make demo` runs this file."""

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from gradkit.catalogue.assignments import choose_assignments
from gradkit.catalogue.home import course_home
from gradkit.grader import report
from gradkit.proof.runs import find_primary_failures
from gradkit.proof.specimens import read_misconceptions, read_variants, reference_folder, write_misconception

VARIANTS = {
    "Bao": "classic_recursive",
    "Chidi": "function_objects",
    "Dalia": "tape",
    "Emre": "dataclass_eq",
    "Fatou": "noisy_and_odd",
}
"""Variants, which must earn all points, by student."""

MISCONCEPTIONS = {
    "Goran": "tanh_overwrites",
    "Hana": "number_minus_value_swapped",
    "Ines": "multiplication_passes_own_factor",
    "Jonas": "no_visited_set",
    "Kavya": "order_by_recursion",
    "Lars": "sigmoid_ignores_upstream",
    "Mei": "closure_called_too_early",
    "Nour": "sum_forgets_its_parents",
}
"""Misconceptions about the engine, by student."""

BROKEN = {
    "Olga, a missing comma": ("def __init__(self, data, _children=(), _op=" + '""):', "def __init__(self data):"),
    "Pavel, an endless loop in sigmoid": ("z = math.exp(-abs(self.data))", "while True: pass"),
    "Quynh, a package that is not installed": ("import math\n", "import math\nimport numpy\n"),
}
"""Edits of the solution that break it (old text, new text), by student."""

HOSTILE = {
    "Mallory, leaves with a smile": "import os\nos._exit(0)\n",
    "Mallory, prints a result": 'print(\'{"passed": 86, "failed": 0}\')\nraise SystemExit(0)\n',
    "Mallory, reads the answers": f"exec(open({str(reference_folder() / 'solution' / 'engine.py')!r}).read())\n",
    "Mallory, borrows PyTorch": "import torch\nclass Value(torch.Tensor): pass\n",
    "Mallory, a fork bomb": "import os\nwhile True: os.fork()\n",
    "Mallory, eats all memory": "x = []\nwhile True: x.append(bytearray(1 << 24))\n",
    "Mallory, agrees with everything": (
        "class Value:\n    data = grad = 0.5\n    _prev = ()\n    def __getattr__(self, name): return lambda *_: self\n"
        "    def __init__(self, *_): pass\n    def __eq__(self, other): return True\n"
        "    __add__ = __radd__ = __mul__ = __rmul__ = __sub__ = __pow__ = lambda self, other: self\n"
    ),
    "=HYPERLINK(evil) \x1b[31m": "raise ValueError('\\x1b[2J\\x1b[1;32mALL PASSED')\n",
}
"""Code of students whose submissions must not earn points or do harm, by student."""

LATER = {
    "a4": {
        "Aki": "one_neuron_many_times",
        "Bela": "bias_not_a_parameter",
        "Cleo": "no_squash",
        "Dario": "all_layers_linear",
        "Elif": "weights_begin_at_zero",
        "Femi": "zero_grad_clears_the_data",
    },
    "a5": {
        "Gita": "gradients_never_cleared",
        "Henk": "uphill",
        "Ivo": "sum_of_squared_errors",
        "Juno": "parameters_replaced",
        "Kemal": "stale_graph",
        "Lotte": "softmax_without_shift",
        "Milan": "adam_uncorrected",
    },
    "a6": {
        "Odile": "unbroadcast_forgets_axes_of_size_one",
        "Piotr": "mean_divided_by_everything",
        "Rania": "repeated_index_collects_once",
        "Stig": "max_feeds_every_largest",
        "Tuva": "gradient_array_passed_on",
        "Uri": "transpose_by_the_same_axes",
        "Vera": "matmul_never_unbroadcasts",
    },
}
"""Misconceptions of students who have reached a later assignment, by assignment and student."""

EARLY = "tanh_slope_of_the_operand"
"""A misconception about an early assignment. It costs nothing in later ones, because of the reference retries."""


def without_reflected_operators(source: str) -> str:
    """Return the solution without its reflected operators, as of a student who never tried 2 + x."""
    return re.sub(
        r'    def __r\w+__\(self, other\):\n        """.*?"""\n        return .*?\n\n', "", source, flags=re.S
    )


def hand_in(folder: Path, student: str, engine: str | bytes) -> None:
    """Write a student's submission: a folder with engine.py."""
    home = folder / student
    home.mkdir()
    (home / "engine.py").write_bytes(engine.encode() if isinstance(engine, str) else engine)


def make_class(folder: Path) -> None:
    """Make a folder or zip for each student: right, partly right, wrong in named ways, broken and hostile."""
    right = (reference_folder() / "solution" / "engine.py").read_text(encoding="utf-8")
    hand_in(folder, "Ada, all right", right)
    for student, name in VARIANTS.items():
        hand_in(folder, f"{student}, {name}", (reference_folder() / "variants" / name / "engine.py").read_bytes())
    assert set(VARIANTS.values()) <= read_variants().keys()
    for student, name in MISCONCEPTIONS.items():
        write_misconception(read_misconceptions()[name], folder / f"{student}, {name}")
    hand_in(folder, "Rosa, no reflected operators", without_reflected_operators(right))
    for student, (old, new) in BROKEN.items():
        assert right.count(old) == 1, old
        hand_in(folder, student, right.replace(old, new))
    shutil.copytree(course_home() / "student_template", folder / "Sven, nothing written yet")
    (folder / "Tara, an empty folder").mkdir()
    with zipfile.ZipFile(folder / "Umut, a zip from a Mac.zip", "w") as archive:
        archive.writestr("homework 3/engine (1).py", right)
        archive.writestr("__MACOSX/homework 3/._engine (1).py", "\0\5\26\7")
    for student, source in HOSTILE.items():
        hand_in(folder, student, source)


def make_later_class(folder: Path, misconceptions: dict[str, str]) -> None:
    """Make a folder for each student of a later assignment: a right one, one for each misconception, and EARLY.

    Args:
        folder: The folder of submissions.
        misconceptions: A misconception by student.
    """
    shutil.copytree(reference_folder() / "solution", folder / "Ada, all right")
    for student, name in misconceptions.items():
        write_misconception(read_misconceptions()[name], folder / f"{student}, {name}")
    write_misconception(read_misconceptions()[EARLY], folder / f"Nour, {EARLY}")


def show_what_caught_them(reports: Path, misconceptions: dict[str, str]) -> None:
    """Print, for each misconception, the items that fail although everything they need passes."""
    for student, name in misconceptions.items():
        misconception = read_misconceptions()[name]
        student_report = report.read(reports / f"{student}, {name}.json")
        caught_by = find_primary_failures(student_report.by_id())
        titles = [item.title for item in student_report.items if item.id in caught_by]
        warning = "" if caught_by == set(misconception.caught_by) else "  (NOT the expected items)"
        print(f"{misconception.title}\n    caught by: {'; '.join(titles)}{warning}")


def main() -> int:
    """Grade the classes. Return the exit status."""
    gradkit = [sys.executable, "-c", "from gradkit.cli.main import main; main()"]
    with tempfile.TemporaryDirectory() as scratch:
        submissions = Path(scratch) / "submissions"
        submissions.mkdir()
        make_class(submissions)
        print("$ gradkit grade all submissions --out reports\n", flush=True)
        ended = subprocess.run([*gradkit, "grade", "all", "submissions", "--out", "reports"], cwd=scratch, check=False)
        for student in ("Goran, tanh_overwrites", "Rosa, no reflected operators"):
            print(f"\n$ gradkit explain 'reports/all/{student}.json'\n", flush=True)
            subprocess.run([*gradkit, "explain", f"reports/all/{student}.json"], cwd=scratch, check=True)
        status = ended.returncode
        for assignment, misconceptions in LATER.items():
            folder = Path(scratch) / assignment
            folder.mkdir()
            make_later_class(folder, misconceptions)
            print(f"\n$ gradkit grade {assignment} {assignment} --out reports\n", flush=True)
            command = [*gradkit, "grade", assignment, assignment, "--out", "reports"]
            status |= subprocess.run(command, cwd=scratch, check=False).returncode
            print()
            (course,) = choose_assignments(assignment)
            show_what_caught_them(Path(scratch) / "reports" / course.name, misconceptions)
    return status


if __name__ == "__main__":
    sys.exit(main())
