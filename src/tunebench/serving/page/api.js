// Requests to the service, and the bearer token, which lives in this module's memory only.

let token = "";

export class ServiceError extends Error {
  constructor(message, status, retryAfterS = null) {
    super(message);
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

export async function request(path, options = {}) {
  const headers = new Headers(options.headers);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError("The service did not answer. Check that it is running, then try again.", 0);
  }
  const body = await response.json().catch((error) => {
    if (error.name === "AbortError") throw error;
    return null;
  });
  if (response.ok && body) return body;
  const after = Number.parseFloat(response.headers.get("Retry-After"));
  throw new ServiceError(sentence(body?.detail, response.status), response.status, Number.isFinite(after) ? after : null);
}

// FastAPI puts a list of {msg} where the request itself is malformed.
function sentence(detail, status) {
  if (typeof detail === "string" && detail.trim()) return detail;
  if (Array.isArray(detail)) return detail.map((item) => item?.msg).filter(Boolean).join("; ");
  return status < 400 ? "The service gave an answer that this page cannot read." : `The service answered with error ${status}.`;
}

const form = document.getElementById("token-form");
let afterToken = null;

/** Shows the token field; `retry` runs once a token was given. */
export function askForToken(retry) {
  afterToken = retry;
  form.hidden = false;
}

/** Hides the token field after a request that was let in; returns whether it held the focus. */
export function tokenAccepted() {
  const focused = form.contains(document.activeElement);
  form.hidden = true;
  form.reset();
  return focused;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  token = document.getElementById("token").value.trim();
  afterToken?.();
});

export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}%`;
export const plainPercent = (share) => `${plain(100 * share)}%`;

/** 75.25 → "1:15", with tenths "1:15.2". */
export function clock(seconds, tenths = false) {
  const scale = tenths ? 10 : 1;
  const whole = Math.floor(seconds * scale + 1e-6);
  const minutes = Math.floor(whole / (60 * scale));
  const rest = (whole % (60 * scale)) / scale;
  return `${minutes}:${rest.toFixed(tenths ? 1 : 0).padStart(tenths ? 4 : 2, "0")}`;
}

/** A number with its unit, never broken between them. */
export const measure = (number, unit, digits = 1) => `${plain(number, digits)}\u00a0${unit}`;

export function plain(number, digits = 1) {
  return String(Number(number.toFixed(digits)));
}

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export function showModel(model) {
  const name = document.getElementById("model-name");
  name.textContent = model.name;
  document.title = `${model.name} ${model.version}`;
  document.getElementById("model-version").textContent = model.version;
  const every = model.hop_s ? ` every ${measure(model.hop_s, "s", 2)}` : "";
  document.getElementById("model-about").textContent =
    `Tells ${model.classes.length} classes apart in windows of ${measure(model.segment_s, "s", 2)}${every}, at ${measure(model.sample_rate_hz / 1000, "kHz", 2)}.`;
}
