// The typeface of the cards, which is that of the pictures. A page takes its file once, for all explorers.

// A page that has no typeface of this name, as the website has, gets it from the kernel.
export async function face(model) {
  try {
    // Each explorer is a module of its own: what they share hangs on the page.
    document.courseFace ??= model.widget_manager.get_model(model.get("face").replace("IPY_MODEL_", "")).then(async (it) => {
      const { buffer, byteOffset, byteLength } = it.get("file");
      document.fonts.add(await new FontFace("Course Sans", buffer.slice(byteOffset, byteOffset + byteLength)).load());
    });
    await document.courseFace;
  } catch (reason) {
    document.courseFace = null; // the page's own typeface stays
    console.warn(`The explorer's typeface could not be loaded: ${reason}`);
  }
}
