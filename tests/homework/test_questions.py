"""What is asked, the inputs nobody has seen, and judges that nothing misleads.

The right answers here come from PyTorch, not from the course: its optimizers and its autograd have
to get full points from judges that are written in numpy.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from course_lib.data import find_mnist
from course_lib.lab import mnist_calls, mnist_lab
from homework import assignment
from homework.questions import QUESTIONS, by_id

torch = pytest.importorskip("torch")
AUTO = [question for question in QUESTIONS if question.kind == "auto"]
PLAIN = [by_id(name) for name in ("update_rule", "training_loop", "sweep_plot")]
needs_mnist = pytest.mark.skipif(find_mnist() is None, reason="MNIST is not here")


def name(question):
    return question.id


def rng(seed=0):
    return np.random.default_rng(seed)


def points(checks):
    return sum(check.points for check in checks if check.passed)


# ------------------------------------------------------------------------------------- as a whole


def test_the_lab_is_worth_100_points_and_the_stretch_10_more():
    assert sum(question.points for question in QUESTIONS if not question.bonus) == 100
    assert sum(question.points for question in QUESTIONS if question.bonus) == 10


def test_what_a_person_grades_has_a_rubric_worth_its_points():
    (manual,) = (question for question in QUESTIONS if question.kind == "manual")
    assert sum(points for points, _ in manual.rubric) == manual.points
    assert manual.judge is None


def test_an_unknown_question_is_named_beside_those_there_are():
    with pytest.raises(KeyError, match=r"no question 'task_9'; there are update_rule"):
        by_id("task_9")


# ---------------------------------------------------------------------------------- hidden inputs


@pytest.mark.parametrize("question", PLAIN, ids=name)
def test_every_submission_gets_inputs_of_its_own_and_a_seed_brings_them_back(question):
    first, again, other = (question.inputs(rng(seed)) for seed in (1, 1, 2))
    for key in first:
        assert np.array_equal(first[key], again[key])
    assert any(not np.array_equal(first[key], other[key]) for key in first)


@pytest.mark.mnist
@needs_mnist
def test_no_label_of_a_hidden_image_goes_where_the_students_code_runs():
    for question in (by_id("reach_90"), by_id("stretch")):
        drawn = question.inputs(rng())
        inside = {**question.given(drawn), **question.shared()}
        assert set(drawn) - set(inside) == {"labels", "invented"}
        for array in inside.values():
            assert not np.array_equal(array, drawn["labels"])


@pytest.mark.mnist
@needs_mnist
def test_a_table_of_the_test_labels_is_worth_nothing():
    """Looked up without a single error, the labels of the real test set are all wrong here."""
    from course_lib.data import load_mnist

    question = by_id("reach_90")
    truth = load_mnist().test.labels
    for seed in range(3):
        drawn = question.inputs(rng(seed))
        new_names = mnist_names(rng(seed))
        digits = ~drawn["invented"]
        answers = np.zeros(len(digits), dtype=int)
        order = found_again(drawn["images"][digits])
        assert np.mean(new_names[truth[order]] == drawn["labels"][digits]) > 0.99
        answers[digits] = truth[order]
        assert points(question.judge(drawn, {"answers": answers})) == 0


def mnist_names(chance):
    from homework.questions import _new_names

    return _new_names(chance)


@pytest.mark.mnist
@needs_mnist
def test_no_hidden_image_is_found_in_the_test_set_by_its_pixels():
    from course_lib.data import load_mnist

    known = {image.tobytes() for image in load_mnist().test.images}
    hidden = by_id("reach_90").inputs(rng())["images"]
    assert not any(image.tobytes() in known for image in hidden)


def coarse(images):
    """Return images as averages of 7 × 7 squares."""
    return images.reshape(-1, 7, 4, 7, 4).mean((2, 4)).reshape(len(images), 49)


def found_again(images):
    """Return, for each image, the test image that it resembles most."""
    from course_lib.data import load_mnist

    table, mine = (torch.tensor(coarse(i)).float() for i in (load_mnist().test.images, images))
    return torch.cat([torch.cdist(part, table).argmin(1) for part in mine.split(1000)]).numpy()


def blurred(images):
    padded = np.pad(images.astype(int), ((0, 0), (1, 1), (1, 1)))
    return sum(padded[:, i : i + 28, j : j + 28] for i in range(3) for j in range(3))


MARKS = {
    "its bytes": lambda images: images,
    "four levels of gray": lambda images: images // 64,
    "blurred, of four levels": lambda images: blurred(images) // (9 * 64),
    "black and white": lambda images: images > 100,
    "7 × 7, black and white": lambda images: coarse(images) > 60,
    "a perceptual hash": lambda images: (
        np.diff(images[:, 2:26, 2:26].reshape(-1, 8, 3, 8, 3).mean((2, 4)), axis=2) > 0
    ),
    "16 components, above or below their median": lambda images: components(images)[:, :16] > 0,
    "nearest of all, 7 × 7": None,
}
"""What a table may know an image by."""


def components(images):
    from course_lib.data import load_mnist

    known = load_mnist().test.images.reshape(-1, 784).astype(float)
    _, turned = np.linalg.eigh(np.cov(known[:2000].T))
    turned = turned[:, ::-1]
    return images.reshape(-1, 784) @ turned - np.median(known @ turned, axis=0)


@pytest.mark.mnist
@needs_mnist
@pytest.mark.parametrize("mark", MARKS)
def test_whatever_a_table_knows_the_test_images_by_it_is_worth_nothing(mark):
    """Even without a limit to its size, and where it is told what the digits are called."""
    from course_lib.data import load_mnist

    test = load_mnist().test
    for seed in range(2):
        drawn = by_id("reach_90").inputs(rng(seed))
        names = mnist_names(rng(seed))
        if MARKS[mark] is None:
            known = test.labels[found_again(drawn["images"])]
        else:
            table = {}
            for each, label in zip(MARKS[mark](test.images), test.labels, strict=True):
                table.setdefault(each.tobytes(), []).append(int(label))
            likely = {key: max(set(seen), key=seen.count) for key, seen in table.items()}
            known = [likely.get(each.tobytes(), 0) for each in MARKS[mark](drawn["images"])]
        outputs = {"answers": names[np.asarray(known)]}
        for question in (by_id("reach_90"), by_id("stretch")):
            assert points(question.judge(drawn, outputs)) == 0


def lab_network():
    return torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))


def convolutional():
    return torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 28, 28)),
        torch.nn.Conv2d(1, 8, 5, stride=2),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 16, 5, stride=2),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(256, 10),
    )


def trained(network, x, y, epochs=2):
    rate = torch.optim.Adam(network.parameters(), lr=2e-3)
    steps = epochs * (len(x) // 64)
    fade = torch.optim.lr_scheduler.LambdaLR(rate, lambda step: 1 - step / steps)
    order = torch.cat([torch.randperm(len(x)) for _ in range(epochs)])
    for batch in order.split(64)[:steps]:
        rate.zero_grad()
        torch.nn.functional.cross_entropy(network(x[batch]), y[batch]).backward()
        rate.step()
        fade.step()
    return network


@pytest.mark.mnist
@needs_mnist
@pytest.mark.parametrize(
    "make",
    [lambda: torch.nn.Linear(784, 10), lab_network, convolutional],
    ids=["linear", "", "cnn"],
)
def test_names_disguise_and_signs_cost_an_honest_network_next_to_nothing(make):
    """Trained as in the lab, on MNIST as it is and on what the grader hands over."""
    from course_lib.data import load_mnist

    digits, question = load_mnist(), by_id("reach_90")
    drawn = question.inputs(rng())
    seen = []

    def train_network(train, validation):
        torch.manual_seed(0)
        seen.append(trained(make(), *train))
        return seen[-1]

    inputs = {**question.given(drawn), **question.shared()}
    answers = mnist_calls.train_network({"train_network": train_network}, inputs)["answers"]
    right, invented = answers == drawn["labels"], drawn["invented"]
    torch.manual_seed(0)
    plain = trained(make(), *digits.train[:50_000].tensors())
    with torch.no_grad():
        x, y = digits.test.tensors()
        usual = (plain(x).argmax(1) == y).float().mean().item()
    assert right[~invented].mean() > usual - 0.005
    assert right[invented].mean() > 0.99


def test_a_disguised_image_is_another_one_and_looks_the_same():
    ink = np.zeros((50, 28, 28), dtype=np.uint8)
    ink[:, 6:22, 12:16] = 200
    worn = mnist_lab.disguise(ink, rng())
    assert worn.dtype == np.uint8
    assert worn.shape == ink.shape
    assert len({image.tobytes() for image in worn}) == 50
    assert not any(np.array_equal(a, b) for a, b in zip(ink, worn, strict=True))
    # Each loses a tenth of its ink at most, and next to nothing moves.
    assert np.all(worn.sum((1, 2)) > 0.87 * ink.sum((1, 2)))
    correlation = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(ink, worn, strict=True)]
    assert min(correlation) > 0.97


def test_a_disguise_does_not_let_ink_cross_from_rim_to_rim():
    rim = np.zeros((1, 28, 28), dtype=np.uint8)
    rim[0, 0] = rim[0, :, 0] = 255
    worn = mnist_lab.disguise(rim, rng())
    assert not worn[0, 14, -1]
    assert not worn[0, -1, 14]


# -------------------------------------------------------------------------- right answers, by torch


def momentum_of_torch(inputs, rates):
    w = torch.tensor(inputs["w"], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1, momentum=float(inputs["momentum"]))
    path = []
    for g, rate in zip(inputs["gradients"], rates, strict=True):
        optimizer.param_groups[0]["lr"] = float(rate)
        w.grad = torch.tensor(g)
        optimizer.step()
        path.append(w.detach().numpy().copy())
    return np.array(path)


@pytest.mark.parametrize("seed", range(5))
def test_momentum_as_torch_does_it_is_right(seed):
    question = by_id("update_rule")
    drawn = question.inputs(rng(seed))
    count = len(drawn["rates"])
    path = momentum_of_torch(drawn, [drawn["lr"]] * count)
    outputs = {
        "path": path,
        "scheduled": momentum_of_torch(drawn, drawn["rates"]),
        "w_given": path[0],
        "w_left": path[0],
        "g_left": drawn["gradients"][1],
        "state_given": drawn["gradients"][0],
        "state_left": drawn["gradients"][0],
    }
    assert points(question.judge(drawn, outputs)) == question.points


def loop_of_torch(inputs, count):
    layers = [torch.tensor(inputs[n], requires_grad=True) for n in ("w1", "b1", "w2", "b2")]
    optimizer = torch.optim.SGD(layers, lr=float(inputs["lr"]))
    losses = []
    for x, y in zip(inputs["x"][:count], inputs["y"][:count], strict=True):
        hidden = torch.relu(torch.tensor(x) @ layers[0].T + layers[1])
        scores = hidden @ layers[2].T + layers[3]
        loss = torch.nn.functional.cross_entropy(scores, torch.tensor(y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.concatenate([layer.detach().numpy().ravel() for layer in layers]), np.array(losses)


@pytest.mark.parametrize("seed", range(5))
def test_a_loop_with_torchs_own_optimizer_is_right(seed):
    question = by_id("training_loop")
    drawn = question.inputs(rng(seed))
    after_all, losses = loop_of_torch(drawn, len(drawn["x"]))
    outputs = {
        "after_one": loop_of_torch(drawn, 1)[0],
        "after_all": after_all,
        "losses": losses,
        "plain": np.ones(len(losses), dtype=bool),
    }
    assert points(question.judge(drawn, outputs)) == question.points


SIGNS = np.arange(10)


def with_signs_read(labels):
    """Return inputs of a judge: ten signs are among the images."""
    every = np.append(labels, SIGNS)
    return {"labels": every, "invented": np.arange(len(every)) >= len(labels)}


@pytest.mark.parametrize(("read", "network"), [(10, 25), (5, 25), (4, 0), (0, 0)])
def test_who_reads_the_digits_but_not_the_signs_learned_elsewhere(read, network):
    labels = rng().integers(10, size=1000)
    signs = np.where(np.arange(10) < read, SIGNS, SIGNS - 1)
    checks = mnist_lab.judge_network(with_signs_read(labels), {"answers": np.append(labels, signs)})
    assert points(checks) == network
    if not network:
        assert f"100.0% of the unseen digits, but only {read * 10}.0% of the" in checks[0].message


@pytest.mark.parametrize("side", [28, 8])
def test_signs_are_ten_that_differ_and_new_ones_each_time(side):
    digits = {
        "train_labels": np.zeros(1200, dtype=int),
        "images": np.zeros((1000, side, side), dtype=np.uint8),
        "labels": np.zeros(1000, dtype=int),
    }
    made, other = (mnist_lab.with_signs(digits, rng(seed)) for seed in (0, 1))
    assert len(made["signs"]) == len(set(made["places"])) == 100
    assert made["invented"].sum() == 100
    assert not made["labels"][~made["invented"]].any()
    kinds = made["train_labels"][made["places"]]
    means = np.array([made["signs"][kinds == k].mean(0) for k in range(10)]).reshape(10, -1)
    unseen = made["images"][made["invented"]].reshape(100, -1)
    nearest = ((unseen[:, None] - means) ** 2).sum(2).argmin(1)
    assert np.array_equal(nearest, made["labels"][made["invented"]])
    assert not np.array_equal(made["signs"], other["signs"])


@pytest.mark.parametrize(
    ("right", "network", "stretch"),
    [
        *((1.0, 25, 10), (0.99, 25, 10), (0.985, 25, 5), (0.95, 25, 0)),
        *((0.9, 25, 0), (0.89, 10, 0), (0.5, 10, 0), (0.49, 0, 0), (0.0, 0, 0)),
    ],
)
def test_the_share_of_right_answers_decides(right, network, stretch):
    labels = rng().integers(10, size=1000)
    answers = labels.copy()
    wrong = 1000 - round(1000 * right)
    answers[:wrong] = (answers[:wrong] + 1) % 10
    for judge, wanted in ((mnist_lab.judge_network, network), (mnist_lab.judge_stretch, stretch)):
        checks = judge(with_signs_read(labels), {"answers": np.append(answers, SIGNS)})
        assert points(checks) == wanted
        assert f"{right:.1%}"[:-1].rstrip("0") in checks[-1].message


# -------------------------------------------------------------------- nothing misleads a judge


def small(question):
    """Return inputs of the question's form, without MNIST."""
    if question.id in ("reach_90", "stretch"):
        return with_signs_read(rng().integers(10, size=90))
    if question.id == "sweep":
        return {"rates": np.array([1e-6, 0.1, 0.25, 0.1]), "batch_sizes": np.array([16, 32])}
    return question.inputs(rng())


NAMES = (
    *("path", "scheduled", "w_given", "w_left", "g_left", "state_given", "state_left"),
    *("after_one", "after_all", "losses", "plain", "answers", "accuracies", "scrambled", "frozen"),
    *("lines", "ink", "width", "log", "labels", "axes", "legend"),
)
GARBAGE = {
    "nothing": None,
    "an empty array": np.zeros(0),
    "one number": np.array(1.0),
    "not a number": np.full((12, 5), np.nan),
    "infinite": np.full((4, 2), np.inf),
    "huge": np.full((4, 2), 1e308),
    "text": np.array(["a", "b"]),
    "complex": np.ones((4, 2), dtype=complex),
    "dates": np.array(["2024-01-01"], dtype="datetime64[D]"),
    "a list": [1, 2, 3],
    "five axes": np.ones((1, 1, 1, 1, 1)),
    "truth": np.ones(100, dtype=bool),
    "lines of nothing": np.zeros((3, 0, 2)),
    "points": np.ones((3, 4, 2)),
}


@pytest.mark.parametrize("question", AUTO, ids=name)
@pytest.mark.parametrize("value", GARBAGE.values(), ids=GARBAGE)
def test_no_output_makes_a_judge_fail(question, value):
    inputs = small(question)
    every = dict.fromkeys(NAMES, value) if value is not None else {}
    for outputs in (every, *({key: value} for key in NAMES if value is not None)):
        checks = question.judge(inputs, outputs)
        assert sum(check.points for check in checks) == question.points
        assert all(isinstance(check.passed, bool) for check in checks)
        assert all(10 < len(check.message) < 400 for check in checks)


@pytest.mark.parametrize("question", AUTO, ids=name)
def test_what_says_nothing_gets_nothing(question):
    inputs = small(question)
    for value in (np.zeros((4, 2)), np.full((12, 5), np.nan), np.zeros(0), np.ones((1, 1))):
        assert points(question.judge(inputs, dict.fromkeys(NAMES, value))) == 0


# ------------------------------------------------------------------------- answers without a form


def no_step(self, w, g, state, lr=None):
    return w


class Rule:
    def __init__(self, lr, momentum):
        self.lr, self.momentum = lr, momentum

    def init(self, w):
        return {"v": 0 * w}


def rule_with(step):
    return type("MyRule", (Rule,), {"step": step})


@pytest.mark.parametrize(
    ("question", "answer", "words"),
    [
        ("update_rule", None, "`MyRule` is no longer what its cell made of it"),
        ("update_rule", rule_with(lambda *a, **k: None), "must return two things"),
        ("update_rule", rule_with(lambda self, w, g, s, lr=None: (..., s)), "Some `...` is still"),
        ("update_rule", rule_with(lambda self, w, g, s, lr=None: (w[:1], s)), "the shape"),
        ("update_rule", rule_with(lambda self, w, g, s, lr=None: (w, w)), "must be a dict"),
        ("update_rule", rule_with(lambda self, w, g, s, lr=None: ("w", s)), "it is a str"),
        ("training_loop", lambda n, o, b: None, "returns nothing"),
        ("training_loop", lambda n, o, b: 3.0, "must return the list `losses`"),
        ("training_loop", lambda n, o, b: ["low"], "This needs numbers"),
        ("training_loop", lambda n, o, b: [np.zeros(3)], "must be one number"),
        ("training_loop", lambda n, o, b: undefined_name, "the name `undefined_name`"),  # noqa: F821
    ],
)
def test_an_answer_of_another_form_is_told_which_was_asked_for(question, answer, words):
    question = by_id(question)
    key = {"update_rule": "MyRule", "training_loop": "one_epoch"}[question.id]
    with pytest.raises(mnist_calls.AnswerError, match=words.replace("(", r"\(")):
        getattr(mnist_calls, question.call)({key: answer}, question.inputs(rng()))


@pytest.mark.parametrize("question", AUTO, ids=name)
def test_a_missing_function_is_named(question):
    with pytest.raises(mnist_calls.AnswerError, match="is not defined: its cell is missing"):
        getattr(mnist_calls, question.call)({}, small(question))


def tiny_images():
    chance = rng()
    images = chance.integers(256, size=(20, 4, 4), dtype=np.uint8)
    labels = chance.integers(10, size=20)
    parts = {"train_images": images, "validation_images": images, "images": images}
    signs = {"signs": images[:2], "places": np.array([3, 5])}
    return parts | signs | {"train_labels": labels, "validation_labels": labels}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda train, validation: None, "must end in `return network`"),
        (lambda train, validation: 0.97, "it returns a float"),
        (lambda train, validation: torch.nn.Flatten(0), "must give ten scores for each image"),
    ],
)
def test_what_is_no_trained_network_is_said_to_be_none(answer, words):
    with pytest.raises(mnist_calls.AnswerError, match=words):
        mnist_calls.train_network({"train_network": answer}, tiny_images())


def test_the_reader_is_handed_copies_so_that_nothing_can_be_changed_by_writing_into_it():
    def writes(network, optimizer, batches):
        for inputs, labels in batches:
            inputs.zero_()
            labels.zero_()
        return []

    question = by_id("training_loop")
    drawn = question.inputs(rng())
    before = drawn["x"].copy(), drawn["y"].copy()
    mnist_calls.training_loop({"one_epoch": writes}, drawn)
    assert np.array_equal(drawn["x"], before[0])
    assert np.array_equal(drawn["y"], before[1])


def test_what_ends_beside_the_call_is_told_in_a_line_and_not_by_a_traceback():
    """What is printed comes to the student's page, and a thread may end while the call goes on."""
    cell = (
        "import threading\n"
        "thread = threading.Thread(target=lambda: 1 / 0)\n"
        "thread.start()\n"
        "thread.join()\n"
        "class Late:\n"
        "    def __del__(self):\n"
        "        raise ValueError('too late')\n"
        "late = Late()\n"
        "del late\n"
    )
    program = (
        "import numpy as np\n"
        "from homework import worker\n"
        f"worker.run([('own_code', {cell!r})], 'sweep_plot', {{}}, 1, 1000)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=assignment.ROOT, capture_output=True, check=True
    )
    said = run.stderr.decode()
    assert "A thread stopped: ZeroDivisionError, at line 2 of own_code. division by zero" in said
    assert "A clean-up stopped: ValueError, at line 7 of own_code. too late" in said
    assert "Traceback" not in said
