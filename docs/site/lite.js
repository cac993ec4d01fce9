// The line at the foot of a page of the lab while it starts: what is being loaded and how much of it
// is here. Fetching the files in the page fills the browser's cache, from which Python's own thread
// then takes them. A window that keeps nothing, such as a private one, is told so.

/** What the line says while `loaded` of `total` bytes are here and `name` is on its way. */
export function words(loaded, total, name) {
  const mega = (bytes) => (bytes / 1e6).toFixed(total < 1e7 ? 1 : 0);
  return `Loading Python and the course: ${mega(loaded)} of ${mega(total)} MB (${name})`;
}

export const KEEPS_NOTHING =
  "This window keeps nothing: what you write and solve here is gone when you close it.";

/** Fetch one file and tell, as it comes, how many bytes of it are here. */
async function fetched(address, tell) {
  const answer = await fetch(address);
  const reader = answer.ok && answer.body ? answer.body.getReader() : null;
  for (let part = reader && (await reader.read()); part && !part.done; part = await reader.read()) {
    tell(part.value.length);
  }
}

function footer() {
  const line = document.createElement("div");
  line.id = "lite-line";
  line.setAttribute("role", "status");
  Object.assign(line.style, {
    position: "fixed", bottom: "0", left: "0", right: "0", zIndex: "10000", padding: "6px 14px",
    font: "14px/1.4 system-ui, sans-serif", color: "#1c1c1c", background: "#eef3f8",
    borderTop: "1px solid #8aa2b8",
  });
  document.body.append(line);
  return line;
}

const pause = (seconds) => new Promise((ready) => setTimeout(ready, 1000 * seconds));
const kernel = () => globalThis.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel;

async function start(root) {
  const line = footer();
  const files = await (await fetch(new URL("files.json", root))).json();
  const total = files.reduce((sum, file) => sum + file.size, 0);
  let loaded = 0;
  const one = async (file) => {
    const began = loaded;
    line.textContent = words(loaded, total, file.name);
    await fetched(new URL(file.address, root), (bytes) => {
      loaded += bytes;
      line.textContent = words(Math.min(loaded, total), total, file.name);
    });
    loaded = Math.max(loaded, began);
  };
  const left = [...files];
  const lane = async () => {
    while (left.length) await one(left.shift());
  };
  await Promise.all([lane(), lane(), lane()]).catch(() => {});
  line.textContent = "Starting Python in this page";
  while (kernel()?.status !== "idle") await pause(0.3);
  if (navigator.serviceWorker?.controller || (await settled())) {
    line.remove();
    return;
  }
  line.textContent = KEEPS_NOTHING;
  const close = document.createElement("button");
  close.textContent = "Close";
  close.style.marginLeft = "1em";
  close.onclick = () => line.remove();
  line.append(close);
}

/** Whether a service worker, which keeps files for Python, is there within a few seconds. */
async function settled() {
  if (!navigator.serviceWorker) return false;
  const ready = navigator.serviceWorker.ready.then(() => true, () => false);
  return Promise.race([ready, pause(5).then(() => false)]);
}

if (globalThis.document) start(new URL("pyodide/", import.meta.url));
