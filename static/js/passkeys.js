// Ties a form to the browser's passkeys, by django-allauth's own script; what went wrong is said in the form.
const form = document.querySelector("[data-passkey]")

if (form && window.PublicKeyCredential) {
  form.hidden = false
  const button = form.querySelector("[data-passkey-button]").id
  window.allauth.webauthn.forms[form.dataset.passkey]({
    ids: {
      login: button,
      authenticate: button,
      add: button,
      credential: form.elements.credential.id,
      passwordless: form.elements.passwordless?.id,
      data: "js_data",
    },
  })
}

document.addEventListener("allauth.error", (event) => {
  event.preventDefault()
  let notice = document.getElementById("passkey-error")
  if (!notice) {
    notice = document.createElement("p")
    notice.id = "passkey-error"
    notice.className = "notice notice-error"
    notice.setAttribute("role", "alert")
    form.append(notice)
  }
  notice.textContent = "The passkey did not work. Try again, or use another way."
})
