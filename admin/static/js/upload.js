/* The place for a file: shows its name, takes what is dropped on it. */
(function () {
  'use strict';
  document.querySelectorAll('[data-drop]').forEach(place => {
    const input = place.querySelector('input[type="file"]'), name = place.querySelector('[data-file-name]');
    const show = () => { if (input.files.length) { name.textContent = input.files[0].name; place.classList.add('has-file'); } };
    input.addEventListener('change', show);
    ['dragover', 'dragenter'].forEach(kind => place.addEventListener(kind, event => { event.preventDefault(); place.classList.add('over'); }));
    ['dragleave', 'drop'].forEach(kind => place.addEventListener(kind, () => place.classList.remove('over')));
    place.addEventListener('drop', event => { event.preventDefault(); if (event.dataTransfer.files.length) { input.files = event.dataTransfer.files; show(); } });
  });
})();
