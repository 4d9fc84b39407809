/* The frame of every page: drawer, theme, questions before an act, search, help, keys. No library, no inline handler. */
(function () {
  'use strict';
  const root = document.documentElement;
  const one = (selector, inside) => (inside || document).querySelector(selector);
  const all = (selector, inside) => [...(inside || document).querySelectorAll(selector)];
  const token = () => one('meta[name="csrf-token"]').content;

  /* what other scripts use: tierwise.post(url, fields), tierwise.ask(title, text, yes, typed), tierwise.toast(text) */
  const tierwise = window.tierwise = {
    token,
    async post(url, fields) {
      const json = fields && !(fields instanceof FormData);
      const headers = { 'X-CSRFToken': token(), Accept: 'application/json' };
      if (json) headers['Content-Type'] = 'application/json';
      const answer = await fetch(url, { method: 'POST', headers, body: json ? JSON.stringify(fields) : fields, credentials: 'same-origin' });
      const body = await answer.json().catch(() => ({}));
      if (!answer.ok) throw Object.assign(new Error(body.detail || answer.statusText), { status: answer.status, body });
      return body;
    },
    async get(url) {
      const answer = await fetch(url, { headers: { Accept: 'application/json' }, credentials: 'same-origin' });
      const body = await answer.json().catch(() => ({}));
      if (!answer.ok) throw Object.assign(new Error(body.detail || answer.statusText), { status: answer.status, body });
      return body;
    },
    toast(text, act) {
      const box = document.createElement('div');
      box.className = 'toast';
      box.append(text);
      if (act) {
        const button = document.createElement('button');
        button.className = 'btn s';
        button.textContent = act.text;
        button.addEventListener('click', () => { box.remove(); act.run(); });
        box.append(button);
      }
      one('#toasts').append(box);
      setTimeout(() => box.remove(), act ? 10000 : 5000);
    },
    ask(title, text, yes, typed) {
      const box = one('#confirm'), field = one('#confirm-typed'), input = one('input', field), go = one('#confirm-yes');
      one('#confirm-title').textContent = title;
      one('#confirm-text').textContent = text || '';
      go.textContent = yes;
      field.hidden = !typed;
      one('span', field).textContent = typed || '';
      input.value = '';
      const check = () => { go.disabled = Boolean(typed) && input.value !== typed; };
      input.oninput = check;
      check();
      box.returnValue = 'no';
      box.showModal();
      return new Promise(done => box.addEventListener('close', () => done(box.returnValue === 'yes'), { once: true }));
    },
  };

  /* drawer of the sidebar on a narrow screen */
  all('[data-menu]').forEach(button => button.addEventListener('click', () => {
    button.setAttribute('aria-expanded', String(button.closest('.side').classList.toggle('open')));
  }));

  /* light and dark */
  all('[data-theme-toggle]').forEach(button => button.addEventListener('click', () => {
    const theme = root.dataset.theme === 'dark' ? 'light' : 'dark';
    root.dataset.theme = theme;
    document.dispatchEvent(new CustomEvent('themechange', { detail: theme }));
    tierwise.post(button.dataset.url, { theme }).catch(() => {});
  }));

  /* a form is sent once; one that reaches outside asks first */
  document.addEventListener('submit', async event => {
    const form = event.target;
    if (form.method === 'dialog') return;
    if (form.dataset.confirmTitle && !form.dataset.confirmed) {
      event.preventDefault();
      const submitter = event.submitter;
      if (!await tierwise.ask(form.dataset.confirmTitle, form.dataset.confirmText, form.dataset.confirmYes, form.dataset.confirmTyped)) return;
      form.dataset.confirmed = '1';
      form.requestSubmit(submitter || undefined);
      return;
    }
    if (form.method !== 'post') return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = '1';
    setTimeout(() => { delete form.dataset.sent; delete form.dataset.confirmed; }, 4000);
  });

  /* menus close when something else is pressed */
  document.addEventListener('click', event => all('details.menu[open]').forEach(menu => { if (!menu.contains(event.target)) menu.open = false; }));
  document.addEventListener('click', event => {
    const link = event.target.closest('a[href^="javascript:"]');
    if (link) event.preventDefault();
  }, true);

  /* a click on the backdrop closes a dialog */
  all('dialog').forEach(box => box.addEventListener('click', event => { if (event.target === box) box.close('no'); }));

  /* copy a text that stands in data-copy */
  document.addEventListener('click', async event => {
    const button = event.target.closest('[data-copy]');
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    tierwise.toast(button.dataset.copied || '✓');
  });

  /* selects and checkboxes that take effect at once */
  document.addEventListener('change', event => {
    if (event.target.matches('[data-submit]')) event.target.form.requestSubmit();
  });

  document.addEventListener('click', event => { if (event.target.closest('[data-print]')) window.print(); });

  /* help of the page */
  const help = one('#help');
  all('[data-help]').forEach(button => button.addEventListener('click', () => help.showModal()));

  /* find anything */
  const palette = one('#palette');
  if (palette) {
    const input = one('input', palette), list = one('ul', palette), none = one('.palette-none', palette);
    let asked = 0, timer = 0;
    const options = () => all('[role="option"]', list);
    const choose = option => options().forEach(each => {
      const is = each === option;
      each.setAttribute('aria-selected', String(is));
      if (is) { input.setAttribute('aria-activedescendant', each.id); each.scrollIntoView({ block: 'nearest' }); }
    });
    const draw = (groups, query) => {
      list.replaceChildren();
      let number = 0;
      for (const group of groups) {
        const title = document.createElement('li');
        title.className = 'palette-group';
        title.setAttribute('role', 'presentation');
        title.textContent = group.title;
        list.append(title);
        for (const found of group.found) {
          const item = document.createElement('li'), link = document.createElement('a'), text = document.createElement('span'), more = document.createElement('small');
          item.setAttribute('role', 'option');
          item.id = 'found-' + number++;
          link.href = found.url;
          link.tabIndex = -1;
          text.textContent = found.text;
          more.textContent = found.more || '';
          link.append(text, more);
          item.append(link);
          list.append(item);
        }
      }
      none.hidden = number > 0 || !query;
      choose(options()[0]);
    };
    const find = async () => {
      const mine = ++asked, query = input.value.trim();
      try {
        const answer = await tierwise.get(palette.dataset.url + '?q=' + encodeURIComponent(query));
        if (mine === asked) draw(answer.groups, query);
      } catch (error) { if (mine === asked) draw([], query); }
    };
    const open = () => { if (!palette.open) { input.value = ''; palette.showModal(); input.focus(); find(); } };
    all('[data-search]').forEach(button => button.addEventListener('click', open));
    input.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(find, 150); });
    input.addEventListener('keydown', event => {
      const shown = options(), at = shown.findIndex(each => each.getAttribute('aria-selected') === 'true');
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault();
        if (shown.length) choose(shown[(at + (event.key === 'ArrowDown' ? 1 : shown.length - 1)) % shown.length]);
      } else if (event.key === 'Enter' && at >= 0) {
        event.preventDefault();
        one('a', shown[at]).click();
      }
    });
    document.addEventListener('keydown', event => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') { event.preventDefault(); open(); }
    });
  }

  /* / goes to the filter of the list, ? opens the help */
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea, select, [contenteditable], dialog')) return;
    const filter = one('[data-filter]');
    if (event.key === '/' && filter) { event.preventDefault(); filter.focus(); }
    if (event.key === '?' && help) { event.preventDefault(); help.showModal(); }
  });
})();
