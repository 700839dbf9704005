// The steps of the walk: what each shows, as text. In an equation, w_12 is an index and ∂E/∂V a
// fraction. In a line of arithmetic, [w_12] is such an equation and {w12} the number of that name.
const range = (from, to) => Array.from({length: to - from + 1}, (_, i) => i + from);

function symbol(token) {
  const [over, under] = token.split('/');
  if (under) return `<mfrac><mrow>${math(over)}</mrow><mrow>${math(under)}</mrow></mfrac>`;
  const [, letters, index] = token.match(/^(∂?[A-Za-zδη])(?:_(\w+))?$/) || [];
  if (!letters) return token === 'f′' ? SLOPE : /^\d+$/.test(token) ? `<mn>${token}</mn>` : `<mo>${token}</mo>`;
  const d = letters.length > 1 ? '<mo lspace="0" rspace="0">∂</mo>' : '', base = `<mi>${letters.at(-1)}</mi>`;
  return d + (index ? `<msub>${base}<mrow>${[...index].map(i => (/\d/.test(i) ? `<mn>${i}</mn>` : `<mi>${i}</mi>`)).join('')}</mrow></msub>` : base);
}
const SLOPE = '<mi>f</mi><mo lspace="0" rspace="0">′</mo>';
const math = text => text.split(' ').map(symbol).join('');

// Arithmetic of f and f′ for unit j.
const VALUE = {
  relu: j => `max(0, {u${j}})`,
  sigmoid: j => `1 / (1 + e<sup>−{u${j}}</sup>)`,
  tanh: j => `tanh({u${j}})`,
};
const SLOPES = {
  relu: () => '',
  sigmoid: j => ` = {z${j}} × (1 − {z${j}})`,
  tanh: j => ` = 1 − {z${j}}²`,
};

// {key, i: its words; phase; chip; equations: [MathML, source]; lines; sets: names that appear in the
// network; lit: what it is made from; edges: the arrows it goes along}.
function steps({f, x, W, V}, values) {
  const ones = range(0, x.length), hidden = range(0, W.length), units = range(1, W.length);
  const outputs = range(1, V.length), names = (name, list) => list.map(i => name + i);
  const sum = (terms, by = ' + ') => terms.join(by);
  const listed = (name, list) => `(${names(name, list).map(n => `{${n}}`).join(', ')})`;
  const known = key => EQUATIONS[key], own = (text, cite) => [math(text), cite];
  const weights = (v, rows, columns) => rows.flatMap(j => columns.map(i => `${v}${j}${i}`));
  const powers = outputs.every(k => values[`p${k}`] > 0 && values[`p${k}`] < Infinity);
  const logs = outputs.every(k => values[`g${k}`] > 0);

  const weighted = (key, a, w, z, j, from) => ({
    key, i: j, phase: 'forward', chip: `${a}_${j}`, sets: [a + j], lit: names(z, from), edges: names(w + j, from),
    equations: [known(a), own(`${a}_${j} = ${sum(from.map(i => (i ? `${w}_${j}${i} ${z}_${i}` : `${w}_${j}0`)))}`)],
    lines: [`[${a}_${j}] = ${sum(from.map(i => `{${w}${j}${i}} × {${z}${i}}`))} = {${a}${j}}`],
  });
  const gradient = (key, v, layer, z, j, from) => ({
    key, i: j, phase: 'backward', chip: `∂E/∂${v}_${j}`, sets: names(`d${v}${j}`, from),
    lit: [`δ${layer}${j}`, ...names(z, from)], edges: names(v + j, from),
    equations: [known(key), own(`∂E/∂${v}_${j}i = δ_${layer}${j} ${z}_i`)],
    lines: from.map(i => `[∂E/∂${v}_${j}${i}] = {δ${layer}${j}} × {${z}${i}} = {d${v}${j}${i}}`),
  });
  const update = (key, v, rows, columns) => ({
    key, phase: 'update', chip: key, sets: weights(`next_${v}`, rows, columns), lit: [],
    edges: weights(v, rows, columns), equations: [own(`${key} ← ${key} − η ∂E/∂${key}`, 'L12')],
    lines: weights(v, rows, columns).map(w => `[${v}_${w.slice(1)}] ← {${w}} − {eta} × {d${w}} = {next_${w}}`),
  });

  return [
    {key: 'start', phase: 'start', chip: 'x', sets: [...names('x', ones), ...names('y', outputs), 'z0'],
      lit: [], edges: [], equations: [own(`x = ( 1 , ${names('x_', ones.slice(1)).join(' , ')} )`, 'L3')],
      lines: [`[x] = ${listed('x', ones)}`, `[y] = ${listed('y', outputs)}`, '[η] = {eta}']},
    ...units.map(j => weighted('u', 'u', 'w', 'x', j, ones)),
    {key: 'z', phase: 'forward', chip: 'z', sets: names('z', units), lit: names('u', units), edges: [],
      equations: [known('z'), known(`f ${f}`)],
      lines: ['[z_0] = {z0}', ...units.map(j => `[z_${j}] = ${VALUE[f](j)} = {z${j}}`)]},
    ...outputs.map(k => weighted('a', 'a', 'v', 'z', k, hidden)),
    {key: 'g', phase: 'forward', chip: 'g', sets: names('g', outputs), lit: names('a', outputs), edges: [],
      equations: [known('softmax')],
      lines: outputs.map(k => `[g_${k}] = e<sup>{a${k}}</sup> / (${sum(outputs.map(i => `e<sup>{a${i}}</sup>`))})`
        + (powers ? ` = {p${k}} / (${sum(outputs.map(i => `{p${i}}`))})` : '') + ` = {g${k}}`)},
    {key: 'E', phase: 'forward', chip: 'E', sets: ['E'], lit: [...names('g', outputs), ...names('y', outputs)], edges: [],
      equations: [known('cross entropy')],
      lines: [`[E] = ${logs ? `−(${sum(outputs.map(k => `{y${k}} × log {g${k}}`))}) = ` : ''}`
        + `−(${sum(outputs.map(k => `{y${k}} × {l${k}}`))}) = {E}`]},
    {key: 'delta2', phase: 'backward', chip: 'δ_2', sets: names('δ2', outputs), lit: [...names('g', outputs), ...names('y', outputs)],
      edges: [], equations: [own('δ_2 = ∂E/∂a = g ( V z ) − y', 'L22')],
      lines: outputs.map(k => `[δ_2${k}] = {g${k}} − {y${k}} = {δ2${k}}`)},
    ...units.map(j => ({key: 'delta1', i: j, phase: 'backward', chip: `δ_1${j}`, sets: [`δ1${j}`],
      lit: [`u${j}`, ...names('δ2', outputs)], edges: outputs.map(k => `v${k}${j}`), off: values[`s${j}`] === 0,
      equations: [known('delta1'), own(`δ_1${j} = ( ${sum(outputs.map(k => `v_${k}${j} δ_2${k}`))} ) f′ ( u_${j} )`), known(`slope ${f}`)],
      lines: [`<math>${SLOPE}</math>({u${j}})${SLOPES[f](j)} = {s${j}}`,
        `[δ_1${j}] = (${sum(outputs.map(k => `{v${k}${j}} × {δ2${k}}`))}) × {s${j}} = {δ1${j}}`]})),
    ...outputs.map(k => gradient('dV', 'v', 2, 'z', k, hidden)),
    ...units.map(j => gradient('dW', 'w', 1, 'x', j, ones)),
    update('V', 'v', outputs, hidden),
    update('W', 'w', units, ones),
    {key: 'end', phase: 'update', chip: 'E', edges: [], lit: [], equations: [known('cross entropy')],
      sets: [...names('next_u', units), ...names('next_z', units), ...names('next_a', outputs), ...names('next_g', outputs), 'next_E'],
      lines: [`[u] = ${listed('next_u', units)}`, `[z] = ${listed('next_z', hidden)}`, `[a] = ${listed('next_a', outputs)}`,
        `[g] = ${listed('next_g', outputs)}`, '[E] = {next_E}']},
  ];
}
