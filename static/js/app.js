// What every page does by itself, in one file, so that the browser asks once.

// --- Keyboard
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

function moveInTable(event, row) {
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
  else if (event.key === "?" && !typing(event.target)) document.querySelector("[data-keys]")?.click()
  else if (row) handled = moveInTable(event, row)

  if (handled) event.preventDefault()
})

// --- Focus
// htmx gives the focus back to an element whose id is still there after a swap. Where it is gone (the last
// page has no "next"), the focus would fall to the top of the document; here it goes to the swapped region.
// Changed answers are also said aloud: a live region that is itself replaced stays silent in most readers.
const announcer = document.getElementById("announcer")
const said = new Map()
let lostFrom = null

document.addEventListener("htmx:beforeSwap", ({ target }) => {
  lostFrom = target.contains(document.activeElement) ? target.id : null
})

document.addEventListener("htmx:afterSettle", () => {
  if (!lostFrom || document.activeElement !== document.body) return
  const region = document.getElementById(lostFrom)
  const next = region?.querySelector(region.matches(".consent") ? "[role=switch]" : "[data-focus]") ?? region
  next?.focus({ preventScroll: true })
  lostFrom = null
})

// A page that came with an answer, or with something to correct, begins there; where people begin by searching, in the
// search. A touch screen would open its keyboard over the page.
const begin = document.querySelector("main [data-focus], main [aria-invalid=true]")
  ?? (matchMedia("(hover: hover)").matches && document.querySelector("[data-start] [data-search]"))
if (begin) begin.focus({ preventScroll: begin.matches("[data-search]") })

// Not what ticks, what can be pressed, or what an alert says by itself.
function spoken(part) {
  const copy = part.cloneNode(true)
  for (const each of copy.querySelectorAll("button, a, [aria-hidden], [role=alert]")) each.remove()
  return copy.textContent.trim()
}

document.addEventListener("htmx:load", ({ target: answer }) => {
  if (answer.dataset.announce) announcer.textContent = answer.dataset.announce
  if (!answer.dataset.say) return
  const words = [...answer.querySelectorAll(".verdict, .consent-why")].map(spoken)
  const text = `${answer.dataset.say}: ${words.join(". ").replace(/\s+/g, " ")}`
  if (said.get(answer.id) !== text) announcer.textContent = text
  said.set(answer.id, text)
})

// --- Dialogs
// A fragment with <dialog open> would not be modal: the page's one dialog is filled by htmx and opened here.
// The browser returns the focus to what opened it; if that was replaced, its id finds it again.
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
  if (dialog?.open && detail.target !== dialog && dialog.contains(pressed)) dialog.close()
})

dialog?.addEventListener("click", (event) => {
  if (event.target !== dialog && !event.target.closest("[data-close]")) return
  event.preventDefault()
  if (mayLeave(dialog)) dialog.close()
})

dialog?.addEventListener("cancel", (event) => {
  if (!mayLeave(dialog)) event.preventDefault()
})

dialog?.addEventListener("close", () => {
  dialog.replaceChildren()
  document.getElementById(opener)?.focus()
})

// What unfolds: once its form is sent, it folds again, ready for the next time.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const fold = detail.elt.closest("[data-fold]")
  if (!fold?.open || !detail.successful) return
  detail.elt.reset()
  fold.open = false
  fold.querySelector("summary").focus()
})

// --- Unsaved changes
// Leaving a form with data-unsaved asks first, if it was changed and not sent: by a link or the browser, with the
// dialog around it, or by an answer that takes its place. data-unsaved="sent": it came back with something to correct.
const filledIn = (form) => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, value.name ?? value]))
const asOpened = new WeakMap()
const sent = new WeakSet()

function noteForms() {
  for (const form of document.querySelectorAll("form[data-unsaved]")) {
    if (!asOpened.has(form)) asOpened.set(form, form.dataset.unsaved === "sent" ? "" : filledIn(form))
  }
}

const unsaved = (root) => [...root.querySelectorAll("form[data-unsaved]")]
  .filter((form) => !sent.has(form) && asOpened.has(form) && asOpened.get(form) !== filledIn(form))

const mayLeave = (root, except) => unsaved(root).every((form) => form.contains(except))
  || confirm("Leave without saving? What you typed will be lost.")

document.addEventListener("htmx:load", noteForms)
noteForms()

// htmx sends its own forms, and replaces them with the answer; or, once it is saved, the page.
document.addEventListener("htmx:beforeOnLoad", ({ detail: { elt, xhr } }) => {
  if (xhr.status === 200 && xhr.getResponseHeader("HX-Redirect")) sent.add(elt)
})
document.addEventListener("submit", (event) => event.defaultPrevented || sent.add(event.target))
addEventListener("pageshow", ({ persisted }) => persisted && document.querySelectorAll("form").forEach((form) => sent.delete(form)))

addEventListener("beforeunload", (event) => {
  if (unsaved(document).length) event.preventDefault()
})

document.addEventListener("htmx:confirm", (event) => {
  if (!mayLeave(event.detail.target, event.detail.elt)) event.preventDefault()
})

// A form that was sent and met a page of its own instead (signed out, a limit, a failure) is as it was typed when the
// same person has it open again: only what they changed, so that nothing newer is overwritten.
const here = () => location.pathname + location.search
const person = () => document.querySelector(".user-name")?.textContent
const valuesOf = (filled) => Map.groupBy(JSON.parse(filled || "[]"), ([name]) => name)

function typedIn(form) {
  const [before, now] = [valuesOf(asOpened.get(form)), valuesOf(filledIn(form))]
  return [...new Set([...before.keys(), ...now.keys()])]
    .filter((name) => String(before.get(name)) !== String(now.get(name)))
    .map((name) => [name, (now.get(name) ?? []).map(([, value]) => value)])
}

function typeAgain(form, fields) {
  for (const [name, values] of fields) {
    const chosen = `[name="${CSS.escape(name)}"]:not([type=hidden], [type=file], [type=password])`
    for (const field of form.querySelectorAll(chosen)) {
      if (field.matches("[type=checkbox], [type=radio]")) field.checked = values.includes(field.value)
      else field.value = values.shift() ?? ""
    }
  }
  const notice = withWords("What you typed is back. Look whether it was saved, and save it if not.")
  notice.querySelector("[data-again]").remove()
  form.prepend(notice)
  notice.scrollIntoView({ block: "nearest" })
}

document.addEventListener("submit", ({ defaultPrevented, target }) => {
  if (defaultPrevented || !asOpened.has(target) || target.querySelector("[type=password]")) return
  const typed = { at: here(), person: person(), action: target.action, fields: typedIn(target) }
  sessionStorage.setItem("typed", JSON.stringify(typed))
})

const typed = JSON.parse(sessionStorage.getItem("typed") ?? "null")
if (typed && document.querySelector(".entrance")) {
  sessionStorage.setItem("typed", JSON.stringify({ ...typed, lost: true }))
} else if (typed) {
  sessionStorage.removeItem("typed")
  const form = [...document.querySelectorAll("form[data-unsaved]")].find(({ action }) => action === typed.action)
  const same = typed.at === here() && typed.person === person()
  if (typed.lost && same && form && form.dataset.unsaved !== "sent") typeAgain(form, typed.fields)
}

// --- Downloads
// The answer to such a form is a file, and the page stays. An answer that is a page takes this one's place. What is
// named has the words; where nothing is, the browser shows the download, and they are only said.
document.addEventListener("submit", ({ target }) => {
  if (target.dataset.download === "") announcer.textContent = "Download started. Look in your downloads."
  const said = document.getElementById(target.dataset.download)
  if (!said || !target.checkValidity()) return
  said.hidden = false
  said.focus()
})

// --- Requests
// What htmx cannot know: which failures bring their own fragment, what to say when nothing came back at all,
// and that an empty filter has no place in an address that people send to each other.
const NOTHING = "No answer from the dashboard. Check your connection and try again: repeating it does no harm."
// The dashboard's own failures bring their sentence; a proxy's do not.
const SENTENCES = { 413: "This is too large to send.", 429: "Too many requests. Wait a moment and try again." }
const WRONG = "Something went wrong on our side. It may not have been done: reload the page to check."

// Put together with its words, or as the dashboard sent it.
function noticeOf(xhr) {
  const type = xhr.getResponseHeader("content-type") ?? ""
  const sent = document.createElement("template")
  if (type.startsWith("text/html")) sent.innerHTML = xhr.responseText
  return sent.content.querySelector("[data-notice]") ?? withWords(sentence(xhr, type))
}

function sentence(xhr, type) {
  if (type.startsWith("text/plain") && xhr.responseText.length < 300) return xhr.responseText
  return SENTENCES[xhr.status] ?? (xhr.status && xhr.status < 502 ? WRONG : NOTHING)
}

function withWords(words) {
  const notice = document.getElementById("notice-template").content.firstElementChild.cloneNode(true)
  const [, lead, rest] = words.match(/^(Nothing was recorded\.)?\s*(.*)$/s)
  notice.querySelector("strong").textContent = lead ?? ""
  notice.querySelector("[data-words]").textContent = rest
  return notice
}

function place(pressed) {
  return pressed.closest(".consent") ?? pressed.closest("form, .results") ?? document.querySelector("main")
}

function showNotice({ detail }) {
  const { elt, requestConfig, xhr } = detail
  const notice = noticeOf(xhr)
  const passes = !xhr.status || xhr.status === 429 || xhr.status >= 500
  showIn(elt, notice, passes && (() => repeat(elt, requestConfig)))
}

// The same request once more, with what its form holds by now.
function repeat(elt, { verb, path, triggeringEvent }) {
  if (!elt.isConnected) return location.reload()
  const by = triggeringEvent?.submitter
  const values = by?.name ? { [by.name]: by.value } : {}
  elt.focus()
  htmx.ajax(verb, path, { source: elt, event: triggeringEvent, values })
}

function showIn(pressed, notice, again) {
  clearNotice({ elt: pressed })
  const button = notice.querySelector("[data-again]")
  again ? button.addEventListener("click", again) : button.remove()
  // A list is long: above it, or beside its pager.
  const where = place(pressed)
  where.matches(".results") && !pressed.closest(".pager") ? where.prepend(notice) : where.append(notice)
  notice.scrollIntoView({ block: "nearest" })
}

function clearNotice({ elt }) {
  place(elt).querySelector("[data-notice]")?.remove()
}

// A switch that this person may not move says why, where it was pressed: a title is never seen on a phone.
document.addEventListener("click", ({ target }) => {
  const refused = target.closest("[role=switch][aria-disabled=true]")
  if (refused) showIn(refused, withWords(refused.title))
})

document.addEventListener("htmx:responseError", showNotice)
document.addEventListener("htmx:sendError", showNotice)
document.addEventListener("htmx:timeout", showNotice)
document.addEventListener("htmx:beforeRequest", ({ detail }) => clearNotice(detail))

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr.status >= 400 && detail.xhr.getResponseHeader("content-type")?.startsWith("text/plain")) {
    detail.shouldSwap = false
    detail.isError = true
    return
  }
  if (!detail.xhr.getResponseHeader("HX-Retarget") && !detail.xhr.getResponseHeader("HX-Reswap")) return
  detail.shouldSwap = true
  detail.isError = false
})

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb !== "get") return
  for (const [name, value] of [...detail.formData]) if (value === "") detail.formData.delete(name)
})

// The saved views stand outside the results: which of them is shown follows the address.
const parts = (query) => [...new URLSearchParams(query)]
  .filter(([name, value]) => value && !["offset", "before", "after", "reading", "live"].includes(name)).sort().join("&")

function markView() {
  for (const view of document.querySelectorAll("#views > [data-view]")) {
    if (parts(view.search) === parts(location.search)) view.setAttribute("aria-current", "true")
    else view.removeAttribute("aria-current")
  }
}

document.addEventListener("htmx:pushedIntoHistory", markView)
document.addEventListener("htmx:replacedInHistory", markView)

// Enter asks at once, and its page comes into the history. The keystroke before it, still waiting to be asked, would
// take that page's place.
let entered = false
document.addEventListener("submit", ({ target }) => (entered = target.matches("#finder")))
document.addEventListener("input", ({ target }) => target.matches("[data-search]") && (entered = false))
document.addEventListener("htmx:confirm", (event) => {
  if (entered && event.target.matches("[data-search]")) event.preventDefault()
})

document.addEventListener("click", ({ target }) => {
  const notice = target.closest("[data-dismiss]")?.closest("[data-notice]")
  notice?.parentElement.querySelector("[role=switch], input:not([type=hidden]), a, button").focus()
  notice?.remove()
})

// --- Choosing
// Rows are chosen one by one, each by its own checkbox; with this, all on the page by the one above them.
const rowBoxes = (root) => [...root.querySelectorAll("[data-row] [name=ids]")]

function showChosen(head) {
  const boxes = rowBoxes(head.closest("table"))
  const chosen = boxes.filter((box) => box.checked).length
  head.hidden = false
  head.checked = chosen > 0 && chosen === boxes.length
  head.indeterminate = chosen > 0 && chosen < boxes.length
  document.querySelector("[data-chosen]").textContent = chosen ? `(${chosen} selected)` : ""
}

const showAllChosen = () => document.querySelectorAll("[data-choose-all]").forEach(showChosen)

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-choose-all]")) {
    for (const box of rowBoxes(target.closest("table"))) box.checked = target.checked
  }
  showAllChosen()
})

// Rows that are still on the page after a sort or a search stay chosen.
let chosen = []

document.addEventListener("htmx:beforeSwap", ({ target }) => {
  chosen = rowBoxes(target).filter((box) => box.checked).map((box) => box.value)
})

document.addEventListener("htmx:afterSettle", () => {
  for (const box of rowBoxes(document)) if (chosen.includes(box.value)) box.checked = true
  chosen = []
  showAllChosen()
})
addEventListener("pageshow", showAllChosen)
showAllChosen()

// --- Countdown
// For how many seconds a press can still be unsent. They tick for the eyes alone: a screen reader keeps the time of day
// that stands there without scripts.
function countDown(span) {
  const end = performance.now() + span.dataset.countdown * 1000
  const shown = document.createElement("span")
  shown.ariaHidden = "true"
  span.removeAttribute("data-countdown")
  span.className = "visually-hidden"
  span.after(shown)

  function tick() {
    const left = Math.ceil((end - performance.now()) / 1000)
    shown.textContent = left > 0 ? `in ${left} s` : "now"
    if (left > 0 && span.isConnected) setTimeout(tick, 250)
  }
  tick()
}

const countDownAll = () => document.querySelectorAll("[data-countdown]").forEach(countDown)

document.addEventListener("htmx:load", countDownAll)
countDownAll()

// The second half of a double click would be a second press, which sends what the first one holds.
document.addEventListener("click", (event) => {
  if (event.detail < 2 || !event.target.closest("[role=switch]")) return
  event.preventDefault()
  event.stopPropagation()
}, true)
