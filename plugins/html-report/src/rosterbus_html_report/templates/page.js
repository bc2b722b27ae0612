(() => {
  "use strict";

  const PAGE = 50;
  const CAUSES = 8;
  const PAUSE = 150;
  const WHOLE_ROW = "whole row";
  const SVG = "http://www.w3.org/2000/svg";
  const number = new Intl.NumberFormat("en-US");
  const at = (id) => document.getElementById(id);

  function made(tag, text, attributes = {}) {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  // A sentence in which what stands in backticks is a name.
  function prose(sentence) {
    const told = document.createElement("bdi");
    told.append(...sentence.split(/`([^`]+)`/).map((piece, place) => (place % 2 ? made("code", piece) : piece)));
    return told;
  }

  // A plural with its number.
  const counted = (count, noun) => `${number.format(count)} ${noun}${count === 1 ? "" : "s"}`;

  // The embedded problems as flat columns, so that a hundred thousand of them are searched in one short loop.
  function readProblems(told) {
    const columns = { file: [], row: [], key: [], cause: [], value: [] };
    for (const block of told.blocks) {
      for (const [name, cells] of Object.entries(block)) for (const cell of cells) columns[name].push(cell);
    }
    const causes = told.causes.map(([part, column, message, vendor]) => ({
      part, column, message, vendor, text: `${column || WHOLE_ROW} ${message}`.toLowerCase(),
    }));
    return { ...told, ...columns, causes, count: columns.row.length };
  }

  function explore(problems) {
    const chosen = { part: "", cause: null, words: [], page: 0, causes: CAUSES };
    let found = [];

    // The problems that fit every choice; each cause is counted as if none of them were chosen.
    function search() {
      const counts = new Int32Array(problems.causes.length);
      const files = problems.files.map((file) => file.toLowerCase());
      const fits = (place, cause) => chosen.words.every((word) =>
        cause.text.includes(word) || problems.key[place].toLowerCase().includes(word)
        || String(problems.row[place]).includes(word) || files[problems.file[place]].includes(word));
      found = [];
      for (let place = 0; place < problems.count; place += 1) {
        const cause = problems.causes[problems.cause[place]];
        if (chosen.part !== "" && cause.part !== chosen.part) continue;
        if (chosen.words.length && !fits(place, cause)) continue;
        counts[problems.cause[place]] += 1;
        if (chosen.cause === null || chosen.cause === problems.cause[place]) found.push(place);
      }
      return counts;
    }

    function bar(share) {
      const svg = document.createElementNS(SVG, "svg");
      const rect = document.createElementNS(SVG, "rect");
      for (const [name, value] of [["aria-hidden", "true"], ["focusable", "false"]]) svg.setAttribute(name, value);
      for (const [name, value] of [["class", "fill-rejected"], ["width", `${share}%`], ["height", "100%"], ["rx", "2"]]) {
        rect.setAttribute(name, value);
      }
      svg.append(rect);
      return svg;
    }

    function causeItem(place, count, most) {
      const { part, column, message, vendor } = problems.causes[place];
      const button = made("button", "", { type: "button", "aria-pressed": String(chosen.cause === place), "data-cause": place });
      const told = made("span", "", { class: "clamp" });
      const title = document.createElement("strong");
      title.append(made("bdi", column || WHOLE_ROW));
      told.append(title, " ", prose(message));
      if (vendor) told.append(" ", made("span", "said by the vendor", { class: "badge calm" }));
      if (chosen.part === "" && problems.parts.length > 1) told.append(made("small", problems.parts[part].join(", ")));
      button.append(made("span", number.format(count), { class: "number" }), told, bar((100 * count) / most));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }

    function showCauses(counts) {
      const places = [...counts.keys()].filter((place) => counts[place]).sort((a, b) => counts[b] - counts[a] || a - b);
      const shown = places.slice(0, chosen.causes);
      if (chosen.cause !== null && !shown.includes(chosen.cause)) shown.push(chosen.cause);
      const focused = document.activeElement?.dataset?.cause;
      at("causes").replaceChildren(...shown.map((place) => causeItem(place, counts[place], counts[places[0]] || 1)));
      if (focused) at("causes").querySelector(`[data-cause="${focused}"]`)?.focus();
      const left = places.length - chosen.causes;
      at("more").hidden = left <= 0;
      const next = Math.min(left, 3 * CAUSES);
      at("more").textContent = `Show ${number.format(next)}${next < left ? ` of ${number.format(left)}` : ""} more`;
    }

    function rowElement(place) {
      const cause = problems.causes[problems.cause[place]];
      const cells = [
        ["sourcedId", problems.key[place] || "–"],
        ["File", problems.files[problems.file[place]]],
        ["Row", String(problems.row[place]), "number"],
        ["Column", cause.column || WHOLE_ROW],
      ];
      if (problems.values) cells.push(cellOf(problems.value[place]));
      cells.push(["Error", cause.message], ["For", problems.parts[cause.part].join(", ")]);
      const row = made("tr", "", { role: "row" });
      for (const [label, text, style = ""] of cells) {
        const cell = made("td", "", { role: "cell", "data-label": label, class: style });
        cell.append(label === "Error" ? prose(text) : made("bdi", text));
        row.append(cell);
      }
      return row;
    }

    function cellOf(value) {
      if (value === null) return ["Cell", "not shown", "blank"];
      return value === "" ? ["Cell", "blank", "blank"] : ["Cell", value];
    }

    function showRows() {
      const pages = Math.max(Math.ceil(found.length / PAGE), 1);
      chosen.page = Math.min(Math.max(chosen.page, 0), pages - 1);
      const first = chosen.page * PAGE;
      at("rows").replaceChildren(...found.slice(first, first + PAGE).map(rowElement));
      at("place").textContent = `Page ${number.format(chosen.page + 1)} of ${number.format(pages)}`;
      for (const button of document.querySelectorAll("[data-page]")) {
        const back = button.dataset.page === "first" || button.dataset.page === "previous";
        button.setAttribute("aria-disabled", String(back ? chosen.page === 0 : chosen.page === pages - 1));
      }
      tell(first);
    }

    // One sentence for everybody, spoken by screen readers: how many, of what, and which of them stand here.
    function tell(first) {
      const narrowed = chosen.words.length || chosen.cause !== null || chosen.part !== "";
      const these = found.length > PAGE
        ? `; ${number.format(first + 1)} to ${number.format(Math.min(first + PAGE, found.length))} are shown` : "";
      at("found").textContent = found.length === 0 ? "No problem fits this search"
        : `${counted(found.length, "problem")}${narrowed ? ` of ${number.format(problems.count)}` : ""}${these}`;
    }

    function show(change) {
      Object.assign(chosen, { page: 0 }, change);
      showCauses(search());
      showRows();
    }

    function turn(way) {
      const steps = { first: -Infinity, previous: -1, next: 1, last: Infinity };
      chosen.page = Math.min(Math.max(chosen.page + steps[way], 0), Math.ceil(found.length / PAGE) - 1);
      showRows();
    }

    // A link to the problems of one layout, from anywhere on the page.
    function follow() {
      const spot = at(location.hash.slice(1));
      if (spot?.dataset.part === undefined) return;
      at("part").value = spot.dataset.part;
      at("find").value = "";
      show({ part: Number(spot.dataset.part), cause: null, words: [], causes: CAUSES });
      at("problems-title").focus({ preventScroll: true });
      at("problems-title").scrollIntoView();
    }

    let waiting = 0;
    at("find").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => show({ words: at("find").value.toLowerCase().split(/\s+/).filter(Boolean) }), PAUSE);
    });
    at("find").form.addEventListener("submit", (event) => event.preventDefault());
    at("part").addEventListener("change", () => {
      show({ part: at("part").value === "" ? "" : Number(at("part").value), cause: null, causes: CAUSES });
    });
    at("causes").addEventListener("click", (event) => {
      const button = event.target.closest("[data-cause]");
      if (!button) return;
      const cause = Number(button.dataset.cause);
      show({ cause: chosen.cause === cause ? null : cause });
    });
    at("more").addEventListener("click", () => show({ causes: chosen.causes + 3 * CAUSES }));
    document.querySelector(".pager").addEventListener("click", (event) => {
      const button = event.target.closest("[data-page]");
      if (button && button.getAttribute("aria-disabled") !== "true") turn(button.dataset.page);
    });
    addEventListener("hashchange", follow);
    document.addEventListener("click", (event) => {
      // The browser tells nothing of a second click on the same link.
      if (event.target.closest("a")?.hash === location.hash) follow();
    });
    at("explorer").hidden = false;
    show({});
    follow();
  }

  function makeSortable(table) {
    const body = table.tBodies[0];
    const value = (row, place, numeric) => {
      const told = row.cells[place].dataset.value;
      return numeric ? Number(told) : told;
    };
    [...table.tHead.rows[0].cells].forEach((header, place) => {
      const button = made("button", header.textContent, { type: "button" });
      header.replaceChildren(button);
      button.addEventListener("click", () => {
        const before = header.getAttribute("aria-sort");
        const rows = [...body.rows];
        const numeric = rows.every((row) => value(row, place, false).trim() !== "" && !Number.isNaN(value(row, place, true)));
        const upwards = before ? before === "descending" : header.dataset.sort === "text";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        header.setAttribute("aria-sort", upwards ? "ascending" : "descending");
        rows.sort((a, b) => {
          const [one, two] = [value(a, place, numeric), value(b, place, numeric)];
          return (upwards ? 1 : -1) * (numeric ? one - two : one.localeCompare(two, "en"));
        });
        body.append(...rows);
      });
    });
  }

  function makeCopyable(block) {
    const command = block.textContent;
    const button = made("button", "Copy", { type: "button", "aria-label": `Copy ${command}` });
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(command);
        button.textContent = "Copied";
      } catch {
        // Not allowed here: the command is selected, so that the keyboard can copy it.
        getSelection().selectAllChildren(block.querySelector("code"));
        button.textContent = "Selected";
      }
    });
    block.append(button);
  }

  // What is wider than its place can be scrolled with the keyboard, and is said to be a group of its own then.
  function watchWidth(box) {
    new ResizeObserver(() => {
      const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
      const wanted = { tabindex: "0", role: "group", "aria-label": box.dataset.label };
      for (const [name, value] of Object.entries(wanted)) {
        if (scrolls) box.setAttribute(name, value); else box.removeAttribute(name);
      }
    }).observe(box);
  }

  function printEverything() {
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("details:not([open])")];
      for (const one of opened) one.open = true;
    });
    addEventListener("afterprint", () => { for (const one of opened) one.open = false; });
  }

  if (at("explorer")) explore(readProblems(JSON.parse(at("problem-data").textContent)));
  document.querySelectorAll("table.sortable").forEach(makeSortable);
  document.querySelectorAll(".command").forEach(makeCopyable);
  document.querySelectorAll(".scroll").forEach(watchWidth);
  printEverything();
})();
