"""A first wrong node is right if it is the first one that the edited function made and whose number differs."""

import pytest
from gradkit.proof.edited_functions import edited_definitions
from gradkit.proof.errors import ProofError
from gradkit.proof.first_wrong_nodes import (
    ProgramWithOrigin,
    find_first_wrong_nodes,
    is_right,
    write_one_operation_a_line,
)
from gradkit.proof.specimens import Edit, Misconception, reference_folder, write_misconception

LEAVES = "a = Value(0.5); b = Value(2.0)"
TANH_OVERWRITES = ("self.grad += (1 - out.data**2) * out.grad", "self.grad = (1 - out.data**2) * out.grad")
PRODUCT_IS_A_SUM = ("Value(self.data * other.data", "Value(self.data + other.data")
PRODUCT_CHANGES_ITS_FACTOR = ('(self, other), "*")', '(self, other), "*"); self.data += 1')
HALF_OF_A_NEW_GRADIENT = ("        self.grad = 0.0", "        self.grad = 0.5")
SUMS_TO_ZERO = ("gradient = gradient.sum(axis=axes_in_front)", "gradient = 0 * gradient.sum(axis=axes_in_front)")


@pytest.fixture
def find(tmp_path):
    """Return a function that returns the first wrong node of a program, with an edit of the solution."""

    def find(edit, *code, module="engine"):
        misconception = Misconception("Something", "operation", "", "", [], [Edit(*edit)], module)
        write_misconception(misconception, tmp_path / "files")
        edited = edited_definitions(misconception)
        (node,) = find_first_wrong_nodes([ProgramWithOrigin(tmp_path / "files", edited, code)])
        return node

    return find


@pytest.mark.parametrize(
    ("edit", "lines", "node"),
    [
        (TANH_OVERWRITES, ("y = a + a.tanh()", "y.backward()"), "a"),
        (TANH_OVERWRITES, ("u = b * a", "y = u + u.tanh()", "y.backward()", "print(a.grad)"), "u"),
        (TANH_OVERWRITES, ("y = a.exp()", "y.backward()"), ""),
        (PRODUCT_IS_A_SUM, ("u = a * b", "y = u.tanh()"), "u"),
        (PRODUCT_IS_A_SUM, ("y = (a * b).tanh()",), "node1"),
        (PRODUCT_CHANGES_ITS_FACTOR, ("u = b.exp()", "y = u * b"), "u"),
        (HALF_OF_A_NEW_GRADIENT, ("u = a.exp()", "y = u + b", "y.backward()"), "u"),
    ],
)
def test_the_first_wrong_node_is_the_first_that_the_edited_function_made(find, edit, lines, node):
    assert find(edit, "from engine import Value", LEAVES, *lines) == node


def test_a_gradient_is_made_by_a_function_that_only_closures_call(find):
    lines = ("from tensor import Tensor", "a = Tensor([1.0])", "u = a.exp()", "y = u + 1.0", "y.backward([1.0])")
    assert find(SUMS_TO_ZERO, *lines, module="tensor") == "u"


def test_every_node_of_a_program_has_a_name():
    code = ("from engine import Value", LEAVES, "y = ((a + b) * -a).exp() + sum([a, 2 * b])", "y.backward()")
    assert write_one_operation_a_line(code) == [
        "from engine import Value",
        "a = Value(0.5)",
        "b = Value(2.0)",
        "node1 = a + b",
        "node2 = -a",
        "node3 = node1 * node2",
        "node4 = node3.exp()",
        "node5 = 2 * b",
        "node6 = sum([a, node5])",
        "y = node4 + node6",
        "y.backward()",
    ]


def test_a_node_is_right_by_its_name():
    assert is_right("y = a + b", "y")
    assert is_right("a", "a")
    assert not is_right("y = a + b", "a")
    assert not is_right("a", "")


def test_a_program_that_does_not_run_on_the_solution_is_an_error_and_not_a_result():
    code = ("from engine import Value", "a = Value(1.0)", "y = a.missing()", "print(y.data)")
    program = ProgramWithOrigin(reference_folder() / "solution", frozenset({"engine.Value.__add__"}), code)
    with pytest.raises(ProofError, match="does not run on the solution"):
        find_first_wrong_nodes([program])
