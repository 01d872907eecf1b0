// Every answer of the server is understood as what it is.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { load } from "./modules.mjs";

const { NoAnswer, Refused, activate, deactivate, renew } = await load("server.js");
const before = globalThis.fetch;
afterEach(() => (globalThis.fetch = before));

function answers(status, body, type = "application/json") {
  const calls = [];
  globalThis.fetch = async (address, options) => {
    calls.push({ address, ...options });
    return new Response(body, { status, headers: { "Content-Type": type } });
  };
  return calls;
}

test("a code is exchanged for license file, keys and token, in the reader's language and without cookies", async () => {
  const calls = answers(201, JSON.stringify({ activation: "a", token: "t", license_file: {}, keys: {} }));
  assert.equal((await activate("C", "D", "es")).token, "t");
  assert.equal(calls[0].address, "/api/v1/activations");
  assert.equal(calls[0].headers["Accept-Language"], "es");
  assert.equal(calls[0].credentials, "omit");
  assert.deepEqual(JSON.parse(calls[0].body), { code: "C", device: "D" });
});

test("renewing and deactivating carry the token", async () => {
  let calls = answers(200, JSON.stringify({ license_file: {}, keys: {} }));
  await renew("t", "en");
  assert.equal(calls[0].headers.Authorization, "Bearer t");
  calls = answers(204, null);
  await deactivate("t", "en");
  assert.deepEqual([calls[0].method, calls[0].address], ["DELETE", "/api/v1/activations/current"]);
});

test("a refusal keeps the server's sentence and says whether it ends the activation", async () => {
  const body = JSON.stringify({ code: "activation_code_used", title: "T", detail: "Ya se usó." });
  answers(409, body, "application/problem+json; charset=utf-8");
  await assert.rejects(activate("C", "D", "es"), (error) => {
    assert.ok(error instanceof Refused);
    assert.deepEqual([error.code, error.detail, error.endsTheActivation], ["activation_code_used", "Ya se usó.", false]);
    return true;
  });
  for (const [status, code] of [[401, "unauthorized"], [409, "license_withdrawn"], [404, "activation_ended"]]) {
    answers(status, JSON.stringify({ code }), "application/problem+json");
    await assert.rejects(renew("t", "en"), (error) => error.endsTheActivation && error.detail === "");
  }
  answers(429, "slow down", "text/plain");
  await assert.rejects(renew("t", "en"), (error) => error.code === "too_many_attempts" && !error.endsTheActivation);
});

test("what is no answer of ours is told apart from nobody answering", async () => {
  const strange = [[200, "<h1>"], [201, "<h1>"], [201, "[]"], [201, "null"], [502, "{}"], [404, "{}"]];
  for (const [status, body] of strange) {
    answers(status, body);
    await assert.rejects(activate("C", "D", "en"), (error) => error instanceof NoAnswer && error.reason === "unexpected");
  }
  globalThis.fetch = () => Promise.reject(new TypeError("Failed to fetch"));
  await assert.rejects(activate("C", "D", "en"), (error) => error instanceof NoAnswer && error.reason === "unreachable");
});

test("too many devices are listed, and one of them is named in the next request", async () => {
  const devices = [{ id: "a", device: "Laptop", last_seen_at: "2026-11-24T10:00:00Z" }, { id: 7 }, null];
  answers(409, JSON.stringify({ code: "too_many_devices", devices }), "application/problem+json");
  await assert.rejects(activate("C", "D", "en"), (error) => {
    assert.deepEqual(error.devices, [devices[0]]);
    return true;
  });
  const calls = answers(201, JSON.stringify({ activation: "a", token: "t", license_file: {}, keys: {} }));
  await activate("C", "D", "en", "a");
  assert.deepEqual(JSON.parse(calls[0].body), { code: "C", device: "D", instead_of: "a" });
});

test("a license that rests is not one that ended", async () => {
  answers(409, JSON.stringify({ code: "license_suspended" }), "application/problem+json");
  await assert.rejects(renew("t", "en"), (error) => error.suspends && !error.endsTheActivation);
});
