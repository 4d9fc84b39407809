/* The filter of a list: the control for the value follows the chosen filter. */
(function () {
  'use strict';
  document.querySelectorAll('[data-filter-by]').forEach(choice => {
    const form = choice.form, place = form.querySelector('[data-filter-value]'), number = form.dataset.filters;
    const draw = () => {
      const chosen = choice.selectedOptions[0], options = JSON.parse(chosen.dataset.options || '[]');
      let control;
      if (options.length) {
        control = document.createElement('select');
        options.forEach(([value, title]) => control.append(new Option(title, value)));
      } else {
        control = document.createElement('input');
        control.type = { datepicker: 'date', datetimepicker: 'datetime-local' }[chosen.dataset.type] || 'text';
        control.required = true;
      }
      control.className = 'text';
      control.name = 'flt' + number + '_' + choice.value;
      control.setAttribute('aria-label', chosen.textContent);
      place.replaceChildren(control);
    };
    choice.addEventListener('change', draw);
    draw();
  });
})();
