// For how many seconds a press can still be unsent. They tick for the eyes alone: a screen reader keeps the time of day
// that stands there without scripts.
function count(span) {
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

const countAll = () => document.querySelectorAll("[data-countdown]").forEach(count)

document.addEventListener("htmx:load", countAll)
countAll()

// The second half of a double click would be a second press, which sends what the first one holds.
document.addEventListener("click", (event) => {
  if (event.detail < 2 || !event.target.closest("[role=switch]")) return
  event.preventDefault()
  event.stopPropagation()
}, true)
