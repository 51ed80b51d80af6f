import type { Uuid } from '../ledger/commands.ts';
import type { Fact } from '../ledger/facts.ts';
import type { PaymentCommand, PaymentRequest, RefundIntent, UpdateMerchant } from './commands.ts';
import type { FeeRule, Method, Reserve, Routing, RoutingRule, Terms } from './model.ts';

/** What a command says, field by field, as florin.payments.v1 names them: another body under its id is told by these. */
export function factsOfPayment(command: PaymentCommand): Fact[] {
  const head: Fact = ['id', command.op];
  switch (command.op) {
    case 'createMerchant':
      return [
        head,
        ['name', command.name],
        ['country', command.country],
        ...(command.mode === 'live' ? [['mode', command.mode] as const] : []),
        ...factsOfTerms(command),
        ...routingFacts(command.routing),
      ];
    case 'updateMerchant':
      return [head, ['merchant_id', command.merchant], ...merchantUpdateFacts(command)];
    case 'createCustomer':
      return [
        head,
        ['merchant_id', command.merchant],
        ['name', command.name],
        ['email', command.email],
        ['description', command.description],
        ['reference', command.reference],
        ['metadata', metadataFact(command.metadata)],
      ];
    case 'updateCustomer':
      return [
        head,
        ['customer_id', command.customer],
        ['name', changedFact(command.name)],
        ['email', changedFact(command.email)],
        ['description', changedFact(command.description)],
        ['reference', changedFact(command.reference)],
        ['metadata', command.metadata === null ? '' : metadataFact(command.metadata)],
      ];
    case 'createPaymentMethod':
      return [
        head,
        ['merchant_id', command.merchant],
        ...customerFact(command),
        ['type', command.type],
        ['token', command.token],
        ['billing_country', command.billingCountry],
        ['metadata', metadataFact(command.metadata)],
      ];
    case 'attachPaymentMethod':
      return [head, ['payment_method_id', command.paymentMethod], ...customerFact(command)];
    case 'detachPaymentMethod':
      return [head, ['payment_method_id', command.paymentMethod]];
    case 'createIntent':
      return [
        head,
        ['merchant_id', command.merchant],
        ...customerFact(command),
        ['amount', String(command.amount)],
        ['currency', command.currency],
        ['capture_method', command.capture],
        ['payment_method', methodFact(command.method)],
        ...storedFact(command),
        ['reference', command.reference],
        ['description', command.description],
        ['statement_descriptor', command.statementDescriptor],
        ['return_url', command.returnUrl],
        ['metadata', metadataFact(command.metadata)],
        ['expires_after_seconds', String(command.expiresAfterSeconds)],
        ['confirm', String(command.confirm)],
        ...(command.acceptsPartial === true ? [['accept_partial_approval', 'true'] as const] : []),
      ];
    case 'confirmIntent':
      return [
        head,
        ['payment_intent_id', command.intent],
        ['payment_method', methodFact(command.method)],
        ...storedFact(command),
        ...returnFact(command),
        ...(command.redirectResult === undefined
          ? []
          : [['redirect_result', command.redirectResult] as const]),
      ];
    case 'captureIntent':
      return [
        head,
        ['payment_intent_id', command.intent],
        ['amount', amountFact(command.amount)],
        ['final', String(command.final)],
      ];
    case 'cancelIntent':
      return [head, ['payment_intent_id', command.intent], ['reason', command.reason]];
    case 'refundIntent':
      return [
        head,
        ['payment_intent_id', command.intent],
        ['amount', amountFact(command.amount)],
        ...refundFacts(command),
      ];
    case 'updateRefund':
      return [
        head,
        ['payment_intent_id', command.intent],
        ['refund_id', command.refund],
        ['metadata', metadataFact(command.metadata)],
      ];
    case 'updateIntent':
      return [
        head,
        ['payment_intent_id', command.intent],
        ...customerFact(command),
        ['amount', command.amount === null ? '' : String(command.amount)],
        ['payment_method', methodFact(command.method)],
        ...storedFact(command),
        ['reference', changedFact(command.reference)],
        ['description', changedFact(command.description)],
        ...returnFact(command),
        ['metadata', command.metadata === null ? '' : metadataFact(command.metadata)],
      ];
    case 'incrementIntent':
      return [head, ['payment_intent_id', command.intent], ['amount', String(command.amount)]];
    case 'settleOperation':
      return [
        head,
        ['payment_intent_id', command.intent],
        ['operation_id', command.operation],
        ['verdict', command.verdict],
        ['note', command.note],
      ];
    case 'createApiKey':
      return [
        head,
        ['merchant_id', command.merchant],
        ['mode', command.mode],
        ['kind', command.kind],
        ['scopes', command.scopes.join(' ')],
        ['name', command.name],
        ['secret_sha256', command.secretSha256],
        ['secret_suffix', command.secretSuffix],
      ];
    case 'revokeApiKey':
      return [head, ['api_key_id', command.apiKey], ['after_seconds', String(command.afterSeconds)]];
    case 'createPaymentLink':
      return [
        head,
        ['merchant_id', command.merchant],
        ['mode', command.mode],
        ['amount', String(command.amount)],
        ['currency', command.currency],
        ['description', command.description],
        ['metadata', metadataFact(command.metadata)],
      ];
    case 'updatePaymentLink':
      return [
        head,
        ['payment_link_id', command.paymentLink],
        ['state', command.state ?? ''],
        ['metadata', command.metadata === null ? '' : metadataFact(command.metadata)],
      ];
    case 'createWebhookEndpoint':
      return [
        head,
        ['merchant_id', command.merchant],
        ['url', command.url],
        ['mode', command.mode],
        ['events', command.events.join(' ')],
        ['description', command.description],
        ['metadata', metadataFact(command.metadata)],
        ['api_version', command.apiVersion],
      ];
    case 'updateWebhookEndpoint':
      return [
        head,
        ...endpointFacts(command),
        ['url', command.url ?? ''],
        ['events', command.events?.join(' ') ?? ''],
        ['description', changedFact(command.description)],
        ['metadata', command.metadata === null ? '' : metadataFact(command.metadata)],
        ['state', command.state ?? ''],
      ];
    case 'rotateWebhookSecret':
      return [head, ...endpointFacts(command), ['old_for_seconds', String(command.oldForSeconds)]];
    case 'testWebhookEndpoint':
    case 'deleteWebhookEndpoint':
    case 'disableWebhookEndpoint':
      return [head, ...endpointFacts(command)];
    case 'resendEvents':
      return [
        head,
        ...endpointFacts(command),
        ['events', command.events.map(({ seq, index }) => `${seq}.${index}`).join(' ')],
      ];
    case 'logWebhookAttempts':
      return [head];
    // Whatever is saved under its id later is answered with what was saved first.
    case 'saveIdempotencyRecord':
      return [head];
    case 'recordOutcome':
    case 'recordEvent':
    case 'advanceIntent':
      return [head, ['payment_intent_id', command.intent]];
  }
}

export function factsOfTerms({ fees, taxPpm, taxJurisdiction, ...terms }: Terms): Fact[] {
  return [
    ['fees', feesFact(fees)],
    ['tax_ppm', String(taxPpm)],
    ['tax_jurisdiction', taxJurisdiction],
    ['fees_returned', String(terms.feesReturned)],
    ['settlement_days', String(terms.settlementDays)],
    ...(terms.reserve.ppm === 0 ? [] : [['reserve', reserveFact(terms.reserve)] as const]),
  ];
}

/** What stays as it is is no fact. */
function merchantUpdateFacts(command: UpdateMerchant): Fact[] {
  const { name, fees, tax, feesReturned, settlementDays, reserve, routing } = command;
  return [
    ...(name === null ? [] : [['name', name] as const]),
    ...(fees === null ? [] : [['fees', feesFact(fees)] as const]),
    ...(tax === null ? [] : [['tax', `${tax.taxPpm} ${tax.taxJurisdiction}`] as const]),
    ...(feesReturned === null ? [] : [['fees_returned', String(feesReturned)] as const]),
    ...(settlementDays === null ? [] : [['settlement_days', String(settlementDays)] as const]),
    ...(reserve === null ? [] : [['reserve', reserveFact(reserve)] as const]),
    ...(routing === null ? [] : routingFacts(routing)),
  ];
}

export function isRequest(command: PaymentCommand): command is PaymentRequest {
  return command.op !== 'recordOutcome' && command.op !== 'recordEvent' && command.op !== 'advanceIntent';
}

const endpointFacts = ({ merchant, endpoint }: { merchant: Uuid; endpoint: Uuid }): Fact[] => [
  ['merchant_id', merchant],
  ['webhook_endpoint_id', endpoint],
];

/** What was not said is no fact: a refund of before it could be said replays as it was. */
const refundFacts = ({ reason, reference = '', metadata = {} }: RefundIntent): Fact[] => [
  ...(reason === undefined ? [] : [['reason', reason] as const]),
  ...(reference === '' ? [] : [['reference', reference] as const]),
  ...(Object.keys(metadata).length === 0 ? [] : [['metadata', metadataFact(metadata)] as const]),
];

const amountFact = (amount: bigint | null): string => (amount === null ? 'all' : String(amount));
const customerFact = ({ customer }: { customer?: Uuid | undefined }): Fact[] =>
  customer === undefined ? [] : [['customer_id', customer]];
const storedFact = ({ paymentMethod }: { paymentMethod?: Uuid | undefined }): Fact[] =>
  paymentMethod === undefined ? [] : [['payment_method_id', paymentMethod]];
const returnFact = ({ returnUrl }: { returnUrl?: string | undefined }): Fact[] =>
  returnUrl === undefined ? [] : [['return_url', changedFact(returnUrl)]];
/** A text that was emptied differs from one that stays. */
const changedFact = (text: string | null): string => (text === null ? '' : `=${text}`);
const methodFact = (method: Method | null): string =>
  method === null ? '' : `${method.type} ${method.token}`;
const feesFact = (rules: readonly FeeRule[]): string => rules.map(feeFact).join(' ');
const reserveFact = ({ ppm, days }: Reserve): string => `${ppm}/${days}`;
const feeFact = (rule: FeeRule): string =>
  [rule.method || '*', rule.currency, rule.ppm, rule.fixed, rule.cap ?? '-'].join('/');
const ruleFact = (rule: RoutingRule): string =>
  [
    rule.currency || '*',
    rule.method || '*',
    rule.amountMin,
    rule.amountMax,
    rule.providers.join(','),
    ...(rule.country === undefined ? [] : [`country=${rule.country}`]),
    ...(rule.brand === undefined ? [] : [`brand=${rule.brand}`]),
  ].join('/');

/** What was not said is no fact: a merchant of before the contract knew of it replays as it was. */
function routingFacts({ strategy, attemptsMax, rules, weights, shares, exploration }: Routing): Fact[] {
  const facts: Fact[] = [
    ['routing.strategy', strategy],
    ['routing.attempts_max', String(attemptsMax)],
    ['routing.rules', rules.map(ruleFact).join(' ')],
  ];
  if (weights !== undefined) {
    const { authRatePpm, costPpm, latencyPpm, reliabilityPpm } = weights;
    facts.push(['routing.weights', [authRatePpm, costPpm, latencyPpm, reliabilityPpm].join('/')]);
  }
  if (shares !== undefined)
    facts.push(['routing.shares', shares.map(({ provider, ppm }) => `${provider}=${ppm}`).join(' ')]);
  if (exploration !== undefined)
    facts.push(['routing.exploration', `${exploration.sharePpm}/${exploration.sampleMin}`]);
  return facts;
}

function metadataFact(metadata: Record<string, string>): string {
  const entries = Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries);
}
