"use strict";
// Rows of tables by the words in their names. Words are separated by commas; without any, all rows are shown.

function wanted(text) {
  const words = text.toLowerCase().split(",").map((word) => word.trim()).filter(Boolean);
  return { words, hit: (name) => words.some((word) => name.toLowerCase().includes(word)) };
}

function showRows({ words, hit }) {
  for (const row of document.querySelectorAll("tr[data-task]")) row.classList.toggle("off", words.length > 0 && !hit(row.dataset.task));
}

// What is typed is looked for once no key was pressed for a moment; a page that follows its runs keeps it.
function searching(look) {
  const field = document.getElementById("search"), kept = "search " + location.pathname;
  const now = () => { look(wanted(field.value)); sessionStorage.setItem(kept, field.value); };
  let waits;
  field.oninput = () => { clearTimeout(waits); waits = setTimeout(now, 150); };
  field.form.onsubmit = (event) => { event.preventDefault(); now(); };
  if (location.protocol == "http:" && sessionStorage.getItem(kept)) { field.value = sessionStorage.getItem(kept); now(); }
}
