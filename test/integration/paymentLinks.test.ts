import axe, { type AxeResults } from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connectFlorin, uuidv7 } from '../../client/index.ts';
import { browserProgram, launchBrowser } from '../support/browser.ts';
import { makeKey, type MerchantAt, merchantAt, startTestEdge, type TestEdge } from '../support/edge.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';

const program = browserProgram();
const STEP_MS_MAX = 20_000;

let processes: PaymentProcesses;
let edge: TestEdge;
let merchant: MerchantAt;

beforeAll(async () => {
  processes = await startPaymentProcesses();
  const { target } = processes.core;
  const florin = connectFlorin({ target });
  const shop = { book: 'links', merchant: uuidv7() };
  await florin.books.createBook({ name: shop.book });
  await florin.merchants.createMerchants({
    book: shop.book,
    merchants: [{ id: shop.merchant, name: 'Mug & Co', country: 'DE' }],
  });
  florin.close();
  edge = await startTestEdge(target);
  merchant = merchantAt(edge, (await makeKey(target, shop)).secret);
}, 120_000);

afterAll(async () => {
  await edge?.stop();
  await processes?.stop();
});

async function newLink(fields: object = {}): Promise<{ id: string; url: string }> {
  const { status, body } = await merchant.post('/v1/payment_links', {
    amount: 1_999,
    currency: 'eur',
    description: 'A mug',
    ...fields,
  });
  expect(status).toBe(200);
  return body as { id: string; url: string };
}

/** The payments of a link, newest first. */
async function payments({ id }: { id: string }): Promise<Record<string, unknown>[]> {
  const { body } = await merchant.get(`/v1/payment_intents?reference=${id}`);
  return body['data'] as Record<string, unknown>[];
}

test('a link outlasts the edge, and a visit pays once however many edges and clicks there are', async () => {
  const link = await newLink({ metadata: { kiln: 'b' } });
  const opened = await fetch(link.url, { redirect: 'manual' });
  const visit = new URL(opened.headers.get('location')!, link.url).href;
  const other = await startTestEdge(processes.core.target);
  try {
    const there = visit.replace(edge.url, other.url);
    const body = new URLSearchParams({ card: 'pm_card_visa', version: '0' });
    const urls = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? visit : there));
    const answers = await Promise.all(
      urls.map((url) => fetch(url, { method: 'POST', body, redirect: 'manual' })),
    );
    expect(answers.map(({ status }) => status)).toEqual(urls.map(() => 303));
  } finally {
    await other.stop();
  }
  await edge.kill();
  await edge.restart();
  expect(await payments(link)).toMatchObject([
    { status: 'succeeded', amount_received: 1_999, currency: 'eur', metadata: { kiln: 'b' } },
  ]);
  expect(await (await fetch(visit)).text()).toContain('<title>Paid: Mug &amp; Co</title>');
});

describe.runIf(program !== undefined)('in a browser', () => {
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await launchBrowser(program!);
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    expect(complaints.splice(0)).toEqual([]);
  });
  afterAll(() => browser?.close());

  async function open(url: string, look: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({ ...look, bypassCSP: false });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_MS_MAX);
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('status of 4'))
        complaints.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  /** Of what axe finds fault with; it is put in by the browser's own tools, past the policy of the page. */
  async function faults(page: Page): Promise<string[]> {
    const { violations } = await page.evaluate<AxeResults>(`${axe.source}; axe.run(document)`);
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(', ')}`);
  }

  const choose = (page: Page, name: RegExp) => page.getByRole('radio', { name }).check();
  const pay = (page: Page) => page.getByRole('button', { name: 'Pay EUR 19.99' }).click();

  test.each([
    [320, 'light'],
    [320, 'dark'],
    [1_280, 'light'],
    [1_280, 'dark'],
  ] as const)('every page is whole and accessible at %s pixels in %s', async (width, colorScheme) => {
    const link = await newLink();
    const page = await open(link.url, { viewport: { width, height: 700 }, colorScheme });
    const check = async (): Promise<void> => {
      expect(await faults(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    };
    await check();
    await choose(page, /insufficient/);
    await pay(page);
    await page.getByRole('alert').waitFor();
    await check();
    await choose(page, /3-D Secure/);
    await pay(page);
    await page.getByRole('heading', { name: 'One more step' }).waitFor();
    await check();
  });

  test('the keyboard alone pays, and what came of it has the focus', async () => {
    const link = await newLink();
    const page = await open(link.url);
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Paid' }).waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Paid');
    await page.reload();
    await page.getByRole('heading', { name: 'Paid' }).waitFor();
    expect(await payments(link)).toMatchObject([
      { status: 'succeeded', payment_method: 'pm_card_mastercard' },
    ]);
  });

  test('a double click pays once', async () => {
    const link = await newLink();
    const page = await open(link.url);
    await page.getByRole('button').dblclick();
    await page.getByRole('heading', { name: 'Paid' }).waitFor();
    expect(await payments(link)).toMatchObject([{ status: 'succeeded', amount_received: 1_999 }]);
  });

  test('a declined card is followed by another one, of the same payment', async () => {
    const link = await newLink();
    const page = await open(link.url);
    await choose(page, /insufficient/);
    await pay(page);
    await page.getByRole('alert').getByText('insufficient funds').waitFor();
    await choose(page, /Mastercard/);
    await pay(page);
    await page.getByRole('heading', { name: 'Paid' }).waitFor();
    expect(await payments(link)).toMatchObject([{ status: 'succeeded', amount_received: 1_999 }]);
  });

  test('3-D Secure leads to the bank and back', async () => {
    const link = await newLink();
    const page = await open(link.url);
    await choose(page, /3-D Secure/);
    await pay(page);
    await page.getByRole('link', { name: 'Continue to your bank' }).click();
    await page.locator('button:not(.other)').click();
    await page.getByRole('heading', { name: /^(Paid|Processing)$/ }).waitFor();
    await expect.poll(() => payments(link)).toMatchObject([{ status: 'succeeded', amount_received: 1_999 }]);
    await page.reload();
    await page.getByRole('heading', { name: 'Paid' }).waitFor();
  });
});
