// The license file: bytes in, license out. Knows nothing of pages. The format is told in docs/formats.md.

export const PAYLOAD_TYPE = "application/vnd.valija.license.v1+json";

// Clocks are never exact and two systems on one computer may disagree on summer time.
const CLOCK_TOLERANCE = 60 * 60 * 1000;

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/;

// `reason` is one of: unreadable, newer, unknown_key, changed, cannot_verify (this browser lacks Ed25519).
export class LicenseFileError extends Error {
  constructor(reason) {
    super(reason);
    this.name = "LicenseFileError";
    this.reason = reason;
  }
}

// The license in `envelope` if one of the keys in `jwks` signed it; nothing is believed before that.
export async function verifyEnvelope(envelope, jwks, subtle = globalThis.crypto?.subtle) {
  const { payload, signatures } = parts(envelope);
  const known = await knownKeys(jwks, subtle);
  const signed = signatures.filter(({ keyid }) => known.has(keyid));
  if (signed.length === 0) throw new LicenseFileError("unknown_key");
  const message = pae(PAYLOAD_TYPE, payload);
  for (const { keyid, sig } of signed) {
    if (await subtle.verify("Ed25519", known.get(keyid), sig, message)) return license(payload, keyid);
  }
  throw new LicenseFileError("changed");
}

// What the file says, unproved: only for a browser that cannot verify, and to be marked as such.
export function readUnverified(envelope) {
  return license(parts(envelope).payload, "");
}

// The bytes that are signed: DSSE's pre-authentication encoding.
export function pae(type, payload) {
  const kind = new TextEncoder().encode(type);
  const head = new TextEncoder().encode(`DSSEv1 ${kind.length} ${type} ${payload.length} `);
  const message = new Uint8Array(head.length + payload.length);
  message.set(head);
  message.set(payload, head.length);
  return message;
}

// How a license stands when the clock says `now` and has already said `latestSeen` (milliseconds).
export function standing(license, now, latestSeen = null) {
  const seen = Math.max(license.issuedAt, latestSeen ?? license.issuedAt);
  if (now < seen - CLOCK_TOLERANCE) return "clock_set_back";
  const moment = Math.max(now, seen);
  if (moment >= license.expiresAt) return "expired";
  if (moment >= license.offlineUntil) return "offline_too_long";
  return "good";
}

// Half of the offline grace: early enough that a weekend without a connection does not hurt.
export function renewFrom(license) {
  return license.issuedAt + (license.offlineUntil - license.issuedAt) / 2;
}

function parts(envelope) {
  if (!isObject(envelope) || envelope.payloadType !== PAYLOAD_TYPE) throw new LicenseFileError("unreadable");
  const signatures = list(envelope, "signatures").map((entry) => {
    if (!isObject(entry) || typeof entry.keyid !== "string") throw new LicenseFileError("unreadable");
    return { keyid: entry.keyid, sig: bytes(entry.sig) };
  });
  return { payload: bytes(envelope.payload), signatures };
}

async function knownKeys(jwks, subtle) {
  const found = new Map();
  const keys = list(jwks, "keys");
  if (!subtle) throw new LicenseFileError("cannot_verify");
  for (const key of keys) {
    if (!isObject(key) || key.kty !== "OKP" || key.crv !== "Ed25519" || typeof key.x !== "string") continue;
    const raw = keyBytes(key.x);
    if (raw?.length !== 32 || (await keyId(raw, subtle)) !== key.kid) continue;
    try {
      found.set(key.kid, await subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]));
    } catch (error) {
      if (error.name === "NotSupportedError") throw new LicenseFileError("cannot_verify");
    }
  }
  return found;
}

// The name of a public key: the first 16 hex digits of its SHA-256.
async function keyId(raw, subtle) {
  const digest = new Uint8Array(await subtle.digest("SHA-256", raw));
  return Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function keyBytes(text) {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return null;
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
  } catch {
    return null;
  }
}

// Standard base64, in the one spelling there is for these bytes: a changed last letter must not pass.
function bytes(text) {
  if (typeof text !== "string") throw new LicenseFileError("unreadable");
  let data;
  try {
    data = atob(text);
  } catch {
    throw new LicenseFileError("unreadable");
  }
  if (btoa(data) !== text) throw new LicenseFileError("unreadable");
  return Uint8Array.from(data, (sign) => sign.charCodeAt(0));
}

function license(payload, key) {
  let fields;
  try {
    fields = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload));
  } catch {
    throw new LicenseFileError("unreadable");
  }
  if (!isObject(fields) || !Number.isInteger(fields.version)) throw new LicenseFileError("unreadable");
  if (fields.version !== 1) throw new LicenseFileError("newer");
  return {
    license: text(fields, "license"),
    activation: text(fields, "activation"),
    device: text(fields, "device"),
    plan: texts(fields, "plan", ["code", "name", "kind"]),
    entitlements: object(fields, "entitlements"),
    holder: texts(fields, "holder", ["name", "email"]),
    account: texts(fields, "account", ["id", "name"]),
    server: text(fields, "server"),
    issuedAt: moment(fields, "issued_at"),
    expiresAt: moment(fields, "expires_at"),
    offlineUntil: moment(fields, "offline_until"),
    key,
  };
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(holder, name) {
  if (!isObject(holder) || !Array.isArray(holder[name])) throw new LicenseFileError("unreadable");
  return holder[name];
}

function text(fields, name) {
  if (typeof fields[name] !== "string") throw new LicenseFileError("unreadable");
  return fields[name];
}

function object(fields, name) {
  if (!isObject(fields[name])) throw new LicenseFileError("unreadable");
  return fields[name];
}

function texts(fields, name, inner) {
  const value = object(fields, name);
  return Object.fromEntries(inner.map((one) => [one, text(value, one)]));
}

// Milliseconds. `Date` takes 30 February for 2 March, so the day is written back and compared.
function moment(fields, name) {
  const value = text(fields, name);
  const time = MOMENT.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 19) !== value.slice(0, 19)) {
    throw new LicenseFileError("unreadable");
  }
  return time;
}
