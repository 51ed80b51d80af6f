/** Following Florin's events: one way to subscribe, from the core itself or, by florin/events/nats, over NATS. */
export { type Inbox, MemoryInbox, type Place, SqliteInbox } from './inbox.ts';
export { overRpc, type RpcEventsOptions } from './overRpc.ts';
export type { Gap } from './receiver.ts';
export type { StreamName } from './streams.ts';
export { type EventSource, subscribe, type SubscribeOptions, type Subscription } from './subscribe.ts';
