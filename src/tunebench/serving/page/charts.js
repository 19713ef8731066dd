// The waveform and the probabilities over time. Both span 0 to the duration, so one playhead serves both.

const SVG = "http://www.w3.org/2000/svg";
const DASHES = ["none", "9 4", "2 4", "13 4 2 4", "6 3 2 3 2 3", "18 5"];

export const MOST_LINES = DASHES.length;

function shape(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** A short piece of line `index`, for keys. */
export function sample(index) {
  const svg = shape("svg", { viewBox: "0 0 28 10", class: "sample", "aria-hidden": "true", "data-line": index });
  svg.append(shape("path", { d: "M0 5H28", "stroke-dasharray": DASHES[index] }));
  return svg;
}

export function drawWaveform(canvas, waveform, durationS) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (!width || !height) return;
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  const colours = getComputedStyle(canvas);
  const middle = height / 2;
  pen.fillStyle = colours.getPropertyValue("--line");
  pen.fillRect(0, Math.round(middle), width, 1);
  const { low = [], high = [], step_s: stepS } = waveform ?? {};
  if (!low.length || !(stepS > 0)) return;
  pen.fillStyle = colours.getPropertyValue("--wave");
  const perPixel = durationS / stepS / width;
  for (let x = 0; x < width; x += 1) {
    const from = Math.floor(x * perPixel);
    if (from >= low.length) break;
    const to = Math.min(low.length, Math.max(from + 1, Math.ceil((x + 1) * perPixel)));
    let bottom = low[from];
    let top = high[from];
    for (let i = from + 1; i < to; i += 1) {
      if (low[i] < bottom) bottom = low[i];
      if (high[i] > top) top = high[i];
    }
    const y = middle - top * (middle - ratio);
    pen.fillRect(x, y, 1, Math.max(ratio, (top - bottom) * (middle - ratio)));
  }
}

/** The round share that the axis ends at, so that a model of many classes still shows its lines. */
export function axisTop(windows, classes) {
  const highest = Math.max(...windows.map((window) => Math.max(...classes.map((name) => window.probabilities[name] ?? 0))));
  return [0.05, 0.1, 0.2, 0.5].find((top) => highest <= top) ?? 1;
}

/** One line a class through the centres of the windows, in a box of 1000 by 100. */
export function drawTimeline(svg, windows, classes, { segmentS, durationS, top }) {
  const y = (share) => (97 - (94 * share) / top).toFixed(2);
  const x = (startS) => Math.min(1000, (1000 * (startS + segmentS / 2)) / durationS).toFixed(2);
  svg.replaceChildren(...[0, top / 2, top].map((share) => shape("path", { class: "grid", d: `M0 ${y(share)}H1000` })));
  // The likeliest class is drawn last, on top.
  for (const [index, name] of [...classes.entries()].reverse()) {
    const points = windows.map((window) => [x(window.start_s), y(window.probabilities[name] ?? 0)]);
    if (!points.length) continue;
    const line = points.map(([px, py]) => `L${px} ${py}`).join("");
    svg.append(shape("path", { class: "line", "data-line": index, "stroke-dasharray": DASHES[index], d: `M0 ${points[0][1]}${line}H1000` }));
    if (points.length <= 40) {
      svg.append(shape("path", { class: "points", "data-line": index, d: points.map(([px, py]) => `M${px} ${py}h0`).join("") }));
    }
  }
}

/** Round times, at most `most` of them, from 0 to less than the duration. */
export function ticks(durationS, most) {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
  const step = steps.find((candidate) => durationS / candidate <= most) ?? durationS;
  const times = [];
  for (let i = 0; i * step < durationS - step * 0.3; i += 1) times.push(i * step);
  return { times, tenths: step < 1 };
}
