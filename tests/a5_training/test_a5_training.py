"""a5, training: optimizers, and whole training runs from the same start as PyTorch's."""

from math import cos, pi, sin

from gradkit.suite import check_accuracy, check_trajectories, expect, graded, trajectories

VALUES = "a1_expressions/"
GRADIENTS = "a2_backprop/"
NETWORKS = "a4_networks/"
RUNS = (
    *(NETWORKS + "test_linear_last_gradient", NETWORKS + "test_plain_numbers_as_inputs"),
    *(NETWORKS + "test_zero_grad", "test_mean_squared_error_gradient"),
)


# --- one step --------------------------------------------------------------------------------------------------------


@graded(
    1,
    "A step of SGD moves the parameters themselves, each by lr * grad, and changes nothing else",
    about=("SGD.__init__", "SGD.step"),
    needs=VALUES + "test_a_value_keeps_its_number",
)
def test_a_step_moves_the_parameters_themselves(SGD, Value):
    p, q, r = Value(2.0), Value(-1.0), Value(4.0)
    p.grad, q.grad, r.grad = 3.0, -0.5, 2000.0
    SGD([p, q, r], lr=0.1).step()
    expect(abs(p.data - 2.0), 0.3)
    expect(abs(q.data + 1.0), 0.05)
    expect(abs(r.data - 4.0), 200.0)
    expect(p.grad, 3.0)


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
    0.5,
    "Without momentum every step is lr * grad, however the last one went",
    about=("SGD.__init__", "SGD.step"),
    needs="test_a_step_goes_downhill",
)
def test_no_momentum_by_default(SGD, Value):
    p = Value(2.0)
    optimizer = SGD([p], lr=0.1)
    p.grad = 3.0
    optimizer.step()
    optimizer.step()
    expect(p.data, 1.4)
    p.grad = 0.0
    optimizer.step()
    expect(p.data, 1.4)


@graded(
    0.5,
    "Two SGDs share nothing: each keeps the velocities of its own parameters",
    about=("SGD.__init__", "SGD.step"),
    needs="test_no_momentum_by_default",
)
def test_two_sgds_share_nothing(SGD, Value):
    p, q = Value(1.0), Value(1.0)
    p.grad, q.grad = 2.0, 2.0
    first = SGD([p], lr=0.1, momentum=0.5)
    first.step()
    expect(abs(p.data - 1.0) > 0, True)
    second = SGD([q], lr=0.1, momentum=0.5)
    second.step()
    expect(q.data, p.data)  # the same step from the same start
    first.step()
    second.step()
    expect(q.data, p.data)
    expect(abs(p.data) < 10, True)  # no infinity, which equals itself


@graded(
    1,
    "Momentum: each step still has some of the last one's velocity",
    about=("SGD.__init__", "SGD.step"),
    needs="test_two_sgds_share_nothing",
)
def test_momentum(SGD, Value):
    p, q = Value(1.0), Value(-1.0)
    between = [Value(0.0) for _ in range(40)]
    optimizer = SGD([p, *between, q], lr=0.1, momentum=0.5)
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
    0.5,
    "Two Adams share nothing: each has means and a count of steps of its own",
    about=("Adam.__init__", "Adam.step"),
    needs="test_the_first_step_of_adam",
)
def test_two_adams_share_nothing(Adam, Value):
    p, q = Value(0.0), Value(0.0)
    p.grad, q.grad = 2.0, 2.0
    first = Adam([p], lr=0.1, betas=(0.5, 0.75), eps=0.5)
    first.step()
    expect(abs(p.data) > 0, True)
    second = Adam([q], lr=0.1, betas=(0.5, 0.75), eps=0.5)
    second.step()
    expect(q.data, p.data)  # the same step from the same start
    p.grad, q.grad = -1.0, -1.0
    first.step()
    second.step()
    expect(q.data, p.data)
    expect(abs(p.data) < 10, True)  # no infinity, which equals itself


@graded(
    1,
    "Adam goes on: both means run along, with betas and eps as they were given",
    about=("Adam.__init__", "Adam.step"),
    needs="test_two_adams_share_nothing",
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


@graded(
    0.5,
    "Adam forgets a large gradient: v is a mean that falls again, not the largest so far",
    about=("Adam.step",),
    needs="test_further_steps_of_adam",
)
def test_adam_forgets_a_large_gradient(Adam, Value):
    p = Value(0.0)
    optimizer = Adam([p], lr=1.0, betas=(0.0, 0.5), eps=0.0)
    p.grad = 80.0
    optimizer.step()
    expect(p.data, -1.0)
    p.grad = 10.0
    optimizer.step()
    optimizer.step()
    v = 0.5**3 * 80**2 + (0.5**2 + 0.5) * 10**2
    before_last = -1.0 - 10 / ((0.5**2 * 80**2 + 0.5 * 10**2) / (1 - 0.5**2)) ** 0.5
    expect(p.data, before_last - 10 / (v / (1 - 0.5**3)) ** 0.5)


@graded(
    0.5,
    "Adam's defaults: lr is 0.001, betas are (0.9, 0.999), and eps is 1e-8",
    about=("Adam.__init__",),
    needs="test_further_steps_of_adam",
)
def test_the_defaults_of_adam(Adam, Value):
    p, q, still = Value(0.0), Value(0.0), Value(5.0)
    optimizer = Adam([p, q, still])
    p.grad, q.grad, still.grad = 1.0, 1e-8, 0.0
    optimizer.step()
    expect(p.data, -0.001 / (1 + 1e-8))
    expect(q.data, -0.0005)
    expect(still.data, 5.0)
    p.grad = -3.0
    optimizer.step()
    m, v = (0.9 * 0.1 - 0.1 * 3) / (1 - 0.9**2), (0.999 * 0.001 + 0.001 * 9) / (1 - 0.999**2)
    expect(p.data, -0.001 / (1 + 1e-8) - 0.001 * m / (v**0.5 + 1e-8))


# --- train -----------------------------------------------------------------------------------------------------------


@graded(
    1,
    "train() makes a step: loss, gradient, optimizer",
    about=("train",),
    needs=("test_a_step_goes_downhill", *RUNS),
)
def test_train_makes_a_step(MLP, SGD, mean_squared_error, train):
    model = MLP(1, [1], linear_last=True)
    parameters = list(model.parameters())
    expect(len(parameters), 2)
    for p, number in zip(parameters, (1.0, 0.0)):
        p.data = number
    history = train(model, [[1.0], [2.0]], [3.25, 5.125], mean_squared_error, SGD(parameters, lr=0.05), 1)
    expect(parameters[0].data, 1.425)
    expect(parameters[1].data, 0.26875)
    expect(len(history), 1)
    expect(history[0], 7.4140625)


@graded(
    1,
    "Each step works the loss out anew, for the parameters have moved",
    about=("train",),
    needs="test_train_makes_a_step",
)
def test_each_step_works_the_loss_out_anew(MLP, SGD, mean_squared_error, train):
    model = MLP(1, [1], linear_last=True)
    parameters = list(model.parameters())
    expect(len(parameters), 2)
    for p, number in zip(parameters, (1.0, 0.0)):
        p.data = number
    history = train(model, [[1.0], [2.0]], [3.0, 5.0], mean_squared_error, SGD(parameters, lr=0.1), 2)
    expect(len(history), 2)
    expect(history[0], 6.5)
    expect(history[1], 0.65)


@graded(
    1,
    "Each step begins with gradients of 0: what the last one left would push it too far",
    about=("train",),
    needs=(
        *("test_each_step_works_the_loss_out_anew", "test_no_momentum_by_default"),
        GRADIENTS + "test_a_fresh_graph_after_zero",
    ),
)
def test_each_step_clears_the_gradients(MLP, SGD, mean_squared_error, train):
    model = MLP(1, [1], linear_last=True)
    parameters = list(model.parameters())
    expect(len(parameters), 2)
    for p, number in zip(parameters, (1.0, 0.0)):
        p.data = number
    history = train(model, [[1.0], [2.0]], [3.0, 5.0], mean_squared_error, SGD(parameters, lr=0.1), 3)
    expect(history[2], 0.07085)
    expect(parameters[0].data, 2.127)
    expect(parameters[1].data, 0.713)


@graded(
    0.5,
    "train() makes as many steps as you ask for, also if the loss is 0, stands still or grows",
    about=("train",),
    needs="test_each_step_works_the_loss_out_anew",
)
def test_as_many_steps_as_asked_for(MLP, SGD, mean_squared_error, train):
    model = MLP(1, [1], linear_last=True)
    parameters = list(model.parameters())
    expect(len(parameters), 2)
    for p, number in zip(parameters, (1.0, 0.0)):
        p.data = number
    expect(len(train(model, [[1.0]], [1.0], mean_squared_error, SGD(parameters, lr=0.1), 40)), 40)
    expect(len(train(model, [[1.0]], [2.0], mean_squared_error, SGD(parameters, lr=0.0), 5)), 5)
    expect(len(train(model, [[1.0]], [2.0], mean_squared_error, SGD(parameters, lr=1.0), 6)), 6)
    expect(len(train(model, [[1.0]], [2.0], mean_squared_error, SGD(parameters, lr=1.0), 0)), 0)


@graded(
    0.5,
    "train() takes large gradients as they are: it does not cut them off",
    about=("train",),
    needs="test_train_makes_a_step",
)
def test_large_gradients_are_not_cut_off(MLP, SGD, mean_squared_error, train):
    model = MLP(1, [1], linear_last=True)
    parameters = list(model.parameters())
    expect(len(parameters), 2)
    for p, number in zip(parameters, (1.0, 0.0)):
        p.data = number
    train(model, [[100.0]], [0.0], mean_squared_error, SGD(parameters, lr=0.0001), 1)
    expect(parameters[0].data, -1.0)
    expect(parameters[1].data, -0.02)


@graded(
    0.5,
    "Every example counts in every step, also the fiftieth",
    about=("train",),
    needs="test_train_makes_a_step",
)
def test_every_example_counts(MLP, SGD, mean_squared_error, train):
    model = MLP(1, [1], linear_last=True)
    parameters = list(model.parameters())
    expect(len(parameters), 2)
    for p in parameters:
        p.data = 0.0
    targets = [number / 10 for number in range(50)]
    history = train(model, [[1.0]] * 50, targets, mean_squared_error, SGD(parameters, lr=0.1), 1)
    expect(history[0], 8.085)
    expect(parameters[0].data, 0.49)
    expect(parameters[1].data, 0.49)


@graded(
    0.5,
    "train() uses the loss and the optimizer that it is given",
    about=("train",),
    needs=("test_each_step_clears_the_gradients", "test_momentum", "test_hinge_gradient"),
)
def test_train_uses_what_it_is_given(MLP, SGD, hinge, train):
    model = MLP(1, [1], linear_last=True)
    parameters = list(model.parameters())
    expect(len(parameters), 2)
    for p, number in zip(parameters, (0.5, 0.0)):
        p.data = number
    history = train(model, [[1.0], [2.0]], [1, -1], hinge, SGD(parameters, lr=0.2, momentum=0.5), 2)
    expect(history[0], 1.25)
    expect(history[1], 1.2)
    expect(parameters[0].data, 0.25)


@graded(
    0.5,
    "The data stay as they are: inputs are not parameters, and examples keep their order",
    about=("train",),
    needs="test_train_makes_a_step",
)
def test_data_get_no_update(MLP, SGD, Value, mean_squared_error, train, make_list, seed):
    seed(0)
    model = MLP(1, [1], linear_last=True)
    parameters = list(model.parameters())
    expect(len(parameters), 2)
    for p, number in zip(parameters, (1.0, 0.0)):
        p.data = number
    rows = [make_list([Value(number / 10)]) for number in range(13)]
    inputs, targets = make_list(rows), make_list([5.0, *[1.0] * 11, 3.0])
    train(model, inputs, targets, mean_squared_error, SGD(parameters, lr=0.1), 2)
    expect(len(inputs), 13)
    expect(sum(place * row[0].data for place, row in enumerate(inputs)), 65.0)
    expect(sum(len(row) for row in rows), 13)
    expect(len(targets), 13)
    expect(targets[0], 5.0)
    expect(targets[12], 3.0)


# --- trajectories ----------------------------------------------------------------------------------------------------


@graded(
    2,
    "Two moons by SGD and mean squared error: every loss and every parameter is PyTorch's",
    about=("train", "SGD.step", "mean_squared_error"),
    needs=(
        *("test_each_step_clears_the_gradients", "test_as_many_steps_as_asked_for"),
        GRADIENTS + "test_cost_is_linear_in_depth",
    ),
    corpus=trajectories("moons", "mean_squared_error", "SGD", lr=0.1),
)
def test_moons_by_sgd(MLP, mean_squared_error, SGD, train, corpus):
    check_trajectories(MLP, mean_squared_error, SGD, train, corpus)


@graded(
    1,
    "Two moons by SGD with momentum, and hinge: every loss and every parameter is PyTorch's",
    about=("train", "SGD.step", "hinge"),
    needs=("test_moons_by_sgd", "test_train_uses_what_it_is_given"),
    corpus=trajectories("moons", "hinge", "SGD", lr=0.1, momentum=0.9),
)
def test_moons_by_momentum(MLP, hinge, SGD, train, corpus):
    check_trajectories(MLP, hinge, SGD, train, corpus)


@graded(
    1,
    "Two moons by Adam and binary cross-entropy: every loss and every parameter is PyTorch's",
    about=("train", "Adam.step", "binary_cross_entropy"),
    needs=(
        *("test_moons_by_sgd", "test_adam_forgets_a_large_gradient", "test_the_defaults_of_adam"),
        *("test_train_uses_what_it_is_given", "test_binary_cross_entropy_gradient"),
    ),
    corpus=trajectories("moons", "binary_cross_entropy", "Adam", lr=0.05),
)
def test_moons_by_adam(MLP, binary_cross_entropy, Adam, train, corpus):
    check_trajectories(MLP, binary_cross_entropy, Adam, train, corpus)


@graded(
    1,
    "Handwritten digits by SGD and cross-entropy: every loss and every parameter is PyTorch's",
    about=("train", "SGD.step", "cross_entropy"),
    needs=("test_moons_by_sgd", "test_train_uses_what_it_is_given", "test_cross_entropy_gradient"),
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
    train(model, MOONS, CLASSES, binary_cross_entropy, Adam(list(model.parameters()), lr=0.2), 30)
    check_accuracy([model(point) for point in MOONS], binary_decision, CLASSES, 0.95, "30 steps")
