"use strict";
const MOST_ROWS = 200;
const content = JSON.parse(document.getElementById("data").textContent);
const { settings, columns, axes } = content;
const MOST_PICKED = content.palette.length;
const element = (id) => document.getElementById(id);
const views = {};
const state = {
  x: "accuracy_a", y: "accuracy_b", colour: 0,
  filters: axes.map(() => ""), brush: {}, across: {}, picked: [], colours: new Map(),
  sort: "accuracy_b", falling: true,
};

// What is shown.

function inBrush(setting) {
  return ["x", "y"].every((side) => {
    const range = state.brush[side], value = setting.metrics[state[side]];
    return !range || (value >= range[0] && value <= range[1]);
  });
}

function inAcross(i) {
  const { axis, place } = state.across;
  if (!axis || !place) return true;
  return content.parallel.axes.some((each, n) => {
    const at = content.parallel.places[i][n];
    return axis.includes(each.label) && at !== null && at >= place[0] && at <= place[1];
  });
}

function isShown(setting, i) {
  return state.filters.every((text, n) => text === "" || String(setting.values[n]) === text)
    && inBrush(setting) && inAcross(i);
}

function sorted(numbers) {
  const value = (i) => typeof state.sort === "number"
    ? settings[i].values[state.sort] : settings[i].metrics[state.sort];
  const compare = (a, b) => (a === null) - (b === null) || (a > b) - (a < b);
  const sign = state.falling ? -1 : 1;
  return [...numbers].sort((i, j) => sign * compare(value(i), value(j)) || i - j);
}

// A setting whose curves are drawn has one colour in them, in the table and around its dot.
function colourCurves(numbers) {
  const free = content.palette.filter((each) => !numbers.some((i) => state.colours.get(i) === each));
  state.colours = new Map(numbers.map((i) => [i, state.colours.get(i) || free.shift()]));
}

// Charts.

function colourOf(setting) { return setting.values[state.colour]; }

function colourScale() {
  const values = [...new Set(settings.map(colourOf))];
  const isNumber = axes[state.colour].is_number;
  values.sort((a, b) => isNumber ? a - b : String(a).localeCompare(b));
  return isNumber && values.length > content.palette.length
    ? { type: "quantitative", scale: { scheme: "viridis" } }
    : { type: "nominal", scale: { domain: values, range: content.palette } };
}

const labelOf = (name) => columns.find((column) => column.name === name).label;

// The titles and the colours that the page's choices ask for.
function fitted(node) {
  if (Array.isArray(node)) return node.map(fitted);
  if (node === null || typeof node !== "object") return node;
  const made = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, fitted(value)]));
  if (made.field === "x" || made.field === "y") made.title = labelOf(state[made.field]);
  if (made.field === "name" && made.scale) {
    const domain = [...state.colours.keys()].map((i) => settings[i].name);
    made.scale = { domain, range: [...state.colours.values()] };
  }
  if (made.field === "c") {
    const { type, scale } = colourScale();
    Object.assign(made, { type, scale });
    if (made.legend !== null) made.title = axes[state.colour].label;
  }
  return made;
}

function embed(name, data) {
  const spec = fitted(content.charts[name]);
  // Of a layer without rows Vega complains.
  if (spec.layer) spec.layer = spec.layer.filter(({ data: of }) => !of || data[of.name].length);
  const old = views[name];
  return vegaEmbed(`#${name}`, { ...spec, datasets: data }, { actions: false, renderer: "canvas" })
    .then((result) => { if (old) old.finalize(); views[name] = result.view; return result.view; });
}

function scatterData(shown) {
  const own = settings.map((setting, i) => ({
    i, name: setting.name, seeds: setting.seeds.join(", "), c: colourOf(setting),
    x: setting.metrics[state.x], y: setting.metrics[state.y],
    shown: shown.has(i), ring: state.colours.get(i) || null,
  }));
  const place = (side) => content.published.indexOf(state[side]);
  const published = settings.map((setting) => ({
    name: setting.name, x: setting.published[place("x")], y: setting.published[place("y")],
  })).filter((row) => Number.isFinite(row.x) && Number.isFinite(row.y));
  const baselines = content.baselines.map((baseline, n) => ({
    name: baseline.name, y: baseline.metrics[state.y], label: n ? "" : `best baseline: ${baseline.name}`,
  }));
  return { settings: own, published, baselines };
}

function parallelData(shown) {
  const { axes: upright, places } = content.parallel;
  const rows = places.flatMap((line, i) => line.map((place, n) => ({
    i, name: settings[i].name, c: colourOf(settings[i]), shown: shown.has(i),
    axis: upright[n].label, place,
  })));
  const ticks = upright.flatMap(({ label, ticks: marks }) =>
    marks.map(([place, text]) => ({ axis: label, place, text })));
  return { places: rows, ticks };
}

function curvesData(numbers) {
  const curves = [], tests = [];
  for (const i of numbers) {
    const { name, metrics } = settings[i];
    for (const run of content.curves[i]) {
      for (const part of ["training", "validation"]) {
        const key = part === "training" ? "" : "val_";
        run.accuracy.forEach((_, n) => curves.push({
          name, seed: run.seed, part, run: `${i} ${run.seed} ${part}`, epoch: n + 1,
          accuracy: run[`${key}accuracy`][n], loss: run[`${key}loss`][n],
        }));
      }
    }
    const epochs = Math.max(0, ...content.curves[i].map((run) => run.accuracy.length));
    for (const set of ["A", "B"]) {
      tests.push({ name, set: `test pairs of ${set}`, epoch: epochs, accuracy: metrics[`accuracy_${set.toLowerCase()}`] });
    }
  }
  const values = content.baselines.map((baseline) => baseline.metrics.accuracy_b);
  const best = content.baselines[0];
  const band = [{
    low: Math.min(...values), high: Math.max(...values),
    text: `baselines on B, best: ${best.name}, ${best.metrics.accuracy_b.toFixed(1)}`,
  }];
  return { curves, tests, band };
}

// The page.

function draw(shown, numbers) {
  const data = { scatter: scatterData(shown), parallel: parallelData(shown) };
  for (const [name, sets] of Object.entries(data)) {
    const view = views[name];
    if (!view) continue;
    for (const [key, rows] of Object.entries(sets)) if (rows.length) view.data(key, rows);
    view.runAsync();
  }
  drawTable(numbers);
  drawCurves();
}

function cell(row, text, isText) {
  const made = row.insertCell();
  made.textContent = text;
  if (isText) made.className = "text";
}

function drawTable(numbers) {
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  const shownColumns = columns.filter((column) => column.is_shown);
  const heads = [
    ...axes.map((axis, n) => [n, axis.label, !axis.is_number]), [null, "seeds", false],
    ...shownColumns.map((column) => [column.name, column.label, false]),
  ];
  for (const [key, label, isText] of heads) {
    const made = document.createElement("th");
    made.textContent = label + (key !== null && state.sort === key ? (state.falling ? " ▾" : " ▴") : "");
    if (isText) made.className = "text";
    if (key !== null) made.onclick = () => {
      state.falling = state.sort === key ? !state.falling : true;
      state.sort = key;
      update();
    };
    head.append(made);
  }
  const body = table.createTBody();
  for (const i of numbers.slice(0, MOST_ROWS)) {
    const setting = settings[i], row = body.insertRow();
    if (state.picked.includes(i)) row.className = "picked";
    row.style.borderLeft = `5px solid ${state.colours.get(i) || "transparent"}`;
    row.title = `${setting.name}; seeds ${setting.seeds.join(", ")}`;
    setting.values.forEach((value, n) => cell(row, value, !axes[n].is_number));
    const collapsed = setting.collapsed ? `, ${setting.collapsed} collapsed` : "";
    cell(row, `${setting.seeds.length}${collapsed}`);
    for (const { name, digits } of shownColumns) {
      const value = setting.metrics[name];
      cell(row, value === null ? "" : value.toFixed(digits));
    }
    row.onclick = () => pick(i);
  }
  element("table").replaceChildren(table);
}

function drawCurves() {
  const numbers = [...state.colours.keys()];
  const of = state.picked.length
    ? "Of the picked settings, all seeds."
    : `Of the first ${numbers.length} rows of the table, all seeds; pick others there.`;
  const left = content.left_out ? ` Curves of ${content.left_out} runs are left out of this page.` : "";
  const data = curvesData(numbers);
  element("curves-of").textContent = `${of} Solid lines: training pairs, dashed: validation.${left}`;
  element("curves").hidden = !data.curves.length;
  if (data.curves.length) embed("curves", data);
}

function update() {
  const numbers = settings.map((_, i) => i).filter((i) => isShown(settings[i], i));
  element("count").textContent = `${numbers.length} of ${settings.length} settings`
    + (numbers.length > MOST_ROWS ? `, the first ${MOST_ROWS} in the table` : "");
  const order = sorted(numbers);
  colourCurves(state.picked.length ? state.picked : order.slice(0, MOST_PICKED));
  draw(new Set(numbers), order);
}

// A brush moves more often than a large study can be drawn.
let waiting;
function updateSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(update, 60);
}

function pick(i) {
  state.picked = state.picked.includes(i)
    ? state.picked.filter((each) => each !== i) : [...state.picked, i].slice(-MOST_PICKED);
  update();
}

// Charts anew, with the titles and scales of another choice.
async function rebuild() {
  state.brush = {};
  state.across = {};
  const all = new Set(settings.keys());
  const listen = (view, signal) => {
    view.addSignalListener(signal, (_, value) => { state[signal] = value || {}; updateSoon(); });
    view.addEventListener("click", (_, item) => {
      if (item && item.datum && Number.isInteger(item.datum.i)) pick(item.datum.i);
    });
  };
  listen(await embed("scatter", scatterData(all)), "brush");
  listen(await embed("parallel", parallelData(all)), "across");
  update();
}

function select(parent, label, options, chosen, change) {
  const made = document.createElement("select");
  for (const [value, text] of options) made.add(new Option(text, value, false, value === chosen));
  made.setAttribute("aria-label", label);
  made.onchange = () => change(made.value);
  const wrap = document.createElement("label");
  wrap.append(`${label} `, made);
  element(parent).append(wrap);
  return made;
}

const names = columns.map((column) => [column.name, column.label]);
select("view", "across", names, state.x, (value) => { state.x = value; rebuild(); });
select("view", "upwards", names, state.y, (value) => { state.y = value; rebuild(); });
select("view", "colour", axes.map((axis, n) => [String(n), axis.label]), "0",
  (value) => { state.colour = Number(value); rebuild(); });
const filters = axes.map((axis, n) => {
  const values = [...new Set(settings.map((setting) => setting.values[n]))];
  values.sort((a, b) => axis.is_number ? a - b : String(a).localeCompare(b));
  const options = [["", "all"], ...values.map((value) => [String(value), String(value)])];
  return select("filters", axis.label, options, "", (value) => { state.filters[n] = value; update(); });
});
element("reset").onclick = () => {
  state.filters.fill("");
  filters.forEach((filter) => { filter.value = ""; });
  rebuild();
};
element("unpick").onclick = () => { state.picked = []; update(); };
rebuild().then(() => { document.body.dataset.ready = "true"; });
