/* A decision table as data: what its columns are, and every change to it. No elements here.
   The document is changed only where a person changed something, so whatever else it holds stays as it was written. */
(function () {
  'use strict';
  const { copy } = window.EditorKit, Cells = window.Cells;
  const MOST_ROWS = 10000, MOST_INPUTS = 64, MOST_OUTPUTS = 16;

  const isTable = value => Boolean(value) && typeof value === 'object' && Array.isArray(value.inputs) && Array.isArray(value.outputs) && Array.isArray(value.rows)
    && value.inputs.length > 0 && value.outputs.length > 0 && value.inputs.every(each => typeof each === 'string')
    && value.outputs.every(each => typeof each === 'string' || (each && typeof each === 'object' && typeof each.name === 'string'))
    && value.rows.every(row => row && typeof row === 'object' && Array.isArray(row.when) && Array.isArray(row.then) && row.when.length === value.inputs.length && row.then.length === value.outputs.length)
    && (value.default === undefined || value.default === null || (Array.isArray(value.default) && value.default.length === value.outputs.length));

  class TableDocument {
    constructor(value) { this.value = copy(value); }

    get rows() { return this.value.rows; }
    get inputs() { return this.value.inputs; }
    get outputs() { return this.value.outputs; }
    get policy() { return this.value.hit_policy === undefined ? 'unique' : this.value.hit_policy === 'collect' ? 'collect_list' : this.value.hit_policy; }
    get hasDefault() { return Array.isArray(this.value.default); }

    outputName(at) { const each = this.outputs[at]; return typeof each === 'string' ? each : each.name; }
    outputValues(at) { const each = this.outputs[at]; return typeof each === 'object' && Array.isArray(each.values) ? each.values : null; }

    outputKind(at) {
      const each = this.outputs[at];
      if (typeof each === 'object' && each.kind) return each.kind;
      const told = [...(this.outputValues(at) || []), ...this.rows.map(row => row.then[at]), ...(this.hasDefault ? [this.value.default[at]] : [])].find(value => value !== null && value !== undefined);
      return typeof told === 'number' ? 'number' : typeof told === 'boolean' ? 'flag' : 'text';
    }

    /* every value that an output gives or declares, in order */
    given(at) {
      const found = new Set(this.outputValues(at) || []);
      this.rows.forEach(row => { if (row.then[at] !== null && row.then[at] !== undefined) found.add(row.then[at]); });
      if (this.hasDefault && this.value.default[at] !== null) found.add(this.value.default[at]);
      return [...found];
    }

    insertRow(at, like) { this.rows.splice(at, 0, like ? copy(like) : { when: this.inputs.map(() => '-'), then: this.outputs.map(() => null) }); }

    /* one row always stays: a table without rows is none */
    removeRows(from, to) {
      this.rows.splice(from, to - from + 1);
      if (!this.rows.length) this.insertRow(0);
    }

    moveRow(from, to) { const [row] = this.rows.splice(from, 1); this.rows.splice(to, 0, row); }

    addInput(name, at) {
      this.inputs.splice(at, 0, name);
      this.rows.forEach(row => row.when.splice(at, 0, '-'));
    }

    removeInput(at) { this.inputs.splice(at, 1); this.rows.forEach(row => row.when.splice(at, 1)); }

    moveInput(from, to) {
      for (const list of [this.inputs, ...this.rows.map(row => row.when)]) { const [one] = list.splice(from, 1); list.splice(to, 0, one); }
    }

    addOutput(output, at) {
      this.outputs.splice(at, 0, output);
      this.rows.forEach(row => row.then.splice(at, 0, null));
      if (this.hasDefault) this.value.default.splice(at, 0, null);
    }

    setOutput(at, about) {
      const now = this.outputs[at], was = typeof now === 'string' ? { name: now } : { ...now };
      const next = { ...was, ...about };
      for (const key of Object.keys(next)) if (next[key] === undefined || next[key] === null) delete next[key];
      this.outputs[at] = Object.keys(next).length === 1 ? next.name : next;
    }

    removeOutput(at) {
      this.outputs.splice(at, 1);
      this.rows.forEach(row => row.then.splice(at, 1));
      if (this.hasDefault) this.value.default.splice(at, 1);
    }

    moveOutput(from, to) {
      for (const list of [this.outputs, ...this.rows.map(row => row.then), ...(this.hasDefault ? [this.value.default] : [])]) { const [one] = list.splice(from, 1); list.splice(to, 0, one); }
    }

    setNote(row, text) { if (text) this.rows[row].note = text; else delete this.rows[row].note; }

    setDefault(at, value) {
      if (!this.hasDefault) this.value.default = this.outputs.map(() => null);
      if (at !== undefined) this.value.default[at] = value;
    }

    removeDefault() { delete this.value.default; }

    /* What a person types into an output cell becomes a value; an unreadable one stays the text that it is. */
    readValue(at, typed, reader, labels) {
      const text = typed.trim(), kind = this.outputKind(at);
      if (text === '' || /^(null|none|无)$/i.test(text)) return null;
      if (kind === 'number') {
        const digits = text.replace(/[\u2212－]/g, '-').replace(/^(-?\d{1,3}(?:,\d{3})+)(\.\d+)?$/, all => all.replace(/,/g, ''));
        return /^-?\d+(\.\d+)?$/.test(digits) ? Number(digits) : text;
      }
      if (kind === 'flag') return /^(true|yes|y|是)$/i.test(text) ? true : /^(false|no|n|否)$/i.test(text) ? false : text;
      if (kind === 'date') return text;
      const bare = /^"(.*)"$/.test(text) ? text.slice(1, -1) : text;
      const found = (labels || []).find(each => [each.key, each.title && each.title.en, each.title && each.title.zh].some(one => one && one.toLowerCase() === bare.toLowerCase()));
      return found ? found.key : bare;
    }

    /* what is wrong with an output value: {en, zh} or null */
    valueFault(at, value) {
      if (value === null) return null;
      const kind = this.outputKind(at), is = typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'flag' : 'text';
      if (kind === 'date') return typeof value === 'string' && Cells.date(value) ? null : { en: 'a date such as 2025-01-31 is needed', zh: '需要日期，例如 2025-01-31' };
      if (is !== kind) return { number: { en: 'this output holds numbers', zh: '此输出为数值' }, flag: { en: 'this output is yes or no', zh: '此输出为是或否' }, text: { en: 'this output holds texts', zh: '此输出为文本' } }[kind];
      const values = this.outputValues(at);
      return values && !values.includes(value) ? { en: '"' + value + '" is not declared for this output', zh: '此输出未声明“' + value + '”' } : null;
    }
  }

  /* Rows and columns of a block from a spreadsheet: tabs and lines, quotes where a cell holds either. */
  function readBlock(text) {
    const rows = [[]];
    let at = 0, cell = '';
    const end = () => { rows[rows.length - 1].push(cell); cell = ''; };
    while (at < text.length) {
      const letter = text[at];
      const closing = letter === '"' && cell === '' && /"(?:[^"]|"")*"(?=\t|\r?\n|$)/y;
      if (closing) {
        closing.lastIndex = at;
        const found = closing.exec(text);
        // a cell of the table that is itself in quotes, such as "A", "B", is no quoted cell
        if (found && /[\t\n]|""/.test(found[0].slice(1, -1))) { cell = found[0].slice(1, -1).replace(/""/g, '"'); at += found[0].length; continue; }
      }
      if (letter === '\t') end();
      else if (letter === '\n' || letter === '\r') { if (letter === '\r' && text[at + 1] === '\n') at += 1; end(); rows.push([]); }
      else cell += letter;
      at += 1;
    }
    if (cell !== '' || rows[rows.length - 1].length) end();
    if (!rows[rows.length - 1].length) rows.pop();
    return rows;
  }

  const writeBlock = rows => rows.map(row => row.map(cell => (/[\t\n\r]/.test(cell) ? '"' + cell.replace(/"/g, '""') + '"' : cell)).join('\t')).join('\n');

  window.TableDocument = TableDocument;
  Object.assign(TableDocument, { isTable, readBlock, writeBlock, MOST_ROWS, MOST_INPUTS, MOST_OUTPUTS });
})();
