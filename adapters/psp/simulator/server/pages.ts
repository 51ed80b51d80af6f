import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Card } from './cards.ts';
import { readCardNumber } from './cards.ts';
import { decimalOf } from './currencies.ts';
import { type Payment, paymentId, referenceOfId } from './model.ts';
import type { Provider } from './provider.ts';
import { BadRequest, readBody } from './requests.ts';

const STYLE =
  'body{font:16px system-ui,sans-serif;max-width:24rem;margin:2rem auto;padding:0 1rem;color:#111}' +
  'label{display:block;margin:.75rem 0 .25rem}input,button{font:inherit;padding:.5rem;width:100%;box-sizing:border-box}' +
  'button{margin-top:1rem;cursor:pointer}.error{color:#b00020}code{word-break:break-all}';

/** Tells the page that has this one in a frame. It is a token, which is no secret, so any page may be told. */
const SCRIPT =
  "const{token,brand,last4}=document.getElementById('token').dataset;" +
  "if(parent!==window)parent.postMessage({type:'florin.simulator.token',token,brand,last4},'*');";

const POLICY = [
  "default-src 'none'",
  `style-src '${source(STYLE)}'`,
  `script-src '${source(SCRIPT)}'`,
  "base-uri 'none'",
].join('; ');

const REFUSALS = {
  malformed: 'This is no card number.',
  luhn: 'A digit of this number is wrong.',
  not_a_test_card: 'This is no test card. No other number may be entered here.',
} as const;

export interface PagesOptions {
  readonly provider: Provider;
  /** Unguessable text for tokens. */
  readonly newToken: () => string;
  readonly onChanged: () => void;
}

/** What a payer's browser sees: the field that takes the card, and the challenge. All without assets from anywhere. */
export class Pages {
  readonly #options: PagesOptions;

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  async serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const [, page, id, result] = url.pathname.split('/');
    const isPost = request.method === 'POST';
    if (page === 'hosted' && id === undefined)
      return isPost ? this.#tokenize(request, response) : show(response, 200, cardForm(''));
    const reference = referenceOfId(id ?? '');
    if (page !== 'challenge' || reference === null) return show(response, 404, '<p>There is nothing here.');
    if (!isPost) return this.#showChallenge(response, reference);
    if (result !== 'complete' && result !== 'fail') return show(response, 404, '<p>There is nothing here.');
    return this.#conclude(response, reference, result === 'complete' ? 'pass' : 'fail');
  }

  /** The number lives until this returns: what is kept of it is brand, last four digits and what the card does. */
  async #tokenize(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await readBody(request));
    const read = readCardNumber(form.get('number') ?? '');
    if ('refused' in read) return show(response, 422, cardForm(REFUSALS[read.refused]));
    if (!/^(0[1-9]|1[0-2]) ?\/ ?\d\d$/.test(form.get('expiry') ?? ''))
      return show(response, 422, cardForm('Write the expiry as MM/YY.'));
    if (!/^\d{3,4}$/.test(form.get('cvc') ?? ''))
      return show(response, 422, cardForm('The security code has three or four digits.'));
    const token = this.#options.newToken();
    await this.#options.provider.keepToken(token, read.card);
    if (request.headers.accept === 'application/json') return sendToken(response, token, read.card);
    return show(response, 200, tokenPage(token, read.card));
  }

  async #showChallenge(response: ServerResponse, reference: string): Promise<void> {
    const payment = await this.#options.provider.payment(reference);
    if (payment?.state !== 'challenged') return show(response, 404, '<p>No challenge is open here.');
    return show(response, 200, challengePage(payment));
  }

  async #conclude(response: ServerResponse, reference: string, result: 'pass' | 'fail'): Promise<void> {
    const payment = await this.#options.provider.challenge(reference, result);
    this.#options.onChanged();
    if (payment === null) return show(response, 409, '<p>This challenge is over.');
    if (payment.returnUrl === '') return show(response, 200, '<p>Done. You may close this page.');
    const back = new URL(payment.returnUrl);
    back.searchParams.set('payment', paymentId(reference));
    back.searchParams.set('challenge', result === 'pass' ? 'completed' : 'failed');
    response.writeHead(303, { location: back.href, 'cache-control': 'no-store' }).end();
  }
}

function cardForm(problem: string): string {
  const error = problem === '' ? '' : `<p class="error" role="alert">${problem}</p>`;
  return `<h1>Card</h1><p>A simulator: test cards only, nothing is charged.</p>${error}
<form method="post" action="/hosted" autocomplete="off">
<label for="number">Number</label><input id="number" name="number" inputmode="numeric" required maxlength="23" placeholder="4242 4242 4242 4242">
<label for="expiry">Expiry</label><input id="expiry" name="expiry" required maxlength="7" placeholder="12/34">
<label for="cvc">Security code</label><input id="cvc" name="cvc" inputmode="numeric" required maxlength="4" placeholder="123">
<button>Use this card</button></form>`;
}

function tokenPage(token: string, { brand, last4 }: Card): string {
  return `<h1>Card</h1><p>${brand} ending in ${last4}</p>
<p><code id="token" data-token="${token}" data-brand="${brand}" data-last4="${last4}">${token}</code></p>
<script>${SCRIPT}</script>`;
}

function challengePage({ reference, asked, currency, brand, last4 }: Payment): string {
  const action = `/challenge/${paymentId(reference)}`;
  return `<h1>Is it you?</h1>
<p>${decimalOf(asked, currency)} ${currency} with your ${brand} card ending in ${last4}.</p>
<form method="post" action="${action}/complete"><button>Complete</button></form>
<form method="post" action="${action}/fail"><button>Fail</button></form>`;
}

function show(response: ServerResponse, status: number, main: string): void {
  const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Payment simulator</title><style>${STYLE}</style></head><body><main>${main}</main></body></html>`;
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': POLICY,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  });
  response.end(page);
}

function sendToken(response: ServerResponse, token: string, { brand, last4 }: Card): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify({ object: 'token', token, brand, last4 }));
}

/** How a content security policy names an inline text. */
function source(text: string): string {
  return `sha256-${hash('sha256', text, 'base64')}`;
}

export function isPagesPath(path: string): boolean {
  return path === '/hosted' || path.startsWith('/challenge/');
}

/** A form cannot be told apart from one of another origin, but it holds nothing of ours to be spent. */
export function pageOfError(response: ServerResponse, error: unknown): void {
  if (error instanceof BadRequest) show(response, error.status, '<p>This request cannot be read.');
  else show(response, 500, '<p>Something went wrong.');
}
