// Windows: a link marked `data-window` opens the `.window` of the page it leads to as a dialog over this one.
//
//   a[data-window]        opens (inside a window: replaces it)
//   a[data-close]         in a window: closes it; on the page: an ordinary link back
//   form[data-native]     in a window: sent by the browser itself, for pages of another site (payment)
//
// A form in a window is sent by fetch. If the answer has a `.window` (something to correct, a next step) it is shown in
// its place; any other answer is the page to go to. Whatever does not fit goes the plain way, by navigation.

let dialog = null;

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-window], dialog a[data-close], dialog .errors a");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (link.matches("[data-close]")) dialog.close();
  else if (link.matches(".errors a")) dialog.querySelector(link.getAttribute("href"))?.focus(); // no trace in the address
  else follow(link);
});

async function follow(link) {
  if (link.ariaBusy) return;
  link.ariaBusy = "true";
  const page = await ask(link.href);
  link.ariaBusy = null;
  if (page?.window) show(page);
  else location.assign(link.href);
}

// Fetches a page; nothing if the server cannot be reached or answers with something else.
async function ask(url, options = {}) {
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" }, ...options });
    if (!answer.headers.get("Content-Type")?.startsWith("text/html")) return null;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return { url: answer.url, document: page, window: page.querySelector("main .window") };
  } catch {
    return null;
  }
}

function show({ url, window: section, document: page }) {
  if (!dialog) open();
  dialog.replaceChildren();
  dialog.className = section.className;
  resolve(section, url);
  keepIdsApart(section);
  dialog.setAttribute("aria-labelledby", section.getAttribute("aria-labelledby"));
  // What the server had to say is said here: the page that would have shown it is never seen.
  const flashes = page.querySelector(".flashes");
  if (flashes) {
    resolve(flashes, url);
    dialog.append(flashes);
  }
  dialog.append(...section.childNodes);
  dialog.querySelector(".errors")?.scrollIntoView();
  (dialog.querySelector(".errors") ?? dialog.querySelector("h1, h2")).focus();
  dialog.dispatchEvent(new CustomEvent("valija:arrived", { bubbles: true }));
  globalThis.htmx?.process(dialog);
}

function open() {
  dialog = document.createElement("dialog");
  dialog.addEventListener("submit", send);
  dialog.addEventListener("close", () => {
    dialog.remove();
    dialog = null;
  });
  document.body.append(dialog);
  dialog.showModal();
}

// Addresses are meant from the window's page, not from the one below it.
function resolve(section, url) {
  for (const form of section.querySelectorAll("form:not([method=dialog])")) {
    form.setAttribute("action", new URL(form.getAttribute("action") || url, url));
  }
  for (const link of section.querySelectorAll("a[href]:not([href^='#'])")) {
    link.href = new URL(link.getAttribute("href"), url);
  }
}

const REFERENCES = ["for", "aria-describedby", "aria-labelledby", "aria-controls", "list"];

// The page below may use the same ids; a label must not lead there.
function keepIdsApart(section) {
  for (const element of section.querySelectorAll("[id]")) {
    const { id } = element;
    if (!document.getElementById(id)) continue;
    element.id = `window-${id}`;
    for (const link of section.querySelectorAll(`[href="#${CSS.escape(id)}"]`)) link.setAttribute("href", `#window-${id}`);
    for (const name of REFERENCES) {
      for (const other of [section, ...section.querySelectorAll(`[${name}]`)]) {
        const ids = other.getAttribute(name)?.split(" ");
        if (ids?.includes(id)) other.setAttribute(name, ids.map((one) => (one === id ? `window-${id}` : one)).join(" "));
      }
    }
  }
}

async function send(event) {
  const form = event.target;
  if (event.defaultPrevented || form.matches("[data-native], [data-dismiss]")) return;
  event.preventDefault();
  form.dispatchEvent(new CustomEvent("valija:busy", { bubbles: true, detail: event.submitter }));
  const page = await ask(...request(form, event.submitter));
  form.dispatchEvent(new CustomEvent("valija:ready", { bubbles: true }));
  if (!page) return sayUnreachable(form);
  if (page.window && dialog) show(page);
  else goTo(page);
}

// By attributes: a field named "action" or "method" hides the form's own properties.
function request(form, submitter) {
  const url = new URL(submitter?.getAttribute("formaction") ?? form.getAttribute("action"), form.baseURI);
  const data = new FormData(form, submitter);
  if ((form.getAttribute("method") ?? "get").toLowerCase() !== "post") {
    url.search = new URLSearchParams(data);
    return [url];
  }
  const whole = form.getAttribute("enctype") === "multipart/form-data";
  return [url, { method: "POST", body: whole ? data : new URLSearchParams(data) }];
}

function sayUnreachable(form) {
  const notice = document.getElementById("unreachable").content.cloneNode(true);
  form.querySelector(".flash[data-unreachable]")?.remove();
  form.querySelector(".window__foot").before(notice);
}

// The page has been fetched, with its notices; to fetch it again would lose them. So it takes the place of this one.
function goTo({ url, document: page }) {
  if (needsMore(page)) return location.assign(url);
  const same = url === location.href.split("#")[0];
  history.replaceState({ fetched: true }, "", same ? url : undefined);
  if (!same) history.pushState({ fetched: true }, "", url);
  for (const name of ["lang", "class", "data-bs-theme"]) {
    const value = page.documentElement.getAttribute(name);
    if (value === null) document.documentElement.removeAttribute(name);
    else document.documentElement.setAttribute(name, value);
  }
  document.title = page.title;
  dialog?.close();
  document.body.replaceWith(page.body);
  const notices = document.querySelector(".flashes");
  if (notices || !same) scrollTo(0, 0);
  document.querySelector("main")?.focus({ preventScroll: true });
  document.body.dispatchEvent(new CustomEvent("valija:arrived", { bubbles: true }));
  globalThis.htmx?.process(document.body);
}

// Sheets and scripts of the new page that this one does not have.
function needsMore(page) {
  const parts = "link[rel=stylesheet], script[src]";
  const address = (part) => part.getAttribute("href") ?? part.getAttribute("src");
  const here = new Set([...document.head.querySelectorAll(parts)].map(address));
  return [...page.head.querySelectorAll(parts)].some((part) => !here.has(address(part)));
}

addEventListener("popstate", (event) => {
  if (event.state?.fetched) location.reload();
});
