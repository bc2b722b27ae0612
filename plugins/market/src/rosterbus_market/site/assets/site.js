// Filters the list in place; without this script the whole list stands there.
"use strict";
(() => {
  const form = document.querySelector("form[role=search]");
  if (!form) return;
  const rows = [...document.querySelectorAll("[data-words]")];
  const told = document.querySelector("#told");
  const nothing = document.querySelector("#nothing");
  const filters = ["system", "kind", "transport", "standing", "maturity"];

  const matches = (row, asked) =>
    asked.q.every((word) => row.dataset.words.includes(word)) &&
    filters.every((name) => !asked[name] || row.dataset[name].split("|").includes(asked[name]));

  const filter = () => {
    const asked = Object.fromEntries(new FormData(form));
    const words = { ...asked, q: asked.q.toLowerCase().split(/\s+/).filter(Boolean) };
    let shown = 0;
    for (const row of rows) {
      row.hidden = !matches(row, words);
      shown += row.hidden ? 0 : 1;
    }
    told.textContent = shown === rows.length ? `${shown} connectors` : `${shown} of ${rows.length} connectors`;
    nothing.hidden = shown > 0;
    const kept = new URLSearchParams(Object.entries(asked).filter(([, value]) => value));
    history.replaceState(null, "", kept.size ? `?${kept}` : location.pathname);
  };

  for (const [name, value] of new URLSearchParams(location.search)) {
    if (form.elements[name]) form.elements[name].value = value;
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => { event.preventDefault(); filter(); });
  form.addEventListener("reset", () => setTimeout(filter));
  form.hidden = false;
  filter();
})();

for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}
