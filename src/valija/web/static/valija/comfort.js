// Comfort: what pages do better with script. Everything works without it.
//
//   details.menu              closes on Escape and on a press outside
//   form[data-dismiss]        closes the flash it stands in, without asking the server
//   form (method post)        is sent once; its button says that it is busy
//   [data-copy="#id"]         copies that element's value or text and says `data-copied`
//   [data-focus]              gets the focus when it comes into the page (summaries of errors)
//   [data-check-all="name"]   ticks all boxes of that name in its form
//
// Other scripts tell it by events, not by imports (a hashed name would load it twice): `valija:busy` and `valija:ready`
// on a form, `valija:arrived` on a new piece of page.

// A form on its way is kept from a second press. Longer than any answer of ours, shorter than a coffee.
const AGAIN_AFTER = 15_000;

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  closeMenus(event.target.closest?.("details.menu"));
  const button = event.target.closest?.("[data-copy]");
  if (button) copy(button);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  const inside = menu.contains(document.activeElement);
  menu.open = false;
  if (inside) menu.querySelector("summary").focus();
});

// Leaving a menu with the keyboard closes it, so that it does not cover what has the focus.
document.addEventListener("focusin", (event) => closeMenus(event.target.closest?.("details.menu")));

function setBusy(form, submitter) {
  form.dataset.busy = "";
  submitter?.setAttribute("aria-busy", "true");
}

function setReady(form) {
  delete form.dataset.busy;
  for (const button of document.querySelectorAll('[aria-busy="true"]')) {
    if (button.form === form) button.removeAttribute("aria-busy");
  }
}

// Capturing, so that htmx and windows.js never hear of a second press.
document.addEventListener(
  "submit",
  (event) => {
    if (!("busy" in event.target.dataset)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-dismiss]")) {
    event.preventDefault();
    dismiss(form);
  } else if (!event.defaultPrevented && form.method === "post") {
    setBusy(form, event.submitter);
    setTimeout(() => setReady(form), AGAIN_AFTER);
  }
});

function dismiss(form) {
  const flash = form.closest(".flash");
  const box = flash.parentElement;
  flash.remove();
  if (box.matches(".flashes") && box.childElementCount === 0) box.remove();
  document.querySelector("main")?.focus({ preventScroll: true });
}

// The browser's "back" may show the page as it was left, button busy.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-busy]")) setReady(form);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) setBusy(form, event.detail.requestConfig?.triggeringEvent?.submitter);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) setReady(form);
});
document.addEventListener("valija:busy", (event) => setBusy(event.target, event.detail));
document.addEventListener("valija:ready", (event) => setReady(event.target));
document.addEventListener("valija:arrived", (event) => arrive(event.target));
document.addEventListener("htmx:load", (event) => arrive(event.target));

async function copy(button) {
  const source = document.querySelector(button.dataset.copy);
  await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
  const words = button.querySelector("[data-copy-words]") ?? button;
  const before = words.textContent;
  words.setAttribute("aria-live", "polite");
  words.textContent = button.dataset.copied;
  setTimeout(() => (words.textContent = before), 4000);
}

document.addEventListener("change", (event) => {
  const name = event.target.dataset?.checkAll;
  if (!name) return;
  for (const box of event.target.form.querySelectorAll(`input[type="checkbox"][name="${name}"]`)) {
    box.checked = event.target.checked;
  }
});

// What a new piece of page needs, once it is in the document.
function arrive(root) {
  root.querySelector?.("[data-focus]")?.focus();
  // Only where the browser allows it: without https there is no clipboard, and no button that does nothing.
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll?.("[data-copy]") ?? []) button.classList.add("is-ready");
}

arrive(document);
