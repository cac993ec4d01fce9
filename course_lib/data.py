"""Images to train on: MNIST, small digits that need no network, and batches of them.

The data flows from here to `training` and to the lab notebook, but this module knows neither of
them. Run `python -m course_lib.data` to download MNIST ahead of time.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_numpy_array, is_torch_array

from course_lib import mnist
from course_lib.arguments import one_of, whole
from course_lib.mnist import MnistUnavailable, find_mnist

__all__ = [
    "Batches",
    "Digits",
    "LabeledImages",
    "MnistUnavailable",
    "find_mnist",
    "load_digits",
    "load_mnist",
    "load_small_digits",
    "load_table",
]

_TABLES = Path(__file__).parent / "tables"
_NAMES = ("digits", "breast cancer", "wine")


@dataclass(frozen=True, eq=False, repr=False)
class LabeledImages:
    """Gray images, with the digit that each one shows.

    `len(...)` counts the images, and `labeled[i]` is one pair (image, label). A slice or an array
    of indices selects `LabeledImages` again, so `train[:50_000]` is a smaller training set and
    `train[50_000:]` the matching validation set.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
        0 is the background, 255 is full ink.
    labels : ndarray of uint8, shape (n,)
        The digits, 0 to 9.

    Raises
    ------
    TypeError
        If either is not a uint8 array.
    ValueError
        If the shapes are not as above.
    """

    images: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        for name, axes, shape in (("images", 3, "(n, height, width)"), ("labels", 1, "(n,)")):
            array = getattr(self, name)
            if getattr(array, "dtype", None) != np.uint8:
                kind = getattr(array, "dtype", type(array).__name__)
                raise TypeError(f"{name} must be a numpy array of uint8 (0 to 255), got {kind}.")
            if array.ndim != axes:
                raise ValueError(f"{name} must have shape {shape}, got {array.shape}.")
        if len(self.images) != len(self.labels):
            raise ValueError(
                f"images and labels must have the same length, got {len(self.images)} images "
                f"and {len(self.labels)} labels."
            )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Any) -> LabeledImages | tuple[np.ndarray, int]:
        images, labels = self.images[index], self.labels[index]
        if labels.ndim == 0:
            return images, int(labels)
        return LabeledImages(images, labels)

    def __repr__(self) -> str:
        _, height, width = self.images.shape
        return f"{len(self)} images of {height}×{width}"

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the images, one per row, and the labels as numpy arrays that a network can take.

        Returns
        -------
        x : ndarray of float32, shape (n, height * width)
            The pixels, from 0 (background) to 1 (full ink).
        y : ndarray of intp, shape (n,)
            The digits, in numpy's type for counting and indexing (int64, except in a browser).
        """
        x = np.divide(self.images, 255, dtype=np.float32)
        return x.reshape(len(self), -1), self.labels.astype(np.intp)

    def tensors(self) -> tuple[Any, Any]:
        """Return the same data as `arrays`, as torch tensors. Only this method imports torch."""
        import torch

        x, y = self.arrays()
        return torch.from_numpy(x), torch.from_numpy(y)


@dataclass(frozen=True, eq=False, repr=False)
class Digits:
    """Handwritten digits for training, and others for the test.

    Parameters
    ----------
    train, test : LabeledImages
        Learn from `train`, and measure on `test` once, at the end.
    name : str
        The name of the data set.
    source : str
        The origin of the data, in words.
    """

    train: LabeledImages
    test: LabeledImages
    name: str
    source: str

    def __repr__(self) -> str:
        # The source is left out, because stored outputs have to be the same on every machine.
        _, height, width = self.train.images.shape
        return (
            f"{self.name}: {len(self.train)} training and {len(self.test)} test images "
            f"of {height}×{width}"
        )


def load_table(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a small table of real measurements: inputs, shape (m, n), and classes, shape (m,).

    Parameters
    ----------
    name : str
        "digits" (64 pixels from 0 to 16), "breast cancer" (30 features of cells) or "wine" (13
        chemical measurements).

    References
    ----------
    The UCI Machine Learning Repository. `course_lib/tables/README.md` has the sources and license.
    """
    place = _TABLES / f"{one_of('name', name, _NAMES).replace(' ', '_')}.csv.gz"
    table = np.loadtxt(place, delimiter=",")
    return table[:, :-1], table[:, -1].astype(int)


def load_small_digits() -> Digits:
    """Return 1797 handwritten digits of 8×8 pixels, which come with the course.

    They stand in for MNIST where there is no network. The split is always the same: 1437 digits for
    training and 360 for the test, with equal proportions of every digit in both. A writer may
    appear in both, so the test is a little easier than MNIST's. The original gray levels 0 … 16 are
    spread over 0 … 255, so that both data sets can be used in the same way.

    References
    ----------
    E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository, 1998.
    """
    pixels, labels = load_table("digits")
    images = np.round(pixels.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    train, test = (
        LabeledImages(images[part], labels[part].astype(np.uint8))
        for part in (slice(1437), slice(1437, None))
    )
    return Digits(train, test, "Small digits", "the 8×8 digits of the course")


def load_mnist(folder: str | os.PathLike | None = None) -> Digits:
    """Return MNIST: 60 000 training and 10 000 test images of 28×28 pixels.

    Without `folder`, the first place that holds the four files intact is used: the folder named by
    the environment variable COURSE_DATA, the user's cache, `data`, `../data` and `~/data` (or
    `MNIST/raw` in any of them, as torchvision leaves it). If there is none, the files are
    downloaded into the cache, unless COURSE_OFFLINE is set. Both packed (.gz) and unpacked files
    work. Each time a file is read, its size and its SHA-256 are checked, no matter where it is.

    If the cache can't be written, MNIST is kept in memory, and a line of output says so.

    Parameters
    ----------
    folder : path, optional
        Look only in this folder (or in its `MNIST/raw`), and download nothing.

    Raises
    ------
    MnistUnavailable
        If the files are nowhere, or those in `folder` are missing or damaged. The message names
        the file, the reason, and the steps for getting the files by hand.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 1998.
    """
    arrays, source = mnist.load(folder)
    train, test = (
        LabeledImages(arrays[f"{part}-images-idx3-ubyte"], arrays[f"{part}-labels-idx1-ubyte"])
        for part in ("train", "t10k")
    )
    return Digits(train, test, "MNIST", source)


def load_digits(folder: str | os.PathLike | None = None) -> Digits:
    """Return MNIST or, if it is unavailable, the small digits; then a line of output says so.

    Parameters
    ----------
    folder : path, optional
        As for `load_mnist`.
    """
    try:
        return load_mnist(folder)
    except MnistUnavailable as unavailable:
        print(
            f"Working with the 1797 small digits (8×8) instead of MNIST: {unavailable.reason}. "
            "Run load_mnist() to see how to get it."
        )
        return load_small_digits()


class Batches:
    """Cut a training set into batches, in a new order for every epoch.

    Iterating once is one epoch: it yields pairs (x, y) of `batch_size` examples, and each example
    exactly once. `len(...)` counts the batches of an epoch. `batch_size=1` is online learning, and
    `batch_size=len(x)` is the full batch.

    Parameters
    ----------
    x : ndarray or tensor, shape (m, ...)
        The examples.
    y : ndarray or tensor, shape (m, ...)
        The targets, one for each example.
    batch_size : int
        Examples per batch, from 1 to m. The last batch of an epoch holds the rest.
    seed : int, optional
        The same seed gives the same order in each epoch, for numpy arrays and torch tensors.
    shuffle : bool
        False keeps the given order in every epoch.
    drop_last : bool
        Whether to leave out a last batch that is not full.

    Raises
    ------
    TypeError
        If `x` or `y` is neither a numpy array nor a torch tensor, or a setting is not a number.
    ValueError
        If `x` and `y` differ in length or are empty, or `batch_size` is not between 1 and m.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        batch_size: int,
        *,
        seed: int | None = None,
        shuffle: bool = True,
        drop_last: bool = False,
    ) -> None:
        for name, array in (("x", x), ("y", y)):
            if not (is_numpy_array(array) or is_torch_array(array)) or array.ndim == 0:
                raise TypeError(
                    f"{name} must be a numpy array or a torch tensor of at least one axis, "
                    f"got {type(array).__name__}."
                )
        if len(x) != len(y) or len(x) == 0:
            raise ValueError(
                f"x and y must have the same length, at least 1, got {len(x)} and {len(y)}."
            )
        self.batch_size = whole("batch_size", batch_size, low=1)
        if batch_size > len(x):
            raise ValueError(
                f"batch_size must be at most the number of examples, {len(x)}, got {batch_size}."
            )
        self.x, self.y = x, y
        self.shuffle, self.drop_last = bool(shuffle), bool(drop_last)
        self._rng = np.random.default_rng(None if seed is None else whole("seed", seed))

    def __len__(self) -> int:
        full, left_over = divmod(len(self.x), self.batch_size)
        return full + (left_over > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        if not self.shuffle:
            for batch in self._slices():
                yield self.x[batch], self.y[batch]
            return
        order = self._rng.permutation(len(self.x))
        take_x, take_y = _taker(self.x, order), _taker(self.y, order)
        for batch in self._slices():
            yield take_x(batch), take_y(batch)

    def _slices(self) -> Iterator[slice]:
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield slice(start, start + self.batch_size)


def _taker(array: Any, order: np.ndarray) -> Callable[[slice], Any]:
    """Return a function that returns a slice of `array` in the new order.

    It copies only that slice, never the whole training set, and `take` is faster than
    `array[order[batch]]`.
    """
    xp = array_namespace(array)
    order = xp.asarray(order, device=device(array))
    return lambda batch: xp.take(array, order[batch], axis=0)


def _main() -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a path may hold what the terminal cannot show
    try:
        print(f"MNIST is in {mnist.fetch()}")
    except MnistUnavailable as unavailable:
        print(unavailable, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
