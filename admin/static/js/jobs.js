/* Bars of jobs that are going on: asked for each second while the page is seen; when a job ends the page shows what came of it. */
(function () {
  'use strict';
  document.querySelectorAll('[data-job]').forEach(place => {
    if (!place.dataset.job) { if ('reload' in place.dataset) setTimeout(() => location.reload(), 4000); return; }
    const bar = place.querySelector('progress'), step = place.querySelector('[data-job-step]');
    let wait = 1000;
    const look = async () => {
      if (document.hidden) { setTimeout(look, 1000); return; }
      try {
        const job = await window.tierwise.get(place.dataset.job);
        wait = 1000;
        if (bar) { if (job.share === null) bar.removeAttribute('value'); else bar.value = job.share; }
        if (step && step.textContent !== job.step) step.textContent = job.step;
        if (!job.open) { if ('reload' in place.dataset) location.reload(); return; }
      } catch (error) { wait = Math.min(wait * 2, 15000); }
      setTimeout(look, wait);
    };
    document.addEventListener('DOMContentLoaded', look);
    if (document.readyState !== 'loading') look();
  });
})();
