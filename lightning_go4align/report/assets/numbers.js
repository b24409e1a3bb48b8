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

// The mean of what is known, as in the still pictures.
function mean(values) {
  const known = values.filter((value) => value != null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

const averaged = (column, spans) => spans.map(([a, b]) => mean(column.slice(a, b)));
const anyNegative = (columns) => columns.some((column) => column.some((value) => value < 0));

function number(value, unit = "") {
  if (value == null) return "–";
  const size = Math.abs(value), short = size && size < 1e-4 ? (+value.toPrecision(3)).toExponential() : String(+value.toPrecision(3));
  const text = size >= 1000 ? Math.round(value).toLocaleString("en") : short;
  return text.replaceAll("-", "−") + unit;
}

// A count on an axis: 200k and 1.5M, where many digits would run into each other.
function count(tick) {
  if (tick % 1) return "";
  const [size, unit] = Math.abs(tick) >= 1e6 ? [1e6, "M"] : Math.abs(tick) >= 1e4 ? [1e3, "k"] : [1, ""];
  return String(+(tick / size).toPrecision(6)) + unit;
}

// Long names so that they can still be told apart: whole words that all share go first. As plots/names.py does it.
function shortNames(names, most) {
  const words = names.map((name) => name.replace(/\p{Cc}/gu, "").match(/[\p{L}\p{N}_.]+ ?= ?[^,;)]*|\d+\.\d+|[\p{L}\p{N}]+|[^\p{L}\p{N}]+/gu) ?? [""]), room = Math.min(...words.map((found) => found.length)) - 1;
  const alike = (at) => words.every((found) => found.at(at) === words[0].at(at));
  let first = 0, last = 0;
  if (names.length > 1) while (first < room && alike(first)) first++;
  if (names.length > 1) while (last < room - first && alike(-1 - last)) last++;
  const cut = (from, to) => words.map((found) => (from ? "…" : "") + found.slice(from, found.length - to).join("") + (to ? "…" : ""));
  const fits = [cut(0, 0), cut(0, last), cut(first, 0)].find((tried) => tried.every((name) => name.length <= most));
  if (fits) return fits;
  const inside = (name, length) => (name.length <= length ? name : name.slice(0, length / 2) + "…" + name.slice(1 - length / 2));
  return words.map((found) => (first ? "…" : "") + inside(found.slice(first, found.length - last).join(""), most - !!first - !!last) + (last ? "…" : ""));
}

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
