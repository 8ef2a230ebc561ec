"""Known slips of each operation, as formulas: wrong values, and wrong local derivatives."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, log2, log10, sinh, tan, tanh

from gradkit.inside.operations import OPERATIONS
from gradkit.oracle.complex_step import FUNCTIONS, STEP

from .mathematics import sigmoid
from .slips import Formulas

UNARY_POINTS = (0.7, 1.3, 2.2, -0.6, -1.7)
POSITIVE_POINTS = (0.7, 1.3, 2.2, 3.1)
BINARY_POINTS = ((0.7, 1.3), (2.2, -0.6), (1.7, 3.1), (0.4, 2.3))
PLAIN_NUMBERS = (3, -2, 0.5)

_ONLY_POSITIVE = ("log", "pow", "pow_const")
"""Operations whose first operand is asked for at positive numbers only."""


def points_of(name: str, arity: int, constants: tuple[float, ...]) -> list[tuple[float, ...]]:
    """Return the points at which an operation is asked for: its operands, and then the plain number if it takes one."""
    if arity == 2:
        return [point for point in BINARY_POINTS if name != "pow" or point[0] > 0]
    numbers = POSITIVE_POINTS if name in _ONLY_POSITIVE else UNARY_POINTS
    if not constants:
        return [(number,) for number in numbers]
    return [(number, constant) for number in numbers for constant in constants]


def value(name: str, point: tuple[float, ...]) -> float:
    """Return the right number of an operation at a point."""
    return FUNCTIONS[name](*map(complex, point)).real


def derivative(name: str, operand: int, point: tuple[float, ...]) -> float:
    """Return the right derivative of an operation with respect to one operand, at a point."""
    moved = [number + 1j * STEP if index == operand else complex(number) for index, number in enumerate(point)]
    return FUNCTIONS[name](*moved).imag / STEP


_BINARY_VALUES: Formulas = {
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "b - a": lambda a, b: b - a,
    "a * b": lambda a, b: a * b,
    "a / b": lambda a, b: a / b,
    "b / a": lambda a, b: b / a,
    "a ** b": lambda a, b: a**b,
    "b ** a": lambda a, b: b**a,
    "a * -b": lambda a, b: -a * b,
    "-a - b": lambda a, b: -a - b,
    "a / b ** 2": lambda a, b: a / b**2,
    "a * b ** 2": lambda a, b: a * b**2,
    "-a / b": lambda a, b: -a / b,
    "1 / (a * b)": lambda a, b: 1 / (a * b),
    "a ** -b": lambda a, b: a**-b,
    "a ** 2": lambda a, b: a**2,
    "a // b": lambda a, b: a // b,
    "a alone": lambda a, b: a,
    "b alone": lambda a, b: b,
    "-b alone": lambda a, b: -b,
    "1, whatever the numbers are": lambda a, b: 1.0,
    "0, whatever the numbers are": lambda a, b: 0.0,
}

_NUMBER_VALUES: Formulas = {
    "x + k": lambda x, k: x + k,
    "x - k": lambda x, k: x - k,
    "k - x": lambda x, k: k - x,
    "x * k": lambda x, k: x * k,
    "x / k": lambda x, k: x / k,
    "k / x": lambda x, k: k / x,
    "x ** k": lambda x, k: x**k,
    "k ** x": lambda x, k: k**x,
    "-x - k": lambda x, k: -x - k,
    "-x * k": lambda x, k: -x * k,
    "-x / k": lambda x, k: -x / k,
    "-k / x": lambda x, k: -k / x,
    "1 / (k * x)": lambda x, k: 1 / (k * x),
    "x ** -k": lambda x, k: x**-k,
    "x ** 2": lambda x, k: x**2,
    "x ** (k - 1)": lambda x, k: x ** (k - 1),
    "x ** (k + 1)": lambda x, k: x ** (k + 1),
    "x // k": lambda x, k: x // k,
    "k // x": lambda x, k: k // x,
    "x alone": lambda x, k: x,
    "k alone": lambda x, k: k,
    "-x alone": lambda x, k: -x,
    "-k alone": lambda x, k: -k,
    "1, whatever the numbers are": lambda x, k: 1.0,
    "0, whatever the numbers are": lambda x, k: 0.0,
}

_UNARY_VALUES: Formulas = {
    "x itself": lambda x: x,
    "-x": lambda x: -x,
    "0": lambda x: 0.0,
    "1": lambda x: 1.0,
    "abs(x)": abs,
    "1 / x": lambda x: 1 / x,
    "x ** 2": lambda x: x**2,
    "exp(x)": exp,
    "exp(-x)": lambda x: exp(-x),
    "exp(exp(x))": lambda x: exp(exp(x)),
    "exp(x) - 1": lambda x: exp(x) - 1,
    "x ** e": lambda x: x ** exp(1),
    "2 ** x": lambda x: 2**x,
    "10 ** x": lambda x: 10**x,
    "log(x), the natural logarithm": log,
    "log(log(x))": lambda x: log(log(x)),
    "log(x) to the base 2": log2,
    "log(x) to the base 10": log10,
    "log(x + 1)": lambda x: log(x + 1),
    "-log(x)": lambda x: -log(x),
    "tanh(x)": tanh,
    "tanh(tanh(x))": lambda x: tanh(tanh(x)),
    "tanh(-x)": lambda x: tanh(-x),
    "tanh(2 * x)": lambda x: tanh(2 * x),
    "tanh(x / 2)": lambda x: tanh(x / 2),
    "the tangent, tan(x)": tan,
    "the hyperbolic sine, sinh(x)": sinh,
    "1 / tanh(x)": lambda x: 1 / tanh(x),
    "1 - tanh(x) ** 2, the derivative": lambda x: 1 - tanh(x) ** 2,
    "sigmoid(x)": sigmoid,
    "sigmoid(-x), the mirror image": lambda x: sigmoid(-x),
    "sigmoid(2 * x)": lambda x: sigmoid(2 * x),
    "exp(x) + 1": lambda x: exp(x) + 1,
    "1 + exp(-x), not yet inverted": lambda x: 1 + exp(-x),
    "s * (1 - s), the derivative": lambda x: sigmoid(x) * (1 - sigmoid(x)),
    "max(0, x)": lambda x: max(0.0, x),
    "max(0, -x)": lambda x: max(0.0, -x),
    "min(0, x)": lambda x: min(0.0, x),
    "max(1, x)": lambda x: max(1.0, x),
    "1 above zero, else 0": lambda x: float(x > 0),
    "max(0.01 * x, x)": lambda x: max(0.01 * x, x),
    "max(0.1 * x, x)": lambda x: max(0.1 * x, x),
}


_ABOUT_SIGNS = (
    *("abs(x)", "max(0, x)", "max(0, -x)", "min(0, x)", "1 above zero, else 0"),
    *("max(0.01 * x, x)", "max(0.1 * x, x)"),
)
"""Formulas that are another one at positive numbers."""


def value_formulas(name: str) -> Formulas:
    """Return what an operation may compute by mistake. No two give the same numbers at its points."""
    row = OPERATIONS[name]
    if row.arity == 2:
        return _BINARY_VALUES
    if row.constants:
        return _NUMBER_VALUES
    if name in _ONLY_POSITIVE:
        return {text: rule for text, rule in _UNARY_VALUES.items() if text not in _ABOUT_SIGNS}
    return _UNARY_VALUES


# --- local derivatives -----------------------------------------------------------------------------------------------

_TANH_SLOPES: Formulas = {
    "1 - x**2, from the operand's number: the rule is about the result's": lambda x: 1 - x**2,
    "1 - t, where t should be squared": lambda x: 1 - tanh(x),
    "1 + t**2": lambda x: 1 + tanh(x) ** 2,
    "t**2 - 1: the sign is the other way round": lambda x: tanh(x) ** 2 - 1,
    "t**2 alone": lambda x: tanh(x) ** 2,
    "1 - 2 * t": lambda x: 1 - 2 * tanh(x),
    "t * (1 - t), which is sigmoid's rule": lambda x: tanh(x) * (1 - tanh(x)),
    "1 - tanh(t)**2: tanh is taken twice": lambda x: 1 - tanh(tanh(x)) ** 2,
    "(1 - t)**2, where t alone should be squared": lambda x: (1 - tanh(x)) ** 2,
    "1 - t**3": lambda x: 1 - tanh(x) ** 3,
    "2 * (1 - t**2)": lambda x: 2 * (1 - tanh(x) ** 2),
}

_SIGMOID_SLOPES: Formulas = {
    "x * (1 - x), from the operand's number: the rule is about the result's": lambda x: x * (1 - x),
    "s alone": sigmoid,
    "1 - s alone": lambda x: 1 - sigmoid(x),
    "s * (1 + s)": lambda x: sigmoid(x) * (1 + sigmoid(x)),
    "s * (s - 1): the sign is the other way round": lambda x: sigmoid(x) * (sigmoid(x) - 1),
    "1 - s**2, which is tanh's rule": lambda x: 1 - sigmoid(x) ** 2,
    "s - s**3": lambda x: sigmoid(x) - sigmoid(x) ** 3,
    "the rule with sigmoid taken twice": lambda x: sigmoid(sigmoid(x)) * (1 - sigmoid(sigmoid(x))),
    "s**2": lambda x: sigmoid(x) ** 2,
}

_EXP_SLOPES: Formulas = {
    "exp(exp(x)): exp is taken once more of the result": lambda x: exp(exp(x)),
    "x, the operand's number": lambda x: x,
    "x * exp(x - 1): that is the rule for powers of x": lambda x: x * exp(x - 1),
    "x * exp(x)": lambda x: x * exp(x),
    "exp(-x)": lambda x: exp(-x),
    "1, whatever x is": lambda x: 1.0,
}

_LOG_SLOPES: Formulas = {
    "1 / log(x): the result's number, where the operand's is due": lambda x: 1 / log(x),
    "log(x), the result's number": log,
    "x, where 1 / x is due": lambda x: x,
    "1 / x**2": lambda x: 1 / x**2,
    "-1 / x": lambda x: -1 / x,
    "-1 / x**2": lambda x: -1 / x**2,
    "1 / (x * log(10)), the derivative of the logarithm to the base 10": lambda x: 1 / (x * log(10)),
    "1 / (x * log(2)), the derivative of the logarithm to the base 2": lambda x: 1 / (x * log(2)),
    "1, whatever x is": lambda x: 1.0,
}

_RELU_SLOPES: Formulas = {
    "1 also below zero": lambda x: 1.0,
    "x, the operand's number, where 1 is due": lambda x: x,
    "x above zero, where 1 is due": lambda x: max(0.0, x),
    "the slope of the other side: 1 below zero and 0 above": lambda x: float(x < 0),
    "1 above zero and -1 below": lambda x: 1.0 if x > 0 else -1.0,
    "1 above zero, and a little below it": lambda x: 1.0 if x > 0 else 0.01,
    "1 only for x above 1": lambda x: float(x > 1),
}

_PLUS_SLOPES: Formulas = {
    "the other operand's number: that is the rule of *": lambda a, b: b,
    "its own number": lambda a, b: a,
    "the result's number": lambda a, b: a + b,
    "the product of both": lambda a, b: a * b,
    "1 / the other operand's number": lambda a, b: 1 / b,
    "-1, so the sign is wrong": lambda a, b: -1.0,
    "2 where 1 is due": lambda a, b: 2.0,
    "0.5 where 1 is due": lambda a, b: 0.5,
}

_TIMES_SLOPES: Formulas = {
    "its own number, where the other factor's is due": lambda a, b: a,
    "1: that is the rule of +": lambda a, b: 1.0,
    "the product of both": lambda a, b: a * b,
    "the sum of both": lambda a, b: a + b,
    "the product, times the other factor": lambda a, b: a * b * b,
    "the product, times its own number": lambda a, b: a * a * b,
    "the other factor with the wrong sign": lambda a, b: -b,
    "1 / the other factor": lambda a, b: 1 / b,
    "twice the other factor": lambda a, b: 2 * b,
    "the other factor squared": lambda a, b: b**2,
}

_BASE_SLOPES: Formulas = {
    "n * x**n: the exponent does not go down by 1": lambda x, n: n * x**n,
    "x**(n - 1): the factor n is missing": lambda x, n: x ** (n - 1),
    "n * x: the power is missing": lambda x, n: n * x,
    "n alone": lambda x, n: n,
    "(n - 1) * x**n": lambda x, n: (n - 1) * x**n,
    "(n - 1) * x**(n - 1): the factor is one too small": lambda x, n: (n - 1) * x ** (n - 1),
    "(n - 1) * x**(n - 2): that is the rule for one power lower": lambda x, n: (n - 1) * x ** (n - 2),
    "n * x**(n + 1): the exponent goes up, not down": lambda x, n: n * x ** (n + 1),
    "n * x**(1 - n)": lambda x, n: n * x ** (1 - n),
    "n * n**(x - 1): base and exponent are swapped in the power": lambda x, n: n * n ** (x - 1),
    "x * n**(x - 1): base and exponent are swapped": lambda x, n: x * n ** (x - 1),
    "x**n, the result's number": lambda x, n: x**n,
    "log(x) * x**n: that is the exponent's share": lambda x, n: log(x) * x**n,
    "n * x * (n - 1): x to the power n - 1 is due, and powers are written **": lambda x, n: n * x * (n - 1),
    "n * x**n - 1: parentheses are missing around n - 1": lambda x, n: n * x**n - 1,
    "(n * x)**(n - 1): the factor n is inside the power": lambda x, n: (n * x) ** (n - 1),
    "n + x**(n - 1): the factor n is added": lambda x, n: n + x ** (n - 1),
    "n * (x - 1)**n": lambda x, n: n * (x - 1) ** n,
    "-n * x**(n - 1): the sign is wrong": lambda x, n: -n * x ** (n - 1),
    "2 * x, whatever the exponent is": lambda x, n: 2 * x,
    "1, whatever x is": lambda x, n: 1.0,
}

_EXPONENT_SLOPES: Formulas = {
    "b * a**(b - 1): that is the base's share": lambda a, b: b * a ** (b - 1),
    "a * b**(a - 1)": lambda a, b: a * b ** (a - 1),
    "log(a), without the factor a**b": lambda a, b: log(a),
    "a**b, without the factor log(a)": lambda a, b: a**b,
    # Where b is not positive, numpy's logarithm is not a number, which is not compared: see _gradient_hint of tensors.
    "log(b) * a**b: it is the logarithm of the base that is due": lambda a, b: log(b) * a**b if b > 0 else 0.0,
    "log(a**b) * a**b": lambda a, b: log(a**b) * a**b,
    "log(a) * a": lambda a, b: log(a) * a,
    "log(a) * b": lambda a, b: log(a) * b,
    "log(a) * b**a": lambda a, b: log(a) * b**a,
    "log(a) * a**(b - 1)": lambda a, b: log(a) * a ** (b - 1),
    "log(a) * a**(b + 1)": lambda a, b: log(a) * a ** (b + 1),
    "the logarithm to the base 10, where the natural one is due": lambda a, b: log10(a) * a**b,
    "the logarithm to the base 2, where the natural one is due": lambda a, b: log2(a) * a**b,
    "a**b / log(a)": lambda a, b: a**b / log(a),
    "1, whatever the numbers are": lambda a, b: 1.0,
    "the base's number": lambda a, b: a,
    "its own number": lambda a, b: b,
    "the share with the wrong sign": lambda a, b: -log(a) * a**b,
}

_DIVIDEND_SLOPES: Formulas = {
    "b, where 1 / b is due": lambda a, b: b,
    "1: as for + or -": lambda a, b: 1.0,
    "a / b, the result's number": lambda a, b: a / b,
    "1 / b**2": lambda a, b: 1 / b**2,
    "-1 / b: the sign is wrong": lambda a, b: -1 / b,
    "1 / a": lambda a, b: 1 / a,
    "a * b": lambda a, b: a * b,
    "-a / b**2: that is the share of b": lambda a, b: -a / b**2,
}

_DIVISOR_SLOPES: Formulas = {
    "a / b**2: the minus is missing": lambda a, b: a / b**2,
    "-a / b * 2: the square of b is due, and it is written b**2": lambda a, b: -a / b * 2,
    "-a / (2 * b): the square of b is due, and it is written b**2": lambda a, b: -a / (2 * b),
    "-a / b: the square is missing": lambda a, b: -a / b,
    "-1 / b**2: the factor a is missing": lambda a, b: -1 / b**2,
    "1 / b: that is the share of a": lambda a, b: 1 / b,
    "a / b, the result's number": lambda a, b: a / b,
    "-b / a**2": lambda a, b: -b / a**2,
    "1 / a": lambda a, b: 1 / a,
    "a": lambda a, b: a,
    "-a": lambda a, b: -a,
    "-a * b**2": lambda a, b: -a * b**2,
    "-(a / b)**2: b alone is squared": lambda a, b: -((a / b) ** 2),
    "-a / b**3": lambda a, b: -a / b**3,
    "-a / a**2": lambda a, b: -1 / a,
    "1 / b**2": lambda a, b: 1 / b**2,
    "-1 / b": lambda a, b: -1 / b,
    "1: as for +": lambda a, b: 1.0,
}

_MINUS_SLOPES: Formulas = {
    "1: the minus is missing": lambda a, b: 1.0,
    "the other operand's number": lambda a, b: a,
    "its own number": lambda a, b: b,
    "minus the other operand's number": lambda a, b: -a,
    "minus its own number": lambda a, b: -b,
}


def _swapped(formulas: Formulas) -> Formulas:
    """Return formulas about the second operand from those about the first."""

    def swap(formula: Callable[..., float]) -> Callable[..., float]:
        return lambda a, b: formula(b, a)

    return {text: swap(formula) for text, formula in formulas.items()}


_DERIVATIVES: dict[tuple[str, int], Formulas] = {
    ("add", 0): _PLUS_SLOPES,
    ("add", 1): _swapped(_PLUS_SLOPES),
    ("sub", 0): _PLUS_SLOPES,
    ("sub", 1): _MINUS_SLOPES,
    ("mul", 0): _TIMES_SLOPES,
    ("mul", 1): _swapped(_TIMES_SLOPES),
    ("div", 0): _DIVIDEND_SLOPES,
    ("div", 1): _DIVISOR_SLOPES,
    ("pow", 0): _BASE_SLOPES,
    ("pow", 1): _EXPONENT_SLOPES,
    ("add_const", 0): _PLUS_SLOPES,
    ("const_add", 0): _PLUS_SLOPES,
    ("sub_const", 0): _PLUS_SLOPES,
    ("const_sub", 0): _swapped(_MINUS_SLOPES),
    ("mul_const", 0): _TIMES_SLOPES,
    ("const_mul", 0): _TIMES_SLOPES,
    ("div_const", 0): _DIVIDEND_SLOPES,
    ("const_div", 0): _swapped(_DIVISOR_SLOPES),
    ("pow_const", 0): _BASE_SLOPES,
    ("const_pow", 0): _swapped(_EXPONENT_SLOPES),
    ("neg", 0): {
        "1: the minus is missing": lambda x: 1.0,
        "x, the operand's number": lambda x: x,
        "-x, the result's number": lambda x: -x,
    },
    ("exp", 0): _EXP_SLOPES,
    ("log", 0): _LOG_SLOPES,
    ("tanh", 0): _TANH_SLOPES,
    ("sigmoid", 0): _SIGMOID_SLOPES,
    ("relu", 0): _RELU_SLOPES,
}


def derivative_formulas(name: str, operand: int) -> tuple[Formulas, Formulas]:
    """Return what an operation may pass on to an operand by mistake, where the upstream gradient is 1.

    Returns:
        The slips of this operation, and those of any operation, in which to look only if none of the former agrees.
    """
    general: Formulas = {
        "minus the right derivative: the sign is wrong": lambda *point: -derivative(name, operand, point),
        "twice the right derivative": lambda *point: 2 * derivative(name, operand, point),
        "half of the right derivative": lambda *point: derivative(name, operand, point) / 2,
        "the right derivative times the result's number": lambda *point: (
            derivative(name, operand, point) * value(name, point)
        ),
        "the right derivative squared": lambda *point: derivative(name, operand, point) ** 2,
        "the result's number": lambda *point: value(name, point),
        "the right derivative plus 1, as if out.grad (1 here) were added, where it multiplies": lambda *point: (
            derivative(name, operand, point) + 1
        ),
        "1 whatever the numbers are": lambda *point: 1.0,
    }
    return _DERIVATIVES.get((name, operand), {}), general
