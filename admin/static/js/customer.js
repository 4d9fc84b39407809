/* The page of a customer: dialogs, and the facts behind a feature opened in place. */
(function () {
  'use strict';
  document.querySelectorAll('[data-open]').forEach(button => button.addEventListener('click', () => document.getElementById(button.dataset.open).showModal()));
  document.querySelectorAll('dialog [data-close]').forEach(button => button.addEventListener('click', () => button.closest('dialog').close()));
  const box = document.getElementById('evidence');
  if (!box) return;
  const body = box.querySelector('tbody'), said = box.querySelector('[data-said]'), title = box.querySelector('h2'), next = box.querySelector('[data-next]');
  const cell = (row, text, name) => { const made = row.insertCell(); made.textContent = text; if (name) made.className = name; };
  const show = (url, more) => {
    fetch(url, { headers: { Accept: 'application/json' } }).then(answer => answer.json().then(found => [answer.ok, found])).then(([good, found]) => {
      if (!more) { body.replaceChildren(); title.textContent = good ? found.title : ''; }
      said.textContent = good ? found.said : (found.detail || box.dataset.failed);
      if (good) found.facts.forEach(fact => {
        const row = body.insertRow();
        cell(row, fact.what); cell(row, fact.at, 'nowrap'); cell(row, fact.amount, 'num'); cell(row, fact.counted);
        if (!fact.yes) row.className = 'muted';
      });
      next.hidden = !(good && found.next);
      next.onclick = good && found.next ? () => show(found.next, true) : null;
      if (!box.open) box.showModal();
    }).catch(() => { said.textContent = box.dataset.failed; if (!box.open) box.showModal(); });
  };
  document.querySelectorAll('[data-evidence]').forEach(button => button.addEventListener('click', () => show(button.dataset.evidence, false)));
})();
