/* Damping: for each label output and direction, what a move waits for. Margins are kept as they are and shown. */
(function () {
  'use strict';
  if (!tierwise.editors) return;
  const el = tierwise.el, words = tierwise.page.words;
  tierwise.editors.register('damping', {
    make(context) {
      const given = context.value || {}, box = el('div', { class: 'stack' }), parts = {};
      const names = [...new Set([...context.field.names, ...Object.keys(given)])];
      const both = each => (each && ('up' in each || 'down' in each) ? each : { up: each, down: each });
      const told = () => {
        const found = {};
        for (const name of names) {
          const { up, down } = parts[name], some = each => Object.keys(each).length > 0;
          if (!some(up) && !some(down)) continue;
          found[name] = JSON.stringify(up) === JSON.stringify(down) ? { ...up } : { ...(some(up) ? { up } : {}), ...(some(down) ? { down } : {}) };
        }
        context.set(Object.keys(found).length ? found : null);
      };
      if (!names.length) box.append(el('p', { class: 'muted small', text: words.no_labels }));
      names.forEach((name, n) => {
        const was = both(given[name]);
        parts[name] = { up: { ...was.up }, down: { ...was.down } };
        for (const way of ['up', 'down']) {
          const part = parts[name][way], label = name + ' · ' + words[way === 'up' ? 'rises' : 'falls'];
          const every = el('select', { class: 'text', disabled: context.disabled, id: n || way === 'down' ? null : context.id, 'aria-label': label + ': ' + words.when },
            ...['', 'month', 'quarter', 'year'].map(key => el('option', { value: key, text: words['every_' + (key || 'any')], selected: (part.every || '') === key })));
          every.addEventListener('change', () => { if (every.value) part.every = every.value; else delete part.every; told(); });
          const days = el('input', { inputmode: 'numeric', autocomplete: 'off', disabled: context.disabled, 'aria-label': label + ': ' + words.after_days });
          days.value = part.after_days === undefined ? '' : part.after_days;
          days.addEventListener('input', () => {
            const found = days.value.trim() === '' ? { value: undefined } : tierwise.readNumber(days.value);
            if ('fault' in found) return;
            context.box.clear();
            if (found.value === undefined) delete part.after_days; else part.after_days = found.value;
            told();
          });
          days.addEventListener('blur', () => { const found = days.value.trim() === '' ? {} : tierwise.readNumber(days.value); if ('fault' in found) context.box.say(found.fault); });
          box.append(el('div', { class: 'damping' }, el('b', { text: label }), every, el('span', { class: 'input s' }, el('span', { class: 'muted xs', text: words.stood }), days, el('span', { class: 'muted xs', text: words.days })),
            ...(part.margin ? [el('code', { class: 'xs', text: words.margin + ' ' + JSON.stringify(part.margin) })] : [])));
        }
      });
      return { node: box };
    },
  });
})();
