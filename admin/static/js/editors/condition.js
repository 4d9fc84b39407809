/* The builder of conditions: groups of all, any and not; comparisons of a feature with a value or with another feature.
   The document is changed only where a person changed something. Alt+arrows move a part; its handle drags it anywhere. */
(function () {
  'use strict';
  const { el, icon, copy, same, Reader, chooseFeature, Past, asText } = window.EditorKit;
  const { GROUPS, COMPARABLE, PRESENCE, LISTS, formOf, drawable, operators, opWords, leafFault, words } = window.Conditions;

  class ConditionBuilder {
    constructor(element, value, context) {
      this.context = context;
      this.reader = new Reader(context);
      this.root = copy(value);
      this.past = new Past();
      this.faults = context.faults || [];
      this.left = new WeakSet();
      this.said = el('p', { class: 'condition-words', 'aria-live': 'polite' });
      this.tree = el('div', { class: 'condition-tree' });
      this.box = el('div', { class: 'editor condition', role: 'group', 'aria-label': context.title ? this.reader.of(context.title) : this.say('Condition', '条件') }, this.tree, this.said);
      element.replaceChildren(this.box);
      this.box.addEventListener('keydown', event => this.key(event));
      this.draw();
    }

    say(en, zh, values) { return this.reader.say(en, zh, values); }
    get readonly() { return Boolean(this.context.readonly); }

    /* --- the document ------------------------------------------------------------------------------------------- */

    /* the list (or the single place) that holds a node: {get, set, list, at} */
    holder(path) {
      if (!path.length) return null;
      let node = this.root;
      for (const step of path.slice(0, -1)) node = node[step];
      return { parent: node, step: path[path.length - 1] };
    }

    node(path) { return path.reduce((node, step) => node[step], this.root); }

    put(path, value) {
      if (!path.length) this.root = value;
      else { const { parent, step } = this.holder(path); parent[step] = value; }
    }

    change(run, focus) {
      const before = JSON.stringify(this.root);
      const to = run();
      if (JSON.stringify(this.root) === before) { this.draw(); return; }
      this.past.keep(JSON.parse(before));
      this.told();
      this.focusOn(to || focus);
    }

    told() {
      this.faults = [];
      this.draw();
      if (this.context.changed) this.context.changed(copy(this.root));
    }

    step(forward) {
      const found = forward ? this.past.redo(this.root) : this.past.undo(this.root);
      if (found) { this.root = found; this.told(); }
    }

    focusOn(place) {
      if (!place) return;
      const found = this.tree.querySelector('[data-path="' + place.path.join('.') + '"]');
      const control = found && (place.part ? found.querySelector('[data-part="' + place.part + '"]') : found.querySelector('button, select, input, textarea'));
      control?.focus();
    }

    /* --- changes ------------------------------------------------------------------------------------------------ */

    async add(path) {
      const name = await this.choose();
      if (!name) return;
      this.change(() => this.append(path, this.fresh(name)), null);
    }

    choose(fits) { return chooseFeature(this.reader, { title: this.say('Choose a feature', '选择指标'), fits }); }

    /* the usual first comparison of a feature */
    fresh(name) {
      const feature = this.reader.feature(name), kind = feature ? feature.kind : 'number';
      if (kind === 'flag') return { feature: name, op: '=', value: true };
      if (kind === 'text') return feature && feature.values ? { feature: name, op: 'in', value: [feature.values[0].key] } : { feature: name, op: '=', value: '' };
      return { feature: name, op: '>=', value: null };
    }

    append(path, item) {
      const node = this.node(path), [form] = formOf(node);
      if (form === 'all' || form === 'any') { node[form].push(item); return { path: [...path, form, node[form].length - 1], part: 'value' }; }
      // a single comparison, or a negation, becomes the first of a group
      this.put(path, { all: [node, item] });
      return { path: [...path, 'all', 1], part: 'value' };
    }

    async addGroup(path) {
      const name = await this.choose();
      if (name) this.change(() => { const [form] = formOf(this.node(path)); return this.append(path, { [form === 'all' ? 'any' : 'all']: [this.fresh(name)] }); });
    }

    remove(path) {
      this.change(() => {
        const { parent, step } = this.holder(path);
        if (Array.isArray(parent)) parent.splice(step, 1);
        const up = path.slice(0, -2);
        // an empty group goes too, and a negation of nothing; the outermost stays
        const emptied = Array.isArray(parent) && !parent.length;
        if (!Array.isArray(parent) || (emptied && up.length)) this.drop(Array.isArray(parent) ? up : path.slice(0, -1));
        return { path: up };
      });
    }

    drop(path) {
      const holder = this.holder(path);
      if (!holder) return;
      if (Array.isArray(holder.parent)) {
        holder.parent.splice(holder.step, 1);
        if (!holder.parent.length && path.length > 2) this.drop(path.slice(0, -2));
      } else this.drop(path.slice(0, -1));
    }

    setForm(path, form) {
      this.change(() => {
        const node = this.node(path), [was] = formOf(node);
        if (was === form) return;
        const items = was === 'not' ? [node.not] : node[was];
        if (form === 'not') this.put(path, { not: items.length === 1 ? items[0] : { [was]: items } });
        else if (was === 'not' && (formOf(node.not)[0] === 'all' || formOf(node.not)[0] === 'any')) this.put(path, { [form]: node.not[formOf(node.not)[0]] });
        else this.put(path, { [form]: items });
        return { path, part: 'form' };
      });
    }

    negate(path) { this.change(() => { this.put(path, { not: this.node(path) }); return { path }; }); }
    unwrap(path) { this.change(() => { const node = this.node(path), [form] = formOf(node); this.put(path, form === 'not' ? node.not : node[form][0]); return { path }; }); }

    /* Alt+arrow: past its neighbour; at the edge of a group out of it; a neighbour that is a group is entered. */
    shift(path, by) {
      const { parent, step } = this.holder(path) || {};
      if (!Array.isArray(parent)) return;
      this.change(() => {
        const [item] = parent.splice(step, 1), to = step + by, neighbour = parent[by > 0 ? step : step - 1];
        const [form] = formOf(neighbour || {});
        if (neighbour && (form === 'all' || form === 'any')) {
          neighbour[form].splice(by > 0 ? 0 : neighbour[form].length, 0, item);
          return { path: [...path.slice(0, -1), by > 0 ? step : step - 1, form, by > 0 ? 0 : neighbour[form].length - 1] };
        }
        if (to >= 0 && to <= parent.length) { parent.splice(to, 0, item); return { path: [...path.slice(0, -1), to] }; }
        const group = path.slice(0, -2), above = this.holder(group);
        if (above && Array.isArray(above.parent)) {
          const at = above.step + (by > 0 ? 1 : 0);
          above.parent.splice(at, 0, item);
          if (!parent.length) above.parent.splice(by > 0 ? above.step : above.step + 1, 1);
          return { path: [...group.slice(0, -1), by > 0 && !parent.length ? at - 1 : at] };
        }
        parent.splice(step, 0, item);
        return { path };
      });
    }

    /* from one place before another */
    carry(from, to) {
      if (to.slice(0, from.length).join('.') === from.join('.')) return;
      const target = this.holder(to);
      if (!target || !Array.isArray(target.parent)) return;
      this.change(() => {
        const item = this.node(from), before = target.parent[target.step], source = this.holder(from);
        if (!Array.isArray(source.parent)) return null;
        source.parent.splice(source.step, 1);
        target.parent.splice(target.parent.indexOf(before), 0, item);
        if (!source.parent.length && from.length > 2) this.drop(from.slice(0, -2));
        return null;
      });
    }

    key(event) {
      const part = event.target.closest('[data-path]');
      if (this.readonly || !part) return;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z' && !this.context.undo && !event.target.matches('input, textarea')) { event.preventDefault(); this.step(event.shiftKey); return; }
      if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
      event.preventDefault();
      event.stopPropagation();
      event.target.blur?.();
      this.shift(pathOf(part), event.key === 'ArrowUp' ? -1 : 1);
    }

    /* --- drawing ------------------------------------------------------------------------------------------------ */

    draw() {
      this.tree.replaceChildren(this.part(this.root, [], ''));
      this.said.replaceChildren(el('b', {}, this.say('In words: ', '文字表述：')), words(this.root, this.reader));
    }

    faultsAt(place) {
      return this.faults.filter(each => {
        const told = (each.place || '').replace(/^condition\.?/, '');
        return told === place || (told.startsWith(place + '.') && !/^\.(?:all|any|not)/.test(told.slice(place.length)));
      }).map(each => (each.text ? this.reader.of(each.text) : [each.found, each.expected].filter(Boolean).join(this.say('; ', '；'))));
    }

    part(node, path, place) { return formOf(node)[0] === 'feature' ? this.leaf(node, path, place) : this.group(node, path, place); }

    tools(path, more) {
      if (this.readonly) return null;
      const inList = path.length && typeof path[path.length - 1] === 'number';
      const tiny = (symbol, text, run, off) => el('button', { type: 'button', class: 'tiny', 'aria-label': text, title: text, disabled: Boolean(off), onclick: run }, icon(symbol));
      return el('span', { class: 'end' }, more,
        inList ? [tiny('up', this.say('Move up (Alt+↑)', '上移（Alt+↑）'), () => this.shift(path, -1)), tiny('lower', this.say('Move down (Alt+↓)', '下移（Alt+↓）'), () => this.shift(path, 1))] : null,
        path.length ? tiny('trash', this.say('Remove', '移除'), () => this.remove(path)) : null);
    }

    handle(path, element) {
      if (this.readonly || !path.length || typeof path[path.length - 1] !== 'number') return null;
      const grip = el('button', { type: 'button', class: 'grip', tabindex: '-1', draggable: 'true', 'aria-hidden': 'true' }, icon('grip'));
      grip.addEventListener('dragstart', event => { event.stopPropagation(); event.dataTransfer.setData('application/x-condition', path.join('.')); event.dataTransfer.effectAllowed = 'move'; });
      element.addEventListener('dragover', event => { if ([...event.dataTransfer.types].includes('application/x-condition')) { event.preventDefault(); event.stopPropagation(); element.classList.add('drop'); } });
      element.addEventListener('dragleave', () => element.classList.remove('drop'));
      element.addEventListener('drop', event => {
        event.preventDefault();
        event.stopPropagation();
        element.classList.remove('drop');
        const from = event.dataTransfer.getData('application/x-condition');
        if (from) this.carry(parsePath(from), path);
      });
      return grip;
    }

    group(node, path, place) {
      const [form] = formOf(node), items = form === 'not' ? [node.not] : node[form];
      const inner = (place ? place + '.' : '') + form, faults = this.faultsAt(place);
      const box = el('div', { class: 'cgroup ' + form + (faults.length ? ' wrong' : ''), 'data-path': path.join('.'), role: 'group', 'aria-label': this.say(...GROUPS[form]) });
      const choice = el('select', { class: 'text select-s', 'data-part': 'form', 'aria-label': this.say('How the conditions are joined', '条件的组合方式'), disabled: this.readonly, onchange: event => this.setForm(path, event.target.value) },
        Object.entries(GROUPS).map(([key, text]) => el('option', { value: key, selected: key === form }, this.say(...text))));
      const unwrap = items.length === 1 && !this.readonly ? el('button', { type: 'button', class: 'tiny', title: this.say('Take this group away, keep what is in it', '去掉该组，保留其中内容'), 'aria-label': this.say('Take this group away, keep what is in it', '去掉该组，保留其中内容'), onclick: () => this.unwrap(path) }, icon('cross')) : null;
      box.append(el('div', { class: 'group-head' }, this.handle(path, box), choice, this.tools(path, unwrap)));
      box.append(el('div', { class: 'group-items' }, items.map((item, i) => (form === 'not' ? this.part(item, [...path, 'not'], inner) : this.part(item, [...path, form, i], inner + '[' + i + ']')))));
      if (!this.readonly && form !== 'not') box.append(this.adding(path));
      faults.forEach(text => box.append(el('p', { class: 'fault', role: 'alert' }, text)));
      if (!items.length && !faults.length) box.append(el('p', { class: 'fault' }, this.say('Add at least one condition.', '请至少添加一个条件。')));
      return box;
    }

    adding(path) {
      return el('div', { class: 'group-add' },
        el('button', { type: 'button', class: 'btn s quiet', 'data-part': 'add', onclick: () => this.add(path) }, icon('plus'), this.say('Condition', '条件')),
        el('button', { type: 'button', class: 'btn s quiet', onclick: () => this.addGroup(path) }, icon('plus'), this.say('Group', '条件组')));
    }

    leaf(node, path, place) {
      const feature = this.reader.feature(node.feature), told = this.faultsAt(place);
      const own = this.left.has(node) || !told.length ? leafFault(node, this.reader) : null;
      const unfinished = own && !this.left.has(node) && (node.value === null || node.value === '');
      const faults = told.length ? told : own && !unfinished ? [this.reader.of(own)] : [];
      const box = el('div', { class: 'leaf' + (faults.length ? ' wrong' : ''), 'data-path': path.join('.') });
      const ops = [...new Set([...operators(feature), node.op])];
      box.append(...[
        this.handle(path, box),
        el('button', { type: 'button', class: 'btn s feature', 'data-part': 'feature', disabled: this.readonly, title: node.feature, 'aria-label': this.say('Feature: {a}', '指标：{a}', { a: this.reader.title(node.feature) }), onclick: () => this.setFeature(path) }, this.reader.title(node.feature), icon('down')),
        el('select', { class: 'text select-s', 'data-part': 'op', 'aria-label': this.say('Comparison', '比较方式'), disabled: this.readonly, onchange: event => this.setOp(path, event.target.value) }, ops.map(op => el('option', { value: op, selected: op === node.op }, this.say(...opWords(op, feature))))),
        el('span', { class: 'values' }, this.operand(node, path, feature)),
        this.tools(path, this.readonly ? null : el('button', { type: 'button', class: 'chip', 'aria-pressed': 'false', title: this.say('Turn this condition round', '取反'), onclick: () => this.negate(path) }, this.say('not', '非'))),
      ].filter(Boolean));
      faults.forEach(text => box.append(el('p', { class: 'fault', role: 'alert' }, text)));
      if (!path.length && !this.readonly) return el('div', { class: 'condition-tree' }, box, this.adding([]));
      return box;
    }

    async setFeature(path) {
      const name = await this.choose();
      if (!name) return;
      this.change(() => {
        const node = this.node(path), now = this.reader.feature(name), was = this.reader.feature(node.feature);
        node.feature = name;
        if (!now || (was && was.kind === now.kind && same(was.values, now.values))) return { path, part: 'op' };
        const fresh = this.fresh(name);
        for (const key of ['value', 'other', 'days']) delete node[key];
        Object.assign(node, { op: fresh.op, value: fresh.value });
        return { path, part: 'op' };
      });
    }

    setOp(path, op) {
      this.change(() => {
        const node = this.node(path), was = node.op, feature = this.reader.feature(node.feature);
        node.op = op;
        if (PRESENCE.includes(op)) { delete node.value; delete node.other; }
        else if ('other' in node && !COMPARABLE.includes(op)) { delete node.other; node.value = null; }
        if (!PRESENCE.includes(op) && !('other' in node)) node.value = reshaped(was, op, node.value, feature);
        if (op === 'within_days_of') node.days ??= 30; else delete node.days;
        return { path, part: 'op' };
      });
    }

    operand(node, path, feature) {
      if (PRESENCE.includes(node.op)) return [];
      const made = [];
      if (COMPARABLE.includes(node.op)) {
        made.push(el('select', { class: 'text select-s', 'data-part': 'with', 'aria-label': this.say('Compare with', '比较对象'), disabled: this.readonly, onchange: event => this.setWith(path, event.target.value) },
          el('option', { value: 'value', selected: !('other' in node) }, this.say('a value', '取值')), el('option', { value: 'other', selected: 'other' in node }, this.say('another feature', '另一指标'))));
      }
      if ('other' in node) made.push(el('button', { type: 'button', class: 'btn s feature', 'data-part': 'value', disabled: this.readonly, onclick: () => this.setOther(path) }, node.other ? this.reader.title(node.other) : this.say('choose', '选择'), icon('down')));
      else made.push(...this.values(node, path, feature));
      if (node.op === 'within_days_of') made.push(el('span', { class: 'unit' }, this.say('within', '相差')), this.input(node.days ?? '', 'number', this.say('Days', '天数'), text => this.set(path, 'days', /^\d+$/.test(text) ? Number(text) : text)), el('span', { class: 'unit' }, this.say('days', '天')));
      return made;
    }

    setWith(path, what) {
      this.change(() => {
        const node = this.node(path);
        if (what === 'other') { delete node.value; node.other = ''; } else { delete node.other; node.value = this.fresh(node.feature).value; if (Array.isArray(node.value)) node.value = node.value[0]; }
        return { path, part: 'value' };
      });
      if (what === 'other') this.setOther(path);
    }

    async setOther(path) {
      const node = this.node(path), kind = (this.reader.feature(node.feature) || {}).kind;
      const name = await this.choose(each => each.name !== node.feature && (!kind || each.kind === kind));
      if (name) this.set(path, 'other', name);
    }

    set(path, key, value) { this.change(() => { const node = this.node(path); node[key] = value; this.left.add(node); return { path, part: key === 'days' ? 'days' : 'value' }; }); }

    input(value, kind, label, take) {
      const made = el('input', { class: 'text ' + (kind === 'number' ? 'number' : ''), type: kind === 'date' ? 'date' : 'text', inputmode: kind === 'number' ? 'decimal' : null, 'data-part': 'value', 'aria-label': label, readonly: this.readonly });
      made.value = value === null || value === undefined ? '' : String(value);
      made.addEventListener('change', () => { const next = document.activeElement; take(made.value); if (next && next !== made && next.isConnected) next.focus(); });
      return made;
    }

    values(node, path, feature) {
      const kind = feature ? feature.kind : typeof (Array.isArray(node.value) ? node.value[0] : node.value) === 'number' ? 'number' : 'text';
      const unit = this.reader.unit(feature), label = this.say('Value', '取值');
      const unitAfter = unit && kind === 'number' ? [el('span', { class: 'unit' }, unit)] : [];
      if (LISTS.includes(node.op)) return this.listed(node, path, feature, kind);
      if (node.op === 'between') {
        const pair = Array.isArray(node.value) ? node.value : [null, null];
        const one = at => this.single(pair[at], kind, feature, at ? this.say('Up to', '上限') : this.say('From', '下限'), value => this.set(path, 'value', at ? [pair[0], value] : [value, pair[1]]));
        return [one(0), el('span', { class: 'unit' }, this.say('and', '与')), one(1), ...unitAfter];
      }
      return [this.single(node.value, kind, feature, label, value => this.set(path, 'value', value)), ...unitAfter];
    }

    single(value, kind, feature, label, take) {
      const choices = kind === 'flag' ? [{ key: true, title: { en: 'yes', zh: '是' } }, { key: false, title: { en: 'no', zh: '否' } }] : feature && feature.values;
      if (choices) {
        const known = choices.some(each => each.key === value);
        return el('select', { class: 'text select-s', 'data-part': 'value', 'aria-label': label, disabled: this.readonly, onchange: event => take(choices[Number(event.target.value)].key) },
          known ? null : el('option', { value: '-1', selected: true, disabled: true }, value === null || value === undefined ? this.say('choose', '选择') : String(value)),
          choices.map((each, i) => el('option', { value: i, selected: each.key === value }, this.reader.of(each.title) || each.key)));
      }
      const dated = kind === 'date' && (value === null || value === undefined || value === '' || /^\d{4}-\d\d-\d\d$/.test(value));
      return this.input(value, dated ? 'date' : kind, label, text => take(typed(text, kind)));
    }

    /* several values: labels are pressed, anything else is one per line */
    listed(node, path, feature, kind) {
      const list = Array.isArray(node.value) ? node.value : [];
      if (feature && feature.values) {
        const strange = list.filter(key => !feature.values.some(each => each.key === key)).map(key => ({ key }));
        return [...feature.values, ...strange].map((each, i) => el('button', { type: 'button', class: 'chip', 'data-part': i ? null : 'value', 'aria-pressed': String(list.includes(each.key)), disabled: this.readonly, onclick: () => {
          const order = feature.values.map(one => one.key), next = list.includes(each.key) ? list.filter(key => key !== each.key) : [...list, each.key].sort((a, b) => order.indexOf(a) - order.indexOf(b));
          this.set(path, 'value', next);
        } }, this.reader.of(each.title) || each.key));
      }
      const area = el('textarea', { class: 'text', rows: 3, 'data-part': 'value', readonly: this.readonly, spellcheck: 'false', 'aria-label': this.say('Values, one per line', '取值，每行一个'), placeholder: this.say('one per line', '每行一个') });
      area.value = list.join('\n');
      area.addEventListener('change', () => this.set(path, 'value', [...new Set(area.value.split(/[\n\r\t]+/).filter(each => each.trim()).map(each => typed(kind === 'text' ? each : each.trim(), kind)))]));
      return [area, el('span', { class: 'unit' }, this.reader.unit(feature) || '', list.length > 3 ? ' ' + this.reader.count(list.length, 'value', 'values', '项') : '')];
    }
  }

  /* the value that a person typed; what is no number stays text, so that its fault can be shown */
  function typed(text, kind) {
    if (text.trim() === '' && kind !== 'text') return null;
    if (kind !== 'number') return text;
    const digits = text.trim().replace(/[\u2212－]/g, '-').replace(/^(-?\d{1,3}(?:,\d{3})+)(\.\d+)?$/, all => all.replace(/,/g, ''));
    return /^-?\d+(\.\d+)?$/.test(digits) ? Number(digits) : text;
  }

  /* keep what was typed when the operator changes */
  function reshaped(was, op, value, feature) {
    const list = LISTS.includes(op), pair = op === 'between', one = Array.isArray(value) ? value[0] ?? null : value ?? null;
    if (list) return Array.isArray(value) ? value.filter(each => each !== null) : one === null || one === '' ? [] : [one];
    if (pair) return Array.isArray(value) && value.length === 2 ? value : [one, null];
    if (one === null && feature && feature.kind === 'flag') return true;
    return one;
  }

  const parsePath = text => (text === '' ? [] : text.split('.').map(step => (/^\d+$/.test(step) ? Number(step) : step)));
  const pathOf = element => parsePath(element.dataset.path);

  function mount(element, value, context) {
    const reader = new Reader(context);
    let inner;
    const show = now => {
      if (now === null || now === undefined) {
        element.replaceChildren(el('div', { class: 'row wrap' }, el('span', { class: 'muted small' }, context.empty_text ? reader.of(context.empty_text) : reader.say('No condition: everybody.', '无条件：适用于所有客户。')), context.readonly ? null : el('button', { type: 'button', class: 'btn s', onclick: async () => {
          const name = await chooseFeature(reader, { title: reader.say('Choose a feature', '选择指标') });
          if (!name) return;
          const first = ConditionBuilder.prototype.fresh.call({ reader }, name);
          show(first);
          if (context.changed) context.changed(copy(first));
        } }, icon('plus'), reader.say('Condition', '条件'))));
        inner = { value: () => null, update() {}, focus() { element.querySelector('button')?.focus(); }, destroy() { element.replaceChildren(); } };
        return;
      }
      if (!drawable(now)) { inner = asText(element, now, context, reader, reader.say('This condition has no form that can be drawn. Mend it as text.', '该条件无法以图形显示，请以文本修正。')); return; }
      const builder = new ConditionBuilder(element, now, context);
      inner = {
        builder,
        value: () => copy(builder.root),
        update(more) {
          if (more.features || more.limits) { Object.assign(context, more); builder.reader.set(context); }
          if ('faults' in more) builder.faults = more.faults;
          builder.draw();
        },
        focus(place) {
          const path = parsePath((place || '').replace(/^condition\.?/, '').replace(/\[(\d+)\]/g, '.$1').replace(/\.(?:feature|op|value|other|days)(?:\.\d+)?$/, ''));
          builder.focusOn({ path });
        },
        destroy() { element.replaceChildren(); },
      };
    };
    show(value);
    return {
      value: () => inner.value(),
      update(more) {
        if ('value' in more && !same(more.value, inner.value())) { show(more.value); }
        inner.update(more);
      },
      focus(place) { inner.focus(place); },
      destroy() { inner.destroy(); },
    };
  }

  window.Editors.register('condition', { mount });
})();
