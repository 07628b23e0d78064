// The person's choice of light or dark, else that of their system; set before anything is drawn.
"use strict";
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => localStorage.getItem("theme") || (system.matches ? "dark" : "light");
  const apply = () => {
    document.documentElement.dataset.bsTheme = chosen();
    const button = document.getElementById("theme");
    if (button) button.textContent = chosen() === "dark" ? "Light" : "Dark";
  };
  apply();
  system.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    button.hidden = false;
    apply();
    button.addEventListener("click", () => {
      localStorage.setItem("theme", chosen() === "dark" ? "light" : "dark");
      apply();
      document.dispatchEvent(new Event("themechange"));
    });
  });
})();
