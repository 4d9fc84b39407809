/* A list of flat objects as a table: one row each, one column per field; rows are added, moved and removed. */
(function () {
  'use strict';
  if (!tierwise.editors) return;
  const el = tierwise.el, words = tierwise.page.words, language = tierwise.page.language;
  const unit = name => (tierwise.page.units || {})[name] || name;
  const tool = (path, text, off, act) => el('button', { type: 'button', class: 'iconbtn s', 'aria-label': text, title: text, disabled: off, onclick: act }, tierwise.icon(path));
  const blank = field => field.kind === 'flag' ? Boolean(field.default) : field.default === undefined ? null : tierwise.copy(field.default);
  tierwise.editors.register('grid', {
    wide: true, full: true,
    make(context) {
      const fields = context.field.item.fields, place = context.place || el('div'), body = el('div', { class: 'stack stack-2' });
      let value = tierwise.copy(context.value || context.field.default || []);
      if (context.place) place.append(el('div', { class: 'card-head' }, el('div', {}, el('h2', { text: context.field.title }), el('p', { text: context.field.help || '' }))));
      const put = redraw => { context.set(tierwise.copy(value)); if (redraw) draw(); };
      const text = (field, now, set, more) => {
        const input = el('input', { autocomplete: 'off', disabled: context.disabled, 'aria-label': field.title, ...more });
        input.value = now;
        input.addEventListener('input', () => set(input.value, input));
        return el('span', { class: 'input s' }, input);
      };
      const pick = (field, options, now, set) => {
        const select = el('select', { class: 'text', disabled: context.disabled, 'aria-label': field.title });
        options.forEach(([key, title]) => select.append(el('option', { value: key, text: title, selected: String(now === null || now === undefined ? '' : now) === String(key) })));
        select.addEventListener('change', () => set(select.value));
        return select;
      };
      const cell = (field, row) => {
        const keep = now => { row[field.name] = now; put(false); };
        const now = row[field.name];
        if (field.kind === 'flag') {
          const input = el('input', { type: 'checkbox', disabled: context.disabled, 'aria-label': field.title });
          input.checked = Boolean(now);
          input.addEventListener('change', () => keep(input.checked));
          return el('span', { class: 'check' }, input);
        }
        if (field.kind === 'choice') return pick(field, field.choices.map(each => [each.value, each.title]), now, keep);
        if (field.editor === 'step') return pick(field, [['', '–'], ...[1, 2, 3, 4, 5, 6, 7, 8].map(n => [n, n])], now, chosen => keep(chosen === '' ? null : Number(chosen)));
        if (field.editor === 'title') {
          const pair = now && typeof now === 'object' ? now : { en: now || '', zh: now || '' };
          const set = (which, typed) => { pair[which] = typed; keep(pair.en || pair.zh ? { en: pair.en || pair.zh, zh: pair.zh || pair.en } : null); };
          return el('span', { class: 'stack stack-2' }, ...[['zh', words.titleZh, 'zh-Hans'], ['en', words.titleEn, 'en']].sort(a => a[0] === language ? -1 : 1).map(([which, name, lang]) => text({ title: field.title + ', ' + name }, pair[which] || '', typed => set(which, typed), { lang, maxlength: 200, placeholder: name })));
        }
        if (field.kind === 'integer' || field.kind === 'number') {
          return text(field, now === null || now === undefined ? '' : tierwise.number(now), (typed, input) => {
            const found = typed.trim() === '' ? { value: null } : tierwise.readNumber(typed);
            input.setAttribute('aria-invalid', String('fault' in found));
            if ('value' in found) keep(found.value);
          }, { inputmode: 'decimal', class: 'num' });
        }
        if (field.kind === 'list') return text(field, (now || []).join(', '), typed => keep(typed.split(/[,，、]/).map(each => each.trim()).filter(Boolean)));
        return text(field, now === null || now === undefined ? '' : now, typed => keep(typed.trim()), { maxlength: 200 });
      };
      const line = (row, i) => el('tr', {}, ...fields.map(field => el('td', {}, cell(field, row))), el('td', { class: 'act-cell' }, context.disabled ? '' : el('span', { class: 'row tools' },
        tool('M8 12.5v-9M4.500 7 8 3.500 11.500 7', words.up, i === 0, () => { value.splice(i - 1, 0, value.splice(i, 1)[0]); put(true); }),
        tool('M8 3.500v9M4.500 9 8 12.500 11.500 9', words.down, i === value.length - 1, () => { value.splice(i + 1, 0, value.splice(i, 1)[0]); put(true); }),
        tool('M4 4l8 8M12 4l-8 8', words.remove, context.field.least !== null && value.length <= context.field.least, () => { const before = tierwise.copy(value); value.splice(i, 1); put(true); tierwise.toast(words.removed, { text: words.undo, run: () => { value = before; put(true); } }); }))));
      const draw = () => {
        const head = el('tr', {}, ...fields.map(field => el('th', { scope: 'col', title: field.help || '', text: field.title + (field.unit ? ' (' + unit(field.unit) + ')' : '') })), el('th', {}, el('span', { class: 'sr', text: words.remove })));
        body.replaceChildren(
          el('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': context.field.title }, el('table', { class: 'tbl tight grid-table' }, el('thead', {}, head), el('tbody', {}, ...value.map(line)))),
          context.disabled || (context.field.most !== null && value.length >= context.field.most) ? '' : el('div', { class: 'row' }, el('button', { type: 'button', class: 'btn s', text: words.add, onclick: () => {
            value.push(Object.fromEntries(fields.map(field => [field.name, blank(field) === null && field.required ? '' : blank(field)])));
            put(true);
            const first = body.querySelector('tbody tr:last-child input');
            if (first) first.focus();
          } })));
      };
      draw();
      return { node: body, fault(said) { let box = place.querySelector(':scope > .fault'); if (!box) { box = el('p', { class: 'fault' }); place.append(box); } box.textContent = said; box.hidden = !said; } };
    },
  });
})();
