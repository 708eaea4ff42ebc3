"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const config = () => {
    const css = getComputedStyle(document.documentElement), of = (name) => css.getPropertyValue(name).trim();
    const text = { labelColor: of("--soft"), titleColor: of("--soft"), labelFontSize: 11, titleFontSize: 12, titleFontWeight: 500 };
    return {
      background: null, font: getComputedStyle(document.body).fontFamily || "system-ui, sans-serif", view: { stroke: null },
      axis: { ...text, gridColor: of("--faint"), domainColor: of("--faint"), tickColor: of("--faint") },
      axisX: { grid: false }, text: { color: of("--ink"), fontSize: 12 }, legend: { ...text, symbolType: "square" },
      line: { color: of("--accent") }, point: { fill: of("--accent"), size: 22 }, area: { color: of("--soft") },
    };
  };
  const draw = async () => {
    for (const [id, spec] of Object.entries(data.charts)) {
      const place = document.getElementById(id);
      const own = spec.config || {};
      const width = place.clientWidth;
      const fit = JSON.parse(JSON.stringify(spec), (key, value) => (key === "width" && value === "container" && spec.vconcat ? Math.max(width - 70, 120) : value));
      if (!spec.vconcat) fit.autosize = { type: "fit-x", contains: "padding" };
      const made = await vegaEmbed(place, { ...fit, config: { ...config(), ...own } }, { ast: true, actions: false, renderer: "svg", logLevel: 1 });
      place.dataset.drawn = "1";
      (window.views ||= {})[id] = made.view;
    }
    document.body.dataset.ready = "1";
  };
  draw().catch((error) => { document.body.dataset.failed = String(error); console.error(error); });
  dark.addEventListener("change", draw);
  let waiting, width = innerWidth;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => { if (innerWidth !== width) { width = innerWidth; draw(); } }, 150); });

  const value = (row, at) => { const cell = row.children[at]; return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value); };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      head.tabIndex = 0;
      const sort = () => {
        const down = head.getAttribute("aria-sort") !== "descending";
        heads.forEach((one) => one.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => { const x = value(a, at), y = value(b, at); return (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y))) * (down ? -1 : 1); });
        table.tBodies[0].append(...rows);
      };
      head.addEventListener("click", sort);
      head.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); } });
    });
  }
  for (const input of document.querySelectorAll("input[data-for]")) {
    const rows = document.getElementById(input.dataset.for).tBodies[0].rows;
    input.addEventListener("input", () => { const wanted = input.value.toLowerCase(); for (const row of rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted); });
  }
  document.getElementById("download")?.addEventListener("click", () => {
    const quoted = (text) => { const safe = /^[=+\-@\t\r]/.test(text) ? "'" + text : text; return '"' + safe.replaceAll('"', '""') + '"'; };
    const lines = data.addresses.map((row) => row.map((cell) => quoted(String(cell))).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
    link.download = "suppress.csv";
    link.click();
  });
})();
