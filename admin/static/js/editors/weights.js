/* Weights: a slider and a number for each name, and the share it has of the whole. */
(function () {
  'use strict';
  if (!tierwise.editors) return;
  const el = tierwise.el;
  tierwise.editors.register('weights', {
    make(context) {
      const names = context.field.names.length ? context.field.names : Object.keys(context.value || {}), value = { ...context.value };
      const box = el('div', { class: 'weights' }), rows = {};
      const total = () => names.reduce((sum, name) => sum + (Number(value[name]) || 0), 0);
      const shares = () => names.forEach(name => { const all = total(); rows[name].share.textContent = all > 0 ? Math.round((Number(value[name]) || 0) / all * 100) + '%' : '–'; });
      names.forEach((name, i) => {
        const most = Math.max(10, ...names.map(each => Number(value[each]) || 0));
        const slider = el('input', { type: 'range', min: 0, max: most, step: 0.5, disabled: context.disabled, 'aria-label': context.field.title + ' ' + name });
        const input = el('input', { inputmode: 'decimal', autocomplete: 'off', disabled: context.disabled, id: i ? null : context.id, 'aria-label': context.field.title + ' ' + name });
        const share = el('span', { class: 'num muted small' });
        rows[name] = { slider, input, share };
        const put = (number, dragging) => { value[name] = number; shares(); context.set({ ...value }, dragging); };
        slider.value = value[name] || 0;
        input.value = value[name] === undefined ? '' : tierwise.number(value[name]);
        slider.addEventListener('input', () => { input.value = slider.value; put(Number(slider.value), true); });
        input.addEventListener('input', () => { const found = tierwise.readNumber(input.value); if ('value' in found) { slider.value = found.value; context.box.clear(); put(found.value); } });
        input.addEventListener('blur', () => { const found = tierwise.readNumber(input.value); if ('fault' in found) context.box.say(found.fault); });
        const was = context.live && context.live[name] !== undefined && context.live[name] !== value[name] ? tierwise.say('was', { value: tierwise.number(context.live[name]) }) : '';
        box.append(el('b', { text: name.toUpperCase() }), slider, el('span', { class: 'input s' }, input), share, ...(was ? [el('span', { class: 'was', text: was })] : []));
      });
      shares();
      return { node: box };
    },
  });
})();
