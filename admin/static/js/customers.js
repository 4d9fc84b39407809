/* The list of customers: the value of a new filter follows the chosen field; marks are given to the rows that are chosen. */
(function () {
  'use strict';
  const bulk = document.querySelector('[data-bulk]');
  if (bulk) {
    const picks = [...document.querySelectorAll('input[name="id"][form="bulk"]')], every = document.querySelector('[data-pick-all]'), said = bulk.querySelector('[data-chosen]');
    const count = () => {
      const n = picks.filter(pick => pick.checked).length;
      said.textContent = n ? said.dataset.some.replace('%n%', n) : said.dataset.none;
      every.checked = n === picks.length; every.indeterminate = n > 0 && n < picks.length;
    };
    every.addEventListener('change', () => { picks.forEach(pick => { pick.checked = every.checked; }); count(); });
    picks.forEach(pick => pick.addEventListener('change', count));
  }
  const form = document.querySelector('[data-add-filter]');
  if (form) {
    const by = form.querySelector('[name="by"]'), how = form.querySelector('[name="op"]'), place = form.querySelector('[data-values]');
    let asked = 0;
    const input = () => {
      const field = document.createElement('input');
      field.className = 'text'; field.name = 'to'; field.required = true; field.inputMode = 'decimal';
      field.setAttribute('aria-label', by.selectedOptions[0].textContent);
      place.replaceChildren(field);
    };
    const boxes = (choices, kind) => {
      place.replaceChildren(...choices.map(each => {
        const label = document.createElement('label'), box = document.createElement('input'), text = document.createElement('span');
        label.className = 'check'; box.type = kind; box.name = 'to'; box.value = each.value;
        text.textContent = each.text + (each.count === undefined ? '' : '  ' + each.count.toLocaleString('en'));
        label.append(box, text);
        return label;
      }));
    };
    const draw = () => {
      const kind = by.selectedOptions[0].dataset.kind, mine = ++asked;
      [...how.options].forEach(option => { option.hidden = option.disabled = 'number' in option.dataset && kind !== 'number'; });
      if (how.selectedOptions[0].disabled) how.value = '=';
      if (kind === 'number') { how.value = '>='; input(); return; }
      const lang = document.documentElement.lang.startsWith('zh');
      if (kind === 'yesno') { boxes([{ value: 'yes', text: lang ? '是' : 'yes' }, { value: 'no', text: lang ? '否' : 'no' }], 'radio'); return; }
      place.replaceChildren();
      fetch(form.dataset.choices.replace('NAME', encodeURIComponent(by.value)), { headers: { Accept: 'application/json' } })
        .then(answer => answer.ok ? answer.json() : { choices: [] })
        .then(found => { if (mine === asked) boxes(found.choices, 'checkbox'); })
        .catch(() => { if (mine === asked) input(); });
    };
    by.addEventListener('change', draw);
    form.closest('details').addEventListener('toggle', event => { if (event.target.open) draw(); });
  }
})();
