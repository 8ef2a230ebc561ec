"""a5, training: losses and what an output says."""

from math import log

from gradkit.suite import check_loss, check_loss_gradients, expect, expect_class, graded, losses

VALUES = "a1_expressions/"
GRADIENTS = "a2_backprop/"
FUNCTIONS = "a3_activations/"
SUMS = (
    *(VALUES + "test_sum", VALUES + "test_addition", VALUES + "test_subtraction", VALUES + "test_negation"),
    *(VALUES + "test_value_times_number", VALUES + "test_value_minus_number", VALUES + "test_value_over_number"),
)
SQUARES = (*SUMS, VALUES + "test_square", VALUES + "test_powers_of_zero_and_negative_numbers")
MARGINS = (*(*SUMS, VALUES + "test_number_minus_value", VALUES + "test_number_times_value", FUNCTIONS + "test_relu"),)
LOGARITHMS = (
    *(*SUMS, VALUES + "test_number_plus_value", VALUES + "test_number_times_value"),
    *(FUNCTIONS + "test_exp", FUNCTIONS + "test_log"),
)
SHARES = (*SUMS, VALUES + "test_division", FUNCTIONS + "test_exp")
PASSED_BACK = (
    *(GRADIENTS + "test_addition_gradient", GRADIENTS + "test_subtraction_gradient", GRADIENTS + "test_sum_gradient"),
    *(GRADIENTS + "test_value_times_number_gradient", GRADIENTS + "test_value_minus_number_gradient"),
    *(GRADIENTS + "test_value_over_number_gradient", GRADIENTS + "test_a_node_waits_for_all_its_uses"),
)
SQUARES_BACK = (
    *(*PASSED_BACK, GRADIENTS + "test_square_gradient"),
    GRADIENTS + "test_powers_of_zero_and_negative_numbers_gradient",
)
MARGINS_BACK = (
    *(*PASSED_BACK, GRADIENTS + "test_number_minus_value_gradient"),
    *(GRADIENTS + "test_number_times_value_gradient", FUNCTIONS + "test_relu_gradient"),
)
LOGARITHMS_BACK = (
    *(*PASSED_BACK, GRADIENTS + "test_number_plus_value_gradient", GRADIENTS + "test_number_times_value_gradient"),
    *(GRADIENTS + "test_negation_gradient", FUNCTIONS + "test_exp_collects", FUNCTIONS + "test_log_collects"),
)
SHARES_BACK = (*PASSED_BACK, GRADIENTS + "test_division_gradient", FUNCTIONS + "test_exp_collects")


# --- losses of one output for each example ---------------------------------------------------------------------------


@graded(
    0.5,
    "Squared error of one example: (output - target)**2",
    about=("mean_squared_error",),
    needs=SQUARES,
    corpus=losses("mean_squared_error", single=True),
)
def test_squared_error(mean_squared_error, Value, corpus):
    check_loss(mean_squared_error, Value, corpus)


@graded(
    0.5,
    "Mean squared error is the mean over all examples, not their sum",
    about=("mean_squared_error",),
    needs="test_squared_error",
    corpus=losses("mean_squared_error"),
)
def test_mean_squared_error(mean_squared_error, Value, corpus):
    check_loss(mean_squared_error, Value, corpus)


@graded(
    1,
    "The gradient of the mean squared error, for every output",
    about=("mean_squared_error",),
    needs=("test_mean_squared_error", *SQUARES_BACK),
    corpus=losses("mean_squared_error"),
)
def test_mean_squared_error_gradient(mean_squared_error, Value, corpus):
    check_loss_gradients(mean_squared_error, Value, corpus)


@graded(
    0.5,
    "Hinge of one example: max(0, 1 - target * output), for a target of 1 or -1",
    about=("hinge",),
    needs=MARGINS,
    corpus=losses("hinge", single=True),
)
def test_hinge_of_one(hinge, Value, corpus):
    check_loss(hinge, Value, corpus)


@graded(
    1,
    "Hinge is the mean over all examples, and its gradient leaves alone what is right by 1 or more",
    about=("hinge",),
    needs=("test_hinge_of_one", *MARGINS_BACK),
    corpus=losses("hinge"),
)
def test_hinge_gradient(hinge, Value, corpus):
    check_loss(hinge, Value, corpus)
    check_loss_gradients(hinge, Value, corpus)


@graded(
    0.5,
    "Binary cross-entropy of one logit: -log(p) or -log(1 - p), with p its sigmoid",
    about=("binary_cross_entropy",),
    needs=LOGARITHMS,
    corpus=losses("binary_cross_entropy", single=True),
)
def test_binary_cross_entropy_of_one(binary_cross_entropy, Value, corpus):
    check_loss(binary_cross_entropy, Value, corpus)


@graded(
    1,
    "Binary cross-entropy is the mean over all examples, and its gradient is p - target for each, over their number",
    about=("binary_cross_entropy",),
    needs=("test_binary_cross_entropy_of_one", *LOGARITHMS_BACK),
    corpus=losses("binary_cross_entropy"),
)
def test_binary_cross_entropy_gradient(binary_cross_entropy, Value, corpus):
    check_loss(binary_cross_entropy, Value, corpus)
    check_loss_gradients(binary_cross_entropy, Value, corpus)


@graded(
    1,
    "Binary cross-entropy of logits as large as 1000 and -1000: no overflow, and no log(0)",
    about=("binary_cross_entropy",),
    needs="test_binary_cross_entropy_gradient",
    corpus=losses("binary_cross_entropy", extreme=True),
)
def test_binary_cross_entropy_of_large_logits(binary_cross_entropy, Value, corpus):
    check_loss(binary_cross_entropy, Value, corpus)
    check_loss_gradients(binary_cross_entropy, Value, corpus)


# --- several classes -------------------------------------------------------------------------------------------------


@graded(
    1,
    "softmax turns logits into probabilities",
    about=("softmax",),
    needs=SHARES,
    corpus=losses("softmax"),
)
def test_softmax(softmax, Value, corpus):
    check_loss(softmax, Value, corpus)


@graded(
    0.5,
    "Read as probabilities, the outputs of softmax add up to 1",
    about=("softmax",),
    needs="test_softmax",
)
def test_probabilities_add_up(softmax, Value):
    p = softmax([Value(0.0), Value(log(3.0))])
    expect(p[0].data, 0.25)
    expect(p[1].data, 0.75)
    q = softmax([Value(2.0), Value(2.0), Value(2.0), Value(2.0)])
    expect(q[3].data, 0.25)
    expect(q[0].data + q[1].data + q[2].data + q[3].data, 1.0)


@graded(
    1,
    "The gradient of softmax: one probability rises, the others fall",
    about=("softmax",),
    needs=("test_softmax", *SHARES_BACK),
    corpus=losses("softmax"),
)
def test_softmax_gradient(softmax, Value, corpus):
    check_loss_gradients(softmax, Value, corpus)


@graded(
    1,
    "softmax of logits as large as 1000 and -1000: shift them all first",
    about=("softmax",),
    needs="test_softmax",
    corpus=losses("softmax", extreme=True),
)
def test_softmax_of_large_logits(softmax, Value, corpus):
    check_loss(softmax, Value, corpus)


@graded(
    0.5,
    "Cross-entropy of one example: -log of the right class's probability",
    about=("cross_entropy",),
    needs=(*SHARES, *LOGARITHMS),
    corpus=losses("cross_entropy", single=True),
)
def test_cross_entropy_of_one(cross_entropy, Value, corpus):
    check_loss(cross_entropy, Value, corpus)


@graded(
    1,
    "Cross-entropy is the mean over all examples, and its gradient is softmax less 1 for the right class",
    about=("cross_entropy",),
    needs=("test_cross_entropy_of_one", *LOGARITHMS_BACK, *SHARES_BACK),
    corpus=losses("cross_entropy"),
)
def test_cross_entropy_gradient(cross_entropy, Value, corpus):
    check_loss(cross_entropy, Value, corpus)
    check_loss_gradients(cross_entropy, Value, corpus)


@graded(
    1,
    "Cross-entropy of logits as large as 1000 and -1000: no overflow, and no log(0)",
    about=("cross_entropy",),
    needs="test_cross_entropy_gradient",
    corpus=losses("cross_entropy", extreme=True),
)
def test_cross_entropy_of_large_logits(cross_entropy, Value, corpus):
    check_loss(cross_entropy, Value, corpus)
    check_loss_gradients(cross_entropy, Value, corpus)


# --- what an output says ---------------------------------------------------------------------------------------------


@graded(
    0.5,
    "A logit is a yes (1) if its sigmoid is above one half, else a no (0)",
    about=("binary_decision",),
    needs=VALUES + "test_a_value_keeps_its_number",
)
def test_binary_decision(binary_decision, Value):
    expect_class(binary_decision(Value(0.3)), 1)
    expect_class(binary_decision(Value(-0.3)), 0)
    expect_class(binary_decision(Value(4.0)), 1)
    expect_class(binary_decision(Value(-1000.0)), 0)
    expect_class(binary_decision(Value(0.5)), 1)
    expect_class(binary_decision(Value(0.001)), 1)
    expect_class(binary_decision(Value(-0.001)), 0)
    expect_class(binary_decision(Value(0.0)), 0)
    expect_class(binary_decision(Value(25.0)), 1)


@graded(
    0.5,
    "Of several logits the largest says which class is the most likely",
    about=("most_likely",),
    needs=VALUES + "test_a_value_keeps_its_number",
)
def test_most_likely(most_likely, Value):
    expect_class(most_likely([Value(0.1), Value(2.0), Value(-1.0)]), 1)
    expect_class(most_likely([Value(-3.0), Value(-5.0)]), 0)
    expect_class(most_likely([Value(1.0), Value(2.0), Value(3.0), Value(1000.0)]), 3)
    expect_class(most_likely([Value(-2000.0), Value(-1000.0), Value(-3000.0)]), 1)
    expect_class(most_likely([Value(2.0), Value(2.001), Value(1.999)]), 1)
    expect_class(most_likely([Value(-4.0)]), 0)
    expect_class(most_likely([Value(1.0), Value(3.0), Value(3.0)]), 1, 2)
    expect_class(most_likely([Value(0.0), Value(0.0)]), 0, 1)
