// The pure parts of what an explorer does in the browser: node --test tests/live/

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { asCode, valueAt } from "../../course_lib/live/front/bar.mjs";
import { makeLink } from "../../course_lib/live/front/link.mjs";
import { atPart, numberOf, ruler, typed } from "../../course_lib/live/front/notches.mjs";
import { unpadded, written } from "../../course_lib/live/front/numbers.mjs";
import { colored } from "../../course_lib/live/front/page.mjs";
import { isShort } from "../../course_lib/live/front/segments.mjs";
import { clamped, closer } from "../../course_lib/live/front/zoom.mjs";
import { extent, floats, numbers, paint } from "../../course_lib/live/front/painter.mjs";
import { hintPlace, pushed, wayAt } from "../../course_lib/live/front/points.mjs";
import { makePrefetch } from "../../course_lib/live/front/prefetch.mjs";
import { shelf } from "../../course_lib/live/front/shelf.mjs";
import { tellAtRest, valueOf } from "../../course_lib/live/front/widgets.mjs";

const model = (state) => ({ get: (key) => state[key], constructor: {}, set_state() {}, save_changes() {} });

test("a number is understood as people write it", () => {
  for (const text of ["0,05", "0.05", "1/20", "5e-2", " 5E-2 ", "0.1 / 2"])
    assert.equal(numberOf(text), 0.05, text);
  assert.equal(numberOf("−3"), -3);
  for (const text of ["", "five", "1/0", "1/2/3", "/2", "1,2,3"]) assert.equal(numberOf(text), null, text);
});

test("a number that was typed goes where the slider goes, and is not changed on the way", () => {
  const plain = model({ _model_name: "FloatSliderModel", value: 0.5, min: 0, max: 1 });
  const log = model({ _model_name: "FloatLogSliderModel", value: 0.02, base: 10, min: -3, max: -1 });
  const whole = model({ _model_name: "IntSliderModel", value: 3, min: 0, max: 9 });
  const range = model({ _model_name: "FloatRangeSliderModel", value: [0, 1], min: -5, max: 5 });
  assert.equal(typed(plain, "0,05"), 0.05);
  assert.equal(typed(plain, "7"), 1);
  assert.equal(typed(log, "0.05"), 0.05);
  assert.equal(typed(log, "5"), 0.1);
  assert.equal(typed(log, "0"), 0.001);
  assert.equal(typed(whole, "4.4"), 4);
  assert.equal(typed(plain, "a half"), null);
  for (const text of ["-1,5 – 2e-1", "-1.5-0.2", "0.2 to -3/2", "−1.5: 0.2"])
    assert.deepEqual(typed(range, text), [-1.5, 0.2], text);
  for (const text of ["1", "1 – 2 – 3", "a – 2"]) assert.equal(typed(range, text), null, text);
});

test("the shelf drops what was used longest ago", () => {
  const kept = shelf(25);
  for (const place of ["a", "b"]) kept.put(place, { bytes: 10, on: "x" });
  assert.equal(kept.get("a").bytes, 10); // now b is the oldest
  kept.put("c", { bytes: 10, on: "x" });
  assert.ok(kept.has("a", "x") && kept.has("c", "x") && !kept.has("b", "x"));
  kept.put("c", { bytes: 15, on: "x" }); // the same place anew counts once
  assert.ok(kept.has("a", "x"));
  assert.ok(!kept.has("a", "y"), "a frame on another still part is of no use");
});

test("the notches of a slider come nearest first and end at its ends", () => {
  const plain = ruler(model({ _model_name: "FloatSliderModel", min: 0, max: 1, step: 0.25 }));
  assert.deepEqual([...plain.around(0.75)], [0.75, 1, 0.5, 0.25, 0]);
  assert.equal(plain.notch(0.5), 2);
  assert.equal(plain.notch(0.6), "0.6", "a value between notches is a place of its own");
  const log = ruler(model({ _model_name: "FloatLogSliderModel", base: 10, min: -2, max: 0, step: 1 }));
  assert.deepEqual([...log.around(0.1)], [0.1, 1, 0.01]);
  const list = ruler(model({ _model_name: "DropdownModel", _options_labels: ["a", "b", "c"], index: 1 }));
  assert.deepEqual([...list.around(1)], [1, 2, 0]);
  const box = ruler(model({ _model_name: "CheckboxModel", value: true }));
  assert.deepEqual([...box.around(true)], [true, false]);
  for (const state of [{ _model_name: "TextModel", value: "a" }, { _model_name: "FloatTextModel", value: 1, step: 1 },
    { _model_name: "FloatRangeSliderModel", value: [0, 1], min: 0, max: 1, step: 0.1 },
    { _model_name: "SelectMultipleModel", _options_labels: ["a"], index: [0] }])
    assert.equal(ruler(model(state)), null, state._model_name);
});

test("one request is under way until the round trip is known, and the newest is held back", () => {
  const sent = [];
  let now = 0;
  const link = makeLink((message) => sent.push(message), () => now);
  assert.ok(link.ask({ a: 1 }, "1"));
  assert.ok(!link.ask({ a: 1 }, "1"), "it was asked for already");
  assert.ok(!link.waiting);
  assert.ok(!link.ask({ a: 2 }, "2"));
  assert.ok(link.waiting);
  now = 100;
  assert.equal(link.answer({ id: 1, took: 1 }), "1");
  assert.equal(link.quickest, 100);
  for (const a of [3, 4, 5]) assert.ok(link.ask({ a }, String(a)), "a long way holds several");
  assert.equal(link.answer({ id: 4 }), "5");
  assert.equal(link.answer({ id: 2 }), null, "the answers before it were given up");
  assert.ok(!link.counts(3, "4", "4"), "what comes late is dropped");
});

test("an answer for a place that was left is not shown, for the place at hand it is", () => {
  const link = makeLink(() => {});
  link.ask({ a: 1 }, "1");
  link.pass();
  assert.ok(!link.counts(1, "1", "2"));
  assert.ok(link.counts(1, "1", "1"));
});

test("a place is asked for again when another one was shown meanwhile", () => {
  const link = makeLink(() => {});
  link.ask({ a: 1 }, "1");
  link.answer({ id: 1, took: 1 });
  assert.ok(link.stands({ a: 1 }));
  link.pass();
  assert.ok(!link.stands({ a: 1 }));
  assert.ok(link.ask({ a: 1 }, "1"));
  assert.ok(link.stands({ a: 1 }));
});

test("a slow frame is not taken for lost while it is computed", () => {
  let now = 0;
  const link = makeLink(() => {}, () => now);
  link.took = 4000;
  link.ask({ a: 1 }, "1");
  now = 9000;
  assert.ok(!link.ask({ a: 2 }, "2"));
  now = 13000;
  assert.ok(link.ask({ a: 3 }, "3"));
});

const sweeps = ({ kept = shelf(1e6), ...more } = {}) => {
  const sent = [], all = { a: 5 };
  const made = makePrefetch({
    send: (message) => sent.push(message), link: makeLink(() => {}), kept, names: ["a"],
    rulers: [ruler(model({ _model_name: "IntSliderModel", min: 0, max: 99, step: 1 }))],
    values: () => all, placeOf: JSON.stringify, sceneId: () => "s", told() {}, ...more,
  });
  made.visible = true;
  const come = ({ id }, took) => {
    const request = made.answer({ sweep: id, took });
    if (!request) return;
    request.places.forEach((place) => kept.put(place, { on: "s", bytes: 1 }));
    made.arrived(request, request.places, took, took);
  };
  return { made, sent, all, come };
};

test("nothing that costs more than 100 ms is asked for unasked, from the first known cost on", () => {
  const slow = sweeps({ cost: 101 });
  slow.made.warm();
  assert.equal(slow.sent.length, 0);
  const quick = sweeps();
  quick.made.warm();
  assert.deepEqual(quick.sent.map(({ at }) => at), [[5, 6, 4, 7, 3, 8, 2, 9, 1, 10, 0, 11], [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]]);
});

test("before a hand is seen the slider that plays moves next, and none that moves nothing", () => {
  const slider = ruler(model({ _model_name: "IntSliderModel", min: 0, max: 9, step: 1 }));
  const likely = (more) => {
    const three = { names: ["a", "b", "c"], rulers: [null, slider, slider], values: () => ({ a: 1, b: 2, c: 3 }) };
    const { made, sent } = sweeps({ ...three, ...more });
    made.warm();
    return sent[0]?.sweep;
  };
  assert.equal(likely({}), "b");
  assert.equal(likely({ plays: ["c"] }), "c");
  assert.equal(likely({ idle: () => ({ b: "each rule has its own" }) }), "c");
  assert.equal(likely({ plays: ["c"], idle: () => ({ c: "at k = 1" }) }), "b");
  assert.equal(likely({ idle: () => ({ b: "", c: "" }) }), undefined);
});

test("one slow frame ends the sweeps, and what lies beyond it stays barred after a quick one", () => {
  const { made, sent, all, come } = sweeps({ cost: 100 });
  made.warm();
  assert.deepEqual(sent.map(({ at }) => at), [[5], [6]]);
  come(sent[1], 3000); // at 6
  come(sent[0], 15);
  made.warm();
  assert.equal(sent.length, 2, "nothing more until the reader asks");
  all.a = 3;
  made.asked(5);
  made.warm();
  for (let i = 2; i < sent.length; i++) come(sent[i], 15);
  const unasked = sent.slice(2).flatMap(({ at }) => at);
  assert.deepEqual(unasked.sort(), [0, 1, 2, 3, 4]);
  all.a = 6; // the reader goes there, and it is quick
  made.asked(5);
  const then = sent.length;
  made.warm();
  assert.ok(sent.slice(then).some(({ at }) => at[0] > 6));
});

// A hand on a slider of 1000 places that goes on by so many notches every 20 ms.
const handOn = (t, more = {}) => {
  let now = 1000;
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(performance, "now", () => now);
  const rulers = [ruler(model({ _model_name: "IntSliderModel", min: 0, max: 999, step: 1 }))];
  const all = sweeps({ rulers, ...more });
  const wait = (time) => t.mock.timers.tick((now += time) && time);
  const hand = (by) => {
    now += 20;
    all.all.a += by;
    all.made.expect(0, true);
  };
  return { ...all, hand, wait };
};

test("what is asked for in advance lies where a moving hand will be, at rest around it", (t) => {
  const kept = shelf(1e6), { made, sent, all, come, hand, wait } = handOn(t, { kept });
  made.warm();
  assert.ok(!sent.some(({ instead }) => instead));
  hand(1);
  hand(1); // 0.05 of a notch in a millisecond
  const [first] = sent.slice(2);
  assert.ok(first.instead, "what was asked for at rest is given up");
  const near = first.at[0] - all.a; // no answer has come yet
  assert.ok(near > 4 && near < 10, `${first.at} from ${all.a}`);
  assert.deepEqual(first.at, first.at.map((_, i) => first.at[0] + i), "and on from there");
  assert.ok(made.coming(JSON.stringify({ a: first.at[0] })) && !made.coming(JSON.stringify({ a: 999 })));
  for (let i = 0; i < 40; i++) hand(1);
  come(first, 30); // 800 ms after it was asked for
  const second = sent.at(-1), far = second.at[0] - all.a;
  assert.ok(!second.instead);
  assert.ok(far > 35 && far < 45, `${second.at} from ${all.a}`);
  const ahead = second.at.at(-1) - all.a;
  assert.ok(ahead < 0.05 * (800 + 500), `${ahead} ahead: the hand comes there late`);
  hand(-1);
  hand(-1);
  hand(-1);
  const back = sent.at(-1);
  assert.ok(back.at[0] < all.a, `${back.at} from ${all.a}: the hand has turned around`);
  wait(1000);
  for (let next = 3; next < sent.length && next < 60; next++) come(sent[next], 30);
  for (let a = all.a - 9; a < all.a + 10; a++) assert.ok(kept.has(JSON.stringify({ a }), "s"), `${a} near ${all.a}`);
});

test("an answer that comes in slices is taken as it comes", () => {
  const { made, sent } = sweeps();
  made.warm();
  const [{ id, at }] = sent, places = at.map((a) => JSON.stringify({ a }));
  const first = made.answer({ sweep: id, took: 40, made: 3, more: true });
  assert.deepEqual([first.at, first.places], [at.slice(0, 3), places.slice(0, 3)]);
  made.arrived(first, first.places, 40, 15);
  assert.ok(!made.coming(places[0]) && made.coming(places[3]));
  const rest = made.answer({ sweep: id, took: 40, made: 5, more: false });
  assert.deepEqual(rest.at, at.slice(3), "what has not been made by the end will not come");
  made.arrived(rest, rest.places.slice(0, 5), 40, 15);
  assert.ok(!made.coming(places.at(-1)));
  assert.equal(made.answer({ sweep: id, took: 1, made: 1, more: false }), null);
});

test("a request behind another one tells nothing about the way to the kernel and back", (t) => {
  let now = 1000;
  t.mock.method(performance, "now", () => now);
  const link = makeLink(() => {}), { made, sent } = sweeps({ link });
  made.warm();
  assert.equal(sent.length, 2);
  for (const request of sent.slice()) {
    now += 100; // ten on the way; the second one waits for the first
    const part = made.answer({ sweep: request.id, took: 90, made: 12, more: false });
    made.arrived(part, part.places, 90, 15);
    assert.equal(link.quickest, 10);
  }
  assert.equal(sent.length, 4, "two are under way all the time");
});

test("where a hand passes more places than can be made every other one is, and the last is shown", (t) => {
  const { made, sent, all, hand } = handOn(t, { cost: 10 });
  assert.equal(made.passed(0), null, "nothing moves");
  for (let i = 0; i < 4; i++) hand(2); // a tenth of a place in a millisecond, one in the time of a frame
  const { at } = sent.at(-1);
  assert.deepEqual(at.slice(0, 5), [0, 1, 2, 3, 4].map((i) => at[0] + 2 * i));
  assert.equal(at[0] % 2, 0, "always the same ones");
  assert.deepEqual([...made.passed(0)], Array.from({ length: 10 }, (_, i) => all.a - 1 - i));
  for (let i = 0; i < 12; i++) hand(i % 2); // 0.025
  assert.equal(made.passed(0), null, "it passes none that cannot be made");
});

test("a few places far ahead of a hand wait until there are more of them", (t) => {
  const kept = shelf(1e6), { sent, all, come, hand, wait } = handOn(t, { kept });
  for (let i = 0; i < 3; i++) hand(1);
  let next = sent.length - 2, before = 0; // those that are aimed at
  const answered = () => {
    for (; next < sent.length; next++) come(sent[next], 30);
  };
  for (let i = 0; i < 20; i++) [answered(), hand(1)];
  before = sent.length;
  for (let i = 0; i < 60; i++) {
    hand(1);
    assert.ok(kept.has(JSON.stringify({ a: all.a }), "s"), `${all.a} is not there in time`);
    answered();
  }
  const sizes = sent.slice(before).map(({ at }) => at.length);
  assert.ok(sizes.length > 3 && sizes.every((size) => size >= 6), `${sizes}`);
  wait(400);
  answered();
  wait(400);
  answered();
  assert.ok(kept.has(JSON.stringify({ a: all.a + 60 }), "s"), "at rest none of them waits");
});

test("of a list that is gone through quickly each entry is asked for", (t) => {
  const list = ruler(model({ _model_name: "DropdownModel", _options_labels: Array(99).fill(""), index: 1 }));
  const { made, hand } = handOn(t, { cost: 10, rulers: [list] });
  for (let i = 0; i < 4; i++) hand(2);
  assert.equal(made.passed(0), null);
  assert.equal(made.passed(-1), null, "several controls move at once");
});

test("a hand that passes far more places than can be made is not run after, until it rests", (t) => {
  const { made, sent, all, come, hand, wait } = handOn(t, { cost: 90 });
  for (let i = 0; i < 8; i++) hand(1);
  const before = sent.length;
  for (const request of sent.slice()) come(request, 90);
  for (let i = 0; i < 8; i++) hand(1);
  assert.equal(sent.length, before);
  assert.equal(made.passed(0), null, "each is asked for, as many at once as help");
  wait(200);
  assert.ok(sent.slice(before).some(({ at }) => Math.abs(at[0] - all.a) <= 1), "what lies around it is of use");
});

test("no more is made in advance than there is room for, and that lies around the hand", () => {
  const kept = shelf(26), quick = sweeps({ kept }); // 20 frames, and some room
  const makeAll = () => {
    const before = quick.sent.length;
    quick.made.warm();
    for (let next = before; next < quick.sent.length; next++) {
      assert.ok(next < before + 40, "it never ends");
      quick.come(quick.sent[next], 10);
    }
    return quick.sent.slice(before).flatMap(({ at }) => at);
  };
  const around = (a) => Array.from({ length: 19 }, (_, i) => a - 9 + i);
  quick.all.a = 50;
  makeAll();
  for (const a of [50, 53, 20, 50]) {
    quick.all.a = a;
    const made = makeAll();
    assert.ok(made.length <= 40, `${made.length} made for ${a}`);
    for (const value of around(a)) assert.ok(kept.has(JSON.stringify({ a: value }), "s"), `${value} near ${a}`);
  }
  assert.deepEqual(makeAll(), []);
  // Not even one finds room.
  const large = sweeps({ kept: shelf(0.5) });
  large.made.warm();
  large.sent.forEach((request) => large.come(request, 10));
  const asked = large.sent.length;
  large.made.warm();
  assert.equal(large.sent.length, asked);
});

test("keys push a point, its ends and Space included, and no other key is taken", () => {
  const point = { value: [0, 1], bounds: [[-2, 2], [-1, 3]] };
  assert.deepEqual(pushed(point, "ArrowRight"), [0.04, 1]);
  assert.deepEqual(pushed(point, "PageUp"), [0, 1.4]);
  assert.deepEqual(pushed(point, "ArrowRight", true), [0.4, 1]); // with Shift: a tenth
  assert.deepEqual(pushed(point, "Home"), [-2, 1]);
  assert.deepEqual(pushed(point, "End"), [2, 1]);
  assert.deepEqual(pushed(point, " "), [0, 1]);
  assert.equal(pushed(point, "a"), null);
  const flat = { value: [0], bounds: [[-2, 2]], places: [[-2, 0, 1, 2]] };
  assert.deepEqual(pushed(flat, "ArrowUp"), [1]);
  assert.deepEqual(pushed(flat, "PageDown"), [-2]);
});

test("vertices are read from wherever they start, and from whole 64ths", () => {
  const bytes = new Uint8Array(9);
  bytes.set(new Uint8Array(Float32Array.from([1.5, -2]).buffer), 1);
  assert.deepEqual([...numbers(bytes.subarray(1))], [1.5, -2]);
  const steps = Int32Array.from([64, 128, 32, -64]);
  const rows = new Uint8Array(16);
  new Uint8Array(steps.buffer).forEach((byte, i) => (rows[(i % 4) * 4 + Math.floor(i / 4)] = byte));
  assert.deepEqual([...floats(rows)], [1, 2, 1.5, 1]);
});

test("while a slider is held what the kernel repeats does not move it", () => {
  const states = [];
  const slider = Object.create({ ...model({}), set_state: (state) => states.push(state) });
  let held = true;
  tellAtRest(slider, () => held);
  slider.set_state({ value: 1, description: "rate" });
  held = false;
  slider.set_state({ value: 2 });
  assert.deepEqual(states, [{ description: "rate" }, { value: 2 }]);
});

test("what the kernel repeats before it was told of the last place does not bring a slider back", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const told = [], states = [];
  const slider = Object.create({ ...model({}), save_changes: () => told.push("here"), set_state: (state) => states.push(state) });
  let held = true;
  tellAtRest(slider, () => held);
  slider.save_changes();
  held = false; // let go: the last place is told of in a moment
  slider.set_state({ value: 1 });
  assert.deepEqual([told, states], [[], [{}]]);
  t.mock.timers.tick(150);
  slider.set_state({ value: 2 });
  assert.deepEqual([told, states], [["here"], [{}, { value: 2 }]]);
});

test("a slider whose kernel is gone tells nobody, and throws nothing", () => {
  const slider = Object.create({ ...model({}), comm_live: false, save_changes: () => assert.fail("nobody is there") });
  tellAtRest(slider, () => false);
  slider.save_changes();
});

test("a value goes to the kernel in the form in which its widget sends it", () => {
  const day = { ...model({ value: new Date(0) }),
    constructor: { serializers: { value: { serialize: (date) => ({ year: date.getUTCFullYear() }) } } } };
  assert.deepEqual(valueOf(day), { year: 1970 });
  assert.equal(valueOf(model({ value: 3, index: 1 })), 1);
});

test("numbers are written as a person writes them, and nothing else is touched", () => {
  const cases = JSON.parse(readFileSync(new URL("numbers.json", import.meta.url)));
  for (const [said, shown] of cases) assert.equal(written(said), shown);
});

test("where the controls stand is copied as Python code", () => {
  assert.equal(asCode({ lr: 0.1 + 0.2, steps: 40, double: false, rule: "Adam", start: [-1.5, 2] }),
    'explorer.set(lr=0.3, steps=40, double=False, rule="Adam", start=(-1.5, 2))');
  assert.equal(asCode({ some: ["a"], all: [], none: null }), 'explorer.set(some=("a",), all=(), none=None)');
});

test("a hint stands inside the axes, on the first side that is quiet or else on the quietest", () => {
  const box = [0, 0, 200, 100], size = [60, 20], quiet = () => 0;
  const inside = ([x, y]) => x >= 0 && y >= 0 && x + 60 <= 200 && y + 20 <= 100;
  assert.deepEqual(hintPlace([100, 50], size, box, quiet), [114, 40]);
  assert.deepEqual(hintPlace([190, 50], size, box, quiet), [116, 40]);
  for (const corner of [[0, 0], [200, 0], [0, 100], [200, 100]]) assert.ok(inside(hintPlace(corner, size, box, quiet)));
  const word = (x, y, wide) => (x + wide > 120 ? 0.2 : 0); // it stands at the right
  assert.deepEqual(hintPlace([100, 50], size, box, word), [26, 40]);
  assert.deepEqual(hintPlace([100, 50], size, box, (x, y) => (y < 20 ? 0.1 : 0.3)), [70, 16]);
  assert.equal(hintPlace([20, 50], size, [0, 0, 50, 100], quiet), null);
});

test("buttons of two explorers never exclude each other, though each loads these modules for itself", async () => {
  const element = (kind) => ({ kind, parts: [], setAttribute() {}, addEventListener() {}, append(...more) { this.parts.push(...more); } });
  globalThis.document = { createElement: element };
  try {
    const names = [];
    for (const copy of ["?one", "?two"]) {
      const { segments } = await import(`../../course_lib/live/front/segments.mjs${copy}`);
      const { row } = segments(["a", "b"], "letter", () => {}, undefined);
      const group = row.parts.map((label) => label.parts[0].name);
      assert.equal(group[0], group[1]);
      names.push(group[0]);
    }
    assert.notEqual(names[0], names[1]);
  } finally {
    delete globalThis.document;
  }
});

test("the value under the pointer is that of the nearest vertex, else of the place", () => {
  const scene = { axes: [{ box: [100, 0, 200, 100], x: [1, 100, true], y: [0, 1, false], points: [250, 10, 204, 60] }] };
  const frame = { layers: [{ kind: "line", at: [0, 4] }], vertices: Float32Array.from([200, 50, 290, 90]) };
  assert.equal(valueAt(scene, frame, 50, 50, 10), null);
  const near = valueAt(scene, frame, 203, 54, 10);
  assert.ok(near.near);
  assert.ok(Math.abs(near.value[0] - 10) < 1e-9 && near.value[1] === 0.5);
  assert.deepEqual(valueAt(scene, frame, 252, 12, 10).at, [250, 10], "a line that stays still has points, too");
  const far = valueAt(scene, frame, 150, 20, 10);
  assert.ok(!far.near && Math.abs(far.value[1] - 0.8) < 1e-9);
});

// A canvas that writes down how strongly each mark is drawn.
function inked(layers, lit) {
  const drawn = [], kept = [];
  const pen = { globalAlpha: 1, clearRect() {}, drawImage(picture) { if (picture.of) drawn.push([picture.of, pen.globalAlpha]); },
    save() { kept.push(pen.globalAlpha); }, restore() { pen.globalAlpha = kept.pop(); } };
  const canvas = { getContext: () => pen };
  paint(canvas, { size: [9, 9], below: {}, between: [] }, { layers, vertices: [] }, lit);
  return Object.fromEntries(drawn);
}

test("what is lit stays as it is, what belongs to others fades, and what belongs to nobody stays", () => {
  const layer = (of) => ({ kind: "image", at: [0, 0], picture: { of: of ?? "nobody" }, of });
  const layers = [layer("Adam"), layer("Lion"), layer(undefined)];
  assert.deepEqual(inked(layers, null), { Adam: 1, Lion: 1, nobody: 1 });
  assert.deepEqual(inked(layers, "Adam"), { Adam: 1, Lion: 0.12, nobody: 1 });
  assert.deepEqual(inked(layers, "at home"), { Adam: 1, Lion: 1, nobody: 1 });
});

test("a stamp takes the whole pixels that its shape and margin need, and no endless ones", () => {
  const shape = Float32Array.from([-2.5, 0.5, 3.5, 0.5, NaN, NaN, 0.5, 4.25]);
  assert.deepEqual(extent(shape, 2), { left: -5, top: -2, wide: 11, tall: 9 });
  assert.equal(extent(new Float32Array(), 2), null);
  assert.equal(extent(Float32Array.from([0, 0, 300, 1]), 2), null);
});

test("pointing at a path, or at a bar, tells whose it is", () => {
  const scene = { axes: [{ box: [0, 0, 100, 100], x: [0, 1, false], y: [0, 1, false] }] };
  const vertices = [10, 10, 50, 50, 60, 80, 90, 80, 90, 90, 60, 90];
  const frame = { vertices, layers: [{ kind: "line", at: [0, 4], of: "Adam" }, { kind: "area", at: [4, 8], of: "Lion" }] };
  assert.equal(valueAt(scene, frame, 49, 52, 10).of, "Adam");
  assert.equal(valueAt(scene, frame, 75, 85, 10).of, "Lion");
  assert.equal(valueAt(scene, frame, 20, 90, 10).of, null);
});

test("a number beside a slider has no zeros after its last decimal", () => {
  const cases = { "0.100": "0.1", "14.0": "14", "0.000100": "0.0001", 100: "100", "1.50e-7": "1.5e-7", "0.10 – 0.905": "0.1 – 0.905" };
  for (const [padded, shown] of Object.entries(cases)) assert.equal(unpadded(padded), shown);
});

test("a sentence comes in parts, each number written as a person writes it and with its colors", () => {
  assert.deepEqual(colored("The rate is 3e-05 at -2.", [[12, 5, "#a00", "#faa"]]),
    [["The rate is "], ["3·10⁻⁵", "#a00", "#faa"], [" at −2."]]);
  assert.deepEqual(colored("Plain.", []), [["Plain."]]);
  assert.deepEqual(colored("Step 5. In: 1. Adam, 2. Lion.", []), [["Step 5. In: 1.\u00a0Adam, 2.\u00a0Lion."]]);
});

test("a list of a few short words is a row of buttons, a long one is not", () => {
  assert.ok(isShort(["relu", "tanh"]));
  assert.ok(isShort(["forward", "backward", "central"]));
  assert.ok(!isShort(["one"]));
  assert.ok(!isShort(["a", "b", "c", "d", "e", "f"]));
  assert.ok(!isShort(["each at its own best rate", "all at the same rate alpha"]));
});

test("seen closer, the place under the pointer stays where it is, and no edge comes into the picture", () => {
  const near = closer({ k: 1, x: 0, y: 0 }, 2, [300, 100], 800, 400);
  assert.deepEqual(near, { k: 2, x: -300, y: -100 });
  assert.equal((300 - near.x) / near.k, 300);
  assert.deepEqual(closer(near, 0.1, [0, 0], 800, 400), { k: 1, x: 0, y: 0 });
  assert.deepEqual(clamped({ k: 2, x: 50, y: -9999 }, 800, 400), { k: 2, x: 0, y: -400 });
  assert.equal(closer(near, 1000, [0, 0], 800, 400).k, 8);
});

test("a number is read as it is written beside a slider", () => {
  for (const [text, value] of [["3.9·10⁻⁵", 3.9e-5], ["10⁻⁵", 1e-5], ["−10⁻¹²", -1e-12], ["245\u202f760", 245760]])
    assert.equal(numberOf(text), value, text);
  for (const value of ["3.9e-5", "1e-12", "245760"]) assert.equal(numberOf(written(value)), Number(value));
});

test("a handle on a curve goes as far along its way as the pointer is across", () => {
  const axes = { x: [0, 10, false], y: [0, 1, false] }, logs = { x: [0.01, 1, true], y: [0, 1, false] };
  const track = [[2, 0], [4, 1], [8, 0]];
  assert.deepEqual([0.2, 0.4, 0.6, 0.8].map((across) => wayAt({ track }, axes, across)), [0, 0.5, 0.75, 1]);
  assert.deepEqual([0, 1].map((across) => wayAt({ track }, axes, across)), [0, 1]);
  assert.equal(wayAt({ track: [[0.01, 0], [0.1, 0], [1, 0]] }, logs, 0.5), 0.5);
});

test("a slider that is dragged on the picture stops at its notches", () => {
  const plain = model({ min: 0.09, max: 0.2, step: 0.0002 }), log = model({ min: -2, max: 0, step: 0.5, base: 10 });
  assert.equal(atPart(plain, 0.5), 0.145);
  assert.equal(atPart(plain, 1), 0.2);
  assert.equal(atPart(log, 0.3), 10 ** -1.5);
});
