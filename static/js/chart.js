// Quality over time, in the colours of the page.
"use strict";
(() => {
  const points = JSON.parse(document.getElementById("points").textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let chart;
  const draw = () => {
    if (chart) chart.destroy();
    const axis = { grid: { color: colour("--bs-border-color") }, ticks: { color: colour("--bs-body-color") } };
    chart = new Chart(document.getElementById("quality"), {
      type: "line",
      data: {
        labels: points.map((point) => point.label),
        datasets: [{
          data: points.map((point) => point.quality),
          borderColor: colour("--bs-primary"),
          pointBackgroundColor: points.map((point) => colour(point.status === "succeeded" ? "--bs-success" : "--bs-danger")),
          pointRadius: 4,
        }],
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        plugins: { legend: { display: false }, tooltip: { callbacks: { label: (item) => `${item.parsed.y} %, ${points[item.dataIndex].status}` } } },
        scales: { x: axis, y: { ...axis, min: 0, max: 100 } },
      },
    });
  };
  draw();
  document.addEventListener("themechange", draw);
})();
