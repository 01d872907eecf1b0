// The service worker of /app and /activate: the network first, what was kept where there is none. Licenses are not its
// business (they are in IndexedDB), and the API is never answered from here.

const CACHE = "valija-app-1";
const PAGES = ["/app", "/activate"];
const PATIENCE = 4_000;
const KINDS = new Set(["script", "style", "font", "image", "manifest"]);

// How pages, sheets and modules name what they need.
const REFERENCES = [
  /(?:href|src)="([^"#]+\.(?:css|js|svg|png|woff2|webmanifest))[#"]/g,
  /url\(["']?([^"')#]+\.(?:svg|png|woff2))/g,
  /from\s*["'](\.\/[^"']+\.js)["']/g,
];

self.addEventListener("install", (event) => {
  event.waitUntil(keepAll().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(removeOldCaches().then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
  const { page, language } = event.data;
  if (PAGES.includes(page)) event.waitUntil(keepInLanguage(page, language));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate" ? PAGES.includes(address.pathname) : KINDS.has(request.destination)) {
    event.respondWith(networkFirst(event));
  }
});

async function networkFirst(event) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(event.request, { ignoreSearch: event.request.mode === "navigate", ignoreVary: true });
  const fresh = fetch(event.request);
  event.waitUntil(fresh.then((answer) => keepAnswer(cache, event.request, answer.clone())).catch(() => {}));
  if (!kept) return fresh;
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, kept));
  return Promise.race([fresh.then((answer) => (answer.status >= 500 ? kept : answer)).catch(() => kept), late]);
}

async function keepAnswer(cache, request, answer) {
  if (!answer.ok || answer.redirected || answer.type !== "basic") return;
  await cache.put(request.mode === "navigate" ? new URL(request.url).pathname : request, answer);
}

// The pages and all they name, at any depth.
async function keepAll() {
  const cache = await caches.open(CACHE);
  const seen = new Set();
  const waiting = PAGES.map((page) => new URL(page, self.location.origin).href);
  while (waiting.length > 0) {
    const address = waiting.pop();
    if (seen.has(address)) continue;
    seen.add(address);
    const answer = await fetch(address, { credentials: "same-origin" });
    if (!answer.ok) {
      if (PAGES.includes(new URL(address).pathname)) throw new Error(`${address}: ${answer.status}`);
      continue;
    }
    await cache.put(address, answer.clone());
    if (/html|css|javascript/.test(answer.headers.get("Content-Type") ?? "")) {
      waiting.push(...references(await answer.text(), address));
    }
  }
}

function references(text, base) {
  return REFERENCES.flatMap((sign) => [...text.matchAll(sign)])
    .map(([, name]) => new URL(name, base))
    .filter((address) => address.origin === self.location.origin)
    .map((address) => address.href);
}

// After a change of language the page kept is the other one.
async function keepInLanguage(page, language) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(page);
  if (kept && (await kept.text()).includes(`<html lang="${language}"`)) return;
  await cache.add(page).catch(() => {});
}

async function removeOldCaches() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("valija-app-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}
