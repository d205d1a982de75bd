"use strict";
const MOST_ROWS = 200;
const UNUSED = "not used";
const content = JSON.parse(document.getElementById("data").textContent);
const { settings, columns, baselines, palette } = content;
{% if poses %}
// Poses of one setting share its curves.
for (const each of settings) each.curves = settings[each.curves]?.curves ?? each.curves;
{% endif %}
const axes = columns.filter(({ kind }) => kind === "number" || kind === "text");
const metrics = columns.filter(({ kind }) => kind === "metric");
const parallel = columns.filter(({ places }) => places);
const element = (id) => document.getElementById(id);
const columnOf = (name) => columns.find((column) => column.name === name);
const views = {};
const state = {
  x: "accuracy_a", y: "accuracy_b", colour: axes[0].name, filters: {}, brush: {}, across: {},
  picked: [], colours: new Map(), sort: "accuracy_b", falling: true,
};

// Which settings are shown, and in which order.

const within = (value, [low, high]) => value !== null && value >= low && value <= high;

function isShown({ values }, i) {
  const { filters, brush, across } = state;
  return Object.entries(filters).every(([name, text]) => !text || String(values[name] ?? UNUSED) === text)
    && ["x", "y"].every((side) => !brush[side] || within(values[state[side]], brush[side]))
    && (!across.axis || parallel.some(({ label, places }) =>
      across.axis.includes(label) && within(places[i], across.place)));
}

function compare(i, j) {
  const [a, b] = [i, j].map((n) => settings[n].values[state.sort]);
  const order = ((a > b) - (a < b)) * (state.falling ? -1 : 1);
  return (a === null) - (b === null) || order || i - j;
}

// A setting whose curves are drawn has one colour in them, in the table and around its dot.
function colourCurves(numbers) {
  const free = palette.filter((each) => !numbers.some((i) => state.colours.get(i) === each));
  state.colours = new Map(numbers.map((i) => [i, state.colours.get(i) || free.shift()]));
}

// The rows of charts.

const colourOf = ({ values }) => values[state.colour] ?? UNUSED;
const dots = (shown) => settings.map((setting, i) => ({
  i, name: setting.name, seeds: setting.seeds, c: colourOf(setting), shown: shown.has(i),
  x: setting.values[state.x], y: setting.values[state.y], ring: state.colours.get(i) || null,
}));
const lines = (shown) => parallel.flatMap(({ label, places }) => settings.map((setting, i) => (
  { i, name: setting.name, c: colourOf(setting), shown: shown.has(i), axis: label, place: places[i] }
)));

function curvesOf(numbers) {
  const curves = numbers.flatMap((i) => settings[i].curves.map((run) => ({ ...run, i, name: settings[i].name })));
  const tests = ["A", "B"].flatMap((set) => numbers.map((i) => ({
    name: settings[i].name, set: `test pairs of ${set}`, accuracy: settings[i].values[`accuracy_${set.toLowerCase()}`],
    epoch: Math.max(0, ...settings[i].curves.map(({ epoch }) => epoch.length)),
  })));
  return { curves, tests, band: [content.band] };
}

// The charts, in Vega-Lite.

const category = (field, more) => ({ field, type: "nominal", ...more });
const quantity = (field, more) => ({ field, type: "quantitative", ...more });
const faded = (shown, hidden) => ({ condition: { test: "datum.shown", value: shown }, value: hidden });
const layer = (name, type, mark, encoding, more) => ({ data: { name }, mark: { type, ...mark }, encoding, ...more });
const colour = (more) => ({ field: "c", ...columnOf(state.colour).colour, ...more });
const config = { scale: { invalid: { color: { value: "#999999" } } } };
const beside = { align: "left", baseline: "bottom", dx: 4, color: "#555555" };

function scatterChart(published) {
  const side = (name) => quantity(name, { title: columnOf(state[name]).label, scale: { zero: false, padding: 12 } });
  const x = { ...side("x"), axis: { tickCount: 6 } }, y = side("y");
  const names = (title) => category("name", { title }), format = ".2f";
  return { width: "container", height: 340, config, layer: [
    layer("baselines", "rule", { color: "#555555", strokeDash: [4, 3] }, { y, tooltip: [names("baseline"), quantity("y")] }),
    layer("baselines", "text", beside, { y, x: { value: 0 }, text: category("label") }),
    ...(published.length ? [layer("published", "point", { shape: "cross", size: 90, color: "black", angle: 45 },
      { x, y, tooltip: names("published value of") })] : []),
    layer("settings", "circle", { size: 70, strokeWidth: 2.5 }, {
      x, y, color: colour(), opacity: faded(0.9, 0.08), stroke: category("ring", { scale: null }),
      tooltip: [names("setting"), quantity("x", { format }), quantity("y", { format }), category("seeds")],
    }, { params: [{ name: "brush", select: "interval" }] }),
  ] };
}

function parallelChart() {
  const x = category("axis", { title: null, sort: null, axis: { labelAngle: -25, labelLimit: 200, grid: true } });
  const y = quantity("place", { axis: null });
  const texts = (mark) => layer("ticks", "text", { align: "right", dx: -5, fontSize: 10, ...mark }, { x, y, text: category("text") });
  return { width: "container", height: 260, config, layer: [
    layer("places", "line", { strokeWidth: 1 }, {
      x, y, color: colour({ legend: null }), detail: category("i"), opacity: faded(0.6, 0.03),
      tooltip: category("name", { title: "setting" }),
    }, { params: [{ name: "across", select: "interval" }] }),
    texts({ stroke: "white", strokeWidth: 4 }), texts(),
  ] };
}

function curvesChart() {
  const size = { width: 430, height: 260 }, x = { field: "epoch", type: "ordinal", title: "Epoch", axis: { labelAngle: 0 } };
  const scale = { domain: [...state.colours.keys()].map((i) => settings[i].name), range: [...state.colours.values()] };
  const color = category("name", { title: null, scale, legend: { orient: "bottom", columns: 2, labelLimit: 500 } });
  const series = (name, title) => layer("curves", "line", { point: true }, {
    x, color, y: quantity(name, { title, scale: { zero: false } }), detail: [category("i"), category("seed")],
    strokeDash: category("part", { legend: null }), tooltip: ["name", "seed", "part", "epoch", name].map((field) => category(field)),
  }, { transform: [{ flatten: ["epoch", "accuracy", "loss"] }] });
  return { hconcat: [{ ...size, layer: [
    layer("band", "rect", { color: "#999999", opacity: 0.25 }, { y: quantity("low"), y2: { field: "high" } }),
    layer("band", "text", beside, { y: quantity("high"), x: { value: 0 }, text: category("text") }),
    series("accuracy", "Accuracy, %"),
    layer("tests", "point", { size: 70, filled: true }, {
      x, color, y: quantity("accuracy"), shape: category("set", { title: null }),
      tooltip: ["name", "set", "accuracy"].map((field) => category(field)),
    }),
  ] }, { ...size, ...series("loss", "Loss") }] };
}

async function embed(name, chart, datasets) {
  const { view } = await vegaEmbed(`#${name}`, { ...chart, datasets }, { actions: false, renderer: "canvas" });
  views[name]?.finalize();
  views[name] = view;
}

// The page.

function make(kind, properties, ...children) {
  const made = Object.assign(document.createElement(kind), properties);
  made.append(...children);
  return made;
}

function drawTable(numbers) {
  const shown = columns.filter(({ is_shown }) => is_shown);
  const sortBy = (name) => {
    state.falling = state.sort !== name || !state.falling;
    state.sort = name;
    update();
  };
  const cell = (kind, column, textContent, more) =>
    make(kind, { textContent, className: column.kind === "text" ? "text" : "", ...more });
  const heads = shown.map((column) => {
    const arrow = state.sort === column.name ? (state.falling ? " ▾" : " ▴") : "";
    return cell("th", column, column.label + arrow, { onclick: () => sortBy(column.name) });
  });
  const rows = numbers.slice(0, MOST_ROWS).map((i) => {
    const { name, seeds, values } = settings[i];
    const text = (column) => column.digits === null ? values[column.name] : values[column.name]?.toFixed(column.digits);
    const row = make("tr", { title: `${name}; seeds ${seeds}`, onclick: () => pick(i) },
      ...shown.map((column) => cell("td", column, text(column))));
    row.className = state.picked.includes(i) ? "picked" : "";
    row.style.borderLeft = `5px solid ${state.colours.get(i) || "transparent"}`;
    return row;
  });
  const head = make("thead", {}, make("tr", {}, ...heads));
  element("table").replaceChildren(make("table", {}, head, make("tbody", {}, ...rows)));
}

function drawCurves() {
  const numbers = [...state.colours.keys()], data = curvesOf(numbers);
  const which = state.picked.length
    ? "The picked settings, all seeds."
    : `The first ${numbers.length} rows of the table, all seeds; pick others there.`;
  const left = content.left_out ? ` Curves of ${content.left_out} runs are left out of this page.` : "";
  element("curves-of").textContent = `${which} Solid lines: training pairs, dashed: validation.${left}`;
  element("curves").hidden = !data.curves.length;
  if (data.curves.length) embed("curves", curvesChart(), data);
}

function update() {
  const numbers = [...settings.keys()].filter((i) => isShown(settings[i], i)).sort(compare);
  const shown = new Set(numbers);
  element("count").textContent = `${numbers.length} of ${settings.length} settings`
    + (numbers.length > MOST_ROWS ? `, the first ${MOST_ROWS} in the table` : "");
  colourCurves(state.picked.length ? state.picked : numbers.slice(0, palette.length));
  views.scatter.data("settings", dots(shown)).runAsync();
  views.parallel.data("places", lines(shown)).runAsync();
  drawTable(numbers);
  drawCurves();
}

function pick(i) {
  const others = state.picked.filter((each) => each !== i), isPicked = others.length < state.picked.length;
  state.picked = isPicked ? others : [...others, i].slice(-palette.length);
  update();
}

function listen(view, signal) {
  // A brush moves more often than a large study can be drawn.
  let waiting;
  view.addSignalListener(signal, (_, value) => {
    state[signal] = value;
    clearTimeout(waiting);
    waiting = setTimeout(update, 60);
  });
  view.addEventListener("click", (_, item) => { if (Number.isInteger(item?.datum?.i)) pick(item.datum.i); });
}

// Makes the charts anew, with the titles and scales of another choice.
async function rebuild() {
  Object.assign(state, { brush: {}, across: {} });
  const all = new Set(settings.keys());
  const ticks = parallel.flatMap(({ label, ticks }) => ticks.map(([place, text]) => ({ axis: label, place, text })));
  const published = settings.map(({ name, published: { [state.x]: x, [state.y]: y } }) => ({ name, x, y }))
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const rules = baselines{% if poses %}.filter(({ pose }) => pose === (state.filters.pose || "upright")){% endif %}.map(({ name, values }, n) => ({ name, y: values[state.y], label: n ? "" : `best baseline: ${name}` }));
  await embed("scatter", scatterChart(published), { settings: dots(all), published, baselines: rules });
  await embed("parallel", parallelChart(), { places: lines(all), ticks });
  listen(views.scatter, "brush");
  listen(views.parallel, "across");
  update();
}

function addSelect(parent, label, options, store, key, redraw) {
  const select = make("select", { ariaLabel: label }, ...options.map(([value, text]) => new Option(text, value)));
  select.value = store[key];
  select.onchange = () => { store[key] = select.value; redraw(); };
  element(parent).append(make("label", {}, `${label} `, select));
}

function showAll() {
  for (const { name } of axes) state.filters[name] = "";
  for (const select of document.querySelectorAll("#filters select")) select.value = "";
  return rebuild();
}

for (const [key, label, list] of [["x", "across", metrics], ["y", "upwards", metrics], ["colour", "colour", axes]]) {
  addSelect("view", label, list.map((column) => [column.name, column.label]), state, key, rebuild);
}
for (const { name, label, values } of axes) {
  addSelect("filters", label, [["", "all"], ...values.map((value) => [value, value])], state.filters, name, {% if poses %}name === "pose" ? rebuild : {% endif %}update);
}
element("reset").onclick = showAll;
element("unpick").onclick = () => { state.picked = []; update(); };
showAll().then(() => { document.body.dataset.ready = "true"; });
