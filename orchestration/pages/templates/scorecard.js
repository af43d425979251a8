"use strict";
(() => {
const D = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const MINUS = "\u2212", NBSP = "\u00a0";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const GRAINS = { month: "Months", quarter: "Quarters", year: "Years", rolling_12m: "Twelve months", week: "Weeks", day: "Days" };
const YEAR = { month: 12, quarter: 4, year: 1, rolling_12m: 12 };
const ids = Object.keys(D.kpis);
const rows = new Map([...document.querySelectorAll("tr.kpi")].map((tr) => [tr.dataset.k, tr]));

/* ---- small helpers; names from data only ever become text ---- */
const fill = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((each) => each !== null && each !== undefined && each !== false));
  return node;
};
const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const glyph = (...names) => draw("svg", { class: "glyph", viewBox: "0 0 16 16", "aria-hidden": "true" },
  names.map((name) => draw("use", { href: "#g-" + name })));
const heard = (text) => el("span", { class: "sr" }, text);

/* ---- numbers in words: the rules of words.py ---- */
const group = (text) => text.replace(/^(\d+)/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
const fixed = (value, digits) => {
  const text = Math.abs(value) < 1e21 ? Math.abs(value).toFixed(digits) : String(Math.abs(value));
  return (value < 0 && /[1-9]/.test(text) ? MINUS : "") + group(text);
};
const small = (text, value) => {
  if (value === 0 || /[1-9]/.test(text)) return text;
  const least = text.slice(0, -1) + "1";
  return value > 0 ? "<" + least : ">" + MINUS + least;
};
const number = (value) => {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return fixed(value, 0);
  const size = Math.abs(value);
  return small(fixed(value, size >= 1000 ? 0 : size >= 10 ? 1 : 2), value);
};
const money = (value, symbol) => {
  const size = Math.abs(value);
  const text = size >= 1e9 ? fixed(value / 1e9, 2) + "B" : size >= 1e6 ? fixed(value / 1e6, 2) + "M"
    : size >= 1000 || value === 0 ? fixed(value, 0) : small(fixed(value, 2), value);
  const lead = text.match(new RegExp("^(>" + MINUS + "|[<>" + MINUS + "])?"))[0];
  return lead + symbol + text.slice(lead.length);
};
const minutes = (value) => {
  const size = Math.abs(value);
  if (size >= 2880) return fixed(value / 1440, 1) + NBSP + "days";
  if (size >= 120) return fixed(value / 60, 1) + NBSP + "h";
  return small(fixed(value, value === 0 ? 0 : 1), value) + NBSP + "min";
};
const bare = (value, f) => f.kind === "percent" ? (value === 0 ? "0" : small(fixed(value * 100, 1), value))
  : f.kind === "times" ? (value === 0 ? "0" : small(fixed(value, 2), value))
  : f.kind === "money" ? money(value, f.before) : f.kind === "minutes" ? minutes(value) : number(value);
const signed = (value, f) => bare(value, f) + (f.after.length > 1 ? "" : f.after);
const written = (value, f) => (f.kind === "money" ? "" : f.before) + bare(value, f) + f.after;
const changed = (value, before, f) => {
  const difference = value - before, size = Math.abs(difference);
  if (difference === 0) return "no change";
  const sign = difference > 0 ? "+" : MINUS;
  if (f.kind === "percent") return sign + small(fixed(size * 100, 1), size) + NBSP + "pp";
  if (f.points) return sign + small(fixed(size, f.kind === "times" ? 2 : 1), size);
  if (before === 0) return sign + written(size, f);
  const share = size / Math.abs(before) * 100;
  if (share > 9999) return sign + ">9,999%";
  return sign + small(fixed(share, share >= 100 ? 0 : 1), share) + "%";
};
const parts = (iso) => iso.split("-").map(Number);
const day = (iso) => { const [y, m, d] = parts(iso); return d + " " + MONTHS[m - 1] + " " + y; };
const dayBefore = (iso) => new Date(Date.parse(iso) - 864e5).toISOString().slice(0, 10);
const periodName = (grain, [start, end]) => {
  const [y, m] = parts(start);
  if (grain === "month") return MONTHS[m - 1] + " " + y;
  if (grain === "quarter") return "Q" + Math.floor((m + 2) / 3) + " " + y;
  if (grain === "year") return String(y);
  if (grain === "week") return "week of " + day(start);
  if (grain === "rolling_12m") { const [ey, em] = parts(dayBefore(end)); return "12 months to " + MONTHS[em - 1] + " " + ey; }
  return day(start);
};
const stateWord = (status) => status in D.words ? D.words[status] : status.replace(/_/g, " ");
const heading = (name) => name.charAt(0).toUpperCase() + name.slice(1).replace(/_/g, " ");

/* ---- state of the page, kept in the address ---- */
const state = { k: "", slice: null, period: null, domain: "", q: "", only: "", all: false };
const open = new Set();
const readHash = () => {
  const given = new URLSearchParams(location.hash.slice(1));
  const cut = (text) => { const at = (text || "").indexOf(":"); return at < 0 ? null : [text.slice(0, at), text.slice(at + 1)]; };
  state.k = given.get("k") in D.kpis ? given.get("k") : "";
  state.slice = cut(given.get("s"));
  const period = cut(given.get("p"));
  state.period = period && (D.axes[period[0]] || []).some(([start]) => start === period[1]) ? period : null;
  state.domain = given.get("d") || "";
  state.q = given.get("q") || "";
  state.only = given.get("only") || "";
  state.all = given.get("all") === "1";
};
const address = (change) => {
  const next = { ...state, ...change }, out = new URLSearchParams();
  if (next.k) out.set("k", next.k);
  if (next.slice) out.set("s", next.slice.join(":"));
  if (next.period) out.set("p", next.period.join(":"));
  if (next.domain) out.set("d", next.domain);
  if (next.q) out.set("q", next.q);
  if (next.only) out.set("only", next.only);
  if (next.all) out.set("all", "1");
  return "#" + out.toString();
};
const go = (change, replace) => {
  const next = address(change);
  if (replace) { history.replaceState(null, "", next); refresh(); } else location.hash = next;
};

/* ---- what a KPI says in a view ---- */
const at = (series, place) => {
  if (!series) return null;
  const [first, values, samples, marks] = series, index = place - first;
  if (index < 0 || index >= values.length || marks[index] === D.absent) return null;
  const [status, complete, mature] = D.states[D.letters.indexOf(marks[index])];
  return { value: values[index], n: samples[index], status, complete, mature };
};
const placeOf = (kpi, period) => {
  const axis = D.axes[kpi.g] || [];
  if (!period) return { grain: kpi.g, place: axis.findIndex(([start]) => start === kpi.p) };
  const [grain, start] = period;
  const found = (D.axes[grain] || []).findIndex((each) => each[0] === start);
  if (grain === kpi.g || kpi.s[grain]) return { grain, place: found };
  if (grain !== "month" || found < 0) return { grain, place: -1 };
  const end = D.axes[grain][found][1]; // the newest period of the KPI's own grain that has ended by then
  let place = -1;
  axis.forEach((each, index) => { if (each[1] <= end) place = index; });
  return { grain: kpi.g, place };
};
const goalOf = (id, slice, period) => {
  if (!period) return null;
  const [dim, member] = slice || ["all", "all"];
  const fits = D.goals.filter((goal) => goal.k === id && goal.d === dim && goal.m === member && goal.s <= period[0] && period[1] <= goal.e);
  return fits.find((goal) => goal.s === period[0]) || fits[0] || null;
};
const goalState = (goal) => {
  if (!goal || goal.t === null) return null;
  if (goal.w) return { key: "unscored", text: "not scored: not " + goal.w.replaceAll("_", "-") };
  if (goal.a === null) return { key: "unscored", text: "not measured yet" };
  const way = fixed(goal.a * 100, 0) + "% of the way";
  if (goal.a >= 1) return { key: "reached", text: "reached" };
  if (goal.a < 0) return { key: "away", text: "worse than at the start" };
  if (goal.x === null || goal.a >= goal.x) return { key: "onway", text: way };
  return { key: "behind", text: way + ", " + fixed(goal.x * 100, 0) + "% expected" };
};
const compare = (now, before, kpi) => {
  if (!now || !before || now.value === null || before.value === null || !now.complete) return null;
  const arrow = now.value === before.value ? "flat" : now.value > before.value ? "up" : "down";
  const judged = arrow !== "flat" && (kpi.dir === "higher" || kpi.dir === "lower");
  const verdict = !judged ? "neutral" : (arrow === "up") === (kpi.dir === "higher") ? "better" : "worse";
  return { text: changed(now.value, before.value, kpi.f), arrow, verdict, before: signed(before.value, kpi.f) };
};
const view = (id, slice = state.slice, period = state.period) => {
  const kpi = D.kpis[id], { grain, place } = placeOf(kpi, period);
  const span = place < 0 ? null : D.axes[grain][place];
  let series = kpi.s[grain], why = "";
  if (slice) {
    const members = kpi.m[slice[0]];
    series = grain === kpi.g && members ? members[slice[1]] : null;
    if (!members) why = kpi.sl.includes(slice[0]) ? "slice not on this page" : "not divided by " + slice[0].replace(/_/g, " ");
    else if (grain !== kpi.g) why = "slices only by " + kpi.g;
  }
  if (!why && period && !kpi.s[grain]) why = "not computed by " + period[0].replace(/_/g, " ");
  const now = why || place < 0 ? null : at(series, place);
  const goal = why ? null : goalOf(id, slice, span);
  const own = goal && (kpi.c !== "flow" || goal.g === grain) ? goal.t : null;
  return {
    id, kpi, grain, place, span, series, why, now, goal, goalState: goalState(goal), aim: own,
    previous: compare(now, at(series, place - 1), kpi),
    year: YEAR[grain] ? compare(now, at(series, place - YEAR[grain]), kpi) : null,
  };
};
const missing = (seen) => {
  if (seen.why) return el("span", { class: "none" }, seen.why);
  const status = seen.now ? seen.now.status : null;
  if (status === "no_data" || (!seen.now && !state.slice)) return el("span", { class: "unknown" }, "no data");
  if (!seen.now) return el("span", { class: "none" }, "no cases");
  if (["ok", "low_sample", "provisional"].includes(status)) return el("span", { class: "none" }, seen.now.n ? "no value" : "no cases");
  return el("span", { class: "none" }, stateWord(status));
};
const valueNodes = (seen) => {
  const { now, kpi } = seen;
  if (!now || now.value === null) return [missing(seen)];
  const word = !now.complete ? "period still open" : !now.mature ? "still maturing"
    : ["ok", "low_sample"].includes(now.status) ? "" : stateWord(now.status);
  return [el("span", { class: "value", title: "exactly " + now.value }, signed(now.value, kpi.f), kpi.f.after.length > 1 && el("span", { class: "after" }, kpi.f.after)), word && el("span", { class: "state" }, word)];
};
const deltaNodes = (change) => change
  ? [el("span", { class: "delta " + change.verdict }, glyph(change.verdict, change.arrow), change.text, change.verdict !== "neutral" && heard(", " + change.verdict)),
    el("span", { class: "from" }, "from " + change.before)]
  : [el("span", { class: "none" }, "–", heard("nothing to compare"))];
const goalNodes = (seen) => seen.goalState
  ? [el("span", { class: "goal " + seen.goalState.key }, glyph(seen.goalState.key), seen.goalState.text),
    el("span", { class: "target" }, "target " + signed(seen.goal.t, seen.kpi.f)
      + (["month", "quarter", "year"].includes(seen.goal.g) && seen.goal.g !== seen.grain ? " for the " + seen.goal.g : ""))]
  : [el("span", { class: "none" }, "–", heard("no goal"))];
const caseNodes = (now) => now && now.n !== null
  ? [group(String(now.n)), now.status === "low_sample" && now.value !== null && el("span", { class: "few" }, "small sample")]
  : [el("span", { class: "none" }, "–")];

const trend = (seen, label) => {
  if (seen.place < 0 || !seen.series) return null;
  const values = [], W = 120, H = 30, P = 3;
  for (let place = Math.max(0, seen.place - D.spark + 1); place <= seen.place; place++) { const point = at(seen.series, place); values.push(point ? point.value : null); }
  const known = values.filter((each) => each !== null);
  if (!known.length) return null;
  let low = Math.min(...known), high = Math.max(...known);
  if (seen.aim !== null) { low = Math.min(low, seen.aim); high = Math.max(high, seen.aim); }
  const x = (index) => +(P + index * (W - 2 * P) / Math.max(values.length - 1, 1)).toFixed(1);
  const y = (value) => +(H - P - (high > low ? (value - low) / (high - low) : 0.5) * (H - 2 * P)).toFixed(1);
  let path = ""; const dots = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const before = index ? values[index - 1] : null, after = index + 1 < values.length ? values[index + 1] : null;
    if (before === null && after === null) dots.push(draw("circle", { cx: x(index), cy: y(value), r: 1.6 }));
    else path += (before === null ? "M" : "L") + x(index) + " " + y(value);
  });
  const last = values[values.length - 1], settled = seen.now && seen.now.complete && seen.now.mature;
  const f = seen.kpi.f;
  return draw("svg", { class: "spark", viewBox: "0 0 120 30", preserveAspectRatio: "xMinYMid", role: "img",
    "aria-label": label + ", " + known.length + " values: lowest " + written(Math.min(...known), f) + ", highest " + written(Math.max(...known), f) + ", last " + written(known[known.length - 1], f) },
  seen.aim !== null && draw("line", { class: "aim", x1: 0, x2: W, y1: y(seen.aim), y2: y(seen.aim) }),
  draw("path", { d: path }), dots,
  last !== null && draw("circle", { cx: x(values.length - 1), cy: y(last), r: 2.4, class: settled ? null : "open" }));
};

/* ---- the table ---- */
const tiles = [
  ["better", "better", (seen) => seen.previous && seen.previous.verdict === "better", ["better"]],
  ["worse", "worse", (seen) => seen.previous && seen.previous.verdict === "worse", ["worse"]],
  ["reached", "goals reached", (seen) => seen.goalState && seen.goalState.key === "reached", ["reached"]],
  ["short", "goals not reached", (seen) => seen.goalState && ["onway", "behind", "away"].includes(seen.goalState.key), ["behind"]],
  ["few", "small samples", (seen) => seen.now && seen.now.status === "low_sample" && seen.now.value !== null, ["warning"]],
  ["none", "without a value", (seen) => !seen.now || seen.now.value === null, ["unscored"]],
];
const texts = new Map([...rows].map(([id, tr]) => [id, (tr.querySelector("th").textContent + " " + id + " " + D.kpis[id].dom).toLowerCase()]));
const showRows = () => {
  const seen = new Map(ids.map((id) => [id, view(id)]));
  const only = tiles.find(([key]) => key === state.only);
  const wanted = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const inPlay = (id) => (!state.domain || D.kpis[id].dom === state.domain) && wanted.every((word) => texts.get(id).includes(word));
  const undivided = (id) => state.slice && seen.get(id).why; // a slice shows what is divided by it
  const matches = (id) => inPlay(id) && !undivided(id) && (!only || only[2](seen.get(id)));
  let shown = 0;
  for (const [id, tr] of rows) {
    const kpi = D.kpis[id];
    const hit = matches(id) && (kpi.top || state.all || open.has(kpi.h) || wanted.length > 0);
    tr.hidden = !hit;
    tr.classList.toggle("open", hit && !kpi.top);
    if (hit) { shown++; paint(tr, seen.get(id)); }
  }
  for (const body of document.querySelectorAll("#board tbody")) body.hidden = !body.querySelector("tr.kpi:not([hidden])");
  $("empty").hidden = shown > 0;
  const left = ids.filter((id) => D.kpis[id].top && inPlay(id) && undivided(id)).length;
  $("aside").hidden = !left;
  $("aside").textContent = left + " KPI" + (left === 1 ? " is" : "s are") + " not shown: not divided by " + (state.slice || [""])[0].replace(/_/g, " ") + ", or not in this period.";
  $("count").textContent = shown + " measures shown";
  $("tiles").replaceChildren(...tiles.map(([key, name, test, marks]) => {
    const count = ids.filter((id) => D.kpis[id].top && inPlay(id) && !undivided(id) && test(seen.get(id))).length;
    const tone = key === "better" || key === "worse" ? "delta " + key : key === "reached" ? "goal reached" : "goal " + (key === "few" ? "behind" : key === "short" ? "onway" : "unscored");
    return el("li", {}, el("button", { type: "button", class: "tile", "aria-pressed": String(state.only === key), disabled: !count && state.only !== key,
      onclick: () => go({ only: state.only === key ? "" : key }, true) },
    el("span", { class: tone }, glyph(...marks)), el("b", {}, String(count)), name));
  }));
};
let pristine = true; // the rows as the server wrote them say the same
const paint = (tr, seen) => {
  if (pristine && !state.slice && !state.period) return;
  const cell = (name) => tr.querySelector(".c-" + name);
  tr.querySelector(".period").textContent = seen.span ? periodName(seen.grain, seen.span) : "";
  cell("value").replaceChildren(...valueNodes(seen).filter(Boolean));
  const line = trend(seen, seen.kpi.n);
  cell("spark").replaceChildren(...(line ? [line] : []));
  cell("previous").replaceChildren(...deltaNodes(seen.previous).filter(Boolean));
  cell("year").replaceChildren(...deltaNodes(seen.year).filter(Boolean));
  cell("goal").replaceChildren(...goalNodes(seen));
  for (const [name, has] of [["previous", seen.previous], ["year", seen.year], ["goal", seen.goalState], ["cases", seen.now && seen.now.value !== null]]) cell(name).classList.toggle("blank", !has);
  cell("cases").replaceChildren(...caseNodes(seen.now).filter(Boolean));
};

/* ---- the detail view ---- */
const detail = $("detail");
let dim = "";
const numbersOf = (seen) => el("dl", { class: "numbers" },
  el("div", {}, el("dt", {}, seen.span ? periodName(seen.grain, seen.span) : "Value"), el("dd", {}, valueNodes(seen).filter(Boolean))),
  el("div", {}, el("dt", {}, "Previous period"), el("dd", {}, deltaNodes(seen.previous))),
  el("div", {}, el("dt", {}, "Year ago"), el("dd", {}, deltaNodes(seen.year))),
  seen.goal && el("div", {}, el("dt", {}, "Goal, " + day(seen.goal.s) + " to " + day(dayBefore(seen.goal.e))), el("dd", {}, goalNodes(seen))),
  el("div", {}, el("dt", {}, "Cases"), el("dd", {}, caseNodes(seen.now).filter(Boolean))));
const niceStep = (span) => { const raw = span / 4, power = 10 ** Math.floor(Math.log10(raw)); return [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= raw); };
const chart = (seen) => {
  const axis = D.axes[seen.grain] || [], series = seen.series;
  if (!series || !axis.length) return el("p", { class: "note" }, "There is nothing to draw here.");
  const points = axis.map((span, place) => ({ span, place, ...(at(series, place) || { value: null, n: null, status: null, complete: true, mature: true }) }));
  const from = Math.max(0, Math.min(points.findIndex((each) => each.status !== null), points.length - 2));
  const used = points.slice(from), known = used.filter((each) => each.value !== null);
  if (!known.length) return el("p", { class: "note" }, "No period on this page has a value.");
  const f = seen.kpi.f, W = Math.max(280, Math.min(728, window.innerWidth - 32)), H = 220, L = 62, R = 12, T = 10, B = 26;
  let low = Math.min(...known.map((each) => each.value)), high = Math.max(...known.map((each) => each.value));
  if (seen.aim !== null) { low = Math.min(low, seen.aim); high = Math.max(high, seen.aim); }
  if (low > 0 && low < high * 0.6) low = 0;
  if (low === high) { const pad = Math.abs(low) * 0.1 || 1; low -= pad; high += pad; }
  // One unit of time along the whole axis.
  const [scale, unit] = f.kind !== "minutes" ? [1, ""] : high >= 2880 ? [1440, "days"] : high >= 120 ? [60, "h"] : [1, "min"];
  const step = niceStep((high - low) / scale) * scale, bottom = Math.floor(low / step + 1e-9) * step, top = Math.ceil(high / step - 1e-9) * step;
  const x = (index) => L + (used.length === 1 ? (W - L - R) / 2 : index * (W - L - R) / (used.length - 1));
  const y = (value) => T + (top - value) / (top - bottom) * (H - T - B);
  const short = (value) => unit ? fixed(value / scale, step % scale ? 1 : 0) + NBSP + unit : f.kind === "money" ? money(value, f.before) : f.kind === "percent" ? fixed(value * 100, Math.abs(step * 100 - Math.round(step * 100)) > 1e-9 ? 1 : 0) + "%" : bare(value, f);
  const svg = draw("svg", { viewBox: `0 0 ${W} ${H}`, tabindex: "0", role: "img",
    "aria-label": `${seen.kpi.n}: ${known.length} values from ${periodName(seen.grain, known[0].span)} to ${periodName(seen.grain, known[known.length - 1].span)}. Arrow keys read them one by one.` });
  for (let value = bottom; value <= top + step / 2; value += step) {
    const clean = Math.abs(value) < step / 1e6 ? 0 : value;
    svg.append(draw("line", { class: "grid", x1: L, x2: W - R, y1: y(clean), y2: y(clean) }), draw("text", { x: L - 8, y: y(clean) + 4, "text-anchor": "end" }, short(clean)));
  }
  used.forEach((each, index) => { if (each.status === "no_data") svg.append(draw("rect", { class: "gap", x: x(index) - 3, y: T, width: 6, height: H - T - B })); });
  const every = Math.ceil(used.length / Math.max(2, Math.floor((W - L) / 92)));
  used.forEach((each, index) => { if ((used.length - 1 - index) % every === 0) svg.append(draw("text", { x: x(index), y: H - 6, "text-anchor": index === used.length - 1 && used.length > 1 ? "end" : "middle" }, periodName(seen.grain, each.span).replace("week of ", ""))); });
  let path = "", before = null;
  used.forEach((each, index) => { if (each.value !== null) path += (before === null ? "M" : "L") + x(index).toFixed(1) + " " + y(each.value).toFixed(1); before = each.value; });
  svg.append(draw("path", { class: "line", d: path }));
  used.forEach((each, index) => { if (each.value !== null) svg.append(draw("circle", { class: "dot" + (each.complete && each.mature ? "" : " open"), cx: x(index), cy: y(each.value), r: used.length > 20 ? 2.6 : 3.4 })); });
  if (seen.aim !== null) svg.append(draw("line", { class: "aim", x1: L, x2: W - R, y1: y(seen.aim), y2: y(seen.aim) }), draw("text", { class: "aim-word", x: L + 4, y: y(seen.aim) - 6 }, "target " + signed(seen.aim, f)));
  const guide = draw("line", { class: "guide", y1: T, y2: H - B, visibility: "hidden" });
  svg.append(guide);
  const readout = el("p", { class: "readout", "aria-live": "polite" });
  let chosen = used.length - 1;
  const read = (index) => {
    chosen = Math.max(0, Math.min(used.length - 1, index));
    const each = used[chosen];
    const words = each.status === null ? "not computed" : each.value === null ? (each.status === "no_data" ? "no data" : each.n ? "no value" : "no cases") : written(each.value, f);
    const extra = [each.n !== null && group(String(each.n)) + " cases", each.status && stateWord(each.status), !each.complete && "period still open", each.complete && !each.mature && "still maturing"].filter((word) => word && word !== words);
    guide.setAttribute("x1", x(chosen)); guide.setAttribute("x2", x(chosen)); guide.setAttribute("visibility", "visible");
    readout.replaceChildren(periodName(seen.grain, each.span) + " ", el("b", {}, words), extra.length ? " · " + extra.join(" · ") : "");
  };
  svg.addEventListener("pointermove", (event) => { const box = svg.getBoundingClientRect(); read(Math.round(((event.clientX - box.left) * W / box.width - x(0)) / Math.max(1, x(1) - x(0)))); });
  svg.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move) { event.preventDefault(); event.stopPropagation(); read(chosen + move); }
  });
  read(Math.max(0, seen.place - from));
  const all = el("details", {}, el("summary", {}, "All values as a table"),
    el("table", { class: "small" }, el("thead", {}, el("tr", {}, ["Period", "Value", "Cases", "Status"].map((word, index) => el("th", { scope: "col", class: index === 1 || index === 2 ? "num" : null }, word)))),
      el("tbody", {}, [...used].reverse().map((each) => el("tr", {}, el("th", { scope: "row" }, periodName(seen.grain, each.span)),
        el("td", { class: "num" }, each.value === null ? "–" : String(each.value)), el("td", { class: "num" }, each.n === null ? "–" : group(String(each.n))),
        el("td", {}, each.status === null ? "not computed" : stateWord(each.status) || "ok"))))));
  return el("div", { class: "chart" }, svg, readout, all);
};
const code = (text, note) => [el("div", { class: "code" }, el("pre", { tabindex: "0" }, text),
  el("button", { type: "button", class: "plain", onclick: (event) => {
    const done = () => { event.target.textContent = "Copied"; };
    const choose = () => getSelection().selectAllChildren(event.target.previousSibling);
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, choose); else choose();
  } }, "Copy")), note && el("p", {}, note)];
const literal = (text) => "'" + String(text).replace(/'/g, "''") + "'";
const sliceTable = (seen) => {
  const dims = Object.keys(seen.kpi.m);
  const left = seen.kpi.sl.length ? el("p", { class: "note" }, (dims.length ? "Also in the database, divided by " : "Divided in the database by ") + seen.kpi.sl.map((each) => each.replace(/_/g, " ")).join(", ") + ".") : null;
  if (!dims.length) return left ? [el("h3", {}, "Slices"), left] : [];
  if (!dims.includes(dim)) dim = state.slice && dims.includes(state.slice[0]) ? state.slice[0] : dims[0];
  const members = Object.keys(seen.kpi.m[dim]).map((member) => view(seen.id, [dim, member])).map((each, index) => [Object.keys(seen.kpi.m[dim])[index], each]);
  members.sort((a, b) => ((b[1].now && b[1].now.value) ?? -Infinity) - ((a[1].now && a[1].now.value) ?? -Infinity));
  return [el("h3", {}, "Slices" + (seen.span ? ", " + periodName(seen.grain, seen.span) : "")),
    el("div", { class: "tabs", role: "group", "aria-label": "Divide by" }, dims.map((each) => el("button", { type: "button", "aria-pressed": String(each === dim), onclick: () => { dim = each; showDetail(true); } }, each.replace(/_/g, " ")))),
    el("table", { class: "small" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, dim.replace(/_/g, " ")), el("th", { scope: "col", class: "num" }, "Value"), el("th", { scope: "col" }, "Previous"), el("th", { scope: "col", class: "wide" }, "Trend"), el("th", { scope: "col", class: "num" }, "Cases"))),
      el("tbody", {}, members.map(([member, each]) => el("tr", {}, el("th", { scope: "row" }, el("a", { href: address({ slice: [dim, member] }) }, member)),
        el("td", { class: "num" }, valueNodes(each).filter(Boolean)), el("td", {}, deltaNodes(each.previous)[0]),
        el("td", { class: "wide" }, trend(each, member)), el("td", { class: "num" }, caseNodes(each.now).filter(Boolean)))))),
    left].filter(Boolean);
};
const showDetail = (keep) => {
  if (!state.k) { if (detail.open) detail.close(); document.body.classList.remove("detail-open"); return; }
  const seen = view(state.k), kpi = seen.kpi, tr = rows.get(state.k);
  const family = ids.filter((id) => D.kpis[id].h === kpi.h && id !== state.k);
  const shown = ids.filter((id) => !rows.get(id).hidden);
  const beside = (step) => { const index = shown.indexOf(state.k); return index < 0 ? null : shown[index + step] || null; };
  const definition = tr.querySelector(".def").textContent;
  const [, start, formula] = definition.match(/^([\s\S]*?)(?: Formula: ([\s\S]*)\.)?$/) || [];
  const sql = kpi.q && seen.span ? kpi.q.replaceAll("$period_start", "date '" + seen.span[0] + "'").replaceAll("$period_end", "date '" + seen.span[1] + "'") : kpi.q;
  const grain = state.period && seen.grain !== kpi.g ? seen.grain : kpi.g;
  const call = "from kpis.kpi(" + literal(state.k) + ", grain := " + literal(grain) + (state.slice ? ", slice := " + literal(state.slice[0]) : "") + ")";
  const fact = (name, value) => value ? [el("dt", {}, name), el("dd", {}, value)] : [];
  const scroll = keep ? detail.scrollTop : 0;
  const step = (to, word) => el("button", { type: "button", class: "plain", disabled: !to, "aria-label": word + " KPI", onclick: () => to && go({ k: to }, true) }, word === "Next" ? "›" : "‹");
  detail.replaceChildren(el("div", { class: "sheet" },
    el("div", { class: "bar" },
      el("div", {}, el("h2", { id: "detail-title", tabindex: "-1" }, kpi.n),
        el("p", { class: "sub" }, [state.k, heading(kpi.dom), kpi.o && "owner: " + kpi.o, state.slice && state.slice[0].replace(/_/g, " ") + ": " + state.slice[1]].filter(Boolean).join(" · "))),
      step(beside(-1), "Previous"), step(beside(1), "Next"), el("button", { type: "button", class: "plain", "aria-label": "Close", onclick: () => go({ k: "" }) }, "✕")),
    numbersOf(seen), seen.why ? el("p", { class: "note" }, "Here: " + seen.why + ".") : chart(seen),
    el("h3", {}, "What it is"),
    el("dl", { class: "facts" }, fact("Definition", start), fact("Formula", formula),
      fact("Good is", { higher: "higher", lower: "lower", neutral: "neither: it describes" }[kpi.dir]), fact("Unit", kpi.u), fact("Owner", kpi.o),
      fact("Adds up as", kpi.c), fact("Periods", kpi.gr && kpi.gr.replace(/ /g, ", ")), fact("Matures after", kpi.w), fact("Feeds", kpi.fe && kpi.fe.replace(/,/g, ", ").replace(/\|/g, " or ")),
      fact("Rules", D.rules[kpi.h]), fact("Contract", kpi.sec && "section " + kpi.sec + ", version " + kpi.v)),
    sliceTable(seen),
    family.length ? [el("h3", {}, kpi.top ? "Variants" : "Belongs to the same KPI"), el("table", { class: "small" }, el("tbody", {}, family.map((id) => { const each = view(id); return el("tr", {}, el("th", { scope: "row" }, el("a", { href: address({ k: id }) }, D.kpis[id].n)), el("td", { class: "num" }, valueNodes(each).filter(Boolean)), el("td", {}, deltaNodes(each.previous)[0])); })))] : [],
    el("h3", {}, "In the database"),
    code(call, "The series, in warehouse.duckdb (warehouse sql \"...\")."),
    sql ? code(sql, "The rows behind the undivided value" + (seen.span ? " of " + periodName(seen.grain, seen.span) : "") + ": the sums of numerator and denominator make it.") : []));
  document.body.classList.add("detail-open");
  if (!detail.open) { detail.showModal(); $("detail-title").focus({ preventScroll: true }); }
  detail.scrollTop = scroll;
};

/* ---- CSV: exactly what is embedded ---- */
const csvText = () => {
  const safe = (text) => { let out = String(text ?? ""); if (/^[=+\-@\t\r]/.test(out)) out = "'" + out; return /[",\n\r]/.test(out) ? '"' + out.replace(/"/g, '""') + '"' : out; };
  const lines = [["kpi_id", "kpi_name", "unit", "grain", "period_start", "period_end", "dim_name", "dim_value", "value", "sample_size", "status", "is_complete", "is_mature"].join(",")];
  const add = (id, grain, name, member, series) => series[1].forEach((value, index) => {
    const point = at(series, series[0] + index), span = D.axes[grain][series[0] + index];
    if (point) lines.push([safe(id), safe(D.kpis[id].n), safe(D.kpis[id].u), grain, span[0], span[1], safe(name), safe(member), value === null ? "" : String(value), point.n ?? "", point.status, point.complete, point.mature].join(","));
  });
  for (const id of ids) {
    if (rows.get(id).hidden && (D.kpis[id].top || state.q || state.domain || state.only)) continue;
    const kpi = D.kpis[id];
    for (const [grain, series] of Object.entries(kpi.s)) add(id, grain, "all", "all", series);
    for (const [name, members] of Object.entries(kpi.m)) for (const [member, series] of Object.entries(members)) add(id, kpi.g, name, member, series);
  }
  return "\ufeff" + lines.join("\r\n") + "\r\n";
};

/* ---- controls ---- */
const setUp = () => {
  const slices = new Map();
  for (const id of ids) for (const [name, members] of Object.entries(D.kpis[id].m)) {
    if (!slices.has(name)) slices.set(name, { kpis: 0, members: new Set() });
    slices.get(name).kpis++;
    Object.keys(members).forEach((member) => slices.get(name).members.add(member));
  }
  $("slice").append(el("option", { value: "" }, "All, undivided"), ...[...slices].sort((a, b) => b[1].kpis - a[1].kpis).map(([name, found]) =>
    el("optgroup", { label: heading(name) + " (" + found.kpis + " KPI" + (found.kpis === 1 ? "" : "s") + ")" }, [...found.members].sort().map((member) => el("option", { value: name + ":" + member }, name.replace(/_/g, " ") + ": " + member)))));
  $("period").append(el("option", { value: "" }, "Newest complete"), ...["month", "quarter", "year", ...Object.keys(D.axes)].filter((grain, index, all) => D.axes[grain] && all.indexOf(grain) === index).map((grain) =>
    el("optgroup", { label: (GRAINS[grain] || grain) + (grain === "month" ? "" : ", undivided") }, [...D.axes[grain]].reverse().map((span) => el("option", { value: grain + ":" + span[0] }, periodName(grain, span))))));
  const pair = (text) => text ? [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)] : null;
  $("search").addEventListener("input", (event) => go({ q: event.target.value }, true));
  $("domain").addEventListener("change", (event) => go({ domain: event.target.value }));
  $("slice").addEventListener("change", (event) => go({ slice: pair(event.target.value), period: state.period && state.period[0] === "month" ? state.period : null }));
  $("period").addEventListener("change", (event) => go({ period: pair(event.target.value), slice: /^(month:|$)/.test(event.target.value) ? state.slice : null }));
  $("all").addEventListener("change", (event) => go({ all: event.target.checked }, true));
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("reset").addEventListener("click", () => go({ q: "", domain: "", only: "", slice: null, period: null }));
  $("print").addEventListener("click", () => print());
  $("csv").addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([csvText()], { type: "text/csv;charset=utf-8" }));
    el("a", { href: url, download: "scorecard-" + D.release + ".csv" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  });
  for (const [id, tr] of rows) {
    const kpi = D.kpis[id], count = ids.filter((each) => D.kpis[each].h === id && each !== id).length;
    if (kpi.top && count) tr.querySelector("th .sub").append(el("button", { type: "button", class: "more", "aria-expanded": "false", onclick: (event) => {
      if (open.has(id)) open.delete(id); else open.add(id);
      event.target.setAttribute("aria-expanded", String(open.has(id)));
      showRows();
    } }, "+" + count + " variant" + (count === 1 ? "" : "s")));
    tr.querySelector(".name").addEventListener("click", (event) => { if (event.metaKey || event.ctrlKey || event.shiftKey) return; event.preventDefault(); go({ k: id }); });
  }
  detail.addEventListener("cancel", (event) => { event.preventDefault(); go({ k: "" }); });
  detail.addEventListener("click", (event) => { if (event.target === detail) go({ k: "" }); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !detail.open && !/INPUT|SELECT|TEXTAREA/.test(event.target.tagName)) { event.preventDefault(); $("search").focus(); }
  });
  let width = window.innerWidth;
  window.addEventListener("resize", () => { if (detail.open && width !== window.innerWidth) { width = window.innerWidth; showDetail(true); } });
  window.addEventListener("hashchange", refresh);
};
const refresh = () => {
  readHash();
  if (state.slice || state.period) pristine = false;
  if ($("search").value !== state.q) $("search").value = state.q;
  $("domain").value = state.domain;
  $("all").checked = state.all;
  $("slice").value = state.slice ? state.slice.join(":") : "";
  $("period").value = state.period ? state.period.join(":") : "";
  showRows();
  showDetail(false);
};
/* For tests: writes every row itself and counts those that then differ from the server's. */
window.scorecardCheck = () => {
  pristine = false;
  const differing = [];
  for (const [id, tr] of rows) {
    const before = tr.textContent;
    paint(tr, view(id, null, null));
    if (tr.textContent !== before) differing.push([id, before, tr.textContent]);
  }
  return differing;
};
window.scorecardCsv = csvText;
setUp();
refresh();
})();
