"""a4, networks: neurons, layers and MLPs of Values, their parameters, and why there is a tanh."""

from math import tanh

from gradkit.suite import (
    check_all_different,
    check_initial_weights,
    check_network_gradients,
    check_outputs,
    check_range,
    check_reached,
    check_reproducible,
    expect,
    graded,
    networks,
)

VALUES = "a1_expressions/"
GRADIENTS = "a2_backprop/"
FUNCTIONS = "a3_activations/"
SQUASHED = (VALUES + "test_addition", VALUES + "test_multiplication", FUNCTIONS + "test_tanh")
PASSED_BACK = (
    GRADIENTS + "test_addition_gradient",
    GRADIENTS + "test_multiplication_gradient",
    GRADIENTS + "test_value_times_number_gradient",
)
THROUGH_TANH = (*PASSED_BACK, FUNCTIONS + "test_tanh_gradient")
ALL_USES = (*THROUGH_TANH, GRADIENTS + "test_a_node_waits_for_all_its_uses")


# --- a neuron --------------------------------------------------------------------------------------------------------


@graded(
    0.5,
    "A plain Module has no parameters, and its zero_grad() finds none",
    about=("Module.parameters", "Module.zero_grad"),
)
def test_a_module_without_parameters(Module):
    model = Module()
    model.zero_grad()
    expect(len(list(model.parameters())), 0)


@graded(
    1,
    "A neuron has a weight for each input and one bias: Neuron(3) has 4 parameters, each of them its own",
    about=("Neuron.__init__", "Neuron.parameters"),
    needs=VALUES + "test_a_value_keeps_its_number",
)
def test_parameters_of_a_neuron(Neuron, seed):
    seed(0)
    Neuron(3)  # an earlier one that has nothing to do with it
    model = Neuron(3)
    for place, p in enumerate(model.parameters()):
        p.data = 0.5 + place
    numbers = [p.data for p in model.parameters()]
    expect(len(numbers), 4)
    expect(sum(numbers), 8.0)


@graded(
    1,
    "A neuron weighs its inputs, adds its bias and squashes: tanh(w1*x1 + w2*x2 + b)",
    about=("Neuron.__call__",),
    needs=("test_parameters_of_a_neuron", *SQUASHED),
    corpus=networks("Neuron"),
)
def test_neuron(Neuron, Value, corpus):
    check_outputs(Neuron, Value, corpus)


@graded(
    1,
    "Gradients of a neuron: those of its weights, its bias and its inputs",
    about=("Neuron.__call__",),
    needs=("test_neuron", *THROUGH_TANH),
    corpus=networks("Neuron"),
)
def test_neuron_gradient(Neuron, Value, corpus):
    check_network_gradients(Neuron, Value, corpus)


@graded(
    0.5,
    "Neuron(2, linear=True) leaves the tanh out",
    about=("Neuron.__init__", "Neuron.__call__"),
    needs="test_neuron",
    corpus=networks("Neuron", linear=True),
)
def test_linear_neuron(Neuron, Value, corpus):
    check_outputs(Neuron, Value, corpus)


@graded(
    0.5,
    "A neuron takes plain numbers for inputs, too, as often as you like, and leaves their list as it is",
    about=("Neuron.__call__",),
    needs=("test_neuron", VALUES + "test_value_times_number"),
)
def test_plain_numbers_as_inputs(Neuron, Value, make_list):
    model = Neuron(2)
    for p, number in zip(model.parameters(), (2.0, -1.0, 0.5)):
        p.data = number
    expect(model([1.0, 3.0]).data, tanh(-0.5))
    expect(model([1, 2]).data, tanh(0.5))
    expect(model([1, Value(2.0)]).data, tanh(0.5))
    x = make_list([1.0, 2.0])  # a list that stays the same from call to call
    expect(model(x).data, tanh(0.5))
    expect(model(x).data, tanh(0.5))
    expect(len(x), 2)


@graded(
    1,
    "Weights begin at random numbers from -1 to 1, about half of them negative, no two of them alike",
    about=("Neuron.__init__",),
    needs="test_parameters_of_a_neuron",
)
def test_initial_weights(Neuron, seed):
    seed(0)
    code = ("from random import seed", "from nn import Neuron", "seed(0)", "model = Neuron(40)")
    check_initial_weights(Neuron, (40,), code)
    code = ("from random import seed", "from nn import Neuron", "seed(0)", "models = [Neuron(800) for _ in range(3)]")
    check_range([Neuron(800) for _ in range(3)], (800,), False, code)


@graded(
    0.5,
    "After random.seed(1) a neuron begins as it did after random.seed(1)",
    about=("Neuron.__init__",),
    needs="test_initial_weights",
)
def test_the_same_seed_makes_the_same_neuron(Neuron, seed):
    code = ("from random import seed", "from nn import Neuron")
    check_reproducible(Neuron, (5,), seed, (*code, "seed(1); print([p.data for p in Neuron(5).parameters()])"))
    check_reproducible(Neuron, (40,), seed, (*code, "seed(1); print([p.data for p in Neuron(40).parameters()])"))


# --- a layer ---------------------------------------------------------------------------------------------------------


@graded(
    1,
    "The neurons of a layer are different ones: Layer(2, 3) has 9 parameters, each of them its own",
    about=("Layer.__init__", "Layer.parameters"),
    needs="test_parameters_of_a_neuron",
)
def test_parameters_of_a_layer(Layer, seed):
    seed(0)
    Layer(2, 3)
    model = Layer(2, 3)
    for place, p in enumerate(model.parameters()):
        p.data = 0.5 + place
    numbers = [p.data for p in model.parameters()]
    expect(len(numbers), 9)
    expect(sum(numbers), 40.5)


@graded(
    1,
    "A layer shows every input to every neuron, and gives a list of their outputs",
    about=("Layer.__call__",),
    needs=("test_parameters_of_a_layer", "test_neuron"),
    corpus=networks("Layer"),
)
def test_layer(Layer, Value, corpus):
    check_outputs(Layer, Value, corpus)


@graded(
    1,
    "Gradients of a layer: an input collects from every neuron",
    about=("Layer.__call__",),
    needs=("test_layer", "test_neuron_gradient", *ALL_USES),
    corpus=networks("Layer"),
)
def test_layer_gradient(Layer, Value, corpus):
    check_network_gradients(Layer, Value, corpus)


@graded(
    0.5,
    "Layer(2, 3, linear=True) leaves the tanh out in every neuron",
    about=("Layer.__init__",),
    needs=("test_layer", "test_linear_neuron"),
    corpus=networks("Layer", linear=True),
)
def test_linear_layer(Layer, Value, corpus):
    check_outputs(Layer, Value, corpus)


# --- an MLP ----------------------------------------------------------------------------------------------------------


@graded(
    1,
    "MLP(3, [4, 4, 1]) has 41 parameters: none is missing, and none is there twice",
    about=("MLP.__init__", "MLP.parameters"),
    needs="test_parameters_of_a_layer",
)
def test_parameters_of_an_mlp(MLP, seed):
    seed(0)
    MLP(3, [4, 4, 1])
    model = MLP(3, [4, 4, 1])
    for place, p in enumerate(model.parameters()):
        p.data = 0.5 + place
    numbers = [p.data for p in model.parameters()]
    expect(len(numbers), 41)
    expect(sum(numbers), 840.5)


@graded(
    0.5,
    "A single output comes as one Value, not in a list",
    about=("MLP.__call__",),
    needs=("test_parameters_of_an_mlp", "test_layer"),
)
def test_a_single_output_is_a_value(MLP):
    model = MLP(1, [1])
    for p in model.parameters():
        p.data = 0.0
    expect(model([1.0]).data, 0.0)


@graded(
    2,
    "An MLP gives the outputs of each layer to the next, and the last one's to you",
    about=("MLP.__call__",),
    needs=("test_a_single_output_is_a_value", "test_layer"),
    corpus=networks("MLP"),
)
def test_mlp(MLP, Value, corpus):
    check_outputs(MLP, Value, corpus)


@graded(
    2,
    "Gradients of an MLP: those of every parameter in every layer, and of every input",
    about=("MLP.__call__", "MLP.parameters"),
    needs=("test_mlp", "test_layer_gradient", *ALL_USES, GRADIENTS + "test_cost_is_linear_in_depth"),
    corpus=networks("MLP"),
)
def test_mlp_gradient(MLP, Value, corpus):
    check_network_gradients(MLP, Value, corpus)


@graded(
    1,
    "linear_last=True leaves the tanh out of the last layer, and of no other",
    about=("MLP.__init__",),
    needs=("test_mlp", "test_linear_layer"),
    corpus=networks("MLP", linear=True),
)
def test_linear_last(MLP, Value, corpus):
    check_outputs(MLP, Value, corpus)


@graded(
    1,
    "Gradients of an MLP whose last layer is linear",
    about=("MLP.__init__",),
    needs=("test_linear_last", "test_mlp_gradient"),
    corpus=networks("MLP", linear=True),
)
def test_linear_last_gradient(MLP, Value, corpus):
    check_network_gradients(MLP, Value, corpus)


@graded(
    0.5,
    "A hidden layer may be a single neuron: its output is still a list to the next layer",
    about=("MLP.__call__",),
    needs="test_mlp_gradient",
    corpus=networks("MLP", shape="narrow"),
)
def test_a_hidden_layer_of_one_neuron(MLP, Value, corpus):
    check_network_gradients(MLP, Value, corpus)


@graded(
    0.5,
    "No two neurons begin alike, neither in one MLP nor in two",
    about=("Neuron.__init__", "Layer.__init__", "MLP.__init__"),
    needs=("test_parameters_of_an_mlp", "test_initial_weights", "test_the_same_seed_makes_the_same_neuron"),
)
def test_no_two_neurons_begin_alike(MLP, seed):
    seed(0)
    code = (
        "from random import seed",
        "from nn import MLP",
        "seed(0)",
        "models = [MLP(4, [3, 4, 1]), MLP(4, [3, 4, 1])]",
    )
    check_all_different([MLP(4, [3, 4, 1]), MLP(4, [3, 4, 1])], (4, 3, 4, 1), code)


@graded(
    0.5,
    "The biases of a layer begin at 0, or at random numbers from -1 to 1, about half of them negative",
    about=("Neuron.__init__",),
    needs=("test_parameters_of_a_layer", "test_no_two_neurons_begin_alike"),
)
def test_initial_biases(Layer, seed):
    seed(0)
    code = ("from random import seed", "from nn import Layer", "seed(0)", "models = [Layer(1, 100) for _ in range(30)]")
    check_range([Layer(1, 100) for _ in range(30)], (1, 100), True, code)


@graded(
    0.5,
    "The list of widths stays as it was: it makes a second MLP like the first",
    about=("MLP.__init__",),
    needs="test_parameters_of_an_mlp",
)
def test_the_list_of_widths_stays(MLP, make_list):
    widths = make_list([3, 3])  # the same list for both networks
    MLP(2, widths)
    model = MLP(2, widths)
    for place, p in enumerate(model.parameters()):
        p.data = 0.5 + place
    numbers = [p.data for p in model.parameters()]
    expect(len(numbers), 21)
    expect(sum(numbers), 220.5)
    expect(len(widths), 2)


# --- together --------------------------------------------------------------------------------------------------------


@graded(
    0.5,
    "zero_grad() sets every gradient back to 0, and leaves the numbers as they are",
    about=("Module.zero_grad",),
    needs="test_parameters_of_an_mlp",
)
def test_zero_grad(Neuron, Layer, MLP):
    models = [Neuron(2), Layer(1, 2), MLP(1, [2, 1])]
    for model in models:
        for p in model.parameters():
            p.data, p.grad = 0.5, 2.0
        model.zero_grad()
    expect(sum(abs(p.grad) for model in models for p in model.parameters()), 0.0)
    expect(sum(p.data for model in models for p in model.parameters()), 7.0)


@graded(
    0.5,
    "After zero_grad() a second pass gives the gradients of the first one, and does not add to them",
    about=("Module.zero_grad", "MLP.__call__"),
    needs=(
        *("test_zero_grad", "test_mlp_gradient", "test_plain_numbers_as_inputs"),
        GRADIENTS + "test_a_fresh_graph_after_zero",
    ),
)
def test_a_second_pass(MLP):
    model = MLP(1, [2, 1])
    parameters = list(model.parameters())
    expect(len(parameters), 7)
    for p, number in zip(parameters, (0.5, 0.0, 0.25, 0.5, 1.0, -0.5, 0.25)):
        p.data = number
    model([0.0]).backward()
    once = [p.grad for p in parameters]
    expect(parameters[6].grad, 1 - tanh(0.25 - 0.5 * tanh(0.5)) ** 2)
    model.zero_grad()
    model([0.0]).backward()
    again = [p.grad for p in parameters]
    expect(sum(again), sum(once))


@graded(
    1,
    "Why tanh? Without it two layers are one straight line; with it they bend",
    about=("Neuron.__call__", "Layer.__init__"),
    needs=("test_linear_layer", "test_plain_numbers_as_inputs"),
)
def test_without_tanh_all_is_one_linear_map(Layer):
    first, second = Layer(1, 2, linear=True), Layer(2, 2, linear=True)
    for p, number in zip(list(first.parameters()) + list(second.parameters()), (2, 1, -1, 0.5, 1, 3, -2, 0.5, 2, 1)):
        p.data = number
    y0, y1, y2 = (second(first([x]))[0].data for x in (0.0, 1.0, 2.0))
    expect(y2 - y1, y1 - y0)  # on a straight line every step is as long as the last
    bent = Layer(1, 2)
    for p, number in zip(bent.parameters(), (2, 1, -1, 0.5)):
        p.data = number
    y0, y1, y2 = (second(bent([x]))[0].data for x in (0.0, 1.0, 2.0))
    expect((y2 - y1) - (y1 - y0), (tanh(5) - 2 * tanh(3) + tanh(1)) + 3 * (tanh(-1.5) - 2 * tanh(-0.5) + tanh(0.5)))


@graded(
    1,
    "Gradients reach every parameter of a new MLP, back to the first layer",
    about=("MLP.__call__", "MLP.parameters"),
    needs=("test_mlp_gradient", "test_initial_weights", "test_plain_numbers_as_inputs"),
)
def test_gradients_reach_every_layer(MLP, seed):
    seed(3)
    model = MLP(2, [3, 3, 1])
    model([0.5, -0.25]).backward()
    code = (
        "from random import seed",
        "from nn import MLP",
        "seed(3)",
        "model = MLP(2, [3, 3, 1])",
        "model([0.5, -0.25]).backward()",
        "print([p.grad for p in model.parameters()])",
    )
    check_reached(model, code)


@graded(
    0.5,
    "No layer is dead where all inputs and biases are exactly 0",
    about=("Neuron.__call__",),
    needs="test_mlp_gradient",
    corpus=networks("MLP", shape="at_zero"),
)
def test_no_layer_is_dead_at_zero(MLP, Value, corpus):
    check_network_gradients(MLP, Value, corpus)
