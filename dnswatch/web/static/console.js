// What moves: figures, charts and lists, by one stream of events from the server.  Without this
// script every page works the same, by links and forms, and is as new as its last loading.
"use strict";
(() => {
  const live = () => document.getElementById("live");
  const units = [["", 1], ["k", 1e3], ["M", 1e6], ["G", 1e9]];
  const short = (n) => {
    if (n < 1000) return String(n);
    for (const [suffix, unit] of units) {
      const scaled = n / unit;
      if (unit > 1 && Math.round(scaled * 10) / 10 < 100) return scaled.toFixed(1) + suffix;
      if (Math.round(scaled) < 10000) return Math.round(scaled) + suffix;
    }
    return String(n);
  };

  // Figures
  const move = (figures) => {
    for (const cell of document.querySelectorAll("[data-figure]")) {
      const text = short(figures[cell.dataset.figure] ?? 0);
      if (cell.textContent === text) continue;
      cell.textContent = text;
      cell.classList.add("moved");
      setTimeout(() => cell.classList.remove("moved"), 700);
    }
  };

  // The chart: what the server drew is replaced by one that tells the figures under the pointer.
  let chart = null, data = null;
  const first = () => data.begin + data.offset;  // times are the site's, wherever the browser is
  const columns = () => [data.lookups.map((_, n) => first() + n * data.width), data.lookups, data.mail];
  const two = (n) => String(n).padStart(2, "0");
  const moment = (at) => {
    const then = new Date(at * 1000);
    const seconds = data.width * data.lookups.length <= 600 ? `:${two(then.getUTCSeconds())}` : "";
    return `${two(then.getUTCHours())}:${two(then.getUTCMinutes())}${seconds}`;
  };
  const colour = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const draw = (figure) => {
    const place = figure.querySelector(".drawn");
    if (!place || !window.uPlot) return;
    const ink = colour("--muted"), line = colour("--line");
    const bars = uPlot.paths.bars({ size: [0.86, Infinity], align: 1 });
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    place.replaceChildren();
    chart = new uPlot({
      width: place.clientWidth, height: 220, padding: [8, 30, 0, 0], cursor: { points: { show: false } },
      scales: { x: { range: () => [first(), first() + data.width * data.lookups.length] }, y: { range: (_, __, most) => [0, Math.max(1, most)] } },
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      axes: [{ ...axis, space: 76, values: (_, ticks) => ticks.map(moment) }, { ...axis, size: 52, values: (_, ticks) => ticks.map((t) => (Number.isInteger(t) ? short(t) : "")) }],
      series: [
        { label: "time", value: (_, at) => (at ? moment(at) : "–") },
        { label: "lookups", fill: colour("--lookups"), stroke: colour("--lookups"), paths: bars, points: { show: false } },
        { label: "mail-related", fill: colour("--mail"), stroke: colour("--mail"), paths: bars, points: { show: false } },
      ],
    }, columns(), place);
  };
  const chartFigure = document.getElementById("chart");
  if (chartFigure?.dataset.chart) {
    data = JSON.parse(chartFigure.dataset.chart);
    const redraw = () => draw(chartFigure);
    redraw();
    addEventListener("resize", () => chart?.setSize({ width: chartFigure.querySelector(".drawn").clientWidth, height: 220 }));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    document.addEventListener("figures", (event) => {
      if (!event.detail.chart || !chart) return;
      data = event.detail.chart;
      chart.setData(columns());
    });
  }

  // Lists: loaded anew when what they are about has changed, unless somebody is at work in them.
  let seen = null, due = false, busy = false;
  const isInUse = (place) => place.querySelector("input:checked, details[open]") || place.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
  const refresh = async () => {
    const place = live();
    if (!place || !due || busy || document.hidden || isInUse(place)) return;
    due = false;
    busy = true;
    try {
      await htmx.ajax("GET", location.pathname + location.search, { target: "#live", select: "#live", swap: "outerMorph" });
    } finally {
      setTimeout(() => { busy = false; refresh(); }, 1000);
    }
  };
  const listen = () => {
    const source = new EventSource("/live");
    source.onmessage = (event) => {
      const told = JSON.parse(event.data);
      move(told.figures);
      document.dispatchEvent(new CustomEvent("figures", { detail: told }));
      const topics = (live()?.dataset.topics ?? "").split(" ");
      due ||= seen !== null && topics.some((topic) => told.topics[topic] !== seen[topic]);
      seen = told.topics;
      refresh();
    };
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) location.reload();  // the visit is over
    };
  };
  if ("live" in document.body.dataset) {
    listen();
    document.addEventListener("visibilitychange", refresh);
  }

  // The keyboard: `/` goes to the search; the first tick of a list ticks all.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input, select, textarea")) return;
    const search = document.querySelector("[data-search]");
    if (search) { event.preventDefault(); search.focus(); }
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-all]")) return;
    for (const box of document.querySelectorAll("input[name=ident]")) box.checked = event.target.checked;
  });
})();
