"""Static warnings: packages that grading does not offer, and files that it does not write."""

import pytest
from gradkit.suite.static_warnings import static_warnings


@pytest.fixture
def warnings_for(tmp_path):
    """Return a function that returns the static warnings for a source, given as text or bytes."""

    def of(source):
        (tmp_path / "engine.py").write_bytes(source if isinstance(source, bytes) else source.encode())
        return "\n".join(static_warnings(tmp_path, "engine"))

    return of


@pytest.mark.parametrize(
    "source",
    [
        "",
        "import math, random, os.path\nfrom collections import abc",
        "from __future__ import annotations",
        "try:\n    import numpy\nexcept ImportError:\n    numpy = None",
        "if __name__ == '__main__':\n    import torch",
        "from . import helpers",
        "import engine",
        "print(open('numbers.txt').read(), open('numbers.txt', 'rb'))",
        "import os\nprint(file=open(os.devnull, 'w'))",
        "if __name__ == '__main__':\n    open('plot.svg', 'w').write('')",
    ],
)
def test_what_grading_offers_or_never_runs_needs_no_warning(warnings_for, source):
    assert warnings_for(source) == ""


@pytest.mark.parametrize(
    "source",
    [
        "import numpy",
        "import matplotlib.pyplot as plt\nfrom torch import nn",
        "from torch import *",
        "from torch import Tensor\ndef f(x: Tensor) -> Tensor: pass",
        "import numpy as np\nfrom typing import Union\ndef f(x: Union[float, np.ndarray]) -> np.ndarray | None: pass",
        "from asyncio.windows_events import NULL",
    ],
)
def test_an_import_that_nothing_uses_needs_no_warning(warnings_for, source):
    assert warnings_for(source) == ""


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import numpy\nnumpy.zeros(3)", "numpy"),
        ("import numpy as np\ndef f():\n    return np.zeros(3)", "numpy"),
        ("from torch.nn import Module\nclass A(Module): pass", "torch"),
        ("import matplotlib.pyplot as plt\nimport math\nplt.show()", "matplotlib"),
        ("import numpy\nfrom numpy import array\nimport torch\narray, numpy, torch", "numpy, torch"),
        ("from asyncio.windows_events import NULL\nNULL()", "asyncio.windows_events"),
        ("import numpy as np\ndef f(x: np.ndarray[float]): pass", "numpy"),
        ("def plot():\n    import matplotlib.pyplot\n    matplotlib.pyplot.plot([])", "matplotlib"),
    ],
)
def test_a_package_whose_use_would_fail_in_grading_is_named_once(warnings_for, source, names):
    assert warnings_for(source).startswith(f"engine.py uses {names}: grading offers")


def test_the_student_s_own_files_by_micrograd_s_names_are_not_packages(warnings_for, tmp_path):
    (tmp_path / "nn.py").write_text("import numpy as np\nnp.zeros(3)")
    for line in ("from .nn import MLP", "from micrograd.nn import MLP", "import micrograd.nn as MLP"):
        assert warnings_for(f"{line}\nMLP").startswith("nn.py uses numpy: ")
    assert warnings_for("from torch.nn import MLP\nMLP").startswith("engine.py uses torch: ")


@pytest.mark.parametrize(
    "call", ["open('log.txt', 'w')", "open('log.txt', mode='a')", "open('log.txt', 'r+')", "open('x', 'xb').write(b'')"]
)
def test_a_file_that_is_written_is_named_by_its_line(warnings_for, call):
    assert warnings_for(f"import math\ndef f():\n    {call}").startswith(
        "engine.py writes a file (line 3): grading lets no"
    )


def test_importing_another_file_of_the_submission_is_not_a_warning(warnings_for, tmp_path):
    (tmp_path / "helpers.py").write_text("")
    assert warnings_for("import helpers") == ""


@pytest.mark.parametrize(
    "source",
    [
        b"class Value\n  import numpy",
        b"\xff\xfe\x00",
        b"import numpy\0",
        b"x = " + b"(" * 100_000,
        b"x = 1" + b" + 1" * 5000,
    ],
    ids=["syntax", "not text", "NUL", "nesting", "a long sum"],
)
def test_a_file_that_cannot_be_parsed_gets_no_static_warning(warnings_for, source):
    assert warnings_for(source) == ""


def test_a_package_that_grading_offers_is_not_a_warning_but_a_file_of_its_name_is(tmp_path):
    (tmp_path / "tensor.py").write_text("import numpy\nimport torch\ntorch.zeros(3)\n")
    (line,) = static_warnings(tmp_path, "tensor", ["numpy"])
    assert "uses torch: grading offers Python's standard library and numpy only" in line
    (tmp_path / "tensor.py").write_text("import numpy\n")
    assert static_warnings(tmp_path, "tensor", ["numpy"]) == []
    (tmp_path / "numpy.py").write_text("")
    (line,) = static_warnings(tmp_path, "tensor", ["numpy"])
    assert "which grading finds first; rename yours" in line


def test_a_missing_file_has_no_imports(tmp_path):
    assert static_warnings(tmp_path, "engine") == []


def test_a_bom_and_crlf_do_not_hide_an_import(warnings_for):
    assert "numpy" in warnings_for(b"\xef\xbb\xbfimport math\r\nimport numpy\r\nnumpy.zeros(3)\r\n")
