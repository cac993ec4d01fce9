"""What `training` refuses, in plain words: models, losses, data and rules that can't work together.

Everything is tried out before the first update, because a wrong shape would otherwise be learned in
silence or end in an error of torch deep within. Nothing here changes a model.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from course_lib import arguments
from course_lib.data import Batches


def checked_model(model: Any) -> torch.nn.Module:
    """Return `model`, or raise a TypeError if it is none.

    Parameters
    ----------
    model : torch.nn.Module
    """
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {model!r}.")
    return model


def checked_loss(loss: Any) -> Callable:
    """Return `loss`, or say that it is still a class, or no function at all.

    Parameters
    ----------
    loss : callable
    """
    if isinstance(loss, type):
        name = loss.__name__
        raise TypeError(f"loss must be created first: write {name}() instead of {name}.")
    checked: Callable = arguments.function("loss", loss, "what the model returns and the targets")
    return checked


def ready(model: Any, train: Any, validation: Any, loss: Callable) -> tuple[tuple, Any]:
    """Return both data sets as tensors, after trying them out with the model and the loss.

    Parameters
    ----------
    model : torch.nn.Module
    train, validation : labeled images, or pair (inputs, targets)
        `validation` may be None.
    loss : callable
    """
    if not torch.is_grad_enabled():
        raise RuntimeError(
            "Gradients are switched off, and training needs them. Call fit outside of "
            "torch.no_grad() and torch.inference_mode(), or torch.set_grad_enabled(True) first."
        )
    trainable(checked_model(model))
    checked_loss(loss)
    train = tensors("train", train, model)
    try_out(model, "train", train, loss, learn=True)
    if validation is not None:
        validation = tensors("validation", validation, model)
        try_out(model, "validation", validation, loss)
    return train, validation


def tensors(name: str, data: Any, model: torch.nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs and targets as tensors that `model` and the loss can work with.

    Parameters
    ----------
    name : str
        What messages call the data.
    data : labeled images, or pair (inputs, targets)
    model : torch.nn.Module
    """
    if hasattr(data, "tensors"):  # labeled images, or a TensorDataset
        data = data.tensors() if callable(data.tensors) else data.tensors
    try:
        inputs, targets = data
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} must be labeled images or a pair (inputs, targets) of tensors or arrays, "
            f"got {type(data).__name__}."
        ) from None
    x, y = tensor(f"the inputs of {name}", inputs), tensor(f"the targets of {name}", targets)
    if not x.ndim or not y.ndim or len(x) != len(y) or not len(x):
        raise ValueError(
            f"{name} must hold as many inputs as targets, at least one, got the shapes "
            f"{tuple(x.shape)} and {tuple(y.shape)}."
        )
    return floats(x, model), floats(y, model) if y.is_floating_point() else y.long()


def tensor(name: str, values: Any) -> torch.Tensor:
    """Return `values` as a tensor, copying arrays whose memory layout torch cannot read.

    Parameters
    ----------
    name : str
        What messages call the values.
    values : tensor, array or table
    """
    if torch.is_tensor(values):
        return values.detach()
    try:
        array = np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)
        if array.dtype.kind == "O":
            array = np.array(array.tolist())  # in the type of its entries
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{name} must be numbers in rows of one length, got {values!r}.") from None
    if array.dtype.kind not in "biuf" or np.ma.is_masked(values):
        kind = "masked entries" if np.ma.is_masked(values) else f"entries of type {array.dtype}"
        raise TypeError(f"{name} must be real numbers, got {kind}.")
    native = np.float64 if array.dtype.itemsize > 8 else array.dtype.newbyteorder("=")
    array = array.astype(native, order="C", copy=False)
    if not array.flags.writeable or min(array.strides, default=0) < 0:
        array = array.copy()
    return torch.from_numpy(array)


def floats(x: torch.Tensor, model: torch.nn.Module) -> torch.Tensor:
    """Return floating-point numbers in the precision of the model's parameters.

    Parameters
    ----------
    x : tensor
    model : torch.nn.Module
    """
    kinds = (p.dtype for p in model.parameters() if p.is_floating_point())
    return x.to(next(kinds, x.dtype)) if x.is_floating_point() else x


def try_out(
    model: torch.nn.Module, name: str, data: tuple, loss: Callable, learn: bool = False
) -> torch.Tensor:
    """Raise in plain words if `model` and `loss` can't work with the data, before any training.

    Parameters
    ----------
    model : torch.nn.Module
    name : str
        What messages call the data.
    data : pair of tensors
    loss : callable
    learn : bool
        Whether these are training data, so the loss must have a gradient, too.

    Returns
    -------
    tensor
        The model's output for the first examples.
    """
    x, y = data
    with evaluating(model), torch.set_grad_enabled(learn):
        try:
            made = answer(model, x[:2])
            # Choose a batch size unlike the length of any other axis, so none is mistaken for it.
            n = next(n for n in range(2, 99) if n not in {*made.shape[1:], *y.shape[1:]})
            made, y = made if n == 2 else model(x[:n]), y[:n]
        except (RuntimeError, ValueError, IndexError) as error:
            raise ValueError(
                f"The model can't take the inputs of {name}, each of shape {tuple(x.shape[1:])} "
                f"and of type {x.dtype}: {error}"
            ) from None
        _check_labels(name, made, data[1])
        _check_shapes(name, made, data[1], loss)
        try:
            value = loss(made, y)
            if learn and torch.is_tensor(value) and value.requires_grad and value.numel() == 1:
                torch.autograd.grad(value, trainable(model), allow_unused=True)
        except (RuntimeError, ValueError, IndexError) as error:
            raise ValueError(
                f"The loss can't compare the model's output for {name}, of shape "
                f"{tuple(made.shape)}, with targets of shape {tuple(y.shape)}: {error}"
            ) from None
    if not torch.is_tensor(value) or value.numel() != 1:
        raise TypeError(f"loss must return one number as a tensor, got {value!r}.")
    if learn and not value.requires_grad:
        raise TypeError(
            f"loss must have a gradient, got {value!r}. Something in the loss or the model cuts it "
            "off, such as detach, item, argmax, no_grad, or a conversion to numpy."
        )
    return made


def _check_labels(name: str, made: torch.Tensor, y: torch.Tensor) -> None:
    if made.ndim != 2 or y.is_floating_point():
        return
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= made.shape[1]:
        raise ValueError(
            f"The model gives {made.shape[1]} scores, for the labels 0 to "
            f"{made.shape[1] - 1}, but {name} has the labels {low} to {high}."
        )


def _check_shapes(name: str, made: torch.Tensor, y: torch.Tensor, loss: Callable) -> None:
    """Reject a loss that compares each score with all targets, as broadcasting silently does."""
    row = y[: len(made)]
    if made.shape == row.shape or made.numel() != row.numel() or not y.is_floating_point():
        return
    # Take scores near two different targets. A loss that pairs them up gets worse when the targets
    # swap places, while a loss that mixes them does not notice.
    order = y.flatten(1).sum(1) if y.ndim > 1 else y
    two = y[[int(order.argmin()), int(order.argmax())]]
    near = (0.9 * two + 0.1 * two.flip(0)).reshape(2, *made.shape[1:])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of these shapes
            paired, swapped = (float(loss(near, targets)) for targets in (two, two.flip(0)))
    except (RuntimeError, ValueError, IndexError, TypeError):
        return  # trying out the loss reports this error
    if math.isfinite(paired) and math.isclose(paired, swapped, rel_tol=1e-6):
        raise ValueError(
            f"The model's output for {name} has shape {tuple(made.shape)}, the targets have "
            f"{tuple(row.shape)}, and the loss compares each output with all targets. Give both "
            "the same shape."
        )


def try_last_batch(model: torch.nn.Module, batches: Batches) -> None:
    """Raise in plain words if the last batch is a single example that the model can't train on.

    Parameters
    ----------
    model : torch.nn.Module
    batches : Batches
    """
    total = len(batches.x)
    if total % batches.batch_size != 1 and batches.batch_size > 1:
        return
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    mode = model.training
    model.train()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.func.functional_call(model, buffers, (batches.x[:1],))
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f"With batch_size = {batches.batch_size}, the last batch of the {total} examples holds "
            f"one alone, and the model can't train on it: {error} Choose another batch_size."
        ) from None
    finally:
        model.train(mode)


def answer(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return what `model` makes of a batch, or raise a TypeError if that is not one tensor.

    Parameters
    ----------
    model : torch.nn.Module
    x : tensor, shape (B, ...)
    """
    made = model(x)
    if not torch.is_tensor(made):
        kind = "None" if made is None else f"a {type(made).__name__}"
        raise TypeError(
            f"model must return one tensor for a batch, got {kind}. Let its forward return "
            "the scores alone."
        )
    return made


@contextlib.contextmanager
def evaluating(model: torch.nn.Module) -> Iterator[None]:
    """Let the model evaluate within the `with` block: no dropout, no gradients.

    Parameters
    ----------
    model : torch.nn.Module
    """
    mode = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(mode)


def trainable(model: torch.nn.Module) -> list[torch.nn.Parameter]:
    """Return the parameters that can be trained, or raise a ValueError if there are none.

    Parameters
    ----------
    model : torch.nn.Module
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("model has no parameter that can be trained.")
    return parameters


def checked_rule(rule: Any) -> Any:
    """Return `rule`, or say what it lacks to be an update rule for networks.

    Parameters
    ----------
    rule : update rule
    """
    if isinstance(rule, type):
        raise TypeError(f"rule must be created with its values, such as {rule.__name__}(lr=0.01).")
    if not dataclasses.is_dataclass(rule) or not (hasattr(rule, "init") and hasattr(rule, "step")):
        raise TypeError(
            "rule must be an update rule such as Adam(lr=0.001), or a dataclass of your own with "
            f"init(w) and step(w, g, state, lr=None), got {rule!r}."
        )
    try:
        inspect.signature(rule.step).bind(
            "w", "g", "state", **({"lr": 0} if hasattr(rule, "lr") else {})
        )
    except TypeError as error:
        raise TypeError(
            f"{type(rule).__name__}.step must be step(w, g, state, lr=None): {error}."
        ) from None
    for name in (field.name for field in dataclasses.fields(rule) if field.init):
        if shape := np.shape(getattr(rule, name)):
            raise ValueError(
                f"{name} must be a single number to train a network, got shape {shape}."
            )
    return rule


def checked_step(rule: Any, w: torch.Tensor, made: Any) -> tuple[torch.Tensor, dict]:
    """Return what a step made, or say what is wrong with it.

    Parameters
    ----------
    rule : update rule
    w : tensor
        The parameters before the step.
    made : tuple (w, state)
        What `rule.step` returned.
    """
    if not (isinstance(made, tuple) and len(made) == 2 and isinstance(made[1], dict)):
        raise TypeError(f"{type(rule).__name__}.step must return (w, state), got {made!r}.")
    if getattr(made[0], "shape", None) != w.shape:
        raise ValueError(
            f"{type(rule).__name__}.step must return w in the shape {tuple(w.shape)} that it got, "
            f"not {made[0]!r}."
        )
    return made
