"use strict";
// Search, downloads, and the matrix. Without scripts the still pictures remain.

async function begin() {
  const data = await unpack();
  const specs = drawings(data);
  shared.to = data.total || 1;
  shared.text = [];
  document.documentElement.classList.add("js");
  for (const card of document.querySelectorAll("[data-figure]")) {
    downloads(card);
    if (card.dataset.figure == "co_assignment") matrix(card, data.matrix);
    else if (specs[card.dataset.figure]) chart(card, specs[card.dataset.figure], data);
  }
  search(data);
  document.getElementById("csv").onclick = () => save(new Blob(["\ufeff" + asTable(data)], { type: "text/csv" }), "steps.csv");
  document.getElementById("json").onclick = () => save(new Blob([JSON.stringify(data)], { type: "application/json" }), "run.json");
  document.getElementById("whole").onclick = () => zoom(0, data.total, data);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => shared.charts.forEach((one) => one.draw()));
  return data;
}

// Tasks whose names hold one of the words stand out in every panel.
function search(data) {
  const said = document.getElementById("found");
  searching((found) => {
    shared.text = found.words;
    shared.found = data.tasks.map((name, i) => (found.hit(name) ? i : -1)).filter((i) => i >= 0);
    said.textContent = found.words.length ? `${shared.found.length} of ${data.tasks.length} tasks` : "";
    showRows(found);
    shared.charts.forEach((one) => one.draw());
  });
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// A still picture with the page's colours written into it.
function still(card) {
  const copy = card.querySelector("figure svg").cloneNode(true), colours = getComputedStyle(document.documentElement);
  const view = copy.viewBox.baseVal;
  copy.setAttribute("width", view.width);
  copy.setAttribute("height", view.height);
  const style = document.createElementNS(copy.namespaceURI, "style");
  style.textContent = "text{font-family:system-ui,'Segoe UI',Roboto,sans-serif!important}";
  copy.prepend(style);
  const text = new XMLSerializer().serializeToString(copy).replace(/var\((--\w+)\)/g, (_, role) => colours.getPropertyValue(role).trim());
  return { view, text };
}

function downloads(card) {
  const name = card.dataset.figure, [svg, png] = card.querySelectorAll(".tools button");
  svg.onclick = () => save(new Blob([still(card).text], { type: "image/svg+xml" }), name + ".svg");
  png.onclick = () => {
    const { view, text } = still(card), picture = new Image(), canvas = document.createElement("canvas"), scale = 2.5;
    canvas.width = view.width * scale;
    canvas.height = view.height * scale;
    picture.onload = () => {
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save(blob, name + ".png"));
    };
    picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  };
}

// The still matrix, read by pointer or arrows.
function matrix(card, { tasks, shares }) {
  const figure = card.querySelector("figure"), out = card.querySelector(".read"), mark = document.createElement("div"), n = tasks.length;
  let [row, column] = [0, 0];
  mark.className = "cell";
  figure.style.position = "relative";
  const show = (r, c) => {
    if (r < 0 || c < 0 || r >= n || c >= n) return;
    [row, column] = [r, c];
    const image = figure.querySelector("image").getBoundingClientRect(), frame = figure.getBoundingClientRect();
    const [w, h] = [image.width / n, image.height / n], left = image.left - frame.left + figure.scrollLeft;
    Object.assign(mark.style, { left: `${left + c * w}px`, top: `${image.top - frame.top + r * h}px`, width: `${w}px`, height: `${h}px` });
    figure.append(mark);
    out.textContent = `${tasks[r]} and ${tasks[c]} share a group in ${shares[r][c]}% of steps`;
  };
  figure.addEventListener("pointermove", (event) => {
    const image = figure.querySelector("image").getBoundingClientRect();
    show(Math.floor(((event.clientY - image.top) / image.height) * n), Math.floor(((event.clientX - image.left) / image.width) * n));
  });
  figure.addEventListener("keydown", (event) => {
    const [r, c] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
    if (!r && !c) return;
    event.preventDefault();
    show((row + r + n) % n, (column + c + n) % n);
  });
}

shared.drawn = begin();
