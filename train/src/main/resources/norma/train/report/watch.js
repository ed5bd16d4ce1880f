"use strict";
// Follows runs and studies: the new page takes the place of the old one, but not while somebody looks closely at a chart.
{
  const status = document.getElementById("live");
  const say = text => { if (status.textContent !== text) status.textContent = text; };
  let due = false, unsure = false, fetching = false; // a newer page is known of, or possible
  const update = async () => {
    if (!due && !unsure || fetching) return;
    if (document.querySelector(".tip, .back, .drag, .legend.off, .tools .on, :checked")) {
      if (due) say("there is more; it is shown when no chart is zoomed, changed or pointed at");
      return;
    }
    fetching = true;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) throw new Error(answer.status === 503 ? "this page cannot be made just now" : await answer.text());
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
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
    fetching = false;
  };
  // Only while somebody looks: browsers keep six connections to a host, over all of its tabs.
  let source = null, again = document.hidden;
  const follow = () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (!source) {
      source = new EventSource("events" + location.search);
      source.onmessage = () => { due = true; update(); };
      source.onopen = () => { unsure ||= again; again = true; say("live"); }; // nobody has told what came meanwhile
      source.onerror = () => say("not live: the process that showed this page has ended, or cannot be reached");
    }
  };
  document.addEventListener("visibilitychange", follow);
  follow();
  setInterval(update, 1000);
}
