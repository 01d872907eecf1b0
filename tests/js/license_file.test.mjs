// The web app judges license files exactly as the command line does: by the same vectors.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { load } from "./modules.mjs";

const { LicenseFileError, pae, readUnverified, renewFrom, standing, verifyEnvelope } = await load("license_file.js");
const vectors = JSON.parse(readFileSync(new URL("../vectors/license_files.json", import.meta.url), "utf8"));
const good = vectors.cases.find(({ name }) => name === "as the server signs it").license_file;

async function outcome(envelope, keys = vectors.keys, ...more) {
  try {
    await verifyEnvelope(envelope, keys, ...more);
    return "good";
  } catch (error) {
    assert.ok(error instanceof LicenseFileError, error.stack);
    return error.reason;
  }
}

for (const { name, license_file, outcome: expected } of vectors.cases) {
  test(`license file: ${name}`, async () => assert.equal(await outcome(license_file), expected));
}

for (const { name, now, latest_seen, standing: expected } of vectors.moments) {
  test(`moment: ${name}`, async () => {
    const license = await verifyEnvelope(good, vectors.keys);
    assert.equal(standing(license, Date.parse(now), latest_seen && Date.parse(latest_seen)), expected);
  });
}

for (const { type, payload, encoded } of vectors.pae) {
  test(`what is signed: ${type}`, () => {
    assert.equal(new TextDecoder().decode(pae(type, new TextEncoder().encode(payload))), encoded);
  });
}

test("the license says what was signed", async () => {
  const license = await verifyEnvelope(good, vectors.keys);
  assert.equal(license.plan.name, vectors.payload.plan.name);
  assert.deepEqual(license.holder, vectors.payload.holder);
  assert.deepEqual(license.account, vectors.payload.account);
  assert.equal(license.device, vectors.payload.device);
  assert.equal(license.expiresAt, Date.parse(vectors.payload.expires_at));
  assert.equal(license.key, vectors.keys.keys[1].kid);
  assert.equal(renewFrom(license), Date.parse("2026-12-01T09:00:00Z"));
});

test("a changed byte anywhere in payload or signature is refused", async () => {
  for (const place of ["payload", "sig"]) {
    const content = Buffer.from(place === "payload" ? good.payload : good.signatures[0].sig, "base64");
    for (let at = 0; at < content.length; at += 1) {
      const changed = structuredClone(good);
      const bytes = Buffer.from(content);
      bytes[at] ^= 1 << at % 8;
      (place === "payload" ? changed : changed.signatures[0])[place] = bytes.toString("base64");
      assert.equal(await outcome(changed), "changed");
    }
  }
});

test("a browser without Ed25519 says so, and can still show the file unproved", async () => {
  const unsupported = () => Promise.reject(new DOMException("Ed25519", "NotSupportedError"));
  const old = { digest: (...given) => crypto.subtle.digest(...given), importKey: unsupported };
  assert.equal(await outcome(good, vectors.keys, old), "cannot_verify");
  assert.equal(await outcome(good, vectors.keys, null), "cannot_verify");
  const license = readUnverified(good);
  assert.equal(license.plan.name, "Pro");
  assert.equal(license.key, "");
});

test("whatever else it is given, it says that it is no license file", async () => {
  for (const stuff of [null, 3, "", [], {}, { keys: 3 }, { keys: [null, 3, {}, { kty: "OKP", crv: "Ed25519", x: "?" }] }]) {
    assert.notEqual(await outcome(stuff), "good");
    assert.notEqual(await outcome(good, stuff), "good");
  }
});
