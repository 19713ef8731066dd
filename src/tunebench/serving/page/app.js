// The page's course: choose, send, show. What is shown of an answer is in result.js.

import { askForToken, clock, measure, percent, request, showModel, tokenAccepted } from "./api.js";
import { recordingProblem, startRecording } from "./recorder.js";
import { showResult } from "./result.js";

const MOST_RECORDED_S = 30;
const byId = (id) => document.getElementById(id);

let model = null;
let running = null; // AbortController of the request in flight
let recording = null;
let again = null;

function say(text) {
  byId("status").textContent = text;
  byId("error").textContent = "";
}

function complain(text) {
  byId("status").textContent = "";
  byId("error").textContent = text;
}

/** A button that is hidden hands its focus on, so that the keyboard never falls back to the top. */
function toggle(button, shown, next) {
  const focused = document.activeElement === button;
  button.hidden = !shown;
  if (focused && !shown) next.focus();
}

function busy(on) {
  byId("notice").classList.toggle("busy", on);
  byId("result").classList.toggle("stale", on);
  byId("result").setAttribute("aria-busy", String(on));
}

function bytes(count) {
  return count < 1e6 ? measure(Math.max(1, count / 1e3), "kB", 0) : measure(count / 1e6, "MB");
}

function lasting(seconds) {
  return seconds < 120 ? measure(seconds, "s") : measure(seconds / 60, "min");
}

function failed(error, retry) {
  again = retry;
  let text = error.message;
  if (error.status === 429 && error.retryAfterS !== null) text += ` Try again in ${Math.ceil(error.retryAfterS)} s.`;
  complain(text);
  if (error.status === 401) askForToken(retry);
  const canRetry = error.status === 0 || error.status === 429 || error.status >= 500;
  toggle(byId("retry"), canRetry, byId("file"));
}

let loading = null;

/** Asks for the model once at a time; resolves to whether it is there. */
function loadModel() {
  loading ??= askForModel().finally(() => {
    loading = null;
  });
  return loading;
}

async function askForModel() {
  toggle(byId("retry"), false, byId("file"));
  try {
    model = await request("model");
  } catch (error) {
    failed(error, loadModel);
    return false;
  } finally {
    byId("side").classList.add("ready");
  }
  if (tokenAccepted()) byId("file").focus();
  showModel(model);
  byId("limits").textContent = `Up to ${bytes(model.limits.bytes)} and ${lasting(model.limits.seconds)}.`;
  byId("link-form").hidden = !model.links;
  byId("error").textContent = "";
  return true;
}

function refusal(blob) {
  if (blob.size === 0) return "This file is empty. Choose another.";
  if (blob.size <= model.limits.bytes) return null;
  return `This file has ${bytes(blob.size)}, and the limit is ${bytes(model.limits.bytes)}. Choose a shorter or a compressed file.`;
}

/** job: {name, blob} or {name, url} */
async function classify(job) {
  running?.abort();
  recording?.discard();
  const mine = new AbortController();
  running = mine;
  say(`Listening to ${job.name}…`);
  if (!model && !(await loadModel())) {
    if (running !== mine) return;
    running = null;
    again = () => classify(job);
    if (!byId("token-form").hidden) askForToken(again);
    return;
  }
  if (running !== mine) return;
  const reason = job.blob && refusal(job.blob);
  if (reason) {
    running = null;
    idle(byId("file"));
    toggle(byId("retry"), false, byId("file"));
    complain(reason);
    return;
  }
  say(`Listening to ${job.name}…`);
  busy(true);
  toggle(byId("cancel"), true);
  toggle(byId("retry"), false, byId("cancel"));
  const query = `windows=true&spectrogram=${model.spectrogram !== false}`;
  const [path, content, body] = job.blob
    ? [`predict?${query}`, job.blob.type || "application/octet-stream", job.blob]
    : [`predict/link?${query}`, "application/json", JSON.stringify({ url: job.url })];
  try {
    const answer = await request(path, { method: "POST", headers: { "Content-Type": content }, body, signal: mine.signal });
    if (running !== mine) return;
    const tokenHadFocus = tokenAccepted();
    showResult(answer, model, { name: answer.title || job.name, blob: job.blob ?? null });
    idle(byId("label"));
    if (tokenHadFocus) byId("label").focus();
    say(`${answer.unsure ? "Not sure, perhaps" : "Result:"} ${answer.label}, ${percent(answer.confidence)}.`);
    bringIntoView(byId("result"));
  } catch (error) {
    if (error.name === "AbortError" || running !== mine) return;
    failed(error, () => classify(job));
    idle(byId("retry").hidden ? byId("file") : byId("retry"));
  } finally {
    if (running === mine) running = null;
  }
}

function idle(focusNext) {
  busy(false);
  toggle(byId("cancel"), false, focusNext);
}

function bringIntoView(node) {
  if (node.getBoundingClientRect().top < window.innerHeight * 0.6) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  node.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
}

byId("cancel").addEventListener("click", () => {
  running?.abort();
  running = null;
  idle(byId("file"));
  say("Cancelled.");
});
byId("retry").addEventListener("click", () => again?.());

// Files

byId("file").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  if (file) classify({ name: file.name, blob: file });
  target.value = ""; // the same file may be chosen twice
});

// A file that misses the zone must not replace the page.
let depth = 0;
const carriesFile = (event) => event.dataTransfer?.types.includes("Files");
document.addEventListener("dragenter", (event) => {
  if (carriesFile(event)) byId("drop").classList.toggle("over", ++depth > 0);
});
document.addEventListener("dragleave", (event) => {
  if (carriesFile(event)) byId("drop").classList.toggle("over", --depth > 0);
});
document.addEventListener("dragover", (event) => {
  if (carriesFile(event)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  if (!carriesFile(event)) return;
  event.preventDefault();
  depth = 0;
  byId("drop").classList.remove("over");
  const [file] = event.dataTransfer.files;
  if (file) classify({ name: file.name, blob: file });
});

// Links

byId("link-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const url = byId("link-url").value.trim();
  classify({ name: new URL(url).hostname, url });
});

// The microphone

function showRecording(on) {
  byId("record").classList.toggle("on", on);
  byId("record-text").textContent = on ? "Stop" : "Record";
  byId("record-time").textContent = "";
  byId("record-level").style.transform = "scaleX(0)";
}

let opening = false;
byId("record").addEventListener("click", async () => {
  if (opening) return;
  if (recording) {
    recording.stop();
    return;
  }
  running?.abort();
  running = null;
  idle(byId("record"));
  toggle(byId("retry"), false, byId("record"));
  const limitS = Math.min(MOST_RECORDED_S, model?.limits.seconds ?? MOST_RECORDED_S);
  opening = true;
  say("Waiting for the microphone…");
  try {
    recording = await startRecording({
      limitS,
      progress(elapsedS, level) {
        byId("record-time").textContent = `${clock(elapsedS)} of ${clock(limitS)}`;
        byId("record-level").style.transform = `scaleX(${level.toFixed(3)})`;
      },
      finished(blob) {
        recording = null;
        showRecording(false);
        if (blob) classify({ name: "your recording", blob });
      },
    });
    showRecording(true);
    say("Recording. Press Stop when you have enough.");
  } catch (error) {
    complain(error.message);
  } finally {
    opening = false;
  }
});

const problem = recordingProblem();
if (problem) {
  byId("record").disabled = true;
  byId("record-note").textContent = problem;
}
loadModel();
