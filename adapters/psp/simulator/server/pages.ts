import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Card } from './cards.ts';
import { readCardNumber } from './cards.ts';
import { paymentId, referenceOfId } from './model.ts';
import { cardForm, challengePage, notOpenPage, page, POLICY, type Refused, tokenPage } from './pageTexts.ts';
import type { Provider } from './provider.ts';
import { BadRequest, readBody } from './requests.ts';

const REFUSALS = {
  malformed: 'This is not a card number.',
  luhn: 'A digit of this card number is wrong.',
  not_a_test_card: 'This is not a test card, and no other may be used here.',
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
    const [, what, id, result] = url.pathname.split('/');
    const isPost = request.method === 'POST';
    if (what === 'hosted' && id === undefined)
      return isPost ? this.#tokenize(request, response) : show(response, 200, cardForm());
    const reference = referenceOfId(id ?? '');
    if (what !== 'challenge' || reference === null) return show(response, 404, '<p>There is nothing here.');
    if (!isPost) return this.#showChallenge(response, reference);
    if (result !== 'complete' && result !== 'fail') return show(response, 404, '<p>There is nothing here.');
    return this.#conclude(response, reference, result === 'complete' ? 'pass' : 'fail');
  }

  /** The number lives until this returns: what is kept of it is brand, last four digits and what the card does. */
  async #tokenize(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await readBody(request));
    const isJson = request.headers.accept === 'application/json';
    const card = cardIn(form);
    if ('message' in card)
      return isJson ? sendJson(response, 422, card) : show(response, 422, cardForm(card));
    const token = this.#options.newToken();
    await this.#options.provider.keepToken(token, card);
    const { brand, last4 } = card;
    if (isJson) return sendJson(response, 200, { object: 'token', token, brand, last4 });
    return show(response, 200, tokenPage(token, card));
  }

  async #showChallenge(response: ServerResponse, reference: string): Promise<void> {
    const payment = await this.#options.provider.payment(reference);
    if (payment?.state !== 'challenged') return show(response, 404, notOpenPage(payment));
    return show(response, 200, challengePage(payment));
  }

  async #conclude(response: ServerResponse, reference: string, result: 'pass' | 'fail'): Promise<void> {
    const payment = await this.#options.provider.challenge(reference, result);
    this.#options.onChanged();
    if (payment === null)
      return show(response, 409, notOpenPage(await this.#options.provider.payment(reference)));
    if (payment.returnUrl === '') return show(response, 200, '<p>Done. You may close this page.');
    const back = new URL(payment.returnUrl);
    back.searchParams.set('payment', paymentId(reference));
    back.searchParams.set('challenge', result === 'pass' ? 'completed' : 'failed');
    response.writeHead(303, { location: back.href, 'cache-control': 'no-store' }).end();
  }
}

/** The card that was typed, or which field cannot be taken. */
function cardIn(form: URLSearchParams): Card | Refused {
  const read = readCardNumber(form.get('number') ?? '');
  if ('refused' in read) return { field: 'number', message: REFUSALS[read.refused] };
  if (!/^(0[1-9]|1[0-2]) ?\/ ?\d\d$/.test(form.get('expiry') ?? ''))
    return { field: 'expiry', message: 'Write the expiry as MM/YY.' };
  if (!/^\d{3,4}$/.test(form.get('cvc') ?? ''))
    return { field: 'cvc', message: 'The security code has three or four digits.' };
  return read.card;
}

function show(response: ServerResponse, status: number, main: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': POLICY,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  });
  response.end(page(main));
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

export function isPagesPath(path: string): boolean {
  return path === '/hosted' || path.startsWith('/challenge/');
}

/** A form cannot be told apart from one of another origin, but it holds nothing of ours to be spent. */
export function pageOfError(response: ServerResponse, error: unknown): void {
  if (error instanceof BadRequest) show(response, error.status, '<p>This request cannot be read.');
  else show(response, 500, '<p>Something went wrong.');
}
