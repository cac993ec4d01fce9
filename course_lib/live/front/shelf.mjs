// Frames that were fetched, by place: past `most` bytes those go that were used longest ago.

export function shelf(most) {
  const all = new Map(); // in the order in which they were last used
  let held = 0;
  let size = 0; // of a frame, as a mean of the last ones
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
      size = size ? 0.9 * size + 0.1 * frame.bytes : frame.bytes;
      while (held > most) drop(all.keys().next().value);
    },
    // How many frames like the last ones find room; some are larger than others.
    room: () => (size ? Math.floor((0.8 * most) / size) : Infinity),
    clear() {
      all.clear();
      held = 0;
    },
  };
}
