// What a page gains with scripts: the part marked data-live is asked for again every few seconds, unless it is paused,
// hidden, or somebody is at work inside of it. Without scripts everything works, and "Reload" does the same.
"use strict";

(() => {
  const EVERY_MS = 5000;
  const live = document.querySelector("[data-live]");
  const bar = document.querySelector("[data-refresh]");
  if (!live || !bar) return;

  const word = bar.querySelector("[data-refresh-word]");
  const at = bar.querySelector("[data-refresh-at]");
  const pause = bar.querySelector("[data-refresh-pause]");
  const news = document.querySelector("[data-news]");
  let paused = false;
  let over = false;
  let timer = 0;

  const say = (text) => { if (word.textContent !== text) word.textContent = text; };

  const address = () => {
    const url = new URL(location.href);
    url.searchParams.set("live", "1");
    url.searchParams.delete("done");
    return url;
  };

  // A list that is being read or filled in must not jump under somebody's hands.
  const busy = () => live.contains(document.activeElement) || !document.getSelection().isCollapsed;

  const show = (text) => {
    const made = new DOMParser().parseFromString(text, "text/html");
    const open = new Set([...live.querySelectorAll("details[open]")].map((each) => each.id));
    live.replaceChildren(...made.body.childNodes);
    for (const each of live.querySelectorAll("details[id]")) each.open = open.has(each.id);
    const told = live.querySelector("[data-told]");
    at.textContent = told ? told.dataset.at : "";
    if (news && told && news.textContent !== told.dataset.told) news.textContent = told.dataset.told;
    say("Live, as of");
  };

  const look = async () => {
    window.clearTimeout(timer);
    if (!paused && !document.hidden && !busy()) {
      try {
        const answer = await fetch(address(), { credentials: "same-origin", cache: "no-store" });
        if (answer.ok) show(await answer.text());
        else if (answer.status === 401) { over = true; say("Signed out; reload to sign in. Last seen"); }
        else say("The bridge cannot tell now. Last seen");
      } catch {
        say("The bridge does not answer. Last seen");
      }
    }
    if (!over) timer = window.setTimeout(look, EVERY_MS);
  };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Go on" : "Pause";
    say(paused ? "Paused at" : "Live, as of");
    if (!paused) look();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  say("Live, as of");
  timer = window.setTimeout(look, EVERY_MS);
})();
