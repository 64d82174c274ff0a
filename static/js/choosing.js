// Rows are chosen one by one, each by its own checkbox; with this, all on the page by the one above them.
const all = (root) => [...root.querySelectorAll("[data-row] [name=ids]")]

function show(head) {
  const boxes = all(head.closest("table"))
  const chosen = boxes.filter((box) => box.checked).length
  head.hidden = false
  head.checked = chosen > 0 && chosen === boxes.length
  head.indeterminate = chosen > 0 && chosen < boxes.length
  document.querySelector("[data-chosen]").textContent = chosen ? `(${chosen} ticked)` : ""
}

const showAll = () => document.querySelectorAll("[data-choose-all]").forEach(show)

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-choose-all]")) {
    for (const box of all(target.closest("table"))) box.checked = target.checked
  }
  showAll()
})

document.addEventListener("htmx:afterSettle", showAll)
addEventListener("pageshow", showAll)
showAll()
