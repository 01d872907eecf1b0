// Every sentence that the scripts say stands in the template, and every one there is said.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SOURCES } from "./modules.mjs";

const template = readFileSync(join(SOURCES, "../../templates/activation/sentences.html"), "utf8");
const written = new Set([...template.matchAll(/data-sentence="(\w+)"/g)].map(([, name]) => name));
const scripts = readdirSync(SOURCES).filter((name) => name.endsWith(".js")).map((name) => readFileSync(join(SOURCES, name), "utf8")).join("\n");
const said = new Set([...scripts.matchAll(/"(\w+)"/g)].map(([, name]) => name));

const STANDINGS = ["good", "expired", "offline_too_long", "clock_set_back", "ended", "suspended"];
const REASONS = ["unreadable", "newer", "unknown_key", "changed"];
const BUILT = [
  ...STANDINGS.map((name) => `is_${name}`),
  ...STANDINGS.filter((name) => name !== "good").map((name) => `advice_${name}`),
  ...REASONS.map((name) => `file_${name}`),
];

test("every sentence that is put together by name is written", () => {
  for (const name of BUILT) assert.ok(written.has(name), name);
  for (const [, name] of scripts.matchAll(/sentence\("(\w+)"/g)) assert.ok(written.has(name), name);
});

test("no sentence is written in vain", () => {
  for (const name of written) assert.ok(said.has(name) || BUILT.includes(name), name);
});
