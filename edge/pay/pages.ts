import { hash } from 'node:crypto';
import { TEST_CARDS } from './cards.ts';

const STYLE = `:root{color-scheme:light dark;--page:#fff;--text:#15181c;--soft:#565c63;--line:#767676;--accent:#1f4fd8;--on:#fff;--bad:#b00020}
@media(prefers-color-scheme:dark){:root{--page:#14171c;--text:#eceff3;--soft:#aab1ba;--line:#8b929b;--accent:#8fb0ff;--on:#10141c;--bad:#ff8a96}}
html{background:var(--page)}body{color:var(--text);font:1rem/1.5 system-ui,sans-serif;max-width:28rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem;overflow-wrap:anywhere}p{margin:.5rem 0;overflow-wrap:anywhere}
.amount{font-size:2rem;font-weight:700}.soft{color:var(--soft)}.bad{color:var(--bad);border-inline-start:.25rem solid;padding-inline-start:.75rem}
fieldset{border:1px solid var(--line);border-radius:.5rem;margin:1.5rem 0 0;padding:.5rem 1rem}legend{font-weight:600;padding:0 .25rem}
label{display:flex;gap:.75rem;align-items:baseline;padding:.5rem 0;min-height:1.5rem}
button,.button{display:block;box-sizing:border-box;width:100%;margin-top:1rem;padding:.75rem;border:1px solid var(--accent);border-radius:.5rem;background:var(--accent);color:var(--on);font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}`;

/** Nothing but the one style, and forms that come here. Where a payer goes on to a bank it is by a link. */
export const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${hash('sha256', STYLE, 'base64')}'`,
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]);

/** What a page says of a payment. */
export interface Offer {
  readonly merchant: string;
  /** "EUR 19.99". */
  readonly amount: string;
  readonly description: string;
}

function page(title: string, main: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><main>${main}</main></body></html>
`;
}

/** Tells what came of it where a screen reader begins to read. */
const result = (text: string): string => `<h1 tabindex="-1" autofocus>${escaped(text)}</h1>`;

function told({ merchant, amount, description }: Offer): string {
  const what = description === '' ? '' : `<p>${escaped(description)}</p>`;
  return `<p class="soft">To ${escaped(merchant)}</p><p class="amount">${escaped(amount)}</p>${what}`;
}

/** `version` is that of the payment which the form goes on with; `error` why it is asked for again. */
export function formPage(offer: Offer, { version, error = '' }: { version: string; error?: string }): string {
  const cards = TEST_CARDS.map(
    ({ token, name, does }, index) =>
      `<label><input type="radio" name="card" value="${token}" required${index === 0 ? ' checked' : ''}><span>${name} <span class="soft">(${does})</span></span></label>`,
  );
  const why =
    error === ''
      ? ''
      : `<p class="bad" role="alert" id="error" tabindex="-1" autofocus>${escaped(error)}</p>`;
  return page(
    error === '' ? `Pay ${offer.merchant}` : `Not paid: ${offer.merchant}`,
    `<h1>Pay ${escaped(offer.merchant)}</h1><p class="amount">${escaped(offer.amount)}</p>${
      offer.description === '' ? '' : `<p>${escaped(offer.description)}</p>`
    }${why}<form method="post"><input type="hidden" name="version" value="${escaped(version)}">
<fieldset${error === '' ? '' : ' aria-describedby="error"'}><legend>Test card</legend>${cards.join('')}</fieldset>
<button>Pay ${escaped(offer.amount)}</button></form><p class="soft">Test mode: no real money moves.</p>`,
  );
}

export function paidPage(offer: Offer): string {
  return page(
    `Paid: ${offer.merchant}`,
    `${result('Paid')}<p role="status">Thank you. The payment has succeeded.</p>${told(offer)}`,
  );
}

export function processingPage(offer: Offer): string {
  return page(
    `Processing: ${offer.merchant}`,
    `${result('Processing')}<p role="status">Your payment is with the bank, and its outcome is not known yet. Do not pay again.</p>${told(offer)}<a class="button" href="">Look again</a>`,
  );
}

export function actionPage(offer: Offer, url: string): string {
  return page(
    `One more step: ${offer.merchant}`,
    `${result('One more step')}<p role="status">Your bank wants to make sure that it is you. Nothing is paid yet.</p>${told(offer)}<a class="button" href="${escaped(url)}" rel="noreferrer">Continue to your bank</a>`,
  );
}

export function overPage(offer: Offer, again: string): string {
  return page(
    `Not paid: ${offer.merchant}`,
    `${result('Not paid')}<p role="status">This payment is over, and nothing was paid.</p>${told(offer)}<a class="button" href="${escaped(again)}">Start again</a>`,
  );
}

export function messagePage(title: string, text: string): string {
  return page(title, `${result(title)}<p role="status">${escaped(text)}</p>`);
}
