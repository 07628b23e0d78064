// The new-run form: examples fill the description in place, and a second click sends nothing twice.
"use strict";
(() => {
  for (const link of document.querySelectorAll("[data-fill]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const field = document.getElementById(link.dataset.fill);
      field.value = link.textContent;
      field.focus();
    });
  }
  const form = document.getElementById("new-run");

  // Pictures may be dropped on the form or pasted into it; they join those that were chosen.
  const picker = form.querySelector("[type=file]");
  const add = (files) => {
    const pictures = [...files].filter((file) => file.type.startsWith("image/"));
    const all = new DataTransfer();
    for (const file of [...picker.files, ...pictures]) all.items.add(file);
    picker.files = all.files;
    return pictures.length > 0;
  };
  form.addEventListener("paste", (event) => {
    if (add(event.clipboardData.files)) event.preventDefault();
  });
  for (const name of ["dragover", "drop"]) {
    form.addEventListener(name, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      if (name === "drop") add(event.dataTransfer.files);
    });
  }

  form.addEventListener("submit", () => { form.querySelector("[type=submit]").disabled = true; });
  addEventListener("pageshow", () => { form.querySelector("[type=submit]").disabled = false; });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
})();
