import axe, { type AxeResults } from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { browserProgram, launchBrowser } from '../support/browser.ts';
import { startTestShop, takenFor, type TestShop } from '../support/shop.ts';

const program = browserProgram();
/** A ledger and two pots of ink. */
const CENTS = 4_350;
const STEP_MS_MAX = 15_000;
const CARD = '4242 4242 4242 4242';
const DECLINED = '4000 0000 0000 0002';
const CHALLENGED = '4000 0027 6000 3184';
/** Said in the page; of a frame's background only the page around it knows. */
const AXE = 'axe.run(document, { iframes: false })';
const AXE_IN_FRAME = "axe.run(document, { iframes: false, rules: { 'color-contrast': { enabled: false } } })";
/** Said in the page: what has the focus. */
const FOCUSED = "document.activeElement.id + ' ' + document.activeElement.textContent.trim()";

describe.runIf(program !== undefined)('in a browser', () => {
  let shop: TestShop;
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  /** What pages complain of in the console, a refused style or script included. */
  const complaints: string[] = [];

  beforeAll(async () => {
    [shop, browser] = await Promise.all([startTestShop(), launchBrowser(program!)]);
  });

  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    shop.road.letGo();
    expect(complaints.splice(0)).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await shop?.stop();
  });

  async function visitor(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ baseURL: shop.url, ...options });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_MS_MAX);
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      // A refused card and a page that is gone are said by their status.
      if (message.type() === 'error' && !/status of (404|409|422)/.test(message.text()))
        complaints.push(message.text());
    });
    return page;
  }

  const merchant = (): Promise<Page> =>
    visitor({ httpCredentials: { username: 'merchant', password: shop.password } });

  /** Orders a ledger and two pots of ink; the order's id. */
  async function order(page: Page): Promise<string> {
    await page.goto('/');
    await page.getByLabel('Quantity of Ledger').fill('1');
    await page.getByLabel('Quantity of Blue-black ink').fill('2');
    await page.getByRole('button', { name: 'Order' }).click();
    await page.getByRole('heading', { name: /^Order \d+$/ }).waitFor();
    return idIn(page);
  }

  const idIn = (page: Page): string => new URL(page.url()).pathname.split('/')[2];
  const payButton = (page: Page) => page.getByRole('button', { name: 'Pay €43.50' });
  const paid = (page: Page) => page.getByText('Your payment has arrived').waitFor();

  async function typeCard(page: Page, number: string): Promise<void> {
    const field = page.frameLocator('iframe[title="Card details"]');
    await field.getByLabel('Card number').fill(number);
    await field.getByLabel('Expiry').fill('12/34');
    await field.getByLabel('Security code').fill('123');
  }

  async function choose(page: Page, card: string): Promise<void> {
    await page.getByLabel('Use a ready test card').check();
    await page.getByLabel('Test card', { exact: true }).selectOption({ label: card });
  }

  test('a card is typed in at the provider’s field, and the shop never sees its number', async () => {
    const page = await visitor();
    const id = await order(page);
    await typeCard(page, CARD);
    await payButton(page).click();
    await paid(page);
    expect(await takenFor(shop, id)).toEqual([CENTS]);
    expect(shop.road.bodies.join()).not.toMatch(/4242[ +%20]*4242/);
    // A control: what the shop did get is there.
    expect(shop.road.bodies.join()).toMatch(/card=pm_[\w-]{24}&with=typed/);
  });

  test('a mistyped card is said at its field, and what was typed stays', async () => {
    const page = await visitor();
    const id = await order(page);
    await typeCard(page, '4242 4242 4242 4241');
    await payButton(page).click();
    const field = page.frameLocator('iframe[title="Card details"]');
    await field.getByRole('alert').getByText('A digit of this card number is wrong.').waitFor();
    expect(await field.getByLabel('Card number').getAttribute('aria-invalid')).toBe('true');
    expect(await field.locator(':focus').getAttribute('name')).toBe('number');
    expect(await field.getByLabel('Expiry').inputValue()).toBe('12/34');
    await field.getByLabel('Card number').fill(CARD);
    await payButton(page).click();
    await paid(page);
    expect(await takenFor(shop, id)).toEqual([CENTS]);
  });

  test('a declined card is said where the focus is, and another one pays the same payment', async () => {
    const page = await visitor();
    const id = await order(page);
    await typeCard(page, DECLINED);
    await payButton(page).click();
    const alert = page.getByRole('alert');
    await alert.getByText('The payment was declined: generic decline.').waitFor();
    expect(await alert.evaluate((one) => one === one.ownerDocument.activeElement)).toBe(true);
    await typeCard(page, CARD);
    await payButton(page).click();
    await paid(page);
    const { body } = await shop.merchant.get(`/v1/payment_intents?reference=${id}`);
    expect(body['data']).toMatchObject([{ status: 'succeeded', amount_received: CENTS }]);
  });

  test('3-D Secure: passed it pays; failed it does not, and another card may', async () => {
    const page = await visitor();
    const failed = await order(page);
    await typeCard(page, CHALLENGED);
    await payButton(page).click();
    await page.getByText('43.50 EUR').waitFor();
    await page.getByRole('button', { name: 'Fail' }).click();
    await page.getByRole('alert').getByText('The payment was declined').waitFor();
    expect(await takenFor(shop, failed)).toEqual([]);
    await typeCard(page, CHALLENGED);
    await payButton(page).click();
    await page.getByRole('button', { name: 'Complete' }).click();
    await paid(page);
    expect(idIn(page)).toBe(failed);
    expect(await takenFor(shop, failed)).toEqual([CENTS]);
  });

  test('a payer who comes back from the bank without an answer can go there again', async () => {
    const page = await visitor();
    const id = await order(page);
    await choose(page, 'Visa whose bank asks first (3-D Secure)');
    await payButton(page).click();
    await page.getByRole('button', { name: 'Complete' }).waitFor();
    await page.goto(`/orders/${id}`);
    await page.getByRole('link', { name: 'Continue at your bank' }).click();
    await page.getByRole('button', { name: 'Complete' }).click();
    await paid(page);
    expect(await takenFor(shop, id)).toEqual([CENTS]);
  });

  test('a browser that is closed before it is back leaves an order that its webhook completes', async () => {
    const page = await visitor();
    const id = await order(page);
    await choose(page, 'Visa whose bank asks first (3-D Secure)');
    await payButton(page).click();
    await page.getByRole('button', { name: 'Complete' }).waitFor();
    // The bank is told, and the way back leads nowhere.
    await page.route(`${shop.url}/**`, (route) => route.abort());
    const onTheWayBack = page.waitForRequest(/\/return\?/);
    await page.getByRole('button', { name: 'Complete' }).click({ noWaitAfter: true });
    await onTheWayBack;
    await contexts.pop()!.close();
    // It could not go back, and has said so.
    complaints.length = 0;
    const later = await visitor();
    await later.goto(`/orders/${id}`);
    await paid(later);
    expect(await takenFor(shop, id)).toEqual([CENTS]);
  });

  test('a double click on Pay pays once', async () => {
    const page = await visitor();
    const id = await order(page);
    await typeCard(page, CARD);
    await payButton(page).dblclick();
    await paid(page);
    expect(await takenFor(shop, id)).toEqual([CENTS]);
  });

  test('two windows that pay the same order at once pay it once', async () => {
    const page = await visitor();
    const id = await order(page);
    const other = await page.context().newPage();
    await other.goto(page.url());
    await choose(page, 'Visa that takes five seconds');
    await choose(other, 'Mastercard that pays');
    await Promise.all([payButton(page).click(), payButton(other).click()]);
    await Promise.all([paid(page), paid(other)]);
    expect(await takenFor(shop, id)).toEqual([CENTS]);
  });

  test('a reload, the way back and the same form again pay nothing more', async () => {
    const page = await visitor();
    const id = await order(page);
    await choose(page, 'Visa that pays');
    const form = await page.locator('#pay').evaluate((one) => one.outerHTML);
    await payButton(page).click();
    await paid(page);
    await page.reload();
    await paid(page);
    await page.goBack();
    await paid(page);
    // As out of the browser's memory: the form of before, sent once more.
    await page.locator('body').evaluate((body, html) => {
      body.innerHTML = html;
      body.ownerDocument.forms[0].submit();
    }, form);
    await paid(page);
    expect(await takenFor(shop, id)).toEqual([CENTS]);
  });

  test('while the webhook is on its way the page waits, and tells by itself when it has come', async () => {
    const page = await visitor();
    shop.road.holdUp();
    const seen = shop.road.webhooks.length;
    await order(page);
    await choose(page, 'Visa that pays');
    await payButton(page).click();
    await page.getByText('Your payment is being confirmed').waitFor();
    await expect
      .poll(() => shop.road.webhooks.slice(seen).some(({ body }) => body.includes('intent.succeeded')))
      .toBe(true);
    shop.road.letGo();
    for (const { headers, body } of shop.road.webhooks.slice(seen)) {
      const { host: _, 'content-length': __, ...rest } = headers;
      await fetch(`${shop.url}/webhooks`, { method: 'POST', headers: rest, body });
    }
    await paid(page);
  });

  test('the merchant sees the orders, refunds a part and then the rest, each once', async () => {
    const page = await visitor();
    const id = await order(page);
    await choose(page, 'Visa that pays');
    await payButton(page).click();
    await paid(page);
    const number = await page.getByRole('heading', { level: 1 }).textContent();
    const admin = await merchant();
    await admin.goto('/admin');
    await admin.getByRole('row', { name: number! }).getByText('Paid').waitFor();
    await admin.getByRole('link', { name: number!, exact: true }).click();
    await admin.getByLabel('Amount in euros, up to 43.50').fill('10');
    await admin.getByRole('button', { name: 'Refund' }).dblclick();
    await admin.getByText('€10.00: refunded').waitFor();
    await admin.getByLabel('Amount in euros, up to 33.50').fill('33.51');
    await admin.getByRole('button', { name: 'Refund' }).click();
    await admin.getByRole('alert').getByText('That is more than there is to refund.').waitFor();
    await admin.getByRole('button', { name: 'Refund' }).click();
    await admin.getByText('There is nothing to refund.').waitFor();
    await page.reload();
    await page.getByText('€33.50: refunded').waitFor();
    const { body } = await shop.merchant.get(`/v1/payment_intents?reference=${id}`);
    expect(body['data']).toMatchObject([{ amount_refunded: CENTS }]);
  });

  test('an order is made and paid by keyboard alone', async () => {
    const page = await visitor();
    await page.goto('/');
    const tabTo = async (what: string): Promise<void> => {
      for (let i = 0; i < 30; i++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate<string>(FOCUSED);
        if (at.includes(what)) return;
      }
      throw new Error(`the keyboard does not reach ${what}`);
    };
    await tabTo('ledger');
    await page.keyboard.type('1');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Payment' }).waitFor();
    await tabTo('typed');
    await page.keyboard.press('ArrowDown');
    await tabTo('Pay €24.00');
    await page.keyboard.press('Enter');
    await paid(page);
    const focused = await page.evaluate<string>('document.activeElement.getAttribute("role")');
    expect(focused).toBe('status');
  });

  test('without script an order is made and paid all the same', async () => {
    const page = await visitor({ javaScriptEnabled: false });
    const id = await order(page);
    await page.getByLabel('Test card', { exact: true }).selectOption('pm_card_threeDSecure2Required');
    await payButton(page).click();
    await page.getByRole('link', { name: 'Continue at your bank' }).click();
    await page.getByRole('button', { name: 'Complete' }).click();
    await expect
      .poll(
        async () => {
          await page.goto(`/orders/${id}`);
          return page.getByText('Your payment has arrived').isVisible();
        },
        { timeout: STEP_MS_MAX },
      )
      .toBe(true);
  });

  test.each(['light', 'dark'] as const)(
    'the pages are without barriers and fit a phone, %s',
    async (colorScheme) => {
      const look = { colorScheme, viewport: { width: 320, height: 640 } };
      const page = await visitor(look);
      const found: string[] = [];
      const examine = async (one: Page, name: string): Promise<void> => {
        const width = await one.evaluate<number>('document.documentElement.scrollWidth');
        if (width > 320) found.push(`${name} is ${width} pixels wide`);
        for (const frame of one.frames()) {
          // Evaluated, and not loaded: the policy of the page has no place for it.
          await frame.evaluate(axe.source);
          const { violations } = await frame.evaluate<AxeResults>(
            frame === one.mainFrame() ? AXE : AXE_IN_FRAME,
          );
          for (const { id, nodes } of violations)
            found.push(`${name}: ${id}: ${nodes.map(({ html }) => html).join(' ')}`);
        }
      };
      await page.goto('/');
      await examine(page, 'catalogue');
      await page.goto(`${shop.processes.simulator.url}/hosted`);
      await page.getByRole('button', { name: 'Use this card' }).click();
      await page.getByRole('alert').getByText('This is not a card number.').waitFor();
      await examine(page, 'the card field alone');
      const id = await order(page);
      await page.frameLocator('iframe[title="Card details"]').getByLabel('Card number').waitFor();
      await examine(page, 'order');
      await typeCard(page, '1');
      await payButton(page).click();
      await page.frameLocator('iframe[title="Card details"]').locator('[aria-invalid]').waitFor();
      await examine(page, 'refused card');
      await choose(page, 'Visa that is declined');
      await payButton(page).click();
      await page.getByRole('alert').waitFor();
      await examine(page, 'declined');
      await choose(page, 'Visa whose bank asks first (3-D Secure)');
      await payButton(page).click();
      await page.getByRole('button', { name: 'Complete' }).waitFor();
      await examine(page, 'challenge');
      await page.getByRole('button', { name: 'Complete' }).click();
      await paid(page);
      await examine(page, 'paid');
      const admin = await visitor({
        ...look,
        httpCredentials: { username: 'm', password: shop.password },
      });
      await admin.goto('/admin');
      await examine(admin, 'orders');
      await admin.goto(`/admin/orders/${id}`);
      await examine(admin, 'refund');
      expect(found).toEqual([]);
    },
    60_000,
  );
});
