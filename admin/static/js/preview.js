/* The live preview: asks while somebody types, drops old answers, draws the panel. tierwise.preview.ask(entry, dragging). */
(function () {
  'use strict';
  const source = document.getElementById('page-data');
  if (!source) return;
  const data = tierwise.page = JSON.parse(source.textContent), words = data.words;
  const one = (selector, inside) => (inside || document).querySelector(selector);
  const NS = 'http://www.w3.org/2000/svg';
  tierwise.say = (key, values) => (words[key] || key).replace(/\{(\w+)\}/g, (whole, name) => (values && name in values ? values[name] : whole));
  tierwise.svg = (tag, attributes, text) => {
    const made = document.createElementNS(NS, tag);
    for (const name in attributes || {}) made.setAttribute(name, attributes[name]);
    if (text !== undefined && text !== null) made.textContent = text;
    return made;
  };
  tierwise.el = (tag, attributes, ...inside) => {
    const made = document.createElement(tag);
    for (const name in attributes || {}) {
      if (name === 'class') made.className = attributes[name];
      else if (name === 'text') made.textContent = attributes[name];
      else if (name.startsWith('on')) made.addEventListener(name.slice(2), attributes[name]);
      else if (attributes[name] === true) made.setAttribute(name, '');
      else if (attributes[name] !== false && attributes[name] !== null && attributes[name] !== undefined) made.setAttribute(name, attributes[name]);
    }
    inside.forEach(each => { if (each !== null && each !== undefined) made.append(each); });
    return made;
  };
  const sorted = value => Array.isArray(value) ? value.map(sorted) : value && typeof value === 'object' ? Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])])) : value;
  tierwise.same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
  tierwise.copy = value => value === undefined ? undefined : JSON.parse(JSON.stringify(value));
  const el = tierwise.el, svg = tierwise.svg, say = tierwise.say;
  const fmt = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 10 });
  tierwise.number = value => fmt.format(value).replace('-', '−');
  const tab = Math.random().toString(36).slice(2, 12);
  const listeners = [];
  let question = 0, answered = 0, timer = 0, sent = 0, flying = false, waiting = null, slow = 0, spoken = 0;

  const panel = one('#preview'), dim = on => { if (panel) panel.classList.toggle('dim', on); };
  const begin = () => {
    dim(true);
    clearTimeout(slow);
    slow = setTimeout(() => { if (panel) one('.thin', panel).hidden = false; }, 400);
  };
  const end = () => { clearTimeout(slow); if (panel) one('.thin', panel).hidden = true; dim(false); };

  async function send(entry) {
    if (!data.urls.preview) return;
    if (flying) { waiting = { entry }; return; }
    flying = true;
    sent = Date.now();
    const mine = ++question;
    begin();
    try {
      const body = { tab, policy: data.policy };
      if (entry) body.entry = entry;
      const answer = await tierwise.post(data.urls.preview, body);
      if (!answer.superseded && mine > answered) { answered = mine; show(answer); }
    } catch (error) {
      end();
      note('bad', error.message);
    } finally {
      flying = false;
      if (waiting) { const next = waiting; waiting = null; send(next.entry); } else end();
    }
  }

  tierwise.preview = {
    last: null,
    faults: [],
    /* the listeners of a form that is drawn anew go with it */
    rest() { listeners.splice(1); },
    on(listener) { listeners.push(listener); if (tierwise.preview.last) listener(tierwise.preview.last); },
    ask(entry, dragging) {
      clearTimeout(timer);
      const wait = dragging ? Math.max(0, 100 - (Date.now() - sent)) : 200;
      timer = setTimeout(() => send(entry), wait);
    },
    now(entry) { clearTimeout(timer); send(entry); },
  };

  function show(answer) {
    if (!answer.ok) {
      tierwise.preview.faults = answer.faults;
      note('warn', say('last'));
      listeners.forEach(listener => listener(answer));
      return;
    }
    tierwise.preview.faults = [];
    tierwise.preview.last = answer;
    if (panel) draw(answer);
    pills(answer);
    listeners.forEach(listener => listener(answer));
  }

  function note(kind, text) {
    const box = one('#preview-stale');
    if (box) box.remove();
    if (!text || !panel) return;
    panel.prepend(el('p', { id: 'preview-stale', class: 'note-line ' + kind, text }));
  }

  tierwise.grade = (label, size) => el('span', { class: 'grade g' + (label.step || 0) + (size ? ' ' + size : ''), text: label.title, title: label.title });

  function draw(answer) {
    note('', '');
    one('#preview-title').textContent = data.draft === null ? words.where : answer.title;
    one('#preview-sub').textContent = data.draft === null ? words.whereSub : answer.sub;
    one('#preview-ways').hidden = !answer.up && !answer.down;
    one('#preview-up').textContent = say('up_', { n: answer.upText });
    one('#preview-down').textContent = say('down_', { n: answer.downText });
    const took = one('#preview-took');
    took.hidden = false;
    one('span', took).textContent = answer.took;
    one('#preview-outputs').replaceChildren(...answer.outputs.flatMap(output), movers(answer.movers));
    one('#preview-notes').replaceChildren(...notes(answer));
    const brief = one('#bar-effect');
    if (brief) brief.textContent = answer.title;
    const reach = one('#reach');
    if (reach) reach.textContent = answer.reach;
    clearTimeout(spoken);
    spoken = setTimeout(() => { one('#preview-said').textContent = answer.title; }, 1000);
  }

  function output(each) {
    const parts = [el('div', { class: 'row between' }, el('h3', { text: each.title }), each.new ? el('span', { class: 'badge draft', text: words.fresh }) : el('span', { class: 'legend' }, el('span', { class: 'key live-k', text: words.liveKey }), el('span', { text: words.change })))];
    if (each.matrix) parts.push(matrix(each));
    const most = Math.max(1, ...each.bars.flatMap(bar => [bar.before, bar.after]));
    const rows = each.bars.flatMap(bar => {
      const line = svg('svg', { viewBox: '0 0 100 14', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
      line.append(svg('rect', { class: 'c-brand', width: bar.after / most * 100, height: 14 }), each.new ? '' : svg('line', { class: 'line', x1: bar.before / most * 100, x2: bar.before / most * 100, y1: 0, y2: 14, 'vector-effect': 'non-scaling-stroke' }));
      return [el('span', { class: 'seg k' + (bar.step || 8), text: bar.title, title: bar.title }), el('span', { class: 'bar' }, line), el('span', { class: 'num strong', text: bar.text }), el('span', { class: 'num small' + (bar.change === '=' ? ' muted' : ''), text: bar.change })];
    });
    if (each.without.text !== '0') rows.push(el('span', { class: 'muted', text: words.noValue }), el('span'), el('span', { class: 'num', text: each.without.text }), el('span', { class: 'num small' + (each.without.change === '=' ? ' muted' : ''), text: each.without.change }));
    parts.push(el('div', { class: 'dist' }, ...rows));
    return [el('div', { class: 'stack stack-2' }, ...parts)];
  }

  function matrix(each) {
    const m = each.matrix, table = el('table', { class: 'matrix' }), head = el('tr', {}, el('td', { class: 'from' }));
    m.columns.forEach(label => head.append(el('th', { scope: 'col' }, tierwise.grade(label))));
    table.append(el('caption', { class: 'sr', text: words.matrix }), el('thead', {}, head));
    const body = el('tbody');
    m.rows.forEach((label, i) => body.append(el('tr', {}, el('th', { scope: 'row' }, tierwise.grade(label)), ...m.cells[i].map(cell => el('td', { class: cell.way, text: cell.text })))));
    table.append(body);
    return table;
  }

  function movers(list) {
    if (!list.length) return '';
    const body = el('tbody');
    list.forEach(each => {
      const name = each.url ? el('a', { href: each.url, text: each.customer }) : el('span', { text: each.customer });
      const moves = el('td');
      each.moves.forEach(move => moves.append(el('span', { class: 'move', title: move.title }, tierwise.grade(move.was), el('i', { class: move.way > 0 ? 'up' : move.way < 0 ? 'down' : 'same', 'aria-hidden': 'true', text: '→' }), el('span', { class: 'sr', text: words.to }), tierwise.grade(move.now))));
      body.append(el('tr', {}, el('td', {}, name), moves, el('td', { class: 'num', text: each.amount })));
    });
    return el('div', { class: 'stack stack-2' }, el('h3', { text: words.movers }), el('div', { class: 'scroll' }, el('table', { class: 'tbl tight' }, body)));
  }

  const ICONS = { bad: 'M4 4l8 8M12 4l-8 8', warn: 'M8 2.3l6 11H2zM8 6.5v3M8 11.5h.01', info: 'M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM8 7.5V11M8 5h.01' };
  tierwise.icon = kind => { const made = svg('svg', { class: 'ico', viewBox: '0 0 16 16', 'aria-hidden': 'true' }); made.append(svg('path', { d: ICONS[kind] || kind })); return made; };

  function notes(answer) {
    const card = (kind, title, text, url, link) => el('div', { class: 'note ' + kind }, tierwise.icon(kind), el('b', { text: title }), text ? el('span', { text }) : null, url ? el('span', { class: 'do' }, el('a', { href: url, text: link })) : null);
    return [
      ...answer.failing.map(each => card('bad', say('failing', { policy: each.title }), each.text, each.url, words.open)),
      ...answer.broken.map(each => card('warn', say('breaks', { name: each.name }), each.text)),
      ...answer.findings.map(each => card(each.severity === 'error' ? 'bad' : each.severity === 'warning' ? 'warn' : 'info', each.policy + (words.colon || ': ') + each.text, [each.new ? words.isNew : '', each.customers].filter(Boolean).join(', '), each.policyHere ? null : each.url, words.open)),
    ];
  }

  function pills(answer) {
    document.querySelectorAll('[data-pill]').forEach(place => {
      place.replaceChildren();
      const n = answer.policies[place.dataset.pill];
      if (n === undefined) return;
      const text = n, wide = [...text].reduce((sum, letter) => sum + (letter > '⺀' ? 12 : 7), 14);
      place.append(svg('rect', { class: 'plum', x: -wide, width: wide, height: 17, rx: 8.5 }), svg('text', { class: 't-m pill-text', x: -wide / 2, y: 12.5 }, text));
    });
  }
})();
