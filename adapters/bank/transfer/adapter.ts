import {
  type AuthorizeCall,
  type CallContext,
  type DeclineCode,
  type Declined,
  type FollowUpCall,
  type PspAdapter,
  type PspCapabilities,
  type PspEvent,
  type PspOutcome,
  type QueryCall,
  type QueryOutcome,
  UnreadableWebhook,
  type Unknown,
  type Uuid,
} from '../../../core/processes/psp.ts';
import { type Account, accountOf, plain } from './account.ts';
import { BankFolder } from './folder.ts';
import { pain001 } from './pain001.ts';
import { reasonOf } from './reasons.ts';

export interface TransferAdapterOptions {
  /** The folder that is shared with the bank; it is made where it is not there. */
  readonly folder: string;
  /** Where payers' money goes and refunds come from: "DE89370400440532013000/Florin Ltd". */
  readonly account: string;
  /** Whether there is a real bank behind the folder. */
  readonly isLive: boolean;
  /** For dates of messages, milliseconds since 1970. */
  readonly nowMs: () => number;
}

const DAY_SECONDS = 86_400;

const CAPABILITIES: Omit<PspCapabilities, 'live'> = {
  methods: ['credit_transfer'],
  currencies: ['EUR'],
  minimum: {},
  // The scheme's own limit: 999,999,999.99.
  maximum: 99_999_999_999n,
  partialCapture: false,
  multipleCaptures: false,
  increment: false,
  partialRefund: true,
  sale: true,
  authorizationSeconds: 7 * DAY_SECONDS,
  // Records are kept for ever; a hundred years is a number that sums still work with.
  keySeconds: 36_525 * DAY_SECONDS,
  // A record is on the disk before anything is handed over.
  consistencyMs: 0,
  provenByEvents: false,
  events: null,
  settlementReport: false,
};

/** What is recorded under an operation's id, before anything is done about it. */
type Kept =
  | {
      readonly kind: 'transfer';
      readonly amount: string;
      readonly payer: string;
      readonly refundOf: Uuid | '';
    }
  | { readonly kind: 'void'; readonly target: Uuid }
  /** Voided or refunded before it came: it never will. */
  | { readonly kind: 'closed' };

/** Credit transfers by file: see adapters/bank/transfer/README.md. */
export class TransferAdapter implements PspAdapter {
  readonly name = 'bank_transfer';
  readonly capabilities: PspCapabilities;
  readonly #folder: BankFolder;
  readonly #account: Account;
  readonly #nowMs: () => number;
  /** One thing at a time: two tries of one operation must not both hand it over. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ folder, account, isLive, nowMs }: TransferAdapterOptions) {
    const own = accountOf(account);
    if (own === null) throw new RangeError('FLORIN_BANK_ACCOUNT has to be "IBAN/name"');
    if (folder === '') throw new RangeError('FLORIN_BANK_FOLDER has to name a folder');
    this.capabilities = { ...CAPABILITIES, live: isLive };
    this.#folder = new BankFolder(folder);
    this.#account = own;
    this.#nowMs = nowMs;
  }

  authorize(call: AuthorizeCall, context: CallContext): Promise<PspOutcome> {
    if (!call.capture) return Promise.resolve(declined('operation_not_allowed', 'authorization_not_offered'));
    if (accountOf(call.token) === null) return Promise.resolve(declined('invalid_account', 'no_account'));
    const { operation, amount, currency, token, statementDescriptor } = call;
    return this.#inTurn(context, () =>
      this.#transfer({
        operation,
        amount,
        currency,
        payer: token,
        refundOf: '',
        remittance: statementDescriptor,
      }),
    );
  }

  continue(): Promise<PspOutcome> {
    return Promise.resolve(declined('operation_not_allowed', 'continue_not_offered'));
  }

  increment(): Promise<PspOutcome> {
    return Promise.resolve(declined('operation_not_allowed', 'increment_not_offered'));
  }

  capture(): Promise<PspOutcome> {
    return Promise.resolve(declined('operation_not_allowed', 'capture_not_offered'));
  }

  /** Takes the message back while the bank has not fetched it. */
  void({ operation, target }: FollowUpCall, context: CallContext): Promise<PspOutcome> {
    return this.#inTurn(context, async () => {
      await this.#folder.record(idOf(operation), textOf({ kind: 'void', target }));
      // From here on a transfer under that reference is refused, unless it was there before.
      const kept = await this.#keep(target, { kind: 'closed' });
      if (kept.kind === 'transfer') await this.#folder.withdraw(idOf(target));
      return this.#voided(operation, target);
    });
  }

  refund(call: FollowUpCall, context: CallContext): Promise<PspOutcome> {
    const { operation, target, amount, currency } = call;
    return this.#inTurn(context, async () => {
      const sale = await this.#keep(target, { kind: 'closed' });
      if (sale.kind !== 'transfer' || sale.refundOf !== '')
        return declined('operation_not_allowed', 'never_received');
      const report = await this.#folder.reportOf(idOf(target));
      // Not "operation_not_allowed": that would say that it never will be received.
      if (report?.status !== 'settled') return declined('not_permitted', 'not_settled');
      if (amount > BigInt(sale.amount)) return declined('amount_not_allowed', 'above_the_transfer');
      const { payer } = sale;
      return this.#transfer({ operation, amount, currency, payer, refundOf: target, remittance: 'Refund' });
    });
  }

  async query({ operation }: QueryCall): Promise<QueryOutcome> {
    try {
      const kept = await this.#keptOf(operation);
      switch (kept?.kind) {
        case undefined:
          return { done: 'not_found' };
        case 'closed':
          return declined('operation_not_allowed', 'closed');
        case 'void':
          return await this.#voided(operation, kept.target);
        case 'transfer':
          return await this.#transferred(operation, kept.amount);
      }
    } catch (error) {
      return unknown(error);
    }
  }

  /** A bank sends files and no webhooks. */
  verifyWebhook(): boolean {
    return false;
  }

  parseWebhook(): PspEvent[] {
    throw new UnreadableWebhook('a bank sends no webhooks');
  }

  async #transfer(order: {
    operation: Uuid;
    amount: bigint;
    currency: string;
    payer: string;
    refundOf: Uuid | '';
    remittance: string;
  }): Promise<PspOutcome> {
    const { operation, amount, currency, payer, refundOf, remittance } = order;
    if (currency !== 'EUR') return declined('currency_not_supported', 'no_exponent');
    const counterparty = accountOf(payer);
    if (counterparty === null) return declined('invalid_account', 'no_account');
    const id = idOf(operation);
    const wanted: Kept = { kind: 'transfer', amount: amount.toString(), payer, refundOf };
    const isNew = (await this.#folder.recordOf(id)) === null;
    const kept = await this.#keep(operation, wanted);
    if (kept.kind !== 'transfer') return declined('operation_not_allowed', kept.kind);
    if (textOf(kept) !== textOf(wanted)) return unknown('another transfer has this reference');
    if (isNew)
      await this.#folder.hand(
        id,
        pain001({
          id,
          amount,
          debtor: refundOf === '' ? counterparty : this.#account,
          creditor: refundOf === '' ? this.#account : counterparty,
          remittance: plain(remittance, 140),
          initiator: this.#account.name,
          createdMs: this.#nowMs(),
        }),
      );
    return this.#transferred(operation, kept.amount);
  }

  /** How a transfer stands by its files and the bank's reports. */
  async #transferred(
    operation: Uuid,
    amount: string,
  ): Promise<Exclude<QueryOutcome, { done: 'not_found' | 'requires_action' }>> {
    const id = idOf(operation);
    const report = await this.#folder.reportOf(id);
    if (report?.status === 'settled')
      return {
        done: 'succeeded',
        amount: BigInt(amount),
        currency: 'EUR',
        providerReference: id,
        cost: null,
        expiresAtMs: null,
      };
    if (report?.status === 'rejected')
      return { ...declined(reasonOf(report.reason), report.reason || 'RJCT'), providerReference: id };
    const handed = await this.#folder.handedOf(id);
    if (handed === 'withdrawn') return declined('operation_not_allowed', 'withdrawn');
    if (handed === 'perhaps' && report === null)
      return unknown('it was perhaps handed over: the bank will report');
    return { done: 'accepted', providerReference: id };
  }

  async #voided(operation: Uuid, target: Uuid): Promise<Exclude<QueryOutcome, { done: 'not_found' }>> {
    const kept = await this.#keptOf(target);
    if (kept?.kind !== 'transfer') return declined('operation_not_allowed', 'never_received');
    // The bank has it: what becomes of it is in its report, so this must not read as "never received".
    if ((await this.#folder.handedOf(idOf(target))) !== 'withdrawn')
      return declined('not_permitted', 'fetched_by_the_bank');
    return {
      done: 'succeeded',
      amount: BigInt(kept.amount),
      currency: 'EUR',
      providerReference: idOf(operation),
      cost: null,
      expiresAtMs: null,
    };
  }

  /** Keeps a record unless there is one, and answers the one that stands. */
  async #keep(operation: Uuid, kept: Kept): Promise<Kept> {
    return JSON.parse(await this.#folder.record(idOf(operation), textOf(kept))) as Kept;
  }

  async #keptOf(operation: Uuid): Promise<Kept | null> {
    const text = await this.#folder.recordOf(idOf(operation));
    return text === null ? null : (JSON.parse(text) as Kept);
  }

  /** One after another. What fails in the midst is unknown: the record tells afterwards. */
  #inTurn(context: CallContext, task: () => Promise<PspOutcome>): Promise<PspOutcome> {
    if (context.signal?.aborted === true)
      return Promise.resolve({ done: 'not_sent', why: 'given up before it began' });
    const ran = this.#turn.then(async (): Promise<PspOutcome> => {
      try {
        await this.#folder.prepare();
      } catch (error) {
        return { done: 'not_sent', why: whyOf(error) };
      }
      return task().catch(unknown);
    });
    this.#turn = ran;
    return ran;
  }
}

/** Without dashes: 32 of the 35 characters that a bank takes. */
function idOf(operation: Uuid): string {
  return operation.replaceAll('-', '');
}

function textOf(kept: Kept): string {
  return JSON.stringify(kept);
}

function declined(code: DeclineCode, providerCode: string): Declined {
  return { done: 'declined', code, providerCode, providerReference: '' };
}

function unknown(why: unknown): Unknown {
  return { done: 'unknown', why: whyOf(why) };
}

function whyOf(why: unknown): string {
  if (typeof why === 'string') return why;
  if (!(why instanceof Error)) return 'it failed';
  return 'code' in why && typeof why.code === 'string' ? why.code : why.message.slice(0, 200);
}
