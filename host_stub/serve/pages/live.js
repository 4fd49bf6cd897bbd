// Makes the pages live. Without it a page shows the same when it is loaded again.
//
// A part of a page with an id and data-live is fetched anew when something has changed; what a person is typing into,
// or has opened, stays as it is. data-walk="LANE" shows how far that lane's walk has come.
for (const file of document.querySelectorAll("input[type=file][data-fills]")) {
  const field = document.getElementById(file.dataset.fills);
  file.closest("[hidden]")?.removeAttribute("hidden");
  file.addEventListener("change", async () => {
    if (file.files.length > 0) field.value = await file.files[0].text();
  });
}
(() => {
  const live = document.getElementById("live");
  if (!window.EventSource || !live) return;

  const say = (is_on) => {
    live.hidden = false;
    live.textContent = is_on ? "live" : "offline";
    live.title = is_on ? "This page follows what happens." : "The server does not answer. Trying again.";
    live.classList.toggle("on", is_on);
  };

  // Typed or chosen, and not sent yet.
  const is_touched = (field) =>
    field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
    : field.tagName === "SELECT" ? [...field.options].some((one) => one.selected !== one.defaultSelected)
    : field.type === "hidden" ? false : field.value !== field.defaultValue;
  const is_busy = (part) =>
    [...part.querySelectorAll("input, select, textarea")].some(
      (field) => field === document.activeElement || is_touched(field));

  const swap = (old, fresh) => {
    if (old.isEqualNode(fresh) || is_busy(old)) return;
    const opened = [...old.querySelectorAll("details[open][id]")].map((one) => one.id);
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const place = focused && (focused.id ? `#${CSS.escape(focused.id)}`
      : focused.getAttribute("href") ? `a[href="${CSS.escape(focused.getAttribute("href"))}"]`
      : focused.tagName === "BUTTON" && focused.form
        ? `form[action="${CSS.escape(focused.form.getAttribute("action"))}"] button` : null);
    for (const id of opened) fresh.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
    old.replaceWith(fresh);
    if (place) fresh.querySelector(place)?.focus({ preventScroll: true });
  };

  let wanted = false;
  let busy = false;
  const look_again = async () => {
    wanted = true;
    if (busy || !document.querySelector("[data-live]")) return;
    busy = true;
    wanted = false;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1", Accept: "text/html" } });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.ok)
        for (const part of document.querySelectorAll("[data-live][id]")) {
          const other = fresh.getElementById(part.id);
          if (other) swap(part, document.importNode(other, true));
        }
    } catch {
      say(false);
    }
    // Not more often than an eye can follow.
    setTimeout(() => { busy = false; if (wanted) look_again(); }, 700);
  };

  const span = (seconds) =>
    seconds < 60 ? `${seconds} s`
    : seconds < 3600 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s`
    : `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  const put = (part, name, text) => {
    const place = part.querySelector(`[data-is="${name}"]`);
    if (place && place.textContent !== text) place.textContent = text;
  };
  const show_walk = (walk) => {
    let is_shown = false;
    for (const part of document.querySelectorAll("[data-walk]")) {
      if (part.dataset.walk !== walk.lane) continue;
      is_shown = true;
      const bar = part.querySelector("progress");
      if (bar) { bar.max = walk.total; bar.value = walk.done; }
      put(part, "done", walk.done.toLocaleString("en"));
      put(part, "total", walk.total.toLocaleString("en"));
      put(part, "rate", walk.per_second ? `${walk.per_second.toFixed(walk.per_second < 10 ? 1 : 0)} a second` : "");
      put(part, "left", walk.left_s === null || walk.ended ? "" : `about ${span(walk.left_s)} left`);
      const last = part.querySelector('[data-is="last"]');
      if (last && walk.event_id) {
        last.textContent = walk.event_id;
        last.parentElement.hidden = false;
        last.href = `/events/${encodeURIComponent(walk.event_id)}`;
      }
    }
    // One that has only begun, or one of several that are shown together.
    if (!is_shown) look_again();
  };

  const source = new EventSource("/live");
  source.onopen = () => { say(true); look_again(); };
  source.onerror = () => say(false);
  source.addEventListener("changed", look_again);
  source.addEventListener("missed", look_again);
  source.addEventListener("walk", (event) => show_walk(JSON.parse(event.data)));
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
