// The search of the mirror. Its index is made by Pagefind; everything comes from this site, and texts stay texts.
const form = document.getElementById("mirror-search");
const status = document.getElementById("mirror-status");
const list = document.getElementById("mirror-results");
const more = document.getElementById("mirror-more");
const input = form.elements.q;
const PER_PAGE = 20;
let pagefind = null;
let waiting = [];
let asked = 0;

async function load() {
  if (pagefind === null) {
    pagefind = await import(form.dataset.bundle + "pagefind.js");
    await pagefind.options({ baseUrl: form.dataset.base, excerptLength: 30 });
    await pagefind.init();
  }
  return pagefind;
}

// An excerpt is HTML with <mark>: only its texts and marks are taken over.
function excerpt(html, target) {
  const parsed = new DOMParser().parseFromString(html, "text/html").body;
  for (const node of parsed.childNodes) {
    const part = node.nodeName === "MARK" ? document.createElement("mark") : document.createTextNode("");
    part.textContent = node.textContent;
    target.append(part);
  }
}

function item(found) {
  const li = document.createElement("li");
  li.className = "result";
  const heading = document.createElement("h2");
  const link = document.createElement("a");
  link.href = found.url;
  link.textContent = found.meta.title || found.url;
  heading.append(link);
  const text = document.createElement("p");
  text.className = "snippet";
  excerpt(found.excerpt, text);
  li.append(heading, text);
  return li;
}

async function show(turn) {
  const next = waiting.splice(0, PER_PAGE);
  const found = await Promise.all(next.map((one) => one.data()));
  if (turn !== asked) return;
  list.append(...found.map(item));
  more.hidden = waiting.length === 0;
}

async function search() {
  const words = input.value.trim();
  const turn = ++asked;
  list.replaceChildren();
  more.hidden = true;
  status.textContent = words ? form.dataset.loading : "";
  if (!words) return;
  const found = await (await load()).search(words);
  if (turn !== asked) return;
  waiting = found.results;
  const count = waiting.length;
  status.textContent = count ? form.dataset.found.replace("{number}", String(count)) : form.dataset.none;
  await show(turn);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  history.replaceState(null, "", "?q=" + encodeURIComponent(input.value));
  search();
});
more.addEventListener("click", () => show(asked));
const asking = new URLSearchParams(location.search);
for (const kind of ["publisher", "portal", "government", "theme"]) {
  const name = asking.get(kind);
  // Choices are lists of their own here.
  if (name) location.replace(`${form.dataset.lists}${kind}/${encodeURIComponent(name)}/`);
}
const words = asking.get("q");
if (words) {
  input.value = words;
  search();
}
