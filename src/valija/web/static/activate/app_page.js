// The page /app, "My license": opens without a connection, renews when there is one, lets the license go.

import { deactivate, isDue, read, renew, seeTheTime } from "./activation.js";
import { prepareOffline } from "./offline.js";
import * as store from "./store.js";
import { busy, clearNotices, language, notice, reasonOf, sentence, showLicense } from "./view.js";

const part = (id) => document.getElementById(id);

// Show what is kept, and say whether it is time to renew it.
async function show() {
  const record = await store.load();
  part("empty").hidden = record !== null;
  part("acts").hidden = record === null;
  if (record === null) {
    part("license").hidden = true;
    return { record, due: false };
  }
  try {
    const shown = await read(record);
    showLicense(shown, record);
    await seeTheTime(record);
    // A suspended license is asked about each time: it may have been paid.
    const due = shown.standing === "suspended" || (isDue(shown.license) && shown.standing !== "ended");
    return { record, due };
  } catch (error) {
    part("license").hidden = true;
    notice("stop", reasonOf(error));
    return { record, due: true }; // the server can give a whole file again
  }
}

// By the way: nobody asked, so without an answer what is kept is shown and nothing is said.
async function renewIfDue() {
  const { record, due } = await show();
  if (!due || !navigator.onLine) return;
  try {
    await renew(record, language);
    clearNotices();
  } catch (error) {
    if (!error.endsTheActivation && !error.suspends) return;
  }
  await show();
}

async function renewNow() {
  clearNotices();
  try {
    await renew(await store.load(), language);
    await show();
    notice("ok", sentence("renewed"));
  } catch (error) {
    const text = reasonOf(error);
    await show();
    notice("stop", text);
  }
}

async function letGo() {
  clearNotices();
  try {
    const ended = await deactivate(await store.load(), language);
    part("warning").hidden = true;
    await show();
    notice("ok", sentence(ended ? "deactivated" : "already_ended"));
  } catch (error) {
    notice("stop", reasonOf(error));
  }
}

function ask(open) {
  part("warning").hidden = !open;
  part("deactivate").setAttribute("aria-expanded", String(open));
  (open ? part("keep") : part("deactivate")).focus();
}

function offerInstallation(event) {
  event.preventDefault();
  const button = part("install");
  button.hidden = false;
  button.onclick = async () => {
    await event.prompt();
    button.hidden = true;
  };
}

function tellConnection() {
  part("offline").hidden = navigator.onLine;
}

part("renew").addEventListener("click", (event) => busy(event.currentTarget, renewNow));
part("deactivate").addEventListener("click", () => ask(part("warning").hidden));
part("keep").addEventListener("click", () => ask(false));
part("let-go").addEventListener("click", (event) => busy(event.currentTarget, letGo));
addEventListener("beforeinstallprompt", offerInstallation);
addEventListener("online", () => renewIfDue());
for (const change of ["online", "offline"]) addEventListener(change, tellConnection);
tellConnection();
prepareOffline();
renewIfDue().catch((error) => notice("stop", reasonOf(error)));
