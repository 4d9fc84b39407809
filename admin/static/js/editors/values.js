/* Small editors: a title in both languages, a key, a colour step, a text or flag, the name of a column. */
(function () {
  'use strict';
  if (!tierwise.editors) return;
  const el = tierwise.el, data = tierwise.page, words = data.words;
  const asTitle = value => typeof value === 'string' ? { en: value, zh: value } : value && typeof value === 'object' ? { en: value.en || '', zh: value.zh || '' } : { en: '', zh: '' };

  tierwise.editors.register('title', {
    plain: true,
    make(context) {
      const value = asTitle(context.value), inputs = {};
      const box = el('div', { class: 'pair' });
      [['en', words.titleEn], ['zh', words.titleZh]].forEach(([language, name], i) => {
        const input = inputs[language] = el('input', { autocomplete: 'off', maxlength: 200, disabled: context.disabled, 'aria-label': context.field.title + ', ' + name, id: i ? null : context.id, lang: language === 'zh' ? 'zh-Hans' : 'en' });
        input.value = value[language];
        input.addEventListener('input', () => {
          const now = { en: inputs.en.value.trim(), zh: inputs.zh.value.trim() };
          if (!now.en && !now.zh) context.set(null);
          else context.set({ en: now.en || now.zh, zh: now.zh || now.en });
        });
        box.append(el('label', { class: 'input' }, el('span', { class: 'muted xs', text: name }), input));
      });
      return { node: box };
    },
  });

  tierwise.editors.register('key', {
    plain: true,
    make(context) {
      const input = el('input', { id: context.id, autocomplete: 'off', spellcheck: 'false', maxlength: 64, disabled: context.disabled });
      input.value = context.value === null || context.value === undefined ? '' : String(context.value);
      input.addEventListener('input', () => context.set(input.value.trim()));
      return { node: el('span', { class: 'input' }, input) };
    },
  });

  tierwise.editors.register('scalar', {
    plain: true,
    make(context) {
      const input = el('input', { id: context.id, autocomplete: 'off', disabled: context.disabled, list: 'flags' });
      input.value = typeof context.value === 'boolean' ? (context.value ? 'true' : 'false') : context.value === null || context.value === undefined ? '' : String(context.value);
      input.addEventListener('input', () => { const text = input.value; context.set(text === 'true' ? true : text === 'false' ? false : text); });
      return { node: el('span', { class: 'input' }, input) };
    },
  });

  tierwise.steps = (chosen, disabled, name, set) => {
    const group = el('div', { class: 'swatches', role: 'radiogroup', 'aria-label': name });
    const draw = now => group.replaceChildren(...[null, 1, 2, 3, 4, 5, 6, 7, 8].map(step => {
      const button = el('button', { type: 'button', role: 'radio', class: 'swatch ' + (step === null ? 'none' : 'g' + step) + ' grade', 'aria-checked': String(step === now), disabled, 'aria-label': step === null ? words.spread : words.step + ' ' + step, title: step === null ? words.spread : String(step), text: step === null ? '–' : step });
      button.addEventListener('click', () => { draw(step); set(step); });
      return button;
    }));
    draw(chosen === undefined ? null : chosen);
    return group;
  };
  tierwise.editors.register('step', { make: context => ({ node: tierwise.steps(context.value, context.disabled, context.field.title, context.set) }) });

  let listed = false;
  tierwise.editors.register('column', {
    plain: true,
    make(context) {
      if (!listed) {
        const list = el('datalist', { id: 'columns' });
        data.columns.forEach(each => list.append(el('option', { value: each.name, text: each.title })));
        document.body.append(list);
        listed = true;
      }
      const input = el('input', { id: context.id, autocomplete: 'off', spellcheck: 'false', list: 'columns', disabled: context.disabled }), said = el('span', { class: 'muted xs' });
      const speak = () => { const found = data.columns.find(each => each.name === input.value); said.textContent = found ? found.title : ''; };
      input.value = context.value || '';
      speak();
      input.addEventListener('input', () => { speak(); context.set(input.value.trim()); });
      return { node: el('div', { class: 'stack stack-2' }, el('span', { class: 'input' }, input), said) };
    },
  });
})();
