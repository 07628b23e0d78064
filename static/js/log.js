// The log: a filter by level, and following the newest line unless the reader has scrolled away from it.
"use strict";
(() => {
  const log = document.getElementById("log");
  const lines = document.getElementById("log-lines");
  const follow = document.getElementById("log-follow");
  const level = document.getElementById("log-level");
  const MOST = 2000;
  const NEAR = 40;

  const toEnd = () => { if (follow.checked) log.scrollTop = log.scrollHeight; };
  const trim = () => { while (lines.childElementCount > MOST) lines.firstElementChild.remove(); };

  new MutationObserver(() => { trim(); toEnd(); }).observe(lines, { childList: true });
  level.addEventListener("change", () => { log.dataset.level = level.value; toEnd(); });
  follow.addEventListener("change", toEnd);
  for (const kind of ["wheel", "touchmove", "keydown"]) {
    log.addEventListener(kind, () => setTimeout(() => {
      follow.checked = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    }, 100), { passive: true });
  }
  toEnd();
})();
