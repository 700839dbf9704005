// The network as SVG, at the width that there is. A number appears with the step that sets it.
const SUBSCRIPT = '₀₁₂₃₄₅₆₇₈₉', subscript = text => text.replace(/\d/g, digit => SUBSCRIPT[digit]);

// A number as it is read: so many decimals, fewer of a large one, powers of ten where none is left.
function shown(value, decimals = 4) {
  const size = Math.abs(value);
  if (size && (size < 0.5 * 10 ** -decimals || size >= 1e5)) return minus(value.toExponential(1));
  return minus(String(Number(size < 10 ? value.toFixed(decimals) : value.toPrecision(decimals + 1))));
}
const MARK = {gradient: '∂ ', new: '→ '};
const minus = text => text.replaceAll('-', '−');

function draw(list, at, values, {W, V}, room) {
  const q = W.length, m = V.length, d = W[0].length - 1, wide = room >= 600;
  const width = Math.min(room, 720), row = 18, apart = 112, top = 48, box = wide ? [78, 108, 112] : [48, 82, 82];
  const middle = top + apart * q / 2, height = top + apart * q + 40, decimals = wide ? 4 : 3;
  const set = {}, now = list[at], last = list.length - 1;
  list.forEach((step, s) => step.sets.forEach(name => { set[name] = s; }));
  const there = name => name in set && set[name] <= at;
  const stays = name => /^[wv]/.test(name) || there(name);
  const lit = name => (now.sets.includes(name) ? 'set' : now.lit.includes(name) ? 'lit' : '');
  const number = (name, x, y, anchor, kind = '') => `<text class="${kind} ${lit(name)}" x="${x}" y="${y}" text-anchor="${anchor}" `
    + `data-of="${name}" data-value="${values[name]}">${MARK[kind] ?? ''}${shown(values[name], kind ? 3 : decimals)}</text>`;

  // Boxes: inputs, hidden units, outputs; a row for each quantity, its label and its number.
  const left = [2, (width - box[1]) / 2 - (box[2] - box[0]) / 2, width - box[2] - 2];
  const at_y = [
    range(0, d).map(i => middle + (i - d / 2) * apart * (wide ? 1.1 : 0.6)),
    range(0, q).map(j => top + j * apart),
    range(0, m - 1).map(k => middle + (k - (m - 1) / 2) * 2 * apart),
  ];
  const final = at === last ? 'next_' : '';
  const rows = [
    range(0, d).map(i => [[`x${i}`, `x${i}`]]),
    range(0, q).map(j => (j ? [[`u${j}`, `${final}u${j}`], [`z${j}`, `${final}z${j}`], ...(final ? [] : [[`δ1${j}`, `δ1${j}`]])] : [['z0', 'z0']])),
    range(1, m).map(k => [[`a${k}`, `${final}a${k}`], [`g${k}`, `${final}g${k}`], [`y${k}`, `y${k}`], ...(final ? [] : [[`δ2${k}`, `δ2${k}`]])]),
  ];
  const node = (layer, i) => {
    const lines = rows[layer][i], x = left[layer], w = box[layer], h = lines.length * row + 8, y = at_y[layer][i] - h / 2;
    const glow = lines.some(([, name]) => lit(name) === 'set') ? 'set' : lines.some(([, name]) => lit(name)) ? 'lit' : '';
    return `<rect class="${glow}" x="${x}" y="${y}" width="${w}" height="${h}" rx="8"/>` + lines.map(([label, name], r) => {
      const base = y + 4 + (r + 0.72) * row;
      const above = !wide && layer === 0 ? y - 4 : base;  // no room beside the number
      return `<text class="label" x="${x + 6}" y="${above}">${subscript(label)}</text>` + (stays(name) ? number(name, x + w - 6, base, 'end') : '');
    }).join('');
  };
  const error = () => {
    const x = left[2], y = middle - 15, name = `${final}E`, glow = lit(name), drop = rows[2][0].length * row / 2 + 4;
    const to = range(0, m - 1).map(k => Math.sign(middle - at_y[2][k])).map((sign, k) => [at_y[2][k] + sign * drop, middle - sign * 17]);
    return to.map(([from, end]) => `<path class="edge ${glow && 'lit forward'}" marker-end="url(#${glow ? 'forward' : 'plain'})" d="M${x + box[2] / 2} ${from}V${end}"/>`).join('')
      + `<rect class="${glow}" x="${x}" y="${y}" width="${box[2]}" height="30" rx="15"/><text class="label" x="${x + 8}" y="${middle + 5}">E</text>`
      + (there(name) ? number(name, x + box[2] - 8, middle + 5, 'end') : '');
  };

  // Arrows: their numbers at the height where those of neighbours are evenly apart.
  const spread = (heights, ends) => {
    const a = (heights[1] - heights[0]) * heights.length, b = ends[1] - ends[0];
    return a / (a + b);
  };
  const arrows = (letter, layer, matrix, first) => matrix.flatMap((weights, j) => weights.map((_, i) => {
    const name = `${letter}${j + 1}${i}`, from = [left[layer] + box[layer], at_y[layer][i]];
    const to = [left[layer + 1] - 2, at_y[layer + 1][j + first]], share = spread(at_y[layer], at_y[layer + 1]);
    const on = now.edges.includes(name), flow = now.phase, back = on && now.key === 'delta1';
    const [x, y] = [0, 1].map(c => from[c] + share * (to[c] - from[c]));
    const mark = back ? `marker-start="url(#${flow})"` : `marker-end="url(#${on ? flow : 'plain'})"`;
    const stepping = now.sets.includes(`next_${name}`), first_line = there(`next_${name}`) && !stepping ? `next_${name}` : name;
    const second = stepping ? [`next_${name}`, 'new'] : there(`d${name}`) && first_line === name ? [`d${name}`, 'gradient'] : null;
    const start = back ? [from[0] + 2, from[1]] : from;
    return [`<path class="edge ${on ? `lit ${flow}` : ''} ${back ? 'back' : ''}" ${mark} d="M${start}L${to}"/>`,
      number(first_line, x, y + (second ? 0 : 4), 'middle', on ? 'weight on' : 'weight') + (second ? number(second[0], x, y + 9.5, 'middle', second[1]) : '')];
  }));
  const all = [...arrows('w', 0, W, 1), ...arrows('v', 1, V, 0)];
  const head = kind => `<marker id="${kind}" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto-start-reverse"><path class="head ${kind}" d="M0 0L8 4L0 8z"/></marker>`;
  const nodes = at_y.flatMap((ys, layer) => ys.map((_, i) => node(layer, i))).join('');
  const titles = [0, 1, 2].map(layer => `<text class="layer" x="${left[layer] + box[layer] / 2 + (layer - 1) * (wide ? 0 : -12)}" y="14" text-anchor="middle">${say(`layer ${layer}`)}</text>`).join('');
  return `<svg role="img" class="${wide ? 'wide' : 'narrow'}" aria-label="${say('network')}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`
    + `<defs>${['plain', 'forward', 'backward', 'update'].map(head).join('')}</defs>${titles}`
    + all.map(([path]) => path).join('') + nodes + error() + all.map(([, labels]) => labels).join('') + '</svg>';
}
