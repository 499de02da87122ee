// Sorts tables by their heads and shows what a mark of a chart stands for. The page is whole without it.
"use strict";
(() => {
  const worth = (cell) => {
    const text = cell.textContent.trim().replaceAll(",", "").replace("−", "-");
    const number = parseFloat(text);
    return cell.classList.contains("n") ? (Number.isNaN(number) ? -Infinity : number) : text.toLowerCase();
  };
  for (const head of document.querySelectorAll("th")) {
    head.firstElementChild.addEventListener("click", () => {
      const table = head.closest("table");
      const place = [...head.parentElement.children].indexOf(head);
      const numeric = head.classList.contains("n");
      const now = head.getAttribute("aria-sort");
      const next = now ? (now === "descending" ? "ascending" : "descending") : numeric ? "descending" : "ascending";
      const sign = next === "ascending" ? 1 : -1;
      for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", next);
      const body = table.tBodies[0];
      const rows = [...body.rows].map((row) => [worth(row.cells[place]), row]);
      rows.sort(([a], [b]) => (a < b ? -sign : a > b ? sign : 0));
      body.append(...rows.map(([, row]) => row));
    });
  }
  const hint = document.getElementById("hint");
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest?.(".chart [aria-roledescription]");
    const text = mark?.getAttribute("aria-label");
    hint.hidden = !text || /group|axis|legend/.test(mark.getAttribute("aria-roledescription"));
    if (hint.hidden) return;
    hint.textContent = text;
    const left = Math.min(event.pageX + 14, document.documentElement.clientWidth - hint.offsetWidth - 8);
    hint.style.left = `${Math.max(8, left)}px`;
    hint.style.top = `${event.pageY + 16}px`;
  });
  document.documentElement.dataset.ready = "yes";
})();
