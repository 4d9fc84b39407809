/* Forms whose buttons reach outside: each asks first, says what would happen, and names the act. */
(function () {
  'use strict';
  document.querySelectorAll('form[data-decide]').forEach(form => {
    form.addEventListener('submit', async event => {
      const button = event.submitter;
      if (!button || !button.dataset.ask || form.dataset.sure) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const at = form.querySelector('[name="at"]');
      const when = at && !('now' in button.dataset) ? at.value.replace('T', ' ') : '';
      const text = [when, button.dataset.effect].filter(Boolean).join('\n');
      if (!await window.tierwise.ask(button.dataset.ask, text, button.dataset.yes)) return;
      form.dataset.sure = '1';
      form.requestSubmit(button);
    });
  });
})();
