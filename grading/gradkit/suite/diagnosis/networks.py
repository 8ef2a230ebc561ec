"""What a student's Neuron, Layer or MLP computes instead of the right output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, isfinite, tanh

from gradkit.submissions.transport.subject import Subject, numbers, write

from .mathematics import dot, sigmoid
from .slips import agree, find_slip
from .student import Student, UnexpectedAnswerError, ask, attempt, find_misspelling, read

Weights = Sequence[float]
Neuron = Callable[[Weights, float, Sequence[float]], float]
"""Computes an output from weights, bias and inputs."""

INPUTS = ((0.7, -1.3, 0.4), (-0.2, 0.9, 1.1), (1.6, 0.3, -0.8))
WEIGHTS, BIAS = (0.5, -0.8, 1.2), 0.3


SUMS: dict[str, Neuron] = {
    "": lambda w, b, x: dot(w, x) + b,
    "the bias is left out": lambda w, b, x: dot(w, x),
    "the bias is subtracted": lambda w, b, x: dot(w, x) - b,
    "the bias is added twice": lambda w, b, x: dot(w, x) + 2 * b,
    "the bias is added once for every input": lambda w, b, x: dot(w, x) + len(x) * b,
    "the bias multiplies the sum": lambda w, b, x: dot(w, x) * b,
    "the last input is left out": lambda w, b, x: dot(w[:-1], x[:-1]) + b,
    "the first input is left out": lambda w, b, x: dot(w[1:], x[1:]) + b,
    "each weight multiplies the input before its own, at the wrong index": lambda w, b, x: (
        dot(w, (*x[-1:], *x[:-1])) + b
    ),
    "each weight multiplies the input after its own, at the wrong index": lambda w, b, x: dot(w, (*x[1:], x[0])) + b,
    "only the first input counts": lambda w, b, x: w[0] * x[0] + b,
    "only the last input counts": lambda w, b, x: w[-1] * x[-1] + b,
    "the first weight serves for every input": lambda w, b, x: w[0] * sum(x) + b,
    "the last weight serves for every input": lambda w, b, x: w[-1] * sum(x) + b,
    "weights, as parameters() gives them, and inputs go in opposite orders": lambda w, b, x: dot(w[::-1], x) + b,
    "weights are added to inputs, where they should multiply them": lambda w, b, x: sum(w) + sum(x) + b,
    "the inputs are left out: the weights are added up alone": lambda w, b, x: sum(w) + b,
    "the weights are left out: the inputs are added up alone": lambda w, b, x: sum(x) + b,
    "the mean over the inputs, where the sum is due": lambda w, b, x: dot(w, x) / len(x) + b,
    "each product takes the place of the sum so far, so that only the last one stays": lambda w, b, x: w[-1] * x[-1],
    "weights are subtracted": lambda w, b, x: b - dot(w, x),
    "parameters() gives the bias first, where it comes after the weights": lambda w, b, x: dot((*w[1:], b), x) + w[0],
    "sum of all weights times the sum of all inputs": lambda w, b, x: sum(w) * sum(x) + b,
}
"""The weighted sum: the right one under an empty text, and slips."""

NO_TANH = "the tanh is missing"

SQUASHES: dict[str, Callable[[float], float]] = {
    "": tanh,
    NO_TANH: lambda z: z,
    "sigmoid takes the place of tanh": sigmoid,
    "relu takes the place of tanh": lambda z: max(0.0, z),
    "tanh is taken twice": lambda z: tanh(tanh(z)),
    "exp takes the place of tanh": exp,
}

WHOLE_NEURONS: dict[str, Neuron] = {
    "each product is squashed, and not their sum": lambda w, b, x: sum(tanh(v * n) for v, n in zip(w, x)) + b,
    "each product is squashed, and the sum once more": lambda w, b, x: tanh(sum(tanh(v * n) for v, n in zip(w, x)) + b),
    "the bias is added behind the tanh": lambda w, b, x: tanh(dot(w, x)) + b,
    "tanh is taken after every input": lambda w, b, x: _squashed_each_time(w, b, x),
    "tanh is taken after every input, and once more in the end": lambda w, b, x: tanh(_squashed_each_time(w, b, x)),
    "the inputs are squashed": lambda w, b, x: dot(w, [tanh(n) for n in x]) + b,
}


def _squashed_each_time(w: Weights, b: float, x: Sequence[float]) -> float:
    total = b
    for weight, number in zip(w, x):
        total = tanh(total + weight * number)
    return total


def neuron_slips(linear: bool) -> dict[str, Neuron]:
    """Return what a neuron may compute: the right rule under an empty text, and slips."""
    squashes = {text: rule for text, rule in SQUASHES.items() if text}
    right = (lambda z: z) if linear else tanh
    slips: dict[str, Neuron] = {text: _after(right, rule) for text, rule in SUMS.items()}
    for text, squash in squashes.items():
        if not linear:
            slips[text] = _after(squash, SUMS[""])
    if linear:
        slips["linear=True should leave the tanh out, and it is there"] = _after(tanh, SUMS[""])
    else:
        slips |= WHOLE_NEURONS
        for text, rule in SUMS.items():
            if text:
                slips[f"the tanh is missing, and {text}"] = rule
    return slips


def _after(squash: Callable[[float], float], rule: Neuron) -> Neuron:
    return lambda w, b, x: squash(rule(w, b, x))


def network_hint(student: Student, about: Sequence[str], item_id: str, message: str = "") -> str:
    """Return what is wrong with a student's networks; empty if the questions do not show it.

    Args:
        student: The student's code.
        about: The functions that the item is about.
        item_id: The item's id.
        message: What is shown of the item's failure.
    """
    if not message.startswith("IndexError"):
        return _network_hint(student, about, item_id)
    hint = ask(_network_hint, student, about, item_id)
    return handed_on_hint(student, about) if hint is None else hint


def _network_hint(student: Student, about: Sequence[str], item_id: str) -> str:
    parts = {name.partition(".")[0] for name in about}
    linear = "linear" in item_id
    if item_id.endswith("test_no_two_neurons_begin_alike"):
        return initial_hint(student) or _shared_hint(student, "Neuron", (3,)) or _shared_hint(student, "Layer", (2, 3))
    hint = (
        _none_hint(student, parts)
        or _growth_hint(student)
        or _plain_parameter_hint(student)
        or _count_hint(student, "Neuron", (3,), 4)
        or _shared_hint(student, "Neuron", (3,))
        or (initial_hint(student) if "Neuron.__init__" in about else "")
        or neuron_hint(student, linear=False)
    )
    if linear and not hint:
        hint = neuron_hint(student, linear=True)
    if hint or parts <= {"Neuron"}:
        return hint or _neuron_gradient_hint(student)
    hint = (
        _count_hint(student, "Layer", (2, 3), 9)
        or _shared_hint(student, "Layer", (2, 3))
        or layer_hint(student, linear)
    )
    if hint or parts <= {"Neuron", "Layer"}:
        return hint or _neuron_gradient_hint(student)
    return (
        _count_hint(student, "MLP", (3, [4, 4, 1]), 41)
        or mlp_hint(student, linear)
        or _neuron_gradient_hint(student)
        or _mlp_gradient_hint(student)
    )


MODELS: tuple[tuple[str, tuple[object, ...]], ...] = (("Neuron", (3,)), ("Layer", (2, 3)), ("MLP", (3, [4, 4, 1])))
"""Models whose parameters are counted again: (part, arguments)."""


def _none_hint(student: Student, parts: set[str]) -> str:
    """Explain a parameters() that returns None, in a model that an item is about or in what that is made of."""
    n_asked = max((place for place, (part, _) in enumerate(MODELS, 1) if part in parts), default=0)
    for part, arguments in MODELS[:n_asked]:
        returned = ask(_parameters_of, student.load(part)(*arguments))
        if returned is not None and "NoneType" in attempt(list, returned):
            return (
                f"parameters() of {part} returns None: either a `return` is missing in it, or what it returns comes "
                "from append() or extend(), which change a list in place and give None."
            )
    return ""


def _parameters_of(model: Subject) -> Subject:
    parameters: Subject = model.parameters()
    return parameters


def _growth_hint(student: Student) -> str:
    """Explain a list of parameters that grows, with each call or with each new object."""
    for part, arguments in MODELS:
        make = student.load(part)
        model = make(*arguments)
        first = ask(_count, model)
        second = None if first is None else ask(_count, model)
        if first is None or second is None:
            return ""
        written = f"{part}({', '.join(map(repr, arguments))})"
        if second > first:
            return (
                f"{written}.parameters() has {first} entries at the first call and {second} at the second: each "
                "call adds to a list that is kept. Make a new list in parameters()."
            )
        make(*arguments)
        third = ask(_count, model)
        if third is None:
            return ""
        if third > second:
            return (
                f"When another {written} is made, parameters() of the one that is there already grows by "
                f"{third - second} entries: a list is shared by all objects of the class. Make it in __init__, "
                "on self."
            )
    return ""


def _count(model: Subject) -> int:
    return len(model.parameters())


def _plain_parameter_hint(student: Student) -> str:
    """Explain a parameter of a neuron that is a plain number."""
    parameters = list(student.load("Neuron")(3).parameters())
    plain = [place for place, each in enumerate(parameters) if read([each]) is not None]
    if not plain or len(parameters) != 4:
        return ""
    which = {(3,): "the bias", (0, 1, 2): "each weight"}.get(
        tuple(plain), "a weight" if len(plain) < 4 else "each entry"
    )
    return (
        f"In Neuron(3).parameters(), {which} is a plain number, without a gradient: each weight and the bias is a "
        "Value, made in __init__, and it is these Values that parameters() gives."
    )


COUNT_HINTS: dict[tuple[str, int], str] = {
    ("Neuron", 3): "one is missing: it has three weights and a bias",
    ("Neuron", 1): "only one of its weights and its bias is there",
    ("Neuron", 2): "it is one flat list of three weights and a bias, not a list with a list in it",
    ("Neuron", 6): "each of its three weights belongs there once, and its one bias once",
    ("Neuron", 5): "one is there twice, or one too many: it has three weights and a bias",
    ("Neuron", 0): "it is empty: put the weights and the bias into it",
    ("Layer", 0): "it is empty: it has those of every neuron",
    ("Layer", 3): "it is one flat list of all neurons' parameters, not of one neuron's, nor of lists",
    ("Layer", 6): "one neuron, or the bias of each, is missing: each of the 3 neurons has 2 weights and a bias",
    ("Layer", 12): (
        "each of the 3 neurons has 2 weights and a bias, and here has one too many, as if it were made for nout inputs"
    ),
    ("Layer", 8): "each of the 3 neurons has 2 weights and a bias; nin and nout may be swapped",
    ("Layer", 27): "each neuron's parameters are there three times",
    ("MLP", 0): "it is empty: it has those of every layer",
    ("MLP", 3): "it is one flat list of all layers' parameters, not of lists",
    ("MLP", 5): "only the last layer's are there",
    ("MLP", 16): "only the first layer's are there",
    ("MLP", 36): "the last layer's are missing, or each layer has as many inputs as the first",
    ("MLP", 25): "the first layer's are missing",
    ("MLP", 43): "nin and nout of each layer are swapped",
}


COUNT_RULES = {
    "Neuron": "it has three weights and a bias",
    "Layer": "each of its 3 neurons has 2 weights and a bias",
    "MLP": "its layers have 16, 20 and 5: (3 + 1) * 4, (4 + 1) * 4 and (4 + 1) * 1",
}
"""How many parameters are due."""


def _count_hint(student: Student, part: str, arguments: tuple[object, ...], n_right: int) -> str:
    """Explain a wrong number of parameters."""
    model = student.load(part)(*arguments)
    n_entries = ask(_count, model)
    if n_entries is None or n_entries == n_right:
        return ""
    written = f"{part}({', '.join(map(repr, arguments))})"
    reason = COUNT_HINTS.get((part, n_entries), COUNT_RULES[part])
    if not attempt(lambda: len(model.parameters()[0])):
        reason = "an entry is a list itself: one flat list of Values is due"
    if n_entries and n_entries % n_right == 0:
        reason = f"that is {n_entries // n_right} times as many"
    return f"{written}.parameters() has {n_entries} entries, where {n_right} are due: {reason}."


def neuron_hint(student: Student, linear: bool) -> str:
    """Return what a neuron computes instead; empty if it is right, or nothing known."""
    make_neuron, make_value = student.load("Neuron"), student.load("Value")
    model = make_neuron(3, linear=True) if linear else make_neuron(3)
    parameters = list(model.parameters())
    write(parameters, "data", (*WEIGHTS, BIAS))
    if not agree(numbers(list(model.parameters()), "data"), (*WEIGHTS, BIAS)):
        return (
            "Neuron: what is set in the parameters is gone when parameters() is called again: it gives copies, where "
            "the neuron's own Values are due, those that a call computes with."
        )
    first = numbers([model(list(map(make_value, INPUTS[0])))], "data")
    got = [*first, *numbers([model(list(map(make_value, x))) for x in INPUTS[1:]], "data")]
    slips = {text: [rule(WEIGHTS, BIAS, x) for x in INPUTS] for text, rule in neuron_slips(linear).items()}
    right = slips.pop("")
    name = "Neuron(3, linear=True)" if linear else "Neuron"
    if agree(got, right):
        return ""
    if not agree(numbers(parameters, "data"), (*WEIGHTS, BIAS)):
        return f"{name}: a call changes the numbers of its parameters. It only uses them: total = total + ..., not +=."
    if len(set(got)) == 1:
        return f"{name}: another input gives the same output. Is it computed anew at every call, from its arguments?"
    found = find_slip(got, slips)
    if found == NO_TANH:
        return f"{name}: {_missing_tanh(student)}"
    if found:
        return f"{name}: {found}."
    kept = numbers(list(model.parameters()), "data")
    if not agree(kept, (*WEIGHTS, BIAS)):
        what = "another bias" if agree(kept[:-1], WEIGHTS) else "other weights"
        return (
            f"{name}: after a call, parameters() gives {what}: a call changes what is kept in self. It only uses the "
            "weights and the bias, and keeps its sum in a variable of its own."
        )
    if agree(got[:1], right[:1]):
        return f"{name}: the first call is right, and later ones are not: what does a call change, or keep?"
    return ""


def handed_on_hint(student: Student, about: Sequence[str]) -> str:
    """Explain an exception in a neuron's call that comes from what a Layer or an MLP hands to it; empty if not."""
    parts = {name.partition(".")[0] for name in about}
    if not parts & {"Layer", "MLP"} or neuron_hint(student, linear=False):
        return ""
    message = attempt(lambda: layer_hint(student, linear=False))
    if message:
        return (
            "A neuron by itself works, so look at what Layer does: are its neurons made for nin inputs, and does each "
            "get the whole list x, as it came?"
        )
    return (
        "A neuron and a layer by themselves work, so look at MLP: is each layer made for as many inputs as the one "
        "before has outputs, and does each, from the first to the last, get the list that the one before returned?"
    )


def _missing_tanh(student: Student) -> str:
    """Return how a neuron without its tanh treats `linear`: the tanh may be there in the other case."""
    make_neuron, make_value = student.load("Neuron"), student.load("Value")
    x = INPUTS[0]
    squashed = [tanh(SUMS[""](WEIGHTS, BIAS, x))]
    for linear, said in (
        (True, "the tanh is there with linear=True only: the two cases of `linear` are the wrong way round."),
        (False, "the tanh is there only where linear=False is written out: False is its default."),
    ):
        model = make_neuron(3, linear=linear)
        write(list(model.parameters()), "data", (*WEIGHTS, BIAS))
        if agree(numbers([model(list(map(make_value, x)))], "data"), squashed):
            return said
    return f"{NO_TANH}, whether linear is set or not: is it there, and what decides it?"


def _neuron_gradient_hint(student: Student) -> str:
    """Explain gradients that do not arrive at some of a neuron's leaves, though its output is right."""
    make_value = student.load("Value")
    model = student.load("Neuron")(3)
    parameters = list(model.parameters())
    write(parameters, "data", (*WEIGHTS, BIAS))
    x = list(map(make_value, INPUTS[0]))
    y = model(x)
    y.backward()
    slope = 1 - tanh(SUMS[""](WEIGHTS, BIAS, INPUTS[0])) ** 2
    right = {
        "weights": [slope * number for number in INPUTS[0]],
        "bias": [slope],
        "inputs": [slope * weight for weight in WEIGHTS],
    }
    got = {
        "weights": numbers(parameters[:3], "grad"),
        "bias": numbers(parameters[3:], "grad"),
        "inputs": numbers(x, "grad"),
    }
    empty = [name for name, share in got.items() if not any(share)]
    fine = [name for name in got if agree(got[name], right[name])]
    if empty and len(fine) == len(got) - len(empty):
        return (
            f"The neuron's output is right, but no gradient arrives at its {' and its '.join(empty)}: use the Values "
            "themselves in the sum, not their .data, nor copies of them."
        )
    return ""


def _shared_hint(student: Student, part: str, arguments: tuple[int, ...]) -> str:
    """Explain parameters that are one and the same object."""
    parameters = list(student.load(part)(*arguments).parameters())
    write(parameters, "data", [0.5 + place for place in range(len(parameters))])
    if len(set(numbers(parameters, "data"))) == len(parameters):
        return ""
    made = "a new Value for each weight" if part == "Neuron" else "a new Neuron for each place"
    return (
        f"{part}({', '.join(map(str, arguments))}): some of its parameters are one and the same object. Make {made}: "
        "[...] * n repeats a single one."
    )


LAYER_PARAMETERS = (0.5, -0.8, 0.3, 1.1, 0.2, -0.4, -0.6, 0.9, 0.7)


def _layer(
    parameters: Sequence[float], nin: int, x: Sequence[float], squash: Callable[[float], float] = tanh
) -> list[float]:
    size = nin + 1
    rows = [parameters[start : start + size] for start in range(0, len(parameters), size)]
    return [squash(dot(row[:nin], x) + row[nin]) for row in rows]


_LINEAR_LAYER = "every neuron is linear, without its tanh"


def layer_slips(linear: bool) -> dict[str, list[float]]:
    """Return the outputs of a layer: the right ones under an empty text, and those of known slips."""
    x, p = INPUTS[0][:2], LAYER_PARAMETERS
    squash: Callable[[float], float] = (lambda z: z) if linear else tanh
    right = _layer(p, 2, x, squash)
    slips = {
        "": right,
        "every output is the first neuron's": right[:1] * 3,
        "every output is the last neuron's": right[-1:] * 3,
        "only the first neuron's output is there": right[:1],
        "only the last neuron's output is there": right[-1:],
        "linear=True does not arrive at the neurons": _layer(p, 2, x) if linear else [],
        _LINEAR_LAYER: [] if linear else _layer(p, 2, x, lambda z: z),
        "the outputs are squashed once more": [] if linear else [tanh(y) for y in right],
        "each neuron sees one input only: its own": [squash(p[3 * i] * x[i] + p[3 * i + 2]) for i in range(2)],
        "parameters() lists all weights first and then all biases, where each neuron's bias follows its weights": (
            [squash(dot(p[2 * i : 2 * i + 2], x) + p[6 + i]) for i in range(3)]
        ),
    }
    return {text: outputs for text, outputs in slips.items() if outputs}


def layer_hint(student: Student, linear: bool) -> str:
    """Return what a layer computes instead; empty if it is right, or nothing known."""
    make_layer, make_value = student.load("Layer"), student.load("Value")
    model = make_layer(2, 3, linear=True) if linear else make_layer(2, 3)
    write(list(model.parameters()), "data", LAYER_PARAMETERS)
    x = INPUTS[0][:2]
    result = model(list(map(make_value, x)))
    outputs = ask(list, result)
    if outputs is None:
        return "Layer: a call returns one single thing, where a list with an output for each neuron is due."
    got = read(outputs, "data")
    if got is None:
        return ""
    slips = layer_slips(linear)
    right = slips.pop("")
    if agree(got, right):
        return ""
    if agree(got, right[::-1]):
        return "Layer: outputs and parameters() go in opposite orders of the neurons; both begin with the first."
    found = find_slip(got, slips)
    if found == _LINEAR_LAYER:
        opposite = make_layer(2, 3, linear=True)
        write(list(opposite.parameters()), "data", LAYER_PARAMETERS)
        if agree(numbers(list(opposite(list(map(make_value, x)))), "data"), _layer(LAYER_PARAMETERS, 2, x)):
            return "Layer: its neurons have no tanh, but have one with linear=True: they get the opposite of `linear`."
        return f"Layer: {found}, though linear is not set: what does it hand to them as `linear`?"
    return f"Layer: {found}." if found else ""


MLP_FIRST, MLP_LAST = (0.5, -0.8, 0.3, 1.1, 0.2, -0.4), (-0.6, 0.9, 0.7)
"""The parameters of MLP(2, [2, 1]), layer by layer."""


def mlp_slips(linear: bool) -> dict[str, list[float]]:
    """Return the output of an MLP: the right one under an empty text, and those of known slips."""
    first, last, x = MLP_FIRST, MLP_LAST, INPUTS[0][:2]
    squash: Callable[[float], float] = (lambda z: z) if linear else tanh
    hidden = _layer(first, 2, x)
    right = _layer(last, 2, hidden, squash)
    slips = {
        "": right,
        "the last layer sees the inputs, where it is to see the outputs of the layer before": _layer(
            last, 2, x, squash
        ),
        "parameters() gives the last layer's first": _layer(
            (*first, *last)[:3], 2, _layer((*first, *last)[3:], 2, x), squash
        ),
        "the last layer is left out": hidden[:1],
        (
            "with linear_last=True no layer squashes, and it is the last one alone that leaves its tanh out"
            if linear
            else "no layer squashes, though linear_last is not set, and so all should"
        ): _layer(last, 2, _layer(first, 2, x, lambda z: z), lambda z: z),
        "with linear_last=True the last layer has its tanh still, as all others have: does linear_last reach it, and "
        "which layer is taken for the last?": _layer(last, 2, hidden) if linear else [],
        "all layers but the last are linear": [] if linear else _layer(last, 2, _layer(first, 2, x, lambda z: z)),
        "the last layer has no tanh, though linear_last is not set": []
        if linear
        else _layer(last, 2, hidden, lambda z: z),
        "the output is squashed once more": [] if linear else [tanh(y) for y in right],
        "with linear_last=True the last layer has its tanh, and the one before has none": (
            _layer(last, 2, _layer(first, 2, x, lambda z: z)) if linear else []
        ),
    }
    return {text: outputs for text, outputs in slips.items() if outputs}


def mlp_hint(student: Student, linear: bool) -> str:
    """Return what an MLP computes instead; empty if it is right, or nothing known."""
    make_mlp, make_value = student.load("MLP"), student.load("Value")
    model = make_mlp(2, [2, 1], linear_last=True) if linear else make_mlp(2, [2, 1])
    write(list(model.parameters()), "data", (*MLP_FIRST, *MLP_LAST))
    x = INPUTS[0][:2]
    result = model(list(map(make_value, x)))
    got = read([result], "data")
    if got is None:
        outputs: list[Subject] = ask(list, result) or []
        if len(outputs) == 1:
            return "MLP: a single output comes in a list, where the Value itself is due."
        if agree(read(outputs, "data") or (), _layer(MLP_FIRST, 2, x)):
            return "MLP: a call returns the outputs of the first layer. Does a return stand inside the loop?"
        return ""
    slips = mlp_slips(linear)
    right = slips.pop("")
    found = "" if agree(got, right) else find_slip(got, slips)
    if agree(got, right) and read([make_mlp(2, [3])(list(map(make_value, x)))], "data") is not None:
        return (
            "MLP: where the last layer has three neurons, a call returns one single Value: all three outputs are due."
        )
    return f"MLP: {found}{'' if found.endswith('?') else '.'}" if found else ""


def _mlp_gradient_hint(student: Student) -> str:
    """Explain an MLP whose first layer gets no gradient, though its output is right."""
    model = student.load("MLP")(2, [2, 1])
    parameters = list(model.parameters())
    write(parameters, "data", [0.3 * place - 0.8 for place in range(len(parameters))])
    model([0.7, -1.3]).backward()
    gradients = numbers(parameters, "grad")
    if not any(gradients):
        return (
            "The outputs are right, but no gradient arrives at any parameter: a call returns the Values that the last "
            "layer made, not their numbers, nor new Values."
        )
    if not any(gradients[:6]) and any(gradients[6:]):
        return (
            "The outputs are right, but no gradient arrives at the first layer: each layer gets the Values that the "
            "layer before returned, not their numbers, nor new Values."
        )
    return ""


def zero_grad_hint(student: Student) -> str:
    """Return what zero_grad() does instead of setting every grad to 0; empty if nothing is wrong."""
    model = student.load("MLP")(2, [2, 1])
    parameters = list(model.parameters())
    start = [0.5 + place for place in range(len(parameters))]
    write(parameters, "data", start)
    write(parameters, "grad", [2.0] * len(parameters))
    if attempt(lambda: model.zero_grad()):
        return ""
    if read(parameters, "data") != start:
        return "zero_grad() changes the data of the parameters: it is their grad that goes back to 0."
    gradients = read(parameters, "grad")
    if gradients is None:
        return "After zero_grad() a grad is no longer a number: it is to be 0.0."
    left = sum(1 for gradient in gradients if gradient)
    if left == len(parameters) and set(gradients) != {2.0}:
        return f"After zero_grad() each grad that was 2 is {gradients[0]:g}: it is to be 0, whatever it was."
    if left == len(parameters):
        other = find_misspelling(parameters[0], "grad", student.load("Value")(2.0))
        if other:
            return f"zero_grad() sets an attribute {other}: grad is meant."
        return (
            "After zero_grad() every grad is as it was. Is it the attribute grad of each object in self.parameters() "
            "that is set, and set with a single = (== only compares)?"
        )
    if left:
        return (
            f"After zero_grad() the grad of {left} of {len(parameters)} parameters is not 0: it sets back that of each."
        )
    again = read(list(model.parameters()), "data")
    if again != start:
        return "After zero_grad(), parameters() gives other objects: it is to change the grad of those that are there."
    return ""


def _is_whole(number: float) -> bool:
    if not isfinite(number):
        raise UnexpectedAnswerError("a weight begins at nan or infinity")
    return number == int(number)


def initial_hint(student: Student) -> str:
    """Return what is wrong with the numbers that a neuron begins with; empty if nothing is."""
    model = student.load("Neuron")(20)
    got = numbers(list(model.parameters()), "data")
    weights = got[:-1]
    if len(got) != 21:
        return ""
    if not any(weights):
        return "Every weight begins at 0: then all neurons learn the same. Draw each from random.uniform(-1, 1)."
    if len(set(weights)) == 1:
        return "All weights begin at one and the same number: draw a new random number for each of them."
    if all(map(_is_whole, weights)):
        return "The weights begin at whole numbers: random.uniform gives any number between its bounds."
    if any(abs(number) > 1 for number in got):
        return "Some numbers begin outside of -1 to 1: random.uniform(-1, 1) stays within (random.gauss does not)."
    if all(weight >= 0 for weight in weights):
        return "All 20 weights begin above 0: random.random() gives 0 to 1; from -1 to 1 is due."
    biases = [numbers(list(student.load("Neuron")(2).parameters()), "data")[-1] for _ in range(3)]
    if biases[0] and len({*biases, got[-1]}) == 1:  # biases that begin at 0 are allowed
        return (
            f"The bias of each neuron begins at {biases[0]:g}: it is drawn from random.uniform(-1, 1), as the weights "
            "are."
        )
    seed = student.load("seed")
    starts = []
    for _ in range(2):
        seed(1)
        starts.append(numbers(list(student.load("Neuron")(5).parameters()), "data"))
    if starts[0] != starts[1]:
        return (
            "The numbers that a neuron begins with do not follow random.seed(): draw them with the functions of the "
            "module random itself, when the neuron is made."
        )
    if numbers(list(student.load("Neuron")(20).parameters()), "data") == got:
        return "Every neuron begins with the same numbers: draw anew for each, and leave the seed alone."
    return ""
