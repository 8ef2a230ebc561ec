"""Importing a student's files: self-check and grading do the same, whatever the files import and wherever they stop."""

import sys
from functools import partial

import pytest
from gradkit.inside.imports import COURSE_FILES, StudentModules
from gradkit.inside.worker import MAX_FRAME_TEXT_LENGTH
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.local import LocalTransport
from gradkit.submissions.transport.pipe import PipeTransport

VALUE = """
class Value:
    def __init__(self, data): self.data = data
"""


@pytest.fixture(params=["self-check", "grading"])
def hand_in(request, tmp_path, clock, monkeypatch):
    """Return a function that writes a student's files and returns a transport: hand_in({"engine.py": source})."""
    folder = tmp_path / "submission"
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = dict(sys.modules)
    opened = []

    def hand_in(files, packages=()):
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        if request.param == "grading":
            start = partial(request.getfixturevalue("sandbox").start, folder, 30)
            transport = PipeTransport(start, folder)
            opened.append(transport)
        else:
            transport = LocalTransport(folder, clock)
        transport.start_item(10, packages)
        return transport

    yield hand_in
    for transport in opened:
        transport.close()
    for name in sys.modules.keys() - before.keys():
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def number_of(hand_in):
    """Return a function that hands in an engine and others, and returns its `Value(2.0).data`."""

    def of(source, packages=(), **others):
        files = {name.replace("__", "/") + ".py": text for name, text in others.items()}
        transport = hand_in({"engine.py": source + VALUE, **files}, packages)
        return transport.load("engine", "Value")(2.0).data

    return of


@pytest.fixture
def failure_of(hand_in):
    """Return a function that hands in an engine, loads a name from it, and returns the SubmissionError."""

    def of(source, name="Value", **others):
        transport = hand_in({"engine.py": source, **{f"{name}.py": text for name, text in others.items()}})
        with pytest.raises(SubmissionError) as raised:
            transport.load("engine", name)()
        return raised.value

    return of


# --- modules that are not offered ------------------------------------------------------------------------------------

STRAY = (
    "import numpy",
    "import numpy as np",
    "from turtle import forward\nfrom tkinter import *",
    "import torch.nn.functional as F",
    "import matplotlib.pyplot as plt, IPython",
    "from torch import nn, Tensor",
    "from numpy import *",
    "from micrograd.draw import draw_dot",
    "from asyncio.windows_events import NULL\nimport winsound, msvcrt, winreg",
    "from multiprocessing.popen_spawn_win32 import Popen",
    "import numpy as np\ndef f(x: np.ndarray, *more: np.typing.Any) -> np.ndarray: return x",
    "import numpy as np\nfrom typing import Union\ndef f(x: Union[float, np.ndarray]): return x",
    "from torch import Tensor\ndef f(x: Tensor | None, y: None | Tensor = None) -> 'int | Tensor': return x",
    "import numpy as np\ntwo_pi = np.pi",
    "from torch import Tensor\nfrom typing import Optional\ndef f(x: Optional[Tensor]) -> Tensor: return x",
    "import numpy as np\ndef f():\n    return np.zeros(3)",
    "def f():\n    import torch\n    return torch.zeros(3)",
)


@pytest.mark.parametrize("line", STRAY)
def test_a_stray_import_costs_nothing(number_of, line):
    assert number_of(line) == 2.0


USES = (
    "import numpy as np; np.zeros(3)",
    "import matplotlib.pyplot as plt; plt.style.use('x')",
    "from torch import tensor; tensor(3)",
    "from torch import nn\nclass A(nn.Module): pass",
    "from torch.nn import Module\nclass A(Module): pass",
    "from torch import no_grad\n@no_grad\ndef f(): pass",
    "from torch import pi; 2 * pi",
    "from torch import pi; -pi + 1",
    "from torch import Tensor; isinstance(5, Tensor)",
    "from torch import losses; losses[0]",
    "from torch import losses; list(losses)",
    "from torch import flag\nif flag: pass",
    "from torch import lock\nwith lock: pass",
    "import torch; torch.x = 1",
    "import numpy as np; 2 * np.pi",
    "import numpy as np; float(np.pi)",
    "import numpy as np; import math; math.sin(np.pi)",
    "import numpy as np; max(1.0, np.inf)",
    "import numpy as np; isinstance(1, np.ndarray | float)",
    "import torch.nn as nn\nclass A(nn.Module): pass",
    "import torch\n@torch.no_grad\ndef f(): pass",
    "from asyncio.windows_events import NULL; NULL()",
)


@pytest.mark.parametrize("use", USES)
def test_a_use_of_a_module_that_is_not_offered_says_so(failure_of, use):
    failure = failure_of(use + VALUE)
    assert failure.verdict is Verdict.ERROR
    assert failure.message.startswith("NotOfferedError: ")
    assert "is not offered in this assignment" in failure.message


def test_a_version_of_a_module_that_is_not_offered_is_an_attribute_that_says_so(failure_of):
    message = failure_of("import torch\nprint(torch.__version__)" + VALUE).message
    assert (
        message == "AttributeError: torch is not offered in this assignment, and there is no torch.py beside this file."
    )


def test_a_module_that_exists_in_no_system_is_an_error_even_in_the_standard_library(failure_of):
    assert "No module named 'math.sqrt'" in failure_of("import math.sqrt" + VALUE).message


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import winsound\nexcept ImportError:\n    winsound = None\nassert winsound is None",
        "try:\n    import multiprocessing.popen_spawn_win32 as w\nexcept ImportError:\n    w = 0\nassert w == 0",
        "try:\n    import numpy as np\nexcept ImportError:\n    np = None\nassert np is None",
        "try:\n    from torch import (\n        tensor)\nexcept Exception:\n    tensor = 0\nassert tensor == 0",
        "try:\n    __import__('torch')\n    assert False\nexcept (KeyError, ModuleNotFoundError):\n    pass",
        "from contextlib import suppress\nnp = 0\nwith suppress(ImportError):\n    import numpy as np\nassert np == 0",
        "def f():\n    try:\n        import numpy\n    except:\n        return 1\nassert f() == 1",
    ],
)
def test_a_guarded_import_takes_its_fallback(hand_in, source):
    transport = hand_in({"engine.py": source + VALUE})
    assert transport.load("engine", "Value")(2.0).data == 2.0
    assert transport.stopped == []


def test_a_guard_around_the_definition_of_a_function_does_not_guard_its_calls(failure_of):
    source = (
        "try:\n    def f():\n        import numpy\n        return numpy.zeros(3)\nexcept ImportError:\n    pass\nf()"
    )
    assert "numpy is not offered" in failure_of(source + VALUE).message


def test_an_offered_package_is_the_real_one_and_the_files_are_imported_anew_for_it(hand_in):
    transport = hand_in({"engine.py": "import numpy as np\n" + VALUE + "zero = np.zeros(1)"}, ("numpy",))
    transport.load("engine", "zero")
    transport.start_item(10, ())
    with pytest.raises(SubmissionError, match="numpy is not offered"):
        transport.load("engine", "zero")
    transport.start_item(10, ("numpy",))
    transport.load("engine", "zero")


def test_a_student_s_file_comes_before_a_stand_in_and_after_what_is_offered(number_of):
    assert number_of("import torch\nassert torch.mine == 1", torch="mine = 1") == 2.0
    assert number_of("import random\nrandom.random()", random="raise SystemExit") == 2.0


@pytest.mark.parametrize("zero", ["zero", "zero.data", "1 | zero", "0 | zero.x"])
def test_a_stand_in_passes_for_no_number_and_no_answer(hand_in, zero):
    transport = hand_in({"engine.py": "from torch import zero\n" + VALUE.replace("= data", f"= {zero}")})
    value = transport.load("engine", "Value")(2.0)
    for read in (lambda: value.data, lambda: transport.decisions([transport.apply("getattr", [value, "data"], {})])):
        with pytest.raises(SubmissionError):
            read()
    with pytest.raises(SubmissionError):
        transport.arrays([value], "data")
    assert transport.run_program(["from engine import Value", "print(Value(0).data)"]) == []


def test_a_stand_in_in_the_place_of_a_class_answers_nothing(hand_in):
    transport = hand_in({"engine.py": "import torch\nValue = torch.Tensor"})
    value = transport.load("engine", "Value")
    for use in (lambda: value(2.0), lambda: value.data, lambda: transport.items(value)):
        with pytest.raises(SubmissionError):
            use()


def test_a_missing_file_of_the_course_is_no_stand_in(failure_of):
    for line in ("import nn", "from nn import MLP", "from micrograd.nn import MLP", "from .nn import MLP"):
        assert failure_of(line + VALUE).message.startswith("ModuleNotFoundError: No module named")


@pytest.mark.parametrize(
    ("line", "others"),
    [
        ("from sklearn.datasets import make_moons", {"datasets/moons.csv": "1"}),
        ("from sklearn.datasets import make_moons", {"datasets/moons.py": "1"}),
        ("from sklearn import datasets, utils", {"datasets/moons.py": "1", "utils.py": "1"}),
        ("from graphviz import Digraph", {"graphviz/more/graph.svg": "1"}),
        ("from sklearn.utils import shuffle\nimport sklearn.utils as u", {"utils.py": "1"}),
    ],
)
def test_a_file_or_folder_that_is_called_like_a_part_of_a_package_is_not_that_part(hand_in, line, others):
    transport = hand_in({"engine.py": line + VALUE, **others})
    assert transport.load("engine", "Value")(2.0).data == 2.0
    assert transport.stopped == []


def test_the_files_of_the_course_are_those_that_assignments_ask_for():
    from gradkit.catalogue.assignments import assignments

    assert {name for each in assignments() for name in each.modules} == set(COURSE_FILES)


# --- a guarded import of the student's own file that stops ----------------------------------------------------------

PLOTTING = "import matplotlib.pyplot as plt\ndef draw(): pass\nplt.figure()\ndef later(): pass"


@pytest.mark.parametrize(
    "line",
    [
        *(
            "import plotting",
            "from plotting import draw",
            "from plotting import later",
            "import micrograd.helpers.shown",
        ),
        *("from . import plotting", "from .plotting import draw", "from helpers import shown", "import helpers.shown"),
    ],
)
def test_a_guarded_import_of_a_file_that_stops_at_a_stray_use_takes_its_fallback(hand_in, line):
    guarded = f"try:\n    {line}\n    PLOT = True\nexcept ImportError:\n    PLOT = False\nassert not PLOT"
    files = {"plotting.py": PLOTTING, "helpers/shown.py": "from plotting import later", "micrograd/x.py": ""}
    transport = hand_in({"engine.py": guarded + VALUE, **files})
    assert transport.load("engine", "Value")(2.0).data == 2.0
    assert transport.stopped == []


def test_a_guarded_import_of_a_file_that_stops_otherwise_keeps_what_it_has_defined_and_is_reported(hand_in):
    guarded = "try:\n    from plotting import draw\nexcept ImportError:\n    draw = None\nassert draw"
    transport = hand_in({"engine.py": guarded + VALUE, "plotting.py": "def draw(): pass\n1 / 0"})
    assert transport.load("engine", "Value")(2.0).data == 2.0
    assert [stop.file for stop in transport.stopped] == ["plotting.py"]


def test_a_guarded_import_of_a_file_of_the_course_uses_what_it_has_defined(hand_in):
    nn = "try:\n    from .engine import Value\nexcept ImportError:\n    Value = None\nMLP = Value"
    transport = hand_in({"engine.py": VALUE + PLOTTING, "nn.py": nn})
    assert transport.load("nn", "MLP")(2.0).data == 2.0
    assert [stop.file for stop in transport.stopped] == ["engine.py"]


# --- stops -----------------------------------------------------------------------------------------------------------


def test_what_stands_above_an_exception_can_be_used_and_the_line_is_known(hand_in):
    transport = hand_in({"engine.py": VALUE + "raise ValueError('no')\nclass Later: pass"})
    assert transport.load("engine", "Value")(2.0).data == 2.0
    assert [(stop.file, stop.line, stop.message) for stop in transport.stopped] == [("engine.py", 4, "ValueError: no")]
    with pytest.raises(SubmissionError, match="ValueError: no") as raised:
        transport.load("engine", "Later")
    assert raised.value.traceback.startswith("engine.py:4")


def test_a_stop_by_a_stub_is_not_written_yet_and_names_its_line(failure_of):
    failure = failure_of("raise NotImplementedError('write it')")
    assert failure.verdict is Verdict.NOT_IMPLEMENTED
    assert failure.message == "engine.py stopped at line 1, before it defined Value: write it"


def test_a_later_file_uses_what_a_stopped_one_has_defined(hand_in):
    transport = hand_in({"engine.py": VALUE + "1 / 0", "nn.py": "from engine import Value\nimport engine\nMLP = Value"})
    assert transport.load("nn", "MLP")(2.0).data == 2.0
    assert [stop.file for stop in transport.stopped] == ["engine.py"]


def test_a_later_file_that_needs_more_stops_with_the_same_exception(hand_in):
    transport = hand_in({"engine.py": "1 / 0" + VALUE, "nn.py": "from engine import Value\nMLP = Value"})
    with pytest.raises(SubmissionError, match="ZeroDivisionError") as raised:
        transport.load("nn", "MLP")
    assert raised.value.traceback.splitlines()[0::2] == ["nn.py:1, in <module>", "engine.py:1, in <module>"]
    assert {stop.file: stop.line for stop in transport.stopped} == {"engine.py": 1, "nn.py": 1}


def test_a_syntax_error_is_a_stop_that_defines_nothing(hand_in):
    transport = hand_in({"engine.py": VALUE + "class :", "nn.py": "import engine\nMLP = 1"})
    for module, name in (("engine", "Value"), ("nn", "MLP")):
        with pytest.raises(SubmissionError, match="SyntaxError"):
            transport.load(module, name)
    assert {stop.file: stop.line for stop in transport.stopped} == {"engine.py": 4, "nn.py": 1}
    engine, nn = transport.stopped
    assert not engine.is_compiled
    assert engine.describe().endswith(" Nothing of the file can be checked until that is mended.")
    assert nn.is_compiled


@pytest.mark.parametrize(
    "line", ["raise SyntaxError('no')", "eval('1 +')", "class TabError(Exception): pass\nraise TabError"]
)
def test_a_syntax_error_that_code_raises_leaves_what_stands_above_it(hand_in, line):
    transport = hand_in({"engine.py": VALUE + line})
    assert transport.load("engine", "Value")(2.0).data == 2.0
    assert transport.stopped[0].is_compiled
    assert transport.stopped[0].describe().endswith(" What stands above that line was checked.")


@pytest.mark.parametrize("ending", ["raise SystemExit", "raise MemoryError", "import sys; sys.exit(0)"])
def test_an_exit_settles_the_whole_file(hand_in, ending):
    transport = hand_in({"engine.py": VALUE + ending})
    with pytest.raises(SubmissionError) as raised:
        transport.load("engine", "Value")
    assert raised.value.verdict in (Verdict.CRASHED, Verdict.OUT_OF_MEMORY)
    assert transport.stopped == []


def test_input_stops_and_never_waits(hand_in):
    transport = hand_in({"engine.py": VALUE + "n = input('n?')"})
    transport.load("engine", "Value")
    assert transport.stopped[0].message.startswith("EOFError: input() gets no answer")


def test_a_hostile_message_of_a_stop_is_short_and_printable(hand_in):
    transport = hand_in({"engine.py": VALUE + r"raise ValueError('\x1b[2J' + 'x' * 10**6)"})
    transport.load("engine", "Value")
    assert transport.stopped[0].message.isprintable()
    assert len(transport.stopped[0].message) == MAX_FRAME_TEXT_LENGTH


def test_a_message_of_a_stop_that_ends_the_worker_does_not_replace_the_error_of_the_load(sandbox, tmp_path):
    source = """
import os
texts = ["odd"]
class Odd(Exception):
    def __str__(self): return texts.pop() if texts else os._exit(0)
raise Odd
"""
    (tmp_path / "engine.py").write_text(source + VALUE)
    transport = PipeTransport(partial(sandbox.start, tmp_path, 30), tmp_path)
    transport.start_item(10)
    with pytest.raises(SubmissionError, match="Odd: odd"):
        transport.load("engine", "Value")
    transport.close()


# --- the student's own files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "from .engine import Value",
        "from . import engine; Value = engine.Value",
        "from micrograd.engine import Value",
        "import micrograd.engine as e; Value = e.Value",
        "import micrograd.engine; Value = micrograd.engine.Value",
        "from micrograd import engine; Value = engine.Value",
        "from src.homework.engine import Value",
        "import src.homework.engine; Value = src.homework.engine.Value",
        "from ..engine import Value",
    ],
)
def test_one_file_is_one_module_by_whatever_name_it_is_imported(hand_in, line):
    nn = f"import engine as plain\n{line}\nassert Value is plain.Value\nMLP = Value"
    transport = hand_in({"engine.py": VALUE, "nn.py": nn})
    assert transport.load("nn", "MLP") is transport.load("engine", "Value")
    assert transport.stopped == []


def test_torch_s_nn_is_not_the_student_s(hand_in):
    transport = hand_in({"nn.py": "from torch import nn\nimport torch.nn as other\nMLP = 1\nnn.Linear(1)"})
    transport.load("nn", "MLP")
    assert "torch is not offered" in transport.stopped[0].message


def test_helpers_in_folders_and_data_beside_the_code_are_found(hand_in):
    engine = "from helpers.util import two\nfrom helpers import shapes\nimport helpers.util\nn = two() + shapes.one\n"
    files = {
        "helpers/util.py": "from . import shapes\nfrom ..numbers_of import one\ndef two(): return one + shapes.one",
        "helpers/shapes.py": "one = float(open('data.txt').read())",
        "numbers_of.py": "one = 1.0",
        "data.txt": "1",
    }
    transport = hand_in({"engine.py": engine + VALUE.replace("= data", "= n"), **files})
    assert transport.load("engine", "Value")(0).data == 3.0
    assert transport.stopped == []


def test_an_exception_in_a_folder_s_helper_shows_its_line(failure_of, tmp_path):
    (tmp_path / "submission/helpers").mkdir(parents=True)
    (tmp_path / "submission/helpers/util.py").write_text("def f():\n    1 / 0")
    assert "helpers/util.py:2, in f\n    1 / 0" in failure_of("from helpers.util import f\nf()" + VALUE).traceback


def test_dataclasses_pickles_and_sources_of_a_student_s_classes_work(number_of):
    source = """
from __future__ import annotations
import dataclasses, inspect, pickle, typing
@dataclasses.dataclass
class Pair:
    a: typing.ClassVar[int] = 1
    b: float = 2.0
assert [f.name for f in dataclasses.fields(Pair)] == ["b"]
assert pickle.loads(pickle.dumps(Pair(3.0))).b == 3.0
assert "b: float" in inspect.getsource(Pair)
assert __name__ == "engine" and __file__.endswith("engine.py") and __spec__.name == "engine"
"""
    assert number_of(source) == 2.0


def test_a_program_imports_the_files_anew_and_leaves_the_first_ones_in_place(hand_in):
    transport = hand_in({"engine.py": "n = [0.0]\n" + VALUE + "    def count(self): n[0] += 1; return n[0]"})
    value = transport.load("engine", "Value")
    value(0).count()
    assert transport.run_program(["from engine import Value", "print(Value(0).count())"]) == [1.0]
    assert transport.load("engine", "Value") is value


def test_builtins_that_a_student_changes_are_those_of_the_student_s_code_only(hand_in):
    source = "__builtins__['len'] = None\n__builtins__['__import__'] = None\n"
    transport = hand_in({"engine.py": source + VALUE})
    assert transport.load("engine", "Value")(2.0).data == 2.0
    assert len([1]) == 1


def test_an_empty_name_or_path_finds_nothing(tmp_path):
    (tmp_path / "engine.py").write_text("")
    modules = StudentModules(str(tmp_path))
    assert [modules.has(name) for name in ("", ".", "engine.", "../engine", "engine")] == [False] * 4 + [True]
