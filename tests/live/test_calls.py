"""Whatever an author writes as `update` works, or she is told in words what to do."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from IPython.core.autocall import ExitAutocall
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from course_lib.live import explore, slider
from course_lib.live.calls import GROWS


def made(source: str, name: str = "update", **controls):
    """Return the explorer of a function that a notebook's cell defines, and the cell's names."""
    figure = Figure()
    names = {"figure": figure, "ax": figure.add_subplot(), "plt": plt, "np": np, "__name__": "cell"}
    names |= {"warnings": warnings, "logging": logging}
    exec(source, names)
    controls = controls or {"a": slider(0, 1, 0.5)}
    return explore(figure, names[name], alt="Nothing.", **controls), names


WORDS = {
    "async def update(a):\n    return 'x'": "instead of `async def`",
    "async def update(a):\n    yield 'x'": "instead of `async def`",
    "update = lambda *a: None": r"by the name of its control, and \*a takes none.*def update\(a\)",
    "def update(a, /):\n    pass": r"and a takes none.*def update\(a\)",
    "n = 0\ndef update(a):\n    global n\n    n += 1": r"writes to n.*seen\['n'\] = ",
}


@pytest.mark.parametrize("source", WORDS)
def test_what_cannot_work_is_refused_with_what_to_do(source):
    with pytest.raises(TypeError, match=WORDS[source]):
        made(source)


LATER = {
    "async def slow():\n    pass\ndef update(a):\n    return slow()": "instead of `async def`",
    "def update(a):\n    plt.plot([0, a])": "ax.plot for plt.plot",
    "def update(a):\n    plt.sca(ax)\n    plt.plot([0, a])": "ax.plot for plt.plot",
}


@pytest.mark.parametrize("source", LATER)
def test_what_fails_as_it_is_called_says_so_under_the_picture(source):
    explorer, _ = made(source)
    assert LATER[source].split(" for ")[0] in explorer.standing
    assert explorer.error is not None
    assert plt.get_fignums() == []


ENDS = [
    "import sys; sys.exit()",
    "exit()",
    "quit(1)",
    "raise SystemExit",
    "raise GeneratorExit",
    "raise KeyboardInterrupt",
    "raise type('Stop', (BaseException,), {})",
]


@pytest.mark.parametrize("leaves", ["return", "yield"])
@pytest.mark.parametrize("source", ENDS)
def test_what_ends_a_program_ends_no_explorer_and_no_loop(source, leaves):
    """A kernel answers in a task of its loop: what is no `Exception` would end both."""
    explorer, _ = made(f"def update(a):\n    if a > 0.7:\n        {source}\n    {leaves} 'fine'")
    answers = []
    explorer._canvas.send = lambda content, buffers=None: answers.append(content)

    async def drag():
        explorer._received(None, {"screen": {"scale": 1}, "values": {"a": 0.6}}, [])
        await explorer._task
        explorer._received(None, {"values": {"a": 0.8}}, [])
        await explorer._task
        explorer._received(None, {"sweep": "a", "at": [0.5, 0.9, 0.4], "values": {}}, [])
        await explorer._task
        explorer._received(None, {"values": {"a": 0.25}}, [])
        await explorer._task

    asyncio.run(drag())
    first, failed, swept, last = answers
    assert first["standing"] == last["standing"] == "fine"
    assert failed["failed"]
    assert failed["standing"].startswith("This cannot be drawn for a = 0.8. RuntimeError: ")
    assert [frame["failed"] for frame in swept["frames"]] == [False, True, False]
    assert explorer.error is None


def test_the_exit_of_a_notebook_is_said_in_words_and_ends_no_kernel():
    ended = []
    shell = SimpleNamespace(ask_exit=lambda: ended.append(1))
    exits = {"__name__": "cell", "exit": ExitAutocall(shell)}
    exec("def update(a):\n    exit()", exits)
    explorer = explore(Figure(), exits["update"], alt="Nothing.", a=slider(0, 1, 0.5))
    assert "update ends with SystemExit" in explorer.standing
    assert "Leave it with `return`" in explorer.standing
    assert ended == []


def test_a_name_of_the_author_s_is_kept_also_if_it_is_exit():
    names = {"__name__": "cell", "exit": 3}
    exec("def update(a):\n    return f'{a} {exit}'", names)
    assert explore(Figure(), names["update"], a=slider(0, 1, 0.5)).standing == "0.5 3"


def test_whoever_interrupts_a_cell_ends_it():
    explorer, _ = made("def update(a):\n    if a > 0.7:\n        raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        explorer.set(a=0.8)


def test_a_figure_of_pyplot_that_is_open_is_not_drawn_on_unseen():
    other, current = plt.figure(), plt.figure()
    try:
        explorer, _ = made("def update(a):\n    if a > 0.7:\n        plt.title('late')")
        assert explorer.error is None
        assert explorer.set(a=0.25) == "a = 0.25"
        assert "ax.set_title for plt.title" in explorer.set(a=0.75)
        assert plt.get_fignums() == [other.number, current.number]
        assert plt.gcf() is current
    finally:
        plt.close("all")


SAYS = {
    "return ax.plot([0, a])": "a = 0.5",
    "return ax.set_title('t')": "a = 0.5",
    "return ax.hist([1, 2])": "a = 0.5",
    "return ax.errorbar([1], [2], [3])": "a = 0.5",
    "return {'loss': 0.123456, 'steps': 3, 'kind': 'sin'}": "loss = 0.1235, steps = 3, kind = sin",
    "return 3": "3",
    "return np.float64(0.5)": "0.5",
    "return": "a = 0.5",
}


@pytest.mark.parametrize("body", SAYS)
def test_whatever_is_returned_becomes_words(body):
    explorer, _ = made(f"def update(a):\n    ax.clear()\n    {body}")
    assert explorer.error is None
    assert explorer.standing == SAYS[body]


def test_what_another_thread_prints_meanwhile_goes_where_it_always_goes(capsys):
    inside, printed = threading.Event(), threading.Event()

    def cell():
        inside.wait(30)
        print("from a cell")
        printed.set()

    def update(a):
        print("from update")
        inside.set()
        printed.wait(30)

    def silent(a):
        return ""

    figure = Figure()
    figure.add_subplot()
    explorer = explore(figure, silent, alt="Nothing.", a=slider(0, 1, 0.5))
    explorer._calls.update = update
    thread, before = threading.Thread(target=cell), sys.stdout
    thread.start()
    explorer.set(a=0.25)
    thread.join()
    assert explorer.printed == "from update"
    assert capsys.readouterr().out.splitlines() == ["from a cell"]
    assert sys.stdout is before


def test_what_is_printed_and_warned_is_shown_and_kept_with_the_explorer(capfd):
    explorer, _ = made(
        "def update(a):\n"
        "    print('half is', a / 2)\n"
        "    for _ in range(3): warnings.warn('too large')\n"
        "    return 'said'"
    )
    shown = "half is 0.25\nUserWarning: too large"
    assert explorer.printed == shown
    assert repr(explorer) == f"said\n{shown}"
    assert explorer._repr_mimebundle_()[0]["text/plain"] == f"said\n{shown}"
    # For every place anew, though Python shows a warning once for each line.
    assert explorer.set(a=1) == "said"
    assert explorer.printed == shown.replace("0.25", "0.5")
    assert explorer.frame([], a=0)["printed"] == shown.replace("0.25", "0.0")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("first", ["before", "within"])
def test_what_is_logged_is_shown_at_each_call(capsys, first):
    log = logging.getLogger()
    before = log.handlers[:]
    log.handlers.clear()  # pytest has its own, by which basicConfig would do nothing
    try:
        if first == "before":
            logging.basicConfig()
        explorer, _ = made(
            "def update(a):\n"
            "    logging.basicConfig()\n"
            "    logging.getLogger().warning('a is %s', a)"
        )
        assert explorer.printed == "WARNING:root:a is 0.5"
        for a in (1.0, 0.0):
            explorer.set(a=a)
            assert explorer.printed == f"WARNING:root:a is {a}"
        assert capsys.readouterr() == ("", "")
        logging.getLogger().warning("from elsewhere")
        assert capsys.readouterr() == ("", "WARNING:root:from elsewhere\n")
    finally:
        log.handlers[:] = before


def test_a_flood_of_prints_is_cut_to_its_end():
    explorer, _ = made("def update(a):\n    for i in range(10_000): print(i)")
    assert explorer.printed.startswith("… ")
    assert explorer.printed.endswith("\n9999")
    assert len(explorer.printed) < 2000


def test_what_is_drawn_again_keeps_its_color():
    explorer, names = made(
        "first, = ax.plot([0, 1], [0, 1])\n"
        "def update(a):\n"
        "    for line in ax.lines[1:]: line.remove()\n"
        "    ax.plot([0, a]); ax.fill_between([0, 1], [a, a])"
        "\n    for patch in ax.collections[:-1]: patch.remove()"
    )
    seen = set()
    for a in (0, 0.25, 0.5, 1):
        explorer.set(a=a)
        ax = names["ax"]
        seen.add((ax.lines[1].get_color(), str(ax.collections[0].get_facecolor())))
    assert len(seen) == 1
    assert to_hex(seen.pop()[0]) == "#ff7f0e"  # the second of the cycle: the first was drawn before


def test_artists_that_pile_up_are_named():
    explorer, _ = made("def update(a):\n    ax.plot([0, a])")
    explorer.set(a=0.25)
    explorer.set(a=0.5)
    assert "update adds artists at each call" in explorer.printed
    assert explorer.tour(2) == [GROWS]
    bars, _ = made("def update(a):\n    ax.clear(); ax.bar(range(int(9 * a)), 1)")
    for a in (0, 0.5, 1, 0.5, 0, 1):
        bars.set(a=a)
    assert bars.printed == ""
    assert bars.tour(2) == []


def test_asking_matplotlib_to_draw_costs_no_drawing_of_its_own(monkeypatch):
    drawn = []
    explorer, names = made("def update(a):\n    ax.set_title(a); ax.figure.canvas.draw_idle()")
    draw = Figure.draw
    monkeypatch.setattr(Figure, "draw", lambda *about: [drawn.append(1), draw(*about)])
    assert explorer.set(a=0.25) == "a = 0.25"
    assert names["ax"].get_title() == "0.25"
    assert drawn == []


def test_a_dictionary_keeps_what_an_update_counts():
    _, names = made("seen = {'n': 0}\ndef update(a):\n    seen['n'] += 1")
    assert names["seen"]["n"] == 1
