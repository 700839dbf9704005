// Inside the test's page: walks the page in a frame by its own buttons, and notes all it shows.
function numbers(root) {
  return [...root.querySelectorAll('[data-of]')].map(one => [one.dataset.of, one.getAttribute('value') ?? one.dataset.value, one.textContent]);
}

function fits(page) {
  const svg = page.querySelector('svg').getBoundingClientRect();
  const inside = [...page.querySelectorAll('svg text')].map(text => text.getBoundingClientRect())
    .every(box => box.left >= svg.left && box.right <= svg.right && box.top >= svg.top && box.bottom <= svg.bottom);
  return inside && page.documentElement.scrollWidth <= page.documentElement.clientWidth;
}

function shown(page) {
  return {
    title: page.getElementById('title').textContent,
    equations: page.getElementById('equations').innerHTML,
    lines: [...page.querySelectorAll('#arithmetic li')].map(line => line.innerHTML),
    figure: numbers(page.getElementById('figure')),
    panel: numbers(page.querySelector('.panel')),
    cited: [...page.querySelectorAll('#equations [data-claim]')].map(one => one.dataset.claim),
    verdict: page.getElementById('verdict').textContent,
    note: page.getElementById('note').textContent,
    chips: page.querySelectorAll('#path [aria-current]').length,
    lit: page.querySelectorAll('svg .lit, svg .set').length,
    fits: fits(page),
  };
}

function claim(page, id) {
  page.querySelector(`[data-claim="${id}"]`).click();
  return {text: page.getElementById('claim').textContent, steps: page.querySelectorAll('#claim .step').length, fits: fits(page)};
}

function press(page, id) { page.getElementById(id).click(); }

function key(page, name, where = page.body) {
  where.dispatchEvent(new page.defaultView.KeyboardEvent('keydown', {key: name, bubbles: true, cancelable: true}));
}

function enter(page, name, value) {
  const field = name === 'f' ? page.getElementById('hidden') : page.querySelector(`input[aria-label="${name}"]`);
  field.value = value;
  field.dispatchEvent(new page.defaultView.Event('input', {bubbles: true}));
}

function walk(page) {
  const found = [], end = () => page.getElementById('next').getAttribute('aria-disabled') === 'true';
  press(page, 'first');
  found.push(shown(page));
  while (!end() && found.length < 100) {
    press(page, 'next');
    found.push(shown(page));
  }
  return found;
}

function state(page) {
  const field = name => page.querySelector(`input[aria-label="${name}"]`);
  return {
    message: page.getElementById('message').textContent,
    invalid: [...page.querySelectorAll('[aria-invalid="true"]')].map(one => one.getAttribute('aria-label')),
    count: page.getElementById('count').textContent,
    errors: page.getElementById('errors').textContent,
    checked: page.getElementById('checked').textContent,
    lang: page.documentElement.lang,
    eta: field('η').value,
    focus: page.activeElement.id || page.activeElement.tagName,
  };
}

// commands: [what, …its arguments], each leaving its answer.
const COMMANDS = {
  press: (page, id) => press(page, id),
  key: (page, name, label) => key(page, name, label && page.querySelector(`[aria-label="${label}"]`)),
  enter: (page, name, value) => enter(page, name, value),
  say: (page, lang) => page.querySelector(`[data-lang="${lang}"]`).click(),
  claim: (page, id) => claim(page, id),
  walk: page => walk(page),
  shown: page => shown(page),
  state: page => state(page),
};

document.getElementById('frame').addEventListener('load', event => {
  const page = event.target.contentDocument, answers = [];
  try {
    for (const [what, ...given] of JSON.parse(document.getElementById('commands').textContent))
      answers.push(COMMANDS[what](page, ...given) ?? null);
  } catch (error) { answers.push(String(error.stack)); }
  document.getElementById('answers').textContent = JSON.stringify(answers);
});
