"use strict";
// A served page asks every two seconds whether its runs have gone on, and then loads again where it was.

(async function follow() {
  const stamp = document.querySelector('meta[name="stamp"]').content, state = document.getElementById("state");
  let alive = true;
  while (alive) {
    try {
      const answer = await fetch("stamp", { cache: "no-store" });
      if (answer.ok && (await answer.text()) !== stamp) return location.reload();
      state.textContent = answer.ok ? "Live" : "The run is gone";
    } catch {
      state.textContent = "The server has stopped: this is the last that was seen";
      alive = false;
    }
    await new Promise((done) => setTimeout(done, 2000));
  }
})();
