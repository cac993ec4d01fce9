// Frames that were fetched, by place: past `most` bytes those go that were used longest ago.

export function shelf(most) {
  const all = new Map(); // in the order in which they were last used
  let held = 0;
  const drop = (key) => {
    held -= all.get(key)?.bytes ?? 0;
    all.delete(key);
  };
  return {
    // Asking whether it is there is no use of it.
    has: (key, on) => all.has(key) && all.get(key).on === on,
    get(key) {
      const frame = all.get(key);
      if (frame) {
        all.delete(key);
        all.set(key, frame);
      }
      return frame;
    },
    put(key, frame) {
      drop(key);
      all.set(key, frame);
      held += frame.bytes;
      while (held > most) drop(all.keys().next().value);
    },
    clear() {
      all.clear();
      held = 0;
    },
  };
}
