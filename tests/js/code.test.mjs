// Codes and names of devices.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./modules.mjs";

const { codeIn, codeOf, textOfHash } = await load("code.js");
const { deviceOf } = await load("device.js");
const CODE = "7Q2M-K8TR-4NXW-P3HD";

test("codes are read as people write them", () => {
  for (const typed of [CODE, " 7q2mk8tr4nxwp3hd\n", "7Q2M K8TR 4NXW P3HD", "7Q2M\u2011K8TR\u20134NXW—P3HD"]) assert.equal(codeOf(typed), CODE);
  assert.equal(codeOf("OIL0-oil0-OIL0-oil0"), "0110-0110-0110-0110");
  for (const typed of ["", "7Q2M", "7Q2M-K8TR-4NXW-P3HU", `${CODE}-0`, "7Q2M/K8TR/4NXW/P3HD"]) assert.equal(codeOf(typed), null);
});

test("the whole link may be pasted where the code belongs", () => {
  assert.equal(codeIn(`https://valija.example/activate#${CODE}`), CODE);
  assert.equal(codeIn("https://valija.example/activate"), null);
  assert.equal(codeIn(CODE), CODE);
});

test("the fragment may be encoded, or wrongly so", () => {
  assert.equal(textOfHash("#7Q2M%2DK8TR"), "7Q2M-K8TR");
  assert.equal(textOfHash("#%"), "%");
});

test("a browser is named as people know it", () => {
  const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
  assert.deepEqual(deviceOf(windows), { browser: "Chrome", system: "Windows" });
  assert.deepEqual(deviceOf(`${windows} Edg/142.0.0.0`), { browser: "Edge", system: "Windows" });
  const iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
  assert.deepEqual(deviceOf(iphone), { browser: "Safari", system: "iPhone" });
  assert.deepEqual(deviceOf("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), { browser: "Firefox", system: "Linux" });
  assert.deepEqual(deviceOf("Mozilla/5.0 (Linux; Android 15) Chrome/142 Mobile Safari/537.36"), { browser: "Chrome", system: "Android" });
  assert.deepEqual(deviceOf("curl"), { browser: "", system: "" });
});
