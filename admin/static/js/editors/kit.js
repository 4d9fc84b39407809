/* What all editors of rules are made from: elements, the two languages, numbers, the chooser of features, undo. */
(function () {
  'use strict';
  const NS = 'http://www.w3.org/2000/svg';
  const PATHS = {
    plus: 'M8 3v10M3 8h10', trash: 'M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.7 9h5.6l.7-9', warn: 'M8 2.3l6 11H2zM8 6.5v3M8 11.5h.01',
    grip: 'M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01', paste: 'M5.5 3h-2v10.500h9V3h-2M5.5 2h5v2.500h-5z',
    info: 'M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM8 7.5V11M8 5h.01', check: 'M3 8.5l3.3 3.3L13 5', cross: 'M4 4l8 8M12 4l-8 8',
    down: 'M3.5 6 8 10.5 12.5 6', more: 'M3.5 8h.01M8 8h.01M12.5 8h.01', download: 'M8 2.5v8M5 7.5l3 3 3-3M2.5 10.5v3h11v-3',
    upload: 'M8 10.500v-8M5 5.500l3-3 3 3M2.5 10.500v3h11v-3', edit: 'M3 13l.7-2.9L10.8 3l2.2 2.2-7.1 7.1z',
    up: 'M8 13V3M4 7l4-4 4 4', lower: 'M8 3v10M4 9l4 4 4-4', wrap: 'M5.5 3h-2v10h2M10.5 3h2v10h-2',
  };

  function icon(name) {
    const svg = document.createElementNS(NS, 'svg'), path = document.createElementNS(NS, 'path');
    svg.setAttribute('class', 'ico');
    svg.setAttribute('viewBox', '0 0 16 16');
    svg.setAttribute('aria-hidden', 'true');
    path.setAttribute('d', PATHS[name]);
    svg.append(path);
    return svg;
  }

  /* el('button', {class: 'btn', onclick: f, 'aria-label': 'x'}, 'text', node, ...): false, null and undefined are left out */
  function el(tag, about, ...inside) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(about || {})) {
      if (value === false || value === null || value === undefined) continue;
      if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
      else if (name === 'value' || name === 'checked' || name === 'selected' || name === 'disabled') made[name] = value;
      else made.setAttribute(name, value === true ? '' : value);
    }
    made.append(...inside.flat(Infinity).filter(each => each !== null && each !== undefined && each !== false && each !== ''));
    return made;
  }

  const copy = value => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  /* One reader: language, currency, features by name. */
  class Reader {
    constructor(context) { this.set(context); }

    set(context) {
      this.context = context;
      this.zh = String(context.language || 'en').startsWith('zh');
      this.currency = context.currency || '';
      const limits = context.limits || {};
      this.features = limits.inputs || context.features || [];
      this.byName = new Map(this.features.map(each => [each.name, each]));
    }

    say(en, zh, values) {
      const text = this.zh ? zh : en;
      return values ? text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all)) : text;
    }

    of(text) { return text && typeof text === 'object' ? (this.zh ? text.zh : text.en) || '' : String(text ?? ''); }

    /* also spellings with a window of their own: orders.amount_45d */
    feature(name) {
      const found = this.byName.get(name), window = /^(.+)_(\d{1,5})d$/.exec(name || '');
      if (found || !window) return found || null;
      const plain = this.byName.get(window[1]), days = Number(window[2]);
      if (!plain || !plain.windows || days < 1 || days > 36500 || String(days) !== window[2]) return null;
      const title = { en: plain.windows.en.replace('{n}', days), zh: plain.windows.zh.replace('{n}', days) };
      const made = { ...plain, name, title, windows: null };
      this.byName.set(name, made);
      return made;
    }

    title(name) {
      const found = this.feature(name);
      return found ? this.of(found.title) || name : String(name);
    }

    label(feature, key) {
      const found = feature && feature.values && feature.values.find(each => each.key === key);
      return found ? this.of(found.title) || key : String(key);
    }

    unit(feature) {
      if (!feature || !feature.unit) return '';
      return feature.unit === 'money' ? this.currency : this.of(feature.unit_title) || feature.unit;
    }

    number(value) { return new Intl.NumberFormat('en-GB', { maximumFractionDigits: 15 }).format(value).replace('-', '−'); }

    count(n, one, many, zh) { return this.zh ? this.number(n) + ' ' + zh : this.number(n) + ' ' + (n === 1 ? one : many); }

    change(n) { return n > 0 ? '+' + this.number(n) : n < 0 ? this.number(n) : '='; }

    value(feature, value) {
      if (value === null || value === undefined) return this.say('missing', '缺失');
      if (typeof value === 'boolean') return value ? this.say('yes', '是') : this.say('no', '否');
      if (typeof value === 'number') return this.number(value);
      if (feature && feature.kind === 'date' && /^\d{4}-\d\d-\d\d$/.test(value)) return this.date(value);
      return this.label(feature, value);
    }

    date(text) {
      const [year, month, day] = text.split('-').map(Number);
      return this.zh ? year + '年' + month + '月' + day + '日' : day + ' ' + 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')[month - 1] + ' ' + year;
    }

    /* the first letter of a sentence */
    sentence(text) { const said = this.of(text); return said[0] ? said[0].toUpperCase() + said.slice(1) : said; }

    measured(feature, value) {
      const unit = typeof value === 'number' ? this.unit(feature) : '';
      return this.value(feature, value) + (unit ? ' ' + unit : '');
    }

    list(parts, or) {
      if (this.zh) return parts.join('、');
      return parts.length < 2 ? parts.join('') : parts.slice(0, -1).join(', ') + (or ? ' or ' : ' and ') + parts[parts.length - 1];
    }
  }

  /* A label on its colour step. */
  function grade(reader, labels, key) {
    const found = (labels || []).find(each => each.key === key);
    return el('span', { class: 'grade g' + ((found && found.step) || 0) }, found ? reader.of(found.title) || key : String(key));
  }

  /* A dialog of a question; resolves with what `read` gives, or null. */
  function dialog(title, body, buttons) {
    const box = el('dialog', { class: 'dialog editor-dialog' });
    let answer = null;
    const close = value => { answer = value; box.close(); };
    const row = el('div', { class: 'row wrap dialog-do' }, buttons.map(each => el('button', {
      type: 'button', class: 'btn' + (each.kind ? ' ' + each.kind : ''), onclick: () => { const value = each.run(); if (value !== undefined) close(value); },
    }, each.text)));
    const heading = el('h2', { id: 'editor-dialog-title' }, title);
    box.setAttribute('aria-labelledby', 'editor-dialog-title');
    box.append(el('div', { class: 'stack' }, heading, body, row));
    document.body.append(box);
    box.showModal();
    return new Promise(done => box.addEventListener('close', () => { box.remove(); done(answer); }, { once: true }));
  }

  const KINDS = { number: ['number', '数值'], text: ['text', '文本'], flag: ['yes or no', '是或否'], date: ['date', '日期'] };

  /* Choose a feature or an output of a policy: search by title, name or group; arrows and Enter. Resolves with its name or null. */
  function chooseFeature(reader, { title, fits, except } = {}) {
    const found = reader.features.filter(each => (!fits || fits(each)) && !(except || []).includes(each.name));
    const box = el('dialog', { class: 'dialog palette feature-chooser', 'aria-label': title || reader.say('Choose an input', '选择输入') });
    const input = el('input', {
      type: 'search', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'feature-options', 'aria-autocomplete': 'list',
      'aria-label': reader.say('Search features', '搜索指标'), placeholder: reader.say('Search; a number is a window: sales 90', '搜索；数字表示天数窗口：销售 90'), autocomplete: 'off',
    });
    const list = el('ul', { role: 'listbox', id: 'feature-options', 'aria-label': reader.say('Features', '指标') });
    const none = el('p', { class: 'palette-none', hidden: true }, reader.say('Nothing of that name. Try another word.', '没有匹配项，换个词试试。'));
    let answer = null, shown = [], at = 0;
    const mark = () => shown.forEach((item, i) => {
      item.setAttribute('aria-selected', String(i === at));
      if (i === at) { input.setAttribute('aria-activedescendant', item.id); item.scrollIntoView({ block: 'nearest' }); }
    });
    const take = name => { answer = name; box.close(); };
    const draw = () => {
      const words = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      // a number among the words is a window of so many days
      const days = words.map(word => /^(\d{1,5})(?:d|天)?$/.exec(word)).filter(Boolean).map(each => each[1])[0];
      const windowed = days ? found.filter(each => each.windows).map(each => reader.feature(each.name + '_' + days + 'd')).filter(each => each && (!fits || fits(each)) && !(except || []).includes(each.name)) : [];
      const hits = [...found, ...windowed].filter(each => {
        const text = [each.name, each.title && each.title.en, each.title && each.title.zh, each.group && reader.of(each.group)].join(' ').toLowerCase();
        return words.every(word => text.includes(word.replace(/天$/, '')));
      }).slice(0, 200);
      list.replaceChildren();
      shown = [];
      let group = null;
      for (const each of hits) {
        const own = reader.of(each.group);
        if (own !== group) { group = own; if (own) list.append(el('li', { class: 'palette-group', role: 'presentation' }, own)); }
        const item = el('li', { role: 'option', id: 'feature-option-' + shown.length, onclick: () => take(each.name) },
          el('a', {}, el('span', {}, reader.of(each.title) || each.name, ' ', el('code', {}, each.name)), el('small', {}, [reader.say(...(KINDS[each.kind] || [each.kind, each.kind])), reader.unit(each)].filter(Boolean).join(' · '))));
        shown.push(item);
        list.append(item);
      }
      none.hidden = shown.length > 0;
      at = 0;
      mark();
    };
    input.addEventListener('input', draw);
    input.addEventListener('keydown', event => {
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault();
        if (shown.length) { at = (at + (event.key === 'ArrowDown' ? 1 : shown.length - 1)) % shown.length; mark(); }
      } else if (event.key === 'Enter') { event.preventDefault(); if (shown[at]) shown[at].click(); }
    });
    box.append(el('div', { class: 'palette-box' }, input), none, list);
    document.body.append(box);
    draw();
    box.showModal();
    input.focus();
    return new Promise(done => box.addEventListener('close', () => { box.remove(); done(answer); }, { once: true }));
  }

  /* Ask the server after a pause; an answer to an older question is dropped. */
  class Asking {
    constructor(ask, got, failed, pause) { Object.assign(this, { ask, got, failed, pause: pause ?? 300, number: 0, timer: 0 }); }

    soon(value) { clearTimeout(this.timer); this.number += 1; this.timer = setTimeout(() => this.now(value), this.pause); }

    async now(value) {
      const mine = ++this.number;
      try {
        const answer = await this.ask(value);
        if (mine === this.number) this.got(answer);
      } catch (error) { if (mine === this.number) this.failed(error); }
    }

    stop() { clearTimeout(this.timer); this.number += 1; }
  }

  /* A hundred steps back. */
  class Past {
    constructor() { this.back = []; this.forth = []; }

    keep(value) { this.back.push(JSON.stringify(value)); if (this.back.length > 100) this.back.shift(); this.forth = []; }

    undo(now) { if (!this.back.length) return null; this.forth.push(JSON.stringify(now)); return JSON.parse(this.back.pop()); }

    redo(now) { if (!this.forth.length) return null; this.back.push(JSON.stringify(now)); return JSON.parse(this.forth.pop()); }
  }

  /* What no editor can draw is edited as text: JSON with its fault in words. */
  function asText(element, value, context, reader, why) {
    let now = copy(value);
    const fault = el('p', { class: 'fault', role: 'alert', hidden: true });
    const area = el('textarea', { class: 'text code', rows: 12, spellcheck: 'false', 'aria-label': reader.say('As text (JSON)', '文本形式（JSON）') });
    area.value = JSON.stringify(value, null, 2) ?? '';
    area.readOnly = Boolean(context.readonly);
    area.addEventListener('change', () => {
      try {
        now = JSON.parse(area.value);
        fault.hidden = true;
        if (context.changed) context.changed(copy(now));
      } catch (error) {
        fault.textContent = reader.say('This is no JSON: {error}. The last valid text is kept.', '不是有效的 JSON：{error}。保留上次有效的内容。', { error: error.message });
        fault.hidden = false;
      }
    });
    element.replaceChildren(el('div', { class: 'field' }, why ? el('p', { class: 'help' }, why) : null, area, fault));
    return { value: () => copy(now), update(more) { if ('value' in more) { now = copy(more.value); area.value = JSON.stringify(now, null, 2); } }, focus() { area.focus(); }, destroy() { element.replaceChildren(); } };
  }

  window.EditorKit = { el, icon, copy, same, Reader, grade, dialog, chooseFeature, Asking, Past, asText, KINDS };
})();
