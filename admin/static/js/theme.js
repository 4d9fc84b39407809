/* Before the first paint: a reader who never chose a theme gets the one of the system, and follows it when it changes. */
(function () {
  'use strict';
  const root = document.documentElement;
  if (root.dataset.theme === 'light' || root.dataset.theme === 'dark') return;
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const follow = () => { root.dataset.theme = dark.matches ? 'dark' : 'light'; };
  follow();
  dark.addEventListener('change', follow);
})();
