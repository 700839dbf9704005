// The page: what is shown at a step, and the buttons and keys that lead to it.
const at = id => document.getElementById(id);
const all = name => document.querySelectorAll(`[data-${name}]`);
const read = id => JSON.parse(at(id).textContent);
const START = read('start'), WORDS = read('words'), EQUATIONS = read('known'), CLAIMS = read('claims'), REFERENCE = read('reference');
const copy = value => JSON.parse(JSON.stringify(value));
const initial = () => copy({f: START.f, x: START.x, y: START.y, eta: START.eta, W: START.W, V: START.V});

let state = initial(), step = 0, errors = [], wrong = null, timer = null, asked = null, list, values;
let lang = navigator.language.startsWith('ja') ? 'ja' : 'en';

const say = (key, inside = {}) => WORDS[lang][key].replace(/{(\w+)}/g, (_, name) => inside[name]);
const tag = name => `<data data-of="${name}" value="${values[name]}">${shown(values[name])}</data>`;

// Text with [w_12] and {w12} as HTML. A negative number has brackets around it after a sign.
function rendered(line) {
  const number = (_, sign = '', name, square) =>
    sign + (values[name] < 0 && (sign || square) ? `(${tag(name)})` : tag(name)) + square;
  return line.replaceAll(' × ', '\u00a0×\u00a0').replace(/([−+×]\s?)?{([\wδ]+)}(²?)/g, number)
    .replace(/\[([^\]]+)\]/g, (_, text) => `<math>${math(text)}</math>`);
}

function showStep() {
  list = steps(state, values);
  step = Math.max(0, Math.min(list.length - 1, Math.trunc(step) || 0));
  const now = list[step];
  showPanel(now);
  showFigure();
  at('path').innerHTML = list.map(chip).join('');
  // Not disabled: a button that is loses the focus.
  const ends = {first: 0, back: 0, next: list.length - 1, last: list.length - 1};
  for (const [id, end] of Object.entries(ends)) at(id).setAttribute('aria-disabled', String(step === end));
  remember();
}

function showFigure() {
  at('figure').innerHTML = draw(list, step, values, state, at('figure').clientWidth);
}

function showPanel(now) {
  at('phase').textContent = say(now.phase);
  at('phase').className = `phase ${now.phase}`;
  at('count').textContent = say('count', {step: step + 1, steps: list.length});
  at('title').textContent = say(`${now.key} title`, now);
  at('equations').innerHTML = now.equations.map(([text, cite]) =>
    `<li>${text}${cite ? ` <small>${cite.split(', ').map(cited).join(' ')}</small>` : ''}</li>`).join('');
  at('arithmetic').innerHTML = now.lines.map(line =>
    `<li class="${line.endsWith('}') ? 'result' : ''}">${rendered(line)}</li>`).join('');
  at('verdict').innerHTML = now.key === 'end' ? rendered(WORDS[lang][verdict()]) : '';
  at('note').textContent = say(`${now.key} note`) + (now.remark ? ` ${say(now.remark)}` : '');
}

// A claim's number opens what the lecture says there, and its proof.
const cited = id => `<button type="button" data-claim="${id}" aria-controls="claim" `
  + `aria-expanded="${id === asked}" aria-label="${say('cited', {id})}">${id}</button>`;

function showClaim() {
  at('claim').innerHTML = asked ? CLAIMS[lang][asked] : '';
  for (const one of all('claim')) one.setAttribute('aria-expanded', String(one.dataset.claim === asked));
}

function verdict() {
  const {E, next_E} = values;
  return next_E < E ? 'smaller' : next_E > E ? 'greater' : 'same';
}

const chip = (one, s) => `<li><button type="button" class="${one.phase}" data-step="${s}" `
  + `${s === step ? 'aria-current="step" ' : ''}aria-label="${s + 1}: ${say(`${one.key} title`, one)}">`
  + `<math>${math(one.chip)}</math></button></li>`;

function showErrors() {
  const few = (errors.length > 5 ? '… → ' : '') + errors.slice(-5).map(e => shown(e)).join(' → ');
  at('errors').textContent = say('errors', {t: errors.length - 1, list: few});
}

// The page's own arithmetic beside JAX's, at the numbers that it comes with.
function check() {
  const apart = Object.entries(REFERENCE).flatMap(([f, known]) => {
    const found = named({...initial(), f});
    return Object.entries(known).map(([name, value]) => Math.abs(found[name] - value));
  });
  return {count: apart.length, largest: shown(Math.max(...apart)), jax: START.jax};
}

function speak(chosen) {
  lang = chosen;
  document.documentElement.lang = lang;
  document.title = `${say('page')} – jaxmlp`;
  for (const one of all('say')) one.textContent = say(one.dataset.say);
  for (const one of all('label')) one.setAttribute('aria-label', say(one.dataset.label));
  for (const one of all('lang')) one.setAttribute('aria-pressed', String(one.dataset.lang === lang));
  at('checked').textContent = say('checked', check());
  play(timer !== null);
  complain();
  showErrors();
  showStep();
  showClaim();
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
}

function iterate() {
  if (!take(backprop(state).next)) return;
  errors.push(values.E);
  showErrors();
  showForm();
  go(0);
}

function begin() {
  recall();
  showForm();
  speak(lang);
}

const BUTTONS = {
  first: () => go(0),
  back: () => go(step - 1),
  next: () => go(step + 1),
  last: () => go(list.length - 1),
  iterate,
  reset: () => { restart(initial()); showForm(); showStep(); },
};
for (const [id, action] of Object.entries(BUTTONS)) at(id).addEventListener('click', () => { play(false); action(); });
at('play').addEventListener('click', () => {
  if (timer === null && step === list.length - 1) go(0);
  play(timer === null);
});
at('path').addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  play(false);
  go(Number(button.dataset.step));
  at('path').querySelector('[aria-current]').focus();
});
at('equations').addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  asked = asked === button.dataset.claim ? null : button.dataset.claim;
  showClaim();
});
for (const one of all('lang')) one.addEventListener('click', () => speak(one.dataset.lang));
at('form').addEventListener('input', edited);
at('form').addEventListener('submit', event => event.preventDefault());

const KEYS = {ArrowLeft: 'back', ArrowRight: 'next', Home: 'first', End: 'last'};
document.addEventListener('keydown', event => {
  const other = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
  if (other || event.target.closest('input, select') || !(event.key in KEYS)) return;
  event.preventDefault();
  at(KEYS[event.key]).click();
});
addEventListener('hashchange', begin);
begin();
addEventListener('resize', showFigure);
