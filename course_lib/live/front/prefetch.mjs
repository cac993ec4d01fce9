// Frames in advance: while nothing else is to do, those for the places a slider may go next are asked
// for, come a slice at a time, and are kept.

import { SLOW } from "./link.mjs";
import { UNPACKS } from "./painter.mjs";

const RESTS = 150; // milliseconds after which a hand that has not moved rests
const SOON = 500; // milliseconds: how far ahead of a moving hand frames are made
const STALE = 100; // milliseconds: for so long a picture of a place that the hand has passed may still be shown
const KEEPS_UP = 0.5; // of the time there is, what may be spent on frames for a moving hand
const WORK = 120; // milliseconds of the kernel's work that one request asks for

export function makePrefetch({
  send, link, kept, rulers, names, values, placeOf, sceneId, told, cost = 0, plays = [], idle = () => ({}),
}) {
  const swept = new Map(); // id of a request -> the places it is for
  const under_way = new Set(), barred = new Set();
  const walls = rulers.map(() => new Set()); // where a frame took long: nothing beyond is asked for
  let likely = -1; // the control that moves next
  let tried = 0;
  let wide = 2; // requests under way at once
  let soon = 0;
  let lasts = 0; // milliseconds from a request to its first answer
  let heard = 0; // when the last answer came
  let pace = 0, seen = { notch: 0, when: 0 }; // notches of a hand in a millisecond, and where it was
  const fetch = {
    cost: Math.max(cost, 10), // milliseconds for one frame
    visible: false,

    warm(pause = 0) {
      clearTimeout(soon);
      if (pause) soon = setTimeout(fetch.warm, pause);
      if (likely < 0) likely = first();
      if (pause || likely < 0 || !fetch.visible || !sceneId() || fetch.cost > SLOW) return;
      const now = performance.now(), moving = now - seen.when < RESTS;
      // Where a hand passes more places than can be made, every second or third is made. Where those
      // are too far apart, they would only delay the one that it comes to.
      const stride = moving ? Math.max(Math.ceil(rush()), 1) : 1;
      if (stride > 1 && tooFar()) {
        soon = setTimeout(fetch.warm, RESTS);
        return;
      }
      for (const [key, { heard, places }] of swept)
        if (now - heard > 15000) {
          swept.delete(key);
          places.forEach((place) => under_way.delete(place));
        }
      // Each request has JupyterLab say twice how the kernel is, which takes the page as long as a few
      // frames: it is for as many places as help. They come in slices.
      const many = Math.min(Math.max(Math.floor(WORK / fetch.cost), 1), 40);
      const all = values(), ruler = rulers[likely], here = ruler.notch(all[names[likely]]);
      // What a moving hand has passed when the answer comes is of no use: it is aimed at, as far ahead
      // as the hand comes to soon. The page needs the time, too.
      const aim = moving ? Math.round(pace * ((lasts || WORK) + 20)) : 0;
      const inTime = (left) => !moving || !pace || (left >= 0 && left < lasts + SOON);
      // What was asked for before this hand moved, or as it went the other way, is given up for it.
      const way = moving ? Math.sign(pace) : 0;
      const others = way ? [...swept.values()].filter((request) => request.way !== way && !request.left) : [];
      for (const request of others) {
        request.left = true;
        request.places.forEach((place) => under_way.delete(place));
      }
      let instead = others.length > 0;
      const count = () => [...swept.values()].filter(({ left }) => !left).length;
      while (count() < Math.floor(wide) && tried < 3) {
        const at = [], places = [], near = new Set();
        let spare = Infinity; // milliseconds until the hand is at the first of them
        for (const value of reachable(ruler, walls[likely], all[names[likely]], aim)) {
          const notch = ruler.notch(value);
          if (notch % stride || !inTime((notch - here) / pace)) continue;
          const place = placeOf({ ...all, [names[likely]]: value });
          // More than there is room for would push one another out for ever.
          if (near.add(place).size > kept.room()) break;
          const there = kept.has(place, sceneId());
          if (there) kept.get(place); // what lies farther goes first
          if (there || under_way.has(place) || barred.has(place)) continue;
          under_way.add(place);
          at.push(value);
          places.push(place);
          spare = Math.min(spare, (notch - here) / pace);
          if (at.length === many) break;
        }
        // A few places far ahead of a hand wait for more, as each request takes the page some time.
        const wait = moving && pace && at.length < many / 2 && spare > lasts + SOON / 2;
        if (wait || (!at.length && moving)) soon = setTimeout(fetch.warm, RESTS);
        else told(!at.length && !swept.size);
        if (wait) places.forEach((place) => under_way.delete(place));
        if (wait || !at.length) return;
        const id = link.next();
        swept.set(id, { when: now, heard: now, places, at: [...at], of: likely, way });
        // Unpacking takes a while, too: on this very computer longer than the bytes it saves.
        const unpacks = UNPACKS && (!link.quickest || link.quickest > 30);
        send({ id, sweep: names[likely], at, values: all, unpacks, instead });
        instead = false;
      }
    },

    // Takes note of an answer, which comes in slices: returns the part of the request that it is for,
    // null if that was given up.
    answer(content) {
      const request = swept.get(content.sweep);
      if (!request) return null;
      const made = content.more ? content.made : request.places.length;
      const part = { of: request.of, places: request.places.splice(0, made), at: request.at.splice(0, made) };
      if (!content.more) swept.delete(content.sweep);
      const now = performance.now(), way = now - request.when, queued = heard > request.when;
      request.heard = heard = now;
      if (request.begun) return part;
      request.begun = true;
      lasts = Math.min(lasts ? 0.7 * lasts + 0.3 * way : way, 1000); // more is a cell that was running
      if (queued) return part; // behind another request, which tells nothing about the way
      link.quickest = link.quickest ? Math.min(link.quickest, way - content.took) : way - content.took;
      // A reply that takes longer than a round trip was queued, and single frames wait behind it.
      const late = way - content.took > 1.3 * link.quickest + 60;
      wide = Math.max(late ? wide / 2 : Math.min(wide + 0.5, 2 + link.quickest / WORK), 1);
      return part;
    },

    // The frames are unpacked. The kernel ends a slice with a frame that takes long, and makes no more
    // until one that the reader asked for is quick again. What lies beyond that frame is barred.
    arrived({ places, at, of }, frames, took, longest) {
      if (longest > SLOW) {
        fetch.cost = longest;
        if (frames.length) walls[of].add(rulers[of].notch(at[frames.length - 1]));
      } else if (frames.length) fetch.cost = 0.7 * fetch.cost + 0.3 * (took / frames.length);
      frames.forEach((frame, i) => {
        if (frame) return;
        barred.add(places[i]);
        tried += 1;
      });
      places.forEach((place) => under_way.delete(place));
      fetch.warm();
    },

    // A frame that was asked for took so long. One that is quick takes down the walls beside it.
    asked(milliseconds) {
      if (milliseconds > SLOW || fetch.cost > SLOW) fetch.cost = milliseconds;
      if (milliseconds > SLOW) return;
      fetch.cost = 0.7 * fetch.cost + 0.3 * milliseconds;
      const all = values();
      rulers.forEach((ruler, i) => {
        const here = ruler && ruler.notch(all[names[i]]);
        for (const wall of walls[i]) if (Math.abs(wall - here) <= 2) walls[i].delete(wall);
      });
    },

    // A slider moved, or hands are on it: it moves next.
    expect(slider, again = false) {
      if (slider >= 0 && !rulers[slider]) return;
      paced(slider);
      if (slider < 0 || slider !== likely) tried = 0;
      else if (!again) return;
      if (slider >= 0) likely = slider;
      fetch.warm(slider < 0 ? 250 : 0);
    },
    coming: (place) => under_way.has(place),

    // The places that a hand in motion has passed last, the nearest first, where it passes more than can
    // be made. Null if it does not, or goes through a list: there each is asked for.
    passed(slider) {
      if (slider !== likely || !rulers[slider]?.slides || performance.now() - seen.when > RESTS) return null;
      if (rush() <= 1 || tooFar()) return null;
      return rulers[slider].back(values()[names[slider]], Math.round(pace * STALE));
    },
    stop: () => clearTimeout(soon),
  };

  // Before a hand is seen: the slider that plays, the first one, or whatever can be gone through. One
  // that moves nothing as the others stand is of no use.
  function first() {
    const open = rulers.map((ruler, i) => ruler && !(names[i] in idle()));
    const ways = [(i) => plays.includes(names[i]), (i) => rulers[i].slides, () => true];
    return ways.map((way) => open.findIndex((is, i) => is && way(i))).find((i) => i >= 0) ?? -1;
  }

  // Of the places that a hand passes, how many there are for each that can be made.
  const rush = () => (Math.abs(pace) * fetch.cost) / KEEPS_UP;
  // Then those that can be made lie too far apart: each is asked for by itself.
  const tooFar = () => fetch.cost > KEEPS_UP * STALE;

  function paced(slider) {
    const when = performance.now(), notch = slider < 0 ? NaN : rulers[slider].notch(values()[names[slider]]);
    const now = (notch - seen.notch) / Math.max(when - seen.when, 1);
    const goes_on = slider === likely && when - seen.when < RESTS && Number.isFinite(now);
    pace = goes_on ? 0.5 * ((pace || now) + now) : 0;
    seen = { notch, when };
  }
  return fetch;
}

// The places around one, those where a hand will be first, each way as far as the first wall.
function* reachable(ruler, walls, here, ahead) {
  const middle = ruler.notch(ruler.around(here).next().value);
  const far = (notch) => Math.abs(notch - middle);
  for (const value of ruler.around(here, ahead)) {
    const notch = ruler.notch(value);
    const beyond = (wall) => wall !== middle && (wall - middle) * (notch - middle) > 0 && far(wall) <= far(notch);
    if (![...walls].some(beyond)) yield value;
  }
}
