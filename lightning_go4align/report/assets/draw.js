"use strict";
// What each figure of a run draws, in terms of charts.js. Tasks are in the order of the still pictures.

const POINTS = 160, COLUMNS = 1200;

function drawings(data) {
  const line = { kind: "lines", overSteps: true, height: 300 }, area = { ...line, kind: "areas", height: 260 };
  const scaled = () => data.losses.map((column, i) => column.map((loss, r) => (loss == null || data.weights[i][r] == null ? null : loss * data.weights[i][r])));
  const small = { ...line, height: 190 };
  return {
    assignment: { ...rows(data), series: () => assignment(data) },
    indicators: { ...rows(data), series: () => indicators(data) },
    weights: { ...line, unit: "×", zeros: true, series: () => curves(data, data.weights, []), words: listed("×") },
    losses: { ...line, series: () => curves(data, data.losses, [["weighted sum", total(scaled())]]), words: listed("") },
    risks_before: { ...area, series: () => stacked(data, data.losses), words: listed("%"), unit: "%" },
    risks_after: { ...area, series: () => stacked(data, scaled()), words: listed("%"), unit: "%" },
    stability: { ...small, series: () => plain(data.windows.steps, ["Rand", "adjusted"], [data.windows.rand, data.windows.adjusted], 1), words: listed("") },
    moves: { ...small, series: () => plain(data.windows.steps, ["moves"], [data.windows.moves], null), words: listed("") },
    group_sizes: { ...small, kind: "areas", whole: true, series: () => sizes(data), words: listed("") },
    delta_m: { ...line, height: 220, overSteps: false, unit: "%", range: ends(data.validations?.epochs), series: () => scores(data), words: listed("%", "epoch") },
  };
}

const rows = (data) => ({ kind: "rows", overSteps: true, height: 50 + Math.max(120, Math.min(20 * data.tasks.length, 900)), words: ofRow });
const ends = (xs) => (xs ? [Math.min(0, xs[0]), xs.at(-1) + 0.5] : [0, 1]);
const total = (columns) => columns[0].map((_, r) => (columns.some((column) => column[r] != null) ? columns.reduce((sum, column) => sum + (column[r] ?? 0), 0) : null));
const middles = (data, spans) => spans.map(([a, b]) => (data.steps[a] + data.steps[b - 1]) / 2);

// The line that each task belongs to in a sample: itself, its group, or its band.
const lineOf = (data) => (i, r) => (data.byTask ? i : data.bands.length ? data.bands[i] : data.groups[i][r]);

// Columns of tasks joined to columns of lines: weights and losses by their mean, shares by their sum.
function joined(data, columns, adds) {
  if (data.byTask) return columns;
  const of = lineOf(data), lines = data.lineNames.map(() => []);
  data.steps.forEach((_, r) => {
    const parts = lines.map(() => []);
    columns.forEach((column, i) => parts[of(i, r)]?.push(column[r]));
    parts.forEach((values, line) => lines[line].push(adds ? values.reduce((a, b) => a + (b ?? 0), 0) : mean(values)));
  });
  return lines;
}

function curves(data, columns, extra) {
  const spans = windows(data.steps, shared.from, shared.to, POINTS), found = data.byTask ? [] : shared.found.slice(0, 8);
  const all = [...joined(data, columns, false), ...extra.map(([, values]) => values), ...found.map((i) => columns[i])];
  const log = !anyNegative(all), read = all.map((column) => averaged(column, spans)), none = data.lineNames.map(() => null);
  return {
    x: middles(data, spans), read, log, zeros: all.map((column) => spans.map(([a, b]) => log && column.slice(a, b).includes(0))), shown: read.map((column) => column.map((value) => (log && !(value > 0) ? null : value))),
    names: [...data.lineNames, ...extra.map(([name]) => name), ...found.map((i) => data.tasks[i])],
    colours: [...data.lineColours, ...extra.map(() => inkOf("ink")), ...found.map(() => inkOf("worse"))],
    widths: [...none, ...extra.map(() => 2.4)], dashes: data.byTask ? data.lineNames.map((_, i) => data.dashes[i % data.dashes.length]) : [...none, ...extra.map(() => null), ...found.map((_, k) => data.dashes[k % data.dashes.length])],
    marked: shared.found.length && (data.byTask ? data.tasks.map((_, i) => shared.found.includes(i)) : [...none, ...extra.map(() => false), ...found.map(() => true)]),
  };
}

// Shares of the sum, in percent, one on top of the other. The highest is drawn first, and the others over it.
function stacked(data, columns) {
  const sums = total(columns.map((column) => column.map((value) => Math.abs(value ?? 0))));
  const shares = joined(data, columns.map((column) => column.map((value, r) => (sums[r] ? (100 * Math.abs(value ?? 0)) / sums[r] : null))), true);
  return { ...pile(data, shares, data.lineNames, data.lineColours, !data.byTask), limits: [0, 100] };
}

function sizes(data) {
  const names = Array.from({ length: data.numGroups }, (_, k) => `group ${k}`);
  const counts = names.map((_, k) => data.steps.map((_, r) => data.groups.reduce((n, column) => n + (column[r] == k), 0)));
  return { ...pile(data, counts, names, data.groupColours, true), limits: [0, data.tasks.length] };
}

function pile(data, columns, names, colours, lightestFirst) {
  const spans = windows(data.steps, shared.from, shared.to, POINTS), read = columns.map((column) => averaged(column, spans));
  const order = names.map((_, i) => i), shown = [];
  if (lightestFirst) order.reverse(); // the heaviest on top, as in the still pictures
  const height = spans.map(() => 0);
  for (const i of order.toReversed()) shown.unshift(read[i].map((value, k) => (height[k] += value ?? 0)));
  const marks = data.byTask && shared.found.length && names === data.lineNames ? order.map((i) => shared.found.includes(i)) : null;
  const x = middles(data, spans), whole = (values) => (x.length == 1 ? [values[0], values[0]] : values); // one window fills what is in view
  return { x: x.length == 1 ? [shared.from, shared.to] : x, steps: whole(x), shown: shown.map(whole), read: order.map((i) => whole(read[i])), names: order.map((i) => names[i]), colours: order.map((i) => colours[i]), marked: marks };
}

// From 0, and to what is the most there can be, if that is known: an axis shows no number that there cannot be.
function plain(x, names, columns, most) {
  const colours = [inkOf("accent"), inkOf("muted")], known = columns.flat().filter((value) => value != null);
  const low = Math.min(0, ...known), high = most ?? (Math.max(0, ...known) || 1), room = 0.04 * (high - low);
  return { x, shown: columns, read: columns, names, colours, dashes: [null, [5, 2]], limits: [low && low - room, high + room] };
}

function scores(data) {
  const { epochs, deltaM, metrics, changes } = data.validations, tasks = new Set(shared.found.map((i) => data.tasks[i]));
  const found = metrics.map((_, i) => i).filter((i) => tasks.has(metrics[i]) || shared.text.some((t) => metrics[i].toLowerCase().includes(t))).slice(0, 8);
  const columns = [deltaM, ...found.map((i) => changes[i])], late = deltaM.slice(deltaM.length >> 2).filter((v) => v != null).concat(0);
  const low = Math.min(...late), high = Math.max(...late), room = 0.15 * (high - low) || 1;
  return { x: epochs, shown: columns, read: columns, names: ["∆m", ...found.map((i) => metrics[i])], colours: [inkOf("accent"), ...found.map(() => inkOf("worse"))], dashes: [null, ...found.map((_, k) => data.dashes[(k + 1) % 4])], widths: [2.4], limits: found.length ? null : [low - room, high + room] };
}

function sampled(data) {
  const spans = windows(data.steps, shared.from, shared.to, COLUMNS).map(([a]) => a);
  return { x: spans.map((a) => data.steps[a]), spans, shown: [spans.map(() => null)], names: [""], rowNames: data.tasks, limits: [0, data.tasks.length], rowMarked: shared.found.length && data.tasks.map((_, i) => shared.found.includes(i)) };
}

function assignment(data) {
  const view = sampled(data), cells = data.groups.map((column) => view.spans.map((r) => data.groupColours[column[r]]));
  const legend = data.groupColours.slice(0, data.numGroups).map((colour, k) => entry(swatch(colour), ` group ${k}${data.groupWeights[k] == null ? ", unused" : ", " + number(data.groupWeights[k], "×")}`));
  return { ...view, cells, legend, word: (i, k) => (data.groups[i][view.spans[k]] < 0 ? "absent" : `group ${data.groups[i][view.spans[k]]}, weight ${number(data.weights[i][view.spans[k]], "×")}`) };
}

function indicators(data) {
  const view = sampled(data), known = data.indicators.flat().filter((value) => value > 0).sort((a, b) => a - b);
  const low = Math.log(known[Math.floor(0.005 * known.length)] ?? 0.1), high = Math.log(known[Math.floor(0.995 * (known.length - 1))] ?? 1);
  const tint = (value) => data.ramp[Math.round(63 * Math.max(0, Math.min(1, (Math.log(value) - low) / (high - low || 1))))];
  const cells = data.indicators.map((column) => view.spans.map((r) => (column[r] == null ? null : tint(Math.max(column[r], 1e-300)))));
  const legend = ["γ from ", number(Math.exp(low)), ...data.ramp.filter((_, k) => k % 9 == 0).map(swatch), " to ", number(Math.exp(high)), ", on a log scale"];
  return { ...view, cells, legend, word: (i, k) => `γ ${number(data.indicators[i][view.spans[k]])}` };
}

// What is read at a place: of lines all that fit, the chosen one first.
const listed = (unit, of = "step") => (view, index, row) => {
  const order = view.names.map((_, i) => i), chosen = order.splice(row % order.length, 1);
  const parts = [...chosen, ...order].slice(0, 24).map((i) => entry(swatch(view.colours[i], view.dashes?.[i]), ` ${view.names[i]}: ${number(view.read[i][index], unit)} `));
  return [`${of} ${number(Math.round((view.steps ?? view.x)[index] * 100) / 100)} `, ...parts];
};

const ofRow = (view, index, row) => {
  const at = Math.max(0, Math.min(row, view.rowNames.length - 1)), name = document.createElement("b");
  name.textContent = view.rowNames[at];
  return [`step ${view.x[index].toLocaleString("en")} `, name, ` ${view.word(at, index)}`];
};

// A name stays beside its mark where lines are broken.
function entry(...parts) {
  const whole = document.createElement("span");
  whole.append(...parts);
  return whole;
}

// A line as the chart draws it, or a patch of colour.
function swatch(colour, dash) {
  const mark = document.createElement("i");
  if (dash?.length) mark.style.background = `repeating-linear-gradient(90deg,${stripes(colour, dash)})`;
  else mark.style.background = colour;
  return mark;
}

function stripes(colour, dash) {
  let at = 0;
  return dash.map((part, k) => `${k % 2 ? "transparent" : colour} ${at}px ${(at += 2 * part)}px`).join(",");
}
