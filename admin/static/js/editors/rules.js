/* What the editors of rules need of the server on the page of a policy: checks with mends, spreadsheets, undo, the place after undo. */
(function () {
  'use strict';
  if (!window.tierwise || !tierwise.page || !tierwise.page.ruleUrls) return;
  const data = tierwise.page, { el } = window.EditorKit, CHECKED = ['table', 'segments'];
  const tab = Math.random().toString(36).slice(2, 12);

  async function ask(context, value) {
    const entry = tierwise.copy(data.entry) || {};
    entry.params = { ...context.params(), [context.path]: value };
    const answer = await tierwise.post(data.ruleUrls.rules, { draft: data.draft, policy: data.policy, place: context.path, entry, tab });
    return answer.superseded ? new Promise(() => {}) : answer;
  }

  const spreadsheet = {
    async write(table, ending) {
      const answer = await tierwise.post(data.ruleUrls.table_file, { table, ending });
      const bytes = Uint8Array.from(atob(answer.data), letter => letter.charCodeAt(0));
      const url = URL.createObjectURL(new Blob([bytes], { type: ending === 'csv' ? 'text/csv' : 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' }));
      el('a', { href: url, download: data.policy + '.' + ending }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    },
    async read(file) {
      const form = new FormData();
      form.append('file', file);
      return (await tierwise.post(data.ruleUrls.table_read, form)).table;
    },
  };

  /* the page draws its form anew after undo and redo: whoever was in a grid stays in it */
  let last = null;
  document.addEventListener('focusin', event => {
    const inside = event.target.closest('[data-rules]'), cell = event.target.closest('[data-row][data-column]');
    last = inside && cell ? { path: inside.dataset.rules, row: Number(cell.dataset.row), column: Number(cell.dataset.column) } : null;
  });

  tierwise.ruleTools = {
    /* for `Editors.mount`. Only parameters of the policy are looked at, neither its population nor what lies deeper. */
    context(name, context, node) {
      const own = context.box.form.root.id === 'form' && !/[.[]/.test(context.path), found = {};
      node.dataset.rules = context.path;
      if (name === 'table') found.spreadsheet = spreadsheet;
      if (own && CHECKED.includes(name)) found.check = value => ask(context, value);
      if (data.draft) found.undo = () => document.getElementById('undo')?.click();
      return found;
    },
    mounted(handle, context, node) {
      const back = last;
      if (back && back.path === context.path && handle.go) setTimeout(() => { if (node.isConnected && document.activeElement === document.body) handle.go(back.row, back.column); }, 0);
    },
  };
})();
