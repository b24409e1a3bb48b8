"use strict";
// The search of a page that holds tables alone.

document.documentElement.classList.add("js");
searching((found) => {
  showRows(found);
  const names = new Set([...document.querySelectorAll("tr[data-task]")].map((row) => row.dataset.task));
  document.getElementById("found").textContent = found.words.length ? `${[...names].filter(found.hit).length} of ${names.size} names` : "";
});
