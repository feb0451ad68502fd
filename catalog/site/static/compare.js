// The comparison of the mirror, where no server answers: it reads the data of two pages and fills the table.
const shown = document.getElementById("compared");
const form = document.querySelector("form.canned");

async function side(name, path) {
  // Only the data of a page of this site: kind and name, nothing that leads elsewhere.
  if (!/^(government|publisher)\/[^/\\?#]+$/.test(path)) return false;
  const [kind, id] = path.split("/");
  const answer = await fetch(`${shown.dataset.base}${kind}/${encodeURIComponent(id)}.json`);
  if (!answer.ok) return false;
  const { entity } = await answer.json();
  const words = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
  for (const cell of shown.querySelectorAll(`[data-side="${name}"]`)) {
    const value = entity[cell.dataset.field];
    cell.textContent =
      value === null || value === undefined ? shown.dataset.unknown : typeof value === "number" ? words.format(value) : value;
  }
  return true;
}

async function compare() {
  const chosen = new FormData(form);
  const found = await Promise.all(["a", "b"].map((name) => side(name, chosen.get(name) ?? "")));
  shown.hidden = !found.every(Boolean);
}

const asked = new URLSearchParams(location.search);
for (const name of ["a", "b"]) {
  const select = form.elements[name];
  const value = asked.get(name);
  // A publisher is no choice of the list, and comes by a link from its page.
  if (value && ![...select.options].some((option) => option.value === value)) select.add(new Option(value, value));
  if (value) select.value = value;
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  history.replaceState(null, "", `?${new URLSearchParams(new FormData(form))}`);
  compare();
});
compare();
