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

  /* zoom: the same numbers in a chart that can be zoomed, loaded when asked for, coloured by the tokens */
  const token = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let library = null;
  function loaded(url) {
    if (!library) {
      /* the library writes style attributes, which the content policy blocks; the same through the style object is allowed */
      const set = Element.prototype.setAttribute;
      Element.prototype.setAttribute = function (name, value) {
        if (String(name).toLowerCase() === 'style') this.style.cssText = value; else set.call(this, name, value);
      };
      /* and it makes style sheets of its own: they get the nonce of this page */
      const make = document.createElement, nonce = document.getElementById('plotly.js-style-global').nonce;
      document.createElement = function (name, options) {
        const made = make.call(document, name, options);
        if (String(name).toLowerCase() === 'style') made.nonce = nonce;
        return made;
      };
      library = new Promise((done, failed) => {
        const script = document.createElement('script');
        script.src = url;
        script.addEventListener('load', () => done(window.Plotly));
        script.addEventListener('error', () => { library = null; failed(new Error(url)); });
        document.head.append(script);
      });
    }
    return library;
  }
  function layout(data) {
    const axis = { gridcolor: token('--line'), linecolor: token('--line-strong'), zerolinecolor: token('--line-strong'), tickfont: { color: token('--ink-2') }, title: { font: { color: token('--ink-2'), size: 12 } } };
    const merged = { paper_bgcolor: token('--surface'), plot_bgcolor: token('--surface'), font: { family: token('--font'), size: 12, color: token('--ink') }, margin: { l: 64, r: 16, t: 12, b: 52 }, hovermode: 'closest', hoverlabel: { bgcolor: token('--raised'), bordercolor: token('--line-strong'), font: { color: token('--ink') } }, legend: { orientation: 'h', y: -0.18 }, xaxis: { ...axis }, yaxis: { ...axis, rangemode: 'tozero', tickformat: data.kind === 'trend' ? ',d' : '' } };
    merged.yaxis.title = { ...axis.title, text: data.yTitle };
    if (data.xTitle) merged.xaxis.title = { ...axis.title, text: data.xTitle };
    return merged;
  }
  const plain = text => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  function traces(data) {
    if (data.kind === 'curve') {
      const at = data.cuts;
      return [
        { x: data.x, y: data.y, text: data.said.map(plain), mode: 'lines', line: { color: token('--ink'), width: 2 }, fill: 'tozeroy', fillcolor: token('--h1'), hovertemplate: '%{x:.2f}% → %{y:.2f}%<br>%{text}<extra></extra>', showlegend: false },
        { x: at.map(i => data.x[i]), y: at.map(i => data.y[i]), text: at.map(i => plain(data.said[i])), mode: 'markers', marker: { size: 10, color: token('--surface'), line: { width: 2, color: token('--ink') } }, hovertemplate: '%{x:.2f}% → %{y:.2f}%<br>%{text}<extra></extra>', showlegend: false },
      ];
    }
    return data.lines.map(line => ({ x: data.dates, y: line.y, name: plain(line.name), mode: 'lines+markers', line: { color: token('--t' + line.step), width: 2.4, dash: ['solid', 'dash', 'dot'][line.dash] }, marker: { size: 6 }, hovertemplate: '%{x|%Y-%m-%d}: %{y:,}<extra>' + plain(line.name) + '</extra>' }));
  }
  async function zoom(button) {
    const card = button.closest('.pic-card'), box = card.querySelector('.pic-box'), svg = box.querySelector('svg.pic'), word = button.querySelector('span');
    const data = JSON.parse(button.dataset.zoom);
    let chart = box.querySelector('.zoom-box');
    if (chart) {
      window.Plotly.purge(chart);
      chart.remove();
      svg.removeAttribute('hidden');
      svg.classList.remove('away');
      word.textContent = button.dataset.name;
      button.setAttribute('aria-pressed', 'false');
      return;
    }
    button.dataset.name = word.textContent;
    button.disabled = true;
    try {
      const Plotly = await loaded(button.dataset.script);
      chart = document.createElement('div');
      chart.className = 'zoom-box';
      box.append(chart);
      svg.classList.add('away');
      await Plotly.newPlot(chart, traces(data), layout(data), { responsive: true, displaylogo: false, displayModeBar: 'hover', modeBarButtons: [['zoom2d', 'pan2d', 'zoomIn2d', 'zoomOut2d', 'resetScale2d']] });
      chart.on('plotly_click', event => {
        const point = event.points[0], line = (data.lines || [])[point.curveNumber], url = line && line.links[point.pointNumber];
        if (url) window.location.assign(url);
      });
      word.textContent = button.dataset.back;
      button.setAttribute('aria-pressed', 'true');
      card.dataset.zoomed = '1';
    } catch (error) { window.tierwise.toast(error.message); }
    button.disabled = false;
  }
  document.addEventListener('click', event => {
    const button = event.target.closest('[data-zoom]');
    if (button) zoom(button);
  });
  document.addEventListener('themechange', () => all('[data-zoom][aria-pressed="true"]').forEach(button => {
    const chart = button.closest('.pic-card').querySelector('.zoom-box');
    window.Plotly.react(chart, traces(JSON.parse(button.dataset.zoom)), layout(JSON.parse(button.dataset.zoom)));
  }));
})();
