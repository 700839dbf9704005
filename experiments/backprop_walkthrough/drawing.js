// The network as SVG, at the width that there is. A number appears with the step that sets it.
const ROW = 18, APART = 112, TOP = 48;
const MARK = {gradient: '∂ ', new: '→ '};
const subscript = text => text.replace(/\d/g, digit => '₀₁₂₃₄₅₆₇₈₉'[digit]);
const minus = text => text.replaceAll('-', '−');

// A number as it is read: so many decimals, fewer of a large one, powers of ten where none is left.
function shown(value, decimals = 4) {
  const size = Math.abs(value), small = size && size < 0.5 * 10 ** -decimals;
  if (small || size >= 1e5) return minus(value.toExponential(small && decimals < 4 ? 0 : 1).replace('+', ''));
  return minus(String(Number(size < 10 ? value.toFixed(decimals) : value.toPrecision(decimals + 1))));
}

// Where the columns are (inputs, hidden units, outputs), how wide, and the middles of their boxes.
function layout({W, V}, room) {
  const q = W.length, m = V.length, d = W[0].length - 1, wide = room >= 600;
  const width = Math.min(room, 720), box = wide ? [78, 108, 112] : [48, 82, 82];
  const left = [2, (width - box[1] - box[2] + box[0]) / 2, width - box[2] - 2];
  const middle = TOP + APART * q / 2, inputs = APART * (wide ? 1.1 : 0.6);
  const ys = [
    range(0, d).map(i => middle + (i - d / 2) * inputs),
    range(0, q).map(j => TOP + j * APART),
    range(0, m - 1).map(k => middle + (k - (m - 1) / 2) * 2 * APART),
  ];
  return {wide, width, height: TOP + APART * q + 40, box, left, middle, ys};
}

// What is known at a step, what stands out, and how a number is written.
function pen(list, at, values, wide) {
  const since = {}, now = list[at];
  list.forEach((step, s) => step.sets.forEach(name => { since[name] = s; }));
  const there = name => since[name] <= at;
  const lit = name => (now.sets.includes(name) ? 'set' : now.lit.includes(name) ? 'lit' : '');
  const number = (name, x, y, anchor, kind = '') =>
    `<text class="${kind} ${lit(name)}" x="${x}" y="${y}" text-anchor="${anchor}" data-of="${name}" `
    + `data-value="${values[name]}">${MARK[kind] ?? ''}${shown(values[name], kind || !wide ? 3 : 4)}</text>`;
  return {now, there, lit, number, last: at === list.length - 1};
}

// The rows of each box: what its label says, and the name of the number beside it.
function rows({W, V}, last) {
  const after = last ? 'next_' : '', same = name => [name, name], new_ = name => [name, after + name];
  const delta = name => (last ? [] : [same(name)]);
  return [
    W[0].map((_, i) => [same(`x${i}`)]),
    [[same('z0')], ...W.map((_, j) => j + 1).map(j => [new_(`u${j}`), new_(`z${j}`), ...delta(`δ1${j}`)])],
    V.map((_, k) => k + 1).map(k => [new_(`a${k}`), new_(`g${k}`), same(`y${k}`), ...delta(`δ2${k}`)]),
  ];
}

function node(lines, layer, middle, {wide, left, box}, {there, lit, number}) {
  const x = left[layer], width = box[layer], height = lines.length * ROW + 8, y = middle - height / 2;
  const glow = ['set', 'lit'].find(kind => lines.some(([, name]) => lit(name) === kind)) ?? '';
  const texts = lines.map(([label, name], r) => {
    const base = y + 4 + (r + 0.72) * ROW;
    const at_label = !wide && layer === 0 ? y - 4 : base;  // no room beside the number
    return `<text class="label" x="${x + 6}" y="${at_label}">${subscript(label)}</text>`
      + (there(name) ? number(name, x + width - 6, base, 'end') : '');
  });
  return `<rect class="${glow}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>${texts.join('')}`;
}

function error(boxes, {left, box, middle, ys}, {last, there, lit, number}) {
  const x = left[2], name = last ? 'next_E' : 'E', glow = lit(name), kind = glow ? 'forward' : 'plain';
  const arrow = (lines, k) => {
    const down = Math.sign(middle - ys[2][k]), from = ys[2][k] + down * (lines.length * ROW / 2 + 4);
    return edge(kind, glow, `M${x + box[2] / 2} ${from}V${middle - down * 17}`, 'end');
  };
  return boxes.map(arrow).join('')
    + `<rect class="${glow}" x="${x}" y="${middle - 15}" width="${box[2]}" height="30" rx="15"/>`
    + `<text class="label" x="${x + 8}" y="${middle + 5}">E</text>`
    + (there(name) ? number(name, x + box[2] - 8, middle + 5, 'end') : '');
}

const edge = (kind, lit, path, head) =>
  `<path class="edge ${lit ? `lit ${kind}` : ''} ${head === 'start' ? 'back' : ''}" `
  + `marker-${head}="url(#${kind})" d="${path}"/>`;

// The arrows between two layers, and their numbers where those of neighbours are evenly apart.
function arrows(letter, layer, matrix, {left, box, ys}, {now, there, number}) {
  const first = layer ? 0 : 1;  // no arrow goes to z0
  const from_gap = (ys[layer][1] - ys[layer][0]) * ys[layer].length;
  const share = from_gap / (from_gap + ys[layer + 1][1] - ys[layer + 1][0]);
  return matrix.flatMap((weights, j) => weights.map((_, i) => {
    const name = `${letter}${j + 1}${i}`, on = now.edges.includes(name), back = on && now.key === 'delta1';
    const from = [left[layer] + box[layer] + (back ? 2 : 0), ys[layer][i]];
    const to = [left[layer + 1] - 2, ys[layer + 1][j + first]];
    const [x, y] = from.map((start, c) => start + share * (to[c] - start));
    const next = `next_${name}`, stepping = now.sets.includes(next), done = there(next) && !stepping;
    const second = stepping ? [next, 'new'] : there(`d${name}`) && !done ? [`d${name}`, 'gradient'] : null;
    const label = number(done ? next : name, x, y + (second ? 0 : 4), 'middle', on ? 'weight on' : 'weight');
    return [edge(on ? now.phase : 'plain', on, `M${from}L${to}`, back ? 'start' : 'end'),
      label + (second ? number(second[0], x, y + 9.5, 'middle', second[1]) : '')];
  }));
}

const HEADS = ['plain', 'forward', 'backward', 'update'].map(kind =>
  `<marker id="${kind}" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" `
  + `markerHeight="9" orient="auto-start-reverse"><path class="head ${kind}" d="M0 0L8 4L0 8z"/></marker>`).join('');

function draw(list, at, values, {W, V}, room) {
  const frame = layout({W, V}, room), ink = pen(list, at, values, frame.wide), {width, height} = frame;
  const boxes = rows({W, V}, ink.last);
  const drawn = [...arrows('w', 0, W, frame, ink), ...arrows('v', 1, V, frame, ink)];
  const nodes = boxes.flatMap((column, layer) =>
    column.map((lines, i) => node(lines, layer, frame.ys[layer][i], frame, ink)));
  const titles = boxes.map((_, layer) => `<text class="layer" y="14" text-anchor="middle" `
    + `x="${Math.min(width - 34, Math.max(34, frame.left[layer] + frame.box[layer] / 2))}">${say(`layer ${layer}`)}</text>`);
  return `<svg role="img" class="${frame.wide ? 'wide' : 'narrow'}" aria-label="${say('network')}" `
    + `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><defs>${HEADS}</defs>${titles.join('')}`
    + drawn.map(([path]) => path).join('') + nodes.join('') + error(boxes[2], frame, ink)
    + drawn.map(([, labels]) => labels).join('') + '</svg>';
}
