// The activation protocol over HTTP: three requests, and every answer that is not the right one.

const API = "/api/v1/activations";
const PATIENCE = 20_000;

// The server understood and said no; `detail` is its sentence, in the reader's language.
export class Refused extends Error {
  constructor(code, detail, status, devices = []) {
    super(code);
    this.name = "Refused";
    Object.assign(this, { code, detail, status, devices });
  }

  // Whether the license rests until it is paid; the activation stays.
  get suspends() {
    return this.code === "license_suspended";
  }

  // Whether the server no longer knows this activation, as against: not now.
  get endsTheActivation() {
    return this.status === 401 || this.code === "license_withdrawn" || this.code === "activation_ended";
  }
}

// Nobody answers (`reason` unreachable), or not as our server does (unexpected).
export class NoAnswer extends Error {
  constructor(reason) {
    super(reason);
    this.name = "NoAnswer";
    this.reason = reason;
  }
}

// Exchange a code for a license file and a token. The code works once. `insteadOf` is the id of a device to let go.
export async function activate(code, device, language, insteadOf = "") {
  const asked = insteadOf ? { code, device, instead_of: insteadOf } : { code, device };
  const answer = await ask("POST", API, 201, language, { body: JSON.stringify(asked) });
  if (typeof answer.token !== "string" || !answer.license_file || !answer.keys) throw new NoAnswer("unexpected");
  return answer;
}

// A new license file for this activation.
export async function renew(token, language) {
  const answer = await ask("POST", `${API}/current/renew`, 200, language, { token });
  if (!answer.license_file || !answer.keys) throw new NoAnswer("unexpected");
  return answer;
}

// End this activation.
export async function deactivate(token, language) {
  await ask("DELETE", `${API}/current`, 204, language, { token });
}

async function ask(method, address, good, language, { body, token }) {
  const headers = { Accept: "application/json, application/problem+json", "Accept-Language": language };
  if (body) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const options = { method, headers, body, credentials: "omit", redirect: "error", cache: "no-store" };
  let answer;
  try {
    answer = await fetch(address, { ...options, signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    throw new NoAnswer("unreachable");
  }
  if (answer.status === 204 && good === 204) return {};
  let content;
  try {
    content = await answer.json();
  } catch {
    content = null;
  }
  if (answer.status === good && content !== null && typeof content === "object") return content;
  throw refusal(answer, content);
}

function refusal(answer, content) {
  const problem = answer.headers.get("Content-Type")?.startsWith("application/problem+json") && content;
  if (problem && answer.status < 500) {
    const detail = [content.detail, content.title].find((said) => typeof said === "string" && said.trim());
    return new Refused(String(content.code ?? answer.status), detail ?? "", answer.status, devicesOf(content.devices));
  }
  if (answer.status === 429) return new Refused("too_many_attempts", "", 429);
  return new NoAnswer("unexpected");
}

// The devices that a refusal names; what is not one is passed over.
function devicesOf(listed) {
  const isDevice = (each) => typeof each?.id === "string" && typeof each?.device === "string";
  return Array.isArray(listed) ? listed.filter(isDevice) : [];
}
