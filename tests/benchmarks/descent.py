"""Time `descend` against the same walk with torch.optim and autograd, and large batches of walks.

Run it with `python tests/benchmarks/descent.py`. Both walk 200 Adam steps on the banana, in float64
and from the same start, pass through the same points, and record them; `descend` records losses,
gradients and the rule's state as well. In a batch the runs share numpy's cost of a call.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from course_lib.descent import descend
from course_lib.landscapes import banana
from course_lib.optimizers import Adam

START, STEPS, LR = (-1.5, 2.0), 200, 0.05
# So many walks, as a slider that is dragged asks for them, take about as long as one of torch's.
IN_A_ROW = 50


def with_descend() -> np.ndarray:
    return descend(banana, Adam(lr=LR), START, STEPS).points


def with_torch() -> np.ndarray:
    """The loop as it is usually written: a module of two parameters, autograd, `torch.optim`."""
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=LR)
    points = [w.detach().numpy().copy()]
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2
        loss.backward()
        optimizer.step()
        points.append(w.detach().numpy().copy())
    return np.array(points)


def seconds(work: Callable, calls: int = 1) -> float:
    """Return the CPU time of one call, the mean of some in a row."""
    start = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - start) / calls


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=15, help="how often each is timed")
    rounds = options.parse_args().rounds
    torch.set_num_threads(1)

    apart = np.abs(with_descend() - with_torch()).max()
    assert apart < 1e-12, f"the two walks are {apart:.1e} apart"
    times = [(seconds(with_descend, IN_A_ROW), seconds(with_torch)) for _ in range(rounds)]
    ours, theirs = (1000 * statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(peer / own for own, peer in times)
    print(f"{STEPS} Adam steps on the banana, medians of {rounds} interleaved runs, CPU time")
    print(
        f"descend {ours:.1f} ms · torch.optim and autograd {theirs:.1f} ms · {ratio:.0f} × faster"
    )
    rates = np.logspace(-3, -0.5, 100)[:, None]
    sweep = statistics.median(
        seconds(lambda: descend(banana, Adam(lr=rates), START, STEPS)) for _ in range(rounds)
    )
    peers = statistics.median(peer for _, peer in times) * len(rates)
    print(
        f"the same at 100 learning rates, a slider's sweep: descend {1000 * sweep:.1f} ms in one "
        f"call · torch {peers:.1f} s, one by one · {peers / sweep:.0f} × faster"
    )
    starts = np.random.default_rng(0).uniform(-2, 2, (40_000, 2))
    batch = statistics.median(
        seconds(lambda: descend(banana, Adam(lr=LR), starts, 100, every=100)) for _ in range(5)
    )
    print(f"40 000 starts × 100 steps in one call: {batch:.2f} s, the ends alone recorded")
    batch = statistics.median(
        seconds(lambda: descend(banana, Adam(lr=LR), starts, 100)) for _ in range(3)
    )
    print(f"40 000 starts × 100 steps in one call: {batch:.2f} s, every step recorded")


if __name__ == "__main__":
    main()
