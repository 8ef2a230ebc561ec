"""a3, activations: exp, log, tanh, sigmoid and relu, and what can be built of them."""

from gradkit.suite import (
    check_forward,
    check_gradients,
    expect,
    expressions,
    graded,
    random_graphs,
)

VALUES = "a1_expressions/"
GRADIENTS = "a2_backprop/"
ADDED_AND_MULTIPLIED = (VALUES + "test_addition", VALUES + "test_multiplication")
PASSED_BACK = (GRADIENTS + "test_addition_gradient", GRADIENTS + "test_multiplication_gradient")
COLLECTED = (GRADIENTS + "test_addition_collects", GRADIENTS + "test_multiplication_collects")


# --- exp -------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "x.exp() is e to the power of x",
    about=("Value.exp",),
    needs=ADDED_AND_MULTIPLIED,
    corpus=random_graphs("exp"),
)
def test_exp(Value, corpus):
    check_forward(Value, corpus)


@graded(
    1,
    "exp is its own derivative",
    about=("Value.exp",),
    needs=("test_exp", *PASSED_BACK),
    corpus=random_graphs("exp"),
)
def test_exp_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    1,
    "x.exp() + x: exp collects with +=",
    about=("Value.exp",),
    needs=("test_exp_gradient", *COLLECTED),
    corpus=random_graphs("exp", reuse="leaves"),
)
def test_exp_collects(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "exp of large and small numbers, and its gradient: exp(25) and exp(-25)",
    about=("Value.exp",),
    needs="test_exp_gradient",
    corpus=expressions(
        "exp_of_large_and_small_numbers",
        (lambda x: x.exp(), (25.0,)),
        (lambda x, k: x.exp() * k, (25.0, 2.0)),
        (lambda x, k: x.exp() * k, (-25.0, 1e10)),
    ),
)
def test_exp_of_large_and_small_numbers(Value, corpus):
    check_gradients(Value, corpus)


# --- log -------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "x.log() is the natural logarithm",
    about=("Value.log",),
    needs=ADDED_AND_MULTIPLIED,
    corpus=random_graphs("log"),
)
def test_log(Value, corpus):
    check_forward(Value, corpus)


@graded(
    1,
    "The derivative of log is 1 / x",
    about=("Value.log",),
    needs=("test_log", *PASSED_BACK),
    corpus=random_graphs("log"),
)
def test_log_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    1,
    "x.log() + x: log collects with +=",
    about=("Value.log",),
    needs=("test_log_gradient", *COLLECTED),
    corpus=random_graphs("log", reuse="leaves"),
)
def test_log_collects(Value, corpus):
    check_gradients(Value, corpus)


# --- tanh ------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "x.tanh() squashes to (-1, 1)",
    about=("Value.tanh",),
    needs=ADDED_AND_MULTIPLIED,
    corpus=random_graphs("tanh"),
)
def test_tanh(Value, corpus):
    check_forward(Value, corpus)


@graded(
    1,
    "With t = tanh(x), the derivative is 1 - t**2",
    about=("Value.tanh",),
    needs=("test_tanh", *PASSED_BACK),
    corpus=random_graphs("tanh"),
)
def test_tanh_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    1,
    "x.tanh() + x: tanh collects with +=",
    about=("Value.tanh",),
    needs=("test_tanh_gradient", *COLLECTED),
    corpus=random_graphs("tanh", reuse="leaves"),
)
def test_tanh_collects(Value, corpus):
    check_gradients(Value, corpus)


# --- sigmoid ---------------------------------------------------------------------------------------------------------


@graded(
    1,
    "x.sigmoid() squashes to (0, 1)",
    about=("Value.sigmoid",),
    needs=ADDED_AND_MULTIPLIED,
    corpus=random_graphs("sigmoid"),
)
def test_sigmoid(Value, corpus):
    check_forward(Value, corpus)


@graded(
    1,
    "With s = sigmoid(x), the derivative is s * (1 - s)",
    about=("Value.sigmoid",),
    needs=("test_sigmoid", *PASSED_BACK),
    corpus=random_graphs("sigmoid"),
)
def test_sigmoid_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    1,
    "x.sigmoid() + x: sigmoid collects with +=",
    about=("Value.sigmoid",),
    needs=("test_sigmoid_gradient", *COLLECTED),
    corpus=random_graphs("sigmoid", reuse="leaves"),
)
def test_sigmoid_collects(Value, corpus):
    check_gradients(Value, corpus)


# --- relu ------------------------------------------------------------------------------------------------------------


@graded(
    1,
    "x.relu() cuts below zero",
    about=("Value.relu",),
    needs=ADDED_AND_MULTIPLIED,
    corpus=random_graphs("relu"),
)
def test_relu(Value, corpus):
    check_forward(Value, corpus)


@graded(
    0.5,
    "A function leaves its operand as it was",
    about=("Value.exp", "Value.log", "Value.tanh", "Value.sigmoid", "Value.relu"),
    needs=("test_exp", "test_log", "test_tanh", "test_sigmoid", "test_relu"),
)
def test_operands_of_functions_stay_as_they_were(Value):
    x, y = Value(-2.0), Value(2.0)
    x.exp(), y.log(), x.tanh(), x.sigmoid(), x.relu()
    expect(x.data, -2.0)
    expect(y.data, 2.0)


@graded(
    1,
    "relu lets the gradient through above zero only",
    about=("Value.relu",),
    needs=("test_relu", *PASSED_BACK, GRADIENTS + "test_a_factor_of_zero_gradient"),
    corpus=random_graphs("relu"),
)
def test_relu_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    1,
    "x.relu() + x: relu collects with +=",
    about=("Value.relu",),
    needs=("test_relu_gradient", *COLLECTED),
    corpus=random_graphs("relu", reuse="leaves"),
)
def test_relu_collects(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    0.5,
    "relu at exactly 0 lets nothing through, as in PyTorch",
    about=("Value.relu",),
    needs="test_relu_gradient",
    corpus=expressions(
        "relu_at_zero",
        (lambda x: x.relu(), (0.0,)),
        (lambda x, k: x.relu() * k, (0.0, 3.0)),
        (lambda x, y: x.relu() + y, (0.0, 2.0)),
    ),
)
def test_relu_at_zero(Value, corpus):
    check_gradients(Value, corpus)


# --- all together ----------------------------------------------------------------------------------------------------


@graded(
    1,
    "Large inputs do not overflow: tanh and sigmoid at 1000 and -1000",
    about=("Value.tanh", "Value.sigmoid"),
    needs=("test_tanh_gradient", "test_sigmoid_gradient"),
)
def test_stability(Value):
    high, low = Value(1000.0), Value(-1000.0)
    expect(high.tanh().data, 1.0)
    expect(low.tanh().data, -1.0)
    expect(high.sigmoid().data, 1.0)
    expect(low.sigmoid().data, 0.0)
    total = high.tanh() + low.tanh() + high.sigmoid() + low.sigmoid()
    total.backward()
    expect(high.grad, 0.0)
    expect(low.grad, 0.0)


@graded(
    1,
    "A neuron squashes a weighted sum: tanh(x1*w1 + x2*w2 + b)",
    about=("Value.tanh",),
    needs=("test_tanh_gradient", *PASSED_BACK),
    corpus=expressions(
        "neuron",
        (lambda x1, w1, x2, w2, b: (x1 * w1 + x2 * w2 + b).tanh(), (2.0, -3.0, 0.5, 1.0, 6.2)),
        (lambda x1, w1, x2, w2, b: (x1 * w1 + x2 * w2 + b).tanh(), (-1.0, 0.5, 2.0, 0.8, -0.3)),
    ),
)
def test_neuron(Value, corpus):
    check_gradients(Value, corpus)


def softmax(a, b, c):
    """The probability that softmax gives to the first of three scores."""
    scores = [a.exp(), b.exp(), c.exp()]
    return scores[0] / sum(scores)


SOFTMAX = expressions("softmax", (softmax, (1.0, 2.0, 3.0)), (softmax, (-0.5, 0.5, 0.0)), (softmax, (2.0, 2.0, 2.0)))


@graded(
    1,
    "softmax turns three scores into probabilities: exp of one over the sum of all",
    about=("Value.exp",),
    needs=("test_exp", VALUES + "test_division", VALUES + "test_sum"),
    corpus=SOFTMAX,
)
def test_softmax(Value, corpus):
    check_forward(Value, corpus)


@graded(
    1,
    "softmax and its gradient: one probability rises, the others fall",
    about=("Value.exp",),
    needs=(
        "test_exp_collects",
        "test_softmax",
        GRADIENTS + "test_division_gradient",
        GRADIENTS + "test_sum_gradient",
        GRADIENTS + "test_a_node_waits_for_all_its_uses",
    ),
    corpus=SOFTMAX,
)
def test_softmax_gradient(Value, corpus):
    check_gradients(Value, corpus)


@graded(
    1.5,
    "Larger expressions, of all five functions",
    about=("Value.exp", "Value.log", "Value.tanh", "Value.sigmoid", "Value.relu"),
    needs=(
        "test_operands_of_functions_stay_as_they_were",
        "test_exp_collects",
        "test_log_collects",
        "test_tanh_collects",
        "test_sigmoid_collects",
        "test_relu_collects",
        GRADIENTS + "test_a_node_waits_for_all_its_uses",
    ),
    corpus=random_graphs("exp", "log", "tanh", "sigmoid", "relu", reuse="nodes", size=10),
)
def test_larger_expressions_of_functions(Value, corpus):
    check_gradients(Value, corpus)
