// Makes the pages quicker to use. Without it everything works but the card field.

/** Which order was paid in this window a moment ago. */
const PAYING = 'paying';
const orderHere = () => location.pathname.split('/')[2];

const form = document.getElementById('pay');
if (form !== null) payForm(form);

const waits = document.querySelector('[data-wait]');
if (waits !== null) void untilItMoves(waits);

const bank = document.getElementById('bank');
if (bank !== null) toTheBank(bank);

/** The provider's field is in a frame: what is typed there stays there, and a token comes out. */
function payForm(form) {
  const field = document.getElementById('field');
  const said = document.getElementById('said');
  const button = form.querySelector('button');
  const origin = new URL(field.dataset.src).origin;
  const isTyped = () => form.elements.with.value === 'typed';
  let isPaying = false;

  const show = () => {
    document.getElementById('typed-part').hidden = !isTyped();
    document.getElementById('ready-part').hidden = isTyped();
    if (isTyped() && field.src === '') field.src = field.dataset.src;
  };
  const rest = (text) => {
    isPaying = false;
    button.removeAttribute('aria-disabled');
    said.textContent = text;
  };
  const send = () => {
    sessionStorage.setItem(PAYING, orderHere());
    form.submit();
  };

  for (const one of form.querySelectorAll('.needs-script')) one.hidden = false;
  document.getElementById('typed').checked = true;
  form.addEventListener('change', show);
  show();

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    // A second click is passed over here; that two requests pay once is the server's doing.
    if (isPaying) return;
    isPaying = true;
    button.setAttribute('aria-disabled', 'true');
    said.textContent = 'Paying …';
    if (!isTyped() || form.elements.card.value !== '') return send();
    field.contentWindow.postMessage({ type: 'florin.simulator.submit' }, origin);
  });

  addEventListener('message', ({ data, source, origin: from }) => {
    if (from !== origin || source !== field.contentWindow) return;
    if (data.type === 'florin.simulator.height') field.height = data.height;
    if (data.type === 'florin.simulator.refused') rest('');
    if (data.type !== 'florin.simulator.token') return;
    form.elements.card.value = data.token;
    if (isPaying) send();
  });

  // Back by the browser's button, out of its memory.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) rest('');
  });
}

/** Looks again until the order has moved; then the page tells. */
async function untilItMoves(waits) {
  const { wait: id, state = 'unpaid' } = waits.dataset;
  for (let pauseMs = 300; ; pauseMs = Math.min(pauseMs * 1.3, 5_000)) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    try {
      const now = await (await fetch(`/orders/${id}/state`)).json();
      if (now.state !== state || (state === 'unpaid' && !now.isOpen)) return location.reload();
    } catch {
      // The shop is away for a moment.
    }
  }
}

/** Goes on to the bank by itself, right after paying: whoever comes back, or opens the order later, stays here. */
function toTheBank(link) {
  if (sessionStorage.getItem(PAYING) !== orderHere()) return;
  sessionStorage.removeItem(PAYING);
  location.assign(link.href);
}
