/** A request that Adyen would not take as it stands; the message says what of it. */
export class Misshapen extends Error {
  override readonly name = 'Misshapen';
}

type Check = (value: unknown, at: string) => void;
type Shape = Readonly<Record<string, { readonly check: Check; readonly isRequired: boolean }>>;

const required = (check: Check) => ({ check, isRequired: true });
const optional = (check: Check) => ({ check, isRequired: false });

function fail(at: string, what: string): never {
  throw new Misshapen(`${at} ${what}`);
}

const text =
  (pattern: RegExp): Check =>
  (value, at) => {
    if (typeof value !== 'string' || !pattern.test(value)) fail(at, `is not like ${pattern.source}`);
  };

const one =
  (...values: readonly string[]): Check =>
  (value, at) => {
    if (!values.includes(value as string)) fail(at, `is none of ${values.join(', ')}`);
  };

/** An object with these fields and no others: a misspelt one would silently do nothing. */
const object =
  (shape: Shape): Check =>
  (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(at, 'is no object');
    const fields = new Map<string, unknown>(Object.entries(value));
    for (const name of fields.keys()) if (!Object.hasOwn(shape, name)) fail(`${at}.${name}`, 'is unknown');
    for (const [name, { check, isRequired }] of Object.entries(shape)) {
      if (fields.has(name)) check(fields.get(name), `${at}.${name}`);
      else if (isRequired) fail(`${at}.${name}`, 'is missing');
    }
  };

const whole: Check = (value, at) => {
  if (!Number.isSafeInteger(value) || (value as number) <= 0) fail(at, 'is no whole number above 0');
};

const amount = object({ value: required(whole), currency: required(text(/^[A-Z]{3}$/)) });
const reference = text(/^.{1,80}$/);
const pspReference = text(/^[A-Z0-9]{16}$/);
const url = text(/^https?:\/\/[^ ]{1,1000}$/);

/** `POST /payments`, with a stored payment method. */
const PAYMENT = object({
  merchantAccount: required(text(/^.{1,80}$/)),
  amount: required(amount),
  reference: required(reference),
  merchantOrderReference: optional(text(/^.{1,1000}$/)),
  shopperReference: required(text(/^.{3,256}$/)),
  paymentMethod: required(
    object({ type: required(one('scheme')), storedPaymentMethodId: required(text(/^[A-Za-z0-9]{1,64}$/)) }),
  ),
  additionalData: optional(object({ manualCapture: required(one('true')) })),
  shopperInteraction: required(one('Ecommerce', 'ContAuth')),
  recurringProcessingModel: required(one('CardOnFile', 'Subscription', 'UnscheduledCardOnFile')),
  channel: optional(one('Web', 'iOS', 'Android')),
  returnUrl: required(url),
  authenticationData: optional(
    object({
      threeDSRequestData: required(object({ nativeThreeDS: required(one('preferred', 'disabled')) })),
    }),
  ),
  shopperStatement: optional(text(/^[A-Za-z0-9 .,'_\-?+*/]{1,22}$/)),
});

const DETAILS = object({ details: required(object({ redirectResult: required(text(/^.{1,10000}$/)) })) });

const MODIFICATION = object({
  merchantAccount: required(text(/^.{1,80}$/)),
  amount: required(amount),
  reference: optional(reference),
});

const CANCEL = object({
  merchantAccount: required(text(/^.{1,80}$/)),
  paymentReference: required(reference),
  reference: optional(reference),
});

const ROUTES: readonly (readonly [path: RegExp, check: Check])[] = [
  [/^\/payments$/, PAYMENT],
  [/^\/payments\/details$/, DETAILS],
  [/^\/payments\/[^/]+\/(captures|refunds)$/, MODIFICATION],
  [/^\/cancels$/, CANCEL],
];

/** Throws Misshapen where the request is not as Checkout 71 documents it. */
export function checkRequest(path: string, body: unknown): void {
  const route = ROUTES.find(([pattern]) => pattern.test(path));
  if (route === undefined) throw new Misshapen(`there is no ${path}`);
  route[1](body, 'body');
  const paid = /^\/payments\/([^/]+)\/(?:captures|refunds)$/.exec(path);
  if (paid !== null) pspReference(paid[1], 'paymentPspReference');
}
