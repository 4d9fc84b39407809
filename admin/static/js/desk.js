/* The service desk: the time left ticks by the server's clock; a prepared answer is put into the message. */
(function () {
  'use strict';
  const place = document.querySelector('[data-now]');
  if (place) {
    const ahead = Number(place.dataset.now) * 1000 - Date.now(), dues = [...place.querySelectorAll('[data-due]')];
    const two = n => String(n).padStart(2, '0');
    const told = seconds => {
      const days = Math.floor(seconds / 86400), rest = seconds % 86400;
      return (days ? days + ' ' + place.dataset.day + ' ' : '') + Math.floor(rest / 3600) + ':' + two(Math.floor(rest / 60) % 60) + ':' + two(rest % 60);
    };
    const tick = () => dues.forEach(each => {
      const left = Math.round(Number(each.dataset.due) - (Date.now() + ahead) / 1000), box = each.querySelector('.ticks') || each.insertBefore(Object.assign(document.createElement('span'), { className: 'ticks' }), each.firstChild);
      box.textContent = left < 0 ? place.dataset.over + ' ' + told(-left) : told(left);
      if (left < 0) { const row = each.closest('.left-time'); if (row) { row.classList.remove('ok', 'warn'); row.classList.add('bad'); } }
    });
    dues.forEach(each => { const time = each.querySelector('time'); if (time) each.title = time.textContent; });
    place.classList.add('ticking');
    tick();
    setInterval(tick, 1000);
  }
  const answers = document.querySelector('[data-answers]');
  if (answers) answers.addEventListener('change', () => {
    const text = answers.selectedOptions[0].dataset.text;
    if (text) document.getElementById('say-text').value = text;
  });
})();
