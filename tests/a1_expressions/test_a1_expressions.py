"""a1, expressions: every operation makes a new Value with the right number, and remembers what it was made from."""

from gradkit.suite import check_forward, expect, expressions, graded, random_graphs

ARITHMETIC = ("add", "mul", "neg", "sub", "div")
WITH_NUMBERS = ("const_add", "sub_const", "const_sub", "const_mul", "div_const", "const_div", "pow_const")


@graded(
    1,
    "Value(3.0) keeps its number, and its gradient starts at 0",
    about=("Value.__init__",),
)
def test_a_value_keeps_its_number(Value):
    x = Value(3.0)
    expect(x.data, 3.0)
    expect(x.grad, 0.0)
    y = Value(0.123456789)
    expect(y.data, 0.123456789)


# --- + ---------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "a + b adds",
    about=("Value.__add__",),
    needs="test_a_value_keeps_its_number",
    corpus=random_graphs("add"),
)
def test_addition(Value, corpus):
    check_forward(Value, corpus)


# --- * ---------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "a * b multiplies",
    about=("Value.__mul__",),
    needs="test_addition",
    corpus=random_graphs("mul"),
)
def test_multiplication(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "Numbers keep all their digits",
    about=("Value.__init__", "Value.__add__", "Value.__mul__"),
    needs="test_multiplication",
)
def test_numbers_keep_all_their_digits(Value):
    c = Value(12345678.9) + Value(-12345678.0)
    d = Value(12345.6789) * Value(1.000000001) + Value(-12345.6789)
    expect(c.data, 12345678.9 - 12345678.0)
    expect(d.data, 12345.6789 * 1.000000001 - 12345.6789)


# --- + and * with a plain number -------------------------------------------------------------------------------------


@graded(
    0.5,
    "x + 2 takes a plain number",
    about=("Value.__add__",),
    needs=("test_addition", "test_multiplication"),
    corpus=random_graphs("add_const", reuse="leaves"),
)
def test_value_plus_number(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "2 + x has the number in front",
    about=("Value.__radd__",),
    needs="test_value_plus_number",
    corpus=random_graphs("const_add", reuse="leaves"),
)
def test_number_plus_value(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "sum([x, y]) starts from 0, so 0 + x must work",
    about=("Value.__radd__",),
    needs=("test_addition", "test_number_plus_value"),
)
def test_sum(Value):
    x, y, z = Value(1.0), Value(2.5), Value(-4.0)
    total = sum([x, y, z])
    expect(total.data, -0.5)


@graded(
    0.5,
    "x * 2 takes a plain number",
    about=("Value.__mul__",),
    needs="test_multiplication",
    corpus=random_graphs("mul_const", reuse="leaves"),
)
def test_value_times_number(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "2 * x has the number in front",
    about=("Value.__rmul__",),
    needs="test_value_times_number",
    corpus=random_graphs("const_mul", reuse="leaves"),
)
def test_number_times_value(Value, corpus):
    check_forward(Value, corpus)


# --- - ---------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "-x changes the sign",
    about=("Value.__neg__",),
    needs="test_multiplication",
    corpus=random_graphs("neg", reuse="leaves"),
)
def test_negation(Value, corpus):
    check_forward(Value, corpus)


@graded(
    1,
    "a - b subtracts",
    about=("Value.__sub__",),
    needs="test_negation",
    corpus=random_graphs("sub", reuse="leaves"),
)
def test_subtraction(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "x - 2 takes a plain number",
    about=("Value.__sub__",),
    needs=("test_subtraction", "test_value_plus_number"),
    corpus=random_graphs("sub_const", reuse="leaves"),
)
def test_value_minus_number(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "2 - x is not x - 2",
    about=("Value.__rsub__",),
    needs=("test_subtraction", "test_number_plus_value"),
    corpus=random_graphs("const_sub", reuse="leaves"),
)
def test_number_minus_value(Value, corpus):
    check_forward(Value, corpus)


# --- ** --------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "x ** 2 squares",
    about=("Value.__pow__",),
    needs="test_multiplication",
    corpus=random_graphs("pow_const", constants=(2,), reuse="leaves"),
)
def test_square(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "x ** -1 inverts",
    about=("Value.__pow__",),
    needs="test_multiplication",
    corpus=random_graphs("pow_const", constants=(-1,), reuse="leaves"),
)
def test_inverse(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "x ** 0.5 is the square root",
    about=("Value.__pow__",),
    needs="test_multiplication",
    corpus=random_graphs("pow_const", constants=(0.5,), reuse="leaves"),
)
def test_square_root(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "Zero and negative numbers have powers too",
    about=("Value.__pow__",),
    needs=("test_square", "test_inverse"),
    corpus=expressions(
        "powers_of_zero_and_negative_numbers",
        (lambda x: x**2, (0.0,)),
        (lambda x: x**3, (0.0,)),
        (lambda x: x**3, (-2.0,)),
        (lambda x: x**-2, (-2.0,)),
        (lambda x: x**0, (3.0,)),
        (lambda x: x**1, (0.0,)),
    ),
)
def test_powers_of_zero_and_negative_numbers(Value, corpus):
    check_forward(Value, corpus)


@graded(
    1,
    "a ** b also takes a Value as exponent",
    about=("Value.__pow__",),
    needs=("test_square", "test_inverse", "test_square_root"),
    corpus=random_graphs("pow", reuse="leaves"),
)
def test_power_of_two_values(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "2 ** x has the number in front",
    about=("Value.__rpow__",),
    needs="test_power_of_two_values",
    corpus=random_graphs("const_pow", reuse="leaves"),
)
def test_number_to_the_value(Value, corpus):
    check_forward(Value, corpus)


# --- / ---------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "a / b divides",
    about=("Value.__truediv__",),
    needs="test_inverse",
    corpus=random_graphs("div", reuse="leaves"),
)
def test_division(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "x / 2 takes a plain number",
    about=("Value.__truediv__",),
    needs=("test_division", "test_value_times_number"),
    corpus=random_graphs("div_const", reuse="leaves"),
)
def test_value_over_number(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "2 / x is not x / 2",
    about=("Value.__rtruediv__",),
    needs=("test_division", "test_number_times_value"),
    corpus=random_graphs("const_div", reuse="leaves"),
)
def test_number_over_value(Value, corpus):
    check_forward(Value, corpus)


# --- the graph -------------------------------------------------------------------------------------------------------


@graded(
    0.5,
    "A result remembers its parents: _prev holds the operands themselves",
    about=("Value.__init__", "Value.__add__", "Value.__mul__"),
    needs="test_multiplication",
)
def test_a_result_remembers_its_parents(Value):
    a, b = Value(2.0), Value(3.0)
    c = a + b
    d = a * b
    expect(len(c._prev), 2)
    expect(len(d._prev), 2)
    a.data, b.data = 20.0, 300.0  # whoever holds a and b themselves sees these numbers
    expect(sum(parent.data for parent in c._prev), 320.0)
    expect(sum(parent.data for parent in d._prev), 320.0)
    expect(len(a._prev), 0)


@graded(
    0.5,
    "-x and x ** 2 remember x: _prev holds it, too, where there is one operand",
    about=("Value.__neg__", "Value.__pow__"),
    needs=("test_a_result_remembers_its_parents", "test_negation", "test_square"),
)
def test_a_single_operand_is_remembered(Value):
    x = Value(2.0)
    minus = -x
    square = x**2
    x.data = 20.0  # the other parents, if there are any, are smaller
    expect(max((parent.data for parent in minus._prev), default=0.0), 20.0)
    expect(max((parent.data for parent in square._prev), default=0.0), 20.0)


@graded(
    0.5,
    "An operation leaves its operands as they were",
    about=("Value.__add__", "Value.__mul__", "Value.__sub__", "Value.__pow__", "Value.__truediv__"),
    needs=("test_negation", "test_subtraction", "test_square", "test_division"),
)
def test_operands_stay_as_they_were(Value):
    a, b = Value(2.0), Value(3.0)
    a + b, a * b, -a, a - b, a**2, a / b
    expect(a.data, 2.0)
    expect(b.data, 3.0)
    total = difference = product = power = quotient = a
    total += b
    expect(a.data, 2.0)
    difference -= b
    expect(a.data, 2.0)
    product *= b
    expect(a.data, 2.0)
    power **= 2
    expect(a.data, 2.0)
    quotient /= b
    expect(a.data, 2.0)
    expect(total.data, 5.0)
    expect(product.data, 6.0)


@graded(
    1,
    "c = a + b; d = a * b; e = c ** d: with a = 3 and b = 4, e is 7**12",
    about=("Value.__add__", "Value.__mul__", "Value.__pow__"),
    needs="test_power_of_two_values",
    corpus=expressions("seven_to_the_twelfth", (lambda a, b: (a + b) ** (a * b), (3.0, 4.0))),
)
def test_seven_to_the_twelfth(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "Whole numbers are numbers too: Value(3) and Value(4)",
    about=("Value.__init__", "Value.__truediv__"),
    needs="test_value_over_number",
)
def test_whole_numbers(Value):
    a, b = Value(3), Value(4)
    c = a / b
    d = b / 8
    expect(a.data, 3)
    expect(c.data, 0.75)
    expect(d.data, 0.5)


@graded(
    1.5,
    "Larger expressions, of everything so far but a ** b",
    about=("Value.__add__", "Value.__mul__", "Value.__sub__", "Value.__pow__", "Value.__truediv__"),
    needs=(
        "test_negation",
        "test_subtraction",
        "test_division",
        "test_powers_of_zero_and_negative_numbers",
        "test_square_root",
        "test_number_plus_value",
        "test_number_times_value",
        "test_value_minus_number",
        "test_number_minus_value",
        "test_value_over_number",
        "test_number_over_value",
    ),
    corpus=random_graphs(*ARITHMETIC, *WITH_NUMBERS, reuse="nodes", size=14),
)
def test_larger_expressions(Value, corpus):
    check_forward(Value, corpus)
