// What both pages show: sentences of the template, notices, the license.

import { LicenseFileError } from "./license_file.js";
import { NoAnswer, Refused } from "./server.js";

export const language = document.documentElement.lang || "en";

const SHAPES = { good: "ok", expired: "stop", offline_too_long: "stop", clock_set_back: "stop", ended: "stop", suspended: "stop" };

// A sentence of the template, in the page's language, with {names} filled in.
export function sentence(name, data = {}) {
  const text = document.getElementById("sentences").content.querySelector(`[data-sentence="${name}"]`).textContent;
  return text.trim().replace(/\s+/g, " ").replace(/\{(\w+)\}/g, (whole, key) => data[key] ?? whole);
}

// A day and time with the month in words, in the reader's zone.
export function day(moment) {
  const parts = { year: "numeric", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
  return new Intl.DateTimeFormat(language, parts).format(moment);
}

// A notice that stays until it is closed. `kind`: ok, warn or stop.
export function notice(kind, text) {
  const flash = document.getElementById(`flash-${kind}`).content.firstElementChild.cloneNode(true);
  flash.querySelector("[data-text]").textContent = text;
  flash.querySelector("[data-close]").addEventListener("click", () => flash.remove());
  document.getElementById("notices").replaceChildren(flash);
}

export function clearNotices() {
  document.getElementById("notices").replaceChildren();
}

// What went wrong, for the reader. What is no known refusal is a bug and goes to the console as well.
export function reasonOf(error) {
  if (error instanceof Refused) return error.detail || sentence("refused", { code: error.code });
  if (error instanceof NoAnswer) return sentence(error.reason);
  if (error instanceof LicenseFileError) return sentence(`file_${error.reason}`);
  console.error(error);
  return sentence(error instanceof DOMException ? "cannot_keep" : "unexpected");
}

// Show a license with how it stands and whether it is proved.
export function showLicense({ license, verified, standing }, record) {
  const facts = {
    plan: license.plan.name,
    holder: `${license.holder.name}, ${license.holder.email}`,
    account: license.account.name,
    device: license.device,
    expires: day(license.expiresAt),
    offline: day(license.offlineUntil),
    serial: license.license,
  };
  const sheet = document.getElementById("license");
  for (const [name, text] of Object.entries(facts)) sheet.querySelector(`[data-fact="${name}"]`).textContent = text;
  status(sheet.querySelector("[data-standing]"), SHAPES[standing], sentence(`is_${standing}`));
  status(sheet.querySelector("[data-proof]"), verified ? "ok" : "wait", sentence(verified ? "verified" : "not_verified"));
  sheet.dataset.verified = String(verified);
  sheet.dataset.standing = standing;
  sheet.hidden = false;
  const advice = sheet.querySelector("[data-advice]");
  advice.hidden = standing === "good";
  const seen = Math.max(license.issuedAt, record.latest_seen ?? 0);
  const data = { expires: facts.expires, offline: facts.offline, seen: day(seen), now: day(Date.now()), detail: record.ended || record.suspended };
  advice.textContent = advice.hidden ? "" : sentence(`advice_${standing}`, data);
}

function status(element, shape, text) {
  element.className = `status status--${shape} text-wrap`;
  element.textContent = text;
}

// While `work` runs the button is busy and cannot be pressed again.
export async function busy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}
