"""a6, tensors: the multi-layer perceptron and the digits again, many numbers at once."""

from gradkit.suite import (
    check_initial_tensors,
    check_reads_digits,
    check_same_numbers,
    check_spread_of_initial_tensors,
    check_tensor_loss,
    check_tensor_network,
    check_tensor_trajectories,
    expect,
    expect_array,
    graded,
    losses,
    networks,
    trajectories,
)

NETWORKS = "a4_networks/"
TRAINING = "a5_training/"
LAYERS = ("test_matrix_times_matrix_gradient", "test_leading_axes_gradient", "test_tanh_gradient", "test_uses_add_up")


@graded(
    1,
    "MLP(3, [4, 2]) has weights of shapes (3, 4) and (4, 2), biases of shapes (4,) and (2,), and begins at random",
    about=("MLP.__init__", "MLP.parameters"),
    needs="test_a_tensor_holds_an_array",
)
def test_parameters(TensorMLP, numpy_seed):
    numpy_seed(0)
    code = ("import numpy as np", "from tensor import MLP", "np.random.seed(0)", "model = MLP(3, [4, 2])")
    check_initial_tensors(TensorMLP, (3, 4, 2), code)


@graded(
    0.5,
    "Weights begin anywhere from -1 to 1, divided by sqrt(inputs); biases begin at 0; layers and networks differ",
    about=("MLP.__init__",),
    needs="test_parameters",
)
def test_parameters_begin_spread_out(TensorMLP):
    code = ("from tensor import MLP", "model = MLP(64, [48, 64, 48])")
    check_spread_of_initial_tensors(TensorMLP, (64, 48, 64, 48), code)


@graded(
    1,
    "The outputs of an MLP are those of PyTorch",
    about=("MLP.__call__",),
    needs=("test_parameters", "test_matrix_times_matrix", "test_broadcasting", "test_tanh"),
    corpus=networks("MLP"),
)
def test_mlp(TensorMLP, Tensor, array, corpus):
    check_tensor_network(TensorMLP, Tensor, array, corpus)


@graded(
    1,
    "The gradients of all weights, biases and inputs",
    about=("MLP.__call__", "MLP.parameters"),
    needs=("test_mlp", *LAYERS),
    corpus=networks("MLP"),
)
def test_mlp_gradient(TensorMLP, Tensor, array, corpus):
    check_tensor_network(TensorMLP, Tensor, array, corpus, gradients=True)


@graded(
    0.5,
    "linear_last=True leaves the tanh out of the last layer, and of no other",
    about=("MLP.__init__", "MLP.__call__"),
    needs="test_mlp",
    corpus=networks("MLP", linear=True),
)
def test_linear_last(TensorMLP, Tensor, array, corpus):
    check_tensor_network(TensorMLP, Tensor, array, corpus)


@graded(
    0.5,
    "Many examples at once, a row for each, also in a plain array",
    about=("MLP.__call__",),
    needs=("test_mlp_gradient", "test_linear_last"),
)
def test_many_examples_at_once(TensorMLP, array):
    model = TensorMLP(1, [1], linear_last=True)
    parameters = list(model.parameters())
    expect(len(parameters), 2)
    parameters[0].data = array([[2.0]])
    parameters[1].data = array([-1.0])
    y = model(array([[1.0], [0.5], [3.0]]))
    expect_array(y, "data", [[1.0], [0.0], [5.0]])
    y.backward(array([[1.0], [2.0], [-0.5]]))
    expect_array(parameters[0], "grad", [[0.5]])
    expect_array(parameters[1], "grad", [2.5])


@graded(
    0.5,
    "zero_grad() sets every gradient back to zeros",
    about=("MLP.zero_grad",),
    needs="test_many_examples_at_once",
)
def test_zero_grad(TensorMLP, array):
    model = TensorMLP(1, [1, 1], linear_last=True)
    parameters = list(model.parameters())
    expect(len(parameters), 4)
    for weights, bias in ((0, 1), (2, 3)):
        parameters[weights].data = array([[2.0]])
        parameters[bias].data = array([-1.0])
    model(array([[3.0]])).backward(array([[0.5]]))
    model.zero_grad()
    for weights, bias in ((0, 1), (2, 3)):
        expect_array(parameters[weights], "grad", [[0.0]])
        expect_array(parameters[bias], "grad", [0.0])
    model(array([[0.5]])).backward(array([[0.5]]))
    expect_array(parameters[0], "grad", [[0.5]])
    expect_array(parameters[1], "grad", [1.0])
    expect_array(parameters[2], "grad", [[0.0]])
    expect_array(parameters[3], "grad", [0.5])
    deep = TensorMLP(1, [1] * 20, linear_last=True)
    deep(array([[3.0]])).backward(array([[0.5]]))
    deep.zero_grad()
    expect_array(list(deep.parameters())[-1], "grad", [0.0])


@graded(
    1,
    "One network, two engines: Values and Tensors give the same numbers",
    about=("MLP.__call__",),
    needs=("test_mlp_gradient", NETWORKS + "test_mlp_gradient"),
    corpus=networks("MLP"),
)
def test_the_same_numbers_as_with_values(MLP, Value, TensorMLP, Tensor, array, corpus):
    check_same_numbers((MLP, Value), (TensorMLP, Tensor, array), corpus)


@graded(
    0.5,
    "cross_entropy of logits in rows",
    about=("cross_entropy",),
    needs=("test_exp", "test_log", "test_sum", "test_mean", "test_indexing", "test_broadcasting", "test_minus"),
    corpus=losses("cross_entropy"),
)
def test_cross_entropy(tensor_cross_entropy, Tensor, corpus):
    check_tensor_loss(tensor_cross_entropy, Tensor, corpus)


@graded(
    1,
    "The gradient of cross_entropy: each probability, less 1 for the right class",
    about=("cross_entropy",),
    needs=(
        *("test_cross_entropy", "test_exp_gradient", "test_log_gradient", "test_repeated_index_gradient"),
        *("test_mean_gradient", "test_minus_gradient", "test_functions_collect", "test_places_collect"),
    ),
    corpus=losses("cross_entropy"),
)
def test_cross_entropy_gradient(tensor_cross_entropy, Tensor, corpus):
    check_tensor_loss(tensor_cross_entropy, Tensor, corpus, gradients=True)


@graded(
    0.5,
    "cross_entropy holds at logits of 1000 and -1000",
    about=("cross_entropy",),
    needs="test_cross_entropy",
    corpus=losses("cross_entropy", extreme=True),
)
def test_cross_entropy_of_large_logits(tensor_cross_entropy, Tensor, corpus):
    check_tensor_loss(tensor_cross_entropy, Tensor, corpus)


@graded(
    1,
    "Handwritten digits by your own SGD: every loss and every parameter is PyTorch's",
    about=("SGD.step", "cross_entropy", "MLP.__call__"),
    needs=("test_linear_last", "test_zero_grad", "test_cross_entropy_gradient", TRAINING + "test_momentum"),
    corpus=trajectories("digits", "cross_entropy", "SGD", hidden=0, examples=2, steps=3, lr=0.1),
)
def test_digits_by_sgd(TensorMLP, tensor_cross_entropy, SGD, array, corpus):
    check_tensor_trajectories(TensorMLP, tensor_cross_entropy, SGD, array, corpus)


@graded(
    1,
    "The same by your own Adam, with a hidden layer: it moves arrays as it moved numbers",
    about=("Adam.step", "cross_entropy", "MLP.__call__"),
    needs=(
        *("test_digits_by_sgd", TRAINING + "test_adam_forgets_a_large_gradient"),
        TRAINING + "test_the_defaults_of_adam",
    ),
    corpus=trajectories("digits", "cross_entropy", "Adam", hidden=4, examples=4, steps=5, lr=0.01),
)
def test_digits_by_adam(TensorMLP, tensor_cross_entropy, Adam, array, corpus):
    check_tensor_trajectories(TensorMLP, tensor_cross_entropy, Adam, array, corpus)


@graded(
    1,
    "After 100 steps it reads 9 of 10 digits that it has not seen",
    about=("MLP.__init__", "MLP.__call__", "cross_entropy"),
    needs="test_digits_by_adam",
)
def test_digits_are_read(TensorMLP, tensor_cross_entropy, Adam, array):
    check_reads_digits(TensorMLP, tensor_cross_entropy, Adam, array, min_share=0.9)
