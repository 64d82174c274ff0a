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

// A page that came back with something to correct begins there.
document.querySelector("main .notice-error[data-focus], main [aria-invalid=true]")?.focus()

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
