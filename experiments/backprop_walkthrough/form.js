// The numbers that can be changed: the form, what is refused and why, and the page's address.
const fields = () => [...document.querySelectorAll('#form input')];
const rounded = input => Number(get(state, input.dataset.key).toFixed(6));
const get = (from, key) => key.split('.').reduce((one, part) => one[part], from);

function put(into, key, value) {
  const parts = key.split('.'), last = parts.pop();
  parts.reduce((one, part) => one[part], into)[last] = value;
}

const field = (key, name, label = '') => `<label>${label && `<math>${math(label)}</math>`}`
  + `<input type="number" step="any" data-key="${key}" aria-label="${name}"></label>`;

// A matrix with what its columns stand for; row and column numbers are the lecture's.
function table(letter, rows, column) {
  const row_of = letter.toLowerCase(), head = text => `<math>${math(text)}</math>`;
  const columns = rows[0].map((_, i) => `<th scope="col">${head(i ? `${column}_${i}` : '1')}</th>`);
  const body = rows.map((row, j) => `<tr><th scope="row">${head(`${row_of}_${j + 1}`)}</th>`
    + row.map((_, i) => `<td>${field(`${letter}.${j}.${i}`, `${row_of}${j + 1}${i}`)}</td>`).join('') + '</tr>');
  return `<table><caption>${head(letter)} (${rows.length} × ${rows[0].length})</caption>`
    + `<thead><tr><td></td>${columns.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

function showForm() {
  const vector = name => state[name].map((_, i) => field(`${name}.${i}`, `${name}${i + 1}`, `${name}_${i + 1}`));
  at('samples').innerHTML = [...vector('x'), ...vector('y'), field('eta', 'η', 'η')].join('');
  at('weights').innerHTML = table('W', state.W, 'x') + table('V', state.V, 'z');
  at('hidden').value = state.f;
  for (const input of fields()) input.value = rounded(input);
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
    const name = input.getAttribute('aria-label'), named_ = name === where || (where === 'y' && name[0] === 'y');
    const changed = input.value === '' || Number(input.value) !== rounded(input);
    input.setAttribute('aria-invalid', String(changed && named_));
  }
}

function restart(changed) {
  if (!take(changed)) return false;
  errors = [values.E];
  showErrors();
  return true;
}

// What has not been touched keeps all its digits, of which the form shows six.
function edited() {
  const changed = {...copy(state), f: at('hidden').value};
  for (const input of fields()) {
    const value = input.value === '' ? null : Number(input.value);
    if (value !== rounded(input)) put(changed, input.dataset.key, value);
  }
  if (restart(changed)) showStep();
}

// The address has all of it, so that an example can be kept or sent to somebody.
function remember() {
  const all = Object.entries({lang, step, ...state});
  const text = all.map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  try { history.replaceState(null, '', `#${text.join('&')}`); } catch { /* a page inside another */ }
}

function recall() {
  const asked = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const changed = {...initial(), f: asked.f ?? START.f};
  if (Object.hasOwn(WORDS, asked.lang ?? '')) lang = asked.lang;
  step = Number(asked.step) || 0;
  for (const key of ['x', 'y', 'eta', 'W', 'V'].filter(name => name in asked)) changed[key] = parsed(asked[key]);
  if (restart(changed)) return;
  const refused = wrong;
  restart(initial());
  wrong = refused;
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return text; }
}
