import { decimal, type Line, nameOf, PRODUCTS, QUANTITY_MAX } from './catalogue.ts';
import { drawingOf } from './drawings.ts';
import { type Html, html, NOTHING } from './html.ts';
import type { Order, OrderState } from './orders.ts';

/** Test cards of the simulator: see adapters/psp/simulator/README.md for all that they can do. */
const TEST_CARDS: readonly (readonly [token: string, what: string])[] = [
  ['pm_card_visa', 'Visa that pays'],
  ['pm_card_mastercard', 'Mastercard that pays'],
  ['pm_card_threeDSecure2Required', 'Visa whose bank asks first (3-D Secure)'],
  ['pm_card_chargeDeclined', 'Visa that is declined'],
  ['pm_card_chargeDeclinedInsufficientFunds', 'Visa without enough money'],
  ['pm_card_refundFail', 'Visa whose refund fails two seconds later'],
  ['pm_sim_slow_5s', 'Visa that takes five seconds'],
  ['pm_sim_timeout_then_success', 'Visa that pays, and the answer is lost'],
];

const STATE_TEXT: Readonly<Record<OrderState, string>> = {
  unpaid: 'Not paid yet',
  'at the bank': 'At the bank',
  'being confirmed': 'Being confirmed',
  paid: 'Paid',
  'partly refunded': 'Partly refunded',
  refunded: 'Refunded',
  canceled: 'Canceled',
};

export function money(cents: number): string {
  return `€${decimal(cents)}`;
}

export function badge(state: OrderState): Html {
  return html`<span class="badge ${state.replaceAll(' ', '-')}">${STATE_TEXT[state]}</span>`;
}

export function layout({
  title,
  main,
  isAdmin = false,
}: {
  title: string;
  main: Html;
  isAdmin?: boolean;
}): string {
  const way = isAdmin ? html`<a href="/admin">Orders</a>` : NOTHING;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} – Quill &amp; Ledger</title>
        <link rel="stylesheet" href="/shop.css" />
        <link rel="icon" href="/icon.svg" />
        <script type="module" src="/shop.js"></script>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header>
          <a class="name" href="/">Quill &amp; Ledger</a>
          <nav aria-label="Shop">${way}</nav>
        </header>
        <main id="main">${main}</main>
        <footer>An example shop. Cards are test cards: nothing is charged, and nothing is sent.</footer>
      </body>
    </html>`.text;
}

export function cataloguePage(problem = ''): string {
  const things = PRODUCTS.map(
    ({ id, name, text, cents }) =>
      html`<li class="card thing">
        ${drawingOf(id)}
        <div>
          <h2>${name}</h2>
          <p>${text}</p>
        </div>
        <p class="price">${money(cents)}</p>
        <label for="${id}">Quantity<span class="unseen"> of ${name}</span></label>
        <input
          id="${id}"
          name="${id}"
          type="number"
          inputmode="numeric"
          min="0"
          max="${QUANTITY_MAX}"
          value="0"
        />
      </li>`,
  );
  return layout({
    title: 'Things for honest books',
    main: html`<h1>Things for honest books</h1>
      ${alert(problem)}
      <form method="post" action="/orders">
        <ul class="things">
          ${things}
        </ul>
        <button class="main">Order</button>
      </form>`,
  });
}

export function orderPage(
  order: Order,
  { cardField, problem = '' }: { cardField: string; problem?: string },
): string {
  return layout({
    title: `Order ${order.number}`,
    main: html`<h1>Order ${order.number}</h1>
      <div class="columns">
        <section aria-labelledby="what">
          <h2 id="what">Your order</h2>
          ${linesTable(order)}
        </section>
        <section aria-labelledby="how">
          <h2 id="how">Payment</h2>
          ${paymentPart(order, cardField, problem)}
        </section>
      </div>`,
  });
}

function paymentPart(order: Order, cardField: string, problem: string): Html {
  const { state, isTryOpen, actionUrl } = order;
  switch (state) {
    case 'unpaid':
      return isTryOpen ? openTry(order) : payForm(order, cardField, problem || (order.problem ?? ''));
    case 'at the bank':
      return html`${waiting(order, 'Your bank wants to know whether it is you.')}
        <p>
          <a class="button main" id="bank" href="${actionUrl ?? ''}">Continue at your bank</a>
        </p>`;
    case 'being confirmed':
      return waiting(
        order,
        'Your payment is being confirmed. You may close this page: the order goes on without it.',
      );
    case 'canceled':
      return html`${status(order, 'This payment was canceled. Nothing was charged.')}`;
    case 'paid':
    case 'partly refunded':
    case 'refunded':
      return html`${status(order, 'Thank you. Your payment has arrived.')}${refundsList(order)}`;
  }
}

function payForm({ id, cents, nextTry }: Order, cardField: string, problem: string): Html {
  const cards = TEST_CARDS.map(([token, what]) => html`<option value="${token}">${what}</option>`);
  return html`${alert(problem)}
    <form method="post" action="/orders/${id}/pay" id="pay">
      <input type="hidden" name="try" value="${nextTry}" />
      <input type="hidden" name="card" value="" />
      <fieldset>
        <legend>How do you pay?</legend>
        <div class="choice needs-script">
          <input type="radio" id="typed" name="with" value="typed" /><label for="typed">Type in a card</label>
        </div>
        <div class="choice">
          <input type="radio" id="ready" name="with" value="ready" checked /><label for="ready"
            >Use a ready test card</label
          >
        </div>
      </fieldset>
      <div id="typed-part" hidden>
        <iframe id="field" title="Card details" data-src="${cardField}"></iframe>
        <p class="soft">
          The card goes straight to the payment provider: this shop never sees it. 4242 4242 4242 4242 pays,
          4000 0000 0000 0002 is declined, 4000 0027 6000 3184 asks the bank.
        </p>
      </div>
      <div id="ready-part">
        <label for="token">Test card</label
        ><select id="token" name="token">
          ${cards}
        </select>
      </div>
      <p role="status" id="said"></p>
      <button class="main">Pay ${money(cents)}</button>
    </form>`;
}

/** A try whose outcome nobody knows: the same is sent again, and another card is not asked for meanwhile. */
function openTry({ id, nextTry }: Order): Html {
  return html`<p role="status" data-wait="${id}">
      Nobody has told us yet what became of your payment. We keep asking, and you are not charged twice.
    </p>
    <form method="post" action="/orders/${id}/pay">
      <input type="hidden" name="try" value="${nextTry}" /><button>Ask again now</button>
    </form>`;
}

function status({ state }: Order, text: string): Html {
  return html`<p role="status" class="status" tabindex="-1" autofocus>${badge(state)} ${text}</p>`;
}

function waiting({ id, state }: Order, text: string): Html {
  return html`<p role="status" class="status" tabindex="-1" autofocus data-wait="${id}" data-state="${state}">
      ${badge(state)} ${text}
    </p>
    <noscript
      ><p><a href="/orders/${id}">Look again</a></p></noscript
    >`;
}

function alert(problem: string): Html {
  return problem === ''
    ? NOTHING
    : html`<p role="alert" class="problem" tabindex="-1" autofocus>${problem}</p>`;
}

function linesTable({ lines, cents }: { lines: readonly Line[]; cents: number }): Html {
  const rows = lines.map(
    (line) =>
      html`<tr>
        <th scope="row">${line.quantity} × ${nameOf(line.product)}</th>
        <td>${money(line.quantity * line.cents)}</td>
      </tr>`,
  );
  return html`<table>
    <thead class="unseen">
      <tr>
        <th scope="col">What</th>
        <th scope="col">Price</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
    <tfoot>
      <tr>
        <th scope="row">Total</th>
        <td>${money(cents)}</td>
      </tr>
    </tfoot>
  </table>`;
}

function refundsList({ refunds }: Order): Html {
  if (refunds.length === 0) return NOTHING;
  const items = refunds.map(({ cents, status }) => html`<li>${money(cents)}: ${REFUND_TEXT[status]}</li>`);
  return html`<h3>Given back</h3>
    <ul>
      ${items}
    </ul>`;
}

const REFUND_TEXT = {
  pending: 'on its way',
  succeeded: 'refunded',
  failed: 'did not go through',
} as const;

export function ordersPage(orders: readonly Order[]): string {
  const rows = orders.map(
    ({ id, number, madeAt, cents, state }) =>
      html`<tr>
        <th scope="row"><a class="whole" href="/admin/orders/${id}">Order ${number}</a></th>
        <td>
          <time datetime="${madeAt}"
            ><span class="whole">${madeAt.slice(0, 10)}</span> ${madeAt.slice(11, 16)}</time
          >
        </td>
        <td>${badge(state)}</td>
        <td>${money(cents)}</td>
      </tr>`,
  );
  const table =
    rows.length === 0
      ? html`<p>No orders yet.</p>`
      : html`<div class="wide" tabindex="0" role="region" aria-label="Orders">
          <table>
            <thead>
              <tr>
                <th scope="col">Order</th>
                <th scope="col">Made (UTC)</th>
                <th scope="col">State</th>
                <th scope="col">Total</th>
              </tr>
            </thead>
            <tbody>
              ${rows}
            </tbody>
          </table>
        </div>`;
  return layout({
    title: 'Orders',
    isAdmin: true,
    main: html`<h1>Orders</h1>
      ${table}`,
  });
}

export function adminOrderPage(
  order: Order,
  { key, problem = '' }: { key: string; problem?: string },
): string {
  const { id, number, payment, refundable } = order;
  const form =
    refundable > 0
      ? html`<form method="post" action="/admin/orders/${id}/refund">
          <input type="hidden" name="key" value="${key}" />
          <label for="amount">Amount in euros, up to ${decimal(refundable)}</label>
          <input id="amount" name="amount" inputmode="decimal" required value="${decimal(refundable)}" />
          <button class="main">Refund</button>
        </form>`
      : NOTHING;
  return layout({
    title: `Order ${number}`,
    isAdmin: true,
    main: html`<h1>Order ${number}</h1>
      ${alert(problem)}
      <p role="status">${badge(order.state)} ${order.problem ?? ''}</p>
      <div class="columns">
        <section aria-labelledby="what">
          <h2 id="what">Ordered</h2>
          ${linesTable(order)}
          <p class="soft">Payment <code>${payment ?? 'none yet'}</code></p>
        </section>
        <section aria-labelledby="how">
          <h2 id="how">Refund</h2>
          ${refundsList(order)}${form}${refundable > 0 ? NOTHING : html`<p>There is nothing to refund.</p>`}
        </section>
      </div>`,
  });
}

export function messagePage(title: string, text: string): string {
  return layout({
    title,
    main: html`<h1>${title}</h1>
      <p>${text}</p>
      <p><a href="/">To the shop</a></p>`,
  });
}
