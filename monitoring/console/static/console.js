// Two comforts; every page works without them: "/" goes to the search, and a page that says data-live renews itself.
"use strict";

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const field = document.getElementById("q");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  }
});

const live = document.querySelector("main[data-live]");

async function renew() {
  if (document.hidden || live.contains(document.activeElement)) return;
  const answer = await fetch(location.href, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of ["main", ".foot", ".tabs"]) {
    const [mine, fresh] = [document.querySelector(part), page.querySelector(part)];
    if (mine && fresh && mine.innerHTML !== fresh.innerHTML) mine.innerHTML = fresh.innerHTML;
  }
}

if (live) setInterval(() => renew().catch(() => {}), 1000 * Number(live.dataset.live));
