import type { Uuid } from '../ledger/commands.ts';

/** Where a merchant is told what happens. Its secret is derived by whoever signs: nothing here could tell it. */
export interface WebhookEndpoint {
  id: Uuid;
  /** Among its merchant's, from 1; never given twice. */
  number: number;
  /** https, or http where the operator allows it; at most 2,048 characters. */
  url: string;
  mode: 'test' | 'live';
  /** Types of what it is told, or '*' for all. */
  events: readonly string[];
  description: string;
  metadata: Record<string, string>;
  /** The dated form of the API in which it is told. */
  apiVersion: string;
  state: 'enabled' | 'disabled';
  /** Why it is told nothing any more, for people; '' while it is enabled. */
  disabledReason: string;
  /** Of its secret, from 1. */
  secretGeneration: number;
  /** Until when the generation before signs too, microseconds; 0 for not at all. */
  oldSecretUntilUs: number;
  createdUs: number;
  /** Changes so far, from 1. */
  version: number;
}

/** One try to tell an endpoint something. */
export interface WebhookAttempt {
  merchant: Uuid;
  /** The endpoint's number. */
  endpoint: number;
  /** What is told: the event, and which of what is told of it. */
  seq: number;
  index: number;
  /** The event that asked for it when it was handed out: the one that is told, or the last resend; absent in old journals. */
  askedSeq?: number;
  /** From 1, since then. */
  try: number;
  startedUs: number;
  tookMs: number;
  /** The HTTP status; 0 where there was no answer. */
  status: number;
  /** Why there was none, a stable word; '' where there was. */
  error: string;
  /** What was answered, its first kilobyte. */
  excerpt: string;
}
