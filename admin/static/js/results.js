/* Pictures of results: colour by another measure, zoom, save as PNG. The pictures themselves are drawn by the server. */
(function () {
  'use strict';
  const all = (selector, inside) => [...(inside || document).querySelectorAll(selector)];
  const SVG = 'http://www.w3.org/2000/svg';

  /* heat map: what the colour stands for */
  all('[data-way]').forEach(button => button.addEventListener('click', () => {
    const card = button.closest('.pic-card'), way = button.dataset.way;
    all('[data-way]', card).forEach(each => each.setAttribute('aria-pressed', String(each === button)));
    all('rect.cell[data-' + way + ']', card).forEach(cell => {
      const step = cell.getAttribute('data-' + way);
      cell.setAttribute('class', 'cell x' + step);
      let text = cell.nextElementSibling;
      while (text && text.tagName === 'text') { text.setAttribute('class', 't-m y' + step); text = text.nextElementSibling; }
    });
    const low = card.querySelector('[data-low]:not(button)'), high = card.querySelector('[data-high]:not(button)');
    const zh = document.documentElement.lang.startsWith('zh');
    if (low) low.textContent = zh ? '低于 ' + button.dataset.low : 'under ' + button.dataset.low;
    if (high) high.textContent = zh ? button.dataset.high + ' 及以上' : button.dataset.high + ' or more';
  }));

  /* save what is seen: every computed colour and font goes into a copy, which is painted at twice the size */
  const KEPT = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-linejoin', 'opacity', 'font-family', 'font-size', 'font-weight', 'text-anchor', 'paint-order'];
  function copied(svg) {
    const copy = svg.cloneNode(true), from = [svg, ...all('*', svg)], to = [copy, ...all('*', copy)];
    from.forEach((one, at) => {
      const style = getComputedStyle(one);
      KEPT.forEach(name => { const value = style.getPropertyValue(name); if (value) to[at].setAttribute(name, value); });
      to[at].removeAttribute('class');
    });
    return copy;
  }
  function lines(context, text, width) {
    const found = [''];
    for (const word of text.split(/(?<=[\s，。：；、])/)) {
      const longer = found[found.length - 1] + word;
      if (context.measureText(longer).width > width && found[found.length - 1]) found.push(word); else found[found.length - 1] = longer;
    }
    return found;
  }
  function save(card) {
    const svg = card.querySelector('svg.pic'), box = svg.viewBox.baseVal, scale = 2, pad = 24;
    const style = getComputedStyle(card), root = getComputedStyle(document.documentElement);
    const canvas = document.createElement('canvas'), context = canvas.getContext('2d');
    const font = style.fontFamily, ink = root.getPropertyValue('--ink').trim(), pale = root.getPropertyValue('--ink-2').trim();
    context.font = '600 18px ' + font;
    const title = lines(context, card.querySelector('h2').textContent, box.width);
    context.font = '13px ' + font;
    const sub = lines(context, (card.querySelector('.card-head p') || {}).textContent || '', box.width);
    const head = pad + title.length * 24 + sub.length * 19 + 10;
    canvas.width = (box.width + 2 * pad) * scale;
    canvas.height = (box.height + head + pad) * scale;
    context.scale(scale, scale);
    context.fillStyle = root.getPropertyValue('--surface').trim();
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.textBaseline = 'top';
    context.fillStyle = ink; context.font = '600 18px ' + font;
    title.forEach((line, at) => context.fillText(line, pad, pad + at * 24));
    context.fillStyle = pale; context.font = '13px ' + font;
    sub.forEach((line, at) => context.fillText(line, pad, pad + title.length * 24 + at * 19));
    const copy = copied(svg);
    copy.setAttribute('xmlns', SVG);
    copy.setAttribute('width', box.width * scale);
    copy.setAttribute('height', box.height * scale);
    const image = new Image();
    image.addEventListener('load', () => {
      context.drawImage(image, pad, head, box.width, box.height);
      const link = document.createElement('a');
      link.download = 'tierwise-' + card.dataset.name.replace(/[^\w.-]/g, '_') + '.png';
      link.href = canvas.toDataURL('image/png');
      link.click();
      card.dataset.saved = String(canvas.width) + 'x' + String(canvas.height);
    });
    image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(new XMLSerializer().serializeToString(copy));
  }
  document.addEventListener('click', event => {
    const button = event.target.closest('[data-png]');
    if (button) save(button.closest('.pic-card'));
  });
})();
