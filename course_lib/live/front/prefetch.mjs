// Frames in advance: while nothing else is to do, those for the places a slider may go next are asked
// for, a slice at a time, and kept.

import { SLOW } from "./link.mjs";
import { UNPACKS } from "./painter.mjs";

export function makePrefetch({ send, link, kept, rulers, names, values, placeOf, sceneId, told, cost = 0 }) {
  const swept = new Map(); // id of a request -> the places it is for
  const under_way = new Set(), barred = new Set();
  const walls = rulers.map(() => new Set()); // where a frame took long: nothing beyond is asked for
  // The control that moves next: at first the first slider, or whatever can be gone through.
  let likely = rulers.findIndex((ruler) => ruler?.slides);
  if (likely < 0) likely = rulers.findIndex(Boolean);
  let tried = 0;
  let wide = 2; // slices under way at once
  let soon = 0;
  const fetch = {
    cost: Math.max(cost, 10), // milliseconds for one frame
    visible: false,

    warm(pause = 0) {
      clearTimeout(soon);
      if (pause) soon = setTimeout(fetch.warm, pause);
      if (pause || likely < 0 || !fetch.visible || !sceneId() || fetch.cost > SLOW) return;
      const now = performance.now();
      for (const [key, { when, places }] of swept)
        if (now - when > 15000) {
          swept.delete(key);
          places.forEach((place) => under_way.delete(place));
        }
      // Slices of about 20 ms, and as many of them as the way to the kernel and back holds.
      const many = Math.min(Math.max(Math.floor(20 / fetch.cost), 1), 40);
      const all = values(), ruler = rulers[likely];
      while (swept.size < Math.floor(wide) && tried < 3) {
        const at = [], places = [];
        for (const value of reachable(ruler, walls[likely], all[names[likely]])) {
          const place = placeOf({ ...all, [names[likely]]: value });
          if (kept.has(place, sceneId()) || under_way.has(place) || barred.has(place)) continue;
          at.push(value);
          places.push(place);
          if (at.length === many) break;
        }
        told(!at.length && !swept.size);
        if (!at.length) return;
        places.forEach((place) => under_way.add(place));
        const id = link.next();
        swept.set(id, { when: now, places, at, of: likely });
        // Unpacking takes a while, too: on this very computer longer than the bytes it saves.
        const unpacks = UNPACKS && (!link.quickest || link.quickest > 30);
        send({ id, sweep: names[likely], at, values: all, unpacks });
      }
    },

    // Takes note of an answer: returns the request it is for, null if it was given up.
    answer(content) {
      const request = swept.get(content.sweep);
      if (!request) return null;
      swept.delete(content.sweep);
      // A reply that takes longer than a round trip was queued, and single frames wait behind it.
      const way = performance.now() - request.when;
      link.quickest = link.quickest ? Math.min(link.quickest, way - content.took) : way - content.took;
      const late = way > 1.3 * link.quickest + 60;
      wide = Math.max(late ? wide / 2 : Math.min(wide + 0.5, 1 + link.quickest / 20, 10), 1);
      return request;
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
      const all = values();
      rulers.forEach((ruler, i) => {
        const here = ruler && ruler.notch(all[names[i]]);
        for (const wall of walls[i]) if (Math.abs(wall - here) <= 2) walls[i].delete(wall);
      });
    },

    // A slider moved, or hands are on it: it moves next.
    expect(slider, again = false) {
      if (slider >= 0 && !rulers[slider]) return;
      if (slider < 0 || slider !== likely) tried = 0;
      else if (!again) return;
      if (slider >= 0) likely = slider;
      fetch.warm(slider < 0 ? 250 : 0);
    },
    stop: () => clearTimeout(soon),
  };
  return fetch;
}

// The places around one, nearest first, each way as far as the first wall.
function* reachable(ruler, walls, here) {
  const open = { up: true, down: true };
  let middle = null;
  for (const value of ruler.around(here)) {
    const notch = ruler.notch(value);
    middle ??= notch;
    const way = notch < middle ? "down" : "up";
    if (walls.has(notch) && notch !== middle) open[way] = false;
    if (open[way] || notch === middle) yield value;
  }
}
