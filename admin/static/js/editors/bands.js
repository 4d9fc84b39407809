/* Cuts over the histogram of what they divide: drag, arrow keys (one printed edge), Page Up and Page Down (five), or type.
   A cut cannot pass its neighbour; the live cut stays as a ghost line. Counts come from the live preview. */
(function () {
  'use strict';
  if (!tierwise.editors) return;
  const el = tierwise.el, svg = tierwise.svg, say = tierwise.say, words = tierwise.page.words;
  const W = 560, H = 238, X0 = 10, X1 = W - 10, BASE = 178, TOP = 52;

  tierwise.editors.register('bands', {
    wide: true,
    make(context) {
      let cuts = Array.isArray(context.value) ? context.value.slice() : [], figures = null, stale = false, drag = null, asTable = false;
      const title = el('h2', { text: context.field.title }), sub = el('p', { text: context.field.help || '' }), badge = el('span', { class: 'badge draft', hidden: true });
      const toggle = el('button', { type: 'button', class: 'btn s quiet', text: words.table, onclick: () => { asTable = !asTable; toggle.textContent = asTable ? words.picture : words.table; draw(); } });
      const picture = svg('svg', { class: 'pic bands', viewBox: '0 0 ' + W + ' ' + H, role: 'group', 'aria-label': context.field.title });
      const table = el('div', { hidden: true }), inputs = el('div', { class: 'cuts' }), foot = el('div', { class: 'row between wrap small muted' }), fault = el('p', { class: 'fault', hidden: true });
      const node = el('div', {}, el('div', { class: 'card-head' }, el('div', {}, title, sub), el('span', { class: 'row' }, badge, toggle)), picture, table, inputs, fault, foot);

      const active = () => !context.box.node.hidden;
      const shown = () => (active() ? cuts : figures && figures.cuts ? figures.cuts : []);
      const open = () => active() && !context.disabled;
      const share = () => Boolean(figures && figures.share);
      const live = i => (Array.isArray(context.live) && context.live.length === cuts.length && active() ? context.live[i] : undefined);
      const brief = value => (open() || share() ? value : Number(value.toPrecision(4)));
      const write = value => share() ? tierwise.number(Math.round(value * 1e6) / 1e4) + '%' : (figures ? figures.sign : '') + tierwise.number(Math.round(brief(value) * 1e6) / 1e6);
      const withUnit = value => write(value) + (figures && !figures.share && !figures.money && figures.unit ? ' ' + figures.unit : '');

      /* the axis: printed edges, logarithmic where the histogram is; its last bar holds all that is beyond */
      function axis() {
        const shape = figures && figures.histogram;
        if (!shape) {
          const least = Math.min(0, ...shown()), most = Math.max(1, ...shown()) * 1.2;
          return { x: value => X0 + (value - least) / (most - least || 1) * (X1 - X0), back: px => least + (px - X0) / (X1 - X0) * (most - least), edges: [], end: most };
        }
        const edges = shape.edges, last = edges[edges.length - 1], before = edges[edges.length - 2] ?? last - 1;
        if (share()) return { x: value => X0 + Math.min(1, Math.max(0, value)) * (X1 - X0), back: px => (px - X0) / (X1 - X0), edges, end: 1 };
        if (!shape.log) {
          const end = Math.max(last + (last - before || 1), ...shown().map(cut => cut * 1.02)), least = Math.min(edges[0], ...shown());
          return { x: value => X0 + (Math.min(end, value) - least) / (end - least) * (X1 - X0), back: px => least + (px - X0) / (X1 - X0) * (end - least), edges, end };
        }
        const first = edges[1] || 1, unit = Math.log(1.25), end = Math.max(last * 1.35, ...shown().map(cut => cut * 1.1)), whole = unit + Math.log(end / first);
        const at = value => (value <= first ? Math.max(0, value) / first * unit : unit + Math.log(Math.min(value, end) / first));
        return { x: value => X0 + at(value) / whole * (X1 - X0), back: px => { const t = (px - X0) / (X1 - X0) * whole; return t <= unit ? t / unit * first : first * Math.exp(t - unit); }, edges, end };
      }
      function stops() {
        if (share()) return Array.from({ length: 99 }, (_, i) => (i + 1) / 100);
        const shape = figures && figures.histogram;
        if (!shape) return [];
        const found = new Set([...shape.edges, ...(shape.most > 0 ? beyond(shape.edges[shape.edges.length - 1], shape.most) : [])]);
        return [...found].sort((a, b) => a - b);
      }
      function beyond(from, most) {
        const found = [];
        for (let power = Math.floor(Math.log10(Math.max(from, 1))); power <= Math.log10(Math.max(most, 1)) + 1 && found.length < 40; power++) for (const step of [1, 1.25, 1.6, 2, 2.5, 3, 4, 5, 6, 8]) { const edge = step * 10 ** power; if (edge > from && edge <= most) found.push(edge); }
        return found;
      }
      const room = i => [i > 0 ? cuts[i - 1] : share() ? 0 : -Infinity, i < cuts.length - 1 ? cuts[i + 1] : share() ? 1 : Infinity];
      function move(i, value, dragging) {
        const [low, high] = room(i);
        if (!(value > low && value < high) || value === cuts[i]) return false;
        cuts[i] = value;
        stale = true;
        context.set(cuts.slice(), dragging);
        draw(dragging);
        return true;
      }

      const name = i => (figures && figures.bands[i] ? figures.bands[i].title : String(i + 1));
      const step = i => (figures && figures.bands[i] ? figures.bands[i].step : 1 + Math.round(7 * i / Math.max(1, cuts.length)));
      const boundary = i => share() ? say('upTo', { band: name(i) }) : say(figures && figures.equal === 'upper' ? 'fromUp' : 'from', { band: name(i + 1) });

      function draw(light) {
        const now = shown(), map = axis(), shape = figures && figures.histogram;
        picture.hidden = asTable;
        table.hidden = !asTable;
        const focused = document.activeElement && document.activeElement.closest && document.activeElement.closest('[data-cut]') && picture.contains(document.activeElement) ? document.activeElement.dataset.cut : null;
        picture.replaceChildren();
        picture.classList.toggle('stale', stale);
        const limits = [Math.min(map.edges[0] ?? 0, ...now), ...now, map.end];
        const band = value => now.filter(cut => value >= cut).length;
        if (shape && shape.counts.length) {
          const wide = map.edges.map((edge, i) => Math.max(0.5, map.x(map.edges[i + 1] ?? map.end) - map.x(edge)));
          const tall = shape.counts.map((n, i) => n / wide[i]), most = Math.max(1e-9, ...tall.slice(0, -1), tall.length === 1 ? tall[0] : 0);
          shape.counts.forEach((n, i) => {
            if (!n) return;
            const height = Math.max(1, Math.min(1, tall[i] / most) * (BASE - TOP)), next = map.edges[i + 1];
            const bar = svg('rect', { class: 'f' + step(band(map.edges[i])), x: map.x(map.edges[i]) + 0.5, y: BASE - height, width: Math.max(1, wide[i] - 1), height });
            bar.append(svg('title', {}, write(map.edges[i]) + ' ' + (next === undefined ? words.more : words.to + ' ' + write(next)) + ': ' + tierwise.number(n)));
            picture.append(bar);
          });
        }
        picture.append(svg('line', { class: 'axis-b', x1: X0, x2: X1, y1: BASE, y2: BASE }));
        for (let i = 0; i < limits.length - 1; i++) {
          const a = map.x(limits[i]), z = map.x(limits[i + 1]), wide = Math.max(2, z - a - 2), found = figures && figures.bands[i], middle = a + 1 + wide / 2;
          picture.append(svg('rect', { class: 'f' + step(i), x: a + 1, y: BASE + 8, width: wide, height: 20, rx: 4 }));
          const text = name(i), room_ = wide / 7.4, short = text.length <= room_ ? text : /\d+$/.test(text) && room_ > 1.6 ? text.match(/\d+$/)[0] : /^\d+/.test(text) && room_ > 1.6 ? text.match(/^\d+/)[0] : room_ > 2 ? [...text].slice(0, Math.floor(room_ * (/[^\x00-\x7f]/.test(text) ? 0.5 : 1))).join('') : '';
          if (short) picture.append(svg('text', { class: 't-m t-b n' + step(i), x: middle, y: BASE + 22 }, short));
          if (found && wide > found.text.length * 6.6) picture.append(svg('text', { class: 't-m t-b', x: middle, y: BASE + 43 }, found.text));
          if (found && found.change !== null && wide > 26) picture.append(svg('text', { class: 't-m t-xs', x: middle, y: BASE + 57 }, found.change === '=' ? (wide > 46 ? words.asLive : '=') : found.change));
        }
        let right = -Infinity, row = 0;
        now.forEach((cut, i) => {
          const was = live(i), changed = was !== undefined && was !== cut, at = map.x(cut), text = write(cut), size = text.length * 7.2 + 14;
          const left = Math.max(X0 - 8, Math.min(X1 + 8 - size, at - size / 2));
          row = left < right + 3 ? 1 - row : 0;
          right = left + size;
          if (changed) picture.append(svg('line', { class: 'ghost', x1: map.x(was), x2: map.x(was), y1: 6, y2: BASE }), svg('text', { class: 't-xs' + (was < cut ? ' t-r' : ''), x: map.x(was) + (was < cut ? -5 : 5), y: TOP + 6 }, say('live', { value: write(was) })));
          const handle = svg('g', { class: open() ? 'grab' : 'still', 'data-cut': i });
          if (open()) for (const [key, value] of Object.entries({ tabindex: 0, role: 'slider', 'aria-label': say('cut', { a: name(i), b: name(i + 1) }), 'aria-valuenow': cut, 'aria-valuetext': withUnit(cut), 'aria-valuemin': Number.isFinite(room(i)[0]) ? room(i)[0] : limits[0], 'aria-valuemax': Number.isFinite(room(i)[1]) ? room(i)[1] : map.end, 'aria-orientation': 'horizontal' })) handle.setAttribute(key, value);
          handle.append(svg('rect', { x: at - 12, y: 0, width: 24, height: BASE, fill: 'transparent' }), svg('line', { class: changed ? 'cut moved' : 'cut', x1: at, x2: at, y1: 24 + row * 24, y2: BASE }), svg('rect', { class: changed ? 'handle moved' : 'handle', x: left, y: 2 + row * 24, width: size, height: 22, rx: 5 }), svg('text', { class: 't-m t-b', x: left + size / 2, y: 17 + row * 24 }, text));
          picture.append(handle);
        });
        if (focused !== null) { const again = picture.querySelector('[data-cut="' + focused + '"]'); if (again && again.focus) again.focus(); }
        if (figures) {
          title.textContent = figures.title;
          sub.textContent = figures.sub;
        }
        const count = cuts.filter((cut, i) => live(i) !== undefined && live(i) !== cut).length;
        badge.hidden = !count;
        badge.textContent = count === 1 ? words.cutMoved : say('cutsMoved', { n: count });
        if (context.place) context.place.classList.toggle('is-draft', count > 0);
        if (!light) fields(now);
        else inputs.querySelectorAll('input').forEach((input, i) => { if (input !== document.activeElement) input.value = plain(now[i]); });
        drawTable();
        footer();
      }
      const plain = value => value === undefined ? '' : share() ? tierwise.number(Math.round(value * 1e6) / 1e4) : tierwise.number(Math.round(brief(value) * 1e6) / 1e6);

      function fields(now) {
        if (inputs.contains(document.activeElement) && inputs.querySelectorAll('input').length === now.length) {
          inputs.querySelectorAll('input').forEach((input, i) => { if (input !== document.activeElement) input.value = plain(now[i]); });
          return;
        }
        inputs.replaceChildren(...now.map((cut, i) => {
          const id = context.id + '-' + i, was = live(i), changed = was !== undefined && was !== cut, wrong = el('span', { class: 'fault', hidden: true });
          const input = el('input', { id, inputmode: 'decimal', autocomplete: 'off', disabled: !open() });
          input.value = plain(cut);
          const meaning = () => {
            const found = tierwise.readNumber(input.value.replace('%', ''));
            if ('fault' in found) return found;
            const value = share() ? Math.round(found.value * 1e4) / 1e6 : found.value, [low, high] = room(i);
            return value > low && value < high ? { value } : { fault: say('ascending', { a: Number.isFinite(low) ? write(low) : '−∞', b: Number.isFinite(high) ? write(high) : '∞' }) };
          };
          input.addEventListener('input', () => { wrong.hidden = true; const found = meaning(); if ('value' in found) move(i, found.value); });
          input.addEventListener('blur', () => { const found = meaning(); wrong.hidden = !('fault' in found); wrong.textContent = found.fault || ''; if ('value' in found) setTimeout(() => draw(), 0); });
          return el('div', { class: 'field' }, el('label', { for: id, text: boundary(i) }), el('span', { class: 'input s' + (changed ? ' changed' : '') }, figures && figures.money ? el('span', { class: 'muted', text: figures.sign }) : '', input, figures && !figures.money ? el('span', { class: 'unit', text: share() ? '%' : figures.unit }) : ''), wrong, el('span', { class: 'was', text: changed ? say('was', { value: write(was) }) : '' }));
        }));
      }
      function drawTable() {
        if (!asTable || !figures) return;
        const now = shown(), body = el('tbody');
        figures.bands.forEach((each, i) => body.append(el('tr', {}, el('td', {}, el('span', { class: 'grade g' + each.step, text: each.title })), el('td', { class: 'num', text: (i > 0 && now[i - 1] !== undefined ? write(now[i - 1]) : '') + ' – ' + (now[i] !== undefined ? write(now[i]) : '') }), el('td', { class: 'num strong', text: each.text }), el('td', { class: 'num', text: each.change === null ? '' : each.change }), el('td', { class: 'num', text: each.amount }), el('td', { class: 'num', text: each.share }))));
        table.replaceChildren(el('div', { class: 'scroll' }, el('table', { class: 'tbl tight' }, el('thead', {}, el('tr', {}, el('th', { text: words.band }), el('th', { class: 'num', text: figures.measure + (figures.unit ? ', ' + figures.unit : '') }), el('th', { class: 'num', text: words.customers }), el('th', { class: 'num', text: words.change }), el('th', { class: 'num', text: words.revenue }), el('th', { class: 'num', text: words.ofRevenue }))), body)));
      }
      function footer() {
        const parts = [el('span', { text: figures ? figures.valuedText : '' })];
        if (!active() && figures) {
          parts.push(el('span', { class: 'row' }, el('span', { text: words.learnt }), figures.cuts && context.field.only && !context.disabled ? el('button', { type: 'button', class: 'btn s', text: words.fix, onclick: fix }) : ''));
        } else if (open() && !(context.field.least !== null && context.field.least === context.field.most)) {
          const add = el('button', { type: 'button', class: 'btn s quiet', text: words.addCut, disabled: context.field.most !== null && cuts.length >= context.field.most, onclick: () => insert() });
          const less = el('button', { type: 'button', class: 'btn s quiet', text: words.lessCut, disabled: cuts.length <= (context.field.least || 1), onclick: () => { const before = cuts.slice(); cuts.pop(); again(); tierwise.toast(words.removed, { text: words.undo, run: () => { cuts = before; again(); } }); } });
          parts.push(el('span', { class: 'row' }, add, less));
        }
        foot.replaceChildren(...parts);
      }
      const again = () => { stale = true; context.set(cuts.slice()); draw(); };
      function insert() {
        const last = cuts[cuts.length - 1], next = share() ? Math.round((last + 1) / 2 * 1000) / 1000 : stops().find(stop => stop > last) ?? (last || 1) * 2;
        cuts.push(next);
        again();
      }
      function fix() {
        for (let digits = 1; digits < 16; digits++) {
          const rounded = figures.cuts.map(cut => Number(cut.toPrecision(digits + (share() ? 1 : 1))));
          if (rounded.every((cut, i) => !i || cut > rounded[i - 1]) && (digits > 1 || rounded.every((cut, i) => Math.abs(cut - figures.cuts[i]) <= Math.abs(figures.cuts[i]) * 0.03))) { cuts = rounded; break; }
        }
        context.set(cuts.slice());
        for (const [other, values] of Object.entries(context.field.only)) context.setOther(other, values[0]);
        draw();
      }

      picture.addEventListener('pointerdown', event => {
        const handle = event.target.closest('.grab');
        if (!handle) return;
        drag = Number(handle.dataset.cut);
        handle.focus();
        picture.setPointerCapture(event.pointerId);
        event.preventDefault();
      });
      picture.addEventListener('pointermove', event => {
        if (drag === null) return;
        const box = picture.getBoundingClientRect(), map = axis(), px = (event.clientX - box.left) / box.width * W, all = stops(), [low, high] = room(drag);
        const fit = all.filter(stop => stop > low && stop < high);
        const value = fit.length ? fit.reduce((best, stop) => (Math.abs(map.x(stop) - px) < Math.abs(map.x(best) - px) ? stop : best)) : map.back(px);
        move(drag, value, true);
      });
      const drop = () => { if (drag !== null) { drag = null; context.set(cuts.slice()); draw(); } };
      picture.addEventListener('pointerup', drop);
      picture.addEventListener('pointercancel', drop);
      picture.addEventListener('keydown', event => {
        const handle = event.target.closest('.grab'), by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 5, PageDown: -5 }[event.key];
        if (!handle || !by) return;
        event.preventDefault();
        const i = Number(handle.dataset.cut), [low, high] = room(i), way = by > 0 ? 1 : -1;
        const next = stops().filter(stop => (way > 0 ? stop > cuts[i] && stop < high : stop < cuts[i] && stop > low));
        if (way < 0) next.reverse();
        if (next.length) move(i, next[Math.min(Math.abs(by), next.length) - 1], true);
      });

      let fitted = false;
      tierwise.preview.on(answer => {
        if (!node.isConnected && figures) return;
        const found = answer.ok ? answer.bands.find(each => each.place === context.path) : null;
        if (found) { figures = found; stale = false; } else if (answer.ok && context.place && !active()) figures = null;
        if (context.place) context.place.hidden = !active() && !figures;
        if (drag === null || found) draw(true);
        if (found && inputs.children.length !== shown().length) draw();
        if (found && !fitted) { fitted = true; draw(); }
      });
      draw();
      return { node, shown: () => Boolean(figures), fault(text) { fault.textContent = text; fault.hidden = !text; } };
    },
  });
})();
