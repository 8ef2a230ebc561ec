"""a2, backpropagation: each operation passes its gradient on, times its local derivative, and collects with +=."""

from gradkit.suite import check_gradients, expect, expressions, graded, random_graphs

VALUES = "a1_expressions/"
ONE_OPERAND = VALUES + "test_a_single_operand_is_remembered"


@graded(
    1,
    "The result answers to itself one to one: its own gradient is 1",
    about=("Value.backward",),
    needs=(VALUES + "test_addition", VALUES + "test_a_result_remembers_its_parents"),
)
def test_the_result_answers_to_itself(Value):
    f = Value(2.0) + Value(3.0)
    f.backward()
    expect(f.grad, 1.0)


@graded(
    0.5,
    "The gradient travels all the way back: (a + b) + c",
    about=("Value.backward", "Value.__add__"),
    needs="test_the_result_answers_to_itself",
    corpus=expressions("all_the_way_back", (lambda a, b, c: (a + b) + c, (2.0, 3.0, 7.0))),
)
def test_the_gradient_travels_all_the_way(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "Nodes with equal numbers are different nodes: (a + b) + (c + d)",
    about=("Value.backward",),
    needs="test_the_gradient_travels_all_the_way",
    corpus=expressions("equal_numbers", (lambda a, b, c, d: (a + b) + (c + d), (1.0, 2.0, 1.0, 2.0))),
)
def test_equal_numbers_are_different_nodes(Value, corpus):
    check_gradients(Value, corpus)


# --- + ---------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "Addition passes its gradient on to both",
    about=("Value.__add__",),
    needs="test_equal_numbers_are_different_nodes",
    corpus=random_graphs("add"),
)
def test_addition_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    1,
    "a + a: a Value used twice collects from both uses",
    about=("Value.__add__",),
    needs="test_addition_gradient",
    corpus=random_graphs("add", reuse="leaves"),
)
def test_addition_collects(Value, corpus):
    check_gradients(Value, corpus)


# --- * ---------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "Multiplication passes each factor the other one",
    about=("Value.__mul__",),
    needs=("test_addition_gradient", VALUES + "test_multiplication"),
    corpus=random_graphs("mul"),
)
def test_multiplication_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    1,
    "x * x: a factor used twice collects from both uses",
    about=("Value.__mul__",),
    needs=("test_multiplication_gradient", "test_addition_collects"),
    corpus=random_graphs("mul", reuse="leaves"),
)
def test_multiplication_collects(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "A factor of 0: it gets the other factor, and the other gets 0",
    about=("Value.__mul__",),
    needs="test_multiplication_gradient",
    corpus=expressions(
        "a_factor_of_zero",
        (lambda a, b: a * b, (0.0, 3.0)),
        (lambda a, b: a * b, (3.0, 0.0)),
        (lambda a, b, c: a * b + c, (0.0, 0.0, 2.0)),
        (lambda a, b, c: a * b * c, (0.0, 3.0, 2.0)),
    ),
)
def test_a_factor_of_zero_gradient(Value, corpus):
    check_gradients(Value, corpus)


# --- + and * with a plain number -------------------------------------------------------------------------------------


@graded(
    0.5,
    "x + 2 and its gradient",
    about=("Value.__add__",),
    needs=("test_multiplication_collects", VALUES + "test_value_plus_number"),
    corpus=random_graphs("add_const", reuse="leaves"),
)
def test_value_plus_number_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "2 + x and its gradient",
    about=("Value.__radd__",),
    needs=("test_value_plus_number_gradient", VALUES + "test_number_plus_value"),
    corpus=random_graphs("const_add", reuse="leaves"),
)
def test_number_plus_value_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "sum([x, y, x]) passes its gradient on",
    about=("Value.__radd__",),
    needs=("test_addition_collects", "test_number_plus_value_gradient"),
)
def test_sum_gradient(Value):
    x, y = Value(1.0), Value(2.5)
    total = sum([x, y, x])
    total.backward()
    expect(x.grad, 2.0)
    expect(y.grad, 1.0)


@graded(
    0.5,
    "x * 2 and its gradient",
    about=("Value.__mul__",),
    needs=("test_multiplication_collects", VALUES + "test_value_times_number"),
    corpus=random_graphs("mul_const", reuse="leaves"),
)
def test_value_times_number_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "2 * x and its gradient",
    about=("Value.__rmul__",),
    needs=("test_value_times_number_gradient", VALUES + "test_number_times_value"),
    corpus=random_graphs("const_mul", reuse="leaves"),
)
def test_number_times_value_gradient(Value, corpus):
    check_gradients(Value, corpus)


# --- - ---------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "-x and its gradient",
    about=("Value.__neg__",),
    needs=("test_multiplication_collects", "test_a_factor_of_zero_gradient", ONE_OPERAND),
    corpus=random_graphs("neg", reuse="leaves"),
)
def test_negation_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    1,
    "Subtraction passes the second operand minus its gradient",
    about=("Value.__sub__",),
    needs=("test_negation_gradient", VALUES + "test_subtraction"),
    corpus=random_graphs("sub", reuse="leaves"),
)
def test_subtraction_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "x - 2 and its gradient",
    about=("Value.__sub__",),
    needs=("test_subtraction_gradient", "test_value_plus_number_gradient", VALUES + "test_value_minus_number"),
    corpus=random_graphs("sub_const", reuse="leaves"),
)
def test_value_minus_number_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "2 - x and its gradient",
    about=("Value.__rsub__",),
    needs=("test_subtraction_gradient", "test_number_plus_value_gradient", VALUES + "test_number_minus_value"),
    corpus=random_graphs("const_sub", reuse="leaves"),
)
def test_number_minus_value_gradient(Value, corpus):
    check_gradients(Value, corpus)


# --- ** --------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "x ** 2 and its gradient, 2 * x",
    about=("Value.__pow__",),
    needs=("test_multiplication_collects", ONE_OPERAND),
    corpus=random_graphs("pow_const", constants=(2,), reuse="leaves"),
)
def test_square_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "x ** -1 and its gradient",
    about=("Value.__pow__",),
    needs=("test_square_gradient", VALUES + "test_inverse"),
    corpus=random_graphs("pow_const", constants=(-1,), reuse="leaves"),
)
def test_inverse_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "x ** 0.5 and its gradient",
    about=("Value.__pow__",),
    needs=("test_square_gradient", VALUES + "test_square_root"),
    corpus=random_graphs("pow_const", constants=(0.5,), reuse="leaves"),
)
def test_square_root_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "Powers of zero and negative numbers, and their gradients",
    about=("Value.__pow__",),
    needs=("test_square_gradient", "test_inverse_gradient", VALUES + "test_powers_of_zero_and_negative_numbers"),
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
def test_powers_of_zero_and_negative_numbers_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    1,
    "a ** b passes a gradient to the base and to the exponent",
    about=("Value.__pow__",),
    needs=("test_square_gradient", VALUES + "test_power_of_two_values"),
    corpus=random_graphs("pow", reuse="leaves"),
)
def test_power_of_two_values_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "2 ** x and its gradient",
    about=("Value.__rpow__",),
    needs=("test_power_of_two_values_gradient", VALUES + "test_number_to_the_value"),
    corpus=random_graphs("const_pow", reuse="leaves"),
)
def test_number_to_the_value_gradient(Value, corpus):
    check_gradients(Value, corpus)


# --- / ---------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "a / b passes both operands their gradient",
    about=("Value.__truediv__",),
    needs=("test_inverse_gradient", VALUES + "test_division"),
    corpus=random_graphs("div", reuse="leaves"),
)
def test_division_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "x / 2 and its gradient",
    about=("Value.__truediv__",),
    needs=("test_division_gradient", "test_value_times_number_gradient", VALUES + "test_value_over_number"),
    corpus=random_graphs("div_const", reuse="leaves"),
)
def test_value_over_number_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "2 / x and its gradient",
    about=("Value.__rtruediv__",),
    needs=("test_division_gradient", "test_number_times_value_gradient", VALUES + "test_number_over_value"),
    corpus=random_graphs("const_div", reuse="leaves"),
)
def test_number_over_value_gradient(Value, corpus):
    check_gradients(Value, corpus)
