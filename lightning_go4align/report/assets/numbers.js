"use strict";
// The page's numbers: unpacked once, averaged over what is in view, written with three digits.

async function unpack() {
  const bytes = Uint8Array.from(atob(document.getElementById("numbers").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// Windows of samples between two steps, at most `most`: [first, behind the last] of each.
function windows(steps, from, to, most) {
  let first = 0, last = steps.length;
  while (first < last - 1 && steps[first + 1] <= from) first++;
  while (last > first + 1 && steps[last - 1] > to) last--;
  const count = Math.min(most, last - first), edge = (k) => first + Math.round((k * (last - first)) / count);
  return Array.from({ length: count }, (_, k) => [edge(k), edge(k + 1)]);
}

// The mean of what is known; of ratios the geometric one of those above 0, as in the still pictures.
function mean(values, geometric) {
  let sum = 0, count = 0, zeros = 0;
  for (const value of values) {
    if (value == null) continue;
    if (geometric && value <= 0) { zeros++; continue; }
    sum += geometric ? Math.log(value) : value;
    count++;
  }
  if (!count) return zeros ? 0 : null;
  return geometric ? Math.exp(sum / count) : sum / count;
}

const averaged = (column, spans, geometric) => spans.map(([a, b]) => mean(column.slice(a, b), geometric));
const anyNegative = (columns) => columns.some((column) => column.some((value) => value < 0));

function number(value, unit = "") {
  if (value == null) return "–";
  const large = Math.abs(value) >= 1000, text = large ? Math.round(value).toLocaleString("en") : String(+value.toPrecision(3));
  return text.replace("-", "−") + unit;
}

// A count on an axis: 200k and 1.5M, where many digits would run into each other.
function count(tick) {
  if (tick % 1) return "";
  const [size, unit] = Math.abs(tick) >= 1e6 ? [1e6, "M"] : Math.abs(tick) >= 1e4 ? [1e3, "k"] : [1, ""];
  return String(+(tick / size).toPrecision(6)) + unit;
}

const shortName = (name, most) => (name.length <= most ? name : name.slice(0, most / 2) + "…" + name.slice(1 - most / 2));

// Everything in the page, a row for each step, under the names that loggers have.
function asTable(data) {
  const families = { loss: data.losses, weight: data.weights, indicator: data.indicators, group: data.groups };
  const columns = [["step", data.steps]];
  for (const [family, values] of Object.entries(families))
    data.tasks.forEach((task, i) => columns.push([`${family}/${task}`, values[i]]));
  const quoted = (text) => (/^[=+@\t\r-]/.test(text) ? "'" : "") + text; // no spreadsheet takes a name for a formula
  const cell = (value) => (value == null ? "" : typeof value == "number" ? value : `"${quoted(value).replaceAll('"', '""')}"`);
  const rows = [columns.map(([name]) => cell(name)), ...data.steps.map((_, i) => columns.map(([, values]) => cell(values[i])))];
  return rows.map((row) => row.join(",")).join("\r\n");
}
