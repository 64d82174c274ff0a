// What htmx cannot know: which failures bring their own fragment, what to say when nothing came back at all,
// and that an empty filter has no place in an address that people send to each other.
const NOTHING = "No answer from the dashboard. Check your connection and try again: repeating it does no harm."
const SENTENCES = {
  400: "The dashboard could not read this. Reload the page and try again.",
  403: "You may not do this. A manager can.",
  404: "This is no longer here. Reload the page to see what is.",
  413: "This is too large to send.",
  429: "Too much at once. Wait a moment and try again.",
}

function sentence(xhr) {
  if (!xhr.status) return NOTHING
  const plain = (xhr.getResponseHeader("content-type") ?? "").startsWith("text/plain")
  if (plain && xhr.responseText.length < 300) return xhr.responseText
  return SENTENCES[xhr.status] ?? "Something went wrong on our side. It is not certain that this was done: reload and look."
}

function place(pressed) {
  return pressed.closest(".consent") ?? pressed.closest("form, .results") ?? document.querySelector("main")
}

function showNotice({ detail }) {
  say(detail.elt, sentence(detail.xhr))
}

function say(pressed, words) {
  clearNotice({ elt: pressed })
  const notice = document.getElementById("notice-template").content.firstElementChild.cloneNode(true)
  notice.querySelector("p").textContent = words
  place(pressed).append(notice)
}

function clearNotice({ elt }) {
  place(elt).querySelector("[data-notice]")?.remove()
}

// A switch that this person may not move says why, where it was pressed: a title is never seen on a phone.
document.addEventListener("click", ({ target }) => {
  const refused = target.closest("[role=switch][aria-disabled=true]")
  if (refused) say(refused, refused.title)
})

document.addEventListener("htmx:responseError", showNotice)
document.addEventListener("htmx:sendError", showNotice)
document.addEventListener("htmx:timeout", showNotice)
document.addEventListener("htmx:beforeRequest", ({ detail }) => clearNotice(detail))

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
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
  .filter(([name, value]) => value && !["offset", "reading", "live"].includes(name)).sort().join("&")

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
