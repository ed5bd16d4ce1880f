"use strict";
// Follows runs and studies: the new page takes the place of the old one, but not while somebody looks closely at a chart or selects text.
{
  const status = document.getElementById("live");
  const say = text => { if (status.textContent !== text) status.textContent = text; };
  let stamp, due = false, unsure = true, busy = false; // a newer page is known of, or possible
  const used = () => document.querySelector(".tip, .back, .drag, .legend.off, .tools .on, :checked")
    || document.getSelection()?.isCollapsed === false;
  const update = async () => {
    if (used()) {
      say(due ? "there is more; it is shown when no chart is zoomed, changed or pointed at, and no text selected" : "live");
      return;
    }
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) throw new Error(answer.status === 503 ? "this page cannot be made just now" : await answer.text());
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (used()) return; // since it was asked for
      const summary = details => details.querySelector("summary").textContent;
      const open = new Map([...document.querySelectorAll("details")].map(details => [summary(details), details.open]));
      for (const part of ["header", "main", "#data"]) document.querySelector(part).replaceWith(page.querySelector(part));
      for (const details of document.querySelectorAll("details")) details.open = open.get(summary(details)) ?? details.open;
      document.title = page.title;
      charts();
      due = unsure = false;
      say("live");
    } catch (error) {
      say("not live: " + error.message);
    }
  };
  const ask = async () => {
    if (busy || document.hidden) return; // only while somebody looks
    busy = true;
    try {
      const answer = await fetch("stamp" + location.search);
      if (!answer.ok) throw new Error(answer.status);
      const now = await answer.text();
      due ||= stamp !== undefined && now !== stamp;
      stamp = now;
      if (due || unsure) await update();
      else say("live");
    } catch {
      say("not live: the process that showed this page has ended, or cannot be reached");
    }
    busy = false;
  };
  ask();
  setInterval(ask, 1000);
}
