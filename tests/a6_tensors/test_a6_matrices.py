"""a6, tensors: other places for the same numbers, matrices, and whole graphs."""

from gradkit.suite import (
    Graph,
    check_inner_tensor_gradients,
    check_linear_cost,
    check_tensor_chain,
    check_tensor_gradients,
    check_tensors,
    expect_array,
    graded,
    tensor_graphs,
)

COLLECTS = ("test_addition_gradient", "test_multiplication_gradient", "test_uses_add_up")
GATHERED = (
    *("test_uses_add_up", "test_operators_collect", "test_functions_collect", "test_reductions_collect"),
    *("test_places_collect", "test_matrices_collect"),
)
STRETCHED = ("test_leading_axes_gradient", "test_axes_of_size_one_gradient")


# --- the same numbers in other places ---------------------------------------------------------------------------------


@graded(
    0.5,
    "reshape: the same numbers in another shape",
    about=("Tensor.reshape",),
    needs="test_a_tensor_holds_an_array",
    corpus=tensor_graphs("reshape"),
)
def test_reshape(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "The gradient of a reshape takes the old shape again",
    about=("Tensor.reshape",),
    needs=("test_reshape", "test_backward_goes_through_the_graph"),
    corpus=tensor_graphs("reshape"),
)
def test_reshape_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "transpose: the axes in another order",
    about=("Tensor.transpose",),
    needs="test_a_tensor_holds_an_array",
    corpus=tensor_graphs("transpose", "transpose_reversed"),
)
def test_transpose(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "The gradient of a transpose goes back to where each number was",
    about=("Tensor.transpose",),
    needs=("test_transpose", "test_backward_goes_through_the_graph"),
    corpus=tensor_graphs("transpose", "transpose_reversed"),
)
def test_transpose_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Indexing picks a number, a row, a column, a slice, every second row, or rows by their numbers",
    about=("Tensor.__getitem__",),
    needs="test_a_tensor_holds_an_array",
    corpus=tensor_graphs("item", "column", "slice", "stride", "rows", "rows_array", "picks"),
)
def test_indexing(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "What was not picked gets no gradient",
    about=("Tensor.__getitem__",),
    needs=("test_indexing", "test_backward_goes_through_the_graph"),
    corpus=tensor_graphs("item", "column", "slice", "stride"),
)
def test_indexing_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    1,
    "A place that is picked twice collects twice",
    about=("Tensor.__getitem__",),
    needs="test_indexing_gradient",
    corpus=tensor_graphs("rows", "rows_array", "picks"),
)
def test_repeated_index_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Other places add to the gradient that is there: y = f(x) + f(x)",
    about=("Tensor.reshape", "Tensor.transpose", "Tensor.__getitem__"),
    needs=(*COLLECTS, "test_reshape_gradient", "test_transpose_gradient", "test_repeated_index_gradient"),
    corpus=tensor_graphs("reshape", "transpose", "item", "column", "slice", "stride", "rows", "picks", twice=True),
)
def test_places_collect(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


# --- rows times columns -----------------------------------------------------------------------------------------------


@graded(
    0.5,
    "A matrix times a matrix",
    about=("Tensor.__matmul__",),
    needs="test_a_tensor_holds_an_array",
    corpus=tensor_graphs("matmul_matrices"),
)
def test_matrix_times_matrix(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    1,
    "Gradients of both matrices",
    about=("Tensor.__matmul__",),
    needs=("test_matrix_times_matrix", "test_backward_goes_through_the_graph"),
    corpus=tensor_graphs("matmul_matrices"),
)
def test_matrix_times_matrix_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Vectors: a row on the left, a column on the right, or both",
    about=("Tensor.__matmul__",),
    needs="test_matrix_times_matrix",
    corpus=tensor_graphs("matmul_vectors"),
)
def test_vectors(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "Gradients of vectors, in the shape of vectors",
    about=("Tensor.__matmul__",),
    needs=("test_vectors", "test_matrix_times_matrix_gradient"),
    corpus=tensor_graphs("matmul_vectors"),
)
def test_vectors_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Many matrices side by side, in the axes in front",
    about=("Tensor.__matmul__",),
    needs="test_matrix_times_matrix",
    corpus=tensor_graphs("matmul_batches"),
)
def test_batches_of_matrices(Tensor, corpus):
    check_tensors(Tensor, corpus)


@graded(
    0.5,
    "Gradients of many matrices; of one that all have in common, too",
    about=("Tensor.__matmul__",),
    needs=("test_batches_of_matrices", "test_matrix_times_matrix_gradient", *STRETCHED),
    corpus=tensor_graphs("matmul_batches"),
)
def test_batches_of_matrices_gradient(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "A row times many matrices, and many matrices times a column",
    about=("Tensor.__matmul__",),
    needs=("test_vectors_gradient", "test_batches_of_matrices_gradient"),
    corpus=tensor_graphs("matmul_vector_batches", "matmul_vectors", "matmul_matrices", count=18),
)
def test_vectors_and_many_matrices(Tensor, corpus):
    check_tensors(Tensor, corpus)
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "Products of matrices add to the gradients that are there: y = a @ b + a @ b",
    about=("Tensor.__matmul__",),
    needs=(*COLLECTS, "test_vectors_gradient", "test_batches_of_matrices_gradient"),
    corpus=tensor_graphs("matmul_matrices", "matmul_vectors", "matmul_batches", twice=True),
)
def test_matrices_collect(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


# --- all together -----------------------------------------------------------------------------------------------------


@graded(
    0.5,
    "No two tensors share one array as their gradient, and backward() keeps a copy of the one it is given",
    about=("Tensor.__add__", "Tensor.backward", "Tensor.__init__"),
    needs=COLLECTS,
)
def test_gradients_are_arrays_of_their_own(Tensor, array):
    a, b, c = Tensor([1.0, 2.0]), Tensor([3.0, 4.0]), Tensor([0.5, 0.5])
    gradient = array([0.5, -1.0])
    y = a + b
    y.backward(gradient)
    (a + c).backward(array([2.0, 2.0]))
    expect_array(a, "grad", [2.5, 1.0])
    expect_array(b, "grad", [0.5, -1.0])
    expect_array(y, "grad", [0.5, -1.0])
    x = Tensor([5.0, 6.0])
    x.backward(gradient)
    (x + c).backward(array([2.0, 2.0]))
    expect_array(x, "grad", [2.5, 1.0])
    expect_array(Tensor(gradient), "data", [0.5, -1.0])


@graded(
    0.5,
    "Arrays may lie in memory by columns, or with gaps",
    about=("Tensor.reshape", "Tensor.transpose", "Tensor.__matmul__", "Tensor.__getitem__"),
    needs=(
        "test_matrix_times_matrix_gradient",
        "test_max_gradient",
        "test_reshape_gradient",
        "test_transpose_gradient",
        "test_repeated_index_gradient",
        "test_sum_gradient",
        *STRETCHED,
    ),
    corpus=tensor_graphs(
        *("mul_leading", "add_ones", "sum_one", "max_one", "reshape", "transpose", "matmul_matrices", "rows"),
        layout=True,
        count=32,
    ),
)
def test_arrays_in_other_layouts(Tensor, corpus):
    check_tensors(Tensor, corpus)
    check_tensor_gradients(Tensor, corpus)


@graded(
    1,
    "Random graphs of all these: every gradient of a leaf is PyTorch's",
    about=("Tensor.backward",),
    needs=(
        "test_minus_gradient",
        "test_tanh_gradient",
        "test_relu_gradient",
        "test_mean_gradient",
        "test_max_gradient",
        "test_reshape_gradient",
        "test_transpose_gradient",
        "test_repeated_index_gradient",
        "test_vectors_gradient",
        "test_stretched_both_ways_gradient",
        *GATHERED,
    ),
    corpus=tensor_graphs(
        "add",
        "add_leading",
        "add_ones",
        "sub",
        "mul",
        "mul_both",
        "mul_number",
        "number_sub",
        "neg",
        "div",
        "pow_number",
        "exp",
        "log",
        "tanh",
        "relu",
        "sum_one",
        "mean_one",
        "max_one",
        "sum_kept_one",
        "reshape",
        "transpose",
        "rows",
        "slice",
        "matmul_matrices",
        "matmul_vectors",
        steps=6,
    ),
)
def test_random_graphs(Tensor, corpus):
    check_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "The gradients of inner nodes are PyTorch's, too",
    about=(
        *("Tensor.backward", "Tensor.__add__", "Tensor.__mul__", "Tensor.__pow__", "Tensor.exp", "Tensor.log"),
        *("Tensor.tanh", "Tensor.relu", "Tensor.sum", "Tensor.max", "Tensor.reshape", "Tensor.transpose"),
        *("Tensor.__getitem__", "Tensor.__matmul__"),
    ),
    needs=(
        *("test_random_graphs", "test_gradients_are_arrays_of_their_own", "test_arrays_in_other_layouts"),
        *GATHERED,
    ),
    corpus=tensor_graphs(
        *("add", "sub", "mul", "mul_both", "div", "pow_number", "exp", "log", "tanh", "relu", "sum_one", "max_one"),
        *("reshape", "transpose", "rows", "slice", "matmul_matrices"),
        steps=5,
    ),
)
def test_inner_nodes(Tensor, corpus):
    check_inner_tensor_gradients(Tensor, corpus)


@graded(
    0.5,
    "backward() visits each node once: y = y * k + y, 24 times over",
    about=("Tensor.backward",),
    needs=COLLECTS,
)
def test_cost_is_linear(Tensor):
    code = (
        "from tensor import Tensor",
        "y, k = Tensor(1.0), Tensor(0.5)",
        "for _ in range(24):",
        "    y = y * k + y",
        "y.backward()",
    )
    check_linear_cost(Tensor, [repeated(levels) for levels in (4, 8, 12, 24)], code)
    first, k = Tensor(1.0), Tensor(0.5)
    y = first
    for _ in range(24):
        y = y * k + y
    y.backward()
    expect_array(first, "grad", 1.5**24)  # a backward() that does nothing is no bargain


def repeated(levels):
    """y = y * k + y, so many times over."""
    steps, y = [], 0
    for level in range(levels):
        steps += [("mul", y, 1), ("add", 2 + 2 * level, y)]
        y = 3 + 2 * level
    return Graph([1.0, 0.5], steps)


@graded(
    0.5,
    "Graphs get deep: a chain of 5,000 additions",
    about=("Tensor.backward",),
    needs=COLLECTS,
)
def test_depth(Tensor):
    check_tensor_chain(Tensor, 5000)
