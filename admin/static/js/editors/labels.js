/* Labels: key, titles in both languages, colour and order; the best first. */
(function () {
  'use strict';
  if (!tierwise.editors) return;
  const el = tierwise.el, words = tierwise.page.words;
  tierwise.editors.register('labels', {
    wide: true,
    make(context) {
      const place = context.place || el('div'), body = el('div', { class: 'stack stack-2' });
      let value = context.value ? tierwise.copy(context.value) : null;
      if (context.place) place.append(el('div', { class: 'card-head' }, el('div', {}, el('h2', { text: context.field.title }), el('p', { text: context.field.help || '' }))));
      const put = redraw => { context.set(value ? tierwise.copy(value) : null); if (redraw) draw(); };
      const line = (label, i) => {
        const shown = el('span', { class: 'grade g' + (label.step || 0) });
        const look = () => { shown.className = 'grade g' + (label.step || 0); shown.textContent = (label.title && label.title[tierwise.page.language]) || label.key || '?'; };
        look();
        const text = (get, put_, name, language) => {
          const input = el('input', { autocomplete: 'off', maxlength: 64, disabled: context.disabled, 'aria-label': name, lang: language });
          input.value = get() || '';
          input.addEventListener('input', () => { put_(input.value); look(); put(false); });
          return el('span', { class: 'input s' }, input);
        };
        if (!label.title || typeof label.title === 'string') label.title = { en: label.title || label.key || '', zh: label.title || label.key || '' };
        const tools = context.disabled ? '' : el('span', { class: 'row tools' },
          button('M8 12.5v-9M4.500 7 8 3.500 11.500 7', words.up, i === 0, () => { value.splice(i - 1, 0, value.splice(i, 1)[0]); put(true); }),
          button('M8 3.500v9M4.500 9 8 12.500 11.500 9', words.down, i === value.length - 1, () => { value.splice(i + 1, 0, value.splice(i, 1)[0]); put(true); }),
          button('M4 4l8 8M12 4l-8 8', words.remove, value.length <= 1, () => { const before = tierwise.copy(value); value.splice(i, 1); put(true); tierwise.toast(words.removed, { text: words.undo, run: () => { value = before; put(true); } }); }));
        const menu = el('details', { class: 'menu swatch-menu' }, el('summary', { 'aria-label': words.step + ': ' + label.key }, shown), el('div', { class: 'menu-list' }, tierwise.steps(label.step, context.disabled, words.step, step => { label.step = step; look(); put(false); })));
        return el('li', { class: 'label-line' }, menu, text(() => label.key, now => { label.key = now.trim(); }, words.key), text(() => label.title.en, now => { label.title.en = now; }, words.titleEn, 'en'), text(() => label.title.zh, now => { label.title.zh = now; }, words.titleZh, 'zh-Hans'), tools);
      };
      const button = (path, text, off, act) => el('button', { type: 'button', class: 'iconbtn s', 'aria-label': text, title: text, disabled: off, onclick: act }, tierwise.icon(path));
      const draw = () => {
        if (value === null) {
          body.replaceChildren(el('p', { class: 'muted small', text: words.usual }), el('button', { type: 'button', class: 'btn s', text: words.own, disabled: context.disabled, onclick: () => { value = tierwise.copy(context.live) || [{ key: 'A', title: { en: 'A', zh: 'A' }, step: null }]; put(true); } }));
          return;
        }
        body.replaceChildren(
          el('ol', { class: 'label-lines' }, ...value.map(line)),
          context.disabled ? '' : el('div', { class: 'row' }, el('button', { type: 'button', class: 'btn s', text: words.add, onclick: () => { value.push({ key: '', title: { en: '', zh: '' }, step: null }); draw(); const inputs = body.querySelectorAll('.label-line:last-child input'); if (inputs[0]) inputs[0].focus(); } }), context.field.nullable ? el('button', { type: 'button', class: 'btn s quiet', text: words.usual, onclick: () => { value = null; put(true); } }) : ''));
      };
      draw();
      return { node: body, fault(text) { let box = place.querySelector(':scope > .fault'); if (!box) { box = el('p', { class: 'fault' }); place.append(box); } box.textContent = text; box.hidden = !text; } };
    },
  });
})();
