"""Tensors that autograd follows: refused in plain words where numbers are needed."""

import numpy as np
import pytest
import torch

from course_lib.descent import descend
from course_lib.gradients import central_difference, check_gradient
from course_lib.landscapes import banana, quartic
from course_lib.optimizers import OPTIMIZERS, Adam, GradientDescent, Lion
from course_lib.schedules import ReduceOnPlateau, constant, cosine, step_decay, warmup

ONE = torch.tensor(1.0, requires_grad=True)
TWO = torch.tensor([1.0, 2.0], requires_grad=True)


def followed(w):
    return TWO * torch.as_tensor(w)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: descend(banana, GradientDescent(), TWO, 3), "start"),
        (lambda: descend(banana, GradientDescent(), (1, 1), 3, noise=ONE), "noise"),
        (lambda: descend(banana, Adam(), (1, 1), 3, schedule=lambda k: ONE), r"schedule\(0\)"),
        (lambda: descend(banana, Adam(), (1, 1), 3, gradient=followed), "what gradient returns"),
        (lambda: central_difference(banana, TWO), "w"),
        (lambda: central_difference(banana, (1, 1), eps=ONE), "eps"),
        (
            lambda: central_difference(lambda w: torch.as_tensor(w) @ TWO.double(), (1.0, 1.0)),
            "what f returns",
        ),
        (
            lambda: check_gradient(banana, lambda w: torch.as_tensor(w) * ONE, (1.0, 1.0)),
            "what gradient returns",
        ),
        (lambda: GradientDescent(lr=ONE), "lr"),
        (lambda: Adam(beta1=0 * TWO), "beta1"),
        (lambda: constant(ONE), "lr"),
        (lambda: cosine(0.1, 20, floor=0 * ONE), "floor"),
        (lambda: ReduceOnPlateau(lr=ONE), "lr"),
        (lambda: ReduceOnPlateau().step(ONE, ReduceOnPlateau().init()), "loss"),
    ],
)
def test_it_says_which_argument_has_to_be_detached(call, name):
    with pytest.raises(TypeError, match=rf"^{name} must be .*has to be detached"):
        call()


def test_a_tensor_that_nobody_follows_is_as_good_as_an_array():
    start = torch.tensor([-1.0, 2.0])
    walk = descend(banana, GradientDescent(lr=torch.tensor(0.125)), start, 5)
    same = descend(banana, GradientDescent(lr=0.125), np.array([-1, 2], dtype=np.float32), 5)
    np.testing.assert_array_equal(walk.points, same.points)
    assert central_difference(quartic, torch.tensor(1.0, dtype=torch.float64)).shape == ()


def test_a_schedule_takes_a_tensor_of_steps_as_well():
    k = torch.arange(30, dtype=torch.float64)
    for schedule in (cosine(0.1, 20), step_decay(0.1), warmup(constant(0.1), 5)):
        np.testing.assert_allclose(schedule(k).numpy(), schedule(k.numpy()), rtol=1e-15)


@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("lr", [0.1, np.float64(0.1), np.array(0.1), np.float32(0.1), None])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_keeps_the_type_of_w_whatever_the_type_of_the_rate(kind, lr, dtype):
    rule = kind(weight_decay=np.float64(0.1))
    w, state = np.ones(3, dtype), rule.init(np.ones(3, dtype))
    for _ in range(2):
        w, state = rule.step(w, w / 2, state, lr)
        assert w.dtype == dtype
        assert {state[name].dtype for name in rule.memory} <= {np.dtype(dtype)}


def test_a_walk_in_single_precision_stays_in_it():
    start = np.array([[1, 1], [2, 2]], dtype=np.float32)
    more = {"gradient": lambda w: np.ones(w.shape)}, {"noise": 0.1, "seed": 0}
    for settings in (*more, {"schedule": ReduceOnPlateau(0.1)}):
        walk = descend(banana, Lion(), start, 5, **settings)
        assert {walk.points.dtype, walk.gradients.dtype, walk.states["m"].dtype} == {start.dtype}
