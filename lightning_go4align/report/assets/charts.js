"use strict";
// Charts of three kinds on uPlot: lines, stacked areas, rows of cells. They share their zoom and their cursor.

const shared = { charts: [], found: [], from: 0, to: 1, drawn: null };
const inkOf = (role) => getComputedStyle(document.documentElement).getPropertyValue("--" + role).trim();

const FONT = "12px system-ui, sans-serif";
const ruler = document.createElement("canvas").getContext("2d");

// The room that names take beside an axis, in pixels, as they are drawn.
function widest(names) {
  ruler.font = FONT;
  return 16 + Math.ceil(Math.max(0, ...names.map((name) => ruler.measureText(name).width)));
}

// Steps between the ticks of an axis that counts.
const WHOLE = Array.from({ length: 7 }, (_, k) => [1, 2, 5].map((step) => step * 10 ** k)).flat();

function zoom(from, to, data) {
  shared.from = Math.max(0, Math.min(from, to));
  shared.to = Math.min(Math.max(from, to), data.total) || 1;
  for (const chart of shared.charts) if (chart.spec.overSteps) chart.draw();
}

// What a chart is made of: `spec.series()` gives {x, shown, names, colours, dashes, read}, anew for each view.
function chart(card, spec, data) {
  const box = card.querySelector(".live"), out = card.querySelector(".read");
  const self = { spec, at: null, row: 0, chosen: false, plot: null, view: null };
  self.draw = () => {
    self.plot?.destroy();
    self.view = spec.series();
    self.plot = new uPlot(options(self, box.clientWidth, data), [self.view.x, ...self.view.shown], box);
    out.replaceChildren(...(self.view.legend ?? spec.words(self.view, self.view.x.length - 1, self.row)));
  };
  self.say = (index, row) => {
    if (index == null) return;
    self.at = index;
    out.replaceChildren(...spec.words(self.view, index, row));
  };
  card.classList.add("drawn");
  shared.charts.push(self);
  self.draw();
  box.addEventListener("keydown", (event) => key(event, self, data));
  new ResizeObserver(() => Math.abs(box.clientWidth - self.plot.width) > 2 && self.draw()).observe(box);
}

function options(self, width, data) {
  const { spec, view } = self, muted = inkOf("muted");
  const axis = { stroke: muted, font: FONT, ticks: { show: false }, grid: { stroke: inkOf("line"), width: 1 } };
  const reset = () => () => { zoom(0, data.total, data); return null; };
  return {
    width, height: spec.height, legend: { show: false }, padding: [8, 26, 0, 0],
    cursor: {
      sync: spec.overSteps ? { key: "steps", scales: ["x", null] } : undefined, bind: spec.overSteps ? { dblclick: reset } : {},
      drag: { x: spec.overSteps, y: false, setScale: false }, points: { show: spec.kind == "lines" },
    },
    scales: {
      x: { time: false, range: () => (spec.overSteps ? [shared.from, shared.to] : spec.range) },
      y: { distr: view.log ? 3 : 1, dir: spec.kind == "rows" ? -1 : 1, range: (u, low, high) => limits(view, low, high) },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 64, values: (u, ticks) => ticks.map(count) },
      spec.kind == "rows" ? rowNames(axis, view) : { ...axis, size: (u, names) => Math.max(62, widest(names ?? [])), ...(spec.whole ? { incrs: WHOLE } : {}), ...(view.log ? { splits: (u) => decades(u.scales.y.min, u.scales.y.max), filter: (u, ticks) => ticks } : {}), values: (u, ticks) => ticks.map((tick) => (tick == null ? "" : number(tick, spec.unit))) },
    ],
    series: [{}, ...view.names.map((name, i) => spec.kind == "rows" ? { show: true, points: { show: false } } : stroke(self, view, i))],
    hooks: {
      setCursor: [(u) => u.cursor.idx != null && self.say(u.cursor.idx, spec.kind == "rows" && u.cursor.top >= 0 ? Math.floor(u.posToVal(u.cursor.top, "y")) : self.row)],
      setSelect: [(u) => u.select.width > 4 && zoom(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"), data)],
      drawClear: [(u) => spec.kind == "rows" && paint(u, view)],
      draw: [(u) => spec.zeros && view.zeros.forEach((found, i) => triangles(u, view, found, i))],
    },
  };
}

function limits(view, low, high) {
  if (view.limits) return view.limits;
  if (low == null) return view.log ? [0.1, 10] : [0, 1];
  if (view.log) return [low / 1.15, high * 1.15];
  const room = 0.06 * (high - low) || 0.5;
  return [low - room, high + room];
}

// Ticks of a log axis: 1, 2, 5 and their tenfolds; powers of ten alone where those are many, multiples where they are few.
function decades(low, high) {
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high)), wide = last - first > 4;
  const powers = Array.from({ length: last - first + 1 }, (_, k) => 10 ** (first + k)).filter((_, k) => k % Math.ceil((last - first) / 8 || 1) == 0);
  const ticks = powers.flatMap((power) => (wide ? [power] : [power, 2 * power, 5 * power])).filter((tick) => tick >= low && tick <= high);
  return ticks.length > 1 ? ticks : multiples(low, high);
}

// Multiples of 1, 2 or 5 and their tenfolds, at least three between two limits.
function multiples(low, high) {
  const most = (high - low) / 3, power = 10 ** Math.floor(Math.log10(most)), step = power * (most >= 5 * power ? 5 : most >= 2 * power ? 2 : 1);
  const first = Math.ceil(low / step), count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, k) => Number(((first + k) * step).toPrecision(12)));
}

function stroke(self, view, i) {
  // A line that was chosen by keys stands out, too: nothing is told apart by hue alone.
  const { spec } = self, chosen = self.chosen && !view.marked, at = self.row % view.names.length;
  const marked = chosen ? i == at : view.marked?.[i], faint = (chosen || view.marked) && !marked;
  const dash = view.dashes?.[i] ? view.dashes[i].map((part) => part * 2) : [];
  const line = { stroke: view.colours[i], alpha: faint ? 0.25 : 1, width: marked ? 3 : view.widths?.[i] ?? 1.7, dash, points: { show: false, size: 5, fill: view.colours[i], filter: () => alone(view.shown[i]) } };
  return spec.kind == "areas" ? { ...line, fill: view.colours[i], stroke: inkOf("paper"), width: 0.7, alpha: faint ? 0.45 : 1 } : line;
}

// Places of the values between two that are missing: a line shows nothing of them.
const alone = (values) => values.map((_, k) => k).filter((k) => values[k] != null && values[k - 1] == null && values[k + 1] == null);

// Marks at the bottom where a line was 0, which a log scale cannot show.
function triangles(u, view, found, i) {
  const { ctx, bbox } = u, size = 4 * devicePixelRatio, bottom = bbox.top + bbox.height;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = view.colours[i];
  ctx.globalAlpha = u.series[i + 1].alpha;
  view.x.forEach((step, k) => {
    if (!found[k]) return;
    const x = u.valToPos(step, "x", true);
    ctx.beginPath();
    [[x - size, bottom - 1.7 * size], [x + size, bottom - 1.7 * size], [x, bottom]].forEach((place) => ctx.lineTo(...place));
    ctx.fill();
  });
  ctx.restore();
}

function rowNames(axis, view) {
  const names = shortNames(view.rowNames, innerWidth < 600 ? 14 : 22);
  return {
    ...axis, stroke: inkOf("ink"), grid: { show: false }, size: widest(names),
    splits: (u) => { const every = Math.ceil((13 * names.length) / u.bbox.height * devicePixelRatio); return names.map((_, i) => i + 0.5).filter((_, i) => i % every == 0); },
    values: (u, ticks) => ticks.map((tick) => names[Math.floor(tick)]),
  };
}

// Cells are never blended: the mean of groups 0 and 4 is not group 2.
function paint(u, view) {
  const { ctx, bbox } = u, cells = document.createElement("canvas"), rows = view.cells.length, columns = view.cells[0].length;
  cells.width = columns; cells.height = rows;
  const pen = cells.getContext("2d");
  view.cells.forEach((row, r) => row.forEach((colour, c) => { if (colour) { pen.fillStyle = colour; pen.fillRect(c, r, 1, 1); } }));
  ctx.save();
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(cells, bbox.left, bbox.top, bbox.width, bbox.height);
  const high = bbox.height / rows;
  ctx.fillStyle = inkOf("paper");
  if (high > 6) for (let r = 1; r < rows; r++) ctx.fillRect(bbox.left, bbox.top + r * high - 1, bbox.width, 1.5);
  ctx.globalAlpha = 0.72;
  if (view.rowMarked) view.rowMarked.forEach((on, r) => on || ctx.fillRect(bbox.left, bbox.top + r * high, bbox.width, high));
  ctx.restore();
}

// Arrows move along the chart and between its lines or rows; + and − zoom; 0 shows all.
function key(event, self, data) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const last = self.view.x.length - 1, at = self.at ?? 0, count = (self.view.rowNames ?? self.view.names).length;
  const across = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: last }[event.key];
  const along = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const middle = self.view.x[Math.min(at, last)], reach = (shared.to - shared.from) / 2;
  if (across === undefined && along === undefined && !"+-0".includes(event.key)) return;
  event.preventDefault();
  if (along) {
    self.row = (self.row + along + count) % count;
    self.chosen = self.spec.kind != "rows";
    if (self.chosen) self.draw();
  }
  if (event.key == "+") zoom(middle - reach / 2, middle + reach / 2, data);
  if (event.key == "-") zoom(middle - reach * 2, middle + reach * 2, data);
  if (event.key == "0") {
    self.chosen = false;
    zoom(0, data.total, data);
    if (!self.spec.overSteps) self.draw();
  }
  const index = Math.max(0, Math.min(across ?? at, self.view.x.length - 1));
  const top = self.spec.kind == "rows" ? self.plot.valToPos(self.row + 0.5, "y") : self.plot.height / 3;
  self.plot.setCursor({ left: self.plot.valToPos(self.view.x[index], "x"), top });
  self.say(index, self.row);
}
