"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const cells = [...document.querySelectorAll("button.cell")];
  const view = document.getElementById("view");
  const [SMALL, WHOLE, ORIGINAL, SEED, REPEAT, SCORE, PASSED] = [0, 1, 2, 3, 4, 5, 6];
  let pick = "best";
  let open = null; // the cell in the large view, and which of its images
  let shown = 0;

  const made = (tag, text, name) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (name) node.className = name;
    return node;
  };
  const told = (button) => data.cells[Number(button.dataset.i)];
  const number = (value) => (value === null ? "-" : value.toFixed(data.scale <= 10 ? 2 : 1));
  const sharpen = (event) => event.target.classList.toggle("fine", event.target.naturalWidth < 256);

  function chosen(cell) {
    if (!cell.images.length) return -1;
    if (pick === "best") return cell.best;
    if (pick === "median") return cell.median;
    return cell.images.findIndex((image) => image[SEED] === pick);
  }

  function fill(button) {
    const cell = told(button);
    const pic = button.querySelector(".pic");
    const place = chosen(cell);
    pic.querySelectorAll("img, .own").forEach((node) => node.remove());
    pic.querySelector(".why span")?.remove();
    const cause = pick in cell.causes ? "failed: " + cell.causes[pick] : null;
    pic.classList.toggle("why", place < 0);
    pic.classList.toggle("lost", place < 0 && cause !== null);
    if (place < 0) {
      const other = cell.images.length ? "no image of this seed" : cell.reason;
      pic.append(made("span", cause ?? other));
      return;
    }
    const image = cell.images[place];
    const node = made("img");
    node.loading = "lazy";
    node.decoding = "async";
    node.alt = "";
    node.addEventListener("load", sharpen);
    node.src = image[SMALL];
    pic.prepend(node);
    if (image[SCORE] !== null) pic.append(made("em", number(image[SCORE]), "own " + verdict(image)));
  }

  const verdict = (image) => (image[PASSED] === null ? "" : image[PASSED] ? "good" : "bad");

  // -- the large view

  function show(button, place) {
    open = button;
    const cell = told(button);
    shown = Math.max(0, place ?? chosen(cell));
    const image = cell.images[shown];
    const stage = view.querySelector(".stage");
    stage.replaceChildren();
    if (image) {
      const node = made("img");
      node.alt = cell.values.join(", ");
      node.addEventListener("load", sharpen);
      node.src = image[WHOLE] || image[SMALL];
      stage.append(node);
    } else {
      stage.append(made("p", cell.reason));
    }
    view.querySelector(".facts").replaceChildren(...facts(cell, image));
    if (!view.open) view.showModal();
  }

  function facts(cell, image) {
    const list = made("dl");
    const row = (name, value) => value !== "" && list.append(made("dt", name), made("dd", value));
    data.names.forEach((name, n) => cell.values[n] !== null && row(name, cell.values[n]));
    const parts = [made("h3", "Cell " + cell.id), list];
    const sums = made("dl");
    const sum = (name, value) => value && sums.append(made("dt", name), made("dd", value));
    sum("mean score", cell.mean === null ? "" : number(cell.mean) + " of " + data.scale);
    sum("95 % interval", cell.interval);
    sum("seeds", String(cell.seeds));
    sum("judged", cell.passed);
    sum("seconds", cell.seconds === null ? "" : cell.seconds.toFixed(2) + " per image");
    if (cell.front) sum("front", "no other cell is both better and faster");
    parts.push(sums);
    if (image) parts.push(strip(cell), about(image));
    const causes = Object.entries(cell.causes);
    if (causes.length) {
      const lost = made("ul", undefined, "causes");
      causes.forEach(([seed, cause]) => lost.append(made("li", "seed " + seed + ": " + cause)));
      parts.push(lost);
    }
    parts.push(foot());
    return parts;
  }

  function strip(cell) {
    const box = made("div", undefined, "strip");
    cell.images.forEach((image, place) => {
      const button = made("button");
      const small = made("img");
      small.loading = "lazy";
      small.alt = "seed " + image[SEED];
      small.src = image[SMALL];
      button.append(small, made("span", number(image[SCORE])));
      button.type = "button";
      button.setAttribute("aria-current", String(place === shown));
      button.addEventListener("click", () => show(open, place));
      box.append(button);
    });
    return box;
  }

  function about(image) {
    const list = made("dl");
    const rows = [["seed", image[SEED]], ["repeat", image[REPEAT]], ["score", number(image[SCORE])]];
    if (image[PASSED] !== null) rows.push(["passed", image[PASSED] ? "yes" : "no"]);
    rows.forEach(([name, value]) => list.append(made("dt", name), made("dd", String(value))));
    const link = made("a", "open the file");
    link.href = image[ORIGINAL] || image[WHOLE] || image[SMALL];
    link.target = "_blank";
    link.rel = "noreferrer";
    const entry = made("dd");
    entry.append(link);
    list.append(made("dt", "image"), entry);
    return list;
  }

  function foot() {
    const box = made("div", undefined, "foot");
    const close = made("button", "Close", "plain");
    close.type = "button";
    close.addEventListener("click", () => view.close());
    box.append(close, made("span", "arrows: next cell; [ and ]: next image", "keys"));
    return box;
  }

  // -- moving about

  function beside(button, dx, dy) {
    const item = button.closest("li");
    if (item) return inLine(item, dx, dy);
    const spot = button.closest("td");
    let row = spot.parentElement;
    let column = spot.cellIndex + dx;
    const rows = [...document.querySelectorAll("tbody tr")];
    if (dy) row = rows[rows.indexOf(row) + dy];
    for (; row; row = dy ? rows[rows.indexOf(row) + dy] : null) {
      while (row.cells[column]) {
        const found = row.cells[column].querySelector("button.cell");
        if (found) return found;
        if (!dx) break;
        column += dx;
      }
    }
    return null;
  }

  function inLine(item, dx, dy) {
    const items = [...item.parentElement.children];
    let place = items.indexOf(item) + dx;
    if (dy) {
      const wide = items.findIndex((other) => other.offsetTop > items[0].offsetTop);
      place += dy * (wide < 0 ? items.length : wide);
    }
    return items[place]?.querySelector("button.cell") ?? null;
  }

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function enter(button) {
    cells.forEach((cell) => cell.tabIndex === 0 && (cell.tabIndex = -1));
    button.tabIndex = 0;
    button.focus();
    button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  document.querySelector("main").addEventListener("keydown", (event) => {
    const button = event.target.closest("button.cell");
    const step = ARROWS[event.key];
    if (!button || !step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = beside(button, ...step);
    if (next) enter(next);
  });

  document.querySelector("main").addEventListener("click", (event) => {
    const button = event.target.closest("button.cell");
    if (button) show(button);
  });

  view.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    const turn = { "[": -1, "]": 1 }[event.key];
    if (step) {
      event.preventDefault();
      const next = beside(open, ...step);
      if (next) show(next);
    } else if (turn) {
      const count = told(open).images.length;
      if (count) show(open, (shown + turn + count) % count);
    }
  });
  view.addEventListener("click", (event) => event.target === view && view.close());
  view.addEventListener("close", () => open && enter(open));

  document.getElementById("pick").addEventListener("change", (event) => {
    pick = event.target.value;
    cells.forEach(fill);
  });
  document.getElementById("size").addEventListener("change", (event) => {
    document.body.className = event.target.value;
  });
  document.getElementById("group")?.addEventListener("change", (event) => {
    document.getElementById(event.target.value)?.scrollIntoView();
  });
  document.getElementById("to-best")?.addEventListener("click", () => {
    const best = document.querySelector("button.cell.best");
    if (best) enter(best);
  });
  document.querySelectorAll(".pic img").forEach((node) => {
    if (node.complete && node.naturalWidth) sharpen({ target: node });
    else node.addEventListener("load", sharpen);
  });
  pick = document.getElementById("pick").value;
  if (pick !== data.pick) cells.forEach(fill); // the browser may remember another choice
})();
