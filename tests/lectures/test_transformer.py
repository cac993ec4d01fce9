"""The tiny transformer: its language, its runs that do not meet, and its stored table."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from course_lib.lectures import transformer  # noqa: E402
from course_lib.lectures.schedule_free import ScheduleFree  # noqa: E402
from course_lib.lectures.transformer import (  # noqa: E402
    LENGTH,
    RECIPES,
    SEEDS,
    VARIANTS,
    WORDS,
    best,
    factor,
    losses,
    sentences,
    train,
    weights,
)


def test_the_language_is_zipfs_and_seven_in_ten_words_follow_from_the_one_two_before():
    words = sentences(np.random.default_rng(5), 4000)
    assert words.shape == (4000, LENGTH + 1)
    first = np.bincount(words[:, 0], minlength=WORDS) / 4000
    assert first[0] / first[1] == pytest.approx(2, rel=0.2)
    follows = transformer._FOLLOWS[words[:, :-2]] == words[:, 2:]
    assert 0.7 < follows.mean() < 0.73


def test_an_untrained_model_spreads_its_bets_and_no_reader_beats_the_floor():
    w = weights([0, 1])
    words = torch.tensor(sentences(np.random.default_rng(0), 50)).expand(2, -1, -1)
    assert losses(w, words).numpy() == pytest.approx(math.log(WORDS), abs=0.8)
    assert 1.5 < transformer.floor() < math.log(WORDS) / 2


def test_a_word_is_guessed_from_the_words_before_it_and_not_from_those_after():
    w = {name: value.requires_grad_() for name, value in weights([0]).items()}
    words = torch.tensor(sentences(np.random.default_rng(0), 1))[None]
    changed = words.clone()
    changed[..., -2] = (changed[..., -2] + 1) % WORDS
    short, long = words[..., : LENGTH - 1], changed[..., : LENGTH - 1]
    assert torch.equal(short, long)
    # The losses differ only in the guesses at and after the changed word: two of sixteen.
    difference = abs(losses(w, words) - losses(w, changed)).item()
    assert 0 < difference < 2 * 20 / LENGTH


def test_runs_of_a_batch_do_not_meet():
    recipe = RECIPES["Muon"]
    together, ends = train(recipe, [0.003, 0.03], [0, 1], steps=4)
    for run, (rate, seed) in enumerate([(0.003, 0), (0.03, 1)]):
        alone, end = train(recipe, [rate], [seed], steps=4)
        np.testing.assert_allclose(together[:, run], alone[:, 0], rtol=1e-4)
        assert ends[run] == pytest.approx(end[0], rel=1e-4)


EVERY = RECIPES | VARIANTS


@pytest.mark.parametrize("name", EVERY)
def test_every_recipe_learns(name):
    training, _ = train(EVERY[name].remembering(best(name)[0]), [best(name)[1]], [0], steps=30)
    assert training[-5:].mean() < training[0] - 0.3


def test_gains_and_vectors_are_left_to_adamw_and_are_not_decayed():
    rule, scale = transformer._rule_for("block 0 gain layer", RECIPES["Muon"])
    assert (type(rule).__name__, rule.weight_decay, scale) == ("AdamW", 0.0, 1.0)
    rule, scale = transformer._rule_for("block 0 down W", RECIPES["Muon"])
    longer = math.sqrt(4)  # what Muon itself does to a tall matrix
    assert (type(rule).__name__, scale * longer) == ("Muon", pytest.approx(0.2 * math.sqrt(128)))


def test_the_schedule_rises_and_falls_to_nothing():
    assert [factor(k, 12, 2) for k in (0, 1, 2)] == [0.5, 1.0, 1.0]
    assert factor(0, 12, 0) == 1
    assert 0 < factor(11, 12, 2) < 0.03
    assert [factor(k, 12, 2, falls=False) for k in (0, 1, 2, 11)] == [0.5, 1.0, 1.0, 1.0]


def test_a_schedule_free_run_is_judged_at_the_mean_of_its_points(monkeypatch):
    heads, judged = [], []
    step, loss = ScheduleFree.step, transformer.losses

    def watched(self, w, g, state, lr=None):
        y, after = step(self, w, g, state, lr)
        if y.shape[1:] == (transformer.WIDTH, WORDS):
            heads.append((y, after["x"]))
        return y, after

    monkeypatch.setattr(ScheduleFree, "step", watched)
    monkeypatch.setattr(
        transformer, "losses", lambda w, words: judged.append({**w}) or loss(w, words)
    )
    train(VARIANTS["AdamW, schedule-free"].remembering(0.5), [0.01], [0], steps=3)
    trained = [w["head"] for w in judged[1:3]]
    assert all(torch.equal(w, y) for w, (y, _) in zip(trained, heads[:2], strict=True))
    assert torch.equal(judged[3]["head"], heads[2][1])
    assert not torch.equal(judged[3]["head"], heads[2][0])


def test_the_table_holds_every_rate_and_seed_and_no_best_rate_lies_at_an_edge():
    rows = transformer.table()
    for name, recipe in EVERY.items():
        pairs = {(row["memory"], row["rate"]) for row in rows if row["recipe"] == name}
        assert pairs == {(m, r) for m in recipe.memories for r in recipe.rates}
        assert {row["seed"] for row in rows} == set(SEEDS)
        memory, rate, ends = best(name)
        assert min(recipe.rates) < rate < max(recipe.rates), name
        assert memory < max(recipe.memories), name
        assert len(ends) == len(SEEDS)
        assert np.mean(ends) <= np.mean(best(name, 0.9)[2])


def test_a_run_ends_where_the_table_says():
    name = "AdamW"
    memory, rate, stored = best(name)
    _, ends = train(RECIPES[name].remembering(memory), [rate], [SEEDS[0]])
    assert ends[0] == pytest.approx(stored[0], abs=0.02)
