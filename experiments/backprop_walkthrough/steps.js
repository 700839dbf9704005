// The steps of the walk: what each shows, as text. In an equation, w_12 is an index and ∂E/∂V a
// fraction. In a line of arithmetic, [w_12] is such an equation and {w12} the number of that name.
const range = (from, to) => Array.from({length: to - from + 1}, (_, i) => i + from);

const SLOPE = '<mi>f</mi><mo lspace="0" rspace="0">′</mo>', PARTIAL = '<mo lspace="0" rspace="0">∂</mo>';
const math = text => text.split(' ').map(symbol).join('');
const leaf = one => (/\d/.test(one) ? `<mn>${one}</mn>` : `<mi>${one}</mi>`);

// One symbol in MathML: a fraction, f′, a number, a letter with its index or with ∂, a sign.
function symbol(token) {
  const [over, under] = token.split('/');
  if (under) return `<mfrac><mrow>${math(over)}</mrow><mrow>${math(under)}</mrow></mfrac>`;
  if (token === 'f′') return SLOPE;
  const [, partial, letter, index] = token.match(/^(∂?)([A-Za-z\dδη])(?:_(\w+))?$/) ?? [];
  if (!letter) return `<mo>${token}</mo>`;
  const indexed = index ? `<msub>${leaf(letter)}<mrow>${[...index].map(leaf).join('')}</mrow></msub>` : leaf(letter);
  return (partial && PARTIAL) + indexed;
}

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

// {key, i, remark: its words; phase; chip; equations: [MathML, source]; lines; sets: names that appear
// in the network; lit: what it is made from; edges: the arrows it goes along}.
function steps({f, x, W, V}, values) {
  const ones = range(0, x.length), hidden = range(0, W.length), units = range(1, W.length);
  const outputs = range(1, V.length), names = (name, list) => list.map(i => name + i);
  const sum = terms => terms.join(' + ');
  const listed = (name, list) => `(${names(name, list).map(n => `{${n}}`).join(', ')})`;
  const known = key => EQUATIONS[key], own = (text, cite) => [`<math>${math(text)}</math>`, cite];
  const weights = (v, rows, columns) => rows.flatMap(j => columns.map(i => `${v}${j}${i}`));
  const powers = outputs.every(k => values[`p${k}`] > 0 && values[`p${k}`] < Infinity);
  const top = outputs.reduce((best, k) => (values[`a${k}`] > values[`a${best}`] ? k : best));
  const power = k => `e<sup>{a${k}}${powers ? '' : ` − {a${top}}`}</sup>`;
  const logs = outputs.every(k => values[`g${k}`] > 0);

  const weighted = (key, a, w, z, j, from) => ({
    key, i: j, phase: 'forward', chip: `${a}_${j}`,
    sets: [a + j], lit: names(z, from), edges: names(w + j, from),
    equations: [known(a),
      own(`${a}_${j} = ${sum([`${w}_${j}0`, ...from.slice(1).map(i => `${w}_${j}${i} ${z}_${i}`)])}`)],
    lines: [`[${a}_${j}] = ${sum(from.map(i => `{${w}${j}${i}} × {${z}${i}}`))} = {${a}${j}}`],
  });
  const gradient = (key, v, layer, z, j, from) => ({
    key, i: j, phase: 'backward', chip: `∂E/∂${v}_${j}`, sets: names(`d${v}${j}`, from),
    lit: [`δ${layer}${j}`, ...names(z, from)], edges: names(v + j, from),
    equations: [known(key), own(`∂E/∂${v}_${j}i = δ_${layer}${j} ${z}_i`)],
    lines: from.map(i => `[∂E/∂${v}_${j}${i}] = {δ${layer}${j}} × {${z}${i}} = {d${v}${j}${i}}`),
  });
  const update = (key, v, rows, columns, cite) => ({
    key, phase: 'update', chip: key, sets: weights(`next_${v}`, rows, columns), lit: [],
    edges: weights(v, rows, columns), equations: [own(`${key} ← ${key} − η ∂E/∂${key}`, `L12, ${cite}`)],
    lines: weights(v, rows, columns).map(w =>
      `[${v}_${w.slice(1)}] ← {${w}} − {eta} × {d${w}} = {next_${w}}`),
  });

  const start = {
    key: 'start', phase: 'start', chip: 'x', sets: [...names('x', ones), ...names('y', outputs), 'z0'],
    lit: [], edges: [], equations: [own(`x = ( 1 , ${names('x_', ones.slice(1)).join(' , ')} )`, 'L3')],
    lines: [`[x] = ${listed('x', ones)}`, `[y] = ${listed('y', outputs)}`, '[η] = {eta}'],
  };
  const activated = {
    key: 'z', phase: 'forward', chip: 'z', sets: names('z', units), lit: names('u', units), edges: [],
    equations: [known('z'), known(`f ${f}`)],
    lines: ['[z_0] = {z0}', ...units.map(j => `[z_${j}] = ${VALUE[f](j)} = {z${j}}`)],
  };
  const softmax = {
    key: 'g', phase: 'forward', chip: 'g', sets: names('g', outputs), lit: names('a', outputs), edges: [],
    equations: [known('softmax')], remark: powers ? '' : 'shifted',
    lines: outputs.map(k => `[g_${k}] = ${power(k)} / (${sum(outputs.map(power))})`
      + (powers ? ` = {p${k}} / (${sum(outputs.map(i => `{p${i}}`))})` : '') + ` = {g${k}}`),
  };
  const compared = [...names('g', outputs), ...names('y', outputs)];
  const error = {
    key: 'E', phase: 'forward', chip: 'E', sets: ['E'], lit: compared, edges: [],
    equations: [known('cross entropy')],
    lines: [`[E] = ${logs ? `−(${sum(outputs.map(k => `{y${k}} × log {g${k}}`))}) = ` : ''}`
      + `−(${sum(outputs.map(k => `{y${k}} × {l${k}}`))}) = {E}`],
  };
  const delta2 = {
    key: 'delta2', phase: 'backward', chip: 'δ_2', sets: names('δ2', outputs), lit: compared, edges: [],
    equations: [own('δ_2 = ∂E/∂a = g ( V z ) − y', 'L22')],
    lines: outputs.map(k => `[δ_2${k}] = {g${k}} − {y${k}} = {δ2${k}}`),
  };
  const delta1 = j => ({
    key: 'delta1', i: j, phase: 'backward', chip: `δ_1${j}`, remark: values[`s${j}`] === 0 ? 'off' : '',
    sets: [`δ1${j}`], lit: [`u${j}`, ...names('δ2', outputs)], edges: outputs.map(k => `v${k}${j}`),
    equations: [known('delta1'), known(`slope ${f}`),
      own(`δ_1${j} = ( ${sum(outputs.map(k => `v_${k}${j} δ_2${k}`))} ) f′ ( u_${j} )`)],
    lines: [`<math>${SLOPE}</math>({u${j}})${SLOPES[f](j)} = {s${j}}`,
      `[δ_1${j}] = (${sum(outputs.map(k => `{v${k}${j}} × {δ2${k}}`))}) × {s${j}} = {δ1${j}}`],
  });
  const end = {
    key: 'end', phase: 'update', chip: 'E', lit: [], edges: [], equations: [known('cross entropy')],
    sets: [...['u', 'z'].flatMap(name => names(`next_${name}`, units)),
      ...['a', 'g'].flatMap(name => names(`next_${name}`, outputs)), 'next_E'],
    lines: [`[u] = ${listed('next_u', units)}`, `[z] = ${listed('next_z', hidden)}`,
      `[a] = ${listed('next_a', outputs)}`, `[g] = ${listed('next_g', outputs)}`, '[E] = {next_E}'],
  };
  return [
    start, ...units.map(j => weighted('u', 'u', 'w', 'x', j, ones)), activated,
    ...outputs.map(k => weighted('a', 'a', 'v', 'z', k, hidden)), softmax, error,
    delta2, ...units.map(delta1), ...outputs.map(k => gradient('dV', 'v', 2, 'z', k, hidden)),
    ...units.map(j => gradient('dW', 'w', 1, 'x', j, ones)),
    update('V', 'v', outputs, hidden, 'L21'), update('W', 'w', units, ones, 'L26'), end,
  ];
}
