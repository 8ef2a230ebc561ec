"""a6, tensors: arrays, broadcasting, and the operators."""

from gradkit.suite import (
    check_tensor_gradients,
    check_tensors,
    expect_array,
    graded,
    tensor_graphs,
)

COLLECTS = ("test_addition_gradient", "test_multiplication_gradient", "test_uses_add_up")
UNBROADCAST = ("test_unbroadcast_sums_over_axes_in_front", "test_unbroadcast_keeps_axes_of_size_one")
STRETCHED = ("test_leading_axes_gradient", "test_axes_of_size_one_gradient")


# --- a tensor ---------------------------------------------------------------------------------------------------------


@graded(
    0.5,
    "A Tensor keeps its numbers as an array, whether they come as lists, as an array or as one number",
    about=("Tensor.__init__",),
)
def test_a_tensor_holds_an_array(Tensor, array):
    expect_array(Tensor([[1.0, 2.5], [-3.0, 0.0]]), "data", [[1.0, 2.5], [-3.0, 0.0]])
    expect_array(Tensor(array([0.5, -0.25])), "data", [0.5, -0.25])
    expect_array(Tensor(3.0), "data", 3.0)


@graded(
    0.5,
    "The gradient begins as zeros in the shape of the data, and whole numbers become floats",
    about=("Tensor.__init__",),
    needs="test_a_tensor_holds_an_array",
)
def test_gradient_begins_as_zeros(Tensor):
    expect_array(Tensor([[1.0, 2.0, 3.0]]), "grad", [[0.0, 0.0, 0.0]])
    whole = Tensor([1, 2])
    expect_array(whole, "data", [1.0, 2.0])
    expect_array(whole, "grad", [0.0, 0.0])


@graded(
    0.5,
    "backward(gradient) begins with that gradient, and backward() with 1",
    about=("Tensor.backward",),
    needs="test_gradient_begins_as_zeros",
)
def test_backward_begins_with_the_upstream_gradient(Tensor, array):
    x = Tensor([2.0, 3.0])
    x.backward(array([0.5, -4.0]))
    expect_array(x, "grad", [0.5, -4.0])
    y = Tensor(5.0)
    y.backward()
    expect_array(y, "grad", 1.0)
    z = Tensor([[5.0]])
    z.backward()
    expect_array(z, "grad", [[1.0]])


@graded(
    0.5,
    "Addition and multiplication, element by element",
    about=("Tensor.__add__", "Tensor.__mul__"),
    needs="test_a_tensor_holds_an_array",
    corpus=tensor_graphs("add", "mul"),
)
def test_addition_and_multiplication(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "An operation remembers its operands: backward() goes through three of them",
    about=("Tensor.__init__", "Tensor.backward", "Tensor.__add__", "Tensor.__mul__"),
    needs=("test_addition_and_multiplication", "test_backward_begins_with_the_upstream_gradient"),
)
def test_backward_goes_through_the_graph(Tensor, array):
    a, b, c, d = Tensor([2.0]), Tensor([3.0]), Tensor([4.0]), Tensor([5.0])
    y = (a + b) * c + d
    y.backward(array([0.5]))
    expect_array(d, "grad", [0.5])
    expect_array(c, "grad", [2.5])
    expect_array(a, "grad", [2.0])
    expect_array(b, "grad", [2.0])


# --- broadcasting -----------------------------------------------------------------------------------------------------


@graded(
    1,
    "unbroadcast sums over axes in front that the operand does not have",
    about=("unbroadcast",),
    needs="test_a_tensor_holds_an_array",
)
def test_unbroadcast_sums_over_axes_in_front(unbroadcast, Tensor, array):
    gradient = array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    x = array([0.0, 0.0, 0.0])
    expect_array(Tensor(unbroadcast(gradient, x.shape)), "data", [5.0, 7.0, 9.0])
    number = array(0.0)
    expect_array(Tensor(unbroadcast(gradient, number.shape)), "data", 21.0)
    expect_array(Tensor(unbroadcast(gradient, gradient.shape)), "data", [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


@graded(
    1,
    "unbroadcast sums over axes in which the operand has size 1, and keeps them",
    about=("unbroadcast",),
    needs="test_a_tensor_holds_an_array",
)
def test_unbroadcast_keeps_axes_of_size_one(unbroadcast, Tensor, array):
    gradient = array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    column = array([[0.0], [0.0]])
    expect_array(Tensor(unbroadcast(gradient, column.shape)), "data", [[6.0], [15.0]])
    row = array([[0.0, 0.0, 0.0]])
    expect_array(Tensor(unbroadcast(gradient, row.shape)), "data", [[5.0, 7.0, 9.0]])
    one = array([1.0, 2.0, 3.0])
    expect_array(Tensor(unbroadcast(one, array([0.0]).shape)), "data", [6.0])


@graded(
    1,
    "Addition passes the upstream gradient on to both operands",
    about=("Tensor.__add__",),
    needs=("test_backward_goes_through_the_graph", *UNBROADCAST),
    corpus=tensor_graphs("add"),
)
def test_addition_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    1,
    "Multiplication passes each factor the other one",
    about=("Tensor.__mul__",),
    needs=("test_backward_goes_through_the_graph", *UNBROADCAST),
    corpus=tensor_graphs("mul"),
)
def test_multiplication_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    1,
    "A tensor that is used more than once collects from every use",
    about=("Tensor.__add__", "Tensor.__mul__", "Tensor.backward"),
    needs=("test_addition_gradient", "test_multiplication_gradient"),
    corpus=tensor_graphs("add", "mul", steps=4),
)
def test_uses_add_up(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Shapes are stretched to one another, as numpy does it",
    about=("Tensor.__add__", "Tensor.__mul__"),
    needs="test_addition_and_multiplication",
    corpus=tensor_graphs(
        "add_leading", "add_ones", "add_both", "add_single", "mul_leading", "mul_ones", "mul_both", "mul_single"
    ),
)
def test_broadcasting(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    1,
    "Where the other operand has more axes in front, the gradient is summed over them",
    about=("unbroadcast", "Tensor.__add__", "Tensor.__mul__"),
    needs=("test_broadcasting", *COLLECTS, "test_unbroadcast_sums_over_axes_in_front"),
    corpus=tensor_graphs("add_leading", "mul_leading"),
)
def test_leading_axes_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    1,
    "Where an axis of size 1 was stretched, the gradient is summed along it",
    about=("unbroadcast", "Tensor.__add__", "Tensor.__mul__"),
    needs=("test_broadcasting", *COLLECTS, "test_unbroadcast_keeps_axes_of_size_one"),
    corpus=tensor_graphs("add_ones", "mul_ones"),
)
def test_axes_of_size_one_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Both at once, and for both operands",
    about=("unbroadcast", "Tensor.__add__", "Tensor.__mul__"),
    needs=STRETCHED,
    corpus=tensor_graphs("add_both", "mul_both"),
)
def test_stretched_both_ways_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "A tensor of one number with a tensor of many: it collects from all of them",
    about=("unbroadcast", "Tensor.__add__", "Tensor.__mul__"),
    needs=STRETCHED,
    corpus=tensor_graphs("add_single", "mul_single"),
)
def test_single_number_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


# --- the other operators ----------------------------------------------------------------------------------------------


@graded(
    0.5,
    "Tensor and plain number, on either side: x + 2, 2 + x, x * 2, 2 * x",
    about=("Tensor.__add__", "Tensor.__radd__", "Tensor.__mul__", "Tensor.__rmul__"),
    needs="test_addition_and_multiplication",
    corpus=tensor_graphs("add_number", "number_add", "mul_number", "number_mul"),
)
def test_tensor_and_number(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "Gradients of x + 2, 2 + x, x * 2 and 2 * x",
    about=("Tensor.__add__", "Tensor.__radd__", "Tensor.__mul__", "Tensor.__rmul__"),
    needs=("test_tensor_and_number", *COLLECTS, *UNBROADCAST),
    corpus=tensor_graphs("add_number", "number_add", "mul_number", "number_mul"),
)
def test_tensor_and_number_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Tensor and plain array, on either side: the tensor decides, and numpy does not take it apart",
    about=("Tensor.__add__", "Tensor.__radd__", "Tensor.__mul__", "Tensor.__rmul__"),
    needs=("test_tensor_and_number_gradient", *STRETCHED),
)
def test_tensor_and_array(Tensor, array):
    x = Tensor([2.0, -3.0])
    left = array([[10.0], [20.0]]) + x
    expect_array(left, "data", [[12.0, 7.0], [22.0, 17.0]])
    right = left * array([0.5, 2.0])
    expect_array(right, "data", [[6.0, 14.0], [11.0, 34.0]])
    right.backward(array([[1.0, 1.0], [1.0, -1.0]]))
    expect_array(x, "grad", [1.0, 0.0])
    z = Tensor([1.0, 2.0])
    total = z + array([5.0, -6.0])
    expect_array(total, "data", [6.0, -4.0])
    product = array([[3.0], [4.0]]) * z
    expect_array(product, "data", [[3.0, 6.0], [4.0, 8.0]])
    product.backward(array([[1.0, 1.0], [1.0, -1.0]]))
    expect_array(z, "grad", [7.0, -1.0])


@graded(
    0.5,
    "Minus: -x, x - y, x - 2 and 2 - x",
    about=("Tensor.__neg__", "Tensor.__sub__", "Tensor.__rsub__"),
    needs=("test_tensor_and_number", "test_broadcasting"),
    corpus=tensor_graphs("neg", "sub", "sub_leading", "sub_number", "number_sub"),
)
def test_minus(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "Gradients of -x, x - y, x - 2 and 2 - x",
    about=("Tensor.__neg__", "Tensor.__sub__", "Tensor.__rsub__"),
    needs=("test_minus", "test_tensor_and_number_gradient", *STRETCHED),
    corpus=tensor_graphs("neg", "sub", "sub_leading", "sub_ones", "sub_number", "number_sub"),
)
def test_minus_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Powers: x ** 2, and x ** y for two tensors",
    about=("Tensor.__pow__",),
    needs="test_broadcasting",
    corpus=tensor_graphs("pow_number", "pow", "pow_leading"),
)
def test_power(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "Gradients of x ** 2, x ** 3 and x ** -1",
    about=("Tensor.__pow__",),
    needs=("test_power", *COLLECTS),
    corpus=tensor_graphs("pow_number"),
)
def test_power_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Gradients of x ** y, for the base and for the exponent, stretched too",
    about=("Tensor.__pow__",),
    needs=("test_power_gradient", *STRETCHED),
    corpus=tensor_graphs("pow", "pow_leading", "pow_ones"),
)
def test_tensor_power_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Division: x / y, x / 2 and 2 / x",
    about=("Tensor.__truediv__", "Tensor.__rtruediv__"),
    needs=("test_power", "test_tensor_and_number"),
    corpus=tensor_graphs("div", "div_leading", "div_number", "number_div"),
)
def test_division(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "Gradients of x / y, x / 2 and 2 / x",
    about=("Tensor.__truediv__", "Tensor.__rtruediv__"),
    needs=("test_division", "test_power_gradient", "test_tensor_and_number_gradient", *STRETCHED),
    corpus=tensor_graphs("div", "div_leading", "div_ones", "div_number", "number_div"),
)
def test_division_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Minus, division and powers with a plain array: x - k, k - x, x / k, k / x and x ** k",
    about=("Tensor.__sub__", "Tensor.__rsub__", "Tensor.__truediv__", "Tensor.__rtruediv__", "Tensor.__pow__"),
    needs=("test_tensor_and_array", "test_minus_gradient", "test_division_gradient", "test_tensor_power_gradient"),
)
def test_operators_with_arrays(Tensor, array):
    k, upstream = array([8.0, 2.0]), array([1.0, 2.0])
    a, b, c, d, e = (Tensor([2.0, 4.0]) for _ in range(5))
    right_minus = a - k
    expect_array(right_minus, "data", [-6.0, 2.0])
    right_minus.backward(upstream)
    expect_array(a, "grad", [1.0, 2.0])
    left_minus = k - b
    expect_array(left_minus, "data", [6.0, -2.0])
    left_minus.backward(upstream)
    expect_array(b, "grad", [-1.0, -2.0])
    right_quotient = c / array([8, 2])
    expect_array(right_quotient, "data", [0.25, 2.0])
    right_quotient.backward(upstream)
    expect_array(c, "grad", [0.125, 1.0])
    left_quotient = k / d
    expect_array(left_quotient, "data", [4.0, 0.5])
    left_quotient.backward(upstream)
    expect_array(d, "grad", [-2.0, -0.25])
    power = e ** array([3.0, 2.0])
    expect_array(power, "data", [8.0, 16.0])
    power.backward(upstream)
    expect_array(e, "grad", [12.0, 16.0])


@graded(
    0.5,
    "x += y, x -= y, x *= y and x /= y make a new Tensor, and the old one keeps its numbers",
    about=("Tensor.__add__", "Tensor.__sub__", "Tensor.__mul__", "Tensor.__truediv__"),
    needs=("test_minus", "test_division"),
)
def test_operands_keep_their_numbers(Tensor):
    x, y = Tensor([1.0, 6.0]), Tensor([2.0, -4.0])
    total = x
    total += y
    expect_array(total, "data", [3.0, 2.0])
    expect_array(x, "data", [1.0, 6.0])
    difference = x
    difference -= y
    expect_array(difference, "data", [-1.0, 10.0])
    expect_array(x, "data", [1.0, 6.0])
    product = x
    product *= y
    expect_array(product, "data", [2.0, -24.0])
    expect_array(x, "data", [1.0, 6.0])
    quotient = x
    quotient /= y
    expect_array(quotient, "data", [0.5, -1.5])
    expect_array(x, "data", [1.0, 6.0])


@graded(
    0.5,
    "Minus, powers and divisions add to the gradients that are there: y = f(x) + f(x)",
    about=("Tensor.__neg__", "Tensor.__sub__", "Tensor.__pow__", "Tensor.__truediv__"),
    needs=("test_minus_gradient", "test_tensor_power_gradient", "test_division_gradient"),
    corpus=tensor_graphs("neg", "sub", "pow_number", "pow", "div", "number_div", twice=True),
)
def test_operators_collect(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)
