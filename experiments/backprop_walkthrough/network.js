// One step of backpropagation (L3, L9, L22, L15, L20, L12), in the lecture's symbols.
const HIDDEN = {
  relu: {value: u => Math.max(0, u), slope: u => (u > 0 ? 1 : 0)},
  sigmoid: {value: sigmoid, slope: u => sigmoid(u) * (1 - sigmoid(u))},
  tanh: {value: Math.tanh, slope: u => (1 - Math.tanh(u)) * (1 + Math.tanh(u))},
};

function sigmoid(u) { return 1 / (1 + Math.exp(-u)); }

const dot = (a, b) => a.reduce((sum, one, i) => sum + one * b[i], 0);
const outer = (a, b) => a.map(one => b.map(other => one * other));
const stepped = (A, eta, D) => A.map((row, j) => row.map((one, i) => one - eta * D[j][i]));

function forward({f, x, y, W, V}) {
  const one_x = [1, ...x], u = W.map(w => dot(w, one_x));
  const z = [1, ...u.map(HIDDEN[f].value)], a = V.map(v => dot(v, z));
  // log g = a − log Σ e^a, less the largest a on both sides, which keeps e^a from overflowing.
  const top = Math.max(...a), rest = Math.log(a.reduce((sum, one) => sum + Math.exp(one - top), 0));
  const log_g = a.map(one => one - top - rest);
  return {one_x, u, z, a, log_g, g: log_g.map(Math.exp), E: -dot(y, log_g)};
}

// Every number of a step: forward, backward, the new weights, and forward again with them.
function backprop(state) {
  const now = forward(state), {one_x, u, z, g} = now, {f, y, eta, W, V} = state;
  const delta2 = g.map((one, k) => one - y[k]);
  const slope = u.map(HIDDEN[f].slope);
  const delta1 = slope.map((one, j) => dot(V.map(v => v[j + 1]), delta2) * one);
  const dV = outer(delta2, z), dW = outer(delta1, one_x);
  const next = {...state, W: stepped(W, eta, dW), V: stepped(V, eta, dV)};
  return {...now, delta2, slope, delta1, dV, dW, next, after: forward(next)};
}

// The same by name: w12 is row 1, column 2 of W; δ13 the third of δ1; next_w12, next_E afterwards.
function named(state) {
  const all = backprop(state), vector = (name, list, from = 1) =>
    list.map((one, i) => [name + (i + from), one]);
  const matrix = (name, rows) => rows.flatMap((row, j) => vector(name + (j + 1), row, 0));
  const passed = (next, {u, z, a, log_g, g, E}) => [
    ...vector(`${next}u`, u), ...vector(`${next}z`, z, 0), ...vector(`${next}a`, a),
    ...vector(`${next}g`, g), ...vector(`${next}l`, log_g), [`${next}E`, E]];
  return Object.fromEntries([
    ['eta', state.eta], ...vector('x', all.one_x, 0), ...vector('y', state.y),
    ...vector('p', all.a.map(Math.exp)),  // for the arithmetic alone, where it does not overflow
    ...matrix('w', state.W), ...matrix('v', state.V), ...passed('', all),
    ...vector('s', all.slope), ...vector('δ2', all.delta2), ...vector('δ1', all.delta1),
    ...matrix('dv', all.dV), ...matrix('dw', all.dW),
    ...matrix('next_v', all.next.V), ...matrix('next_w', all.next.W), ...passed('next_', all.after),
  ]);
}

// What is wrong with numbers to start from: [the key of its words, where, what was got], or null.
function problem(state, shaped) {
  const sizes = one => JSON.stringify(one, (_, v) => (typeof v === 'number' || v === null ? 0 : v));
  for (const key of ['x', 'y', 'W', 'V'])
    if (sizes(state[key]) !== sizes(shaped[key])) return ['shape', key, JSON.stringify(state[key])];
  if (!Object.hasOwn(HIDDEN, state.f)) return ['activation', 'f', state.f];
  const entries = [['η', state.eta], ...state.x.map((v, i) => [`x${i + 1}`, v]),
    ...state.y.map((v, k) => [`y${k + 1}`, v]),
    ...['W', 'V'].flatMap(key => state[key].flatMap((row, j) =>
      row.map((v, i) => [`${key.toLowerCase()}${j + 1}${i}`, v])))];
  const missing = entries.find(([, value]) => !Number.isFinite(value));
  if (missing) return ['number', missing[0], missing[1]];
  if (state.eta <= 0) return ['positive', 'η', state.eta];
  const sum = state.y.reduce((a, b) => a + b);
  if (Math.min(...state.y) < 0 || Math.abs(sum - 1) > 1e-12)
    return ['target', 'y', state.y.join(', ')];
  const overflows = ([name, value]) => !name.startsWith('p') && !Number.isFinite(value);
  if (Object.entries(named(state)).some(overflows)) return ['overflow', '', ''];
  return null;
}
