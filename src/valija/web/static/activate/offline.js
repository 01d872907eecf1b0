// So that both pages open without a connection: the worker, registered for each.

const SCOPES = ["/app", "/activate"];

export async function prepareOffline() {
  if (!navigator.serviceWorker) return; // no https: the pages work, but not without a connection
  for (const scope of SCOPES) {
    try {
      const registration = await navigator.serviceWorker.register("/app-sw.js", { scope, updateViaCache: "none" });
      const told = { page: location.pathname, language: document.documentElement.lang };
      registration.active?.postMessage(told);
    } catch (error) {
      console.warn("The page will not open without a connection.", error);
    }
  }
}

// Ask the browser not to clear the license away when space is short.
export async function keepForGood() {
  await navigator.storage?.persist?.().catch(() => false);
}
