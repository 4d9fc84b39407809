/* The language of cells, as engine/tables reads it: text -> tests, faults, words. A test compares both readers. */
(function () {
  'use strict';
  const MARKS = ['..', '<=', '>=', '!=', '<', '>', '=', '[', ']', '(', ')', ','];
  const OPERATORS = ['=', '!=', '<', '<=', '>', '>='];
  const OPENERS = { '[': '[', '(': '(', ']': '(' }, CLOSERS = { ']': ']', ')': ')', '[': ')' };
  const WIDE = { '“': '"', '”': '"', '‘': '"', '’': '"', '，': ',', '（': '(', '）': ')', '≥': '>=', '≤': '<=', '≠': '!=', '【': '[', '】': ']', '＝': '=', '＞': '>', '＜': '<', '、': ',' };
  const DIGITS = 15, LONGEST = 10000, LONGEST_TEXT = 1000;

  class CellFault extends Error {
    constructor(en, zh) { super(en); this.en = en; this.zh = zh; }
  }
  const fault = (en, zh) => { throw new CellFault(en, zh); };
  const digit = letter => letter !== undefined && letter >= '0' && letter <= '9';
  const kindOf = value => (typeof value === 'boolean' ? 'flag' : typeof value === 'number' ? 'number' : value && value.date ? 'date' : 'text');

  function date(text) {
    if (!/^\d{4}-\d\d-\d\d$/.test(text)) return null;
    const [year, month, day] = text.split('-').map(Number), days = [31, year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    return year > 0 && month > 0 && month < 13 && day > 0 && day <= days[month - 1] ? { date: text } : null;
  }

  function number(digits) {
    if (digits.replace(/^[+-]/, '').replace('.', '').replace(/^0+|0+$/g, '').length > DIGITS || digits.length > 40) return fault('at most 15 significant digits are kept exactly', '最多精确保留 15 位有效数字');
    const value = Number(digits);
    if (!digits.includes('.') && Math.abs(value) > 1e15) return fault('a number of more than 15 digits', '数字超过 15 位');
    return value === 0 ? 0 : value;
  }

  function tokens(text) {
    if (text.length > LONGEST) fault('a cell holds at most 10,000 characters', '单元格最多 10,000 个字符');
    const found = [];
    let at = 0;
    while (at < text.length) {
      const letter = text[at];
      if (' \t\r\n\u3000\u00a0'.includes(letter)) { at += 1; continue; }
      if (letter === '"') { const [value, next] = quoted(text, at); found.push({ kind: 'literal', value }); at = next; continue; }
      if (digit(letter) || ((letter === '+' || letter === '-') && digit(text[at + 1]))) { const [value, next] = numberOrDate(text, at); found.push({ kind: 'literal', value }); at = next; continue; }
      const mark = MARKS.find(each => text.startsWith(each, at));
      if (mark) { found.push({ kind: 'mark', text: mark }); at += mark.length; continue; }
      if (/[A-Za-z]/.test(letter)) { const [token, next] = word(text, at); found.push(token); at = next; continue; }
      if (letter in WIDE || letter === "'") fault('write ' + (WIDE[letter] || '"') + ' instead of ' + letter, '请用 ' + (WIDE[letter] || '"') + ' 代替 ' + letter);
      fault('the character ' + letter + ' has no meaning here', '字符 ' + letter + ' 在此无意义');
    }
    found.push({ kind: 'end' });
    return found;
  }

  function quoted(text, start) {
    let letters = '', at = start + 1;
    while (at < text.length && text[at] !== '"') {
      if (text[at] === '\\') { at += 1; if (text[at] !== '"' && text[at] !== '\\') fault('only \\" and \\\\ may follow a backslash', '反斜杠后只能是 \\" 或 \\\\'); }
      letters += text[at];
      at += 1;
    }
    if (at >= text.length) fault('a text ends with "', '文本缺少结尾的 "');
    const value = letters.normalize('NFC');
    if ([...value].length > LONGEST_TEXT) fault('a text holds at most 1,000 characters', '文本最多 1,000 个字符');
    if (/[\p{Cc}\p{Cs}]/u.test(value)) fault('a text holds no control characters', '文本不能含控制字符');
    return [value, at + 1];
  }

  function numberOrDate(text, start) {
    const day = date(text.slice(start, start + 10));
    if (day) return [day, start + 10];
    const skip = from => { let at = from; while (digit(text[at])) at += 1; return at; };
    let at = skip(start + ('+-'.includes(text[start]) ? 1 : 0));
    if (text[at] === '.' && digit(text[at + 1])) at = skip(at + 1);
    if (at < text.length && (/[\p{L}\p{N}_:]/u.test(text[at]) || (text[at] === '-' && digit(text[at + 1])))) fault('a number is written 5000 or 5000.10, a date 2025-01-31', '数字写作 5000 或 5000.10，日期写作 2025-01-31');
    return [number(text.slice(start, at)), at];
  }

  function word(text, start) {
    let at = start;
    while (at < text.length && /[\p{L}\p{N}_.]/u.test(text[at]) && !text.startsWith('..', at)) at += 1;
    const found = text.slice(start, at);
    if (found === 'true' || found === 'false') return [{ kind: 'literal', value: found === 'true' }, at];
    if (found === 'null' || found === 'not') return [{ kind: 'mark', text: found }, at];
    if (found === 'date') {
      const call = /^[ \t\r\n\u3000\u00a0]*\([ \t\r\n\u3000\u00a0]*"(\d{4}-\d\d-\d\d)"[ \t\r\n\u3000\u00a0]*\)/.exec(text.slice(at));
      const day = call && date(call[1]);
      if (day) return [{ kind: 'literal', value: day }, at + call[0].length];
      fault('a date is written date("2025-01-31") or 2025-01-31', '日期写作 date("2025-01-31") 或 2025-01-31');
    }
    return fault('a text is written in quotes: "' + found.slice(0, 40) + '"', '文本要加引号："' + found.slice(0, 40) + '"');
  }

  const order = value => (typeof value === 'number' ? value : Date.parse(value.date + 'T00:00:00Z'));
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  /* {tests: [{op, low, high}], negated}; throws CellFault. A number or a flag of JSON is a cell too. */
  function parse(cell) {
    if (typeof cell === 'boolean' || typeof cell === 'number') return { tests: [{ op: '=', low: cell }], negated: false };
    if (typeof cell !== 'string') return fault('a cell is a text', '单元格须为文本');
    if (!trim(cell) || trim(cell) === '-') return { tests: [], negated: false };
    const found = tokens(cell);
    let at = 0;
    const here = () => found[at], take = mark => { const is = here().kind === 'mark' && here().text === mark; if (is) at += 1; return is; };
    const literal = after => {
      const token = here();
      if (token.kind === 'literal') { at += 1; return token.value; }
      if (token.text === 'null' && after) return fault('null stands alone: null or not(null)', 'null 须单独使用：null 或 not(null)');
      return fault('a number, "text", true, false or a date is needed', '此处需要数字、"文本"、true、false 或日期');
    };
    const test = () => {
      const token = here();
      if (token.kind === 'mark' && OPERATORS.includes(token.text)) { at += 1; return { op: token.text, low: literal(true) }; }
      if (token.kind === 'mark' && token.text in OPENERS) {
        at += 1;
        const low = literal(true);
        if (!take('..')) fault('an interval is written [a..b], (a..b) or [a..b)', '区间写作 [a..b]、(a..b) 或 [a..b)');
        const high = literal(true), closing = here();
        if (closing.kind !== 'mark' || !(closing.text in CLOSERS)) fault('an interval ends with ] or )', '区间以 ] 或 ) 结尾');
        at += 1;
        return interval(OPENERS[token.text] + CLOSERS[closing.text], low, high);
      }
      if (take('null')) return { op: 'null' };
      return { op: '=', low: literal(false) };
    };
    const negated = take('not');
    if (negated && !take('(')) fault('not is written not(...)', 'not 写作 not(...)');
    const tests = [test()];
    while (take(',')) tests.push(test());
    if (negated && !take(')')) fault('not( is not closed', 'not( 缺少右括号');
    if (here().kind !== 'end') fault('several tests are separated by commas', '多个条件用逗号分隔');
    const unique = tests.filter((each, i) => tests.findIndex(other => same(each, other)) === i);
    const kinds = new Set(unique.flatMap(each => [each.low, each.high]).filter(each => each !== undefined).map(kindOf));
    if (kinds.size > 1) fault('all values of a cell have one kind', '一个单元格内的值须为同一类型');
    if (kinds.has('flag') && unique.some(each => each.high !== undefined || !['=', '!=', 'null'].includes(each.op))) fault('true and false are only equal or not', 'true 与 false 只能判断相等');
    return { tests: unique, negated };
  }

  function interval(op, low, high) {
    if (kindOf(low) !== kindOf(high)) fault('both ends of an interval have one kind', '区间两端须为同一类型');
    const kind = kindOf(low);
    if ((kind === 'number' || kind === 'date') && (order(low) > order(high) || (order(low) === order(high) && op !== '[]'))) fault('the first bound of an interval is the smaller one', '区间的第一个值须较小');
    if (kind === 'text' && low === high && op !== '[]') fault('nothing lies in this interval', '区间为空');
    return { op, low, high };
  }

  /* Python's str.strip() */
  function trim(text) { return text.replace(/^[\s\x1c-\x1f\x85]+|[\s\x1c-\x1f\x85]+$/g, ''); }

  function write(value) {
    if (typeof value === 'boolean') return value ? 'true' : 'false';
    if (typeof value === 'number') { const text = String(value); return text.includes('e') ? value.toFixed(15).replace(/0+$/, '').replace(/\.$/, '') : text; }
    if (value.date) return value.date;
    return '"' + value.replace(/\\/g, '\\\\').replace(/"/g, '\\"') + '"';
  }

  function written(cell) {
    const inner = cell.tests.map(each => {
      if (each.op === 'null') return 'null';
      if (each.high !== undefined) return each.op[0] + write(each.low) + '..' + write(each.high) + each.op[1];
      return each.op === '=' ? write(each.low) : each.op + ' ' + write(each.low);
    }).join(', ') || '-';
    return cell.negated ? 'not(' + inner + ')' : inner;
  }

  /* What does not fit the column: {en, zh} or null. The server has the last word. */
  function misfit(cell, feature) {
    if (!feature) return null;
    const literals = cell.tests.flatMap(each => [each.low, each.high]).filter(each => each !== undefined);
    const wrong = literals.find(each => kindOf(each) !== feature.kind);
    const words = { number: ['numbers', '数值'], text: ['texts', '文本'], flag: ['true or false', 'true 或 false'], date: ['dates', '日期'] };
    if (wrong !== undefined) return { en: 'this column holds ' + words[feature.kind][0], zh: '此列为' + words[feature.kind][1] };
    if (feature.kind !== 'text') return null;
    if (cell.tests.some(each => each.high !== undefined || ['<', '<=', '>', '>='].includes(each.op)) && !(feature.values && feature.ordered)) return { en: 'only labels, numbers and dates have an order', zh: '只有标签、数值与日期有先后' };
    const unknown = feature.values && literals.find(each => !feature.values.some(value => value.key === each));
    return unknown !== undefined && feature.values ? { en: '"' + unknown + '" is no value of this column', zh: '“' + unknown + '”不是此列的取值' } : null;
  }

  /* What a person types becomes a cell: full-width signs, titles instead of keys, bare words, "any". */
  function understand(typed, feature, reader) {
    let text = typed.trim();
    if (/^(any|任意|\*)$/i.test(text)) return '-';
    try { parse(text); return text; } catch (error) { /* go on */ }
    let outside = true;
    text = [...text].map(letter => {
      if (letter === '“' || letter === '”' || letter === '"') { outside = !outside; return '"'; }
      return outside && letter in WIDE && letter !== '‘' && letter !== '’' ? WIDE[letter] : letter;
    }).join('');
    try { parse(text); return text; } catch (error) { /* go on */ }
    if (feature && feature.kind === 'number') {
      const range = /^(\d+(?:\.\d+)?)\s*(?:-|–|—|~|～|to|至|到)\s*(\d+(?:\.\d+)?)$/.exec(text);
      const meant = range ? '[' + range[1] + '..' + range[2] + ']' : null;
      if (meant) try { parse(meant); return meant; } catch (error) { /* go on */ }
    }
    if (feature && feature.kind === 'flag') {
      if (/^(yes|y|是)$/i.test(text)) return 'true';
      if (/^(no|n|否)$/i.test(text)) return 'false';
    }
    if (feature && feature.kind === 'text') {
      const parts = /^(not\s*\(|非[（(]?)?(.*?)([)）])?$/.exec(text), names = (parts[1] && parts[3] ? parts[2] : text).split(',').map(each => each.trim().replace(/^"(.*)"$/, '$1')).filter(Boolean);
      const keys = names.map(name => keyOf(feature, name));
      if (names.length && keys.every(each => each !== null)) {
        const list = keys.map(write).join(', ');
        return parts[1] && parts[3] ? 'not(' + list + ')' : list;
      }
    }
    return text;
  }

  function keyOf(feature, name) {
    if (!feature.values) return /[<>=[\]()]/.test(name) ? null : name;
    const low = name.toLowerCase();
    const found = feature.values.find(each => each.key === name) || feature.values.find(each => [each.key, each.title && each.title.en, each.title && each.title.zh].some(text => text && text.toLowerCase() === low));
    return found ? found.key : null;
  }

  const plain = value => (value && value.date ? value.date : value);

  /* Short, as the grid shows it: "Champions, Loyal", "≥ 1,500", "any". */
  function short(cell, feature, reader) {
    if (!cell.tests.length) return reader.say('any', '任意');
    const signs = { '<=': '≤', '>=': '≥', '!=': '≠', '<': '<', '>': '>' };
    const inner = cell.tests.map(each => {
      if (each.op === 'null') return reader.say('missing', '缺失');
      if (each.high !== undefined) return each.op[0] + reader.value(feature, plain(each.low)) + '..' + reader.value(feature, plain(each.high)) + each.op[1];
      return (each.op === '=' ? '' : signs[each.op] + ' ') + reader.value(feature, plain(each.low));
    }).join(reader.zh ? '、' : ', ');
    return cell.negated ? reader.say('not ({inner})', '非（{inner}）', { inner }) : inner;
  }

  /* A sentence: "is one of Champions, Loyal or Potential", "is at least 1,500.00 CNY". */
  function words(cell, feature, reader) {
    if (!cell.tests.length) return reader.say('any value, also a missing one', '任意值，缺失亦可');
    const said = value => reader.measured(feature, plain(value)), parts = [];
    const equal = cell.tests.filter(each => each.op === '=').map(each => said(each.low));
    if (equal.length === 1) parts.push(reader.say('is {a}', '为 {a}', { a: equal[0] }));
    if (equal.length > 1) parts.push(reader.say('is one of {a}', '属于 {a}', { a: reader.list(equal.length > 12 ? [...equal.slice(0, 11), reader.say('{n} more', '等 {n} 项', { n: equal.length - 11 })] : equal, true) }));
    const label = feature && feature.kind === 'text', day = feature && feature.kind === 'date';
    for (const each of cell.tests) {
      if (each.op === '=') continue;
      if (each.op === 'null') { parts.push(reader.say('is missing', '缺失')); continue; }
      if (each.high !== undefined) {
        const low = each.op[0] === '[' ? reader.say('from {a}', '从 {a}（含）', { a: said(each.low) }) : reader.say('above {a}', '大于 {a}', { a: said(each.low) });
        const high = each.op[1] === ']' ? reader.say('up to {a}', '至 {a}（含）', { a: said(each.high) }) : reader.say('to below {a}', '至 {a}（不含）', { a: said(each.high) });
        parts.push(reader.say('is {low} {high}', '{low}{high}', { low, high }));
        continue;
      }
      const a = said(each.low);
      parts.push({
        '!=': reader.say('is not {a}', '不为 {a}', { a }),
        '<': label ? reader.say('is worse than {a}', '低于 {a}', { a }) : day ? reader.say('is before {a}', '早于 {a}', { a }) : reader.say('is less than {a}', '小于 {a}', { a }),
        '<=': label ? reader.say('is {a} or worse', '为 {a} 或更低', { a }) : day ? reader.say('is {a} or before', '不晚于 {a}', { a }) : reader.say('is at most {a}', '不超过 {a}', { a }),
        '>': label ? reader.say('is better than {a}', '高于 {a}', { a }) : day ? reader.say('is after {a}', '晚于 {a}', { a }) : reader.say('is more than {a}', '大于 {a}', { a }),
        '>=': label ? reader.say('is {a} or better', '为 {a} 或更高', { a }) : day ? reader.say('is {a} or after', '不早于 {a}', { a }) : reader.say('is at least {a}', '不小于 {a}', { a }),
      }[each.op]);
    }
    const inner = parts.join(reader.say(', or ', '，或'));
    return cell.negated ? reader.say('not: {inner}', '不满足：{inner}', { inner }) : inner;
  }

  window.Cells = { parse, written, write, misfit, understand, short, words, date, number, trim, CellFault };
})();
