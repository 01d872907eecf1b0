// The three things a browser does with its license: activate, renew, deactivate. Bytes and server; no page.

import { LicenseFileError, readUnverified, renewFrom, standing, verifyEnvelope } from "./license_file.js";
import * as server from "./server.js";
import * as store from "./store.js";

// The license of a record, proved where this browser can: { license, verified, standing }.
export async function read(record, now = Date.now()) {
  const { license, verified } = await prove(record.license_file, record.keys);
  const told = record.ended ? "ended" : record.suspended && "suspended";
  return { license, verified, standing: told || standing(license, now, record.latest_seen) };
}

// Put a license to work in this browser. One that was here before is let go, and so is the device `insteadOf`.
export async function activate(code, device, language, insteadOf) {
  const before = await store.load();
  if (before === null) await store.forget(); // a browser that keeps nothing is told before the code is spent
  const answer = await server.activate(code, device, language, insteadOf);
  let license;
  try {
    ({ license } = await prove(answer.license_file, answer.keys));
  } catch (error) {
    await server.deactivate(answer.token, language).catch(() => {}); // its place is freed for the next try
    throw error;
  }
  await store.keep(recordOf(answer, answer.token, license));
  if (before?.token) await server.deactivate(before.token, language).catch(() => {});
  return store.load();
}

// Fetch a new license file. A refusal that ends the activation is remembered, so that it is told offline too.
export async function renew(record, language) {
  let answer;
  try {
    answer = await server.renew(record.token, language);
  } catch (error) {
    if (error.endsTheActivation) await store.remember({ ended: error.detail || error.code });
    else if (error.suspends) await store.remember({ suspended: error.detail || error.code });
    throw error;
  }
  const { license } = await prove(answer.license_file, answer.keys);
  // The server's time replaces what was seen: a clock that once ran ahead must not block the license for ever.
  await store.keep(recordOf(answer, record.token, license));
  return store.load();
}

// Let the license go. False where the server had ended the activation before.
export async function deactivate(record, language) {
  let ended = true;
  try {
    await server.deactivate(record.token, language);
  } catch (error) {
    if (!error.endsTheActivation) throw error;
    ended = false;
  }
  await store.forget();
  return ended;
}

export function isDue(license, now = Date.now()) {
  return now >= renewFrom(license);
}

// Remember the latest time seen, so that a clock set back is noticed.
export async function seeTheTime(record, now = Date.now()) {
  if (now > record.latest_seen) await store.remember({ latest_seen: now });
}

async function prove(licenseFile, keys) {
  try {
    return { license: await verifyEnvelope(licenseFile, keys), verified: true };
  } catch (error) {
    if (!(error instanceof LicenseFileError) || error.reason !== "cannot_verify") throw error;
    return { license: readUnverified(licenseFile), verified: false };
  }
}

function recordOf(answer, token, license) {
  const { license_file, keys } = answer;
  return { license_file, keys, token, latest_seen: license.issuedAt, ended: "", suspended: "" };
}
