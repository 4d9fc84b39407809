/* A draft as it is edited: the form, saving by itself, undo and redo, conflicts, and the bar below. */
(function () {
  'use strict';
  if (!tierwise.page) return;
  const data = tierwise.page, words = data.words, say = tierwise.say, el = tierwise.el;
  const one = (selector, inside) => (inside || document).querySelector(selector);
  const opened = new Set();
  let entry = data.entry ? tierwise.copy(data.entry) : null, base = tierwise.copy(entry), revision = data.revision, dirty = false, saving = null, timer = 0, form = null, general = null;
  const savedAt = { at: Date.now() - (data.now - data.saved) * 1000 };

  /* --- the form ------------------------------------------------------------------------------------------------ */
  function build() {
    if (!entry) return;
    tierwise.preview.rest();
    const wide = one('#wide'), full = one('#full'), disabled = !data.writable;
    wide.replaceChildren();
    full.replaceChildren();
    entry.params = entry.params && typeof entry.params === 'object' ? entry.params : {};
    const live = data.live ? data.live.params : undefined;
    if (data.form) form = new tierwise.Form(one('#form'), data.form, entry.params, live, { disabled, wide, full, opened, changed, left, server: 'params.' });
    general = new tierwise.Form(one('#general'), data.general, entry, data.live || undefined, { disabled, opened, changed, left });
    one('#editor').classList.toggle('no-wide', !wide.children.length);
  }
  /* what is saved: nothing that only says that it says nothing */
  function plain() {
    const made = tierwise.copy(entry);
    ['title', 'for', 'owner', 'review_by', 'damping'].forEach(name => { if (made[name] === null || made[name] === '' || made[name] === undefined) delete made[name]; });
    if (made.enabled === true && !('enabled' in (base || {}))) delete made.enabled;
    return made;
  }
  function changed(dragging) {
    dirty = true;
    state(words.unsaved);
    tierwise.preview.ask(plain(), dragging);
    clearTimeout(timer);
    timer = setTimeout(save, dragging ? 1500 : 900);
  }
  const touched = new Set();
  function left(path) { touched.add(path); tell(tierwise.preview.faults); }

  /* faults at their fields; those of fields that are still being typed in wait until they are left */
  function tell(faults) {
    if (!form) return;
    const mine = faults.filter(each => each.policy === data.policy), typing = document.activeElement && document.activeElement.closest('[data-path]');
    const here = typing ? typing.dataset.path : null;
    const params = mine.filter(each => each.inner.startsWith('params')).map(each => ({ ...each, inner: each.inner.replace(/^params\.?/, '') }));
    const told = params.filter(each => !here || !(each.inner === here || each.inner.startsWith(here + '.') || each.inner.startsWith(here + '[')));
    const rest = [...form.tell(told), ...general.tell(mine.filter(each => !each.inner.startsWith('params'))), ...faults.filter(each => each.policy !== data.policy)];
    const box = one('#faults');
    box.hidden = !faults.length;
    if (faults.length) {
      one('b', box).textContent = faults.length === 1 ? words.fault : say('faults', { n: faults.length });
      one('ul', box).replaceChildren(...(rest.length ? rest : faults).map(each => el('li', { text: (each.policy && each.policy !== data.policy ? each.policy + ': ' : '') + (each.inner && !rest.length ? label(each) : '') + each.text + ' (' + each.code + ')' })));
    }
  }
  const label = each => { const box = each.inner.startsWith('params') ? form.whole.find(each.inner.replace(/^params\.?/, '')) : general.whole.find(each.inner); return box.field.title ? box.field.title + words.colon : ''; };

  tierwise.preview.on(answer => {
    const faults = answer.ok ? [] : answer.faults, bar = one('#bar-faults');
    if (entry) tell(faults);
    if (bar) {
      bar.hidden = false;
      bar.className = 'badge ' + (faults.length ? 'bad' : 'ok');
      bar.textContent = faults.length ? (faults.length === 1 ? words.fault : say('faults', { n: faults.length })) : words.noFaults;
    }
    if (!answer.ok) return;
    const some = (id, n, single, many) => { const box = one(id); if (box) { box.hidden = !n; box.textContent = n === 1 ? words[single] : say(many, { n }); } };
    some('#bar-warnings', answer.warnings, 'warning', 'warnings');
    some('#bar-broken', answer.broken.length, 'brokenOne', 'broken');
    const effect = one('#submit-effect');
    if (effect) effect.textContent = answer.title + words.stop + ' ' + answer.sub;
  });

  /* --- saving -------------------------------------------------------------------------------------------------- */
  function state(text) { const box = one('#bar-saved'); if (box) box.textContent = text; }
  setInterval(() => {
    if (dirty || saving || !one('#bar-saved') || !savedAt.at) return;
    const seconds = Math.max(1, Math.round((Date.now() - savedAt.at) / 1000));
    state(say('savedAgo', { when: seconds < 60 ? say('second', { n: seconds }) : say('minute', { n: Math.round(seconds / 60) }) }));
  }, 1000);

  async function save(force) {
    clearTimeout(timer);
    if (!data.writable || !entry || (!dirty && !force)) return;
    if (saving) { await saving; return save(force); }
    const sent = plain();
    dirty = false;
    state(words.saving);
    saving = tierwise.post(data.urls.save, { revision, policy: data.policy, entry: sent }).then(answer => {
      base = tierwise.copy(sent);
      take(answer);
    }).catch(error => {
      dirty = true;
      if (error.status === 409 && error.body.conflict) return conflict(error.body, sent);
      if (error.status === undefined) { state(words.offline); timer = setTimeout(save, 4000); } else state(say('failed', { why: error.message }));
    }).finally(() => { saving = null; });
    return saving;
  }
  function take(answer) {
    revision = answer.revision;
    savedAt.at = Date.now();
    const hidden = one('#submit-revision');
    if (hidden) hidden.value = revision;
    state(words.saved);
    const undo = one('#undo'), redo = one('#redo');
    if (undo) undo.disabled = answer.back === null;
    if (redo) redo.disabled = answer.forth === null;
    const badge = one('#bar-changes');
    if (badge) badge.textContent = answer.changes.length === 1 ? words.changesOne : say('changes', { n: answer.changes.length });
    const submit = one('#do-submit');
    if (submit) submit.disabled = !answer.changes.length;
    const list = one('#changes');
    if (list && list.tagName === 'UL') list.replaceChildren(...answer.changes.map(each => el('li', {}, el('span', { text: each.text }))));
  }

  /* somebody else saved: what does not touch this policy is taken along; what does is shown side by side */
  async function conflict(body, mine) {
    if (tierwise.same(body.theirs, base)) {
      revision = body.revision;
      tierwise.toast(say('merged', { who: body.by }));
      return setTimeout(() => save(true), 0);
    }
    const box = one('#conflict');
    one('#conflict-title').textContent = say('conflictTitle', { who: body.by });
    one('#conflict-theirs').textContent = JSON.stringify(body.theirs, null, 2);
    one('#conflict-yours').textContent = JSON.stringify(mine, null, 2);
    one('#conflict-differences').replaceChildren(...body.differences.map(text => el('li', { text })));
    box.returnValue = '';
    box.showModal();
    box.addEventListener('close', () => {
      revision = body.revision;
      if (box.returnValue === 'mine') { base = tierwise.copy(body.theirs); dirty = true; save(true); return; }
      if (box.returnValue === 'theirs') { restore(body.theirs); return; }
      state(say('elsewhere', { who: body.by }));
    }, { once: true });
  }
  function restore(next) {
    if (next) entry = tierwise.copy(next);
    base = tierwise.copy(entry);
    dirty = false;
    const at = document.activeElement && document.activeElement.id;
    build();
    if (at && document.getElementById(at)) document.getElementById(at).focus();
    tierwise.preview.now(entry ? plain() : null);
    tierwise.drafted && tierwise.drafted();
  }

  async function step(way) {
    if (!data.writable) return;
    if (dirty) await save();
    if (saving) await saving;
    try {
      const answer = await tierwise.post(data.urls.step, { way, revision, policy: data.policy });
      take(answer);
      if (!data.policy || !answer.entry) { location.assign(data.policy ? location.pathname.replace(/[^/]+$/, '') : location.pathname); return; }
      restore(answer.entry);
    } catch (error) {
      if (error.status === 409 && error.body.conflict) { revision = error.body.revision; restore(error.body.theirs); tierwise.toast(say('elsewhere', { who: error.body.by })); } else tierwise.toast(error.message);
    }
  }
  const undo = one('#undo'), redo = one('#redo');
  if (undo) undo.addEventListener('click', () => step('back'));
  if (redo) redo.addEventListener('click', () => step('forth'));
  document.addEventListener('keydown', event => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== 'z' || event.target.closest('dialog, textarea, [data-own-undo]')) return;
    if (!undo) return;
    event.preventDefault();
    step(event.shiftKey ? 'forth' : 'back');
  });
  window.addEventListener('beforeunload', event => { if (dirty) { save(); event.preventDefault(); } });
  /* leaving by a link: saved first */
  document.addEventListener('click', event => {
    const link = event.target.closest('a[href]');
    if (!link || !dirty || event.defaultPrevented || event.ctrlKey || event.metaKey || link.getAttribute('href').startsWith('#')) return;
    event.preventDefault();
    const go = () => location.assign(link.href.baseVal || link.href);
    save().then(() => { if (!dirty) go(); });
  });

  /* --- the bar ------------------------------------------------------------------------------------------------- */
  const check = one('#do-check'), submit = one('#do-submit');
  if (check) check.addEventListener('click', async () => {
    await save();
    state(words.checking);
    try {
      const found = await tierwise.post(data.urls.check, {});
      const lines = [...found.faults.map(each => [(each.policy ? each.policy + ': ' : '') + each.text + ' (' + each.code + ')', 'bad']), ...found.obstacles.map(each => [each.text, each.blocking ? 'bad' : 'warn']), ...found.findings.map(each => [each.policy + words.colon + each.text, each.severity === 'note' ? 'info' : 'warn'])];
      one('#checked-title').textContent = found.sound ? words.ok : words.checkFaults;
      one('#checked-list').replaceChildren(...lines.map(([text, kind]) => el('li', { class: kind, text })));
      one('#checked').showModal();
    } catch (error) { tierwise.toast(error.message); }
    state(words.saved);
  });
  if (submit) submit.addEventListener('click', async () => { await save(); if (!dirty) one('#submit').showModal(); });
  document.querySelectorAll('[data-close]').forEach(button => button.addEventListener('click', () => button.closest('dialog').close()));
  const title = one('#draft-title');
  if (title) title.addEventListener('change', async () => {
    try { const answer = await tierwise.post(data.urls.save, { revision, title: title.value }); take(answer); one('h1').textContent = answer.title; } catch (error) { tierwise.toast(error.message); }
  });

  build();
  if (data.urls.preview) tierwise.preview.now(entry ? plain() : null);
})();
