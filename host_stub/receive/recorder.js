// Makes the recorder's first page live. Without it the page shows the same when it is loaded again.
(() => {
  const table = document.querySelector("#requests[data-live]");
  if (!table || !window.EventSource) return;
  const body = table.tBodies[0];
  const most = Number(table.dataset.most);
  const live = document.getElementById("live");
  const nothing = document.getElementById("nothing");
  let last = Number(table.dataset.last);
  let wanted = last;
  let busy = false;

  const say = (is_on) => {
    live.textContent = is_on ? "live" : "connection lost: trying again";
    live.classList.toggle("on", is_on);
  };

  const fetch_rows = async () => {
    if (busy || wanted <= last) return;
    busy = true;
    try {
      const answer = await fetch(`/_receive/rows?after=${last}`);
      if (!answer.ok) throw new Error(answer.statusText);
      const rows = document.createElement("template");
      rows.innerHTML = await answer.text();
      const all = [...rows.content.querySelectorAll("tr")];
      for (const row of all) row.classList.add("new");
      last = Math.max(last, wanted, ...all.map((row) => Number(row.dataset.number)));
      body.prepend(...all);
      while (body.rows.length > most) body.rows[body.rows.length - 1].remove();
      nothing.hidden = body.rows.length > 0;
    } catch {
      say(false);
    }
    // Not more often than an eye can follow.
    setTimeout(() => { busy = false; fetch_rows(); }, 200);
  };

  const source = new EventSource("/_receive/events");
  source.onopen = () => say(true);
  source.onerror = () => say(false);
  source.addEventListener("request", (event) => {
    const told = JSON.parse(event.data);
    for (const name of ["received", "repeats", "refused"])
      document.getElementById(`count-${name}`).textContent = told[name];
    wanted = told.number;
    fetch_rows();
  });
  // What someone is typing is not taken away.
  const script = document.getElementById("script");
  const load_again = () => script.value === script.defaultValue && location.assign("/");
  source.addEventListener("changed", load_again);
  source.addEventListener("missed", load_again);
  addEventListener("pagehide", () => source.close());
})();
