// A field that is shown only once is copied by a press. Without scripts the field is enough.
// navigator.clipboard may wait forever for a permission or a focused window; the older command answers at once.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false
  button.addEventListener("click", () => {
    document.getElementById(button.dataset.copy).select()
    button.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C to copy"
  })
}
