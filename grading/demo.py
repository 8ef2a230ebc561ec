"""Four made-up students run `pytest` in their folders. `make demo` shows their screens."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from gradkit.evidence.specimens import misconceptions, reference_folder, write_misconception
from gradkit.suite.assignments import course_home


def without_reflected_operators(source: str) -> str:
    """The solution, as left by a student who never met 2 + x."""
    return re.sub(
        r'    def __r\w+__\(self, other\):\n        """.*?"""\n        return .*?\n\n', "", source, flags=re.S
    )


def main() -> int:
    template, solution = course_home() / "student_template", reference_folder() / "solution"
    right = (solution / "engine.py").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        wrong = Path(scratch) / "tanh_overwrites"
        write_misconception(misconceptions()["tanh_overwrites"], wrong)
        students = {
            "Ada: all right": right,
            "Ben: = for += in tanh, and nowhere else": (wrong / "engine.py").read_text(encoding="utf-8"),
            "Cleo: no reflected operators": without_reflected_operators(right),
            "Dan: nothing written yet": (template / "engine.py").read_text(encoding="utf-8"),
        }
        for number, (student, engine) in enumerate(students.items()):
            folder = Path(scratch) / str(number)
            shutil.copytree(template, folder)
            (folder / "engine.py").write_text(engine, encoding="utf-8")
            print(f"\n{'=' * 100}\n{student}\n{'=' * 100}", flush=True)
            command = [sys.executable, "-m", "pytest", "--no-header", "-p", "no:cacheprovider"]
            if subprocess.run(command, cwd=folder, check=False).returncode not in (0, 1):
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
