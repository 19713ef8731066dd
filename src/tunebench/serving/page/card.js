// The model card, the confusion matrix and the drift of what the service has heard.

import { askForToken, element, percent, request, showModel, tokenAccepted } from "./api.js";

const byId = (id) => document.getElementById(id);
const figure = (number) => (Number.isInteger(number) ? number.toLocaleString("en") : String(Number(number.toPrecision(3))));

async function load() {
  byId("error").textContent = "";
  byId("status").textContent = "Loading…";
  const [model, card, confusion, drift] = await Promise.allSettled(
    ["model", "model/card", "model/confusion", "drift"].map((path) => request(path)),
  );
  byId("status").textContent = "";
  const refused = [model, card, confusion, drift].find(({ reason }) => reason?.status === 401);
  if (refused) {
    byId("error").textContent = refused.reason.message;
    askForToken(load);
    return;
  }
  const focused = tokenAccepted();
  if (model.value) {
    showModel(model.value);
    document.title += ": model card";
    showFigures(model.value);
  } else byId("error").textContent = model.reason.message;
  if (card.value) showCard(card.value.html);
  else byId("card").replaceChildren(note(card.reason.message));
  fill("confusion", confusion, showConfusion, "This package holds no confusion matrix.");
  fill("drift", drift, showDrift, "This service does not watch for drift.");
  byId("sections").hidden = false;
  if (focused) {
    byId("card").tabIndex = -1;
    byId("card").focus();
  }
}

function fill(id, { value, reason }, show, none) {
  const section = byId(id);
  section.replaceChildren(section.firstElementChild);
  section.append(...(value ? show(value) : [note(reason.status === 404 ? none : reason.message)]));
}

/** "level_db" → "level, dB" */
function withUnit(name) {
  const units = { db: "dB", hz: "Hz", s: "s", ms: "ms" };
  const [, stem, unit] = name.match(/^(.+)_(db|hz|s|ms)$/) ?? [null, name];
  return stem.replaceAll("_", " ") + (unit ? `, ${units[unit]}` : "");
}

const note = (text) => element("p", { class: "soft" }, text);

function scroller(name, table) {
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name }, table);
}

function showFigures({ metrics, leakage }) {
  const leaky = Boolean(leakage) && leakage !== "none";
  byId("leakage").hidden = !leaky;
  byId("leakage").textContent = `Leaky: the sides of its split share ${leakage}s. Its figures are better than they would be on new ${leakage}s.`;
  const entries = Object.entries(metrics ?? {})
    .map(([name, value]) => [withUnit(name), typeof value === "number" ? { value } : value])
    .filter(([, entry]) => typeof entry?.value === "number");
  byId("metrics").hidden = entries.length === 0;
  byId("metrics").replaceChildren(
    ...entries.map(([name, { value, low, high }]) => {
      const interval = typeof low === "number" ? [element("dd", { class: "soft small" }, `95% interval ${figure(low)} to ${figure(high)}`)] : [];
      return element("div", {}, element("dt", { class: "soft small" }, name), element("dd", { class: "big number" }, figure(value)), ...interval);
    }),
  );
}

/** The service escaped the card; its headings go one level down, under the page's own. */
function showCard(html) {
  const card = byId("card");
  card.innerHTML = html;
  const title = card.firstElementChild;
  if (title?.tagName === "H1" && title.textContent.includes(byId("model-name").textContent)) title.remove();
  for (const heading of card.querySelectorAll("h1, h2, h3, h4, h5")) {
    const lower = element(`h${Number(heading.tagName[1]) + 1}`);
    if (heading.id) lower.id = heading.id;
    lower.append(...heading.childNodes);
    heading.replaceWith(lower);
  }
  for (const table of card.querySelectorAll("table")) {
    const frame = scroller("Table of the model card", "");
    table.replaceWith(frame);
    frame.append(table);
  }
}

function showConfusion({ classes, matrix, title }) {
  const totals = matrix.map((row) => row.reduce((sum, count) => sum + count, 0));
  const head = element(
    "thead",
    {},
    element("tr", {}, element("td"), element("th", { scope: "colgroup", colspan: classes.length, class: "over" }, "Predicted")),
    element(
      "tr",
      {},
      element("th", { scope: "col" }, "True"),
      ...classes.map((name) => element("th", { scope: "col", class: "upright" }, element("span", {}, name))),
      element("th", { scope: "col", class: "number" }, "Right"),
    ),
  );
  const rows = matrix.map((counts, truth) => {
    const cells = counts.map((count, predicted) => {
      const share = totals[truth] ? count / totals[truth] : 0;
      const kind = truth === predicted ? "right" : count ? "wrong" : "nothing";
      const title = `${percent(share)} of ${classes[truth]} taken for ${classes[predicted]}`;
      const cell = element("td", { class: `cell ${kind}`, title }, figure(count));
      // The square root, so that rare mistakes can be seen.
      cell.style.setProperty("--share", `${(100 * Math.sqrt(share)).toFixed(1)}%`);
      return cell;
    });
    const recall = totals[truth] ? percent(counts[truth] / totals[truth]) : "none";
    return element("tr", {}, element("th", { scope: "row" }, classes[truth]), ...cells, element("td", { class: "number" }, recall));
  });
  const table = element("table", { class: "matrix" }, element("caption", {}, title || "Confusion matrix"), head, element("tbody", {}, ...rows));
  return [
    scroller("Confusion matrix", table),
    note("A row is what a clip is, a column what it was taken for. The stronger the colour, the larger the part of its row; the outlined diagonal is right."),
  ];
}

function showDrift({ enough, seen, statistics, summary }) {
  const sentence = element("p", {}, summary);
  if (!statistics?.length) return [sentence];
  const some = statistics.some(({ drifted }) => drifted);
  if (enough && some) sentence.className = "leaky";
  const numeric = ["Reference", "Recent", "Distance"].map((text) => element("th", { scope: "col", class: "number" }, text));
  const rows = statistics.map(({ name, reference, recent, distance, drifted }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, withUnit(name)),
      element("td", drifted && enough ? { class: "drifted" } : {}, enough ? (drifted ? "Drifted" : "Steady") : "Too early"),
      ...[reference, recent, distance].map((value) => element("td", { class: "number" }, typeof value === "number" ? figure(value) : value ?? "none")),
    ),
  );
  const table = element(
    "table",
    {},
    element("caption", {}, `${seen} window${seen === 1 ? "" : "s"} heard, beside those that the model was measured on`),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Statistic"), element("th", { scope: "col" }, "Verdict"), ...numeric)),
    element("tbody", {}, ...rows),
  );
  return [sentence, scroller("Drift", table)];
}

load();
