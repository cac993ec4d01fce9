"""A tiny transformer and a language made for it: small enough to tune every rule fairly.

All runs of a sweep are one batch. A weight of shape (a, b) is an array of shape (runs, a, b), and
the learning rate has one entry for each run, so eight rates with three seeds each train at once.
Needs torch. `python -m course_lib.lectures.transformer` makes the table that lecture 6 shows.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from course_lib.lectures.schedule_free import ScheduleFree
from course_lib.optimizers import AdamW, Lion, Momentum, Muon

WORDS, WIDTH, HEADS, BLOCKS = 256, 32, 2, 2
LENGTH, SENTENCES, STEPS, WARM = 16, 16, 150, 15
SEEDS = (0, 1, 2)
TABLE = "transformer.csv"
_COMMON = 1.0 / np.arange(1, WORDS + 1)
_COMMON /= _COMMON.sum()
_FOLLOWS = np.random.default_rng(0).permutation(WORDS)
_RULED = 0.7  # how often a word is decided by the word two before it


def sentences(random: np.random.Generator, count: int) -> np.ndarray:
    """Return sentences of the language, shape (count, LENGTH + 1), of words numbered from 0.

    A word is drawn by Zipf's law, word n with a probability proportional to 1/(n + 1); but seven
    times in ten it is the partner of the word two before it.

    Parameters
    ----------
    random : Generator
        Where chance comes from.
    count : int
        How many sentences.
    """
    words = random.choice(WORDS, (count, LENGTH + 1), p=_COMMON)
    for t in range(2, LENGTH + 1):
        ruled = random.random(count) < _RULED
        words[ruled, t] = _FOLLOWS[words[ruled, t - 2]]
    return words


def floor() -> float:
    """Return the mean loss of a reader who knows the language, estimated from 4000 sentences."""
    words = sentences(np.random.default_rng(1), 4000)
    chance = _COMMON[words[:, 1:]]
    ruled = words[:, 2:] == _FOLLOWS[words[:, :-2]]
    chance[:, 1:] = (1 - _RULED) * chance[:, 1:] + _RULED * ruled
    return float(-np.log(chance).mean())


def weights(seeds: Any) -> dict[str, torch.Tensor]:
    """Return untrained weights, one model for each seed: name to tensor of shape (runs, a, b).

    Those whose name begins with "block" and ends with "W" are the matrices inside, which Muon
    takes.

    Parameters
    ----------
    seeds : iterable of int
        One for each model.
    """
    shapes = {"embedding": (WORDS, WIDTH), "position": (LENGTH, WIDTH)}
    for n in range(BLOCKS):
        shapes |= {f"block {n} {name} W": (WIDTH, WIDTH) for name in ("query", "key", "value")}
        shapes |= {f"block {n} out W": (WIDTH, WIDTH), f"block {n} up W": (WIDTH, 4 * WIDTH)}
        shapes |= {f"block {n} down W": (4 * WIDTH, WIDTH)}
        shapes |= {f"block {n} gain {place}": (1, WIDTH) for place in ("attention", "layer")}
    shapes |= {"gain": (1, WIDTH), "head": (WIDTH, WORDS)}
    made = {}
    for name, (rows, columns) in shapes.items():
        if "gain" in name:
            made[name] = torch.ones(len(seeds), rows, columns)
            continue
        spread = 0.02 if name in ("embedding", "position") else 1 / math.sqrt(rows)
        key = list(shapes).index(name)
        draws = [
            np.random.default_rng([int(seed), key]).normal(0, spread, (rows, columns))
            for seed in seeds
        ]
        made[name] = torch.tensor(np.array(draws), dtype=torch.float32)
    return made


def losses(w: dict[str, torch.Tensor], words: torch.Tensor) -> torch.Tensor:
    """Return each run's mean cross-entropy for guessing the next word, shape (runs,).

    Parameters
    ----------
    w : dict of tensors
        As `weights` makes them.
    words : tensor of int, shape (runs, sentences, LENGTH + 1)
    """
    runs, count = words.shape[:2]
    run = torch.arange(runs)[:, None, None]
    h = w["embedding"][run, words[..., :-1]] + w["position"][:, None]
    h = h.reshape(runs, count * LENGTH, WIDTH)
    for n in range(BLOCKS):
        near = _normal(h, w[f"block {n} gain attention"])
        q, k, v = (
            (near @ w[f"block {n} {name} W"])
            .reshape(runs * count, LENGTH, HEADS, WIDTH // HEADS)
            .transpose(1, 2)
            for name in ("query", "key", "value")
        )
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        seen = seen.transpose(1, 2).reshape(runs, count * LENGTH, WIDTH)
        h = h + seen @ w[f"block {n} out W"]
        inner = _normal(h, w[f"block {n} gain layer"]) @ w[f"block {n} up W"]
        h = h + torch.relu(inner) @ w[f"block {n} down W"]
    scores = _normal(h, w["gain"]) @ w["head"]
    next_words = words[..., 1:].reshape(runs, -1)
    return functional.cross_entropy(scores.transpose(1, 2), next_words, reduction="none").mean(
        dim=1
    )


def _normal(h: torch.Tensor, gain: torch.Tensor) -> torch.Tensor:
    """Return h divided by its root mean square (RMSNorm), times a gain."""
    return gain * h / (h**2).mean(dim=-1, keepdim=True).add(1e-6).sqrt()


@dataclass(frozen=True)
class Recipe:
    """A rule and what goes with it.

    Attributes
    ----------
    rule : update rule
        For every weight, or, where `matrices` is given, for all but the matrices inside.
    rates : tuple of float
        The learning rates to try.
    warm : int
        Over how many steps the rate rises from 0.
    clip : float
        A run's gradient that is longer is shortened to this length.
    matrices : update rule, optional
        For the matrices inside. Its rate is matched, so that its steps are as long as Adam's.
    memories : tuple of float
        The values of μ or β₁ to try (of `matrices`, where that is given).
    falls : bool
        Whether the rate falls to 0 by a cosine after the warm-up, or stays.
    """

    rule: Any
    rates: tuple[float, ...]
    memories: tuple[float, ...] = (0.0, 0.3, 0.5, 0.7, 0.9)
    warm: int = WARM
    clip: float = 1.0
    matrices: Any = None
    falls: bool = True

    def remembering(self, memory: float) -> Recipe:
        """Return this recipe with its memory set."""
        if self.matrices is not None:
            return replace(self, matrices=replace(self.matrices, momentum=memory))
        name = "momentum" if hasattr(self.rule, "momentum") else "beta1"
        return replace(self, rule=replace(self.rule, **{name: memory}))


def _rates(low: float, high: float) -> tuple[float, ...]:
    count = round(4 * math.log10(high / low)) + 1
    return tuple(float(f"{rate:.2g}") for rate in np.geomspace(low, high, count))


_ADAMW = AdamW(beta2=0.95, weight_decay=0.1)
_LOUD = math.inf  # a gradient is never longer than that
RECIPES = {
    "SGD with momentum, no clipping": Recipe(Momentum(), _rates(0.03, 3), clip=_LOUD),
    "SGD with momentum": Recipe(Momentum(), _rates(0.1, 3)),
    "AdamW, no warm-up": Recipe(_ADAMW, _rates(0.0056, 0.056), warm=0),
    "AdamW": Recipe(_ADAMW, _rates(0.0056, 0.056)),
    "Lion": Recipe(Lion(weight_decay=0.3), _rates(0.003, 0.03)),
    "Muon": Recipe(
        _ADAMW,
        _rates(0.018, 0.32),
        memories=(0.0, 0.3, 0.5, 0.7, 0.9, 0.95),
        matrices=Muon(weight_decay=0.1),
    ),
}
# AdamW again, with one of today's habits changed.
VARIANTS = {
    "AdamW, β₂ = 0.999": Recipe(replace(_ADAMW, beta2=0.999), _rates(0.0032, 0.056)),
    "AdamW, schedule-free": Recipe(
        ScheduleFree(beta2=0.95, weight_decay=0.1),
        _rates(0.0056, 0.18),
        memories=(0.0, 0.3, 0.5, 0.7, 0.9, 0.95),
        falls=False,
    ),
}


def factor(k: int, steps: int, warm: int, falls: bool = True) -> float:
    """Return the schedule: a straight rise over `warm` steps, then a cosine down to 0, or 1.

    Parameters
    ----------
    k : int
        The step, from 0.
    steps, warm : int
        How many there are, and how many of them rise.
    falls : bool
        Whether the rate falls afterward.
    """
    if k < warm:
        return (k + 1) / warm
    if not falls:
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (k - warm) / max(1, steps - warm)))


def train(
    recipe: Recipe,
    rates: Any,
    seeds: Any,
    steps: int = STEPS,
    told: Callable[[int], None] = lambda k: None,
) -> tuple[np.ndarray, np.ndarray]:
    """Train a model for each pair of a rate and a seed, all at once.

    Parameters
    ----------
    recipe : Recipe
    rates, seeds : array_like, shape (runs,)
        One rate and one seed for each run. A seed decides both the start and the sentences.
    steps : int
    told : callable
        Called with the number of each step.

    Returns
    -------
    training : ndarray, shape (steps, runs)
        The loss of each batch before its step; NaN once a run diverged.
    validation : ndarray, shape (runs,)
        The loss on 400 sentences that no run has seen.
    """
    seeds = np.asarray(seeds)
    rate = torch.tensor(np.asarray(rates), dtype=torch.float32)[:, None, None]
    randoms = {int(seed): np.random.default_rng([int(seed), 99]) for seed in seeds}
    w = {name: value.requires_grad_() for name, value in weights(seeds).items()}
    rules = {name: _rule_for(name, recipe) for name in w}
    states = {name: rule.init(w[name].detach()) for name, (rule, _) in rules.items()}
    training = []
    for k in range(steps):
        batch = {seed: sentences(random, SENTENCES) for seed, random in randoms.items()}
        each = losses(w, torch.tensor(np.array([batch[int(seed)] for seed in seeds])))
        training.append(each.detach().numpy())
        gradients = torch.autograd.grad(each.sum(), list(w.values()))
        length = sum((g**2).sum(dim=(1, 2), keepdim=True) for g in gradients).sqrt()
        shorter = recipe.clip / length.clamp(min=recipe.clip) if recipe.clip < _LOUD else 1.0
        for (name, value), g in zip(list(w.items()), gradients, strict=True):
            rule, scale = rules[name]
            lr = scale * factor(k, steps, recipe.warm, recipe.falls) * rate
            moved, states[name] = rule.step(value.detach(), shorter * g, states[name], lr)
            w[name] = moved.requires_grad_()
        told(k)
    unseen = torch.tensor(sentences(np.random.default_rng(2), 400))
    judged = {name: states[name].get("x", w[name]) for name in w}  # a mean, where a rule has one
    with torch.no_grad():
        validation = losses(judged, unseen.expand(len(seeds), -1, -1)).numpy()
    return np.array(training), validation


def _rule_for(name: str, recipe: Recipe) -> tuple[Any, float]:
    """Return the rule for a weight, without decay on gains, and the factor on its rate."""
    if recipe.matrices is not None and name.endswith("W"):
        rows, columns = (4 * WIDTH, WIDTH) if "down" in name else (WIDTH, WIDTH)
        columns = 4 * WIDTH if "up" in name else columns
        return recipe.matrices, 0.2 * math.sqrt(max(rows, columns) / max(1, rows / columns))
    if "gain" in name and hasattr(recipe.rule, "weight_decay"):
        values = {n: v for n, v in vars(recipe.rule).items() if n != "weight_decay"}
        return type(recipe.rule)(**values, weight_decay=0.0), 1.0
    return recipe.rule, 1.0


def table() -> list[dict[str, Any]]:
    """Return the stored sweep: a row for each recipe, memory, rate and seed, with its loss.

    The loss is the one on sentences that no run has seen, after `STEPS` steps.
    """
    text = files(__package__).joinpath(TABLE).read_text(encoding="utf-8").splitlines()
    return [
        {name: value if name == "recipe" else float(value) for name, value in row.items()}
        for row in csv.DictReader(text)
    ]


def best(name: str, memory: float | None = None) -> tuple[float, float, list[float]]:
    """Return the best memory and rate of a recipe in the table, and the losses of its seeds.

    Best is the pair with the lowest mean over the seeds.

    Parameters
    ----------
    name : str
        Of `RECIPES` or `VARIANTS`.
    memory : float, optional
        Only rates with this memory are compared.
    """
    tried: dict[tuple[float, float], list[float]] = {}
    for row in table():
        if row["recipe"] == name and memory in (None, row["memory"]):
            tried.setdefault((row["memory"], row["rate"]), []).append(row["loss"])
    means = {pair: np.nan_to_num(np.mean(ends), nan=np.inf) for pair, ends in tried.items()}
    pair = min(means, key=lambda each: means[each])
    return *pair, tried[pair]


def main() -> None:
    """Sweep every recipe and write the table beside this module."""
    torch.set_num_threads(1)
    rows = ["recipe,memory,rate,seed,loss"]
    for name, recipe in (RECIPES | VARIANTS).items():
        pairs = [(rate, seed) for rate in recipe.rates for seed in SEEDS]
        for memory in recipe.memories:
            _, ends = train(recipe.remembering(memory), *zip(*pairs, strict=True))
            for (rate, seed), loss in zip(pairs, ends, strict=True):
                rows.append(f'"{name}",{memory:g},{rate:g},{seed},{loss:.4f}')
                print(rows[-1], flush=True)
    with open(str(files(__package__).joinpath(TABLE)), "w", encoding="utf-8") as file:
        file.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
