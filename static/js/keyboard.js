// People with a telephone in one hand work the table with the other: "/" goes to the search, arrows walk
// the rows (left and right between the name and the switch), Enter opens what has the focus.
const search = () => document.querySelector("[data-search]")
const typing = (element) => element.closest("input, select, textarea, [contenteditable], dialog, [popover]")
const rows = () => [...document.querySelectorAll("[data-row]")]
const stops = (row) => [row.querySelector("[data-row-link]"), row.querySelector("[role=switch]")].filter(Boolean)

const steps = {
  ArrowDown: (index) => index + 1,
  ArrowUp: (index) => index - 1,
  Home: () => 0,
  End: () => rows().length - 1,
}

function focusRow(index, column = 0) {
  const row = rows()[index]
  if (row) (stops(row)[column] ?? stops(row)[0]).focus()
  return Boolean(row)
}

function walk(event, row) {
  const columns = stops(row)
  const column = columns.indexOf(document.activeElement)
  if (column < 0) return false

  if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    columns[event.key === "ArrowRight" ? 1 : 0]?.focus()
    return true
  }
  return event.key in steps && focusRow(steps[event.key](rows().indexOf(row)), column)
}

function leaveSearch(event) {
  if (event.key === "ArrowDown") return focusRow(0)
  if (event.key !== "Escape") return false
  return focusRow(0) || (document.getElementById("results")?.focus(), true)
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return

  let handled = false
  const row = event.target.closest("[data-row]")
  if (event.target.matches("[data-search]")) handled = leaveSearch(event)
  else if (event.key === "/" && search() && !typing(event.target)) handled = (search().select(), search().focus(), true)
  else if (row) handled = walk(event, row)

  if (handled) event.preventDefault()
})
