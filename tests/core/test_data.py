"""Small digits, labeled images and batches. Finding and downloading MNIST: test_data_mnist.py."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib import data
from course_lib import mnist as mnist_files
from course_lib.data import Batches, Digits, LabeledImages

# ---------------------------------------------------------------------------------- small digits


@pytest.fixture(scope="module")
def small() -> Digits:
    return data.load_small_digits()


def test_small_digits_and_their_split_are_scikit_learns_to_the_last_bit(small):
    """The fingerprint of scikit-learn's `load_digits`, split by its `train_test_split`."""
    said = hashlib.sha256()
    for part in (small.train, small.test):
        said.update(part.images.tobytes() + part.labels.tobytes())
    assert said.hexdigest() == "0c699ee1b3bc1bc500b40944070efde66a8c5e6e73662466fad20af5d1e65d7e"


@pytest.mark.parametrize(
    ("name", "shape", "sums", "classes"),
    [
        ("digits", (1797, 64), 561718, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]),
        ("breast cancer", (569, 30), 1056474.4596356, [212, 357]),
        ("wine", (178, 13), 159975.295999, [59, 71, 48]),
    ],
)
def test_a_table_is_the_one_of_scikit_learn(name, shape, sums, classes):
    inputs, targets = data.load_table(name)
    assert inputs.shape == shape
    assert inputs.sum() == pytest.approx(sums, rel=1e-12)
    assert np.bincount(targets).tolist() == classes


def test_a_table_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ValueError, match="name must be one of digits, breast cancer, wine; got"):
        data.load_table("iris")


def test_small_digits_use_the_gray_levels_of_mnist(small):
    for part in (small.train, small.test):
        assert part.images.dtype == part.labels.dtype == np.uint8
        assert part.images.min() == 0
        assert part.images.max() == 255


def test_the_split_of_the_small_digits_is_always_the_same_and_even(small):
    assert (len(small.train), len(small.test)) == (1437, 360)
    assert small.test.labels[:10].tolist() == [7, 6, 3, 7, 7, 3, 2, 8, 9, 3]
    counts = np.bincount(small.test.labels, minlength=10)
    assert counts.min() >= 34
    assert counts.max() <= 38


def test_a_data_set_introduces_itself_without_telling_where_it_lies(small):
    assert repr(small) == "Small digits: 1437 training and 360 test images of 8×8"
    assert repr(small.train) == "1437 images of 8×8"
    assert small.source == "the 8×8 digits of the course"


# -------------------------------------------------------------------------------- labeled images


def test_arrays_are_rows_of_pixels_from_0_to_1(small):
    x, y = small.train.arrays()
    assert (x.dtype, x.shape) == (np.float32, (1437, 64))
    assert (y.dtype, y.shape) == (np.int64, (1437,))
    assert (x.min(), x.max()) == (0, 1)
    np.testing.assert_array_equal(x[7].reshape(8, 8), np.float32(small.train.images[7] / 255))


def test_tensors_hold_the_same_numbers_as_arrays_in_the_types_a_network_takes(small):
    x, y = small.test.tensors()
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    for tensor, array in zip((x, y), small.test.arrays(), strict=True):
        np.testing.assert_array_equal(tensor.numpy(), array)
    assert torch.nn.Linear(64, 10)(x).shape == (360, 10)


def test_tensors_can_be_written_to_without_changing_the_images(small):
    before = small.test.images.copy()
    x, _ = small.test.tensors()
    x.zero_()
    np.testing.assert_array_equal(small.test.images, before)


def test_a_slice_or_indices_give_fewer_labeled_images(small):
    first, rest = small.train[:1000], small.train[1000:]
    assert (len(first), len(rest)) == (1000, 437)
    picked = small.train[np.array([5, 3])]
    np.testing.assert_array_equal(picked.images[1], small.train.images[3])
    assert picked.labels.tolist() == small.train.labels[[5, 3]].tolist()
    zeros = small.train[small.train.labels == 0]
    assert set(zeros.labels.tolist()) == {0}


def test_one_index_gives_one_image_and_its_label_as_torchs_dataloader_expects(small):
    image, label = small.train[3]
    assert image.shape == (8, 8)
    assert label == small.train.labels[3]
    loader = torch.utils.data.DataLoader(small.train[:6], batch_size=4)
    assert [len(labels) for _, labels in loader] == [4, 2]


@pytest.mark.parametrize(
    ("images", "labels", "error", "words"),
    [
        (np.zeros((2, 4, 4)), np.zeros(2, np.uint8), TypeError, "images must be .* got float64"),
        (np.zeros((2, 4, 4), np.uint8), [0, 1], TypeError, "labels must be .* got list"),
        (np.zeros((2, 16), np.uint8), np.zeros(2, np.uint8), ValueError, r"images .*\(2, 16\)"),
        (np.zeros((2, 4, 4), np.uint8), np.zeros((2, 1), np.uint8), ValueError, "labels must have"),
        (np.zeros((2, 4, 4), np.uint8), np.zeros(3, np.uint8), ValueError, "2 images and 3 labels"),
    ],
)
def test_images_and_labels_that_do_not_fit_are_refused_in_words(images, labels, error, words):
    with pytest.raises(error, match=words):
        LabeledImages(images, labels)


def test_neither_importing_nor_loading_brings_in_torch():
    code = "import sys; from course_lib.data import *; load_small_digits(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "course_lib.data" in done.stdout.split()
    assert "torch" not in done.stdout.split()


# --------------------------------------------------------------------------------------- batches


def numbered(m: int, kind: str = "numpy"):
    """Examples that carry their own number, so that a test sees which one went where."""
    x, y = np.arange(2 * m, dtype=np.float32).reshape(m, 2), np.arange(m)
    return (torch.from_numpy(x), torch.from_numpy(y)) if kind == "torch" else (x, y)


def order(batches: Batches) -> list[int]:
    return [int(i) for _, y in batches for i in y]


@given(st.integers(1, 60), st.data(), st.booleans(), st.sampled_from(["numpy", "torch"]))
def test_an_epoch_holds_every_example_once_with_its_own_label(m, draw, shuffle, kind):
    batch_size = draw.draw(st.integers(1, m))
    batches = Batches(*numbered(m, kind), batch_size, seed=0, shuffle=shuffle)
    pairs = list(batches)
    assert len(pairs) == len(batches) == -(-m // batch_size)
    assert sorted(int(i) for _, y in pairs for i in y) == list(range(m))
    for x, y in pairs:
        assert x[:, 0].tolist() == [2 * int(i) for i in y]
    assert [len(y) for _, y in pairs[:-1]] == [batch_size] * (len(pairs) - 1)


@given(st.integers(1, 60), st.data())
def test_dropping_the_last_leaves_only_full_batches(m, draw):
    batch_size = draw.draw(st.integers(1, m))
    batches = Batches(*numbered(m), batch_size, drop_last=True)
    assert [len(y) for _, y in batches] == [batch_size] * (m // batch_size)
    assert len(batches) == m // batch_size


def test_every_epoch_has_a_new_order_and_the_seed_decides_them_all():
    first, second = (Batches(*numbered(50), 8, seed=4) for _ in range(2))
    epochs = [order(first) for _ in range(3)]
    assert epochs == [order(second) for _ in range(3)]
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert epochs[0] != order(Batches(*numbered(50), 8, seed=5))


def test_without_a_seed_two_runs_differ():
    assert order(Batches(*numbered(50), 8)) != order(Batches(*numbered(50), 8))


def test_numpy_and_torch_see_the_same_order():
    on_numpy, on_torch = (Batches(*numbered(50, kind), 8, seed=4) for kind in ("numpy", "torch"))
    for _ in range(2):
        assert order(on_numpy) == order(on_torch)
    x, y = next(iter(on_torch))
    assert isinstance(x, torch.Tensor)
    assert isinstance(y, torch.Tensor)
    assert x.dtype == torch.float32


def test_without_shuffling_the_given_order_stays():
    batches = Batches(*numbered(10), 4, shuffle=False)
    assert [order(batches) for _ in range(2)] == [list(range(10))] * 2


def test_two_epochs_at_once_do_not_disturb_each_other():
    batches = Batches(*numbered(30), 7, seed=1)
    pairs = [(y, z) for (_, y), (_, z) in zip(batches, batches, strict=True)]
    left, right = (np.concatenate(side).tolist() for side in zip(*pairs, strict=True))
    assert sorted(left) == sorted(right) == list(range(30))
    assert left != right


def test_shuffled_batches_are_copies_and_leave_the_training_set_alone():
    x, y = numbered(12)
    for batch, labels in Batches(x, y, 5, seed=0):
        batch[:] = -1
        labels[:] = -1
    np.testing.assert_array_equal(x, numbered(12)[0])
    np.testing.assert_array_equal(y, numbered(12)[1])


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be .* at least 1, got 0"),
        ({"batch_size": -8}, ValueError, "batch_size must be .* got -8"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be a whole number .* got 2.5"),
        ({"batch_size": "64"}, TypeError, "batch_size must be a whole number .* got '64'"),
        ({"batch_size": 11}, ValueError, "batch_size must be at most .* 10, got 11"),
        ({"x": [[1.0]]}, TypeError, "x must be a numpy array or a torch tensor .* got list"),
        ({"y": None}, TypeError, "y must be .* got NoneType"),
        ({"y": np.float64(3)}, TypeError, "y must be .* at least one axis"),
        ({"y": np.arange(9)}, ValueError, "the same length.* got 10 and 9"),
        ({"x": np.zeros((0, 2)), "y": np.zeros(0)}, ValueError, "at least 1, got 0 and 0"),
        ({"seed": -1}, ValueError, "seed must be .* got -1"),
        ({"seed": "lucky"}, TypeError, "seed must be a whole number .* got 'lucky'"),
    ],
)
def test_bad_arguments_are_named_with_their_value_and_what_is_allowed(change, error, words):
    x, y = numbered(10)
    with pytest.raises(error, match=words):
        Batches(**({"x": x, "y": y, "batch_size": 4} | change))


# ------------------------------------------------------------------------------------ real MNIST


@pytest.fixture(scope="module")
def mnist() -> Digits:
    folder = data.find_mnist()
    if folder is None:
        if os.environ.get("CI") == "true":
            pytest.fail("MNIST is needed here: set COURSE_DATA to a folder that holds it")
        pytest.skip("MNIST is not on this computer (python -m course_lib.data fetches it)")
    return data.load_mnist(folder)


@pytest.mark.mnist
def test_mnist_is_what_the_literature_says(mnist):
    assert repr(mnist) == "MNIST: 60000 training and 10000 test images of 28×28"
    assert mnist.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(mnist.train.labels).tolist() == [
        *(5923, 6742, 5958, 6131, 5842),
        *(5421, 5918, 6265, 5851, 5949),
    ]
    assert np.bincount(mnist.test.labels).tolist() == [
        *(980, 1135, 1032, 1010, 982),
        *(892, 958, 1028, 974, 1009),
    ]
    # The mean and spread everyone normalizes with.
    x, _ = mnist.train.arrays()
    assert x.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert x.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)


@pytest.mark.mnist
def test_mnist_unpacked_is_the_same_as_packed(mnist, tmp_path):
    contents, _ = mnist_files._read_folder(data.find_mnist())
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    unpacked = data.load_mnist(tmp_path)
    for ours, theirs in ((unpacked.train, mnist.train), (unpacked.test, mnist.test)):
        np.testing.assert_array_equal(ours.images, theirs.images)
        np.testing.assert_array_equal(ours.labels, theirs.labels)


@pytest.mark.mnist
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's /proc")
def test_loading_mnist_peaks_below_200_megabytes(mnist):
    code = (
        "from course_lib.data import load_mnist; load_mnist()\n"
        "print(*(line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200_000
