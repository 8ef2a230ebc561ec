"""Hints for items that are about one thing: what is certain if they fail, and no question says more."""

from __future__ import annotations

ITEM_HINTS: dict[str, str] = {
    "a2_backprop/test_inner_nodes_have_gradients": (
        "The leaves are right, and an inner node is not: its gradient is changed after it was used. After "
        "backward() it stays as it is, and is not set back to 0."
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
        "The leaves are right, and an inner node is not: its gradient is changed after, or while, it was used. A "
        "closure reads out.grad and does not edit it."
    ),
    "a6_tensors/test_ties_share_the_gradient": (
        "Where several numbers are the largest, each of them gets an equal part of the gradient."
    ),
    "a6_tensors/test_repeated_index_gradient": (
        "An index that occurs twice collects twice: `grad[index] += ...` counts it once only, in numpy."
    ),
}
"""Hints by the id of the item."""
