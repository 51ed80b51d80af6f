/** A webhook as it came: body byte by byte, names of headers in lower case. */
export interface RawWebhook {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** What became of one. */
export type TakenWebhook =
  | { done: 'kept'; events: number }
  | { done: 'unknown_provider' | 'not_genuine' }
  | { done: 'unreadable' | 'later'; why: string };

/** Checks what a provider has sent by itself, and answers once what it tells is durable. */
export type TakeWebhook = (provider: string, webhook: RawWebhook) => Promise<TakenWebhook>;
