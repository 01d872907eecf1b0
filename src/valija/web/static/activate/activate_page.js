// The page /activate: a code becomes a license in this browser.

import { activate, read } from "./activation.js";
import { codeIn, codeOf, textOfHash } from "./code.js";
import { deviceOf } from "./device.js";
import { keepForGood, prepareOffline } from "./offline.js";
import * as store from "./store.js";
import { busy, clearNotices, day, language, notice, reasonOf, sentence, showLicense } from "./view.js";

const form = document.getElementById("activate");
const { code, device } = form.elements;
const choice = document.getElementById("devices");

// The code leaves the address bar at once: it must not stay in the history or be read over a shoulder.
function takeCodeFromAddress() {
  if (!location.hash || location.hash === "#content") return;
  const text = textOfHash(location.hash);
  history.replaceState(null, "", location.pathname + location.search);
  code.value = codeOf(text) ?? text;
}

function nameOfDevice() {
  const { browser, system } = deviceOf(navigator.userAgent);
  return browser && system ? sentence("device", { browser, system }) : browser || system;
}

// Each field with its own error; the first one wrong gets the focus.
function check() {
  const found = codeIn(code.value);
  const wrong = [
    [device, device.value.trim() ? "" : sentence("device_missing")],
    [code, found ? "" : sentence(code.value.trim() ? "code_malformed" : "code_missing")],
  ];
  for (const [control, text] of wrong) {
    const error = document.getElementById(`${control.id}-error`);
    error.querySelector("[data-text]").textContent = text;
    error.hidden = !text;
    control.closest(".field").classList.toggle("field--error", Boolean(text));
    control.toggleAttribute("aria-invalid", false);
    if (text) control.setAttribute("aria-invalid", "true");
    if (text) control.focus();
  }
  return wrong.some(([, text]) => text) ? null : found;
}

async function submit(event) {
  event.preventDefault();
  const found = check();
  if (!found) return;
  await busy(form.querySelector("[type=submit]"), async () => {
    clearNotices();
    try {
      const record = await activate(found, device.value.trim(), language, insteadOf());
      const shown = await read(record);
      const data = { holder: shown.license.holder.name, plan: shown.license.plan.name };
      form.hidden = true;
      document.getElementById("activated").hidden = false;
      showLicense(shown, record);
      notice("ok", sentence("activated", data));
      document.getElementById("license").focus();
      keepForGood();
    } catch (error) {
      notice("stop", reasonOf(error));
      offer(error.devices ?? []);
      (choice.hidden ? code : choice.querySelector("input")).focus();
    }
  });
}

// Too many devices: they are listed, and the one that is chosen lets the license go.
function offer(devices) {
  choice.hidden = devices.length === 0;
  const choices = devices.map((each, at) => {
    const one = document.getElementById("one-device").content.firstElementChild.cloneNode(true);
    const [radio, label, seen] = ["input", "label", "[data-seen]"].map((part) => one.querySelector(part));
    Object.assign(radio, { id: `device-${at}`, value: each.id, checked: at === 0 });
    radio.setAttribute("aria-describedby", `seen-${at}`);
    label.htmlFor = radio.id;
    label.textContent = each.device;
    seen.id = `seen-${at}`;
    seen.textContent = sentence("last_seen", { day: day(Date.parse(each.last_seen_at)) });
    return one;
  });
  choice.querySelector("[data-choices]").replaceChildren(...choices);
  form.querySelector("[type=submit]").textContent = sentence(choice.hidden ? "activate" : "activate_instead");
}

function insteadOf() {
  return choice.hidden ? "" : (choice.querySelector("input:checked")?.value ?? "");
}

// A license that is here already is named before another takes its place.
async function tellOfLicenseBefore() {
  const record = await store.load();
  if (!record) return;
  const { license } = await read(record);
  notice("warn", sentence("replaces", { holder: license.holder.name, plan: license.plan.name }));
}

takeCodeFromAddress();
addEventListener("hashchange", takeCodeFromAddress);
device.value = nameOfDevice();
form.addEventListener("submit", submit);
form.hidden = false;
(code.value ? form.querySelector("[type=submit]") : code).focus();
prepareOffline();
tellOfLicenseBefore().catch(() => {}); // a damaged license is told on its own page, here it is in nobody's way
