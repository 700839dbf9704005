// The page: what is asked for, what is shown, and the buttons between them.
const read = id => JSON.parse(document.getElementById(id).textContent);
const START = read('start'), WORDS = read('words'), EQUATIONS = read('equations-known'), REFERENCE = read('reference');
const at = id => document.getElementById(id);
const copy = value => JSON.parse(JSON.stringify(value));
const initial = () => copy({f: START.f, x: START.x, y: START.y, eta: START.eta, W: START.W, V: START.V});

let state = initial(), step = 0, errors = [], wrong = null, timer = null, list, values;
let lang = navigator.language.startsWith('ja') ? 'ja' : 'en';

const say = (key, with_ = {}) => WORDS[lang][key].replace(/{(\w+)}/g, (_, name) => with_[name]);

const tag = name => `<data data-of="${name}" value="${values[name]}">${shown(values[name])}</data>`;

// Text with [w_12] and {w12} as HTML. A negative number has brackets around it after a sign.
function rendered(line) {
  return line.replaceAll(' × ', '\u00a0×\u00a0').replace(/([−+×]\s?)?{([\wδ]+)}(²?)/g, (_, sign = '', name, square) => {
    const brackets = values[name] < 0 && (sign || square);
    return sign + (brackets ? `(${tag(name)})` : tag(name)) + square;
  }).replace(/\[([^\]]+)\]/g, (_, text) => `<math>${math(text)}</math>`);
}

function showStep() {
  list = steps(state, values);
  step = Math.max(0, Math.min(list.length - 1, Math.trunc(step) || 0));
  const now = list[step], title = say(`${now.key} title`, now);
  at('phase').textContent = say(now.phase);
  at('phase').className = `phase ${now.phase}`;
  at('count').textContent = say('count', {step: step + 1, steps: list.length});
  at('title').textContent = title;
  at('equations').innerHTML = now.equations.map(([text, cite]) =>
    `<li><math display="block">${text}</math>${cite ? ` <small>${cite}</small>` : ''}</li>`).join('');
  at('arithmetic').innerHTML = now.lines.map(line => `<li class="${line.endsWith('}') ? 'result' : ''}">${rendered(line)}</li>`).join('');
  at('note').textContent = say(`${now.key} note`) + (now.off ? ` ${say('off')}` : '');
  at('verdict').innerHTML = now.key === 'end' ? rendered(WORDS[lang][verdict()]) : '';
  at('figure').innerHTML = draw(list, step, values, state, at('figure').clientWidth);
  for (const id of ['first', 'back']) at(id).setAttribute('aria-disabled', String(step === 0));
  for (const id of ['next', 'last']) at(id).setAttribute('aria-disabled', String(step === list.length - 1));
  at('path').innerHTML = list.map((one, s) => `<li><button type="button" class="${one.phase}" data-step="${s}" ${s === step ? 'aria-current="step"' : ''} `
    + `aria-label="${s + 1}: ${say(`${one.key} title`, one)}"><math>${math(one.chip)}</math></button></li>`).join('');
  remember();
}

function verdict() {
  const {E, next_E} = values;
  return next_E < E ? 'smaller' : next_E > E ? 'greater' : 'same';
}

// The numbers of the form: those of the state, rounded for the eye unless they are being edited.
function showForm() {
  const field = (label, key, name) => `<label>${label ? `<math>${math(label)}</math>` : ''}<input type="number" step="any" data-key="${key}" aria-label="${name}"></label>`;
  const table = (letter, rows, name) => `<table><caption><math>${math(letter)}</math> (${rows.length} × ${rows[0].length})</caption>`
    + `<thead><tr><td></td>${rows[0].map((_, i) => `<th scope="col"><math>${math(i ? `${name}_${i}` : '1')}</math></th>`).join('')}</tr></thead><tbody>`
    + rows.map((row, j) => `<tr><th scope="row"><math>${math(`${letter.toLowerCase()}_${j + 1}`)}</math></th>${row.map((_, i) => `<td>${field('', `${letter}.${j}.${i}`, `${letter.toLowerCase()}${j + 1}${i}`)}</td>`).join('')}</tr>`).join('') + '</tbody></table>';
  at('samples').innerHTML = [...state.x.map((_, i) => field(`x_${i + 1}`, `x.${i}`, `x${i + 1}`)), ...state.y.map((_, k) => field(`y_${k + 1}`, `y.${k}`, `y${k + 1}`)), field('η', 'eta', 'η')].join('');
  at('weights').innerHTML = table('W', state.W, 'x') + table('V', state.V, 'z');
  at('hidden').value = state.f;
  for (const input of fields()) input.value = rounded(input);
}
const fields = () => [...document.querySelectorAll('#form input')];
const rounded = input => Number(get(state, input.dataset.key).toFixed(6));
const get = (from, key) => key.split('.').reduce((one, part) => one[part], from);
function put(into, key, value) {
  const parts = key.split('.'), last = parts.pop();
  parts.reduce((one, part) => one[part], into)[last] = value;
}

// Other numbers: taken where they are right, otherwise refused in words, and all stays as it was.
function take(changed) {
  wrong = problem(changed, START);
  complain();
  if (wrong) return false;
  state = changed;
  values = named(state);
  return true;
}

function complain() {
  const [key, where, got] = wrong ?? [];
  at('message').textContent = wrong ? say(key, {where, got: got ?? say('nothing')}) : '';
  for (const input of fields()) {
    const name = input.getAttribute('aria-label'), changed = input.value === '' || Number(input.value) !== rounded(input);
    input.setAttribute('aria-invalid', String(changed && (name === where || name.startsWith('y') && where === 'y')));
  }
}

function restart(changed) {
  if (!take(changed)) return false;
  errors = [values.E];
  showErrors();
  return true;
}

function showErrors() {
  at('errors').textContent = say('errors', {t: errors.length - 1, list: errors.slice(-5).map(e => shown(e)).join(' → ')});
}

function edited() {
  const changed = copy(state);
  for (const input of fields()) {
    const value = input.value === '' ? null : Number(input.value);
    if (value !== rounded(input)) put(changed, input.dataset.key, value);
  }
  changed.f = at('hidden').value;
  if (restart(changed)) showStep();
}

function iterate() {
  const {next} = backprop(state);
  if (!take(next)) return;
  errors.push(values.E);
  showErrors();
  showForm();
  go(0);
}

function go(to) {
  step = to;
  showStep();
  if (step === list.length - 1) play(false);
}

function play(on) {
  clearInterval(timer);
  timer = on ? setInterval(() => go(step + 1), 1800) : null;
  at('play').textContent = say(on ? 'pause' : 'play');
  at('play').setAttribute('aria-pressed', String(on));
}

function speak(chosen) {
  lang = chosen;
  document.documentElement.lang = lang;
  document.title = `${say('page')} – jaxmlp`;
  for (const one of document.querySelectorAll('[data-say]')) one.textContent = say(one.dataset.say);
  for (const one of document.querySelectorAll('[data-label]')) one.setAttribute('aria-label', say(one.dataset.label));
  for (const one of document.querySelectorAll('[data-lang]')) one.setAttribute('aria-pressed', String(one.dataset.lang === lang));
  play(timer !== null);
  complain();
  at('checked').textContent = say('checked', check());
  showErrors();
  showStep();
}

// The page's own arithmetic beside JAX's, at the numbers that it comes with.
function check() {
  const pairs = Object.entries(REFERENCE).flatMap(([f, known]) => {
    const found = named({...initial(), f});
    return Object.entries(known).map(([name, value]) => Math.abs(found[name] - value));
  });
  return {count: pairs.length, largest: shown(Math.max(...pairs)), jax: START.jax};
}

// The address has all of it, so that an example can be sent to somebody or kept.
function remember() {
  const all = {lang, step, ...state}, text = Object.entries(all).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  try { history.replaceState(null, '', `#${text.join('&')}`); } catch { /* a page inside another */ }
}

function recall() {
  const asked = Object.fromEntries(new URLSearchParams(location.hash.slice(1))), changed = initial();
  if (asked.lang in WORDS) lang = asked.lang;
  try {
    for (const key of ['x', 'y', 'eta', 'W', 'V']) if (key in asked) changed[key] = JSON.parse(asked[key]);
    step = Number(asked.step) || 0;
  } catch { changed.x = null; }
  changed.f = asked.f ?? START.f;
  if (restart(changed)) return;
  const refused = wrong;
  restart(initial());
  wrong = refused;
}

function begin() {
  recall();
  showForm();
  speak(lang);
}

const KEYS = {ArrowLeft: 'back', ArrowRight: 'next', Home: 'first', End: 'last'};
const GO = {first: () => go(0), back: () => go(step - 1), next: () => go(step + 1), last: () => go(list.length - 1)};
for (const [id, action] of Object.entries(GO)) at(id).addEventListener('click', () => { play(false); action(); });
at('play').addEventListener('click', () => {
  if (timer === null && step === list.length - 1) go(0);
  play(timer === null);
});
at('iterate').addEventListener('click', iterate);
at('reset').addEventListener('click', () => { restart(initial()); showForm(); showStep(); });
at('path').addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  play(false);
  go(Number(button.dataset.step));
  at('path').querySelector('[aria-current]').focus();
});
at('form').addEventListener('input', edited);
at('form').addEventListener('submit', event => event.preventDefault());
for (const one of document.querySelectorAll('[data-lang]')) one.addEventListener('click', () => speak(one.dataset.lang));
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.target.closest('input, select')) return;
  if (!(event.key in KEYS)) return;
  event.preventDefault();
  at(KEYS[event.key]).click();
});
new ResizeObserver(() => { at('figure').innerHTML = draw(list, step, values, state, at('figure').clientWidth); }).observe(at('figure'));
addEventListener('hashchange', begin);
begin();
