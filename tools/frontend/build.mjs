// Builds src/valija/web/static/valija from pinned packages and our theme.
//
//   node build.mjs            write the files
//   node build.mjs --check    build again and compare with the committed files
//   node build.mjs --accept   after a deliberate change of a version: write down the new sums
//
// Called by bin/vendor, which installs the packages first.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { transform } from "lightningcss";

const here = fileURLToPath(new URL(".", import.meta.url));
const target = join(here, "../../src/valija/web/static/valija");
const record = join(target, "../VENDORED.json");
const mode = process.argv[2] ?? "";

const fonts = "@fontsource-variable/source-sans-3";
// What is taken from whom. Whole files keep their bytes; sheets go into ours.
const copies = {
  "source-sans-3.woff2": [fonts, "files/source-sans-3-latin-wght-normal.woff2"],
  "source-sans-3.LICENSE.txt": [fonts, "LICENSE"],
  "htmx.js": ["htmx.org", "dist/htmx.min.js"],
  "htmx.LICENSE.txt": ["htmx.org", "LICENSE"],
  "bootstrap.LICENSE.txt": ["bootstrap", "LICENSE"],
};
const sheets = {
  "portal.css": { base: ["bootstrap", "dist/css/bootstrap.css"], without: [] },
  // A recipient opens one page, once, on a phone: he is not sent tables, charts and carts.
  "reader.css": {
    base: ["bootstrap", "dist/css/bootstrap-reboot.css"],
    without: ["40-tables", "50-licenses-people", "60-journal", "80-statistics"],
  },
};

// What is left out of Bootstrap: parts that do nothing without its JavaScript, which we do not load ...
const scripted = /^(accordion|bs-popover|bs-tooltip|btn-close|carousel|collaps|drop|modal|navbar|offcanvas|popover|spinner|tab-|toast|tooltip)/;
// ... parts for which the theme has its own (flash, sheet, tabs, keypager ...), and utilities in Bootstrap's colors ...
const replaced =
  /^(alert|badge-|btn-(outline-)?(success|info|warning|light|dark)|card|figure|form-(floating|range|switch)|input-group|link-|list-group|nav|page-|pagination|placeholder|progress|ratio|table-(primary|success|info|warning|danger|light|dark)|text-bg-)/;
// ... and utilities that no page of ours has wanted.
const unwanted = /^(display-|float-|focus-ring|icon-link|object-|offset-|order-|sticky-)/;
const leftOut = [scripted, replaced, unwanted];

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const fromPackage = ([name, path]) => readFileSync(join(here, "node_modules", name, path));
const versionOf = (name) => JSON.parse(fromPackage([name, "package.json"])).version;

function withoutLeftOutParts(rule) {
  const goes = (selector) => selector.some((part) => part.type === "class" && leftOut.some((names) => names.test(part.name)));
  return rule.value.selectors.every(goes) ? [] : undefined;
}

// The strict policy allows no `data:` images, and the theme draws its own ticks and arrows.
function withoutDataImages(css) {
  const clean = css.replaceAll(/url\(\s*(["']?)data:.*?\1\s*\)/gs, "none");
  if (clean.includes("data:")) throw new Error("a data: address is left in the sheet");
  return clean;
}

function theme(without) {
  const names = readdirSync(join(here, "theme")).sort();
  const wanted = names.filter((name) => !without.includes(name.replace(".css", "")));
  return wanted.map((name) => readFileSync(join(here, "theme", name), "utf8")).join("\n");
}

function sheet(name, { base, without }) {
  const bootstrap = withoutDataImages(fromPackage(base).toString());
  const options = { minify: true, filename: name };
  const kept = transform({ ...options, code: Buffer.from(bootstrap), visitor: { Rule: { style: withoutLeftOutParts } } });
  const ours = transform({ ...options, code: Buffer.from(theme(without)) });
  for (const { message } of [...kept.warnings, ...ours.warnings]) throw new Error(message);
  const licence = `/*! Bootstrap ${versionOf("bootstrap")}, MIT (bootstrap.LICENSE.txt), with Valija's theme. Made by bin/vendor. */\n`;
  return Buffer.concat([Buffer.from(licence), kept.code, Buffer.from("\n"), ours.code, Buffer.from("\n")]);
}

function build() {
  const files = {};
  for (const [name, source] of Object.entries(copies)) files[name] = fromPackage(source);
  for (const [name, parts] of Object.entries(sheets)) files[name] = sheet(name, parts);
  return files;
}

function sums(files) {
  const packages = {};
  for (const [name, path] of [...Object.values(copies), ...Object.values(sheets).map((parts) => parts.base)]) {
    packages[name] ??= { version: versionOf(name), license: JSON.parse(fromPackage([name, "package.json"])).license, files: {} };
    packages[name].files[path] = sha256(fromPackage([name, path]));
  }
  const built = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, sha256(bytes)]));
  return { packages, built };
}

function differences(files, found) {
  const wrong = [];
  const written = existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : { packages: {}, built: {} };
  if (JSON.stringify(written.packages) !== JSON.stringify(found.packages)) {
    wrong.push("the packages are not those of VENDORED.json (if that is meant: bin/vendor --accept)");
  }
  if (mode !== "--check") return wrong;
  if (JSON.stringify(written.built) !== JSON.stringify(found.built)) wrong.push("VENDORED.json does not fit a rebuild");
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(target, name);
    if (!existsSync(path) || !readFileSync(path).equals(bytes)) wrong.push(`${name} does not fit a rebuild`);
  }
  return wrong;
}

if (!["", "--check", "--accept"].includes(mode)) throw new Error(`bin/vendor does not know ${mode}`);
const files = build();
const found = sums(files);
const wrong = mode === "--accept" ? [] : differences(files, found);
for (const sentence of wrong) console.error(sentence);
if (wrong.length) process.exit(1);
if (mode !== "--check") {
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(target, name), bytes);
  writeFileSync(record, JSON.stringify(found, null, 2) + "\n");
}
for (const [name, bytes] of Object.entries(files)) console.log(`${String(bytes.length).padStart(7)}  ${name}`);
console.log(mode === "--check" ? "The committed files equal a rebuild." : "Written.");
