// The link to the kernel: which requests for a frame are under way, and which answers still count.
//
// Requests have ids, several may be under way, the newest wins, and what comes late is dropped.

export const SLOW = 100; // milliseconds: no frame that takes longer is computed unasked

export function makeLink(send, clock = () => performance.now()) {
  const sent = new Map(); // id -> when it was sent, and for which place
  let id = 0, answered = 0;
  let asked = ""; // the values last asked for
  let passed = 0; // answers up to this one are for a place that the reader has left
  const link = {
    waiting: false, // is a request held back
    quickest: 0, // milliseconds of the shortest round trip
    took: 5, // milliseconds of the kernel's work
    next: () => ++id,
    busy: () => sent.size > 0,

    // Asks for a frame, unless it was asked for already or as many are under way as help.
    ask(values, place, screen) {
      const text = JSON.stringify(values);
      if (!screen && text === asked) return false;
      const now = clock();
      // As many requests as the kernel answers in one round trip keep it busy; more would queue up.
      const most = 1 + Math.ceil(link.quickest / Math.max(16, link.took));
      // A slow frame is waited for; what is lost must not hold the next one back for ever.
      for (const [key, { when }] of sent) if (now - when > Math.max(5000, 3 * link.took)) sent.delete(key);
      if (!screen && sent.size >= most) {
        link.waiting = true;
        return false;
      }
      link.waiting = false;
      asked = text;
      sent.set(++id, { when: now, place });
      send(screen ? { id, values, screen } : { id, values });
      return true;
    },

    // Takes note of an answer and returns the place it is for, null if it was given up.
    answer({ id: number, scene, took }) {
      const request = sent.get(number);
      // An answer that brings the whole still picture tells nothing about the ones that follow.
      if (request && !scene) {
        const way = clock() - request.when;
        link.quickest = link.quickest ? Math.min(link.quickest * 1.02 + 0.5, way) : way;
        link.took = 0.8 * link.took + 0.2 * (took || 0);
      }
      for (const key of sent.keys()) if (key <= number) sent.delete(key);
      answered = Math.max(answered, number);
      return request ? request.place : null;
    },

    // What was asked for so far may not take the place of what is shown now, and has to be asked for
    // again when the reader comes back to it.
    pass() {
      passed = id;
      asked = "";
      link.waiting = false;
    },
    counts: (number, place, here) => number >= answered && (number > passed || place === here),
    // Whether nothing else was asked for, or shown, since these values were asked for.
    stands: (values) => asked === JSON.stringify(values),
  };
  return link;
}
