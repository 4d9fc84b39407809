/* The form of a policy, from the description of its parameters. An editor of its own registers itself:

   tierwise.editors.register('bands', { wide: true, make(context) { return { node, update(value) {} }; } });

   context: field (its description), path ("items[0].bands"), value, live (the live value or undefined), disabled,
   set(value, dragging) to change it, place (a card in the wide column, for editors that are wide), params() for all of them.
   The editors of rules (window.Editors: tables, conditions, segments) are taken in by `guest`. An editor that nobody registered is
   JSON in a text area. */
(function () {
  'use strict';
  if (!tierwise.page) return;
  const data = tierwise.page, el = tierwise.el, say = tierwise.say, words = data.words;
  const made = {};
  tierwise.editors = { register(name, editor) { made[name] = editor; }, get: name => made[name] || guest(name) };

  /* an editor of rules in a card of its own; it hears what the preview learns about its parameter */
  function guest(name) {
    if (!window.Editors || !window.Editors.has(name)) return null;
    return {
      wide: true,
      full: name === 'table',
      make(context) {
        const node = el('div', { class: 'guest' }), rules = data.rules[context.path] || {};
        if (context.place && !rules.own_head) context.place.append(el('div', { class: 'card-head' }, el('div', {}, el('h2', { text: context.field.title }), el('p', { text: context.field.help || '' }))));
        const tools = tierwise.ruleTools ? tierwise.ruleTools.context(name, context, node) : {};
        const handle = window.Editors.mount(name, node, context.value === undefined ? null : context.value, {
          language: data.language, features: data.features, currency: data.currency, labels: data.labels, readonly: context.disabled, undo: true, ...rules, ...tools,
          start: rules.start === undefined ? context.field.default : rules.start, empty_text: '',
          changed: value => context.set(value),
        });
        const about = answer => {
          if (!node.isConnected || tools.check) return;
          const head = context.box.server + context.path, inside = place => place === head || place.startsWith(head + '.') || place.startsWith(head + '[');
          const faults = answer.ok ? [] : answer.faults.filter(each => each.policy === data.policy && inside(each.inner)).map(each => ({ code: each.code, place: each.inner.slice(head.length).replace(/^\./, ''), found: each.text, text: { en: each.text, zh: each.text } }));
          const told = { faults };
          if (answer.ok) {
            told.findings = answer.rules.filter(each => each.place === context.path).map(each => ({ ...each, mends: each.mends || [] }));
            const count = name === 'table' ? ((context.box.value || {}).rows || []).length : Array.isArray(context.box.value) ? context.box.value.length : 0;
            const hits = answer.hits[context.path];
            if (hits && count) told.hits = { draft: Array.from({ length: count }, (_, i) => (hits.draft[i] || 0)), live: hits.live ? Array.from({ length: count }, (_, i) => (hits.live[i] ?? null)) : null, default: hits.draft[count] || 0, live_default: hits.live ? hits.live[count] || 0 : null };
          }
          handle.update(told);
        };
        tierwise.preview.on(about);
        if (tierwise.ruleTools) tierwise.ruleTools.mounted(handle, context, node);
        return { node, fault() {} };
      },
    };
  }
  const same = tierwise.same, copy = tierwise.copy;
  const unit = name => name in data.units ? data.units[name] : name;
  let ids = 0;

  /* what a typed text means: {value} or {fault} */
  function read(field, text) {
    const trimmed = text.trim();
    if (!trimmed) return field.nullable || (!field.required && field.kind === 'text') ? { value: field.kind === 'text' && !field.nullable ? '' : null } : field.kind === 'text' ? { value: '' } : { fault: words.required };
    if (field.kind === 'integer' || field.kind === 'number') {
      const plain = trimmed.replace(/[,\s']/g, '').replace('−', '-').replace(/^[¥£$€]/, '');
      const number = Number(plain);
      if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) || !Number.isFinite(number)) return { fault: words.number };
      if (field.kind === 'integer' && !Number.isInteger(number)) return { fault: words.whole };
      if (field.minimum !== null && (field.above ? number <= field.minimum : number < field.minimum)) return { fault: say(field.above ? 'above' : 'atLeast', { n: tierwise.number(field.minimum) }) };
      if (field.maximum !== null && (field.below ? number >= field.maximum : number > field.maximum)) return { fault: say(field.below ? 'below' : 'atMost', { n: tierwise.number(field.maximum) }) };
      return { value: number };
    }
    if (field.most !== null && trimmed.length > field.most) return { fault: say('atMost', { n: field.most }) };
    return { value: text };
  }
  tierwise.readNumber = text => read({ kind: 'number', minimum: null, maximum: null, nullable: false, most: null }, text);

  const written = value => value === null || value === undefined ? '' : typeof value === 'number' ? tierwise.number(value) : String(value);
  const bounds = field => field.minimum !== null && field.maximum !== null && !field.above && !field.below ? say('between', { a: tierwise.number(field.minimum), b: tierwise.number(field.maximum) }) : field.minimum !== null ? say(field.above ? 'above' : 'atLeast', { n: tierwise.number(field.minimum) }) : field.maximum !== null ? say(field.below ? 'below' : 'atMost', { n: tierwise.number(field.maximum) }) : '';

  /* the words for a value, for "was ..." */
  function spoken(field, value) {
    if (value === null || value === undefined || value === '') return words.none;
    const choice = field.choices.find(each => each.value === value);
    if (choice) return choice.title;
    if (typeof value === 'boolean') return value ? words.yes : words.no;
    return typeof value === 'object' ? '' : written(value);
  }

  class Box {
    /* one field with its label, help, fault and the live value */
    constructor(form, field, path, value, live, depth) {
      this.form = form; this.field = field; this.path = path; this.value = value; this.live = live; this.depth = depth;
      this.id = 'f' + ++ids;
      this.children = [];
      this.server = form.options.server || '';
      this.node = el('div', { class: 'field', 'data-path': path });
      this.fault = el('p', { class: 'fault', id: this.id + '-fault', hidden: true });
      this.was = el('span', { class: 'was' });
      this.draw();
    }
    set(value, dragging) {
      this.value = value;
      this.form.changed(this.path, value, dragging);
      this.mark();
    }
    draw() {
      const field = this.field, editor = field.editor ? tierwise.editors.get(field.editor) : null;
      const label = el(editor ? (editor.plain ? 'label' : 'span') : ['list', 'object'].includes(field.kind) ? 'span' : 'label', { class: 'label', text: field.title });
      if (label.tagName === 'LABEL') label.setAttribute('for', this.id);
      const help = [field.help, bounds(field)].filter(Boolean).join(' ').replace(/([^.。])$/, data.language === 'zh' ? '$1。' : '$1.');
      const control = editor ? this.custom(editor) : this.control();
      this.node.replaceChildren(label, control, this.was, this.fault, ...(help ? [el('p', { class: 'help', id: this.id + '-help', text: help })] : []));
      this.mark();
    }
    custom(editor) {
      const place = editor.wide && this.depth === 0 && this.form.options.wide ? this.form.wide(this, editor.full) : null;
      const live = () => this.live;
      this.editor = editor.make({ id: this.id, field: this.field, path: this.path, value: this.value, get live() { return live(); }, disabled: this.form.disabled, place, box: this, set: (value, dragging) => this.set(value, dragging), params: () => this.form.params(), setOther: (name, value) => this.form.setAt(name, value) });
      if (place) { place.append(this.editor.node); this.node.classList.add('in-wide'); return el('a', { class: 'small', href: '#' + place.id, text: words.besides || '→' }); }
      return this.editor.node;
    }
    described(input) {
      input.id = this.id;
      input.setAttribute('aria-describedby', this.id + '-help ' + this.id + '-fault');
      if (this.form.disabled) input.disabled = true;
      return input;
    }
    control() {
      const field = this.field;
      if (field.kind === 'choice') return this.choice();
      if (field.kind === 'flag') {
        const input = this.described(el('input', { type: 'checkbox' }));
        input.checked = Boolean(this.value);
        input.addEventListener('change', () => this.set(input.checked));
        this.input = input;
        return el('span', { class: 'check' }, input);
      }
      if (field.kind === 'list') return this.list();
      if (field.kind === 'object') return this.object();
      if (field.kind === 'json') return this.json();
      return this.text();
    }
    text() {
      const field = this.field, numeric = field.kind === 'integer' || field.kind === 'number';
      const input = this.described(el('input', { type: field.kind === 'date' ? 'date' : 'text', autocomplete: 'off', inputmode: numeric ? (field.kind === 'integer' ? 'numeric' : 'decimal') : null }));
      input.value = written(this.value);
      input.addEventListener('input', () => {
        const found = read(field, input.value);
        this.clear();
        if ('value' in found) this.set(found.value);
      });
      input.addEventListener('blur', () => {
        const found = read(field, input.value);
        if ('fault' in found) this.say(found.fault); else if (numeric) input.value = written(found.value);
        this.form.left(this.path);
      });
      this.input = input;
      return el('span', { class: 'input' }, input, field.unit ? el('span', { class: 'unit', text: unit(field.unit) }) : null);
    }
    choice() {
      const field = this.field, long = field.choices.reduce((sum, each) => sum + each.title.length * (/[^\x00-\x7f]/.test(each.title) ? 2 : 1), 0);
      if (field.choices.length <= 4 && long <= 28) {
        const group = el('div', { class: 'segmented full', role: 'group', 'aria-label': field.title, id: this.id });
        field.choices.forEach(each => {
          const button = el('button', { type: 'button', text: each.title, 'aria-pressed': String(each.value === this.value), disabled: this.form.disabled });
          button.addEventListener('click', () => { group.querySelectorAll('button').forEach(other => other.setAttribute('aria-pressed', String(other === button))); this.clear(); this.set(each.value); });
          group.append(button);
        });
        return group;
      }
      const select = this.described(el('select', { class: 'text' }));
      if (field.nullable) select.append(new Option('–', ''));
      field.choices.forEach((each, i) => select.append(new Option(each.title, String(i), false, each.value === this.value)));
      select.addEventListener('change', () => { this.clear(); this.set(select.value === '' ? null : field.choices[Number(select.value)].value); });
      return select;
    }
    object() {
      const box = el('div', { class: 'inner stack' }), value = this.value || {};
      this.children = this.field.fields.map(inner => {
        const child = new Box(this.form, inner, this.path ? this.path + '.' + inner.name : inner.name, value[inner.name] === undefined ? inner.default : value[inner.name], this.live && typeof this.live === 'object' ? this.live[inner.name] : undefined, this.depth + 1);
        box.append(child.node);
        return child;
      });
      this.only();
      return box;
    }
    only() {
      this.children.forEach(child => {
        const only = child.field.only;
        if (!only) return;
        const now = name => { const other = this.children.find(each => each.field.name === name); return other ? other.value : undefined; };
        child.node.hidden = Object.entries(only).some(([name, values]) => !values.includes(now(name)));
      });
    }
    list() {
      const field = this.field, item = field.item, simple = item.kind !== 'object' && item.kind !== 'list' && item.kind !== 'json' && !item.editor;
      const given = Array.isArray(this.value) ? this.value : null;
      if (given === null && field.nullable) {
        return el('button', { type: 'button', class: 'btn s', text: words.own, disabled: this.form.disabled, onclick: () => { this.set([]); this.draw(); } });
      }
      const box = el('div', { class: 'entries stack stack-2' }), values = given || [];
      const change = (next, text) => {
        const before = copy(values);
        this.set(next); this.draw();
        if (text) tierwise.toast(text, { text: words.undo, run: () => { this.set(before); this.draw(); } });
      };
      this.children = [];
      values.forEach((value, i) => {
        const path = this.path + '[' + i + ']';
        const child = new Box(this.form, { ...item, title: simple ? '' : titleOf(item, value, i) }, path, value, Array.isArray(this.live) ? this.live[i] : undefined, this.depth + 1);
        this.children.push(child);
        const tools = this.form.disabled ? null : el('span', { class: 'row tools' },
          tool('M8 12.5v-9M4.500 7 8 3.500 11.500 7', words.up, i === 0, () => change(moved(values, i, i - 1))),
          tool('M8 3.500v9M4.500 9 8 12.500 11.500 9', words.down, i === values.length - 1, () => change(moved(values, i, i + 1))),
          tool('M4 4l8 8M12 4l-8 8', words.remove, field.least !== null && values.length <= field.least, () => change(values.filter((_, at) => at !== i), words.removed)));
        if (simple) box.append(el('div', { class: 'entry-line' }, child.node, tools));
        else {
          const details = el('details', { class: 'entry' }, el('summary', {}, el('b', { text: titleOf(item, value, i) }), tools), child.node);
          if (values.length <= 2 || this.form.opened.has(path)) details.open = true;
          details.addEventListener('toggle', () => { if (details.open) this.form.opened.add(path); else this.form.opened.delete(path); });
          child.label = details.querySelector('b');
          child.node.querySelector(':scope > .label').hidden = true;
          box.append(details);
        }
      });
      if (!this.form.disabled && (field.most === null || values.length < field.most)) {
        box.append(el('button', { type: 'button', class: 'btn s', text: words.add, onclick: () => { const fresh = empty(item); this.form.opened.add(this.path + '[' + values.length + ']'); change([...values, fresh === undefined ? (values.length ? copy(values[values.length - 1]) : null) : fresh]); } }));
      }
      return box;
    }
    json() {
      const area = this.described(el('textarea', { class: 'code', rows: 8, spellcheck: 'false' }));
      area.value = this.value === undefined ? '' : JSON.stringify(this.value, null, 2);
      area.addEventListener('input', () => { try { const value = JSON.parse(area.value); this.clear(); this.set(value); } catch (error) { this.broken = error.message; } });
      area.addEventListener('blur', () => { try { JSON.parse(area.value); } catch (error) { this.say(say('badJson', { why: error.message })); } this.form.left(this.path); });
      this.input = area;
      return area;
    }
    say(text) {
      this.fault.textContent = text;
      this.fault.hidden = !text;
      this.node.classList.toggle('wrong', Boolean(text));
      const input = this.node.querySelector('input, select, textarea');
      if (input) input.setAttribute('aria-invalid', String(Boolean(text)));
      if (this.editor && this.editor.fault) this.editor.fault(text);
    }
    clear() { this.say(''); }
    mark() {
      const known = this.live !== undefined, changed = known && !same(this.live, this.value);
      const simple = !['list', 'object', 'json'].includes(this.field.kind) && !this.field.editor;
      const box = this.node.querySelector('.input, .segmented, select, textarea, .check');
      if (box && simple) box.classList.toggle('changed', changed);
      const text = changed && simple ? spoken(this.field, this.live) : '';
      this.was.textContent = text ? say('was', { value: text }) : '';
      this.was.hidden = !text;
    }
    find(path) {
      /* the deepest box that holds a place */
      for (const child of this.children) if (path === child.path || path.startsWith(child.path + '.') || path.startsWith(child.path + '[')) return child.find(path);
      return this;
    }
  }

  const tool = (path, text, off, act) => el('button', { type: 'button', class: 'iconbtn s', 'aria-label': text, title: text, disabled: off, onclick: event => { event.preventDefault(); act(); } }, tierwise.icon(path));
  const moved = (values, from, to) => { const next = values.slice(); next.splice(to, 0, next.splice(from, 1)[0]); return next; };
  function titleOf(item, value, i) {
    if (value && typeof value === 'object') {
      for (const name of ['title', 'name', 'feature', 'key', 'value', 'from']) {
        const found = value[name];
        if (found && typeof found === 'object' && (found.en || found.zh)) return found[data.language] || found.en;
        if (typeof found === 'string' && found) { const column = data.columns.find(each => each.name === found); return column ? column.title : found; }
      }
    }
    return (item.title || '') + ' ' + (i + 1);
  }
  function empty(item) {
    if (item.kind === 'object') return Object.fromEntries(item.fields.filter(each => each.required || each.default !== null).map(each => [each.name, each.default !== null ? copy(each.default) : each.kind === 'text' ? '' : each.kind === 'list' ? [] : null]));
    if (item.default !== null) return copy(item.default);
    return item.kind === 'text' ? '' : undefined;
  }

  const steps = path => [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(found => found[2] !== undefined ? Number(found[2]) : found[1]);
  function put(holder, path, value) {
    const all = steps(path), last = all.pop();
    let at = holder;
    all.forEach((step, i) => { if (at[step] === undefined || at[step] === null) at[step] = typeof (all[i + 1] ?? last) === 'number' ? [] : {}; at = at[step]; });
    at[last] = value;
  }

  tierwise.Form = class {
    /* root: where it is drawn; description: fields; values: the object; live: the live object or undefined */
    constructor(root, description, values, live, options) {
      this.root = root; this.values = values; this.options = options; this.disabled = options.disabled; this.opened = options.opened || new Set(); this.cards = [];
      this.whole = new Box(this, { name: '', kind: 'object', title: '', help: null, unit: '', editor: '', fields: description, choices: [], minimum: null, maximum: null, least: null, most: null }, '', values, live, -1);
      root.replaceChildren(...this.whole.children.map(child => child.node));
      this.refresh();
    }
    params() { return this.values; }
    wide(box, full) {
      const card = el('section', { class: 'card wide-editor', id: 'wide-' + box.path.replace(/\W/g, '-') });
      box.card = card;
      (full && this.options.full || this.options.wide).append(card);
      return card;
    }
    setAt(name, value) { const box = this.whole.children.find(each => each.field.name === name); if (box) { box.set(value); box.draw(); } }
    changed(path, value, dragging) {
      put(this.values, path, value);
      this.whole.children.forEach(child => { child.value = this.values[child.field.name] === undefined ? child.field.default : this.values[child.field.name]; });
      this.refresh();
      this.options.changed(dragging);
    }
    refresh() {
      const look = box => { if (box.children.length) { box.only(); box.children.forEach(look); } };
      look(this.whole);
      this.whole.children.forEach(child => { if (child.card) { child.card.classList.toggle('inactive', child.node.hidden); child.card.hidden = child.node.hidden && !(child.editor && child.editor.shown && child.editor.shown()); } });
    }
    left(path) { this.options.left(path); }
    /* faults of the server, by place inside of this form; answers those that no field took */
    tell(faults) {
      const clear = box => { if (box.told) { box.told = false; box.clear(); } box.children.forEach(clear); };
      clear(this.whole);
      return faults.filter(each => {
        const box = this.whole.find(each.inner);
        if (box === this.whole) return true;
        box.told = true;
        box.say(each.text);
        box.node.closest('details') && (box.node.closest('details').open = true);
        return false;
      });
    }
  };
})();
