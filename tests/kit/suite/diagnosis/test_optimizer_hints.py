"""Hints about SGD and Adam."""

import pytest
from gradkit.suite.diagnosis.optimizers import optimizer_hint

OPTIMIZERS = {
    "uphill": ("SGD", "parameter.data - self.lr * self.velocities", "parameter.data + self.lr * self.velocities",
               "uphill"),
    "rebound": ("SGD", "parameter.data = parameter.data - self.lr * self", "parameter = parameter - self.lr * self",
                "nothing moves"),
    "no momentum": ("SGD", "self.momentum * self.velocities[i] + parameter.grad", "parameter.grad",
                    "momentum is left out"),
    "velocity not kept": ("SGD", "self.velocities[i] = self.momentum * self.velocities[i] + parameter.grad\n"
                          "            parameter.data = parameter.data - self.lr * self.velocities[i]",
                          "v = self.momentum * self.velocities[i] + parameter.grad\n"
                          "            parameter.data = parameter.data - self.lr * v", "not kept for the next step"),
    "one list": ("Adam", "self.v = [0.0 for _ in parameters]", "self.v = self.m", "one and the same list"),
    "uncorrected": ("Adam", "m = self.m[i] / (1 - b1**self.steps)", "m = self.m[i]", "mean m of the gradients is not"),
    "momentum of its own": ("SGD", "momentum=0.0", "momentum=0.9", "has momentum 0.9, where none was given"),
    "added to the velocity": ("SGD", "self.velocities[i] = self.momentum", "self.velocities[i] += self.momentum",
                              "stay in the velocity"),
    "corrected m kept": ("Adam", "m = self.m[i] / (1", "m = self.m[i] = self.m[i] / (1", "is kept as m"),
    "m not kept": ("Adam", "self.m[i] = b1 * self.m[i] + (1 - b1)", "self.m[i] = (1 - b1)", "m is not kept"),
    "eps last": ("Adam", "(v**0.5 + self.eps)", "v**0.5 + self.eps", "below the line"),
    "both by momentum": ("SGD", "self.velocities[i] + parameter.grad", "(self.velocities[i] + parameter.grad)",
                         "both the velocity and the gradient"),
    "set to the step": ("SGD", "parameter.data - self.lr", "self.lr", "data holds lr * velocity itself"),
    "from 1": ("SGD", "self.velocities = [0.0", "self.velocities = [1.0", "begins at 1"),
    "divided by a power": ("Adam", "m = self.m[i] / (1 - b1**self.steps)", "m = self.m[i] / b1**self.steps",
                           "m is divided by beta**t"),
    "parentheses": ("Adam", "(1 - b1) * parameter.grad", "1 - b1 * parameter.grad", "no parentheses around it in m"),
    "factor squared": ("Adam", "(1 - b2) * parameter.grad**2", "((1 - b2) * parameter.grad) ** 2", "is squared, too"),
    "eps subtracted": ("Adam", "+ self.eps", "- self.eps", "eps is subtracted"),
    "not squared": ("Adam", "(1 - b2) * parameter.grad**2", "(1 - b2) * parameter.grad", "not squared in v"),
    "maximum": ("Adam", "v = self.v[i] / (1 - b2**self.steps)", "kept = vars(self).setdefault('kept', {})\n"
                "            v = kept[i] = max(kept.get(i, 0.0), self.v[i] / (1 - b2**self.steps))",
                "the largest v so far"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "part"), OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_mistakes_of_optimizers_are_named(open_student, name, old, new, part):
    assert part in optimizer_hint(open_student("training", (old, new)), name)
