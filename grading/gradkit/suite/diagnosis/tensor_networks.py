"""What a student's network of Tensors, or its loss, computes instead of the right numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import exp, log, tanh

from gradkit.graphs.tensor.graph import Shape
from gradkit.submissions.transport.subject import Subject, arrays, write

from .loss_slips import CLASSES, loss_slips
from .slips import agree, find_simplest_slip, find_slip
from .student import Student, UnexpectedAnswerError, ask, attempt

SIZES = (2, 3, 1)
SHAPES: list[Shape] = [(2, 3), (3,), (3, 1), (1,)]
"""The shapes of the parameters of MLP(2, [3, 1])."""

FIRST = ((0.5, -0.8, 1.1), (0.2, 0.9, -0.6))
FIRST_BIAS = (0.3, -0.4, 0.7)
LAST = ((0.8,), (-1.2,), (0.6,))
LAST_BIAS = (0.25,)
ROWS = ((0.7, -1.3), (0.4, 1.6))

Numbers = Sequence[float]

ROWS_DO_NOT_FIT = (
    "Two shapes in cross_entropy do not fit. Either the largest number or the sum of each row has lost its axis "
    "(keepdims=True keeps it, with size 1), or more than one number is taken from each row."
)

NO_SQUASH = "no layer squashes"
FIRST_IS_LINEAR = "linear_last=True leaves the tanh out of the first layer, not of the last"


def tensor_network_hint(student: Student, about: Sequence[str], item: str) -> str:
    """Return what is wrong with a network of Tensors; empty if the questions do not show it."""
    if "cross_entropy" in about:
        return _loss_hint(student)
    hint = _parameters_hint(student)
    hint = hint or (_begin_hint(student) if "test_parameters_begin" in item else "")
    if hint or "test_parameters" in item:
        return hint
    if "MLP.zero_grad" in about:
        return _zero_grad_hint(student)
    return _output_hint(student, linear=False) or (_output_hint(student, linear=True) if "linear" in item else "")


def network_error_hint(about: Sequence[str], message: str) -> str:
    """Return what an exception says of a network of Tensors or its loss; empty if nothing.

    Args:
        about: The functions that the item is about.
        message: The exception's message.
    """
    is_about_loss = bool(about) and about[0] == "cross_entropy"
    if is_about_loss and "is a plain" in message:
        return (
            "What cross_entropy returns is a plain number or array, which remembers nothing: it is a Tensor, made "
            "from the logits themselves, with no .data on the way nor at the end."
        )
    if is_about_loss and "operands could not be broadcast together" in message:
        return ROWS_DO_NOT_FIT
    if "MLP.__call__" in about and "is a plain" in message:
        return (
            "What the network returns is a plain array, which remembers nothing: it is the Tensor of the last "
            "layer, with no .data on the way nor at the end."
        )
    return ""


def _network(student: Student, linear: bool = False) -> Subject:
    make = student.load("TensorMLP")
    return make(SIZES[0], list(SIZES[1:]), linear_last=True) if linear else make(SIZES[0], list(SIZES[1:]))


def _parameters_hint(student: Student) -> str:
    parameters, others = list(_network(student).parameters()), list(_network(student).parameters())
    if {id(each) for each in parameters} & {id(each) for each in others}:  # there can be very many
        return (
            "Two networks hold the same parameters: a list of the class is shared by all of them. Each network makes "
            "its own lists, in __init__."
        )
    if len(parameters) != len(SHAPES):
        kinds = {
            2: "the weights and the bias of each layer are due, one by one, so 4",
            6: "some are there more than once",
        }
        reason = kinds.get(len(parameters), "for each layer its weights and its bias are due")
        return f"MLP(2, [3, 1]).parameters() has {len(parameters)} entries: {reason}."
    if attempt(lambda: arrays(parameters, "data")):
        return (
            "MLP(...).parameters() holds something that is not a Tensor, as an array (.data) or a list: it is one flat "
            "list of the Tensors themselves, whose grad and data can be changed."
        )
    shapes = [array.shape for array in arrays(parameters, "data")]
    if shapes == SHAPES:
        return ""
    slips: dict[str, list[Shape]] = {
        "the weights lie across: rows are inputs, columns are neurons, so (inputs, outputs)": [
            (3, 2),
            (3,),
            (1, 3),
            (1,),
        ],
        "a bias has one axis, (outputs,), and is no row": [(2, 3), (1, 3), (3, 1), (1, 1)],
        "each neuron of a layer has a bias of its own: shape (outputs,)": [(2, 3), (), (3, 1), ()],
        "each neuron of a layer has a bias of its own, as many as outputs": [(2, 3), (1,), (3, 1), (1,)],
        "all weights come first and then all biases, where each layer's bias follows its weights": [
            *((2, 3), (3, 1), (3,), (1,))
        ],
        "each layer has the inputs of the whole network, where it has those that the layer before puts out": [
            *((2, 3), (3,), (2, 1), (1,))
        ],
        "the last layer comes first": [(3, 1), (1,), (2, 3), (3,)],
        "each bias comes before its weights": [(3,), (2, 3), (1,), (3, 1)],
        "each neuron has one weight only, where it has one for each input": [(3,), (3,), (1,), (1,)],
    }
    found = [text for text, slip in slips.items() if slip == shapes]
    reason = found[0] if found else "the due shapes are (2, 3), (3,), (3, 1), (1,)"
    return f"The parameters of MLP(2, [3, 1]) have the shapes {', '.join(map(str, shapes))}: {reason}."


BEGINNINGS = {
    "they are not divided by sqrt(inputs)": 1.0,
    "they are divided by sqrt(outputs), where it is the number of inputs that counts": 1 / 64**0.5,
    "they are divided by the number of inputs, where its root is due": 1 / 16,
    "they are divided by the number of outputs, where the root of the number of inputs is due": 1 / 64,
    "they are divided by the square of the number of inputs, where its root is due": 1 / 16**2,
    "they are multiplied by sqrt(inputs), where they are to be divided": 4.0,
}
"""What is wrong with the weights of 16 inputs and 64 outputs, and the bound of their size that this gives."""


def _begin_hint(student: Student) -> str:
    """Explain weights that begin in a wrong range."""
    parameters = list(student.load("TensorMLP")(16, [64]).parameters())
    if len(parameters) < 2:
        raise UnexpectedAnswerError("a layer has neither weights nor a bias")
    if any(arrays(parameters[1:2], "data")[0].numbers):
        return "A bias begins at zeros, as many as outputs: only the weights are drawn."
    weights = arrays(parameters[:1], "data")[0].numbers
    if not weights:
        raise UnexpectedAnswerError("a layer has an array of weights without numbers")
    largest = max(map(abs, weights))
    found = [text for text, bound in BEGINNINGS.items() if 0.95 * bound < largest <= bound]
    return (
        f"The weights of 16 inputs and 64 outputs begin with up to {largest:.3f} in size: {found[0]}." if found else ""
    )


def _fill(student: Student, model: Subject) -> list[Subject]:
    """Write known numbers into a network; return its parameters."""
    array = student.load("array")
    parameters = list(model.parameters())
    numbers = ([list(row) for row in FIRST], list(FIRST_BIAS), [list(row) for row in LAST], list(LAST_BIAS))
    write(parameters, "data", [array(each) for each in numbers])
    return parameters


def _layer(x: Numbers, weights: Sequence[Numbers], bias: Numbers) -> list[float]:
    return [sum(n * row[column] for n, row in zip(x, weights)) + b for column, b in enumerate(bias)]


def _bias_last() -> list[float]:
    """Return what the network puts out if it adds each bias to the result of tanh."""
    hidden = [[tanh(z) + b for z, b in zip(_layer(x, FIRST, [0.0] * 3), FIRST_BIAS)] for x in ROWS]
    return [tanh(_layer(h, LAST, [0.0])[0]) + LAST_BIAS[0] for h in hidden]


def output_slips(linear: bool) -> dict[str, list[float]]:
    """Return the outputs of the network for ROWS: the right ones under an empty text, and those of known slips."""

    def plain(z: float) -> float:
        return z

    def run(first: Callable[[float], float], last: Callable[[float], float], bias: float = 1.0) -> list[float]:
        hidden = [[first(z) for z in _layer(x, FIRST, [b * bias for b in FIRST_BIAS])] for x in ROWS]
        return [last(_layer(h, LAST, [b * bias for b in LAST_BIAS])[0]) for h in hidden]

    squash = plain if linear else tanh
    right = run(tanh, squash)
    slips = {
        "": right,
        "the biases are left out": run(tanh, squash, 0.0),
        "the biases are subtracted": run(tanh, squash, -1.0),
        NO_SQUASH: run(plain, plain),
        "the bias is added after the tanh, where it is added before": [] if linear else _bias_last(),
        "the first layer is linear": run(plain, squash) if not linear else [],
        "the last layer is linear, which it is with linear_last=True alone": run(tanh, plain) if not linear else [],
        "linear_last=True does not leave the tanh out of the last layer": run(tanh, tanh) if linear else [],
        FIRST_IS_LINEAR: run(plain, tanh) if linear else [],
        "relu takes the place of tanh": run(lambda z: max(0.0, z), squash if linear else lambda z: max(0.0, z)),
        "the output is squashed once more": [] if linear else [tanh(y) for y in right],
    }
    return {text: outputs for text, outputs in slips.items() if outputs}


def _output_hint(student: Student, linear: bool) -> str:
    model = _network(student, linear)
    _fill(student, model)
    rows = student.load("Tensor")([list(row) for row in ROWS])
    if "could not be broadcast" in attempt(lambda: model(rows)):
        return (
            "Two shapes in the network do not fit. A layer is x @ weights + bias: does * stand in the place of @, or "
            "has the bias another shape than (outputs,)?"
        )
    outputs = arrays([model(rows)], "data")[0]
    if outputs.shape == (2, 3):
        return (
            "For two examples of 2 inputs, MLP(2, [3, 1]) puts out an array of shape (2, 3), as its first layer alone "
            "does: do all layers run before the return?"
        )
    if outputs.shape != (2, 1):
        return f"For two examples of 2 inputs the output has shape {outputs.shape}: one row for each, so (2, 1)."
    slips = output_slips(linear)
    right = slips.pop("")
    found = "" if agree(outputs.numbers, right) else find_slip(outputs.numbers, slips)
    if found == NO_SQUASH and not linear and NO_SQUASH not in _output_hint(student, linear=True):
        found = "without linear_last=True no layer squashes, and with it one does: look at the condition for the tanh"
    if found == NO_SQUASH and linear:
        found = "with linear_last=True no layer squashes, where only the last one is to leave its tanh out"
    if found:
        return f"MLP of Tensors: {found}."
    return _gradient_hint(student) if agree(outputs.numbers, right) else ""


def _gradient_hint(student: Student) -> str:
    """Explain a network whose outputs are right, and in which gradients do not arrive everywhere."""
    model = _network(student)
    parameters = _fill(student, model)
    x = student.load("Tensor")([list(row) for row in ROWS])
    y = model(x)
    y.backward(student.load("array")([[1.0], [-2.0]]))
    got = [any(array.numbers) for array in arrays([*parameters, x], "grad")]
    if got == [False, False, True, True, False]:
        return (
            "The outputs are right, but no gradient arrives at the first layer: hand each layer the Tensor that the "
            "layer before returned, not its data, nor a new Tensor of it."
        )
    if got == [True, True, True, True, False]:
        return (
            "The outputs are right, but no gradient arrives at the inputs: use the Tensor that came in, and not a new "
            "one made of its numbers."
        )
    if not any(got):
        return (
            "The outputs are right, but no gradient arrives anywhere: either numpy's functions or .data take the place "
            "of the Tensors and their methods, or an operation that is used here (@, +, tanh) passes nothing on."
        )
    names = ("first weights", "first bias", "last weights", "last bias", "inputs")
    missing = [name for name, arrives in zip(names, got) if not arrives]
    return f"The outputs are right, but no gradient arrives at: {', '.join(missing)}." if missing else ""


def _zero_grad_hint(student: Student) -> str:
    model = _network(student)
    parameters = _fill(student, model)
    array = student.load("array")
    ones = [array([[1.0] * 3] * 2), array([1.0] * 3), array([[1.0]] * 3), array([1.0])]
    write(parameters, "grad", ones)
    before = [each.numbers for each in arrays(parameters, "data")]
    model.zero_grad()
    if attempt(lambda: arrays(parameters, "grad")):
        return "After zero_grad() a grad is no longer an array: zeros in the shape of the data are due."
    gradients = arrays(parameters, "grad")
    shapes = [gradient.shape for gradient in gradients]
    left = sum(any(gradient.numbers) for gradient in gradients)
    if [each.numbers for each in arrays(parameters, "data")] != before:
        return "zero_grad() changes the data of the parameters: it is their grad that is set back, and nothing else."
    if left == len(parameters):
        return (
            "After zero_grad() every grad is as it was: the attribute grad of each parameter is set anew, by =, and "
            "not a variable or another attribute, nor by == or in a copy."
        )
    if left:
        return f"After zero_grad() {left} of {len(parameters)} parameters still have their grad: it is for all of them."
    if shapes != SHAPES:
        return "After zero_grad() a grad has another shape: zeros in the shape of the data are due, not a single 0."
    same = list(model.parameters())
    if not all(mine is other for mine, other in zip(parameters, same)):
        return "After zero_grad(), parameters() gives other objects: it is to change the grad of those that are there."
    return ""


def _logsum(numbers: Numbers) -> float:
    return log(sum(map(exp, numbers)))


SLIPS_OF_ROWS: dict[str, Callable[[Sequence[Numbers], Sequence[int]], float]] = {
    "the exp of all examples are added up together. Each example has a sum of its own, over its classes": (
        lambda rows, targets: (
            _logsum([z for row in rows for z in row]) - sum(row[t] for row, t in zip(rows, targets)) / len(rows)
        )
    ),
    "the exp of all examples are added up together, after the shift. Each example has a sum of its own": (
        lambda rows, targets: (
            _logsum([z - max(row) for row in rows for z in row])
            - sum(row[t] - max(row) for row, t in zip(rows, targets)) / len(rows)
        )
    ),
    "the shift is taken along axis 0, from all examples: it is one number for each row, or it changes the shares": (
        lambda rows, targets: (
            sum(
                _logsum([z - top for z, top in zip(row, map(max, *rows, rows[0]))]) - row[t] + max(r[t] for r in rows)
                for row, t in zip(rows, targets)
            )
            / len(rows)
        )
    ),
    "the right class's logit is taken from the first row for every example, where each has a row of its own": (
        lambda rows, targets: sum(_logsum(row) - rows[0][t] for row, t in zip(rows, targets)) / len(rows)
    ),
    "the right class's logit is taken from the first row for every example. Each has a row of its own": (
        lambda rows, targets: (
            sum(_logsum(row) - max(row) - rows[0][t] + max(rows[0]) for row, t in zip(rows, targets)) / len(rows)
        )
    ),
}
"""Slips that concern several rows of logits: (rows, targets)."""


def tensor_loss_slips() -> dict[str, list[float]]:
    """Return what cross_entropy gives for CLASSES: the right numbers under an empty text, and those of known slips."""
    of_rows = {text: [rule(rows, targets) for rows, targets in CLASSES] for text, rule in SLIPS_OF_ROWS.items()}
    return loss_slips("cross_entropy") | of_rows


def _wrong_axis_hint(student: Student) -> str:
    """Explain a cross_entropy whose sum of exp runs over the examples."""
    function, make_tensor = student.load("tensor_cross_entropy"), student.load("Tensor")
    got: list[float] = []
    (row, *_), expected = CLASSES[0][0], []
    for target in range(len(row)):
        loss = ask(function, make_tensor([list(row)]), [target])
        if loss is None:
            return ""
        got += arrays([loss], "data")[0].numbers
        expected.append(sum(row) / len(row) - row[target])
    if agree(got, [0.0] * len(got)):
        return (
            "cross_entropy of a single example is 0, whatever its logits are: what it is divided by, or compared with, "
            "is summed along axis 0, over the examples. Each example has a sum of its own, over its classes."
        )
    if agree(got, expected):
        return (
            "cross_entropy: the exp of the logits are added up along axis 0, over the examples. Each example has a sum "
            "of its own, over its classes."
        )
    return ""


def _loss_gradient_hint(student: Student) -> str:
    """Explain a cross_entropy whose number is right, and whose gradient is not."""
    logits = student.load("Tensor")([[0.0, 0.0]])
    student.load("tensor_cross_entropy")(logits, [0]).backward()
    got = arrays([logits], "grad")[0].numbers
    if agree(got, [-0.5, 0.5]):
        return ""
    if agree(got, [0.5, 0.5]) or agree(got, [-1.0, 0.0]):
        lost = "right class's logit" if got[1] else "logarithm of the sum"
        return (
            f"The numbers of cross_entropy are right, but the {lost} passes no gradient on: it is computed from plain "
            "arrays (.data), where Tensors are due."
        )
    return ""


def _loss_hint(student: Student) -> str:
    function, make_tensor = student.load("tensor_cross_entropy"), student.load("Tensor")
    got: list[float] = []
    arrives = False
    along = _wrong_axis_hint(student)
    if along:
        return along
    for rows, targets in CLASSES:
        logits = make_tensor([list(row) for row in rows])
        problem = attempt(function, logits, list(targets))
        if "operands could not be broadcast together" in problem:
            return ROWS_DO_NOT_FIT
        if "is out of bounds for axis" in problem:
            return (
                f"With logits of shape {(len(rows), len(rows[0]))}, cross_entropy looks for a place that does not "
                "exist: a target is the number of a class, a column, and counts within the row of its own example. In "
                "logits[row, class] the row stands first."
            )
        loss = function(logits, list(targets))
        if len(rows) > 1 and arrays([loss], "data")[0].shape != ():
            return (
                f"cross_entropy of {len(rows)} examples has shape {arrays([loss], 'data')[0].shape}: one single number "
                "is due, the mean of what the examples cost."
            )
        got += arrays([loss], "data")[0].numbers[:1]
        if not attempt(loss.backward):
            arrives = arrives or any(arrays([logits], "grad")[0].numbers)
    slips = tensor_loss_slips()
    right = slips.pop("")
    if not agree(got, right):
        return _wrong_loss_hint(got, right, slips)
    if arrives:
        hint = _loss_gradient_hint(student)
        if hint:
            return hint
    if not arrives:
        return (
            "The numbers of cross_entropy are right, but no gradient arrives at the logits: somewhere it leaves the "
            "graph, so compute with the Tensors themselves."
        )
    return _large_rows_hint(function, make_tensor)


def _wrong_loss_hint(got: Numbers, right: Numbers, slips: Mapping[str, Numbers]) -> str:
    """Explain a cross_entropy whose numbers are wrong."""
    found = find_simplest_slip(got, slips)
    if found:
        return f"cross_entropy: {found}."
    if agree(got[:2], right[:2]):
        return (
            "cross_entropy is right for a single example, and wrong for several: each example has its own row of "
            "logits, its own sum and shift (along axis 1), and its own class."
        )
    return ""


def _large_rows_hint(function: Subject, make_tensor: Subject) -> str:
    """Explain a cross_entropy that is wrong for large logits only."""
    try_large = make_tensor([[1000.0, -1000.0]])
    large = arrays([function(try_large, [1])], "data")[0].numbers
    equal = arrays([function(make_tensor([[1000.0, 1000.0, -1000.0]]), [0])], "data")[0].numbers
    if not agree(large, [2000.0]) and agree(equal, [log(2)]):
        return (
            "cross_entropy is right for small logits, and wrong for class 1 of the logits 1000 and -1000: there its "
            "probability becomes 0, which has no logarithm. So do not compute p first: -log(p) has another form."
        )
    if not agree(large, [2000.0]):
        return (
            "cross_entropy is right for small logits, and wrong at 1000 and -1000: there exp overflows, or a "
            "probability becomes 0. Shift each row by its own largest logit first."
        )
    two = make_tensor([[1000.0, -1000.0], [0.0, 0.0]])
    if not agree(arrays([function(two, [0, 0])], "data")[0].numbers, [log(2) / 2]):
        return (
            "cross_entropy is right for one row of large logits, and wrong where another row has small ones: each row "
            "is shifted by its own largest logit. By that of another row, all its exp become 0."
        )
    return ""
