"""a6, tensors: functions of every number, and of many at once."""

from gradkit.suite import (
    check_tensor_gradients,
    check_tensors,
    expect_array,
    graded,
    tensor_graphs,
)

COLLECTS = ("test_addition_gradient", "test_multiplication_gradient", "test_uses_add_up")

# --- functions --------------------------------------------------------------------------------------------------------


@graded(
    0.5,
    "exp, element by element",
    about=("Tensor.exp",),
    needs="test_a_tensor_holds_an_array",
    corpus=tensor_graphs("exp"),
)
def test_exp(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "exp is its own derivative",
    about=("Tensor.exp",),
    needs=("test_exp", "test_backward_goes_through_the_graph"),
    corpus=tensor_graphs("exp"),
)
def test_exp_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "log, element by element",
    about=("Tensor.log",),
    needs="test_a_tensor_holds_an_array",
    corpus=tensor_graphs("log"),
)
def test_log(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "The derivative of log(x) is 1 / x",
    about=("Tensor.log",),
    needs=("test_log", "test_backward_goes_through_the_graph"),
    corpus=tensor_graphs("log"),
)
def test_log_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "tanh, element by element",
    about=("Tensor.tanh",),
    needs="test_a_tensor_holds_an_array",
    corpus=tensor_graphs("tanh"),
)
def test_tanh(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "With t = tanh(x), the derivative is 1 - t**2",
    about=("Tensor.tanh",),
    needs=("test_tanh", "test_backward_goes_through_the_graph"),
    corpus=tensor_graphs("tanh"),
)
def test_tanh_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "relu, element by element",
    about=("Tensor.relu",),
    needs="test_a_tensor_holds_an_array",
    corpus=tensor_graphs("relu"),
)
def test_relu(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "relu lets a gradient through where x > 0",
    about=("Tensor.relu",),
    needs=("test_relu", "test_backward_goes_through_the_graph"),
    corpus=tensor_graphs("relu"),
)
def test_relu_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "relu passes nothing on where x is exactly 0",
    about=("Tensor.relu",),
    needs="test_relu_gradient",
)
def test_relu_at_zero(Tensor, array):
    x = Tensor([0.0, 2.0, -1.0])
    x.relu().backward(array([3.0, 5.0, 7.0]))
    expect_array(x, "grad", [0.0, 5.0, 0.0])


@graded(
    0.5,
    "Functions add to the gradient that is there: y = f(x) + f(x)",
    about=("Tensor.exp", "Tensor.log", "Tensor.tanh", "Tensor.relu"),
    needs=(*COLLECTS, "test_exp_gradient", "test_log_gradient", "test_tanh_gradient", "test_relu_gradient"),
    corpus=tensor_graphs("exp", "log", "tanh", "relu", twice=True),
)
def test_functions_collect(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Numbers at the edges: a factor of 0, whole numbers in a division, nine digits, and exp at 25",
    about=("Tensor.__mul__", "Tensor.__truediv__", "Tensor.__sub__", "Tensor.exp"),
    needs=("test_multiplication_gradient", "test_minus", "test_division_gradient", "test_exp_gradient"),
)
def test_numbers_at_the_edges(Tensor, array):
    a, b, upstream = Tensor([0.0, 3.0]), Tensor([5.0, 0.0]), array([2.0, 2.0])
    product = a * b
    expect_array(product, "data", [0.0, 0.0])
    product.backward(upstream)
    expect_array(a, "grad", [10.0, 0.0])
    expect_array(b, "grad", [0.0, 6.0])
    whole, divisor = Tensor([7, 1]), Tensor([2, 4])
    quotient = whole / divisor
    expect_array(quotient, "data", [3.5, 0.25])
    quotient.backward(upstream)
    expect_array(divisor, "grad", [-3.5, -0.125])
    long, short = Tensor([100000001.0]), Tensor([100000000.0])
    difference = long - short
    expect_array(difference, "data", [1.0])
    x = Tensor([25.0])
    y = x.exp()
    expect_array(y, "data", [72004899337.38588])
    y.backward(array([0.5]))
    expect_array(x, "grad", [36002449668.69294])


# --- many numbers become fewer ----------------------------------------------------------------------------------------


@graded(
    0.5,
    "sum() of all numbers, and along one axis",
    about=("Tensor.sum",),
    needs="test_a_tensor_holds_an_array",
    corpus=tensor_graphs("sum_all", "sum_one"),
)
def test_sum(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    1,
    "Every number gets the gradient of the sum that it went into",
    about=("Tensor.sum",),
    needs=("test_sum", "test_backward_goes_through_the_graph"),
    corpus=tensor_graphs("sum_all", "sum_one"),
)
def test_sum_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Negative axes count from the end, and several axes may go at once",
    about=("Tensor.sum",),
    needs="test_sum_gradient",
    corpus=tensor_graphs("sum_negative", "sum_several"),
)
def test_sum_over_other_axes_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "keepdims=True keeps the axes that were summed over, with size 1",
    about=("Tensor.sum",),
    needs="test_sum",
    corpus=tensor_graphs("sum_kept_all", "sum_kept_one", "sum_kept_negative", "sum_kept_several"),
)
def test_sum_that_keeps_its_axes(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "Gradients with keepdims=True",
    about=("Tensor.sum",),
    needs=("test_sum_that_keeps_its_axes", "test_sum_gradient"),
    corpus=tensor_graphs("sum_kept_all", "sum_kept_one", "sum_kept_negative", "sum_kept_several"),
)
def test_sum_that_keeps_its_axes_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "A mean is divided by how many numbers went into it",
    about=("Tensor.mean",),
    needs=("test_gradient_begins_as_zeros", "test_sum", "test_sum_that_keeps_its_axes", "test_division"),
    corpus=tensor_graphs("mean_all", "mean_one", "mean_negative", "mean_several", "mean_kept_one", "mean_kept_several"),
)
def test_mean(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "Each number gets its share of the mean's gradient",
    about=("Tensor.mean",),
    needs=(
        "test_mean",
        "test_sum_over_other_axes_gradient",
        "test_sum_that_keeps_its_axes_gradient",
        "test_division_gradient",
    ),
    corpus=tensor_graphs("mean_all", "mean_one", "mean_negative", "mean_several", "mean_kept_one", "mean_kept_several"),
)
def test_mean_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "The largest number, of all or along axes",
    about=("Tensor.max",),
    needs="test_a_tensor_holds_an_array",
    corpus=tensor_graphs("max_all", "max_one", "max_negative", "max_several", "max_kept_one", "max_kept_several"),
)
def test_max(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    1,
    "The gradient of a maximum goes to where it stands",
    about=("Tensor.max",),
    needs=("test_max", "test_backward_goes_through_the_graph"),
    corpus=tensor_graphs("max_all", "max_one", "max_negative", "max_several", "max_kept_one", "max_kept_several"),
)
def test_max_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Where several numbers are the largest, they share the gradient",
    about=("Tensor.max",),
    needs="test_max_gradient",
    corpus=tensor_graphs("max_all", "max_one", "max_several", ties=True),
)
def test_ties_share_the_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Sums and maxima add to the gradient that is there: y = f(x) + f(x)",
    about=("Tensor.sum", "Tensor.max"),
    needs=(*COLLECTS, "test_sum_that_keeps_its_axes_gradient", "test_max_gradient"),
    corpus=tensor_graphs("sum_all", "sum_one", "sum_kept_one", "max_all", "max_one", "max_kept_one", twice=True),
)
def test_reductions_collect(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)
