"use strict";
// Values under the pointer, and with the arrow keys. The charts stand without this script too.
{
  const all = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const make = (tag, parent, attributes) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return parent.appendChild(element);
  };
  const nearest = (xs, x) => {
    let low = 0, high = xs.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (xs[middle] < x) low = middle; else high = middle;
    }
    return Math.abs(xs[low] - x) <= Math.abs(xs[high] - x) ? low : high;
  };
  const show = value => Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en")
    : value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(5)));

  for (const svg of document.querySelectorAll("svg[data-series]")) {
    const [left, top, right, bottom, xMin, xMax, yMin, yMax] = svg.dataset.frame.split(" ").map(Number);
    const series = all[svg.dataset.series].filter(s => s.x.length > 0);
    const steps = [...new Set(series.flatMap(s => s.x))].sort((a, b) => a - b);
    if (steps.length === 0) continue;
    const width = svg.viewBox.baseVal.width;
    const px = x => left + (x - xMin) / (xMax - xMin) * (right - left);
    const py = y => bottom - (y - yMin) / (yMax - yMin) * (bottom - top);
    let cursor = null, tip = null, at = steps.length - 1;

    const leave = () => { cursor?.remove(); tip?.remove(); cursor = tip = null; };
    const point = () => {
      leave();
      const x = px(steps[at]);
      cursor = make("g", svg, {class: "cursor"});
      make("line", cursor, {x1: x, x2: x, y1: top, y2: bottom});
      tip = document.createElement("div");
      tip.className = "tip";
      tip.append("step " + steps[at].toLocaleString("en"));
      for (const s of series) {
        const i = nearest(s.x, steps[at]);
        make("circle", make("g", cursor, {class: "s" + s.colour}), {cx: px(s.x[i]), cy: py(s.y[i]), r: 4});
        const line = document.createElement("div");
        const away = s.x[i] === steps[at] ? "" : " (step " + s.x[i].toLocaleString("en") + ")";
        line.className = "s" + s.colour;
        line.textContent = s.name.replace(/, best .*/, "") + " " + show(s.y[i]) + away;
        tip.append(line);
      }
      svg.parentNode.append(tip);
      const scale = svg.clientWidth / width;
      const beside = x * scale + 12;
      tip.style.left = Math.max(0, beside + tip.offsetWidth > svg.clientWidth ? x * scale - 12 - tip.offsetWidth : beside) + "px";
      const low = svg.clientHeight < 250; // in a low chart it would hide the curve: below it, then
      tip.style.top = (low ? svg.clientHeight : top * scale) + "px";
    };
    svg.addEventListener("pointermove", event => {
      const x = (event.clientX - svg.getBoundingClientRect().left) * width / svg.clientWidth;
      at = nearest(steps, xMin + (x - left) / (right - left) * (xMax - xMin));
      point();
    });
    svg.addEventListener("pointerleave", leave);
    svg.addEventListener("blur", leave);
    svg.addEventListener("keydown", event => {
      const move = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (move === undefined) return;
      event.preventDefault();
      at = Math.min(steps.length - 1, Math.max(0, at + move));
      point();
    });
    svg.tabIndex = 0;
  }
}
