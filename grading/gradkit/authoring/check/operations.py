"""Check the tables of operations: each row can be traced, answered by PyTorch and differentiated, the reference has
it, and an item uses it.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from gradkit.catalogue.assignments import corpora_folder
from gradkit.graphs.scalar.trace import Tracer
from gradkit.inside.operations import OPERATIONS, Operation
from gradkit.inside.tensor_replay import TENSOR_OPERATIONS
from gradkit.oracle import complex_step
from gradkit.proof.specimens import reference_folder

from .course import Course
from .finding import Finding

TABLE = "grading/gradkit/inside/operations.py"
TENSOR_TABLE = "grading/gradkit/inside/tensor_replay.py"

_POINT = {"a": 0.5, "b": 2.0}
"""Arguments at which every operation is defined."""

_CALL = re.compile(r"(\{[abk]\}\.|torch\.|(?<![\w.}]))(\w+)\(")
"""A call in the text of an operation for PyTorch: {a}.exp(), torch.hypot({a}, {b}) or softplus({a})."""

_STEP = re.compile(rb'\["(\w+)",')
"""A step in a file of a corpus: ["mul",0,1]."""


def check_operations(course: Course) -> Iterator[Finding]:
    """Yield a finding for each thing that an operation of the scalar table lacks."""
    value_class = _reference_class("engine", "Value")
    recorded = _recorded_operations(of_tensors=False)
    for name, row in OPERATIONS.items():
        if fault := _fault(row.function, row, lambda number: Tracer([])):
            yield Finding(
                TABLE,
                f"{name} cannot be traced: {fault}.",
                "Write `text` as Tracer can do it.",
            )

        if fault := _fault(complex_step.FUNCTIONS[name], row, complex):
            yield Finding(TABLE, f"{name} has no form on complex numbers: {fault}.", "Write `complex` in its row.")

        if fault := _fault(row.function, row, value_class):
            yield Finding(
                TABLE, f"The reference cannot do {name}: {fault}.", "Write it in reference/solution/engine.py."
            )

        for owner, function in _CALL.findall(row.torch):
            if not _torch_has(owner, function):
                yield Finding(TABLE, f"{name}: {_missing_in_torch(owner, function)}", "Write `torch` in its row.")

        if name not in recorded:
            yield _unused(TABLE, name, f'random_graphs("{name}")')


def check_tensor_operations(course: Course) -> Iterator[Finding]:
    """Yield a finding for each operation of the table of tensor operations that no item uses."""
    recorded = _recorded_operations(of_tensors=True)
    for name in TENSOR_OPERATIONS:
        if name not in recorded:
            yield _unused(TENSOR_TABLE, name, "tensor_graphs(...) with a form that draws it")


def _unused(table: str, name: str, spec: str) -> Finding:
    return Finding(table, f"No recorded corpus uses {name}.", f"gradkit new item ..., with corpus={spec}")


def _fault(function: Callable[..., object], row: Operation, leaf: Callable[[float], object]) -> str:
    """Return why an operation fails on the objects that `leaf` makes of numbers; an empty text if it works."""
    operands = [leaf(_POINT[letter]) for letter in ("a", "b")[: row.arity]]
    try:
        function(*operands, *row.constants[:1])
    except (AttributeError, NameError, TypeError, NotImplementedError) as error:
        return str(error) or type(error).__name__
    return ""


def _reference_class(module: str, name: str) -> Callable[[float], object]:
    """Return a class of the reference, loaded under a name that no test uses."""
    path = reference_folder() / "solution" / f"{module}.py"
    spec = importlib.util.spec_from_file_location(f"gradkit_reference_{module}", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    value_class: Callable[[float], object] = getattr(loaded, name)
    return value_class


def _recorded_operations(of_tensors: bool) -> set[str]:
    """Return the names of all operations in the recorded corpora of tensors, or in the other ones."""
    names: set[str] = set()
    for path in corpora_folder().glob("*.json"):
        if path.name.startswith("tensor_") == of_tensors:
            names.update(name.decode() for name in _STEP.findall(path.read_bytes()))
    return names


def _torch_has(owner: str, function: str) -> bool:
    """Return whether PyTorch has a function, by its stub files, so that PyTorch need not be imported.

    Args:
        owner: What stands before the function's name: an operand for a method, "torch.", or an empty text.
        function: The function's name.
    """
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return True  # not installed, so not known: `gradkit corpora` will say so

    file_name = {"": "nn/functional.pyi", "torch.": "_C/_VariableFunctions.pyi"}.get(owner, "_C/__init__.pyi")
    stubs = Path(spec.origin).parent / file_name
    if not stubs.is_file():
        return True
    is_defined = rf"def {function}\(|^ +{function} as {function}\b"
    return re.search(is_defined, stubs.read_text(encoding="utf-8"), re.MULTILINE) is not None


def _missing_in_torch(owner: str, function: str) -> str:
    """Return the sentence that says where PyTorch does not have a function."""
    if owner == "":
        return f"torch.nn.functional has no {function}()."
    if owner == "torch.":
        return f"torch has no {function}()."
    return f"PyTorch's tensors have no {function}()."
