"""What students of the made-up class hand in: an engine each, in odd but honest ways, and what must come of it.

WORKS is the table. A work says which points it earns, what the instructor is shown of it, and whether self-check can
import it by its name. How a platform wraps it is in `platforms`.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOLUTION = (ROOT / "reference/solution/engine.py").read_text(encoding="utf-8")
NETWORKS = (ROOT / "reference/solution/nn.py").read_text(encoding="utf-8")

A1, A2, A4 = "a1_expressions", "a2_backprop", "a4_networks"
ALL = {A1: 19.5, A2: 32.0}
NOTHING = {A1: 0.0, A2: 0.0}

Files = Mapping[str, bytes]
"""Content by path."""


@dataclass(frozen=True)
class Work:
    """One way to hand in an engine, and what must come of it.

    Attributes:
        files: What is in the student's folder.
        points: Points by assignment.
        shown: Patterns; each must match in a line that the instructor is shown about this student.
        packing: What the student packs the folder into: "", "zip", "zip in zip" or "tar.gz".
        is_imported_by_name: Whether self-check can import it. If so, its verdicts are those of grading.
        self_check: A pattern that self-check's screen must match; only for what it cannot import.
        is_taken_in: Whether anything of it can be graded.
        stopped_at: Text of the line that stops the import, if one does.
    """

    files: Files
    points: Mapping[str, float] = field(default_factory=lambda: ALL)
    shown: tuple[str, ...] = ()
    packing: str = ""
    is_imported_by_name: bool = True
    self_check: str = ""
    is_taken_in: bool = True
    stopped_at: str = ""


def engine(text: str = SOLUTION, **others: str) -> Files:
    """Return a folder with engine.py, and with other texts by name: `helpers="..."` is helpers.py."""
    return {"engine.py": text.encode(), **{f"{name}.py": other.encode() for name, other in others.items()}}


def edited(*edits: tuple[str, str]) -> str:
    """Return the solution with edits. Each old text must occur exactly once."""
    text = SOLUTION
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in the solution"
        text = text.replace(old, new)
    return text


def make_zip(files: Files) -> bytes:
    """Return a zip of these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 10, 1, 12, 0, 0)), content)
    return packed.getvalue()


def make_tar_gz(files: Files) -> bytes:
    """Return a .tar.gz of these files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def make_notebook(*cells: str) -> bytes:
    """Return a notebook as Jupyter or Colab writes it, with these code cells."""
    return json.dumps(
        {
            "cells": [
                {
                    "cell_type": "code",
                    "execution_count": number,
                    "id": f"cell{number}",
                    "metadata": {},
                    "outputs": [],
                    "source": source.splitlines(keepends=True),
                }
                for number, source in enumerate(cells, 1)
            ],
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    ).encode()


def pack(work: Work) -> Files:
    """Return what the student uploads: the files, or what they are packed into."""
    if work.packing == "zip":
        return {"homework.zip": make_zip(work.files)}
    if work.packing == "zip in zip":
        return {"homework.zip": make_zip({"homework/final.zip": make_zip(work.files)})}
    if work.packing == "tar.gz":
        return {"homework.tar.gz": make_tar_gz({f"homework/{name}": text for name, text in work.files.items()})}
    return work.files


# --- texts ------------------------------------------------------------------------------------------------------------

STRAY = """import numpy as np
import matplotlib.pyplot as plt
import torch.nn.functional as F
from IPython.display import Image

"""

GUARDED = "try:\n    import numpy as np\nexcept ImportError:\n    np = None\n\n"

DEMO = """

if __name__ == "__main__":
    import matplotlib.pyplot as plt

    plt.plot([Value(x / 10).tanh().data for x in range(-30, 30)])
    plt.show()
"""

TANH = SOLUTION[SOLUTION.index("    def tanh(self):") : SOLUTION.index("    def sigmoid(self):")]
NO_TANH = SOLUTION.replace(TANH, '    def tanh(self):\n        raise NotImplementedError("tanh")\n\n')
TRY_OUT = "\n\nx = Value(0.5)\nprint(x * x + 2)\nprint(x.tanh())\n"

WITH_HELPER = edited(
    ("import math\n", "import math\n\nfrom helpers.numbers import slope_of_a_power\n"),
    ("exponent.data * self.data ** (exponent.data - 1)", "slope_of_a_power(self.data, exponent.data)"),
)
HELPER = "def slope_of_a_power(base, exponent):\n    return exponent * base ** (exponent - 1)\n"

WITH_DATA = edited(
    ("import math\n", 'import math\n\nwith open("start.txt") as opened:\n    START = float(opened.read())\n')
)
WITH_DATA = WITH_DATA.replace("self.grad = 0.0\n", "self.grad = START\n")

MICROGRAD: Files = {
    "micrograd/__init__.py": b"",
    "micrograd/engine.py": SOLUTION.encode(),
    "micrograd/nn.py": NETWORKS.replace("from engine import Value", "from .engine import Value").encode(),
    "test/test_engine.py": b"import torch\n\nfrom micrograd.engine import Value\n\nassert Value(1.0)\n",
    "setup.py": b"import setuptools\n\nsetuptools.setup(name='micrograd')\n",
    "README.md": b"# micrograd\n",
}

# --- the table --------------------------------------------------------------------------------------------------------

WORKS: dict[str, Work] = {
    # Right, and as it should be.
    "right": Work(engine()),
    "demo": Work(engine(SOLUTION + DEMO)),
    "bom_and_crlf": Work({"engine.py": b"\xef\xbb\xbf" + SOLUTION.replace("\n", "\r\n").encode()}),
    "checkpoints": Work({**engine(), ".ipynb_checkpoints/engine-checkpoint.py": b"class Value:\n    pass\n"}),
    "noise_of_macos": Work(
        {**engine(), "__MACOSX/._engine.py": b"\0\5\26\7", ".DS_Store": b"\0\0\0\1Bud1"}, packing="zip"
    ),
    # A mistake in the code.
    "wrong_minus": Work(engine(edited(("return other + (-self)", "return self - other"))), points={A1: 17.5, A2: 30.0}),
    "wrong_addition_gradient": Work(
        engine(
            edited(
                (
                    "            self.grad += out.grad\n            other.grad += out.grad",
                    "            self.grad = out.grad\n            other.grad += out.grad",
                )
            )
        ),
        points={A1: 19.5, A2: 16.5},
    ),
    "class_value": Work(
        engine(SOLUTION.replace("Value", "value")), points=NOTHING, shown=(r"engine\.py has (a )?value\b.*\bValue\b",)
    ),
    "syntax_error": Work(
        engine(edited(("def tanh(self):", "def tanh(self)"))),
        points=NOTHING,
        shown=(r"engine\.py.*\bexpected ':'",),
        stopped_at="    def tanh(self)",
    ),
    # Imports.
    "stray_imports": Work(engine(STRAY + SOLUTION)),
    "guarded_import": Work(engine(GUARDED + SOLUTION)),
    "used_import": Work(
        engine(
            edited(
                ("import math\n", "import math\nimport numpy as np\n"),
                ("Value(other) ** self", "Value(np.float64(other)) ** self"),
            )
        ),
        points={A1: 19.0, A2: 31.5},
        shown=(r"numpy is not offered in",),
    ),
    # What the top level does.
    "try_out_at_the_end": Work(
        engine(NO_TANH + TRY_OUT), shown=(r"NotImplementedError",), stopped_at="print(x.tanh())"
    ),
    "input_at_the_end": Work(
        engine(SOLUTION + '\n\nn = int(input("How many? "))\n'),
        shown=(r"engine\.py.*\b(input|EOF)",),
        stopped_at="n = int(input(",
    ),
    "exit_at_the_end": Work(engine(SOLUTION + "\n\nprint(Value(2.0) + 3)\nraise SystemExit\n"), points=NOTHING),
    # Names and encodings.
    "utf_16": Work(
        {"engine.py": SOLUTION.encode("utf-16")}, shown=(r"UTF-16",), is_imported_by_name=False, self_check=r"UTF-16"
    ),
    "capital_engine": Work(
        {"Engine.py": SOLUTION.encode()},
        shown=(r"Engine\.py.*engine\.py",),
        is_imported_by_name=False,
        self_check=r"Engine\.py.*\bengine\.py",
    ),
    "engine_1": Work(
        {"engine (1).py": SOLUTION.encode()},
        shown=(r"engine \(1\)\.py.*engine\.py",),
        is_imported_by_name=False,
        self_check=r"engine \(1\)\.py.*\bengine\.py",
    ),
    "engine_py_txt": Work(
        {"engine.py.txt": SOLUTION.encode()},
        shown=(r"engine\.py\.txt.*engine\.py",),
        is_imported_by_name=False,
        self_check=r"engine\.py\.txt.*\bengine\.py",
    ),
    "notebook": Work(
        {"homework.ipynb": make_notebook(SOLUTION, "x = Value(3.0)\nx * x")},
        shown=(r"homework\.ipynb.*\ba[12]_\w+\.ipynb",),
        is_imported_by_name=False,
        self_check=r"homework\.ipynb",
    ),
    "two_notebooks": Work(
        {
            "plots.ipynb": make_notebook("import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])"),
            "homework_final.ipynb": make_notebook("!pip install numpy\n", SOLUTION),
        },
        shown=(r"homework_final\.ipynb.*\ba[12]_\w+\.ipynb",),
        is_imported_by_name=False,
        self_check=r"\.ipynb",
    ),
    # Folders and archives.
    "micrograd": Work(MICROGRAD, is_imported_by_name=False, self_check=r"micrograd"),
    "helpers": Work({**engine(WITH_HELPER), "helpers/__init__.py": b"", "helpers/numbers.py": HELPER.encode()}),
    "data_file": Work({**engine(WITH_DATA), "start.txt": b"0.0\n"}),
    "old_folder": Work({**engine(), "old/engine.py": b"class Value:\n    pass\n"}, shown=(r"old/engine\.py",)),
    "zip": Work(engine(), packing="zip"),
    "zip_in_zip": Work(engine(), packing="zip in zip"),
    "tar_gz": Work(engine(), packing="tar.gz"),
    # Nothing that can be graded.
    "nothing": Work({}, points=NOTHING, is_taken_in=False, is_imported_by_name=False),
    "readme_alone": Work(
        {"README.md": b"I was ill this week.\n"},
        points=NOTHING,
        shown=(r"engine\.py",),
        is_taken_in=False,
        is_imported_by_name=False,
        self_check=r"engine\.py",
    ),
    "picture": Work(
        {"engine.py.png": b"\x89PNG\r\n\x1a\n" + bytes(40)},
        points=NOTHING,
        shown=(r"engine\.py\.png",),
        is_taken_in=False,
        is_imported_by_name=False,
        self_check=r"engine\.py",
    ),
    "broken_zip": Work(
        {"homework.zip": make_zip(engine())[:-400]},
        points=NOTHING,
        shown=(r"homework\.zip",),
        is_taken_in=False,
        is_imported_by_name=False,
        self_check=r"engine\.py",
    ),
    "rar": Work(
        {"homework.rar": b"Rar!\x1a\x07\x01\x00" + bytes(60)},
        points=NOTHING,
        shown=(r"homework\.rar.*\bzip\b",),
        is_taken_in=False,
        is_imported_by_name=False,
        self_check=r"engine\.py",
    ),
}


# --- files that import each other -------------------------------------------------------------------------------------


def networks(line: str) -> bytes:
    """Return nn.py with another line in place of the one that imports Value."""
    assert NETWORKS.count("from engine import Value") == 1
    return NETWORKS.replace("from engine import Value", line).encode()


PACKAGES: dict[str, Files] = {
    "relative": {
        "micrograd/__init__.py": b"",
        "micrograd/engine.py": SOLUTION.encode(),
        "micrograd/nn.py": networks("from .engine import Value"),
    },
    "relative_module": {
        "engine.py": SOLUTION.encode(),
        "nn.py": networks("from . import engine\n\nValue = engine.Value"),
    },
    "by_package": {
        "micrograd/__init__.py": b"from micrograd.engine import Value\n",
        "micrograd/engine.py": SOLUTION.encode(),
        "micrograd/nn.py": networks("from micrograd.engine import Value"),
    },
    "under_an_alias": {
        "src/engine.py": SOLUTION.encode(),
        "src/nn.py": networks("import src.engine as e\n\nValue = e.Value"),
    },
    "two_folders": {
        "week1/engine.py": SOLUTION.encode(),
        "week4/nn.py": networks("from engine import Value"),
    },
}
"""Right answers to a4 in folders and with imports of their own, by name."""
