/** Following Florin's events over NATS JetStream; apart, so that whoever does without NATS need not have its library. */
export { type NatsEventsOptions, overNats } from './overNats.ts';
