// The run page's connection: it asks for what came after the newest event it has, so that nothing is missed or doubled.
"use strict";
(() => {
  const live = document.getElementById("live");
  const banner = document.getElementById("reconnecting");
  const POLL = 3000;
  const ICONS = { succeeded: "ok", failed: "failed", unverified: "warning", paused: "warning", waiting: "warning", running: "running", queued: "running" };
  let open = false;

  const after = () => document.getElementById("last-seq").dataset.seq;

  htmx.config.wsReconnectDelay = (retries) => Math.min(500 * 2 ** retries, 5000) * (0.75 + Math.random() / 2);
  htmx.createWebSocket = (url) => new WebSocket(`${url}?after=${after()}`);

  document.body.addEventListener("htmx:wsOpen", () => {
    open = true;
    banner.hidden = true;
  });
  document.body.addEventListener("htmx:wsClose", () => {
    open = false;
    banner.hidden = false;
  });

  setInterval(() => {
    if (!open) htmx.ajax("GET", `${live.dataset.poll}?after=${after()}`, { target: "#live", swap: "none" });
  }, POLL);

  // Forms that came over the socket have no token: it belongs to the page.
  document.addEventListener("submit", ({ target: form }) => {
    if (form.method !== "post" || form.elements.csrfmiddlewaretoken) return;
    const token = document.createElement("input");
    Object.assign(token, { type: "hidden", name: "csrfmiddlewaretoken", value: JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"] });
    form.append(token);
  });

  // Title and icon tell the status while the page is in the background.
  const showStatus = () => {
    const status = document.getElementById("summary").dataset.status;
    document.title = status === "running" ? `▶ ${live.dataset.title}` : `${status}: ${live.dataset.title}`;
    document.getElementById("favicon").href = live.dataset.icons.replace("idle", ICONS[status] || "idle");
  };
  showStatus();
  for (const name of ["htmx:wsAfterMessage", "htmx:oobAfterSwap"]) document.body.addEventListener(name, showStatus);

  // Elapsed time goes on between updates, from what the server said when the figure was drawn.
  const text = (seconds) => {
    if (seconds < 60) return `${seconds.toFixed(1)} s`;
    const minutes = Math.floor(seconds / 60);
    return minutes < 60 ? `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  };
  const drawn = new WeakMap();
  setInterval(() => {
    for (const element of document.querySelectorAll("[data-elapsed]")) {
      if (!drawn.has(element)) drawn.set(element, performance.now());
      element.textContent = text(Number(element.dataset.elapsed) + (performance.now() - drawn.get(element)) / 1000);
    }
    for (const element of document.querySelectorAll("[data-until]")) {
      const left = (Date.parse(element.dataset.until) - Date.now()) / 1000;
      element.textContent = left > 0 ? `in ${left < 60 ? `${Math.ceil(left)} s` : text(left)}` : "now";
    }
  }, 200);
})();
