"""a5, training: optimizers, and whole training runs from the same start as PyTorch's."""

from math import cos, pi, sin

from gradkit.suite import check_accuracy, check_trajectories, expect, graded, trajectories

VALUES = "a1_expressions/"
GRADIENTS = "a2_backprop/"
NETWORKS = "a4_networks/"
RUNS = (
    *(NETWORKS + "test_linear_last_gradient", NETWORKS + "test_plain_numbers_as_inputs"),
    *(NETWORKS + "test_zero_grad", "test_mean_squared_error_gradient"),
    GRADIENTS + "test_cost_is_linear_in_depth",
)


# --- one step --------------------------------------------------------------------------------------------------------


@graded(
    1,
    "A step of SGD moves the parameters themselves, each by lr * grad",
    about=("SGD.__init__", "SGD.step"),
    needs=VALUES + "test_a_value_keeps_its_number",
)
def test_a_step_moves_the_parameters_themselves(SGD, Value):
    p, q = Value(2.0), Value(-1.0)
    p.grad, q.grad = 3.0, -0.5
    SGD([p, q], lr=0.1).step()
    expect(abs(p.data - 2.0), 0.3)
    expect(abs(q.data + 1.0), 0.05)


@graded(
    1,
    "A step goes downhill: against the gradient",
    about=("SGD.step",),
    needs="test_a_step_moves_the_parameters_themselves",
)
def test_a_step_goes_downhill(SGD, Value):
    p, q = Value(2.0), Value(-1.0)
    p.grad, q.grad = 3.0, -0.5
    SGD([p, q], lr=0.1).step()
    expect(p.data, 1.7)
    expect(q.data, -0.95)


@graded(
    1,
    "Momentum: each step still has some of the last one's velocity",
    about=("SGD.__init__", "SGD.step"),
    needs="test_a_step_goes_downhill",
)
def test_momentum(SGD, Value):
    p, q = Value(1.0), Value(-1.0)
    optimizer = SGD([p, q], lr=0.1, momentum=0.5)
    p.grad, q.grad = 2.0, 4.0
    optimizer.step()
    expect(p.data, 0.8)
    expect(q.data, -1.4)
    optimizer.step()
    expect(p.data, 0.5)
    expect(q.data, -2.0)
    p.grad = -1.0
    optimizer.step()
    expect(p.data, 0.45)


@graded(
    1,
    "The first step of Adam is lr long, whatever the gradient: the means are corrected",
    about=("Adam.__init__", "Adam.step"),
    needs=VALUES + "test_a_value_keeps_its_number",
)
def test_the_first_step_of_adam(Adam, Value):
    p, q = Value(2.0), Value(-1.0)
    p.grad, q.grad = 300.0, -3.0
    Adam([p, q], lr=0.1).step()
    expect(p.data, 1.9)
    expect(q.data, -0.9)


@graded(
    1,
    "Adam goes on: both means run along, with betas and eps as they were given",
    about=("Adam.__init__", "Adam.step"),
    needs="test_the_first_step_of_adam",
)
def test_further_steps_of_adam(Adam, Value):
    p = Value(1.0)
    optimizer = Adam([p], lr=0.1, betas=(0.5, 0.75), eps=0.5)
    p.grad = 2.0
    optimizer.step()
    expect(p.data, 1.0 - 0.1 * 2.0 / 2.5)
    p.grad = -1.0
    optimizer.step()
    expect(p.data, 0.92)
    optimizer.step()
    mean, square = -0.5 / (1 - 0.5**3), 1.0 / (1 - 0.75**3)
    expect(p.data, 0.92 - 0.1 * mean / (square**0.5 + 0.5))


# --- train -----------------------------------------------------------------------------------------------------------


@graded(
    1,
    "train() makes a step: loss, gradient, optimizer",
    about=("train",),
    needs=("test_a_step_goes_downhill", *RUNS),
)
def test_train_makes_a_step(MLP, SGD, mean_squared_error, train):
    model = MLP(1, [1], linear_last=True)
    for p, number in zip(model.parameters(), (1.0, 0.0)):
        p.data = number
    history = train(model, [[1.0], [2.0]], [3.0, 5.0], mean_squared_error, SGD(model.parameters(), lr=0.1), 1)
    expect(model.parameters()[0].data, 1.8)
    expect(model.parameters()[1].data, 0.5)
    expect(len(history), 1)
    expect(history[0], 6.5)


@graded(
    1,
    "Each step works the loss out anew, for the parameters have moved",
    about=("train",),
    needs="test_train_makes_a_step",
)
def test_each_step_works_the_loss_out_anew(MLP, SGD, mean_squared_error, train):
    model = MLP(1, [1], linear_last=True)
    for p, number in zip(model.parameters(), (1.0, 0.0)):
        p.data = number
    history = train(model, [[1.0], [2.0]], [3.0, 5.0], mean_squared_error, SGD(model.parameters(), lr=0.1), 2)
    expect(len(history), 2)
    expect(history[0], 6.5)
    expect(history[1], 0.65)


@graded(
    1,
    "Each step begins with gradients of 0: what the last one left would push it too far",
    about=("train",),
    needs="test_each_step_works_the_loss_out_anew",
)
def test_each_step_clears_the_gradients(MLP, SGD, mean_squared_error, train):
    model = MLP(1, [1], linear_last=True)
    for p, number in zip(model.parameters(), (1.0, 0.0)):
        p.data = number
    history = train(model, [[1.0], [2.0]], [3.0, 5.0], mean_squared_error, SGD(model.parameters(), lr=0.1), 3)
    expect(history[2], 0.07085)
    expect(model.parameters()[0].data, 2.127)
    expect(model.parameters()[1].data, 0.713)


@graded(
    0.5,
    "The data stay as they are: inputs are not parameters",
    about=("train",),
    needs="test_train_makes_a_step",
)
def test_data_get_no_update(MLP, SGD, Value, mean_squared_error, train):
    model = MLP(1, [1], linear_last=True)
    for p, number in zip(model.parameters(), (1.0, 0.0)):
        p.data = number
    a, b = Value(1.0), Value(2.0)
    train(model, [[a], [b]], [3.0, 5.0], mean_squared_error, SGD(model.parameters(), lr=0.1), 2)
    expect(a.data, 1.0)
    expect(b.data, 2.0)


# --- trajectories ----------------------------------------------------------------------------------------------------


@graded(
    2,
    "Two moons by SGD and mean squared error: every loss and every parameter is PyTorch's",
    about=("train", "SGD.step", "mean_squared_error"),
    needs="test_each_step_clears_the_gradients",
    corpus=trajectories("moons", "mean_squared_error", "SGD", lr=0.1),
)
def test_moons_by_sgd(MLP, mean_squared_error, SGD, train, corpus):
    check_trajectories(MLP, mean_squared_error, SGD, train, corpus)


@graded(
    1,
    "Two moons by SGD with momentum, and hinge: every loss and every parameter is PyTorch's",
    about=("train", "SGD.step", "hinge"),
    needs=("test_moons_by_sgd", "test_momentum", "test_hinge_gradient"),
    corpus=trajectories("moons", "hinge", "SGD", lr=0.1, momentum=0.9),
)
def test_moons_by_momentum(MLP, hinge, SGD, train, corpus):
    check_trajectories(MLP, hinge, SGD, train, corpus)


@graded(
    1,
    "Two moons by Adam and binary cross-entropy: every loss and every parameter is PyTorch's",
    about=("train", "Adam.step", "binary_cross_entropy"),
    needs=("test_moons_by_sgd", "test_further_steps_of_adam", "test_binary_cross_entropy_gradient"),
    corpus=trajectories("moons", "binary_cross_entropy", "Adam", lr=0.05),
)
def test_moons_by_adam(MLP, binary_cross_entropy, Adam, train, corpus):
    check_trajectories(MLP, binary_cross_entropy, Adam, train, corpus)


@graded(
    1,
    "Handwritten digits by SGD and cross-entropy: every loss and every parameter is PyTorch's",
    about=("train", "SGD.step", "cross_entropy"),
    needs=("test_moons_by_sgd", "test_cross_entropy_gradient"),
    corpus=trajectories("digits", "cross_entropy", "SGD", hidden=0, examples=2, steps=3, lr=0.1),
)
def test_digits_by_sgd(MLP, cross_entropy, SGD, train, corpus):
    check_trajectories(MLP, cross_entropy, SGD, train, corpus)


@graded(
    1,
    "Handwritten digits by Adam, with a hidden layer: every loss and every parameter is PyTorch's",
    about=("train", "Adam.step", "cross_entropy"),
    needs=("test_moons_by_adam", "test_digits_by_sgd"),
    corpus=trajectories("digits", "cross_entropy", "Adam", hidden=4, examples=4, steps=5, lr=0.01),
)
def test_digits_by_adam(MLP, cross_entropy, Adam, train, corpus):
    check_trajectories(MLP, cross_entropy, Adam, train, corpus)


# --- what comes of it ------------------------------------------------------------------------------------------------

ANGLES = [pi * step / 5 for step in range(6)]
MOONS = [[cos(angle), sin(angle)] for angle in ANGLES] + [[1 - cos(angle), 0.5 - sin(angle)] for angle in ANGLES]
CLASSES = [0] * 6 + [1] * 6


@graded(
    1,
    "Trained for 30 steps, a small MLP tells two moons apart",
    about=("train", "binary_decision"),
    needs=("test_moons_by_adam", "test_binary_decision"),
)
def test_moons_are_told_apart(MLP, Adam, binary_cross_entropy, binary_decision, train):
    model = MLP(2, [8, 1], linear_last=True)
    for place, p in enumerate(model.parameters()):
        p.data = sin(1 + 5 * place)  # numbers without a pattern, the same every time
    train(model, MOONS, CLASSES, binary_cross_entropy, Adam(model.parameters(), lr=0.2), 30)
    check_accuracy([model(point) for point in MOONS], binary_decision, CLASSES, 0.95, "30 steps")
