// The line under the explorer of the front-end check. It sends back every message it gets, with the
// number of pictures the explorer around it has painted so far: Python measures the rest.

function render({ model, el }) {
  const line = document.createElement("p");
  line.className = "course-checkup";
  line.setAttribute("role", "status");
  line.style.cssText = `margin: 0; padding: 2px 12px; border-left: 4px solid; line-height: 1.4;
    font-family: var(--jp-ui-font-family, sans-serif); font-size: 14px;
    color: var(--jp-ui-font-color1, inherit)`;
  el.appendChild(line);

  const say = () => {
    line.textContent = model.get("said");
    line.style.borderLeftColor = model.get("color");
  };
  const bounce = (asked) => {
    const canvas = el.closest(".widget-vbox")?.querySelector("canvas");
    model.send({ ...asked, frames: Number(canvas?.dataset.frames || 0) });
  };
  model.on("change", say);
  model.on("msg:custom", bounce);
  say();
  bounce({});
  return () => {
    model.off("change", say);
    model.off("msg:custom", bounce);
  };
}

export default { render };
