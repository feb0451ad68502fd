// Charts over nights that say day, value and interval where the pointer is. Each takes the place of the one that the
// server drew, which stays where anything is missing; the table beneath stays in any case.
const NS = "http://www.w3.org/2000/svg";
const language = document.documentElement.lang;
const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: "UTC" });
const short = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "2-digit", timeZone: "UTC" });

let told;
function data() {
  // The data of this page, asked for once, with the question that the page was asked.
  const address = new URL(document.querySelector('link[rel="alternate"][type="application/json"]').href);
  if (address.origin !== location.origin) throw new Error("not of this site");
  address.search = location.search;
  return (told ??= fetch(address).then((answer) => answer.json()));
}

const time = (run) =>
  new Date(run.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
// Versions compare if their first two numbers are the same.
const method = (version) => (version ?? "").split(".").slice(0, 2).join(".");

function parts(rows) {
  // The line breaks where a night has no value and where the method changed.
  let part = 0, before = null;
  return rows.map((row) => {
    if (before === null || row.score == null || before !== method(row.methodology_version)) part += 1;
    before = row.score == null ? null : method(row.methodology_version);
    return { ...row, part, date: time(row.run_id) };
  });
}

function some(rows, count) {
  // At most so many nights of different days, evenly among all, the first and the last included.
  const days = [...new Map(rows.map((row) => [short.format(row.date), row.date])).values()];
  const step = Math.max(1, (days.length - 1) / (count - 1));
  return days.filter((_, at) => at === Math.round(Math.round(at / step) * step));
}

function hatching(id) {
  const pattern = document.createElementNS(NS, "pattern"), path = document.createElementNS(NS, "path");
  for (const [name, value] of Object.entries({ id, width: 10, height: 44, patternUnits: "userSpaceOnUse" }))
    pattern.setAttribute(name, value);
  path.setAttribute("class", "c-hatch");
  path.setAttribute("d", "M0,44L10,0");
  pattern.append(path);
  return pattern;
}

function said(row, words) {
  const lines = [day.format(row.date), `${words.value}: ${row.score == null ? words.none : number.format(row.score)}`];
  if (row.expected != null) lines.push(`${words.interval}: ${number.format(row.expected)}`);
  else if (row.ci_low != null && row.ci_high != null)
    lines.push(`${words.interval}: ${number.format(row.ci_low)}–${number.format(row.ci_high)}`);
  return lines.join("\n");
}

async function enrich(figure) {
  const before = figure.querySelector("svg.c-trend");
  const [Plot, page] = await Promise.all([import("./vendor/plot.js"), data()]);
  const found = figure.dataset.series.split(".").reduce((value, key) => value?.[key], page);
  if (!before || !Array.isArray(found) || found.length < 2) return;
  const rows = parts(found), known = rows.filter((row) => row.score != null), last = known.at(-1);
  const breaks = rows.filter(
    (row, at) => at && method(row.methodology_version) !== method(rows[at - 1].methodology_version));
  const id = `${before.querySelector("title").id}p`;
  const band = (low, high) => known.filter((row) => row[low] != null && row[high] != null);
  const at = { x: "date", z: "part" };
  const chart = Plot.plot({
    className: "c-plot",
    width: Math.max(figure.clientWidth, 260),
    height: 200,
    marginLeft: 38,
    marginRight: 38,
    x: { type: "utc", domain: [time(figure.dataset.from), time(figure.dataset.to)], label: null,
         ticks: some(rows, figure.clientWidth > 500 ? 6 : 3), tickFormat: (date) => short.format(date) },
    y: { domain: [0, 100], ticks: [0, 50, 100], label: null },
    marks: [
      () => hatching(id),
      Plot.gridY([0, 50, 100], { stroke: "var(--line)", strokeOpacity: 1 }),
      Plot.areaY(band("score_low", "score_high"), { ...at, y1: "score_low", y2: "score_high", fill: `url(#${id})` }),
      Plot.areaY(band("ci_low", "ci_high"), { ...at, y1: "ci_low", y2: "ci_high", fill: "var(--chart-ok)", fillOpacity: 0.3 }),
      Plot.ruleX(breaks, { x: "date", stroke: "var(--chart-ink)", strokeDasharray: "4 3" }),
      Plot.line(known.filter((row) => row.expected != null),
        { ...at, y: "expected", stroke: "var(--chart-ink)", strokeDasharray: "5 4" }),
      Plot.line(known, { ...at, y: "score", stroke: "var(--chart-ink)", strokeWidth: 2 }),
      Plot.dot(rows.length <= 40 ? known : [last], { x: "date", y: "score", r: 3, fill: "var(--chart-ink)" }),
      Plot.ruleX(known, Plot.pointerX({ x: "date", stroke: "var(--muted)", maxRadius: Infinity })),
      Plot.tip(known, Plot.pointerX({ x: "date", y: "score", maxRadius: Infinity, title: (row) => said(row, figure.dataset),
        fill: "var(--chart-ground)", stroke: "var(--muted)" })),
    ],
  });
  // The site's policy allows no styles within a page; its rules are in the style sheet.
  for (const style of chart.querySelectorAll("style")) style.remove();
  // To screen readers it is the picture that it was.
  for (const group of chart.querySelectorAll("[aria-label], [aria-description]")) {
    group.removeAttribute("aria-label");
    group.removeAttribute("aria-description");
  }
  for (const name of ["role", "aria-labelledby"]) chart.setAttribute(name, before.getAttribute(name));
  chart.prepend(before.querySelector("title"), before.querySelector("desc"));
  before.replaceWith(chart);
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    enrich(target).catch((error) => console.warn(error));
  }
});
for (const figure of document.querySelectorAll("figure[data-series]")) seen.observe(figure);
