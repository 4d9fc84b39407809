/* The grid of a decision table. One tab stop; arrows move, Enter or typing edits, Esc leaves, Tab goes on while editing,
   Alt+arrows move the row, Insert adds one, Ctrl+Delete takes it away, Del clears to "any", Ctrl+C, Ctrl+X and Ctrl+V are blocks of a spreadsheet.
   Only the rows in sight are in the page, so that 10,000 stay fluid. */
(function () {
  'use strict';
  const { el, icon, copy, same, Reader, grade, dialog, chooseFeature, Asking, Past, asText, KINDS } = window.EditorKit;
  const Cells = window.Cells, TableDocument = window.TableDocument;
  const ALL_UP_TO = 120, ROW_HEIGHT = 38, AHEAD = 500;

  const POLICIES = {
    first: ['First match counts', '首个命中的行生效', 'Rows are read from the top; the first that matches decides. Order matters.', '自上而下逐行判断，首个命中的行生效，顺序有意义。'],
    unique: ['Exactly one may match', '至多一行命中', 'No two rows may match the same customer; where two do, there is no outcome.', '同一客户不得命中两行；否则无结果。'],
    any: ['Several may match, if they agree', '可多行命中但结果须一致', 'Several rows may match one customer when they give the same; where they differ, there is no outcome.', '同一客户可命中多行，但结果须相同；不同则无结果。'],
    priority: ['Best output wins', '最优结果生效', 'Of all rows that match, the one whose output stands first among its declared values decides.', '在所有命中行中，取输出在声明顺序里最靠前者。'],
    rule_order: ['All matches, in order of rows', '全部命中，按行序', 'The outputs of all rows that match, in the order of the rows.', '取所有命中行的输出，按行的顺序。'],
    output_order: ['All matches, best output first', '全部命中，按输出优先级', 'The outputs of all rows that match, in the order of the declared values.', '取所有命中行的输出，按声明的取值顺序。'],
    collect_list: ['All matches, as a list', '全部命中，汇成列表', 'The outputs of all rows that match.', '取所有命中行的输出。'],
    collect_sum: ['Sum of all matches', '全部命中之和', 'Numbers of all rows that match, added up.', '所有命中行的数值相加。'],
    collect_min: ['Smallest of all matches', '全部命中取最小', 'The smallest number of all rows that match.', '所有命中行中最小的数值。'],
    collect_max: ['Largest of all matches', '全部命中取最大', 'The largest number of all rows that match.', '所有命中行中最大的数值。'],
    collect_count: ['How many match', '命中行数', 'How many rows match, whatever they give.', '命中的行数。'],
  };

  class TableEditor {
    constructor(element, value, context) {
      this.element = element;
      this.context = context;
      this.reader = new Reader(context);
      this.past = new Past();
      this.table = new TableDocument(value);
      this.at = { row: 0, column: 0 };
      this.anchor = null;
      this.editing = null;
      this.report = { faults: context.faults || [], findings: [], hits: null };
      this.about = new Map();
      this.drawn = new Map();
      this.heights = new Map();
      this.readCells = new Map();
      this.asking = new Asking(each => context.check(each), answer => this.learn(answer), error => this.unasked(error));
      this.build();
      this.learn({ faults: context.faults || [], findings: context.findings || [], hits: context.hits || null });
      if (context.check) this.ask(0);
    }

    /* --- columns ------------------------------------------------------------------------------------------------ */

    get columns() {
      const { table } = this;
      return [
        ...table.inputs.map((name, i) => ({ type: 'input', i, name, feature: this.reader.feature(name) })),
        ...table.outputs.map((_, i) => ({ type: 'output', i, name: table.outputName(i), labels: this.labels(i) })),
        { type: 'note' },
      ];
    }

    labels(i) {
      const known = (this.context.labels || {})[this.table.outputName(i)];
      return known && known.length ? known : null;
    }

    get lastRow() { return this.table.rows.length - 1 + (this.table.hasDefault ? 1 : 0); }
    isDefault(row) { return row === this.table.rows.length; }
    get readonly() { return Boolean(this.context.readonly); }
    get limits() { return this.context.limits || {}; }

    title(column) {
      if (column.type === 'input') return this.reader.title(column.name);
      if (column.type === 'note') return this.say('Note', '备注');
      const own = (this.context.output_titles || {})[column.name];
      return own ? this.reader.of(own) : column.name;
    }

    say(en, zh, values) { return this.reader.say(en, zh, values); }

    /* --- the frame ---------------------------------------------------------------------------------------------- */

    build() {
      this.toolbar = el('div', { class: 'row wrap toolbar' });
      this.above = el('div', { class: 'table-above' });
      this.place = el('span', { class: 'fx-place' });
      this.exact = el('code');
      this.inWords = el('span', { class: 'words' });
      this.inFault = el('span', { class: 'fx-fault' });
      this.line = el('div', { class: 'fx', id: this.id('fx'), 'aria-live': 'off' }, this.place, el('span', {}, this.exact, this.inWords, this.inFault));
      this.head = el('thead');
      this.body = el('tbody');
      this.sheet = el('table', { class: 'sheet', role: 'grid', 'aria-label': this.context.title ? this.reader.of(this.context.title) : this.say('Decision table', '决策表'), 'aria-describedby': this.id('fx'), 'aria-multiselectable': 'true' }, this.head, this.body);
      this.scroller = el('div', { class: 'sheet-scroll', tabindex: '-1' }, this.sheet);
      this.foot = el('div', { class: 'card-foot sheet-foot' });
      this.spoken = el('div', { class: 'sr', 'aria-live': 'polite' });
      this.box = el('div', { class: 'editor table-editor' + (this.readonly ? ' is-readonly' : '') }, this.toolbar, this.above, this.line, el('div', { class: 'asking', 'aria-hidden': 'true' }), this.scroller, this.foot, this.spoken);
      this.element.replaceChildren(this.box);
      this.scroller.addEventListener('scroll', () => { if (!this.waiting) this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.window(); }); }, { passive: true });
      this.scroller.addEventListener('keydown', event => this.key(event));
      this.scroller.addEventListener('mousedown', event => this.press(event));
      this.scroller.addEventListener('dblclick', event => { const cell = event.target.closest('[data-column]'); if (cell && Number(cell.dataset.row) >= 0 && Number(cell.dataset.column) >= 0) this.edit(); });
      this.scroller.addEventListener('focusin', event => this.focused(event));
      for (const kind of ['copy', 'cut', 'paste']) this.scroller.addEventListener(kind, event => this.clipboard(kind, event));
      this.draw();
    }

    id(name) { this.number ||= ++TableEditor.count; return 'table-' + this.number + '-' + name; }

    draw() {
      this.drawn.clear();
      this.drawToolbar();
      this.drawHead();
      this.body.replaceChildren();
      this.window();
      this.drawAbove();
      this.drawFoot();
      this.drawLine();
    }

    drawToolbar() {
      const allowed = this.limits.hit_policies || Object.keys(POLICIES), now = this.table.policy, known = POLICIES[now];
      const choice = el('select', { class: 'text select-s', disabled: this.readonly || allowed.length < 2, 'aria-describedby': this.id('policy'), onchange: event => this.change(() => { this.table.value.hit_policy = event.target.value; }) },
        [...new Set([...allowed, now])].map(name => el('option', { value: name, selected: name === now }, POLICIES[name] ? this.say(POLICIES[name][0], POLICIES[name][1]) : name)));
      const act = (symbol, text, run, off) => el('button', { type: 'button', class: 'btn s' + (off === 'quiet' ? ' quiet' : ''), onclick: run }, symbol ? icon(symbol) : null, text);
      this.toolbar.replaceChildren(
        el('label', { class: 'row small' }, el('span', { class: 'strong nowrap' }, this.say('Hit policy', '命中策略')), choice),
        ...(this.readonly ? [] : [
          act('plus', this.say('Row', '行'), () => this.addRow(Math.min(this.at.row, this.table.rows.length - 1) + 1)),
          this.limits.inputs && this.limits.inputs.every(each => this.table.inputs.includes(each.name)) ? null : act('plus', this.say('Input', '输入'), () => this.addInput(this.table.inputs.length)),
          this.limits.outputs ? null : act('plus', this.say('Output', '输出'), () => this.addOutput(this.table.outputs.length)),
          this.table.hasDefault ? null : act('plus', this.say('Default row', '默认行'), () => { this.change(() => this.table.setDefault()); this.go(this.table.rows.length, this.table.inputs.length, true); }),
          act('paste', this.say('Paste from spreadsheet', '从表格粘贴'), () => this.pasteButton(), 'quiet'),
        ].filter(Boolean)),
        ...(this.context.spreadsheet ? [
          this.readonly ? null : act('upload', this.say('Import', '导入'), () => this.bring(), 'quiet'),
          act('download', this.say('XLSX', 'XLSX'), () => this.take('xlsx'), 'quiet'),
          act('download', this.say('CSV', 'CSV'), () => this.take('csv'), 'quiet'),
        ].filter(Boolean) : []),
        el('span', { class: 'badges' }, this.badges()),
        el('p', { class: 'policy-words small muted', id: this.id('policy') }, known ? this.say(known[2], known[3]) : ''),
      );
    }

    badges() {
      const faults = this.faultCount(), warnings = this.report.findings.filter(each => each.severity !== 'note').length;
      return [
        faults ? el('button', { type: 'button', class: 'badge bad badge-go', onclick: () => this.next(row => this.rowFaults(row)) }, this.reader.count(faults, 'fault', 'faults', '处错误')) : null,
        warnings ? el('button', { type: 'button', class: 'badge warn badge-go', onclick: () => this.next(row => this.findingsOf(row).some(each => each.severity !== 'note')) }, this.reader.count(warnings, 'warning', 'warnings', '处警告')) : null,
      ].filter(Boolean);
    }

    /* go to the next row below the present one, else from the top, that something is true for */
    next(true_for) {
      const n = this.table.rows.length;
      for (let step = 1; step <= n; step += 1) {
        const row = (this.at.row + step) % n;
        if (true_for(row)) return this.go(row, this.faultColumn(row));
      }
      return this.above.scrollIntoView({ block: 'nearest' });
    }

    drawHead() {
      const columns = this.columns, { inputs, outputs } = this.table, hits = this.report.hits;
      const groups = el('tr', { class: 'group' },
        el('th', { 'aria-hidden': 'true' }), el('th', { colspan: inputs.length }, this.say('When all of these hold', '当以下条件同时成立')),
        el('th', { class: 'then', colspan: outputs.length }, this.say('Then', '则')),
        hits ? el('th', { colspan: 3 }, this.say('Customers in the draft', '草稿中的客户')) : null, el('th', { 'aria-hidden': 'true' }));
      const names = el('tr', { 'aria-rowindex': '1' }, el('th', { class: 'h', scope: 'col' }, el('span', { class: 'sr' }, this.say('Row', '行'))));
      columns.forEach((column, at) => {
        if (column.type === 'note' && hits) names.append(el('th', { class: 'bar-col', 'aria-hidden': 'true' }), el('th', { class: 'num', scope: 'col' }, this.say('hit', '命中')), el('th', { class: 'num', scope: 'col' }, this.say('vs live', '较线上')));
        const unit = column.type === 'input' && column.feature ? this.reader.unit(column.feature) : '';
        const declared = column.type === 'output' ? this.table.outputValues(column.i) : null;
        const second = column.type === 'input' ? column.name : column.type === 'output' ? (declared ? this.range(declared, column.labels) : this.say(...KINDS[this.table.outputKind(column.i)])) : '';
        const editable = column.type !== 'note' && !this.readonly;
        names.append(el('th', { class: [column.type === 'output' && 'then', column.type === 'input' && !column.feature && 'unknown', column.type === 'note' && 'note-col'].filter(Boolean).join(' '), scope: 'col', role: 'columnheader', 'data-row': -1, 'data-column': at, tabindex: '-1', 'aria-colindex': at + 2, 'aria-haspopup': editable ? 'menu' : null },
          el('span', { class: 'col-title' }, this.title(column) + (unit ? this.say(', ', '，') + unit : ''), editable ? icon('down') : null),
          second ? el('code', {}, second) : null,
          column.type === 'input' && !column.feature ? el('span', { class: 'fault' }, this.say('unknown input', '未知输入')) : null));
      });
      this.head.replaceChildren(groups, names);
      this.sheet.setAttribute('aria-rowcount', this.lastRow + 2);
      this.sheet.setAttribute('aria-colcount', columns.length + 1);
    }

    range(values, labels) {
      const said = values.map(each => { const known = (labels || []).find(one => one.key === each); return known ? this.reader.of(known.title) : String(each); });
      return said.length > 3 ? said[0] + ' … ' + said[said.length - 1] : said.join(', ');
    }

    /* --- rows --------------------------------------------------------------------------------------------------- */

    /* Put the rows in sight, and a little more, into the page; the others are one empty row above and one below. */
    window() {
      const count = this.lastRow + 1, virtual = count > ALL_UP_TO;
      this.box.classList.toggle('is-long', virtual);
      let from = 0, to = count, before = 0, after = 0;
      if (virtual) {
        const top = this.scroller.scrollTop - AHEAD, bottom = this.scroller.scrollTop + (this.scroller.clientHeight || 600) + AHEAD;
        let sum = 0;
        from = -1; to = count;
        for (let row = 0; row < count; row += 1) {
          const height = this.height(row);
          if (from < 0 && sum + height >= top) { from = row; before = sum; }
          if (sum > bottom && to === count) { to = row; after = 0; }
          if (row >= to) after += height;
          sum += height;
        }
        if (from < 0) { from = Math.max(0, count - 40); before = Math.max(0, sum - 40 * ROW_HEIGHT); }
      }
      const had = document.activeElement && this.body.contains(document.activeElement);
      for (const [row, elements] of this.drawn) if (row < from || row >= to) { elements.forEach(each => each.remove()); this.drawn.delete(row); }
      this.spacer('top', before);
      this.spacer('bottom', after);
      const fresh = [];
      let last = this.body.firstChild;
      for (let row = from; row < to; row += 1) {
        let elements = this.drawn.get(row);
        if (!elements) {
          elements = this.row(row);
          this.drawn.set(row, elements);
          fresh.push([row, elements]);
          last.after(...elements);
        }
        last = elements[elements.length - 1];
      }
      if (virtual) for (const [row, elements] of fresh) this.heights.set(this.key_of(row), elements.reduce((sum, each) => sum + each.offsetHeight, 0));
      if (had && !this.body.contains(document.activeElement)) this.scroller.focus({ preventScroll: true });
      this.stop();
    }

    /* as measured when it was last in sight, else a guess */
    height(row) {
      return this.heights.get(this.key_of(row)) || ROW_HEIGHT + (this.isDefault(row) ? 0 : Math.min(4, this.findingsOf(row).length) * 90);
    }

    key_of(row) { return this.isDefault(row) ? 'default' : this.table.rows[row]; }

    spacer(name, height) {
      let found = this.body.querySelector('tr[data-spacer="' + name + '"]');
      if (!found) {
        found = el('tr', { 'data-spacer': name, 'aria-hidden': 'true', role: 'presentation' }, el('td', { colspan: this.columns.length + 5 }));
        if (name === 'top') this.body.prepend(found); else this.body.append(found);
      }
      found.hidden = height === 0;
      found.firstChild.style.height = height + 'px';
    }

    /* The elements of one row: itself, and what was found about it. */
    row(row) {
      const columns = this.columns, otherwise = this.isDefault(row), findings = otherwise ? [] : this.findingsOf(row);
      const worst = findings.find(each => each.severity !== 'note');
      const line = el('tr', { 'data-line': row, class: [otherwise && 'else', worst && (worst.severity === 'error' ? 'wrong' : 'dead')].filter(Boolean).join(' '), 'aria-rowindex': row + 2 });
      line.append(el('td', { class: 'h', role: 'rowheader', 'data-row': row, 'data-column': -1, tabindex: '-1', 'aria-colindex': 1, 'aria-haspopup': this.readonly ? null : 'menu', title: otherwise || this.readonly ? null : this.say('Drag to move; press for more', '拖动以移动；按下查看更多') },
        otherwise ? this.say('else', '其他') : [this.readonly ? null : icon('grip'), ' ' + (row + 1)]));
      columns.forEach((column, at) => {
        if (column.type === 'note') line.append(...this.hitCells(row));
        if (otherwise && column.type === 'input') {
          if (column.i === 0) line.append(el('td', { class: 'any', colspan: this.table.inputs.length, role: 'gridcell', 'data-row': row, 'data-column': at, tabindex: '-1', 'aria-colindex': at + 2, 'aria-readonly': 'true' }, this.say('every other case', '其余所有情况')));
          return;
        }
        line.append(this.cell(row, at, column));
      });
      return [line, ...findings.slice(0, 3).map(each => this.findingRow(each, row)), ...(findings.length > 3 ? [this.moreRow(findings.length - 3)] : [])];
    }

    read(value, feature) {
      const key = (feature ? feature.name : '') + '\u0000' + typeof value + value;
      let found = this.readCells.get(key);
      if (!found) {
        try {
          const cell = Cells.parse(value);
          found = { cell, fault: Cells.misfit(cell, feature) };
        } catch (error) {
          if (!(error instanceof Cells.CellFault)) throw error;
          found = { cell: null, fault: error };
        }
        this.readCells.set(key, found);
      }
      return found;
    }

    raw(row, column) {
      if (column.type === 'note') return this.isDefault(row) ? '' : this.table.rows[row].note === undefined ? '' : String(this.table.rows[row].note);
      const value = column.type === 'input' ? (this.isDefault(row) ? '' : this.table.rows[row].when[column.i]) : (this.isDefault(row) ? this.table.value.default : this.table.rows[row].then)[column.i];
      if (column.type === 'output') return value === null || value === undefined ? '' : String(value);
      return typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value);
    }

    value(row, column) {
      if (column.type === 'input') return this.table.rows[row].when[column.i];
      return (this.isDefault(row) ? this.table.value.default : this.table.rows[row].then)[column.i];
    }

    faultAt(row, column) {
      if (column.type === 'note' || (this.isDefault(row) && column.type === 'input')) return null;
      const own = column.type === 'input' ? this.read(this.value(row, column), column.feature).fault : this.table.valueFault(column.i, this.value(row, column) ?? null);
      if (own) return this.say(own.en, own.zh);
      const about = this.isDefault(row) ? this.about.get('default') : this.about.get(this.table.rows[row]);
      const told = about && about.faults.find(each => each.column === column.name && each.type === column.type && each.raw === this.raw(row, column));
      return told ? told.text : null;
    }

    rowFaults(row) { return this.columns.some(column => this.faultAt(row, column)); }
    faultColumn(row) { const found = this.columns.findIndex(column => this.faultAt(row, column)); return found < 0 ? 0 : found; }

    faultCount() {
      const columns = this.columns;
      let count = this.tableFaults().length;
      for (let row = 0; row <= this.lastRow; row += 1) for (const column of columns) if (this.faultAt(row, column)) count += 1;
      return count;
    }

    cell(row, at, column) {
      const fault = this.faultAt(row, column), number = column.type === 'output' && this.table.outputKind(column.i) === 'number';
      const classes = [column.type === 'output' && 'then', column.type === 'note' && 'note-cell', number && 'num', fault && 'bad'];
      const made = el('td', { role: 'gridcell', tabindex: '-1', 'data-row': row, 'data-column': at, 'aria-colindex': at + 2, 'aria-invalid': fault ? 'true' : null, title: fault || null, 'aria-readonly': this.readonly ? 'true' : null });
      if (column.type === 'note') made.append(this.raw(row, column));
      else if (column.type === 'input') {
        const { cell } = this.read(this.value(row, column), column.feature);
        if (cell && !cell.tests.length) classes.push('any');
        made.append(cell ? Cells.short(cell, column.feature, this.reader) : this.raw(row, column));
      } else {
        const value = this.value(row, column) ?? null;
        if (value === null) { classes.push('any'); made.append(this.say('no value', '无值')); }
        else if (typeof value === 'string' && this.table.outputKind(column.i) === 'text') made.append(grade(this.reader, column.labels, value));
        else made.append(this.reader.value(null, value));
      }
      made.className = classes.filter(Boolean).join(' ');
      if (this.inRange(row, at)) { made.classList.add('picked'); made.setAttribute('aria-selected', 'true'); }
      return made;
    }

    hitCells(row) {
      const hits = this.report.hits;
      if (!hits) return [];
      const about = this.isDefault(row) ? this.about.get('default') : this.about.get(this.table.rows[row]);
      if (!about || about.hit === undefined || about.hit === null) return [el('td', { class: 'bar-col' }), el('td', { class: 'num muted' }, '·'), el('td', { class: 'num small muted' }, '')];
      const most = Math.max(1, ...hits.draft, hits.default || 0), NS = 'http://www.w3.org/2000/svg';
      const svg = document.createElementNS(NS, 'svg');
      for (const [name, value] of Object.entries({ width: 40, height: 8, viewBox: '0 0 40 8', 'aria-hidden': 'true' })) svg.setAttribute(name, value);
      for (const [name, width] of [['sunk', 40], ['c-brand', Math.round(400 * about.hit / most) / 10]]) {
        const bar = document.createElementNS(NS, 'rect');
        for (const [key, value] of Object.entries({ class: name, width, height: 8, rx: 2 })) bar.setAttribute(key, value);
        svg.append(bar);
      }
      const url = this.context.customers_url && this.context.customers_url(row, this.isDefault(row));
      const n = this.reader.number(about.hit), diff = about.live === null || about.live === undefined ? null : about.hit - about.live;
      return [el('td', { class: 'bar-col' }, svg), el('td', { class: 'num' }, url ? el('a', { href: url, tabindex: '-1' }, n) : n),
        el('td', { class: 'num small' + (diff ? '' : ' muted'), title: diff === null ? this.say('no such row in the live version', '线上版本无此行') : null }, diff === null ? this.say('new', '新') : this.reader.change(diff))];
    }

    /* --- what was found ----------------------------------------------------------------------------------------- */

    findingsOf(row) { const about = this.about.get(this.table.rows[row]); return about ? about.findings : []; }

    findingText(finding) {
      const given = finding.witness || {}, order = [...this.table.inputs.filter(name => name in given), ...Object.keys(given).filter(name => !this.table.inputs.includes(name))];
      const witness = order.map(name => [name, given[name]]).map(([name, value]) => {
        const feature = this.reader.feature(name);
        return this.say('{name} {value}', '{name} {value}', { name: this.reader.title(name), value: this.reader.measured(feature, value) });
      });
      const n = finding.customers;
      const text = finding.kind === 'gap' && witness.length ? this.say('No row matches {case}', '没有任何行命中：{case}', { case: witness.join(this.say(', ', '，')) }) : this.reader.sentence(finding.text);
      return [
        el('b', {}, text + this.say('.', '。')), ' ',
        witness.length && finding.kind !== 'gap' ? el('span', { class: 'muted' }, this.say('For example: ', '例如：') + witness.join(this.say(', ', '，')) + this.say('. ', '。')) : null,
        n === null || n === undefined ? null : el('span', {}, n === 0 ? this.say('No customer today.', '目前没有客户。') : this.reader.count(n, 'customer today.', 'customers today.', '位客户。')),
      ].filter(Boolean);
    }

    mends(finding) {
      if (this.readonly) return null;
      return el('span', { class: 'row wrap finding-do' }, (finding.mends || []).map((mend, i) => el('span', { class: 'finding-one' },
        el('button', { type: 'button', class: 'btn s' + (i ? ' quiet' : ''), onclick: () => this.mend(mend) }, this.reader.of(mend.title)),
        el('span', { class: 'muted small' }, this.price(mend))
      )));
    }

    price(mend) {
      if (mend.moved === null || mend.moved === undefined) return '';
      if (!mend.moved) return this.say('changes nobody', '不影响任何客户');
      const [first] = mend.moves || [], who = this.reader.count(mend.moved, 'customer', 'customers', '位客户');
      const name = key => { const found = key === null ? null : this.columns.filter(each => each.labels).flatMap(each => each.labels).find(each => each.key === key); return key === null ? this.say('none', '无') : found ? this.reader.of(found.title) : String(key); };
      if (first && first[2] === mend.moved) return this.say('moves {who} from {a} to {b}', '{who}由 {a} 变为 {b}', { who, a: name(first[0]), b: name(first[1]) });
      return first ? this.say('moves {who}, {n} of them from {a} to {b}', '影响 {who}，其中 {n} 位由 {a} 变为 {b}', { who, n: this.reader.number(first[2]), a: name(first[0]), b: name(first[1]) }) : this.say('moves {who}', '影响 {who}', { who });
    }

    findingRow(finding, row) {
      return el('tr', { class: 'finding ' + finding.severity, 'data-finding': finding.id, 'data-of': row }, el('td', { colspan: this.columns.length + 4 },
        el('div', { class: 'row top' }, icon(finding.severity === 'note' ? 'info' : 'warn'), el('div', {}, this.findingText(finding), this.mends(finding)))));
    }

    moreRow(n) { return el('tr', { class: 'finding note' }, el('td', { colspan: this.columns.length + 4 }, el('span', { class: 'muted small' }, this.say('and {n} more findings about this row', '该行另有 {n} 处问题', { n })))); }

    tableFaults() { return (this.report.faults || []).filter(each => !placeOf(each.place)); }

    drawAbove() {
      const general = this.report.findings.filter(each => !(each.rows || []).length || each.rows[0] > this.table.rows.length);
      const faults = this.tableFaults();
      this.above.replaceChildren(
        ...faults.map(each => el('div', { class: 'note bad', role: 'alert' }, icon('warn'), el('div', {}, faultText(each, this.reader)))),
        ...general.slice(0, 6).map(each => el('div', { class: 'note ' + ({ error: 'bad', warning: 'warn' }[each.severity] || 'info'), 'data-finding': each.id }, icon(each.severity === 'note' ? 'info' : 'warn'), el('div', {}, this.findingText(each), this.mends(each)))),
        ...(this.failed ? [el('div', { class: 'note warn' }, icon('warn'), el('div', {}, this.say('The table could not be checked: {why}. What you edit is kept; it is checked again with the next change.', '未能检查该表：{why}。编辑内容已保留，下次修改时会再次检查。', { why: this.failed })))] : []),
      );
    }

    /* What the server said about the present table. Rows are told apart by themselves, so that findings move with their row. */
    learn(answer) {
      this.failed = '';
      this.report = { faults: answer.faults || [], findings: answer.findings || [], hits: answer.hits || null, seconds: answer.seconds };
      this.about = new Map();
      const of = key => { if (!this.about.has(key)) this.about.set(key, { findings: [], faults: [] }); return this.about.get(key); };
      for (const finding of this.report.findings) {
        const row = (finding.rows || [])[0];
        if (row && this.table.rows[row - 1]) of(this.table.rows[row - 1]).findings.push(finding);
      }
      for (const fault of this.report.faults) {
        const place = placeOf(fault.place);
        if (!place) continue;
        const key = place.row === 'default' ? 'default' : this.table.rows[place.row - 1];
        const column = this.columns.find(each => each.type === place.type && each.name === place.column) || this.columns[0];
        if (key) of(key).faults.push({ type: column.type, column: column.name, text: faultText(fault, this.reader), raw: this.raw(place.row === 'default' ? this.table.rows.length : place.row - 1, column) });
      }
      const hits = this.report.hits;
      if (hits) {
        this.table.rows.forEach((row, i) => Object.assign(of(row), { hit: hits.draft[i], live: hits.live ? hits.live[i] : null }));
        Object.assign(of('default'), { hit: hits.default, live: hits.live_default });
      }
      this.box.classList.remove('is-stale', 'is-asking');
      clearTimeout(this.slow);
      this.heights = new Map();
      if (this.editing) { this.drawLater = true; return; }
      this.again();
      if (this.context.learnt) this.context.learnt(this.report);
    }

    /* Draw anew and keep the place. */
    again() {
      const had = this.scroller.contains(document.activeElement), { row, column } = this.at;
      this.draw();
      if (had) this.go(Math.min(row, this.lastRow), column, true, true);
    }

    unasked(error) {
      this.failed = error.message || String(error);
      this.box.classList.remove('is-asking');
      clearTimeout(this.slow);
      this.drawAbove();
    }

    ask(pause) {
      if (!this.context.check) return;
      this.box.classList.add('is-stale');
      clearTimeout(this.slow);
      this.slow = setTimeout(() => this.box.classList.add('is-asking'), 700);
      if (pause === 0) this.asking.now(copy(this.table.value)); else this.asking.soon(copy(this.table.value));
    }

    drawFoot() {
      const keys = [['Enter', this.say('edit', '编辑')], ['↑ ↓ ← →', this.say('move', '移动')], ['Alt ↑', this.say('move row up', '上移行')], ['Ins', this.say('new row', '新增行')], ['Ctrl Del', this.say('delete row', '删除行')], ['Del', this.say('any', '任意')], ['Ctrl V', this.say('paste cells', '粘贴单元格')], ['Ctrl Z', this.say('undo', '撤销')]];
      const took = this.report.seconds === undefined ? '' : this.say('Checked in {n} s', '检查用时 {n} 秒', { n: this.report.seconds.toFixed(2) });
      this.foot.replaceChildren(...(this.readonly ? [] : keys.map(([key, what]) => el('span', {}, el('kbd', {}, key), ' ', what))), el('span', { class: 'right' }, this.reader.count(this.table.rows.length, 'row', 'rows', '行'), took ? ' · ' + took : ''));
    }

    /* The line above the grid: where, exactly, in words. */
    drawLine() {
      const column = this.columns[this.at.column], { row } = this.at;
      let place = '', exact = '', said = '', fault = '';
      if (row < 0 || this.at.column < 0 || !column || row > this.lastRow) {
        place = row >= 0 ? (this.isDefault(row) ? this.say('Default row', '默认行') : this.say('Row {n}', '第 {n} 行', { n: row + 1 })) : column ? this.title(column) : '';
        said = row < 0 ? this.say('Enter opens what can be done with this column', '按 Enter 打开此列的操作') : this.say('Enter opens what can be done with this row', '按 Enter 打开此行的操作');
        if (this.readonly) said = '';
      } else {
        place = this.isDefault(row) ? this.say('Default, {b}', '默认行，{b}', { b: this.title(column) }) : this.say('Row {n}, {b}', '第 {n} 行，{b}', { n: row + 1, b: this.title(column) });
        fault = this.faultAt(row, column) || '';
        if (column.type === 'note') said = this.raw(row, column) || this.say('no note', '无备注');
        else if (column.type === 'output') {
          const value = this.value(row, column) ?? null;
          exact = value === null ? 'null' : JSON.stringify(value);
          const known = (column.labels || []).find(each => each.key === value);
          said = value === null ? this.say('no outcome', '无结果') : known ? this.reader.of(known.title) : this.reader.value(null, value);
        } else if (this.isDefault(row)) said = this.say('what no row matches', '没有任何行命中时');
        else {
          exact = this.raw(row, column) || '-';
          const { cell } = this.read(this.value(row, column), column.feature);
          said = cell ? Cells.words(cell, column.feature, this.reader) : '';
        }
      }
      this.place.textContent = place;
      this.exact.textContent = exact;
      this.inWords.textContent = said;
      this.inWords.hidden = !said;
      this.inFault.textContent = fault;
    }

    /* --- moving ------------------------------------------------------------------------------------------------- */

    find(row, column) { return this.sheet.querySelector('[data-row="' + row + '"][data-column="' + column + '"]'); }

    /* one element of the grid is the tab stop */
    stop() {
      this.sheet.querySelectorAll('[tabindex="0"]').forEach(each => { each.tabIndex = -1; });
      this.sheet.querySelectorAll('td.focus, th.focus').forEach(each => each.classList.remove('focus'));
      const cell = this.find(this.at.row, this.at.column);
      if (cell) { cell.tabIndex = 0; cell.classList.add('focus'); }
      this.scroller.tabIndex = cell ? -1 : 0;
    }

    go(row, column, here, quiet) {
      const columns = this.columns.length;
      row = Math.max(-1, Math.min(this.lastRow, row));
      column = Math.max(-1, Math.min(columns - 1, column));
      if (this.isDefault(row) && column >= 0 && column < this.table.inputs.length) column = 0;
      if (row < 0 && column < 0) column = 0;
      this.at = { row, column };
      let cell = this.find(row, column);
      if (!cell && row >= 0) {
        let sum = 0;
        for (let i = 0; i < row; i += 1) sum += this.height(i);
        this.scroller.scrollTop = Math.max(0, sum - this.scroller.clientHeight / 2);
        this.window();
        cell = this.find(row, column);
      }
      this.stop();
      if (cell) { cell.focus({ preventScroll: true }); if (!quiet) this.reveal(cell); }
      this.marks();
      this.drawLine();
    }

    /* scroll so that sticky head and row numbers do not hide the cell */
    reveal(cell) {
      const box = this.scroller.getBoundingClientRect(), own = cell.getBoundingClientRect(), head = this.head.offsetHeight, side = this.sheet.querySelector('td.h')?.offsetWidth || 0;
      if (this.box.classList.contains('is-long') && Number(cell.dataset.row) >= 0) {
        if (own.top < box.top + head) this.scroller.scrollTop -= box.top + head - own.top;
        else if (own.bottom > box.bottom) this.scroller.scrollTop += own.bottom - box.bottom + 2;
      } else cell.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      if (Number(cell.dataset.column) >= 0) {
        if (own.left < box.left + side) this.scroller.scrollLeft -= box.left + side - own.left;
        else if (own.right > box.right) this.scroller.scrollLeft += Math.min(own.right - box.right, own.left - box.left - side);
      }
    }

    focused(event) {
      const cell = event.target.closest('[data-column]');
      if (!cell || this.editing) return;
      const row = Number(cell.dataset.row), column = Number(cell.dataset.column);
      if (row === this.at.row && column === this.at.column) { this.stop(); this.drawLine(); return; }
      this.at = { row, column };
      this.stop();
      this.drawLine();
    }

    get range_() {
      const a = this.anchor || this.at;
      return { top: Math.min(a.row, this.at.row), bottom: Math.max(a.row, this.at.row), left: Math.min(a.column, this.at.column), right: Math.max(a.column, this.at.column) };
    }

    inRange(row, column) {
      if (!this.anchor) return false;
      const r = this.range_;
      return row >= r.top && row <= r.bottom && column >= r.left && column <= r.right;
    }

    marks() {
      this.sheet.querySelectorAll('.picked').forEach(each => { each.classList.remove('picked'); each.removeAttribute('aria-selected'); });
      if (!this.anchor) return;
      this.sheet.querySelectorAll('td[data-column]').forEach(each => { if (this.inRange(Number(each.dataset.row), Number(each.dataset.column))) { each.classList.add('picked'); each.setAttribute('aria-selected', 'true'); } });
    }

    move(rows, columns, extend) {
      if (extend && !this.anchor) this.anchor = { ...this.at };
      if (!extend) this.anchor = null;
      const skip = this.isDefault(this.at.row) && this.at.column === 0 && columns > 0 ? this.table.inputs.length : this.at.column + columns;
      let column = skip;
      if (this.isDefault(this.at.row) && columns < 0 && column < this.table.inputs.length && column > 0) column = 0;
      this.go(this.at.row + rows, column);
    }

    press(event) {
      const cell = event.target.closest('[data-column]');
      if (!cell || event.button !== 0 || event.target.closest('input, a, button, [role="option"]')) return;
      const row = Number(cell.dataset.row), column = Number(cell.dataset.column);
      event.preventDefault();
      if (this.editing) this.commit();
      if (column === -1 && row >= 0) { this.go(row, column, true, true); this.dragRow(event, row); return; }
      if (row === -1) { this.go(row, column); if (!this.readonly && column >= 0) this.columnMenu(column); return; }
      if (event.shiftKey) { this.anchor ||= { ...this.at }; } else this.anchor = null;
      this.go(row, column, true, true);
      if (event.shiftKey) return;
      const over = move => {
        const to = document.elementFromPoint(move.clientX, move.clientY)?.closest('td[data-column]');
        if (!to || !this.sheet.contains(to) || Number(to.dataset.column) < 0) return;
        if (Number(to.dataset.row) === this.at.row && Number(to.dataset.column) === this.at.column) return;
        this.anchor ||= { row, column };
        this.go(Number(to.dataset.row), Number(to.dataset.column), true, true);
      };
      document.addEventListener('mousemove', over);
      document.addEventListener('mouseup', () => document.removeEventListener('mousemove', over), { once: true });
    }

    /* A row is dragged by its number; a press without a drag opens its menu. */
    dragRow(event, from) {
      if (this.readonly) return;
      const start = event.clientY;
      let to = null, line = null;
      const over = move => {
        if (to === null && Math.abs(move.clientY - start) < 5) return;
        const under = document.elementFromPoint(move.clientX, move.clientY)?.closest('tr[data-line]');
        if (!under || !this.body.contains(under)) return;
        line?.classList.remove('drop-above', 'drop-below');
        line = under;
        const box = under.getBoundingClientRect(), below = move.clientY > box.top + box.height / 2;
        const row = Math.min(Number(under.dataset.line), this.table.rows.length - 1);
        line.classList.add(below && !this.isDefault(Number(under.dataset.line)) ? 'drop-below' : 'drop-above');
        to = row + (below ? 1 : 0);
      };
      document.addEventListener('mousemove', over);
      document.addEventListener('mouseup', () => {
        document.removeEventListener('mousemove', over);
        line?.classList.remove('drop-above', 'drop-below');
        if (to === null) { this.rowMenu(from); return; }
        if (this.isDefault(from)) return;
        const target = to > from ? to - 1 : to;
        if (target !== from) this.moveRow(from, target);
      }, { once: true });
    }

    key(event) {
      if (this.editing) return;
      if (event.target.closest('button, a') && event.key === 'Enter') return;
      const control = event.ctrlKey || event.metaKey, { row, column } = this.at;
      const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      const done = () => { event.preventDefault(); event.stopPropagation(); };
      if (arrows) {
        done();
        if (event.altKey && arrows[0]) { if (row >= 0 && !this.isDefault(row) && !this.readonly) this.moveRow(row, row + arrows[0]); return; }
        if (event.altKey) return;
        if (control) { this.go(arrows[0] ? (arrows[0] < 0 ? 0 : this.lastRow) : row, arrows[1] ? (arrows[1] < 0 ? 0 : this.columns.length - 1) : column); return; }
        this.move(arrows[0], arrows[1], event.shiftKey);
        return;
      }
      if (event.key === 'Home' || event.key === 'End') { done(); this.anchor = null; this.go(control ? (event.key === 'Home' ? 0 : this.lastRow) : row, event.key === 'Home' ? 0 : this.columns.length - 1); return; }
      if (event.key === 'PageUp' || event.key === 'PageDown') { done(); const by = Math.max(1, Math.floor(this.scroller.clientHeight / ROW_HEIGHT) - 2); this.move((event.key === 'PageUp' ? -1 : 1) * by, 0, event.shiftKey); return; }
      if (event.key === 'Escape') { if (this.anchor) { done(); this.anchor = null; this.marks(); } return; }
      if (control && !event.altKey && event.key.toLowerCase() === 'a') { done(); this.anchor = { row: 0, column: 0 }; this.go(this.table.rows.length - 1, this.columns.length - 1, true, true); return; }
      if (this.readonly) return;
      if (control && !this.context.undo && event.key.toLowerCase() === 'z') { done(); this.step(event.shiftKey); return; }
      if (control && !this.context.undo && event.key.toLowerCase() === 'y') { done(); this.step(true); return; }
      if (control && event.key === 'Delete') { done(); this.removeRows(); return; }
      if (control || event.altKey) return;
      if (event.key === 'Enter' || event.key === 'F2' || event.key === 'ContextMenu') {
        done();
        if (row < 0) this.columnMenu(column); else if (column < 0) this.rowMenu(row); else this.edit();
        return;
      }
      if (event.key === 'Delete' || event.key === 'Backspace') { done(); this.clear(); return; }
      if (event.key === 'Insert') { done(); this.addRow(Math.min(row + 1, this.table.rows.length)); return; }
      if (event.key.length === 1 && row >= 0 && column >= 0) { done(); this.edit(event.key); }
    }

    /* --- editing a cell ----------------------------------------------------------------------------------------- */

    edit(typed) {
      const { row, column: at } = this.at, column = this.columns[at];
      if (this.readonly || row < 0 || at < 0 || !column || (this.isDefault(row) && column.type !== 'output')) return;
      const cell = this.find(row, at);
      if (!cell) return;
      this.anchor = null;
      this.marks();
      const now = this.raw(row, column);
      const input = el('input', { class: 'cell-input', 'aria-label': this.title(column), spellcheck: 'false', autocomplete: 'off', maxlength: column.type === 'note' ? 1000 : null });
      input.value = typed === undefined ? (column.type === 'input' && Cells.trim(now) === '-' ? '' : now) : typed;
      this.editing = { row, at, column, input, cell, was: now, options: null };
      cell.replaceChildren(input);
      cell.classList.add('editing');
      input.focus();
      if (typed === undefined) input.select(); else input.setSelectionRange(input.value.length, input.value.length);
      input.addEventListener('keydown', event => this.editKey(event));
      input.addEventListener('input', () => this.typing());
      input.addEventListener('blur', () => { if (this.editing && this.editing.input === input) this.commit(); });
      this.typing(typed === undefined);
    }

    /* while typing: the line in words, and the labels to choose from */
    typing(opened) {
      const { column, input } = this.editing, text = input.value;
      this.exact.textContent = text;
      this.inFault.textContent = '';
      if (column.type === 'input') {
        const meant = Cells.understand(text || '-', column.feature, this.reader);
        const { cell } = this.read(meant, column.feature);
        this.exact.textContent = meant;
        this.inWords.textContent = cell ? Cells.words(cell, column.feature, this.reader) : this.say('not finished', '尚未写完');
      } else this.inWords.textContent = '';
      this.inWords.hidden = !this.inWords.textContent;
      this.options(opened);
    }

    choices() {
      const { column } = this.editing;
      if (column.type === 'input') {
        if (column.feature && column.feature.kind === 'flag') return [{ key: 'true', title: { en: 'yes', zh: '是' } }, { key: 'false', title: { en: 'no', zh: '否' } }];
        return column.feature && column.feature.values ? column.feature.values : null;
      }
      if (column.type !== 'output') return null;
      const kind = this.table.outputKind(column.i);
      if (kind === 'flag') return [{ key: 'true', title: { en: 'yes', zh: '是' } }, { key: 'false', title: { en: 'no', zh: '否' } }];
      if (kind !== 'text') return null;
      const declared = this.table.outputValues(column.i);
      if (declared) return declared.map(key => (column.labels || []).find(each => each.key === key) || { key });
      const known = column.labels || [], more = this.table.given(column.i).filter(key => !known.some(each => each.key === key));
      return [...known, ...more.map(key => ({ key }))];
    }

    options(opened) {
      const editing = this.editing, { column, input } = editing, all = this.choices();
      if (!all || !all.length) return;
      const several = column.type === 'input' && column.feature.kind === 'text';
      const chosen = new Set();
      if (several) {
        const { cell } = this.read(Cells.understand(input.value || '-', column.feature, this.reader), column.feature);
        if (cell) cell.tests.forEach(each => { if (each.op === '=') chosen.add(each.low); });
      } else chosen.add(input.value);
      const part = several ? input.value.split(/[,，、]/).pop().replace(/["“”]/g, '').trim().toLowerCase() : input.value.trim().toLowerCase();
      const whole = chosen.size > 0 || opened;
      const fits = all.filter(each => whole || !part || [each.key, each.title && each.title.en, each.title && each.title.zh].some(text => text && String(text).toLowerCase().includes(part))).slice(0, 100);
      if (!editing.options) {
        editing.options = el('ul', { class: 'cell-options', role: 'listbox', id: this.id('options'), 'aria-multiselectable': several ? 'true' : null, 'aria-label': this.say('Values', '取值') });
        input.setAttribute('role', 'combobox');
        input.setAttribute('aria-controls', this.id('options'));
        input.setAttribute('aria-expanded', 'true');
        editing.options.addEventListener('mousedown', event => { event.preventDefault(); const item = event.target.closest('[role="option"]'); if (item) this.pick(Number(item.dataset.option)); });
        this.box.append(editing.options);
      }
      editing.fits = fits;
      editing.several = several;
      editing.chosen = chosen;
      editing.mark = Math.min(editing.mark ?? -1, fits.length - 1);
      editing.options.replaceChildren(...fits.map((each, i) => el('li', { role: 'option', id: this.id('option-' + i), 'data-option': i, 'aria-selected': String(chosen.has(each.key)), class: i === editing.mark ? 'here' : '' },
        el('span', { class: 'tick', 'aria-hidden': 'true' }, chosen.has(each.key) ? '✓' : ''), each.step ? grade(this.reader, [each], each.key) : el('span', {}, this.reader.of(each.title) || each.key), each.title && this.reader.of(each.title) !== each.key ? el('code', {}, each.key) : null)));
      editing.options.hidden = !fits.length;
      if (editing.mark >= 0) input.setAttribute('aria-activedescendant', this.id('option-' + editing.mark)); else input.removeAttribute('aria-activedescendant');
      const box = editing.cell.getBoundingClientRect(), below = window.innerHeight - box.bottom;
      editing.options.style.left = Math.max(4, Math.min(box.left, window.innerWidth - 248)) + 'px';
      editing.options.style.minWidth = Math.max(160, box.width) + 'px';
      if (below < 220 && box.top > below) { editing.options.style.top = 'auto'; editing.options.style.bottom = window.innerHeight - box.top + 2 + 'px'; } else { editing.options.style.bottom = 'auto'; editing.options.style.top = box.bottom + 2 + 'px'; }
    }

    /* take a label: into the list of a condition, or as the value of an output */
    pick(i) {
      const { input, fits, several, chosen } = this.editing, each = fits[i];
      if (!several) { input.value = each.key; this.commit(1, 0); return; }
      if (chosen.has(each.key)) chosen.delete(each.key); else chosen.add(each.key);
      const order = this.choices().map(one => one.key);
      input.value = [...chosen].sort((a, b) => order.indexOf(a) - order.indexOf(b)).map(Cells.write).join(', ');
      this.typing();
    }

    editKey(event) {
      const editing = this.editing, open = editing.fits && editing.fits.length;
      const done = () => { event.preventDefault(); event.stopPropagation(); };
      if (event.isComposing) return;
      if (event.key === 'Escape') { done(); this.leave(); return; }
      if (event.key === 'Enter' && open && editing.mark >= 0 && !event.altKey) { done(); this.pick(editing.mark); return; }
      if (event.key === 'Enter') { done(); this.commit(event.shiftKey ? -1 : 1, 0); return; }
      if (event.key === 'Tab') { done(); this.commit(0, event.shiftKey ? -1 : 1); return; }
      if (open && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
        done();
        editing.mark = (editing.mark ?? -1) + (event.key === 'ArrowDown' ? 1 : -1);
        if (editing.mark < -1) editing.mark = editing.fits.length - 1;
        if (editing.mark >= editing.fits.length) editing.mark = -1;
        this.options(true);
        editing.options.querySelector('.here')?.scrollIntoView({ block: 'nearest' });
        return;
      }
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') { done(); this.commit(event.key === 'ArrowDown' ? 1 : -1, 0); return; }
      event.stopPropagation();
    }

    /* leave a cell without a change */
    leave() {
      const { row, at, options } = this.editing;
      this.editing = null;
      options?.remove();
      this.redrawRow(row);
      this.go(row, at, true, true);
      if (this.drawLater) { this.drawLater = false; this.again(); }
    }

    commit(rows, columns) {
      const { row, at, column, input, was, options } = this.editing, text = input.value, moved = rows !== undefined;
      this.editing = null;
      options?.remove();
      this.drawLater = false;
      const empty = column.type === 'input' && Cells.trim(was) === '-' && !text.trim();
      const had = this.scroller.contains(document.activeElement);
      if (text !== was && !empty) this.change(() => this.put(row, column, text)); else this.again();
      if (!moved) { if (had) this.go(row, at, true, true); return; }
      let to = { row: row + rows, column: at + columns };
      if (columns && to.column >= this.columns.length) to = { row: row + 1, column: 0 };
      if (columns && to.column < 0) to = { row: row - 1, column: this.columns.length - 1 };
      if (to.row < 0) to.row = 0;
      this.go(to.row, to.column);
      if (columns && to.row <= this.lastRow) this.edit();
    }

    put(row, column, text) {
      if (column.type === 'note') { if (!this.isDefault(row)) this.table.setNote(row, text.trim()); return; }
      if (column.type === 'input') { if (!this.isDefault(row)) this.table.rows[row].when[column.i] = text.trim() ? Cells.understand(text, column.feature, this.reader) : '-'; return; }
      const value = this.table.readValue(column.i, text, this.reader, column.labels);
      if (this.isDefault(row)) this.table.setDefault(column.i, value); else this.table.rows[row].then[column.i] = value;
    }

    redrawRow(row) {
      const elements = this.drawn.get(row);
      if (!elements) return;
      const fresh = this.row(row);
      elements[0].before(...fresh);
      elements.forEach(each => each.remove());
      this.drawn.set(row, fresh);
      this.stop();
    }

    /* --- changes ------------------------------------------------------------------------------------------------ */

    /* One step that can be undone. Nothing is told when nothing changed. */
    change(run) {
      const before = JSON.stringify(this.table.value);
      run();
      if (JSON.stringify(this.table.value) === before) { this.again(); return; }
      this.past.keep(JSON.parse(before));
      this.told();
    }

    told() {
      this.again();
      if (this.context.changed) this.context.changed(copy(this.table.value));
      this.ask();
    }

    step(forward) {
      const found = forward ? this.past.redo(this.table.value) : this.past.undo(this.table.value);
      if (!found) return;
      this.replace(found);
      this.told();
    }

    /* Take another value; what is known of rows that are the same stays with them. */
    replace(value) {
      const known = new Map(this.table.rows.map(row => [JSON.stringify(row), this.about.get(row)]));
      this.table = new TableDocument(value);
      const about = new Map([['default', this.about.get('default')]].filter(each => each[1]));
      this.table.rows.forEach(row => { const found = known.get(JSON.stringify(row)); if (found) about.set(row, found); });
      this.about = about;
      this.report.findings = this.report.findings.filter(each => (each.rows || []).length);
    }

    mend(mend) {
      this.past.keep(this.table.value);
      this.report.findings = [];
      this.replace(mend.value);
      this.about.forEach(each => { each.findings = []; });
      this.told();
      this.done(this.reader.of(mend.done || mend.title));
    }

    done(text) {
      this.spoken.textContent = text;
      if (window.tierwise && window.tierwise.toast) window.tierwise.toast(text, this.readonly ? undefined : { text: this.say('Undo', '撤销'), run: () => (this.context.undo ? this.context.undo() : this.step(false)) });
    }

    addRow(at) {
      if (this.table.rows.length >= TableDocument.MOST_ROWS) { this.done(this.say('A table holds at most 10,000 rows.', '一张表最多 10,000 行。')); return; }
      this.anchor = null;
      this.change(() => this.table.insertRow(Math.max(0, at)));
      this.go(Math.max(0, at), 0);
    }

    removeRows() {
      const r = this.range_, from = Math.max(0, r.top), to = Math.min(r.bottom, this.table.rows.length - 1);
      const { column } = this.at;
      if (this.isDefault(r.top)) { this.change(() => this.table.removeDefault()); this.go(this.table.rows.length - 1, column); this.done(this.say('Default row deleted', '已删除默认行')); return; }
      if (r.bottom < 0) return;
      this.anchor = null;
      this.change(() => this.table.removeRows(from, to));
      this.go(Math.min(from, this.table.rows.length - 1), column);
      this.done(to > from ? this.say('{n} rows deleted', '已删除 {n} 行', { n: to - from + 1 }) : this.say('Row {n} deleted', '已删除第 {n} 行', { n: from + 1 }));
    }

    moveRow(from, to) {
      if (to < 0 || to >= this.table.rows.length) return;
      const { column } = this.at;
      this.anchor = null;
      this.change(() => this.table.moveRow(from, to));
      this.go(to, column);
      this.spoken.textContent = this.say('Row {a} is now row {b}', '第 {a} 行移至第 {b} 行', { a: from + 1, b: to + 1 });
    }

    clear() {
      const r = this.range_, columns = this.columns;
      this.change(() => {
        for (let row = Math.max(0, r.top); row <= r.bottom; row += 1) for (let at = Math.max(0, r.left); at <= r.right; at += 1) this.put(row, columns[at], '');
      });
    }

    clipboard(kind, event) {
      if (this.editing || event.target.closest('input, textarea')) return;
      const r = this.range_, columns = this.columns;
      if (r.top < 0 && kind === 'paste') return;
      if (kind === 'paste') { if (this.readonly) return; event.preventDefault(); this.paste(event.clipboardData.getData('text/plain')); return; }
      event.preventDefault();
      const rows = [];
      for (let row = Math.max(0, r.top); row <= r.bottom; row += 1) rows.push(columns.slice(Math.max(0, r.left), r.right + 1).map(column => this.raw(row, column)));
      event.clipboardData.setData('text/plain', TableDocument.writeBlock(rows));
      if (kind === 'cut' && !this.readonly) this.clear();
      else this.spoken.textContent = this.say('Copied', '已复制');
    }

    /* A block from a spreadsheet, from the present cell on; rows that are missing are added, one cell fills a selection. */
    paste(text) {
      const block = TableDocument.readBlock(text);
      if (!block.length) return;
      const r = this.range_, columns = this.columns, left = Math.max(0, r.left), top = Math.max(0, r.top);
      const room = Math.max(0, TableDocument.MOST_ROWS - top);
      const taken = block.slice(0, room), wide = Math.max(...block.map(row => row.length));
      this.change(() => {
        if (taken.length === 1 && wide === 1 && this.anchor) {
          for (let row = top; row <= r.bottom; row += 1) for (let at = left; at <= r.right; at += 1) this.put(row, columns[at], taken[0][0]);
          return;
        }
        const otherwise = this.isDefault(top);
        taken.forEach((cells, i) => {
          const row = otherwise ? this.table.rows.length : top + i;
          if (otherwise && i) return;
          if (!otherwise) while (row >= this.table.rows.length) this.table.insertRow(this.table.rows.length);
          cells.forEach((cell, j) => { if (columns[left + j]) this.put(row, columns[left + j], cell); });
        });
      });
      const lost = wide - (columns.length - left), parts = [this.say('{n} rows pasted', '已粘贴 {n} 行', { n: taken.length })];
      if (taken.length < block.length) parts.push(this.say('{n} left out: a table holds at most 10,000', '{n} 行未粘贴：一张表最多 10,000 行', { n: block.length - taken.length }));
      if (lost > 0) parts.push(this.say('{n} columns left out: the table ends there', '{n} 列超出表的范围', { n: lost }));
      this.done(parts.join(this.say('; ', '；')));
    }

    async pasteButton() {
      const area = el('textarea', { class: 'text code', rows: 8, 'aria-label': this.say('Cells', '单元格') });
      const text = await dialog(this.say('Paste from a spreadsheet', '从表格粘贴'), [
        el('p', { class: 'small' }, this.say('Copy the cells there and paste them here (Ctrl+V). They go in from the cell that is selected in the grid, {place}; rows that are missing are added.', '在表格软件中复制单元格，粘贴到此处（Ctrl+V）。内容从当前选中的单元格（{place}）开始填入，行不足时自动增加。', { place: this.place.textContent })), area,
      ], [{ text: this.say('Cancel', '取消'), run: () => null }, { text: this.say('Paste', '粘贴'), kind: 'primary', run: () => area.value || undefined }]);
      if (text) { this.go(Math.max(0, this.at.row), Math.max(0, this.at.column)); this.paste(text); }
    }

    async take(ending) {
      try {
        await this.context.spreadsheet.write(copy(this.table.value), ending);
      } catch (error) { this.done(error.message); }
    }

    bring() {
      const file = el('input', { type: 'file', accept: '.xlsx,.csv', hidden: true, onchange: async () => {
        const chosen = file.files[0];
        file.remove();
        if (!chosen) return;
        try {
          const value = await this.context.spreadsheet.read(chosen);
          this.past.keep(this.table.value);
          this.replace(value);
          this.told();
          this.done(this.say('{n} rows read from {file}', '已从 {file} 读入 {n} 行', { n: value.rows.length, file: chosen.name }));
        } catch (error) {
          const faults = (error.body && error.body.faults) || [];
          dialog(this.say('This file was not read; the table is unchanged', '未读入该文件，表未改变'), el('ul', { class: 'faults' }, (faults.length ? faults.slice(0, 50).map(each => faultText(each, this.reader)) : [error.message]).map(each => el('li', {}, each))), [{ text: this.say('Close', '关闭'), run: () => null }]);
        }
      } });
      this.box.append(file);
      file.click();
    }

    /* --- menus -------------------------------------------------------------------------------------------------- */

    menu(cell, items) {
      const box = cell.getBoundingClientRect(), back = document.activeElement;
      const close = () => { list.remove(); document.removeEventListener('mousedown', outside, true); };
      const outside = event => { if (!list.contains(event.target)) close(); };
      const list = el('div', { class: 'cell-menu', role: 'menu' }, items.filter(Boolean).map(each => el('button', { type: 'button', role: 'menuitem', tabindex: '-1', disabled: Boolean(each.off), class: each.kind || '', onclick: () => { close(); each.run(); } }, each.icon ? icon(each.icon) : null, each.text, each.keys ? el('kbd', {}, each.keys) : null)));
      list.addEventListener('keydown', event => {
        event.stopPropagation();
        const all = [...list.querySelectorAll('button:not([disabled])')], at = all.indexOf(document.activeElement);
        if (event.key === 'ArrowDown' || event.key === 'ArrowUp') { event.preventDefault(); all[(at + (event.key === 'ArrowDown' ? 1 : all.length - 1)) % all.length].focus(); }
        if (event.key === 'Escape' || event.key === 'Tab') { event.preventDefault(); close(); back?.focus(); }
      });
      this.box.append(list);
      list.style.left = Math.max(4, Math.min(box.left, window.innerWidth - 268)) + 'px';
      const high = list.offsetHeight;
      list.style.top = (box.bottom + high + 8 > window.innerHeight ? Math.max(4, box.top - high - 2) : box.bottom + 2) + 'px';
      document.addEventListener('mousedown', outside, true);
      list.querySelector('button:not([disabled])')?.focus();
    }

    rowMenu(row) {
      if (this.readonly) return;
      const cell = this.find(row, -1);
      if (!cell) return;
      if (this.isDefault(row)) { this.menu(cell, [{ text: this.say('Delete the default row', '删除默认行'), icon: 'trash', kind: 'danger', run: () => this.removeRows() }]); return; }
      this.menu(cell, [
        { text: this.say('Insert a row above', '在上方插入行'), icon: 'plus', run: () => this.addRow(row) },
        { text: this.say('Insert a row below', '在下方插入行'), icon: 'plus', keys: 'Ins', run: () => this.addRow(row + 1) },
        { text: this.say('Repeat this row', '复制此行'), icon: 'paste', run: () => { this.change(() => this.table.insertRow(row + 1, this.table.rows[row])); this.go(row + 1, 0); } },
        { text: this.say('Move up', '上移'), icon: 'up', keys: 'Alt ↑', off: row === 0, run: () => this.moveRow(row, row - 1) },
        { text: this.say('Move down', '下移'), icon: 'lower', keys: 'Alt ↓', off: row >= this.table.rows.length - 1, run: () => this.moveRow(row, row + 1) },
        { text: this.say('Delete', '删除'), icon: 'trash', kind: 'danger', keys: 'Ctrl Del', run: () => this.removeRows() },
      ]);
    }

    columnMenu(at) {
      const column = this.columns[at], cell = this.find(-1, at), { table } = this;
      if (this.readonly || !column || !cell || column.type === 'note') return;
      if (column.type === 'input') {
        this.menu(cell, [
          { text: this.say('Use another input here', '改用其他输入'), icon: 'edit', run: () => this.changeInput(column.i) },
          { text: this.say('Insert an input before', '在前面插入输入'), icon: 'plus', off: table.inputs.length >= TableDocument.MOST_INPUTS, run: () => this.addInput(column.i) },
          { text: this.say('Move left', '左移'), off: column.i === 0, run: () => this.change(() => table.moveInput(column.i, column.i - 1)) },
          { text: this.say('Move right', '右移'), off: column.i === table.inputs.length - 1, run: () => this.change(() => table.moveInput(column.i, column.i + 1)) },
          { text: this.say('Delete this input', '删除此输入'), icon: 'trash', kind: 'danger', off: table.inputs.length < 2, run: () => { this.change(() => table.removeInput(column.i)); this.done(this.say('{a} deleted', '已删除 {a}', { a: this.title(column) })); } },
        ]);
        return;
      }
      this.menu(cell, [
        this.limits.outputs ? null : { text: this.say('Name, kind and values', '名称、类型与取值'), icon: 'edit', run: () => this.outputDialog(column.i) },
        { text: this.say('Move left', '左移'), off: column.i === 0, run: () => this.change(() => table.moveOutput(column.i, column.i - 1)) },
        { text: this.say('Move right', '右移'), off: column.i === table.outputs.length - 1, run: () => this.change(() => table.moveOutput(column.i, column.i + 1)) },
        this.limits.outputs ? null : { text: this.say('Delete this output', '删除此输出'), icon: 'trash', kind: 'danger', off: table.outputs.length < 2, run: () => { this.change(() => table.removeOutput(column.i)); this.done(this.say('{a} deleted', '已删除 {a}', { a: column.name })); } },
      ]);
    }

    async addInput(at) {
      const name = await chooseFeature(this.reader, { except: this.table.inputs, title: this.say('Choose an input', '选择输入') });
      if (!name) return;
      this.change(() => this.table.addInput(name, at));
      this.go(0, at);
    }

    async changeInput(at) {
      const name = await chooseFeature(this.reader, { except: this.table.inputs, title: this.say('Choose an input', '选择输入') });
      if (!name) return;
      this.change(() => { this.table.inputs[at] = name; });
      this.go(-1, at);
    }

    addOutput(at) { return this.outputDialog(null, at); }

    async outputDialog(at, place) {
      const is = at !== null, now = is ? this.table.outputs[at] : { name: '' }, about = typeof now === 'string' ? { name: now } : now;
      const name = el('input', { class: 'text', value: about.name, id: this.id('name') });
      const kind = el('select', { class: 'text', id: this.id('kind') }, ['text', 'number', 'flag', 'date'].map(each => el('option', { value: each, selected: each === (is ? this.table.outputKind(at) : 'text') }, this.say(...KINDS[each]))));
      const values = el('textarea', { class: 'text', rows: 5, id: this.id('values'), value: (about.values || []).join('\n') });
      const fault = el('p', { class: 'fault', role: 'alert', hidden: true });
      const field = (control, label, help) => el('div', { class: 'field' }, el('label', { for: control.id }, label), control, el('p', { class: 'help' }, help));
      const answer = await dialog(is ? this.say('Output {a}', '输出 {a}', { a: about.name }) : this.say('A new output', '新增输出'), el('div', { class: 'form' },
        field(name, this.say('Name', '名称'), this.say('Lower-case letters, digits and _. Other policies read it as policy.name.', '小写字母、数字与 _。其他策略以“策略.名称”读取。')),
        field(kind, this.say('Kind', '类型'), this.say('What a cell of this column holds.', '该列单元格的类型。')),
        field(values, this.say('Values, best first', '取值，从好到差'), this.say('One per line. Leave empty to take what the rows give. Priority and output order need them.', '每行一个。留空则取各行给出的值。“最优结果”与“按输出优先级”需要填写。')), fault), [
        { text: this.say('Cancel', '取消'), run: () => null },
        { text: is ? this.say('Change', '修改') : this.say('Add the output', '新增'), kind: 'primary', run: () => {
          const text = name.value.trim(), taken = this.table.outputs.some((each, i) => i !== at && this.table.outputName(i) === text);
          if (!/^[a-z][a-z0-9_]*$/.test(text) || taken) {
            fault.textContent = taken ? this.say('There is an output of this name already.', '已有同名输出。') : this.say('Begin with a lower-case letter; then letters, digits and _.', '以小写字母开头，其后为字母、数字与 _。');
            fault.hidden = false;
            name.focus();
            return undefined;
          }
          const lines = [...new Set(values.value.split('\n').map(each => each.trim()).filter(Boolean))];
          const typed = lines.map(each => (kind.value === 'number' && /^-?\d+(\.\d+)?$/.test(each) ? Number(each) : kind.value === 'flag' && /^(true|false)$/.test(each) ? each === 'true' : each));
          return { name: text, kind: kind.value, values: typed };
        } },
      ]);
      if (!answer) return;
      const told = is ? this.table.outputKind(at) : null;
      const next = { name: answer.name, values: answer.values.length ? answer.values : undefined };
      if (!is) next.kind = answer.kind === 'text' ? undefined : answer.kind;
      else if (answer.kind !== told) next.kind = answer.kind;
      if (is) this.change(() => this.table.setOutput(at, next));
      else this.change(() => { this.table.addOutput(answer.name, place); this.table.setOutput(place, next); });
      this.go(is ? -1 : 0, this.table.inputs.length + (is ? at : place));
    }
  }
  TableEditor.count = 0;

  /* "row 3, column orders.count", "default, output grade", "rows[2]": which row and column a fault is about; null for the table as a whole */
  function placeOf(place) {
    const found = /(?:^|[.\s])(?:row (\d+)|(default))(?:, (column|output) (.+))?$/.exec(place || '');
    return found ? { row: found[2] ? 'default' : Number(found[1]), type: found[3] === 'column' ? 'input' : found[3], column: found[4] } : null;
  }

  function faultText(fault, reader) {
    if (typeof fault === 'string') return fault;
    if (fault.text) return reader.of(fault.text);
    return [fault.found, fault.expected].filter(Boolean).join(reader.say('; ', '；'));
  }

  window.Editors.register('table', {
    mount(element, value, context) {
      const reader = new Reader(context);
      let inner;
      const empty = () => {
        element.replaceChildren(el('div', { class: 'empty' }, icon('wrap'), el('h2', {}, context.empty_title ? reader.of(context.empty_title) : reader.say('No table yet', '尚无决策表')), el('p', {}, context.empty_text ? reader.of(context.empty_text) : ''),
          context.readonly || !context.start ? null : el('div', { class: 'row wrap' }, el('button', { type: 'button', class: 'btn', onclick: () => { show(context.start); if (context.changed) context.changed(copy(context.start)); } }, context.start_title ? reader.of(context.start_title) : reader.say('Begin with a table', '开始编辑')))));
        return { value: () => null, update() {}, focus() {}, destroy() { element.replaceChildren(); } };
      };
      const show = now => {
        if (inner && inner.destroy) inner.destroy();
        if (now === null || now === undefined) inner = empty();
        else if (!TableDocument.isTable(now)) inner = asText(element, now, context, reader, reader.say('This table cannot be drawn as a grid: its rows and columns do not fit together. Mend it as text.', '该表的行列不一致，无法以表格显示。请以文本修正。'));
        else {
          const editor = new TableEditor(element, now, context);
          inner = {
            editor,
            value: () => copy(editor.table.value),
            update(more) {
              if (more.features || more.labels || more.limits) { Object.assign(context, more); editor.reader.set(context); editor.readCells.clear(); editor.again(); }
              if ('faults' in more || 'findings' in more || 'hits' in more) editor.learn({ faults: editor.report.faults, findings: editor.report.findings, hits: editor.report.hits, ...more });
            },
            focus(place) {
              const found = placeOf(place) || {}, rows = /rows\[(\d+)\]/.exec(place || '');
              const row = found.row === 'default' ? editor.table.rows.length : found.row ? found.row - 1 : rows ? Number(rows[1]) : 0;
              const column = editor.columns.findIndex(each => each.type === found.type && each.name === found.column);
              editor.go(row, Math.max(0, column));
            },
            destroy() { editor.asking.stop(); clearTimeout(editor.slow); element.replaceChildren(); },
          };
        }
      };
      show(value);
      return {
        value: () => inner.value(),
        update(more) {
          if ('value' in more && !same(more.value, inner.value())) {
            if (inner.editor && TableDocument.isTable(more.value)) { inner.editor.replace(more.value); inner.editor.again(); inner.editor.ask(); } else show(more.value);
          }
          inner.update(more);
        },
        focus(place) { inner.focus(place); },
        go(row, column) { if (inner.editor) inner.editor.go(row, column); },
        destroy() { inner.destroy(); },
      };
    },
  });
  window.TableEditor = TableEditor;
})();
