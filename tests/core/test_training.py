"""The course's rules train networks as torch.optim does, and `fit` records what happened."""

import copy
import io
import math
import os
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from references import UPDATES, original
from torch.nn import functional

from course_lib import training
from course_lib.data import load_small_digits
from course_lib.optimizers import (
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    GradientDescent,
    Momentum,
    Nadam,
    Nesterov,
)
from course_lib.schedules import ReduceOnPlateau, cosine, step_decay, warmup
from course_lib.training import accuracy, as_torch, evaluate, fit, outputs

# Where the default rate of a rule is too small or too large to learn in so few steps.
RATES = {GradientDescent: 0.1, Momentum: 0.05, Nesterov: 0.05, Adagrad: 0.02, Adadelta: 1.0}
RULES = [kind(lr=RATES.get(kind, 0.003)) for kind in UPDATES]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)


@pytest.fixture(scope="module")
def digits():
    return load_small_digits()


@pytest.fixture(scope="module")
def batch(digits):
    x, y = digits.train[:64].tensors()
    # Without gray in the background, adaptive rules blow the rounding errors of weights whose
    # gradient is 0 up to full steps.
    return x + 0.1, y


def network(dtype=torch.float32, seed=0, inputs=64):
    torch.manual_seed(seed)
    layers = torch.nn.Linear(inputs, 16), torch.nn.Tanh(), torch.nn.Linear(16, 10)
    return torch.nn.Sequential(*layers).to(dtype)


def weights(model):
    return torch.cat([p.detach().reshape(-1) for p in model.parameters()])


def train(model, optimizer, batch, steps, scheduler=None):
    x, y = batch
    x = x.to(next(model.parameters()).dtype)
    for _ in range(steps):
        optimizer.zero_grad()
        functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        if scheduler:
            scheduler.step()


# -------------------------------------------------------------------------------------- as_torch


@each_rule
@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_a_network_gets_the_weights_torch_gives_it(rule, weight_decay, dtype, tolerance, batch):
    ours, theirs = network(dtype), network(dtype)
    with default_dtype(dtype):
        peer = original(rule, theirs.parameters())
        for group in peer.param_groups:
            group["weight_decay"] = weight_decay
        train(
            ours, as_torch(replace(rule, weight_decay=weight_decay), ours.parameters()), batch, 40
        )
        train(theirs, peer, batch, 40)
    assert weights(ours).dtype == dtype
    assert not torch.allclose(weights(ours), weights(network(dtype)), atol=1e-2)
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    "schedule",
    [
        lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=7, gamma=0.5),
        lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=40),
        lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda k: 1 / (1 + k)),
        lambda o: torch.optim.lr_scheduler.OneCycleLR(
            o, max_lr=0.01, total_steps=40, cycle_momentum=False
        ),
    ],
    ids=["StepLR", "CosineAnnealingLR", "LambdaLR", "OneCycleLR"],
)
@pytest.mark.parametrize("rule", [Momentum(lr=0.05), Adam(lr=0.003), AdamW(lr=0.003)], ids=str)
def test_torch_schedulers_drive_the_learning_rate(rule, schedule, batch):
    ours, theirs = network(torch.float64), network(torch.float64)
    mine, peer = as_torch(rule, ours.parameters()), original(rule, theirs.parameters())
    train(ours, mine, batch, 40, schedule(mine))
    train(theirs, peer, batch, 40, schedule(peer))
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=0, atol=1e-12)


def test_one_cycle_moves_the_momentum_too(batch):
    rule, one_cycle = Momentum(lr=0.05), torch.optim.lr_scheduler.OneCycleLR
    ours, theirs = network(torch.float64), network(torch.float64)
    mine, peer = as_torch(rule, ours.parameters()), original(rule, theirs.parameters())
    train(ours, mine, batch, 30, one_cycle(mine, max_lr=0.1, total_steps=40))
    train(theirs, peer, batch, 30, one_cycle(peer, max_lr=0.1, total_steps=40))
    assert mine.param_groups[0]["momentum"] == peer.param_groups[0]["momentum"] != rule.momentum
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "cycle",
    [
        lambda o: torch.optim.lr_scheduler.OneCycleLR(o, max_lr=0.01, total_steps=40),
        lambda o: torch.optim.lr_scheduler.CyclicLR(o, 0.001, 0.01, step_size_up=7),
    ],
    ids=["OneCycleLR", "CyclicLR"],
)
@pytest.mark.parametrize("rule", [rule for rule in RULES if hasattr(rule, "beta1")], ids=str)
def test_what_cycles_beta1_does_so_in_rules_like_adam(rule, cycle, batch):
    ours, theirs = network(torch.float64), network(torch.float64)
    mine = as_torch(rule, ours.parameters())
    with default_dtype(torch.float64):
        peer = original(rule, theirs.parameters())
        scheduler = cycle(mine)
        train(ours, mine, batch, 30, scheduler)
        assert mine.param_groups[0]["betas"][0] != rule.beta1
        if "betas" not in peer.defaults:  # a reference that the scheduler does not know
            return
        train(theirs, peer, batch, 30, cycle(peer))
    assert mine.param_groups[0]["betas"] == peer.param_groups[0]["betas"]
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=0, atol=1e-12)


def test_what_cycles_a_momentum_says_so_to_a_rule_that_has_none():
    optimizer = as_torch(GradientDescent(), network().parameters())
    with pytest.raises(ValueError, match="must support momentum or beta1"):
        torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=40)


@pytest.mark.parametrize(
    "schedule",
    [
        lambda o: torch.optim.swa_utils.SWALR(o, swa_lr=0.05),
        lambda o: torch.optim.lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=40),
        lambda o: torch.optim.lr_scheduler.CyclicLR(o, 0.01, 0.1, step_size_up=7),
        lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=7),
        lambda o: torch.optim.lr_scheduler.SequentialLR(
            o,
            [
                torch.optim.lr_scheduler.LinearLR(o, 0.1),
                torch.optim.lr_scheduler.ExponentialLR(o, 0.9),
            ],
            milestones=[5],
        ),
    ],
    ids=["SWALR", "OneCycleLR", "CyclicLR", "WarmRestarts", "SequentialLR"],
)
@pytest.mark.parametrize("rule", [Momentum(lr=0.05), Adam(lr=0.003)], ids=str)
def test_a_checkpoint_holds_what_a_scheduler_of_torchs_notes_in_a_group(rule, schedule, batch):
    model = network()
    optimizer = as_torch(rule, [{"params": model.parameters(), "name": "all of it"}])
    scheduler = schedule(optimizer)
    train(model, optimizer, batch, 6, scheduler)
    file = io.BytesIO()
    parts = model, optimizer, scheduler
    torch.save([part.state_dict() for part in parts], file)
    train(model, optimizer, batch, 6, scheduler)

    file.seek(0)
    resumed = network(seed=1)
    again = as_torch(rule, resumed.parameters())
    parts = resumed, again, schedule(again)
    for part, state in zip(parts, torch.load(file, weights_only=False), strict=True):
        part.load_state_dict(state)
    assert again.param_groups[0]["name"] == "all of it"
    train(resumed, again, batch, 6, parts[2])
    assert torch.equal(weights(resumed), weights(model))


@dataclass(frozen=True)
class Trimmed:
    """An Adam of another time, with fewer hyper-parameters."""

    lr: float = 0.1
    eps: float = 1e-8
    weight_decay: float = 0.0

    def init(self, w):
        return {}

    def step(self, w, g, state, lr=None):
        return w, state


Trimmed.__name__ = "Adam"


def test_a_note_of_ones_own_in_a_group_outlives_a_checkpoint():
    optimizer = as_torch(Momentum(), network().parameters())
    optimizer.param_groups[0]["why"] = "to try it"
    again = as_torch(Momentum(), network().parameters())
    again.load_state_dict(optimizer.state_dict())
    assert again.param_groups[0]["why"] == "to try it"


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        (torch.optim.Adam, "Adam, got the state of an optimizer that as_torch did not make"),
        (lambda p: as_torch(Trimmed(), p), "hyper-parameter of Adam, but betas is missing"),
    ],
)
def test_a_state_without_the_hyperparameters_of_the_rule_is_refused(saved, words):
    state = saved(network().parameters()).state_dict()
    with pytest.raises(ValueError, match=words):
        as_torch(Adam(), network().parameters()).load_state_dict(state)


def test_reduce_on_plateau_of_torch_lowers_the_rate(batch):
    optimizer = as_torch(Momentum(lr=0.1), network().parameters())
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    for _ in range(3):
        scheduler.step(1.0)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.025)


@each_rule
def test_parameter_groups_have_hyperparameters_of_their_own(rule, batch):
    ours, theirs = network(torch.float64), network(torch.float64)

    def groups(model):
        return [
            {"params": model[0].parameters(), "lr": rule.lr / 10},
            {"params": model[2].parameters(), "weight_decay": 0.1},
        ]

    with default_dtype(torch.float64):
        train(ours, as_torch(rule, groups(ours)), batch, 30)
        train(theirs, original(rule, groups(theirs)), batch, 30)
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=0, atol=1e-12)


def test_a_group_can_be_added_during_training(batch):
    ours, theirs = network(torch.float64), network(torch.float64)
    rule = Adam(lr=0.003)
    for model, make in ((ours, as_torch), (theirs, original)):
        optimizer = make(rule, model[0].parameters())
        train(model, optimizer, batch, 10)
        optimizer.add_param_group({"params": model[2].parameters(), "lr": 0.01})
        train(model, optimizer, batch, 10)
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=0, atol=1e-12)


@each_rule
def test_a_resumed_run_is_the_identical_run(rule, batch):
    model = network()
    optimizer = as_torch(rule, model.parameters())
    train(model, optimizer, batch, 10)
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    train(model, optimizer, batch, 10)

    file.seek(0)
    saved = torch.load(file, weights_only=True)
    resumed = network(seed=1)
    resumed.load_state_dict(saved["model"])
    other = as_torch(replace(rule, lr=9.0), resumed.parameters())
    other.load_state_dict(saved["optimizer"])
    train(resumed, other, batch, 10)
    assert torch.equal(weights(resumed), weights(model))


def test_a_resumed_scheduler_goes_on_where_it_was(batch):
    def make(model):
        optimizer = as_torch(Adam(lr=0.01), model.parameters())
        return optimizer, torch.optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.5)

    model = network()
    optimizer, scheduler = make(model)
    train(model, optimizer, batch, 6, scheduler)
    saved = copy.deepcopy((model.state_dict(), optimizer.state_dict(), scheduler.state_dict()))
    train(model, optimizer, batch, 6, scheduler)

    resumed = network(seed=1)
    again = make(resumed)
    for part, state in zip((resumed, *again), saved, strict=True):
        part.load_state_dict(state)
    train(resumed, again[0], batch, 6, again[1])
    assert torch.equal(weights(resumed), weights(model))


def test_a_saved_state_does_not_change_as_training_goes_on(batch):
    model = network()
    optimizer = as_torch(Adam(), model.parameters())
    train(model, optimizer, batch, 3)
    saved = optimizer.state_dict()["state"][0]
    before = {name: copy.deepcopy(value) for name, value in saved.items()}
    train(model, optimizer, batch, 3)
    assert saved["k"] == before["k"] == 3
    assert torch.equal(saved["m"], before["m"])
    assert torch.equal(saved["v"], before["v"])


def test_a_copied_optimizer_trains_the_copied_model_alike(batch):
    model = network()
    optimizer = as_torch(Nadam(), model.parameters())
    train(model, optimizer, batch, 5)
    twin, its_optimizer = copy.deepcopy((model, optimizer))
    train(model, optimizer, batch, 5)
    assert not torch.equal(weights(twin), weights(model))
    train(twin, its_optimizer, batch, 5)
    assert torch.equal(weights(twin), weights(model))


def test_a_tensor_without_a_gradient_stays_and_catches_up_later(batch):
    ours, theirs = network(torch.float64), network(torch.float64)
    rule = Adam(lr=0.003)
    for model, make in ((ours, as_torch), (theirs, original)):
        optimizer = make(rule, model.parameters())
        model[0].requires_grad_(False)
        first = model[0].weight.detach().clone()
        train(model, optimizer, batch, 5)
        assert torch.equal(model[0].weight, first)
        model[0].requires_grad_(True)
        train(model, optimizer, batch, 5)
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=0, atol=1e-12)


def test_named_parameters_and_mixed_precision_keep_their_types(batch):
    model = network()
    model[2].to(torch.float64)
    optimizer = as_torch(Adam(), model.named_parameters())
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    optimizer.step()
    assert optimizer.param_groups[0]["param_names"] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    for p in model.parameters():
        assert optimizer.state[p]["m"].dtype == p.dtype
        assert optimizer.state[p]["m"].shape == p.shape
    assert [p.dtype for p in model.parameters()] == [torch.float32] * 2 + [torch.float64] * 2


def test_zero_grad_forgets_the_gradients_and_can_keep_their_tensors(batch):
    model = network()
    optimizer = as_torch(Momentum(), model.parameters())
    train(model, optimizer, batch, 1)
    optimizer.zero_grad(set_to_none=False)
    assert all(p.grad is not None and not p.grad.any() for p in model.parameters())
    optimizer.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_step_calls_its_closure_with_gradients_on(batch):
    x, y = batch
    model = network()
    optimizer = as_torch(GradientDescent(lr=0.1), model.parameters())

    def closure():
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(x), y)
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(5)]
    assert losses == sorted(losses, reverse=True)


@dataclass(frozen=True)
class HeavyBall:
    """A reader's own rule, in the form w ← w − αg + β(w − w_prev). It keeps the w it was given."""

    lr: float = 0.05
    beta: float = 0.9

    def init(self, w):
        return {"previous": w}

    def step(self, w, g, state, lr=None):
        lr = self.lr if lr is None else lr
        return w - lr * g + self.beta * (w - state["previous"]), {"previous": w}


def test_a_rule_of_the_readers_own_trains_a_network(batch):
    ours, theirs = network(torch.float64), network(torch.float64)
    train(ours, as_torch(HeavyBall(), ours.parameters()), batch, 40)
    train(theirs, original(Momentum(lr=0.05), theirs.parameters()), batch, 40)
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=0, atol=1e-12)


def test_a_rule_may_keep_the_gradient_it_was_given():
    @dataclass(frozen=True)
    class KeepsGradient(GradientDescent):
        def step(self, w, g, state, lr=None):
            return w - self.lr * g, {"last": g}

    p = torch.nn.Parameter(torch.zeros(3))
    optimizer = as_torch(KeepsGradient(lr=1.0), [p])
    p.grad = torch.ones(3)
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    assert torch.equal(optimizer.state[p]["last"], torch.ones(3))


def test_a_rule_may_have_no_learning_rate():
    @dataclass(frozen=True)
    class Halve:
        def init(self, w):
            return {}

        def step(self, w, g, state):
            return w / 2, state

    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    as_torch(Halve(), [p]).step()
    assert p.tolist() == [0.5, 0.5]


def test_a_rule_whose_step_takes_no_learning_rate_is_told_what_to_write():
    class Short(HeavyBall):
        def step(self, w, g, state):
            return w - self.lr * g, state

    with pytest.raises(TypeError, match=r"Short.step must be step\(w, g, state, lr=None\)"):
        as_torch(Short(), [torch.nn.Parameter(torch.ones(2))])


class Returns(HeavyBall):
    """A rule whose step returns what it is told to."""

    made = None

    def step(self, w, g, state, lr=None):
        return self.made(w)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda self, w: w, "\\(w, state\\)"),
        (lambda self, w: (w, 3), "\\(w, state\\)"),
        (lambda self, w: (w.sum(), {}), "w in the shape \\(2, 3\\)"),
        (lambda self, w: (0.5, {}), "w in the shape \\(2, 3\\)"),
    ],
)
def test_a_step_that_returns_something_else_is_named(made, words, monkeypatch):
    monkeypatch.setattr(Returns, "made", made)
    p = torch.nn.Parameter(torch.zeros(2, 3))
    p.grad = torch.ones(2, 3)
    with pytest.raises((TypeError, ValueError), match=f"Returns.step must return {words}"):
        as_torch(Returns(), [p]).step()


@pytest.mark.parametrize(
    ("rule", "parameters", "words"),
    [
        (Adam, None, r"rule must be created with its values, such as Adam\(lr=0.01\)"),
        ("Adam", None, r"rule must be an update rule such as Adam\(lr=0.001\).*got 'Adam'"),
        (Adam(lr=[0.1, 0.2]), None, r"lr must be a single number .* got shape \(2,\)"),
        (Adam(), network(), "parameters must be model.parameters"),
        (
            Adam(),
            [{"params": [torch.zeros(1)], "lr": -1}],
            "lr must be a number at least 0, got -1",
        ),
        (Adam(), [{"params": [torch.zeros(1)], "beta": 0.5}], "'beta'. Did you mean 'betas'"),
    ],
)
def test_bad_arguments_of_as_torch_are_named(rule, parameters, words):
    with pytest.raises((TypeError, ValueError), match=words):
        as_torch(rule, network().parameters() if parameters is None else parameters)


def test_the_state_of_another_rule_is_refused():
    saved = as_torch(Momentum(), network().parameters()).state_dict()
    with pytest.raises(ValueError, match=r"must come from the same rule, Adam, got .* of Momentum"):
        as_torch(Adam(), network().parameters()).load_state_dict(saved)


def test_training_takes_one_thread_and_leaves_torchs_compiler_alone():
    program = (
        "import sys, torch\n"
        "from course_lib.optimizers import Adam\n"
        "from course_lib.training import as_torch\n"
        "p = torch.nn.Parameter(torch.zeros(3)); p.grad = torch.ones(3)\n"
        "optimizer = as_torch(Adam(), [p]); optimizer.step(); optimizer.zero_grad()\n"
        "optimizer.load_state_dict(optimizer.state_dict())\n"
        "print(torch.get_num_threads(), 'torch._dynamo' in sys.modules)"
    )
    settings = {name: value for name, value in os.environ.items() if name[:4] != "OMP_"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]


# ------------------------------------------------------------------------------------------- fit


def test_a_small_network_learns_the_small_digits(digits):
    model = network()
    assert accuracy(model, digits.test) < 0.3
    assert evaluate(model, digits.test).loss == pytest.approx(math.log(10), abs=0.2)
    steps = 20 * 45
    history = fit(
        model,
        digits.train,
        digits.test,
        Adam(),
        epochs=20,
        batch_size=32,
        schedule=warmup(cosine(0.01, steps), 50),
        progress=False,
    )
    assert history.stopped == ""
    assert (history.updates, history.epochs) == (steps, 20)
    assert history.validation_accuracies[-1] == accuracy(model, digits.test) > 0.95
    assert history.losses[-45:].mean() < history.losses[:45].mean() / 10


def test_fit_is_the_loop_a_reader_would_write(digits):
    x, y = digits.train.tensors()
    by_hand, fitted = network(), network()
    fit(fitted, (x, y), None, Momentum(lr=0.1), epochs=2, batch_size=100, seed=3, progress=False)

    optimizer = torch.optim.SGD(by_hand.parameters(), lr=0.1, momentum=0.9)
    batches = training.Batches(x, y, 100, seed=3)
    for _ in range(2):
        for inputs, targets in batches:
            optimizer.zero_grad()
            functional.cross_entropy(by_hand(inputs), targets).backward()
            optimizer.step()
    torch.testing.assert_close(weights(fitted), weights(by_hand), rtol=0, atol=1e-5)


def test_the_history_counts_updates_examples_and_epochs(digits):
    train_set = digits.train[:100]
    history = fit(
        network(),
        train_set,
        digits.test,
        GradientDescent(),
        epochs=3,
        batch_size=40,
        schedule=step_decay(0.1, factor=0.5, every=4),
        progress=False,
    )
    assert history.examples.tolist() == [40, 80, 100, 140, 180, 200, 240, 280, 300]
    assert history.epoch_ends.tolist() == [3, 6, 9]
    assert history.learning_rates.tolist() == [0.1] * 4 + [0.05] * 4 + [0.025]
    assert (np.diff(history.seconds) > 0).all()
    assert history.validation_losses.shape == history.validation_accuracies.shape == (3,)
    assert history.best == int(history.validation_losses.argmin())
    assert repr(history) == "<History of 3 epochs, 9 updates>"


def test_the_same_seed_gives_the_same_run_and_leaves_the_readers_numbers_alone(digits):
    def run(seed):
        torch.manual_seed(0)
        dropout = torch.nn.Dropout(0.5)
        model = torch.nn.Sequential(torch.nn.Linear(64, 16), dropout, torch.nn.Linear(16, 10))
        before = torch.random.get_rng_state()
        fit(model, digits.train, None, Adam(), epochs=1, seed=seed, progress=False)
        assert torch.equal(before, torch.random.get_rng_state())
        return weights(model)

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))


def test_reduce_on_plateau_follows_the_validation_loss(digits):
    model = network()
    history = fit(
        model,
        digits.train[:64],
        digits.test,
        GradientDescent(),
        epochs=6,
        schedule=ReduceOnPlateau(lr=1e-9, factor=0.1, patience=1),
        progress=False,
    )
    # A rate this small improves nothing that counts, so every second epoch cuts it.
    assert history.learning_rates == pytest.approx([1e-9] * 3 + [1e-10] * 2 + [1e-11])


def test_an_optimizer_of_torchs_own_does_as_well(digits):
    ours, theirs = network(), network()
    settings = {"epochs": 2, "progress": False}
    fit(ours, digits.train, None, Momentum(lr=0.05), **settings)
    sgd = torch.optim.SGD(theirs.parameters(), lr=0.05, momentum=0.9)
    fit(theirs, digits.train, None, sgd, **settings)
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=0, atol=1e-5)


def test_frozen_layers_stay_as_they_are(digits):
    model = network()
    model[0].requires_grad_(False)
    first, last = model[0].weight.clone(), model[2].weight.clone()
    fit(model, digits.train, None, AdamW(), epochs=1, progress=False)
    assert torch.equal(model[0].weight, first)
    assert not torch.equal(model[2].weight, last)


def test_training_that_diverges_stops_and_says_so(digits):
    model = network()
    model[1] = torch.nn.ReLU()
    history = fit(
        model, digits.train, digits.test, GradientDescent(lr=1e20), epochs=3, progress=False
    )
    assert 0 < history.updates < 10
    assert np.isfinite(history.losses).all()
    assert history.stopped.startswith("Training diverged: in epoch 1, after ")
    assert "Try a learning rate smaller than 1e+20" in history.stopped


def test_nan_in_the_data_is_told_from_divergence(digits):
    x, y = digits.train.tensors()
    x[:] = math.nan
    history = fit(network(), (x, y), None, Adam(), epochs=1, progress=False)
    assert history.updates == 0
    assert history.best is None
    assert history.stopped.startswith("Stopped before the first update: the loss is nan.")


def test_an_interrupted_training_keeps_what_it_has_learned(digits):
    calls = []

    def impatient(scores, targets):
        calls.append(1)
        if len(calls) == 30:
            raise KeyboardInterrupt
        return functional.cross_entropy(scores, targets)

    model = network()
    model.eval()
    before = weights(model)
    history = fit(model, digits.train, None, Adam(), loss=impatient, progress=False)
    # The first call is the one that tries the data out.
    assert history.updates == 28
    assert history.stopped.startswith("Interrupted in epoch 2 of 5, after 28 updates.")
    assert not torch.equal(weights(model), before)
    assert not model.training


def test_watch_sees_the_history_grow_and_its_end(digits, monkeypatch):
    seen = []
    clock = iter(np.arange(0, 1000, 0.1))
    monkeypatch.setattr(training.time, "perf_counter", lambda: next(clock))
    history = fit(
        network(), digits.train, digits.test, Adam(), epochs=2, progress=False, watch=seen.append
    )
    counts = [h.updates for h in seen]
    assert counts == sorted(counts)
    assert len(counts) > 5
    assert counts[-1] == history.updates
    assert seen[-1].validation_losses.tolist() == history.validation_losses.tolist()


def test_the_time_of_watching_and_validating_does_not_count(digits, monkeypatch):
    clock = [0.0]

    def now():
        clock[0] += 0.01  # from one look at the clock to the next
        return clock[0]

    def slow(history):
        clock[0] += 1000

    class Slow(torch.nn.Linear):
        def forward(self, inputs):
            clock[0] += 0 if self.training else 1000
            return super().forward(inputs)

    monkeypatch.setattr(training.time, "perf_counter", now)
    history = fit(Slow(64, 10), digits.train, digits.test, Adam(), progress=False, watch=slow)
    assert clock[0] > 10_000
    assert 0 < history.seconds[-1] < 10


def test_progress_leaves_one_line(digits, capsys):
    fit(network(), digits.train, digits.test, Adam(), epochs=2)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("\n") == 1
    assert printed.out.rpartition("\r")[2] == "2 epochs of 23 updates done.\n"
    assert "| 0/46 [" in printed.out


def test_no_progress_prints_nothing(digits, capsys):
    fit(network(), digits.train, digits.test, Adam(), epochs=1, progress=False)
    assert capsys.readouterr().out == ""


def test_regression_has_a_loss_and_no_accuracy():
    x = torch.linspace(-1, 1, 200)[:, None]
    model = torch.nn.Linear(1, 1)
    history = fit(
        model,
        (x, 3 * x - 1),
        (x, 3 * x - 1),
        Adam(lr=0.05),
        epochs=60,
        loss=functional.mse_loss,
        progress=False,
    )
    assert history.validation_losses[-1] < 1e-4
    assert np.isnan(history.validation_accuracies).all()
    assert [model.weight.item(), model.bias.item()] == pytest.approx([3, -1], abs=0.02)


def test_numpy_arrays_in_double_precision_and_small_labels_are_taken(digits):
    x, y = digits.train.arrays()
    history = fit(
        network(),
        (x.astype(np.float64), y.astype(np.uint8)),
        None,
        Adam(),
        epochs=1,
        progress=False,
    )
    assert history.epochs == 1


def test_evaluate_agrees_with_one_big_batch(digits):
    model = network(torch.float64)
    x, y = digits.train.tensors()
    scores = model(x.double())
    score = evaluate(model, (x, y))
    assert score.loss == pytest.approx(functional.cross_entropy(scores, y).item(), abs=1e-12)
    assert score.accuracy == (scores.argmax(1) == y).double().mean().item()
    made = outputs(model, x)
    assert not made.requires_grad
    torch.testing.assert_close(made, scores, rtol=0, atol=1e-12)


def test_evaluation_turns_dropout_off_and_on_again(digits):
    model = torch.nn.Sequential(torch.nn.Dropout(0.5), network())
    assert evaluate(model, digits.test) == evaluate(model, digits.test)
    assert model.training
    assert model[0].training


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": "network"}, "model must be a torch.nn.Module, got 'network'"),
        ({"train": torch.zeros(4)}, "train must be labeled images or a pair"),
        ({"train": (torch.zeros(4, 64), torch.zeros(3))}, "as many inputs as targets"),
        ({"train": (torch.zeros(4, 28), torch.zeros(4).long())}, r"each of shape \(28,\)"),
        (
            {"train": (torch.zeros(4, 64).to(torch.uint8), torch.zeros(4).long())},
            "of type torch.uint8",
        ),
        ({"train": (torch.zeros(4, 64), torch.full((4,), 10))}, "labels 0 to 9.*10 to 10"),
        ({"validation": (torch.zeros(4, 64), torch.zeros(4))}, "with targets of shape"),
        ({"rule": Adam}, "rule must be created with its values"),
        ({"rule": torch.optim.SGD([torch.zeros(1)], 0.1)}, "optimizer of other parameters"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        ({"batch_size": 2000}, "batch_size must be at most the number of examples, 1437"),
        ({"schedule": 0.1}, "schedule must be a function of the update's number k"),
        (
            {"schedule": ReduceOnPlateau},
            r"created with its values, such as ReduceOnPlateau\(",
        ),
        ({"schedule": lambda k: -1.0}, "learning rate of the schedule must be .* got -1"),
        ({"schedule": ReduceOnPlateau(), "validation": None}, "needs a validation set"),
        ({"loss": "mse"}, "loss must be a function"),
        ({"loss": lambda scores, y: scores}, "loss must return one number"),
        ({"watch": 3}, "watch must be a function of a History"),
    ],
)
def test_bad_arguments_of_fit_are_named(settings, words, digits):
    usual = {"model": network(), "train": digits.train, "validation": digits.test, "rule": Adam()}
    with pytest.raises((TypeError, ValueError), match=words):
        fit(**usual | settings, progress=False)


def test_what_is_no_model_is_named(digits):
    for call in (evaluate, training.accuracy, outputs):
        with pytest.raises(TypeError, match=r"model must be a torch\.nn\.Module, got 'network'"):
            call("network", digits.test)


def test_a_model_with_nothing_to_train_is_named(digits):
    model = network().requires_grad_(False)
    with pytest.raises(ValueError, match="no parameter that can be trained"):
        fit(model, digits.train, None, Adam(), progress=False)


def default_dtype(dtype):
    """Set torch's default type for a while: its NAdam keeps a product in it."""
    return pytest.MonkeyPatch.context() if dtype is torch.float32 else _DoubleByDefault()


class _DoubleByDefault:
    def __enter__(self):
        torch.set_default_dtype(torch.float64)

    def __exit__(self, *problem):
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(
    ("said", "used"),
    [("", 1), ("all", 1), ("2.0", 1), ("0", 1), ("-1", 1), (None, 1), ("2", 2), ("3,2", 3)],
)
def test_what_is_no_number_of_threads_counts_as_one(monkeypatch, said, used):
    if said is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert training.threads() == used
