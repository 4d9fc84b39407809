/* Conditions as data: which operators fit a column, what is wrong at which place, the whole in words. No elements here. */
(function () {
  'use strict';
  const Cells = window.Cells;
  const OPS = {
    '=': ['is', '等于'], '!=': ['is not', '不等于'], '<': ['is less than', '小于'], '<=': ['is at most', '不超过'], '>': ['is more than', '大于'], '>=': ['is at least', '不小于'],
    between: ['is between', '介于'], in: ['is one of', '属于'], not_in: ['is none of', '不属于'], contains: ['contains', '包含'], starts_with: ['begins with', '开头为'],
    within_days_of: ['is near', '接近'], is_present: ['is present', '有值'], is_missing: ['is missing', '缺失'],
  };
  const DATED = { '<': ['is before', '早于'], '<=': ['is on or before', '不晚于'], '>': ['is after', '晚于'], '>=': ['is on or after', '不早于'] };
  const RANKED = { '<': ['is worse than', '低于'], '<=': ['is at or below', '不高于'], '>': ['is better than', '高于'], '>=': ['is at or above', '不低于'] };
  const COMPARABLE = ['=', '!=', '<', '<=', '>', '>=', 'within_days_of'], PRESENCE = ['is_present', 'is_missing'], LISTS = ['in', 'not_in'], ORDERINGS = ['<', '<=', '>', '>='];
  const GROUPS = { all: ['all of these hold', '以下条件全部成立'], any: ['at least one of these holds', '以下条件至少一项成立'], not: ['this does not hold', '以下条件不成立'] };

  const formOf = node => (node && typeof node === 'object' && !Array.isArray(node) ? ['all', 'any', 'not', 'feature'].filter(form => form in node) : []);

  /* Whether the builder can draw it; what is wrong inside a leaf it shows, what has no form it cannot. */
  function drawable(node, depth = 1) {
    const forms = formOf(node);
    if (forms.length !== 1 || depth > 50) return false;
    if (forms[0] === 'feature') return typeof node.feature === 'string' && typeof node.op === 'string';
    if (forms[0] === 'not') return drawable(node.not, depth + 1);
    return Array.isArray(node[forms[0]]) && node[forms[0]].every(each => drawable(each, depth + 1));
  }

  function operators(feature) {
    if (!feature) return Object.keys(OPS);
    const ordered = feature.kind === 'number' || feature.kind === 'date' || (feature.kind === 'text' && feature.values && feature.ordered);
    return Object.keys(OPS).filter(op => {
      if (op === 'contains' || op === 'starts_with') return feature.kind === 'text' && !feature.values;
      if (op === 'within_days_of') return feature.kind === 'date';
      if (ORDERINGS.includes(op) || op === 'between') return ordered;
      if (LISTS.includes(op)) return feature.kind !== 'flag';
      return true;
    });
  }

  function opWords(op, feature) {
    const own = feature && feature.kind === 'date' ? DATED[op] : feature && feature.kind === 'text' ? RANKED[op] : null;
    return own || OPS[op] || [op, op];
  }

  const kindOf = value => (typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'flag' : typeof value === 'string' ? 'text' : null);

  /* What is wrong with a comparison, in both languages; null when nothing is that can be told here. */
  function leafFault(leaf, reader) {
    const feature = reader.feature(leaf.feature);
    if (!feature && reader.features.length) return { en: leaf.feature + ' is no known feature', zh: leaf.feature + ' 不是已知指标' };
    if (!(leaf.op in OPS)) return { en: leaf.op + ' is no operator', zh: leaf.op + ' 不是运算符' };
    if (feature && !operators(feature).includes(leaf.op) && !(leaf.op === 'contains' || leaf.op === 'starts_with' || LISTS.includes(leaf.op))) return { en: 'this comparison does not fit ' + reader.title(leaf.feature), zh: '该比较不适用于' + reader.title(leaf.feature) };
    if (PRESENCE.includes(leaf.op)) return null;
    if (leaf.op === 'within_days_of' && !(Number.isInteger(leaf.days) && leaf.days >= 0 && leaf.days <= 36525)) return { en: 'a whole number of days from 0 to 36,525 is needed', zh: '需要 0 至 36,525 的整数天数' };
    if ('other' in leaf) {
      const other = reader.feature(leaf.other);
      if (!leaf.other) return { en: 'choose the second feature', zh: '请选择第二个指标' };
      if (!other && reader.features.length) return { en: leaf.other + ' is no known feature', zh: leaf.other + ' 不是已知指标' };
      return feature && other && feature.kind !== other.kind ? { en: 'both features must be of one kind', zh: '两个指标须为同一类型' } : null;
    }
    if (!('value' in leaf)) return { en: 'a value is missing', zh: '缺少取值' };
    const list = LISTS.includes(leaf.op) || leaf.op === 'between';
    if (list && (!Array.isArray(leaf.value) || !leaf.value.length)) return { en: 'at least one value is needed', zh: '至少需要一个取值' };
    if (leaf.op === 'between' && leaf.value.length !== 2) return { en: 'two bounds are needed', zh: '需要上下两个界限' };
    for (const value of list ? leaf.value : [leaf.value]) {
      if (value === null || value === '') { if (!(value === '' && feature && feature.kind === 'text' && !['contains', 'starts_with'].includes(leaf.op))) return { en: 'a value is missing', zh: '缺少取值' }; }
      if (!feature) continue;
      if (feature.kind === 'date' ? !(typeof value === 'string' && Cells.date(value)) : kindOf(value) !== feature.kind) {
        return { number: { en: 'a number is needed', zh: '需要数值' }, date: { en: 'a date such as 2025-01-31 is needed', zh: '需要日期，例如 2025-01-31' }, flag: { en: 'yes or no is needed', zh: '需要是或否' }, text: { en: 'a text is needed', zh: '需要文本' } }[feature.kind];
      }
      if (feature.values && !['contains', 'starts_with'].includes(leaf.op) && !feature.values.some(each => each.key === value)) return { en: '"' + value + '" is no value of ' + reader.title(leaf.feature), zh: '“' + value + '”不是' + reader.title(leaf.feature) + '的取值' };
    }
    if (leaf.op === 'between' && typeof leaf.value[0] === 'number' && leaf.value[0] > leaf.value[1]) return { en: 'the lower bound comes first', zh: '较小的界限在前' };
    if (leaf.op === 'between' && feature && feature.kind === 'date' && leaf.value[0] > leaf.value[1]) return { en: 'the earlier date comes first', zh: '较早的日期在前' };
    return null;
  }

  function leafWords(leaf, reader) {
    const feature = reader.feature(leaf.feature), name = reader.title(leaf.feature), op = reader.say(...opWords(leaf.op, feature));
    const said = value => (value === null || value === undefined ? '…' : value === '' ? '""' : reader.measured(feature, value));
    let bound = '';
    if ('other' in leaf) bound = leaf.other ? reader.title(leaf.other) : '…';
    else if (PRESENCE.includes(leaf.op)) bound = '';
    else if (leaf.op === 'between' && Array.isArray(leaf.value)) bound = reader.say('{a} and {b}', '{a} 与 {b} 之间', { a: said(leaf.value[0]), b: said(leaf.value[1]) });
    else if (Array.isArray(leaf.value)) {
      const shown = leaf.value.slice(0, 12).map(said);
      bound = leaf.value.length > 12 ? reader.list([...shown, reader.say('{n} more', '等 {n} 项', { n: reader.zh ? leaf.value.length : leaf.value.length - 12 })]) : reader.list(shown, true) || '…';
    } else bound = said(leaf.value);
    const near = leaf.op === 'within_days_of' ? reader.say(' (within {n} days)', '（相差 {n} 天内）', { n: leaf.days ?? '…' }) : '';
    return name + ' ' + op + (bound ? ' ' + bound : '') + near;
  }

  function words(node, reader, top = true) {
    const [form] = formOf(node);
    if (form === undefined) return '…';
    if (form === 'feature') return leafWords(node, reader);
    if (form === 'not') return reader.say('not ({inner})', '非（{inner}）', { inner: words(node.not, reader) });
    const items = node[form] || [];
    if (!items.length) return reader.say('nothing yet', '尚无条件');
    const inner = items.map(each => words(each, reader, false)).join(form === 'all' ? reader.say(' and ', ' 且 ') : reader.say(' or ', ' 或 '));
    return top || items.length < 2 ? inner : reader.say('({inner})', '（{inner}）', { inner });
  }

  window.Conditions = { OPS, GROUPS, COMPARABLE, PRESENCE, LISTS, ORDERINGS, formOf, drawable, operators, opWords, leafFault, words };
})();
