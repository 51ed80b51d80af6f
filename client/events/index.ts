/** Following Florin's events: one way to subscribe, over NATS or without. */
export { type Inbox, MemoryInbox, type Place, SqliteInbox } from './inbox.ts';
export { type NatsEventsOptions, overNats } from './overNats.ts';
export { overRpc, type RpcEventsOptions } from './overRpc.ts';
export type { Gap } from './receiver.ts';
export type { StreamName } from './streams.ts';
export { type EventSource, subscribe, type SubscribeOptions, type Subscription } from './subscribe.ts';
