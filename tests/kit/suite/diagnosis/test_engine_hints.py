"""Hints about Value: a right engine gets none, and each kind of mistake gets the one that is true of it."""

import pytest
from gradkit.suite.diagnosis.engine import METHODS, engine_error_hint, engine_hint
from gradkit.suite.evidence import FailingGraph, NodeNumbers

BACKWARD = ("Value.backward", "Value.__add__")
ADD_CLOSURE = """
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward"""
ORDER = """            node = stack[-1]
            waiting = [parent for parent in node._prev if parent not in visited]
            if waiting:
                stack.extend(waiting)
                continue

            stack.pop()
            if node not in visited:  # a node with two uses can be on the stack twice
                visited.add(node)
                order.append(node)

        self.grad = 1.0
        for node in reversed(order):"""
PREORDER = """            node = stack.pop()
            if node not in visited:
                visited.add(node)
                order.append(node)
                stack.extend(node._prev)

        self.grad = 1.0
        for node in order:"""


def added(old, new):
    """Return an edit of the closure of +."""
    assert old in ADD_CLOSURE
    return (ADD_CLOSURE, ADD_CLOSURE.replace(old, new))


@pytest.mark.parametrize(
    "variant", ["", "local_derivatives", "function_objects", "resets_interior", "tape", "classic_recursive"]
)
def test_a_right_engine_of_any_design_gets_no_hint(open_student, variant):
    student = open_student(variant=variant)
    for method in METHODS:
        assert engine_hint(student, (f"Value.{method}",), None, gradients=True) == ""
    assert engine_hint(student, ("Value.__init__",), None, gradients=False) == ""


NOTHING_ARRIVES = {
    "never kept": (added("\n\n        out._backward = _backward", ""), "closure is not kept in it (out._backward"),
    "kept elsewhere": (added("out._backward =", "out._backwards ="), "has an attribute _backwards"),
    "misspelt": (
        added("self.grad += out.grad\n            other.grad += out.grad", "self.gard = other.gard = out.grad"),
        "has an attribute gard",
    ),
    "only self": (added("            other.grad += out.grad\n", ""), "a gets its share and b gets nothing"),
    "only other, in data": (added("self.grad += out.grad", "self.data += out.grad"), "changes the data"),
    "nothing at 1": (added("self.grad += out.grad\n            other.grad += out.grad", "self.grad += 1 - out.grad"),
                     "something where that is 3"),
    "all set back": (
        ("            node._backward()", "            node._backward()\n            node.grad = 0.0"),
        "every gradient is 0, also where it was not 0",
    ),
    "all set to 1": (("            node._backward()", "            node.grad = 1.0\n            node._backward()"),
                     "the loop sets it for each node"),
    "the result's for each": (("node._backward()", "self._backward()"), "3 times what is due"),
    "subtracted": (added("self.grad += out.grad\n            other.grad += out.grad",
                         "self.grad -= out.grad; other.grad -= out.grad"), "-1, so the sign is wrong"),
    "only other, twice": (added("self.grad", "other.grad"), "b gets both shares and a gets nothing"),
    "returned": (
        added("self.grad += out.grad\n            other.grad += out.grad", "return out.grad, out.grad"),
        "returns the gradients, and nobody takes them",
    ),
    "read too early": (
        (
            "        def _backward():" + added("", "")[0].replace("\n\n        out._backward = _backward", ""),
            "        early = out.grad\n\n        def _backward():\n            self.grad += early\n"
            "            other.grad += early",
        ),
        "if out.grad was read outside",
    ),
    "added to a local variable": (
        added("self.grad += out.grad\n            other.grad += out.grad", "grad = self.grad + out.grad"),
        "Either it does not add (+=) to the attribute grad",
    ),
    "the operands' own": (
        added("self.grad += out.grad\n            other.grad += out.grad", "self.grad += self.grad + other.grad"),
        "computed from an operand's own grad",
    ),
    "one operand's own": (added("other.grad += out.grad", "other.grad += other.grad"), "an operand's own grad"),
    "given back": (added("_backward = _backward", "_backward = lambda: _backward"), "gives the closure back"),
    "kept in both operands": (
        added("out._backward =", "self._backward = other._backward ="),
        "is kept in its operand (self._backward)",
    ),
    "kept in the other operand": (added("out._backward =", "other._backward ="), "is kept in its operand"),
    "hidden by an attribute": (("self._op = _op\n", "self._op = _op\n        self.backward = lambda: None\n"),
                                       "has an attribute of that name, which hides"),
    "added to data": (added("self.grad += out.grad", "self.data += out.grad; return"), "changes the data"),
    "kept as grad": (added("out._backward =", "out.grad ="), "grad of `a + b` holds a function"),
    "kept as backward": (added("out._backward =", "out.backward ="), "hides the method"),
    "kept in the operand": (added("out._backward =", "self._backward ="), "is kept in its operand (self._backward)"),
    "not called": (("node._backward()", "node._backward"), "with its parentheses"),
    "result missing": (("reversed(order)", "reversed(order[:-1])"), "the result belongs into the order"),
    "seeded too late": (
        (
            "        self.grad = 1.0\n        for node in reversed(order):\n            node._backward()",
            "        for node in reversed(order):\n            node._backward()\n        self.grad = 1.0",
        ),
        "sets self.grad to 1 first",
    ),
    "backward() of parents": (
        (
            "for node in reversed(order):\n            node._backward()",
            "self._backward()\n        [p.backward() for p in self._prev]",
        ),
        "ends with the gradient 1",
    ),
    "result not seeded": (("self.grad = 1.0\n", "pass\n"), "set to 1 by hand"),
    "seeded with data": (("self.grad = 1.0\n", "self.grad = self.data\n"), "should be 1, whatever its number is"),
    "no parents": (
        ("Value(self.data + other.data, (self, other)", "Value(self.data + other.data, ()"),
        "_prev is empty",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "part"), NOTHING_ARRIVES.values(), ids=NOTHING_ARRIVES)
def test_where_nothing_arrives_the_cause_is_told_apart(open_student, edit, part):
    assert part in engine_hint(open_student("engine", edit), BACKWARD, None, gradients=True)


def test_a_first_backward_without_closures_is_told_the_next_step(open_student):
    student = open_student(
        "engine",
        ("        self._backward = lambda: None  # an operation puts its own closure here\n", ""),
        added("\n\n        out._backward = _backward", ""),
        ("            node._backward()", "            pass"),
    )
    assert "nothing passes it on yet" in engine_hint(student, BACKWARD, None, gradients=True)


SINGLE_PARENTS = {
    "no parents": (("return self * -1", "return Value(-self.data)"), "_prev of -x is empty"),
    "no comma": (("return self * -1", "return Value(-self.data, (self))"), "needs a comma"),
    "a copy": (("return self * -1", "return Value(-self.data, (Value(self.data),))"), "does not hold x itself"),
}


@pytest.mark.parametrize(("edit", "part"), SINGLE_PARENTS.values(), ids=SINGLE_PARENTS)
def test_the_parent_of_a_single_operand_is_asked_for(open_student, edit, part):
    about = ("Value.__neg__", "Value.__pow__")
    student = open_student("engine", edit, ("self._prev = tuple(_children)", "self._prev = _children"))
    assert part in engine_hint(student, about, None, gradients=False)
    assert engine_hint(open_student(), about, None, gradients=False) == ""


ORDERS = {
    "forward": (("reversed(order)", "order"), "when it has nothing to pass on yet"),
    "last only": (("reversed(order)", "order[-1:]"), "backward() has to go on"),
    "run twice": (
        ("            node._backward()", "            node._backward()\n            node is self or node._backward()"),
        "runs twice",
    ),
    "leaves cleared": (
        ("self.grad = 1.0\n", "[setattr(node, 'grad', 0.0) for node in order]\n        self.grad = 1.0\n"),
        "must not set the gradients of leaves back to 0",
    ),
    "equal numbers": (
        ("    def __add__", "    def __eq__(self, o):\n        return self.data == o.data\n\n    "
         "def __hash__(self):\n        return hash(self.data)\n\n    def __add__"),
        "wrong once some are equal",
    ),
}  # fmt: skip

LOSES_NODES = """        order, visited, stack = [], set(), [(self, False)]
        while stack:
            node, is_done = stack.pop()
            if is_done:
                order.append(node)
                continue
            if node in visited:
                break
            visited.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in node._prev)
        self.grad = 1.0
"""


def test_a_backward_that_loses_nodes_where_one_is_met_again_is_named(open_student):
    student = open_student("engine", ("        self.grad = 1.0\n", LOSES_NODES))
    assert "meets a node a second time (here a), it loses others" in engine_hint(student, BACKWARD, None, True)


TOO_FEW_STEPS = """        order, stack = [], [self]
        while stack:
            node = stack.pop()
            if node not in order:
                order.insert(0, node)
                stack.extend(self._prev)
        self.grad = 1.0
"""


WITHOUT_CLOSURES = {
    "the parent's own": ("derivative * current.grad", "derivative * parent.grad", "from the grads that its operands"),
    "set back": ("                uses[parent] -= 1", "                uses[parent] -= 1; parent.grad = 0.0",
                 "What has arrived there is to stay"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "part"), WITHOUT_CLOSURES.values(), ids=WITHOUT_CLOSURES)
def test_what_a_backward_without_closures_does_is_told_apart(open_student, old, new, part):
    student = open_student("engine", (old, new), variant="local_derivatives")
    assert part in engine_hint(student, BACKWARD, None, True)


def test_a_backward_that_goes_to_the_parents_of_the_result_only_is_named(open_student):
    student = open_student("engine", ("        self.grad = 1.0\n", TOO_FEW_STEPS))
    assert "goes too few steps" in engine_hint(student, BACKWARD, None, True)


def test_closures_that_all_see_the_last_pair_are_told_from_one_wrong_line(open_student):
    edges = "edges = tuple(pair for pair in pairs if isinstance(pair[0], Value))"
    last = "edges = tuple((parent, pairs[-1][1]) for parent, _ in pairs if isinstance(parent, Value))"
    about = ("Value.__mul__",)
    loop = open_student("engine", (edges, last), variant="local_derivatives")
    assert "functions that are made in a loop" in engine_hint(loop, about, None, True)
    line = open_student("engine", ("self.grad += other.data * out.grad", "self.grad += self.data * out.grad"))
    assert "loop" not in engine_hint(line, about, None, True)


def test_a_hint_uses_the_letters_of_the_program_that_is_shown(open_student):
    student = open_student("engine", ("if exponent is other and", "if False and"))
    numbers = NodeNumbers((0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    graph = FailingGraph((2.0, 3.0), (("pow", 1, 0),), 2, (), numbers, numbers, (0,))
    assert "In `b ** a`, b gets its share and a gets nothing" in engine_hint(student, ("Value.__pow__",), graph, True)


@pytest.mark.parametrize(("edit", "part"), ORDERS.values(), ids=ORDERS)
def test_mistakes_of_order_are_told_apart(open_student, edit, part):
    assert part in engine_hint(open_student("engine", edit), BACKWARD, None, gradients=True)


@pytest.mark.parametrize("kind", ["tuple", "set"])
def test_preorder_is_a_matter_of_order_also_where_parents_are_a_set(open_student, kind):
    edits = (("self._prev = tuple(_children)", f"self._prev = {kind}(_children)"), (ORDER, PREORDER))
    hint = engine_hint(open_student("engine", *edits), ("Value.backward", "Value.__mul__"), None, gradients=True)
    assert "its closure ran before both uses" in hint


OVERWRITES = {
    "exp": "self.grad += out.data * out.grad",
    "log": "self.grad += out.grad / self.data",
    "tanh": "self.grad += (1 - out.data**2) * out.grad",
    "sigmoid": "self.grad += out.data * (1 - out.data) * out.grad",
    "relu": "self.grad += (self.data > 0) * out.grad",
}


@pytest.mark.parametrize(("method", "line"), OVERWRITES.items(), ids=OVERWRITES)
def test_an_operation_that_overwrites_is_told_to_collect(open_student, method, line):
    student = open_student("engine", (line, line.replace("+=", "=")))
    assert "overwrites (=)" in engine_hint(student, (f"Value.{method}",), None, gradients=True)


DERIVATIVES = {
    "times the left one's grad": ("__mul__", "other.grad += self.data * out.grad",
                                  "other.grad += self.data * self.grad", "changes with the grads that its operands"),
    "closure in the factor": ("__mul__", "other.grad += self.data * out.grad\n\n        out._backward",
                              "other.grad += self.data * out.grad\n\n        other._backward", "is kept in its"),
    "below zero": ("sigmoid", "out.data * (1 - out.data) * out.grad",
                   "out.data * (1 - out.data) * out.grad * (1 if self.data > 0 else -1)", "wrong where x is negative"),
    "no known slip": ("tanh", "1 - out.data**2", "1 - out.data**3 + 0.1", "look at the local derivative there"),
    "always 0": ("sigmoid", "out.data * (1 - out.data)", "(out.data * 1 - out.data)", "if the local derivative is 0"),
    "one parent twice": ("__mul__", "Value(self.data * other.data, (self, other)",
                         "Value(self.data * other.data, (self, self)", "no way leads back to b"),
    "relu by upstream": ("relu", "(self.data > 0) * out", "(out.grad > 0) * out", "asks about out.grad"),
    "tanh of upstream": ("tanh", "1 - out.data**2", "1 - out.grad**2", "computed from out.grad, where a number"),
    "both sums first": ("__mul__", "self.grad += other.data * out.grad\n            other.grad += self.data * out.grad",
                        "first, last = self.grad + other.data * out.grad, other.grad + self.data * out.grad\n"
                        "            self.grad, other.grad = first, last", "keeps one entry for both, or both sums"),
    "the left one's grad": ("__add__", "            other.grad += out.grad", "            other.grad += self.grad",
                            "changes with the grads that its operands"),
    "tanh of the operand": ("tanh", "1 - out.data**2", "1 - self.data**2", "from the operand's number"),
    "tanh, parentheses": ("tanh", "(1 - out.data**2) * out.grad", "1 - out.data**2 * out.grad", "parentheses"),
    "sigmoid, no upstream": ("sigmoid", "(1 - out.data) * out.grad", "(1 - out.data)", "multiplies that gradient"),
    "relu by data": ("relu", "(self.data > 0) * out", "(self.data > 0) * self.data * out", "x above zero, where 1"),
    "relu at zero": ("relu", "(self.data > 0) * out", "(self.data >= 0) * out", "At exactly 0"),
    "power": ("__pow__", "(exponent.data - 1)", "exponent.data", "does not go down by 1"),
    "exponent": ("__pow__", "if exponent is other and", "if False and", "b gets nothing"),
    "divisor": ("__truediv__", "self * other**-1", "self * Value(other.data**-1 if isinstance(other, Value) else "
                "1 / other)", "no way leads back to b"),
    "minus": ("__sub__", "self + (-other)", "self + Value(-getattr(other, 'data', other))", "no way leads back to b"),
    "same operand": ("__add__", "other.grad += out.grad", "other.grad += out.grad * (other is not self)",
                     "both operands are one node"),
}  # fmt: skip


@pytest.mark.parametrize(("method", "old", "new", "part"), DERIVATIVES.values(), ids=DERIVATIVES)
def test_what_an_operation_passes_on_is_named(open_student, method, old, new, part):
    student = open_student("engine", (old, new))
    assert part in engine_hint(student, (f"Value.{method}",), None, gradients=True)


VALUES = {
    "2 - x": ("__rsub__", "other + (-self)", "self - other", "gives x - k"),
    "log10": ("log", "math.log(self.data)", "math.log10(self.data)", "to the base 10"),
    "log(x + 1e-6)": ("log", "math.log(self.data), (self", "math.log(self.data + 1e-6), (self",
                      "small number is added"),
    "relu": ("relu", "max(0.0, self.data)", "self.data", "gives x itself"),
    "rounded": ("__init__", "self.data = data", "self.data = round(data, 2)", "keeps the number as it is"),
    "in place": ("relu", "max(0.0, self.data)", "self.__dict__.update(data=max(0.0, self.data)) or self.data",
                 "changes the data of its own operand"),
}  # fmt: skip


@pytest.mark.parametrize(("method", "old", "new", "part"), VALUES.values(), ids=VALUES)
def test_what_an_operation_computes_is_named(open_student, method, old, new, part):
    student = open_student("engine", (old, new))
    hint = engine_hint(student, (f"Value.{method}",), None, gradients=False)
    assert part in hint
    assert "backward" not in hint  # a1 has not met it


REFUSALS = (
    "assert not isinstance(other, Value), 'only numbers'",
    "assert isinstance(other, (int, float))",
    "if isinstance(other, Value): raise TypeError('not yet')",
    "return Value(self.data**other, (self,), '**')",
)


@pytest.mark.parametrize("line", REFUSALS)
def test_a_refused_value_as_exponent_is_named_whatever_the_words(open_student, line):
    old = "        exponent = other if isinstance(other, Value) else Value(other)\n        out = Value(self.data**"
    student = open_student("engine", (old, f"        {line}\n{old}"))
    hint = engine_error_hint(student, ("Value.__pow__",), "TypeError: whatever", gradients=True)
    assert "where the exponent is a Value: __pow__ takes both" in hint


def test_a_leaf_without_a_closure_is_told_from_a_result_without_one(open_student):
    message, about = "TypeError: 'NoneType' object is not callable", ("Value.exp",)
    leaf = open_student("engine", ("lambda: None", "None"))
    assert "_backward of a leaf is None" in engine_error_hint(leaf, about, message, gradients=True)
    closure = "self.grad += out.data * out.grad\n\n        out._backward = _backward"
    result = open_student("engine", (closure, f"{closure}()"))
    assert "result of `x.exp()` is None" in engine_error_hint(result, about, message, gradients=True)


def test_a_wrong_plus_is_named_where_an_item_is_about_exp(open_student):
    student = open_student("engine", added("self.grad += out.grad", "self.grad = out.grad"))
    assert "`a + b`" in engine_hint(student, ("Value.exp",), None, gradients=True)


def test_parents_kept_as_one_piece_are_named(open_student):
    student = open_student("engine", ("self._prev = tuple(_children)", "self._prev = {_children} if _children else ()"))
    assert "as one piece" in engine_hint(student, ("Value.__init__",), None, gradients=False)


def test_what_all_values_share_is_told_from_a_wrong_derivative(open_student):
    edits = (
        ("    def __init__(self, data", "    closures = []\n\n    def __init__(self, data"),
        (ADD_CLOSURE, ADD_CLOSURE.replace("out._backward = _backward", "self.closures.append(_backward)")),
        (
            "            node._backward()",
            "            node._backward()\n            [each() for each in self.closures]",
        ),
    )
    hint = engine_hint(open_student("engine", *edits), BACKWARD, None, gradients=True)
    assert "is shared by all of them" in hint


def test_what_is_passed_on_once_more_each_time_is_not_taken_for_an_operands_own_gradient(open_student):
    edits = (
        ("    def __init__(self, data", "    closures = []\n\n    def __init__(self, data"),
        ("self.grad += out.data * out.grad\n", "self.closures.append(1); self.grad += out.data * out.grad * "
         "len(self.closures)\n"),
    )  # fmt: skip
    hint = engine_hint(open_student("engine", *edits), ("Value.exp",), None, gradients=True)
    assert "grads that its operands have" not in hint


OVERFLOWS = {
    "slope": ("self.grad += out.data * out.grad", "self.grad += math.exp(out.data) * out.grad", "exp(exp(x))"),
    "number": ("Value(math.exp(self.data)", "Value(math.exp(math.exp(self.data))", "gives exp(exp(x))"),
}


@pytest.mark.parametrize(("old", "new", "part"), OVERFLOWS.values(), ids=OVERFLOWS)
def test_a_formula_that_overflows_is_named_where_it_is_wrong_at_small_numbers_too(open_student, old, new, part):
    student = open_student("engine", (old, new))
    assert part in engine_error_hint(student, ("Value.exp",), "OverflowError: math range error", gradients=True)


@pytest.mark.parametrize("line", ["1 / (1 + math.exp(-self.data))", "math.exp(self.data) / (1 + math.exp(self.data))"])
def test_a_form_that_only_overflows_is_not_called_wrong(open_student, line):
    student = open_student("engine", ("(1 if self.data >= 0 else z) / (1 + z)", line))
    assert engine_error_hint(student, ("Value.sigmoid",), "OverflowError: math range error", gradients=True) == ""


def test_whole_numbers_of_an_operation_are_named(open_student):
    student = open_student("engine", ("Value(self.data * other.data", "Value(int(self.data * other.data)"))
    assert "whole numbers only" in engine_hint(student, ("Value.__mul__",), None, gradients=False)


def test_a_backward_without_end_is_told_from_one_that_is_too_deep(open_student):
    message, about = "RecursionError: maximum recursion depth exceeded", ("Value.backward",)
    endless = open_student("engine", ("node._backward()", "node.backward()"))
    assert "not even on `a + b`" in engine_error_hint(endless, about, message, gradients=True)
    recursive = open_student(variant="classic_recursive")
    assert engine_error_hint(recursive, about, message, gradients=True) == ""
