"use strict";
// Values under the pointer, zoom, hidden curves, another scale, smoothing and saving, with the keyboard too. The charts stand without
// this script.
function charts() {
  const all = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const make = (tag, parent, attributes, text = "") => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
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
  // Multiples of 1, 2 or 5 times a power of ten.
  const ticks = (min, max, count, whole) => {
    const power = 10 ** Math.floor(Math.log10((max - min) / count));
    const step = Math.max(whole ? 1 : 0, power * [1, 2, 5, 10].find(f => f * power * count >= (max - min) * (1 - 1e-9)));
    const values = [];
    for (let i = Math.ceil(min / step - 1e-9); i * step <= max + step * 1e-9; i++) values.push(Number((i * step).toPrecision(12)));
    return values;
  };
  let clips = 0;

  for (const svg of document.querySelectorAll("svg[data-series]")) {
    const [left, top, right, bottom, ...ends] = svg.dataset.frame.split(" ").map(Number);
    const linear = y => y;
    const drawn = svg.dataset.scale === "log" ? Math.log10 : linear;
    let scale = drawn, smooth = false;
    const whole = {x0: ends[0], x1: ends[1], y0: ends[2], y1: ends[3]};
    const series = all[svg.dataset.series].map((s, curve) => ({...s, curve, hidden: false}));
    const width = svg.viewBox.baseVal.width;
    const font = Number(svg.getAttribute("font-size"));
    const axes = svg.querySelector(".axes");
    const drawnAxes = [...axes.children];
    const curves = [...svg.querySelectorAll("[data-curve]:not(.legend)")];
    const shapes = curves.map(g => [...g.children].map(e =>
      e.tagName === "path" ? [e, e.getAttribute("d")] : [e, Number(e.getAttribute("cx")), Number(e.getAttribute("cy"))]));
    let view = whole, cursor = null, tip = null, clip = null, back = null, drag = null, steps = [], at = 0;
    const px = x => left + (x - view.x0) / (view.x1 - view.x0) * (right - left);
    const py = y => bottom - (scale(y) - view.y0) / (view.y1 - view.y0) * (bottom - top);

    const leave = () => { cursor?.remove(); tip?.remove(); cursor = tip = null; };
    const point = () => {
      leave();
      if (steps.length === 0) return;
      const x = px(steps[at]);
      cursor = make("g", svg, {class: "cursor"});
      make("line", cursor, {x1: x, x2: x, y1: top, y2: bottom});
      tip = document.createElement("div");
      tip.className = "tip";
      tip.append("step " + steps[at].toLocaleString("en"));
      for (const s of series.filter(s => !s.hidden && s.x.length > 0)) {
        const i = nearest(s.x, steps[at]);
        if (s.x[i] >= view.x0 && s.x[i] <= view.x1) {
          make("circle", make("g", cursor, {class: "s" + s.colour}), {cx: px(s.x[i]), cy: py(s.y[i]), r: 4});
        }
        const line = document.createElement("div");
        const away = s.x[i] === steps[at] ? "" : " (step " + s.x[i].toLocaleString("en") + ")";
        const range = s.low && s.low[i] < s.high[i] ? ", " + show(s.low[i]) + " to " + show(s.high[i]) : "";
        line.className = "s" + s.colour;
        line.textContent = s.name.replace(/, best .*/, "") + " " + show(s.y[i]) + range + away;
        tip.append(line);
      }
      svg.parentNode.append(tip);
      const size = svg.clientWidth / width;
      const beside = x * size + 12;
      tip.style.left = Math.max(0, beside + tip.offsetWidth > svg.clientWidth ? x * size - 12 - tip.offsetWidth : beside) + "px";
      const low = svg.clientHeight < 250; // in a low chart it would hide the curve: below it, then
      tip.style.top = (low ? svg.clientHeight : top * size) + "px";
    };

    const drawAxes = () => {
      const log = scale !== linear;
      let ys = ticks(view.y0, view.y1, Math.max(3, (bottom - top) / 50), false);
      if (log) {
        const decades = [...Array(40).keys()].map(i => i - 20);
        const marks = view.y1 - view.y0 > 2 ? [1] : [1, 2, 5];
        ys = decades.flatMap(d => marks.map(m => d + Math.log10(m))).filter(e => e >= view.y0 && e <= view.y1);
        if (ys.length < 2) ys = ticks(10 ** view.y0, 10 ** view.y1, 4, false).filter(v => v > 0).map(Math.log10);
      }
      for (const e of ys) {
        const y = bottom - (e - view.y0) / (view.y1 - view.y0) * (bottom - top);
        make("line", axes, {class: "grid", x1: left, x2: right, y1: y, y2: y});
        make("text", axes, {class: "soft", x: left - 6, y: y + font * 0.35, "text-anchor": "end"}, show(log ? 10 ** e : e));
      }
      for (const x of ticks(view.x0, view.x1, Math.max(2, Math.floor(width / (font * 8))), true)) {
        make("line", axes, {class: "soft", x1: px(x), x2: px(x), y1: bottom, y2: bottom + 4});
        make("text", axes, {class: "soft", x: px(x), y: bottom + font * 1.4, "text-anchor": "middle"}, x.toLocaleString("en"));
      }
    };
    const draw = () => {
      leave();
      const plain = view === whole && scale === drawn && !smooth;
      const value = v => { // of a point as it was drawn
        const e = whole.y0 + (bottom - v) / (bottom - top) * (whole.y1 - whole.y0);
        return drawn === linear ? e : 10 ** e;
      };
      const x = v => px(whole.x0 + (v - left) / (right - left) * (whole.x1 - whole.x0));
      const path = (d, marked) => {
        let mean = null;
        const line = smooth && !marked && !/[Zh]/.test(d); // an exponential moving average of a fifth new, four fifths old
        return d.replace(/([ML])(\S+) ([^MLhZ]+)/g, (_, to, u, v) => {
          mean = !line || mean === null || to === "M" ? value(+v) : 0.8 * mean + 0.2 * value(+v);
          return to + x(+u).toFixed(2) + " " + py(mean).toFixed(2);
        });
      };
      if (!plain && clip === null) {
        clip = "clip" + clips++;
        make("rect", make("clipPath", svg, {id: clip}), {x: left, y: top - 3, width: right - left + 3, height: bottom - top + 6});
      }
      curves.forEach((g, k) => {
        g.style.display = series[g.dataset.curve].hidden ? "none" : "";
        if (plain) g.removeAttribute("clip-path"); else g.setAttribute("clip-path", "url(#" + clip + ")");
        for (const [e, a, b] of shapes[k]) {
          if (e.tagName === "path") {
            e.setAttribute("d", plain ? a : path(a, g.querySelector("circle") !== null));
          } else {
            e.setAttribute("cx", plain ? a : x(a));
            e.setAttribute("cy", plain ? b : py(value(b)));
          }
        }
      });
      axes.replaceChildren();
      if (plain) axes.append(...drawnAxes); else drawAxes();
      steps = [...new Set(series.filter(s => !s.hidden).flatMap(s => s.x))].filter(v => v >= view.x0 && v <= view.x1).sort((a, b) => a - b);
      at = Math.max(0, Math.min(at, steps.length - 1));
      back?.remove();
      back = null;
      if (!plain && (view.x0 !== whole.x0 || view.x1 !== whole.x1)) {
        back = document.createElement("button");
        back.className = "back";
        back.textContent = "show all";
        back.addEventListener("click", () => look(whole.x0, whole.x1));
        svg.parentNode.append(back);
      }
    };
    // From one x to another, and on the y axis what is there of the curves that are shown.
    const look = (x0, x1) => {
      const shown = series.filter(s => !s.hidden);
      const ys = [];
      for (const s of shown) {
        for (const values of [s.low ?? s.y, s.high ?? s.y].map(v => v.map(scale))) {
          s.x.forEach((v, i) => {
            if (v >= x0 && v <= x1) ys.push(values[i]);
            for (const edge of [x0, x1]) { // where a line crosses it
              if (v < edge && edge < s.x[i + 1]) ys.push(values[i] + (edge - v) / (s.x[i + 1] - v) * (values[i + 1] - values[i]));
            }
          });
        }
      }
      const finite = ys.filter(Number.isFinite);
      const isWhole = x0 === whole.x0 && x1 === whole.x1 && shown.length === series.length && scale === drawn;
      if (isWhole || finite.length === 0) {
        view = isWhole ? whole : {...whole, x0, x1};
      } else {
        const y0 = finite.reduce((a, b) => Math.min(a, b)), y1 = finite.reduce((a, b) => Math.max(a, b));
        const pad = (y1 - y0 || Math.abs(y1) || 1) * 0.05;
        view = {x0, x1, y0: y0 - pad, y1: y1 + pad};
      }
      draw();
    };
    const zoom = (x0, x1) => look(Math.max(whole.x0, Math.min(x0, whole.x1 - 1)), Math.min(whole.x1, x1));
    draw();
    if (steps.length === 0) continue;
    at = steps.length - 1;

    for (const label of svg.querySelectorAll(".legend")) {
      const toggle = () => {
        const s = series[label.dataset.curve];
        s.hidden = !s.hidden;
        label.classList.toggle("off", s.hidden);
        label.setAttribute("aria-pressed", String(!s.hidden));
        look(view.x0, view.x1);
      };
      label.setAttribute("role", "button");
      label.setAttribute("tabindex", "0");
      label.setAttribute("aria-pressed", "true");
      label.addEventListener("click", toggle);
      label.addEventListener("keydown", event => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        toggle();
      });
    }

    const tools = document.createElement("div");
    tools.className = "tools " + ["wide", "narrow"].filter(name => svg.classList.contains(name)).join();
    const tool = (name, help, click) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.title = help;
      button.addEventListener("click", () => click(button));
      tools.append(button);
      return button;
    };
    const onOff = (button, on) => { button.classList.toggle("on", on); button.setAttribute("aria-pressed", String(on)); look(view.x0, view.x1); };
    const other = drawn === linear ? Math.log10 : linear;
    const values = series.flatMap(s => [s.low ?? s.y, s.y].flat());
    if (values.every(y => y > 0)) {
      tool(other === linear ? "linear" : "log", "the other scale of the y axis", button => {
        scale = scale === drawn ? other : drawn;
        onOff(button, scale !== drawn);
      });
    }
    tool("smooth", "moving average of the lines", button => { smooth = !smooth; onOff(button, smooth); });
    const save = (kind, url) => {
      const link = document.createElement("a");
      const title = (svg.getAttribute("aria-label") ?? "chart").toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60);
      link.download = title.replace(/^-|-$/g, "") + "." + kind;
      link.href = url;
      link.click();
    };
    // The picture by itself: the page's styles go into its elements.
    const picture = () => {
      const copy = svg.cloneNode(true);
      const style = getComputedStyle(document.body);
      const from = svg.querySelectorAll("*");
      copy.querySelectorAll("*").forEach((element, i) => {
        const is = getComputedStyle(from[i]);
        element.setAttribute("style", ["fill", "stroke", "stroke-dasharray", "opacity", "display", "font-weight"]
          .map(name => name + ":" + is.getPropertyValue(name)).join(";"));
      });
      copy.querySelectorAll(".cursor").forEach(element => element.remove());
      copy.setAttribute("xmlns", SVG);
      copy.setAttribute("width", width);
      copy.setAttribute("height", svg.viewBox.baseVal.height);
      copy.setAttribute("style", "background:" + style.backgroundColor + ";font-family:" + style.fontFamily.replaceAll('"', "'"));
      return "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(copy));
    };
    tool("SVG", "save as a drawing", () => save("svg", picture()));
    tool("PNG", "save as a picture", () => {
      const image = new Image();
      image.onload = () => {
        const canvas = document.createElement("canvas");
        canvas.width = 2 * width;
        canvas.height = 2 * svg.viewBox.baseVal.height;
        canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
        save("png", canvas.toDataURL("image/png"));
      };
      image.src = picture();
    });
    tool("CSV", "save the numbers", () => {
      const quoted = text => /[",\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
      const xs = [...new Set(series.flatMap(s => s.x))].sort((a, b) => a - b);
      const columns = series.map(s => new Map(s.x.map((x, i) => [x, s.y[i]])));
      const lines = [["step", ...series.map(s => quoted(s.name))], ...xs.map(x => [x, ...columns.map(c => c.get(x) ?? "")])];
      save("csv", "data:text/csv;charset=utf-8," + encodeURIComponent(lines.map(line => line.join(",") + "\n").join("")));
    });
    svg.parentNode.append(tools);

    const user = event => (event.clientX - svg.getBoundingClientRect().left) * width / svg.clientWidth;
    const data = x => view.x0 + (x - left) / (right - left) * (view.x1 - view.x0);
    svg.addEventListener("pointerdown", event => {
      const x = user(event);
      const y = (event.clientY - svg.getBoundingClientRect().top) * width / svg.clientWidth;
      if (event.pointerType === "touch" || event.button !== 0 || x < left || x > right || y < top || y > bottom) return;
      drag = {from: x, area: make("rect", svg, {class: "drag", x, y: top, width: 0, height: bottom - top})};
      svg.setPointerCapture(event.pointerId);
      event.preventDefault();
      svg.focus({preventScroll: true});
    });
    svg.addEventListener("pointermove", event => {
      const x = user(event);
      if (drag !== null) {
        const to = Math.max(left, Math.min(right, x));
        drag.area.setAttribute("x", Math.min(drag.from, to));
        drag.area.setAttribute("width", Math.abs(to - drag.from));
      }
      at = nearest(steps, data(x));
      point();
    });
    svg.addEventListener("pointerup", event => {
      if (drag === null) return;
      const from = drag.from, to = Math.max(left, Math.min(right, user(event)));
      drag.area.remove();
      drag = null;
      if (Math.abs(to - from) > 8) zoom(data(Math.min(from, to)), data(Math.max(from, to)));
    });
    svg.addEventListener("pointercancel", () => { drag?.area.remove(); drag = null; });
    svg.addEventListener("dblclick", () => look(whole.x0, whole.x1));
    svg.addEventListener("pointerleave", leave);
    svg.addEventListener("blur", leave);
    svg.addEventListener("keydown", event => {
      const move = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      const factor = {"+": 0.5, "=": 0.5, "-": 2}[event.key];
      if (move === undefined && factor === undefined && event.key !== "0") return;
      event.preventDefault();
      if (move !== undefined) {
        at = Math.min(steps.length - 1, Math.max(0, at + move));
      } else if (factor !== undefined) {
        const x = steps[at] ?? (view.x0 + view.x1) / 2, half = (view.x1 - view.x0) * factor / 2;
        zoom(x - half, x + half);
        at = nearest(steps, x);
      } else {
        look(whole.x0, whole.x1);
      }
      point();
    });
    svg.tabIndex = 0;
  }
}
charts();
