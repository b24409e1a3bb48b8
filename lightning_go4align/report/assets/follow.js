"use strict";
// A served page asks every two seconds whether its runs have gone on, and then loads again where it was.

const KEPT = "kept " + location.pathname;
const blocks = () => [...document.querySelectorAll("h1, .tiles, .card")];

// What is in view, by the block at its top, since charts may become higher; and the steps that were zoomed to.
function keep(data) {
  const at = blocks().findIndex((block) => block.getBoundingClientRect().bottom > 0);
  const view = data && (shared.from > 0 || shared.to < data.total) ? [shared.from, shared.to] : null;
  sessionStorage.setItem(KEPT, JSON.stringify({ at, top: blocks()[at]?.getBoundingClientRect().top, view }));
}

async function find(data) {
  const { at, top, view } = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}"), block = blocks()[at];
  if (view && data) zoom(view[0], view[1], data);
  await new Promise((done) => setTimeout(done, 50)); // charts take their height a moment after they are made
  if (block) scrollBy(0, block.getBoundingClientRect().top - top);
}

(async function follow() {
  history.scrollRestoration = "manual";
  const data = typeof shared == "undefined" ? null : await shared.drawn.catch(() => null);
  await find(data);
  const stamp = document.querySelector('meta[name="stamp"]').content, state = document.getElementById("state");
  let alive = true;
  while (alive) {
    try {
      const answer = await fetch("stamp", { cache: "no-store" });
      if (answer.ok && (await answer.text()) !== stamp) {
        keep(data);
        return location.reload();
      }
      state.textContent = answer.ok ? "Live" : "The run is gone";
    } catch {
      state.textContent = "The server has stopped: this is the last that was seen";
      alive = false;
    }
    await new Promise((done) => setTimeout(done, 2000));
  }
})();
