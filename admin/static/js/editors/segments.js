/* Named conditions in order, as the policy type "segments" has them: [{key, title, step, when}], read from the top. */
(function () {
  'use strict';
  const { el, icon, copy, same, Reader, grade, Asking, Past, asText } = window.EditorKit;
  const { words, drawable } = window.Conditions;

  class SegmentList {
    constructor(element, value, context) {
      this.context = context;
      this.reader = new Reader(context);
      this.items = copy(value);
      this.past = new Past();
      this.open = new Set();
      this.builders = new Map();
      this.report = { faults: context.faults || [], findings: context.findings || [], hits: context.hits || null };
      this.asking = new Asking(each => context.check(each), answer => this.learn(answer), () => this.box.classList.remove('is-asking'));
      this.list = el('ol', { class: 'named' });
      this.box = el('div', { class: 'editor' }, this.list);
      if (!context.readonly) this.box.append(el('div', { class: 'group-add' }, el('button', { type: 'button', class: 'btn s', onclick: () => this.add() }, icon('plus'), this.say('Segment', '分群'))));
      element.replaceChildren(this.box);
      this.list.addEventListener('keydown', event => this.key(event));
      this.draw();
      if (context.check) this.asking.now(copy(this.items));
    }

    learn(answer) {
      this.report = { faults: answer.faults || [], findings: answer.findings || [], hits: answer.hits || null };
      this.again();
    }

    /* draw anew, but not under the hands of somebody who types */
    again() {
      const here = document.activeElement;
      if (this.box.contains(here) && here.matches('input, textarea')) { here.addEventListener('blur', () => setTimeout(() => this.again(), 0), { once: true }); return; }
      const at = here?.closest?.('[data-item]')?.dataset.item, path = here?.closest?.('[data-path]')?.dataset.path, part = here?.dataset?.part;
      const inside = this.box.contains(here);
      this.draw();
      if (!inside || at === undefined) return;
      const row = this.list.children[Number(at)];
      (path !== undefined && part ? row?.querySelector('[data-path="' + path + '"] [data-part="' + part + '"]') : row?.querySelector('[data-part="toggle"]'))?.focus();
    }

    say(en, zh, values) { return this.reader.say(en, zh, values); }

    change(run, to) {
      const before = JSON.stringify(this.items);
      run();
      if (JSON.stringify(this.items) === before) return;
      this.past.keep(JSON.parse(before));
      this.report = { faults: [], findings: [], hits: this.report.hits };
      this.draw();
      if (to !== undefined) this.list.children[to]?.querySelector('[data-part="toggle"]')?.focus();
      this.tell();
    }

    tell() {
      if (this.context.changed) this.context.changed(copy(this.items));
      if (this.context.check) this.asking.soon(copy(this.items));
    }

    key(event) {
      const row = event.target.closest('[data-item]');
      if (!row || this.context.readonly) return;
      const head = event.target.closest('.named-head'), control = event.ctrlKey || event.metaKey;
      if (event.altKey && head && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
        event.preventDefault();
        this.move(Number(row.dataset.item), event.key === 'ArrowUp' ? -1 : 1);
      }
      if (control && event.key.toLowerCase() === 'z' && !this.context.undo && !event.target.matches('input, textarea')) { const found = this.past.undo(this.items); if (found) { event.preventDefault(); this.items = found; this.draw(); this.tell(); } }
    }

    move(at, by) {
      const to = at + by;
      if (to < 0 || to >= this.items.length) return;
      this.change(() => { const [item] = this.items.splice(at, 1); this.items.splice(to, 0, item); }, to);
    }

    add() {
      let n = this.items.length + 1;
      while (this.items.some(each => each.key === 'segment_' + n)) n += 1;
      const item = { key: 'segment_' + n, title: { en: 'Segment ' + n, zh: '分群 ' + n }, when: { feature: (this.reader.features.find(each => each.kind === 'number') || { name: 'orders.count' }).name, op: '>=', value: 1 } };
      this.open.add(item);
      this.change(() => this.items.push(item), this.items.length);
    }

    remove(at) {
      if (this.items.length < 2) return;
      const name = this.name(this.items[at]);
      this.change(() => this.items.splice(at, 1), Math.max(0, at - 1));
      if (window.tierwise) window.tierwise.toast(this.say('{a} deleted', '已删除“{a}”', { a: name }), { text: this.say('Undo', '撤销'), run: () => { if (this.context.undo) { this.context.undo(); return; } const found = this.past.undo(this.items); if (found) { this.items = found; this.draw(); this.tell(); } } });
    }

    name(item) { return (typeof item.title === 'object' && item.title ? this.reader.of(item.title) : item.title) || item.key; }

    faultsOf(at) { return this.report.faults.filter(each => (each.place || '').replace(/^segments/, '').startsWith('[' + at + ']')); }

    draw() {
      this.builders.clear();
      this.list.replaceChildren(...this.items.map((item, at) => this.item(item, at)));
    }

    item(item, at) {
      const faults = this.faultsOf(at), findings = this.report.findings.filter(each => (each.rows || [])[0] === at + 1), open = this.open.has(item), hits = this.report.hits;
      const row = el('li', { class: 'named-item' + (faults.length ? ' wrong' : findings.some(each => each.severity !== 'note') ? ' warned' : ''), 'data-item': at });
      const tiny = (symbol, text, run, off) => el('button', { type: 'button', class: 'tiny', title: text, 'aria-label': text, disabled: Boolean(off), onclick: run }, icon(symbol));
      const said = drawable(item.when) ? words(item.when, this.reader) : this.say('a condition that cannot be drawn', '无法显示的条件');
      const toggle = el('button', { type: 'button', class: 'tiny', 'data-part': 'toggle', 'aria-expanded': String(open), 'aria-label': this.say('{n}. {a}: edit', '{n}. {a}：编辑', { n: at + 1, a: this.name(item) }), onclick: () => { if (open) this.open.delete(item); else this.open.add(item); row.replaceWith(this.item(item, at)); this.list.children[at].querySelector('[data-part="toggle"]').focus(); } }, String(at + 1));
      row.append(el('div', { class: 'named-head' }, toggle, grade(this.reader, [{ key: item.key, title: { en: this.name(item), zh: this.name(item) }, step: item.step || 1 + Math.round((7 * at) / Math.max(1, this.items.length - 1)) }], item.key), el('span', { class: 'said' }, said),
        el('span', { class: 'row' }, hits && hits.draft && hits.draft[at] !== undefined ? el('span', { class: 'hit' }, this.reader.count(hits.draft[at], 'customer', 'customers', '位客户')) : null,
          this.context.readonly ? null : [tiny('up', this.say('Move up (Alt+↑)', '上移（Alt+↑）'), () => this.move(at, -1), at === 0), tiny('lower', this.say('Move down (Alt+↓)', '下移（Alt+↓）'), () => this.move(at, 1), at === this.items.length - 1), tiny('trash', this.say('Delete {a}', '删除“{a}”', { a: this.name(item) }), () => this.remove(at), this.items.length < 2)])));
      if (open) row.append(this.body(item, at, faults));
      else if (faults.length) row.append(el('p', { class: 'note bad' }, icon('warn'), el('span', {}, faults.map(each => (each.text ? this.reader.of(each.text) : each.found)).join(this.say('; ', '；')))));
      findings.forEach(each => row.append(this.finding(each)));
      return row;
    }

    finding(each) {
      const n = each.customers;
      return el('div', { class: 'note ' + (each.severity === 'note' ? 'info' : 'warn'), 'data-finding': each.id }, icon(each.severity === 'note' ? 'info' : 'warn'), el('div', {}, el('b', {}, this.reader.sentence(each.text) + this.say('.', '。')), n === null || n === undefined ? '' : ' ' + this.reader.count(n, 'customer today.', 'customers today.', '位客户。'),
        this.context.readonly ? null : el('span', { class: 'row wrap finding-do' }, (each.mends || []).map(mend => [el('button', { type: 'button', class: 'btn s', onclick: () => this.change(() => { this.items = copy(mend.value); }) }, this.reader.of(mend.title)), el('span', { class: 'muted small' }, mend.moved === 0 ? this.say('changes nobody', '不影响任何客户') : mend.moved ? this.say('moves {n}', '影响 {n}', { n: this.reader.count(mend.moved, 'customer', 'customers', '位客户') }) : '')]))));
    }

    body(item, at, faults) {
      const field = (label, value, take, more) => { const input = el('input', { class: 'text', value: value ?? '', readonly: this.context.readonly, 'aria-label': label, ...more }); input.addEventListener('change', () => this.change(() => take(input.value.trim()))); return el('label', { class: 'field' }, el('span', { class: 'label' }, label), input); };
      const title = language => (item.title && typeof item.title === 'object' ? item.title[language] : item.title) || '';
      const setTitle = (language, text) => { item.title = { en: title('en'), zh: title('zh'), [language]: text }; };
      const step = el('select', { class: 'text', 'aria-label': this.say('Colour step', '色阶'), disabled: this.context.readonly }, el('option', { value: '', selected: !item.step }, this.say('spread evenly', '均匀分布')), [1, 2, 3, 4, 5, 6, 7, 8].map(n => el('option', { value: n, selected: item.step === n }, String(n))));
      step.addEventListener('change', () => this.change(() => { item.step = step.value ? Number(step.value) : null; }));
      const place = el('div'), own = faults.filter(each => !/\.when/.test(each.place));
      this.builders.set(item, window.Editors.mount('condition', place, item.when, { ...this.context, title: { en: this.name(item), zh: this.name(item) }, faults: faults.filter(each => /\.when/.test(each.place)).map(each => ({ ...each, place: each.place.replace(/^.*?\.when\.?/, '') })), changed: when => this.keep(item, when) }));
      return el('div', { class: 'named-body' }, el('div', { class: 'named-fields' }, field(this.say('Name in English', '英文名称'), title('en'), text => setTitle('en', text)), field(this.say('Name in Chinese', '中文名称'), title('zh'), text => setTitle('zh', text)), field(this.say('Key, stored with every outcome', '键，随结果保存'), item.key, text => { item.key = text; }), el('label', { class: 'field' }, el('span', { class: 'label' }, this.say('Colour step', '色阶')), step)),
        own.map(each => el('p', { class: 'fault' }, each.text ? this.reader.of(each.text) : each.found)), place);
    }

    /* the builder drew itself already; only the sentence above it is new */
    keep(item, when) {
      this.past.keep(this.items);
      item.when = when;
      const row = this.list.children[this.items.indexOf(item)];
      row.querySelector('.said').textContent = words(when, this.reader);
      row.querySelectorAll(':scope > .note').forEach(each => each.remove());
      this.tell();
    }
  }

  const isList = value => Array.isArray(value) && value.length > 0 && value.every(each => each && typeof each === 'object' && 'when' in each);

  window.Editors.register('segments', {
    mount(element, value, context) {
      const reader = new Reader(context);
      let inner;
      const show = now => {
        if (!isList(now)) { inner = asText(element, now, context, reader, reader.say('These segments cannot be drawn. Mend them as text.', '这些分群无法显示，请以文本修正。')); return; }
        const list = new SegmentList(element, now, context);
        inner = {
          value: () => copy(list.items),
          update(more) {
            if (more.features) { Object.assign(context, more); list.reader.set(context); }
            for (const key of ['faults', 'findings', 'hits']) if (key in more) list.report[key] = more[key];
            list.again();
          },
          focus(place) { const at = Number((/\[(\d+)\]/.exec(place || '') || [0, 0])[1]); const item = list.items[at]; if (item) { list.open.add(item); list.draw(); list.list.children[at].querySelector('[data-part="toggle"]').focus(); } },
          destroy() { list.asking.stop(); element.replaceChildren(); },
        };
      };
      show(value);
      return { value: () => inner.value(), update(more) { if ('value' in more && !same(more.value, inner.value())) show(more.value); inner.update(more); }, focus(place) { inner.focus(place); }, destroy() { inner.destroy(); } };
    },
  });
})();
