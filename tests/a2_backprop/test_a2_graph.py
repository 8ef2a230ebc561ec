"""a2, backpropagation: the whole graph. Order, accumulation, the cost and the depth of backward()."""

from gradkit.suite import (
    Graph,
    answers_to,
    check_gradients,
    check_inner_gradients,
    check_linear_cost,
    expect,
    expressions,
    graded,
    random_graphs,
)

VALUES = "a1_expressions/"
COLLECTS = ("test_addition_collects", "test_multiplication_collects")


# --- the story's expressions -----------------------------------------------------------------------------------------


@graded(
    1,
    "d = a + b; e = c * g; f = d + e: the gradients of f at a = 10, b = 5, c = 7, g = 10",
    about=("Value.backward", "Value.__add__", "Value.__mul__"),
    needs=("test_addition_gradient", "test_multiplication_gradient"),
    corpus=expressions("first_backpropagation", (lambda a, b, c, g: (a + b) + c * g, (10.0, 5.0, 7.0, 10.0))),
)
def test_first_backpropagation(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    1,
    "Nudge a by 0.1, and f moves by about 0.1 times a's gradient: it predicts",
    about=("Value.backward", "Value.__add__", "Value.__mul__"),
    needs="test_first_backpropagation",
)
def test_a_gradient_predicts_a_nudge(Value):
    a, b, c, g = Value(10.0), Value(5.0), Value(7.0), Value(10.0)
    f = (a + b) + c * g
    f.backward()
    nudged_a = (Value(10.1) + b) + c * g
    nudged_c = (a + b) + Value(7.1) * g
    expect(f.data, 85.0)
    expect(nudged_a.data, 85.1)
    expect(0.1 * a.grad, nudged_a.data - f.data)
    expect(0.1 * c.grad, nudged_c.data - f.data)


@graded(
    1,
    "e = (a + b) ** (a * b) at a = 3, b = 4: de/da and de/db",
    about=("Value.__add__", "Value.__mul__", "Value.__pow__"),
    needs="test_power_of_two_values_gradient",
    corpus=expressions("seven_to_the_twelfth", (lambda a, b: (a + b) ** (a * b), (3.0, 4.0))),
)
def test_seven_to_the_twelfth_gradient(Value, corpus):
    check_gradients(Value, corpus)


# --- order and accumulation ------------------------------------------------------------------------------------------


def twice_twice(a):
    b = a + a
    return b + b


@graded(
    1,
    "a = 1; b = a + a; c = b + b: the gradient of a is 4",
    about=("Value.backward", "Value.__add__"),
    needs="test_addition_collects",
    corpus=expressions("twice_twice", (twice_twice, (1.0,))),
)
def test_twice_twice(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    2,
    "A node passes on only what it has wholly received: topological order, backwards",
    about=("Value.backward",),
    needs=(*COLLECTS, "test_twice_twice"),
    corpus=random_graphs("add", "mul", reuse="nodes", size=10),
)
def test_a_node_waits_for_all_its_uses(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    1,
    "Inner nodes get their gradient too, not only the leaves",
    about=("Value.backward",),
    needs="test_a_node_waits_for_all_its_uses",
    corpus=random_graphs("add", "mul", reuse="nodes", size=6),
)
def test_inner_nodes_have_gradients(Value, corpus):
    check_inner_gradients(Value, corpus)


@graded(
    1,
    "Two results that share a leaf add up in it",
    about=("Value.backward", "Value.__add__", "Value.__mul__"),
    needs="test_multiplication_collects",
)
def test_two_results_share_a_leaf(Value):
    x, y = Value(3.0), Value(2.0)
    (x * y).backward()
    (x * x).backward()
    expect(x.grad, 8.0)
    expect(y.grad, 3.0)


@graded(
    1,
    "With its gradient set back to 0, a leaf is ready for a fresh graph",
    about=("Value.backward",),
    needs="test_multiplication_collects",
)
def test_a_fresh_graph_after_zero(Value):
    x = Value(3.0)
    (x * x).backward()
    x.grad = 0.0
    (x * x * x).backward()
    expect(x.grad, 27.0)


@graded(
    1.5,
    "Larger expressions, of everything so far but a ** b",
    about=("Value.__add__", "Value.__mul__", "Value.__sub__", "Value.__pow__", "Value.__truediv__"),
    needs=(
        "test_a_node_waits_for_all_its_uses",
        "test_negation_gradient",
        "test_subtraction_gradient",
        "test_division_gradient",
        "test_number_plus_value_gradient",
        "test_number_times_value_gradient",
        "test_value_minus_number_gradient",
        "test_number_minus_value_gradient",
        "test_value_over_number_gradient",
        "test_number_over_value_gradient",
        "test_square_root_gradient",
        "test_powers_of_zero_and_negative_numbers_gradient",
    ),
    corpus=random_graphs(
        *("add", "mul", "neg", "sub", "div", "const_add", "sub_const"),
        *("const_sub", "const_mul", "div_const", "const_div", "pow_const"),
        reuse="nodes",
        size=14,
    ),
)
def test_larger_expressions_gradient(Value, corpus):
    check_gradients(Value, corpus)


# --- cost and depth --------------------------------------------------------------------------------------------------


def repeated(levels):
    """y = y * k + y, again and again: short to write, but it has 2**levels paths from y back to its start."""
    steps, y = [], 0
    for _ in range(levels):
        product = 2 + len(steps)
        steps += [("mul", y, 1), ("add", product, y)]
        y = product + 1
    return Graph((1.0, 0.5), steps)


def tournament(leaves):
    """The sum of many leaves, added up in pairs: wide, and only as deep as its logarithm."""
    steps, row = [], list(range(leaves))
    while len(row) > 1:
        made = range(leaves + len(steps), leaves + len(steps) + len(row) // 2)
        steps += [("add", a, b) for a, b in zip(row[::2], row[1::2])]
        row = [*made, *row[len(row) - len(row) % 2 :]]
    return Graph([0.5] * leaves, steps)


TOTAL = tournament(8000)
TOTAL_TIMES_A_LEAF = Graph(TOTAL.inputs, [*TOTAL.steps, ("mul", TOTAL.output, 0)])  # an upstream gradient that is not 1
CHAIN = Graph((1.0, 0.001), [("add", 0, 1), *(("add", node, 1) for node in range(2, 20_001))])


@graded(
    1,
    "backward() visits each node once: y = y * k + y, 24 times over",
    about=("Value.backward",),
    needs=(*COLLECTS, "test_a_node_waits_for_all_its_uses"),
)
def test_cost_is_linear_in_depth(Value):
    code = (
        "from engine import Value",
        "y, k = Value(1.0), Value(0.5)",
        "for _ in range(24):",
        "    y = y * k + y",
        "y.backward()",
    )
    check_linear_cost(Value, [repeated(levels) for levels in (4, 8, 12, 24)], code)
    (answer,) = answers_to(Value, [repeated(24)], backward=True).answers  # a backward() that does nothing is no bargain
    expect(answer.grad[0], 1.5**24)


@graded(
    1,
    "backward() finds all gradients in one pass: 8,000 leaves",
    about=("Value.backward",),
    needs=COLLECTS,
)
def test_cost_is_linear_in_leaves(Value):
    code = (
        "from engine import Value",
        "row = [Value(0.5) for _ in range(200)]",
        "while len(row) > 1:",
        "    row = [a + b for a, b in zip(row[::2], row[1::2])] + row[len(row) - len(row) % 2 :]",
        "row[0].backward()",
    )
    check_linear_cost(Value, [tournament(20), tournament(200)], code)
    (answer,) = answers_to(Value, [TOTAL_TIMES_A_LEAF], backward=True).answers
    expect(answer.grad[0], 4000.5)
    expect(answer.grad[7999], 0.5)


@graded(
    1,
    "Graphs get deep: a chain of 20,000 additions",
    about=("Value.backward",),
    needs=COLLECTS,
)
def test_depth(Value):
    (answer,) = answers_to(Value, [CHAIN], backward=True).answers
    expect(answer.grad[1], 20_000.0)
