"""What `fit` is given: data of every make is taken, and what cannot be learned is said in words."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional

from course_lib.optimizers import Adam, GradientDescent
from course_lib.training import as_torch, evaluate, fit, outputs

X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
LABELS = np.arange(20) % 4
TARGETS = X @ np.array([1, -2, 3], dtype=np.float32)


def classifier():
    torch.manual_seed(0)
    return torch.nn.Linear(3, 4)


def learned(inputs, targets, **settings):
    """Return the losses of a short training."""
    settings = {"epochs": 2, "batch_size": 8, "progress": False} | settings
    model = settings.pop("model", None) or classifier()
    return fit(model, (inputs, targets), (inputs, targets), Adam(), **settings).losses


def regressed(loss, made=1, targets=TARGETS, **settings):
    torch.manual_seed(0)
    return learned(X, targets, model=torch.nn.Linear(3, made), loss=loss, **settings)


# ---------------------------------------------------------------------------------- data it takes


@pytest.mark.parametrize(
    ("inputs", "targets"),
    [
        (X[::-1].copy()[::-1], LABELS[::-1].copy()[::-1]),
        (X.astype(">f4"), LABELS.astype(">i8")),
        (X.astype(object), LABELS.astype(object)),
        (X.astype(np.longdouble), LABELS.astype(np.uint16)),
        (np.asfortranarray(X), LABELS.astype("<i2")),
        (X.tolist(), LABELS.tolist()),
        (pd.DataFrame(X), pd.Series(LABELS)),
        (pd.DataFrame(X, index=range(100, 120)), pd.Series(LABELS, dtype="Int64")),
        (pd.DataFrame(X).astype(object), pd.Series(LABELS).astype("category")),
        (torch.tensor(X, requires_grad=True), torch.tensor(LABELS)),
    ],
    ids=[
        "negative strides",
        "big-endian",
        "objects",
        "long double and uint16",
        "Fortran order",
        "lists",
        "pandas",
        "pandas with an index and nullable labels",
        "pandas of objects and categories",
        "a tensor that autograd follows",
    ],
)
def test_arrays_of_every_make_are_the_same_data(inputs, targets):
    np.testing.assert_allclose(learned(inputs, targets), learned(X, LABELS), rtol=1e-5)
    made = outputs(classifier(), inputs)
    torch.testing.assert_close(made, outputs(classifier(), X), rtol=1e-5, atol=1e-6)


def test_a_dataset_of_tensors_is_taken_as_the_pair_it_holds():
    pair = torch.tensor(X), torch.tensor(LABELS)
    dataset = torch.utils.data.TensorDataset(*pair)
    model = classifier()
    assert evaluate(model, dataset) == evaluate(model, pair)


def test_a_read_only_array_is_left_alone_without_a_warning(recwarn):
    given = X.copy()
    given.flags.writeable = False
    learned(given, LABELS)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("inputs", "targets", "words"),
    [
        (X.astype(str), LABELS, "the inputs of train must be real numbers, got entries of type <U"),
        (X, [str(label) for label in LABELS], "the targets of train must be real numbers, got .*U"),
        (X, np.array([*LABELS[:-1], None], dtype=object), "targets of train .* of type object"),
        (X, [Decimal(1)] * 20, "the targets of train must be real numbers, got .* object"),
        (X.astype(complex), LABELS, "inputs of train must be real numbers, got .* complex128"),
        (np.ma.masked_less(X, 0), LABELS, "inputs of train must be real .* got masked entries"),
        (pd.DataFrame(X).assign(name="a"), LABELS, "the inputs of train must be real numbers"),
        ([[1.0, 2.0, 3.0], [1.0, 2.0]], [0, 1], "inputs of train must be numbers in rows of one"),
        (pd.DataFrame(X), pd.Series(pd.date_range("2024", periods=20)), "datetime64"),
    ],
)
def test_what_holds_no_numbers_is_named(inputs, targets, words):
    with pytest.raises(TypeError, match=words):
        learned(inputs, targets)


def test_a_table_alone_is_not_a_pair():
    for table in (pd.DataFrame(X), pd.Series(LABELS)):
        with pytest.raises(TypeError, match="train must be labeled images or a pair"):
            fit(classifier(), table, None, Adam())


# ------------------------------------------------------------------------ losses that mix examples


def pairs(made, y):
    return ((made.squeeze(1) - y) ** 2).mean()


def column(made, y):
    return functional.mse_loss(made, y[:, None])


def gaussian(made, y):
    mean, log_spread = made.T
    return (log_spread + (y - mean) ** 2 * torch.exp(-2 * log_spread) / 2).mean()


def quantiles(made, y):
    gap = y[:, None] - made
    return torch.maximum(0.9 * gap, -0.1 * gap).mean()


@pytest.mark.parametrize(
    ("loss", "made"), [(pairs, 1), (column, 1), (gaussian, 2), (quantiles, 3), (quantiles, 2)]
)
@pytest.mark.parametrize("scale", [1e-4, 1, 1e6])
def test_a_loss_that_pairs_each_target_with_its_own_score_may_take_any_shape(loss, made, scale):
    losses = regressed(loss, made, (TARGETS * scale).astype(np.float32))
    assert np.isfinite(losses).all()


def test_a_loss_of_probabilities_may_reshape_too():
    model = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Sigmoid())

    def loss(made, y):
        return functional.binary_cross_entropy(made.squeeze(1), y)

    assert learned(X, (TARGETS > 0).astype(np.float32), model=model, loss=loss).size


def every_pair(made, y):
    return ((made - y) ** 2).mean()


@pytest.mark.parametrize(
    "loss",
    [
        every_pair,
        functional.mse_loss,
        functional.l1_loss,
        torch.nn.HuberLoss(),
        lambda made, y: ((made - y) ** 2).sum(),
        lambda made, y: (made - y).abs().max(),
    ],
)
@pytest.mark.parametrize("scale", [1e-4, 1, 1e6])
@pytest.mark.parametrize("row", [True, False])
def test_a_loss_that_compares_each_score_with_all_targets_is_refused(loss, scale, row, recwarn):
    targets = (TARGETS * scale).astype(np.float32)
    model = torch.nn.Linear(3, 1)
    if not row:
        model, targets = torch.nn.Sequential(model, torch.nn.Flatten(0)), targets[:, None]
    shapes = r"\(2, 1\), the targets have \(2,\)" if row else r"\(2,\), the targets have \(2, 1\)"
    with pytest.raises(
        ValueError, match=f"{shapes}, and the loss compares each output with all targets"
    ):
        learned(X, targets, model=model, loss=loss)
    assert not recwarn.list


def test_a_batch_as_long_as_an_axis_does_not_hide_that_the_loss_mixes_them():
    for made in (2, 3, 4):
        with pytest.raises(ValueError, match="The loss can't compare"):
            regressed(every_pair, made, batch_size=made)


def test_the_same_is_seen_in_what_is_only_evaluated():
    with pytest.raises(ValueError, match="compares each output with all targets"):
        evaluate(torch.nn.Linear(3, 1), (X, TARGETS), every_pair)


# ------------------------------------------------------------------------- what cannot be learned


class Pair(torch.nn.Linear):
    """A network that returns more than its scores."""

    def forward(self, inputs):
        return super().forward(inputs), inputs


class Nothing(torch.nn.Linear):
    """A network whose forward forgets to return."""

    def forward(self, inputs):
        super().forward(inputs)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"loss": torch.nn.CrossEntropyLoss},
            r"write CrossEntropyLoss\(\) instead of Cross",
        ),
        ({"model": Pair(3, 4)}, "model must return one tensor for a batch, got a tuple"),
        ({"model": Nothing(3, 4)}, "model must return one tensor for a batch, got None"),
        ({"loss": lambda s, y: (s.argmax(1) != y).float().mean()}, "loss must have a gradient"),
        ({"loss": lambda s, y: functional.cross_entropy(s.detach(), y)}, "loss must have a grad"),
        ({"loss": lambda s, y: functional.nll_loss(s, y + 7)}, "The loss can't compare"),
    ],
)
def test_a_model_or_a_loss_that_cannot_be_trained_is_named(settings, words):
    with pytest.raises((TypeError, ValueError), match=words):
        learned(X, LABELS, **settings)


def test_outputs_and_evaluate_name_them_too():
    with pytest.raises(TypeError, match="model must return one tensor for a batch, got a tuple"):
        outputs(Pair(3, 4), X)
    with pytest.raises(TypeError, match="loss must be created first"):
        evaluate(classifier(), (X, LABELS), torch.nn.CrossEntropyLoss)


def test_one_score_for_a_label_has_a_loss_and_no_accuracy():
    model = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Flatten(0))

    def loss(scores, y):
        return functional.binary_cross_entropy_with_logits(scores, y.float())

    score = evaluate(model, (X, LABELS % 2), loss)
    assert score.loss > 0
    assert np.isnan(score.accuracy)


def with_batch_norm():
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))


@pytest.mark.parametrize("size", [19, 1])
def test_a_last_batch_of_one_is_told_before_anything_is_trained(size):
    model = with_batch_norm()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    words = f"With batch_size = {size}, the last batch of the 20 examples holds one alone"
    with pytest.raises(ValueError, match=words):
        learned(X, LABELS, model=model, batch_size=size)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training


def test_a_last_batch_of_one_is_no_matter_to_other_models():
    assert len(learned(X, LABELS, batch_size=19)) == 4
    assert len(learned(X, LABELS, model=with_batch_norm(), batch_size=6)) == 8


@pytest.mark.parametrize(
    "off", [torch.no_grad, torch.inference_mode, lambda: torch.set_grad_enabled(False)]
)
def test_gradients_that_are_switched_off_are_named_and_stay_off(off):
    with off(), pytest.raises(RuntimeError, match="Gradients are switched off"):
        learned(X, LABELS)
    assert torch.is_grad_enabled()


def test_an_optimizer_that_wants_to_compute_the_loss_is_refused():
    model = classifier()
    with pytest.raises(TypeError, match="LBFGS computes the loss several times in a step"):
        fit(model, (X, LABELS), None, torch.optim.LBFGS(model.parameters()), batch_size=8)


def test_a_seed_may_be_of_any_size():
    for seed in (2**63, 2**64, 2**70):
        one, same = (learned(X, LABELS, seed=seed) for _ in range(2))
        np.testing.assert_array_equal(one, same)


def test_complex_parameters_are_refused_and_leave_no_group_behind():
    numbers = torch.zeros(2, dtype=torch.complex64, requires_grad=True)
    with pytest.raises(TypeError, match=r"must be real numbers, got a tensor of torch\.complex64"):
        as_torch(GradientDescent(), [numbers])
    optimizer = as_torch(GradientDescent(), classifier().parameters())
    with pytest.raises(TypeError, match="must be real numbers"):
        optimizer.add_param_group({"params": [numbers]})
    assert len(optimizer.param_groups) == 1
