
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const body = document.querySelector("#ports tbody");
  const rows = Array.from(body.rows);
  const texts = new Map();
  const text = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };
  const total = rows.length;
  const selects = ["service", "state", "outcome"];
  let product = "";

  // The choices of each list are what the rows have.
  for (const kind of selects) {
    const counts = new Map();
    for (const row of rows) counts.set(row.dataset[kind], (counts.get(row.dataset[kind]) || 0) + 1);
    for (const [value, count] of [...counts].sort(([a], [b]) => a < b ? -1 : 1)) {
      $(kind).add(new Option(`${value || "unknown"} (${count})`, value ? `=${value}` : "="));
    }
  }

  const apply = () => {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = selects.map((kind) => [kind, $(kind).value]).filter(([, value]) => value);
    let shown = 0;
    for (const row of rows) {
      const fits = wanted.every(([kind, value]) => `=${row.dataset[kind]}` === value)
        && (!product || row.dataset.product === product)
        && (!$("tls").checked || "tls" in row.dataset)
        && words.every((word) => text(row).includes(word));
      row.hidden = !fits;
      if (fits) shown += 1;
    }
    $("shown").textContent = (shown === total ? "" : `${shown} of `) + `${total} port${total === 1 ? "" : "s"}`;
    $("nothing").hidden = shown > 0 || total === 0;
    for (const button of document.querySelectorAll("[data-kind]")) {
      const { kind, value } = button.dataset;
      button.setAttribute("aria-pressed", kind === "product" ? product === value : $("service").value === `=${value}`);
    }
  };

  const sort = (header, column) => {
    const descending = header.getAttribute("aria-sort") === "ascending";
    for (const other of header.parentNode.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const key = (row) => row.cells[column].dataset.key || row.cells[column].firstChild.textContent.trim().toLowerCase();
    const keyed = rows.map((row, index) => [key(row), index, row]);
    keyed.sort(([a, i], [b, j]) => (a < b ? -1 : a > b ? 1 : 0) * (descending ? -1 : 1) || i - j);
    body.append(...keyed.map(([, , row]) => row));
  };

  Array.from(document.querySelectorAll("#ports th")).forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => sort(header, column));
    header.replaceChildren(button);
  });

  for (const button of document.querySelectorAll("[data-kind]")) {
    button.disabled = false;
    button.addEventListener("click", () => {
      const { kind, value } = button.dataset;
      const isOn = button.getAttribute("aria-pressed") === "true";
      if (kind === "product") product = isOn ? "" : value;
      else $("service").value = isOn ? "" : `=${value}`;
      apply();
    });
  }
  for (const id of ["search", "tls", ...selects]) $(id).addEventListener("input", apply);
  $("reset").addEventListener("click", () => {
    for (const id of ["search", ...selects]) $(id).value = "";
    $("tls").checked = false;
    product = "";
    apply();
  });
  $("expand").addEventListener("click", () => {
    const open = $("expand").getAttribute("aria-pressed") !== "true";
    $("expand").setAttribute("aria-pressed", open);
    $("expand").textContent = open ? "Hide all evidence" : "Show all evidence";
    for (const row of rows) row.querySelector("details").open = open;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      $("search").focus();
    }
  });
  document.querySelector(".controls").hidden = false;
  // A search can be passed on in the address: report.html#q=nginx.
  $("search").value = new URLSearchParams(location.hash.slice(1)).get("q") || "";
  apply();
})();
