// One answer on the page: the verdict, the bars, and everything that follows the playhead.

import { clock, element, percent, plainPercent } from "./api.js";
import { MOST_LINES, axisTop, drawTimeline, drawWaveform, sample, ticks } from "./charts.js";

const MOST_BARS = 5;
const MOST_COLUMNS = 12;
const LEAST_DRAWN = 0.05;
const byId = (id) => document.getElementById(id);
const player = byId("player");
const plot = byId("plot");
const seekBar = byId("seek");

let shown = null; // {answer, durationS, segmentS, windows, winners, lines, pictures, audible}
let position = 0;
let current = -1;
let objectUrl = null;
let settling = false; // while a recording's length is being found
let frame = 0;

/** source: {name, blob}; a link has no blob, and nothing to play. */
export function showResult(answer, model, source) {
  const ranked = Object.entries(answer.probabilities).sort((a, b) => b[1] - a[1]);
  const windows = answer.windows?.length ? answer.windows : [{ start_s: 0, probabilities: answer.probabilities }];
  const durationS = Math.max(answer.duration_s, 0.01);
  const segmentS = Math.min(model.segment_s, durationS);
  const pictures = new Map((answer.spectrograms ?? []).map((picture) => [stamp(picture.start_s), picture.png]));
  const winners = windows.map((window) => likeliest(window.probabilities)[0]);
  const lines = classesToDraw(ranked, windows, winners);
  shown = { answer, durationS, segmentS, windows, winners, lines, pictures, audible: Boolean(source.blob) };

  const count = windows.length === 1 ? "1 window" : `${windows.length} windows`;
  byId("heard-name").textContent = source.name;
  byId("heard-name").title = source.name;
  byId("heard-about").textContent = `, ${clock(durationS, durationS < 60)}, ${count}`;
  byId("label").textContent = answer.label;
  byId("label").classList.toggle("long", answer.label.length > 14);
  byId("confidence").textContent = percent(answer.confidence);
  byId("unsure").textContent =
    `Not sure. The best guess has ${percent(answer.confidence, 1)}; this model counts as sure from ${plainPercent(model.unsure_below)}.`;
  byId("unsure").hidden = !answer.unsure;
  byId("sure").textContent = answer.unsure ? "" : agreement(answer.label, winners);

  showBars(ranked.slice(0, MOST_BARS), model.unsure_below);
  byId("seen").hidden = pictures.size === 0;
  byId("result").classList.toggle("unseen", pictures.size === 0);
  byId("key").replaceChildren(
    ...lines.map((name, index) => element("li", {}, sample(index), element("span", { title: name }, name), element("b", { class: "number" }))),
  );
  showTable(ranked.map(([name]) => name));

  // Shown before anything is drawn: the canvas must have a size.
  byId("result").hidden = false;
  const svg = byId("timeline");
  const top = axisTop(windows, lines);
  drawTimeline(svg, windows, lines, { segmentS, durationS, top });
  byId("axis-top").textContent = plainPercent(top);
  byId("axis-middle").textContent = plainPercent(top / 2);
  svg.setAttribute("aria-label", `Probabilities over time of ${lines.join(", ")}. The table below holds the numbers.`);
  seekBar.max = durationS.toFixed(2);
  redraw();
  load(source.blob);
  current = -1;
  moveTo(0);
}

const stamp = (startS) => startS.toFixed(3);

function likeliest(probabilities) {
  return Object.entries(probabilities).reduce((best, entry) => (entry[1] > best[1] ? entry : best));
}

function agreement(label, winners) {
  const agree = winners.filter((name) => name === label).length;
  if (winners.length === 1) return "Heard in a single window.";
  return agree === winners.length ? "Every window agrees." : `${agree} of ${winners.length} windows agree.`;
}

/** The likeliest classes over the clip, with one place for a class that is likeliest only somewhere. */
function classesToDraw(ranked, windows, winners) {
  const highest = (name) => Math.max(...windows.map((window) => window.probabilities[name] ?? 0));
  const names = ranked.slice(0, MOST_LINES - 1).map(([name]) => name);
  const elsewhere = ranked.slice(MOST_LINES - 1).find(([name]) => winners.includes(name));
  if (elsewhere) names.push(elsewhere[0]);
  return names.filter((name, rank) => rank < 2 || highest(name) >= LEAST_DRAWN);
}

function showBars(rows, unsureBelow) {
  const marked = unsureBelow > 0 && unsureBelow < 1;
  byId("top").replaceChildren(
    ...rows.map(([name, share]) => {
      const line = shown.lines.indexOf(name);
      const fill = element("div", { class: "fill", ...(line >= 0 && { "data-line": line }) });
      fill.style.width = `${(100 * share).toFixed(2)}%`;
      const bar = element("div", { class: "bar", "aria-hidden": "true" }, fill);
      if (marked) {
        const mark = element("div", { class: "mark" });
        mark.style.left = `${100 * unsureBelow}%`;
        bar.append(mark);
      }
      return element("li", {}, element("span", { class: "name" }, name), bar, element("span", { class: "number" }, percent(share, 1)));
    }),
  );
  byId("threshold-note").hidden = !marked;
  byId("threshold-note").textContent = `The mark is at ${plainPercent(unsureBelow)}. A best guess under it is not sure.`;
}

function showTable(all) {
  const names = all.slice(0, MOST_COLUMNS);
  const which = names.length < all.length ? `the ${MOST_COLUMNS} likeliest classes` : "each class";
  const head = ["From", "To", "Most likely", ...names].map((text, column) =>
    element("th", { scope: "col", ...(column !== 2 && { class: "number" }) }, text),
  );
  const rows = shown.windows.map((window, index) => {
    const best = shown.winners[index];
    const to = Math.min(window.start_s + shown.segmentS, shown.durationS);
    return element(
      "tr",
      {},
      element("th", { scope: "row", class: "number" }, clock(window.start_s, true)),
      element("td", { class: "number" }, clock(to, true)),
      element("td", {}, best),
      ...names.map((name) => {
        const text = percent(window.probabilities[name] ?? 0, 1);
        return element("td", { class: "number" }, name === best ? element("b", {}, text) : text);
      }),
    );
  });
  byId("windows-table").replaceChildren(
    element("caption", {}, `Probability of ${which} in each window`),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows),
  );
}

// Audio

function load(blob) {
  if (objectUrl) URL.revokeObjectURL(objectUrl);
  objectUrl = blob ? URL.createObjectURL(blob) : null;
  settling = false;
  player.hidden = !blob;
  byId("player-note").hidden = true;
  byId("space-note").hidden = !blob;
  if (blob) player.src = objectUrl;
  else player.removeAttribute("src");
  player.load();
}

player.addEventListener("error", () => {
  if (!objectUrl || !shown) return;
  shown.audible = false;
  player.hidden = true;
  byId("space-note").hidden = true;
  byId("player-note").hidden = false;
  byId("player-note").textContent = "This browser cannot play this format. The slider still moves through it.";
});

// A recording carries no length until the browser was sent past its end.
player.addEventListener("loadedmetadata", () => {
  if (Number.isFinite(player.duration)) return;
  settling = true;
  player.currentTime = 1e9;
});
player.addEventListener("durationchange", () => {
  if (!settling || !Number.isFinite(player.duration)) return;
  settling = false;
  player.currentTime = position;
});

const calm = matchMedia("(prefers-reduced-motion: reduce)");

function follow() {
  if (!settling) moveTo(player.currentTime);
  if (!player.paused && !calm.matches) frame = requestAnimationFrame(follow);
}
for (const name of ["play", "seeked", "timeupdate", "pause", "ended"]) {
  player.addEventListener(name, () => {
    cancelAnimationFrame(frame);
    follow();
  });
}

// The playhead

function seek(seconds) {
  const target = Math.min(Math.max(seconds, 0), shown.durationS);
  moveTo(target);
  if (shown.audible && player.readyState > 0) player.currentTime = target;
}

function windowAt(seconds) {
  let nearest = 0;
  let least = Infinity;
  for (const [index, window] of shown.windows.entries()) {
    const away = Math.abs(window.start_s + shown.segmentS / 2 - seconds);
    if (away >= least) continue;
    nearest = index;
    least = away;
  }
  return nearest;
}

function moveTo(seconds) {
  if (!shown) return;
  position = Math.min(seconds, shown.durationS);
  byId("playhead").style.left = `${(100 * position) / shown.durationS}%`;
  seekBar.value = position;
  const index = windowAt(position);
  if (index !== current) showWindow(index);
  const { start_s: startS, probabilities } = shown.windows[index];
  const along = Math.min(Math.max((position - startS) / shown.segmentS, 0), 1);
  byId("seen-head").style.left = `${100 * along}%`;
  const name = shown.winners[index];
  seekBar.setAttribute("aria-valuetext", `${clock(position, true)} of ${clock(shown.durationS, true)}, ${name} ${percent(probabilities[name])}`);
}

function showWindow(index) {
  current = index;
  const { start_s: startS, probabilities } = shown.windows[index];
  const endS = Math.min(startS + shown.segmentS, shown.durationS);
  byId("band").style.left = `${(100 * startS) / shown.durationS}%`;
  byId("band").style.width = `${(100 * (endS - startS)) / shown.durationS}%`;
  for (const [line, item] of [...byId("key").children].entries()) {
    item.lastChild.textContent = percent(probabilities[shown.lines[line]] ?? 0);
  }
  const range = `${clock(startS, true)} to ${clock(endS, true)}`;
  byId("seen-range").textContent = range;
  const png = shown.pictures.get(stamp(startS));
  const picture = byId("spectrogram");
  picture.hidden = !png;
  byId("seen-head").hidden = !png;
  byId("seen-none").hidden = Boolean(png);
  picture.alt = `Spectrogram of ${range} as the model sees it`;
  if (!png) return;
  // Byte 25 of a PNG is its colour type: 0 and 4 are grey.
  const grey = [0, 4].includes(atob(png.slice(0, 36)).charCodeAt(25));
  picture.style.filter = grey ? 'url("#heat")' : "";
  picture.src = `data:image/png;base64,${png}`;
}

seekBar.addEventListener("input", () => seek(Number(seekBar.value)));
seekBar.addEventListener("keydown", (event) => {
  const little = shown.durationS < 10 ? 0.1 : 1;
  const steps = {
    ArrowLeft: -little,
    ArrowDown: -little,
    ArrowRight: little,
    ArrowUp: little,
    PageUp: shown.segmentS,
    PageDown: -shown.segmentS,
  };
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key in steps) seek(position + steps[event.key]);
  else if (event.key === " " && shown.audible) player.paused ? player.play() : player.pause();
  else return;
  event.preventDefault();
});

function seekTo(event) {
  const box = plot.getBoundingClientRect();
  seek((shown.durationS * (event.clientX - box.left)) / box.width);
}
plot.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  plot.setPointerCapture(event.pointerId);
  seekTo(event);
});
plot.addEventListener("pointermove", (event) => {
  if (plot.hasPointerCapture(event.pointerId)) seekTo(event);
});

function redraw() {
  if (!shown || !plot.clientWidth) return;
  drawWaveform(byId("waveform"), shown.answer.waveform, shown.durationS);
  const { times, tenths } = ticks(shown.durationS, plot.clientWidth / 56);
  byId("ticks").replaceChildren(
    ...times.map((time) => {
      const mark = element("span", {}, clock(time, tenths));
      mark.style.left = `${(100 * time) / shown.durationS}%`;
      return mark;
    }),
  );
}
new ResizeObserver(redraw).observe(plot);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
