"""Hints for items that are about one thing: what is certain if they fail, and no question says more."""

from __future__ import annotations

ITEM_HINTS: dict[str, str] = {
    "a2_backprop/test_inner_nodes_have_gradients": (
        "The leaves are right, and an inner node is not: its gradient is changed after it was used. After "
        "backward() it stays as it is, and is not set back to 0."
    ),
    "a1_expressions/test_operands_stay_as_they_were": (
        "An operation (or +=, -=, *=, /=) changes the number of its own operand: each makes a new Value."
    ),
    "a1_expressions/test_whole_numbers": (
        "Whole numbers give another result than the same numbers as floats: is there a // or an int() on the way?"
    ),
    "a4_networks/test_no_two_neurons_begin_alike": (
        "Two neurons begin with the same numbers, or with some: each draws its weights and its bias anew, and nobody "
        "sets the seed or copies a neuron."
    ),
    "a5_training/test_two_adams_share_nothing": (
        "What one optimizer keeps shows in another: m, v and the count belong to self, made anew in __init__."
    ),
    "a5_training/test_two_sgds_share_nothing": (
        "What one optimizer keeps shows in another: the velocities belong to self, made anew in __init__."
    ),
    "a5_training/test_the_defaults_of_adam": (
        "Without settings, Adam has lr=0.001, betas=(0.9, 0.999) and eps=1e-8, and steps by them."
    ),
    "a5_training/test_train_uses_what_it_is_given": (
        "train() uses another model, loss or optimizer than those that it was given."
    ),
    "a5_training/test_as_many_steps_as_asked_for": "train() makes another number of steps than was asked for.",
    "a5_training/test_every_example_counts": "Not every example counts in every step: the loss is that of all of them.",
    "a5_training/test_large_gradients_are_not_cut_off": (
        "Where gradients are large, the steps are smaller than they should be: something cuts them off."
    ),
    "a6_tensors/test_operators_with_arrays": (
        "A plain array may stand on either side of an operator: it is wrapped, as a number is, and the order stays."
    ),
    "a6_tensors/test_batches_of_matrices": (
        "With more than two axes, @ multiplies matrices of the last two, a pair for each place of the axes in front."
    ),
    "a4_networks/test_the_list_of_widths_stays": (
        "MLP(...) changes the list of widths that it is given: make a new list where you need one that is longer."
    ),
    "a5_training/test_data_get_no_update": (
        "train() changes the lists of inputs or targets, or what is in them: it only reads them."
    ),
    "a6_tensors/test_gradients_are_arrays_of_their_own": (
        "An array is used in two places (as the grad of two Tensors, or the one that was given to backward()), and += "
        "changes it in both: each grad is an array of its own."
    ),
    "a6_tensors/test_inner_nodes": (
        "The leaves are right, and an inner node is not: its gradient is changed after, or while, it was used. Either "
        "a closure edits out.grad, which it should only read, or two grads are one array, and += changes both."
    ),
    "a6_tensors/test_ties_share_the_gradient": (
        "Where several numbers are the largest, each of them gets an equal part of the gradient."
    ),
    "a6_tensors/test_repeated_index_gradient": (
        "An index that occurs twice collects twice: `grad[index] += ...` counts it once only, in numpy."
    ),
}
"""Hints by the id of the item."""

TIMEOUT_HINTS: dict[str, str] = {
    "a2_backprop/test_cost_is_linear_in_depth": (
        "In y * k + y there are two ways back to y, and so 2**24 in all: it takes too long to go every one of them. "
        "Visit each node once, and run its closure once, when its gradient is complete."
    ),
}
"""Hints by the id of an item that was stopped at its time limit."""
