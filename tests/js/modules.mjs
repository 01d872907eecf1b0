// The modules of the web app as Node can load them: a copy in a folder that says that they are modules.

import { cpSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;

export const SOURCES = fileURLToPath(new URL("../../src/valija/web/static/activate/", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "valija-js-"));
for (const name of readdirSync(SOURCES).filter((name) => name.endsWith(".js"))) cpSync(join(SOURCES, name), join(folder, name));
writeFileSync(join(folder, "package.json"), '{"type": "module"}');

export function load(name) {
  return import(pathToFileURL(join(folder, name)));
}
