// A fragment with <dialog open> would not be modal: the page's one dialog is filled by htmx and opened here.
// The browser returns the focus to what opened it; when that was replaced meanwhile, its id finds it again.
const dialog = document.getElementById("dialog")
let opener = ""

// Once it is settled: before, htmx does not hear yet what is pressed inside.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target !== dialog || dialog.open || !dialog.childElementCount) return
  opener = detail.requestConfig.elt.id || document.activeElement.id
  dialog.showModal()
})

// An answer from inside the dialog that changed something behind it: the work is done.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const pressed = detail.requestConfig?.elt
  if (dialog.open && detail.target !== dialog && dialog.contains(pressed)) dialog.close()
})

dialog.addEventListener("click", (event) => {
  if (event.target !== dialog && !event.target.closest("[data-close]")) return
  event.preventDefault()
  dialog.close()
})

dialog.addEventListener("close", () => {
  dialog.replaceChildren()
  document.getElementById(opener)?.focus()
})

// The same for what unfolds: once its form is sent, it folds again, ready for the next time.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const fold = detail.elt.closest("[data-fold]")
  if (!fold?.open || !detail.successful) return
  detail.elt.reset()
  fold.open = false
  fold.querySelector("summary").focus()
})
