"""Known-wrong solutions of the lab: before it is released, each must lose exactly what it should.

A mutant is the reference solution with one change, a mistake that students make. A task whose
judge does not notice it, or punishes it twice, is not ready.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MUTANTS", "Mutant"]


@dataclass(frozen=True)
class Mutant:
    """One mistake.

    Attributes
    ----------
    question : str
        The id of the question whose reference solution is changed.
    mistake : str
        What is wrong, in a few words.
    old, new : str
        The code that is replaced, which occurs in the reference solution, and what replaces it.
    loses : float
        The points that it must lose, no more and no less.
    says : str
        Words that one of the messages must hold: the mistake has to be named.
    """

    question: str
    mistake: str
    old: str
    new: str
    loses: float
    says: str


_VELOCITY = 'v = self.momentum * state["v"] + g'
_MOVE = "w_next = w - lr * v"
_TRAIN = "fit(network, train, validation, rule, epochs=epochs, schedule=schedule, progress=False)"
_FIT = "fit(network, train, None, rule, epochs=1, batch_size=batch_size, progress=False)"
_MEASURE = "evaluate(network, validation).accuracy"
_PLOT = "ax.plot(rates, accuracies[:, j], "

MUTANTS: tuple[Mutant, ...] = (
    # Task 1
    Mutant("update_rule", "uphill", _MOVE, "w_next = w + lr * v", 8, "minus sign"),
    Mutant("update_rule", "no memory", _VELOCITY, "v = g", 4, "plain gradient descent"),
    Mutant(
        "update_rule",
        "averaged gradient",
        "+ g",
        "+ (1 - self.momentum) * g",
        8,
        "another convention",
    ),
    Mutant("update_rule", "no rate", "lr * v", "v", 12, "learning rate is missing"),
    Mutant("update_rule", "own rate only", "- lr * v", "- self.lr * v", 4, "not `self.lr`"),
    Mutant(
        "update_rule",
        "rate inside the velocity",
        _VELOCITY + "\n        " + _MOVE,
        'v = self.momentum * state["v"] + lr * g\n        w_next = w - v',
        4,
        "multiply by `lr` at the very end",
    ),
    Mutant("update_rule", "old velocity", "- lr * v", '- lr * state["v"]', 8, "step before"),
    Mutant(
        "update_rule",
        "Nesterov",
        "- lr * v",
        "- lr * (g + self.momentum * v)",
        8,
        "Nesterov's rule",
    ),
    Mutant("update_rule", "stays", _MOVE, "w_next = w", 12, "do not move"),
    Mutant(
        "update_rule",
        "writes into the state",
        _VELOCITY,
        'v = state["v"]\n        v *= self.momentum\n        v += g',
        3,
        'changes the `state["v"]`',
    ),
    Mutant("update_rule", "writes into w", _MOVE, "w -= lr * v\n        w_next = w", 3, "the `w`"),
    # Task 2
    Mutant(
        "training_loop", "no zero_grad", "optimizer.zero_grad()", "", 7, "`zero_grad()` is missing"
    ),
    Mutant("training_loop", "no step", "optimizer.step()", "", 14, "No weight moves"),
    Mutant("training_loop", "no backward", "loss.backward()", "", 14, "No weight moves"),
    Mutant(
        "training_loop",
        "zero_grad between backward and step",
        "optimizer.zero_grad()\n        loss.backward()",
        "loss.backward()\n        optimizer.zero_grad()",
        14,
        "must not stand between",
    ),
    Mutant(
        "training_loop",
        "ends after one batch",
        "return losses",
        "    return losses",
        11,
        "after its first batch",
    ),
    Mutant("training_loop", "records nothing", "losses.append(loss.item())", "", 6, "stays empty"),
    Mutant("training_loop", "keeps tensors", "loss.item()", "loss", 2, "`loss.item()`"),
    Mutant(
        "training_loop",
        "probabilities for scores",
        "cross_entropy(scores",
        "cross_entropy(scores.softmax(1)",
        7,
        "probabilities",
    ),
    Mutant(
        "training_loop",
        "sums the losses",
        "(scores, labels)",
        '(scores, labels, reduction="sum")',
        7,
        "mean",
    ),
    # Task 3
    Mutant("reach_90", "never trains", _TRAIN, "", 25, "guessing"),
    Mutant(
        "reach_90",
        "a rate that kills",
        _TRAIN,
        "fit(network, train, None, GradientDescent(lr=30), epochs=1, progress=False)",
        25,
        "guessing",
    ),
    Mutant(
        "reach_90",
        "few examples",
        _TRAIN,
        "few = train[0][:128], train[1][:128]\n"
        "    fit(network, few, None, GradientDescent(lr=0.1), epochs=30, progress=False)",
        15,
        "goal is 90 %",
    ),
    # Task 4
    Mutant(
        "sweep",
        "one network for all runs",
        "= new_network()",
        "= network if i + j else new_network()",
        3,
        "new network",
    ),
    Mutant(
        "sweep", "first weights by chance", "new_network()", "new_network(seed=i)", 3, "same seed"
    ),
    Mutant(
        "sweep",
        "measured on training digits",
        "network, validation",
        "network, train",
        3,
        "validation",
    ),
    Mutant(
        "sweep", "another rule", "Rule(lr=rate)", "GradientDescent(lr=rate)", 3, "whatever rule"
    ),
    Mutant(
        "sweep", "another batch size", "batch_size=batch_size", "batch_size=32", 3, "batch size"
    ),
    Mutant("sweep", "one rate", "lr=rate", "lr=0.1", 12, "far too small does as well"),
    Mutant("sweep", "never trains", _FIT, "", 12, "learns"),
    Mutant("sweep", "percent", _MEASURE, "100 * " + _MEASURE, 12, "not percent"),
    Mutant("sweep", "errors", _MEASURE, "1 - " + _MEASURE, 12, "errors"),
    Mutant(
        "sweep",
        "turned table",
        "return accuracies",
        "return accuracies.T",
        12,
        "batch sizes go across",
    ),
    Mutant(
        "sweep_plot",
        "swapped axes",
        _PLOT,
        "ax.plot(accuracies[:, j], rates, ",
        4,
        "axes are swapped",
    ),
    Mutant(
        "sweep_plot",
        "one line",
        "enumerate(batch_sizes)",
        "enumerate(batch_sizes[:1])",
        6,
        "own line",
    ),
    Mutant("sweep_plot", "linear axis", 'ax.set_xscale("log")', "", 2, "log"),
    Mutant(
        "sweep_plot",
        "no labels",
        'ax.set(xlabel=r"learning rate $\\alpha$", ',
        "ax.set(",
        2,
        "x axis",
    ),
    Mutant("sweep_plot", "no legend", "ax.legend()", "", 2, "legend"),
    # Stretch
    Mutant(
        "stretch",
        "the network of task 3",
        "torch.manual_seed(0)",
        "return train_network(train, validation)",
        10,
        "Not yet 98",
    ),
)
