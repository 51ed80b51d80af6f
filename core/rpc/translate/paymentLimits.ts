/** The bounds of florin.payments.v1, as its comments tell them. */
import {
  METADATA_ENTRIES_MAX,
  METADATA_KEY_CHARACTERS_MAX,
  METADATA_VALUE_CHARACTERS_MAX,
  REFERENCE_CHARACTERS_MAX,
} from '../../kernel/ledger/limits.ts';
import { REQUEST_BYTES_MAX } from '../limits.ts';

export const WAIT_MS_MAX = 30_000;
export const TOKEN_CHARACTERS_MAX = 255;
export const DESCRIPTION_CHARACTERS_MAX = 1_000;
export const NOTE_CHARACTERS_MAX = 256;
/** What card networks print on a statement. */
export const STATEMENT_DESCRIPTOR_CHARACTERS_MAX = 22;
export const RETURN_URL_CHARACTERS_MAX = 2_048;
export const REDIRECT_RESULT_CHARACTERS_MAX = 8_192;
export const EXPIRES_AFTER_SECONDS = { min: 60, max: 31_536_000, default: 86_400 } as const;
export const MERCHANT_NAME_CHARACTERS_MAX = 200;
export const CUSTOMER_NAME_CHARACTERS_MAX = 200;
/** 64 before the "@" and 255 behind it, RFC 5321. */
export const EMAIL_CHARACTERS_MAX = 320;
export const FEE_RULES_MAX = 100;
export const ROUTING_RULES_MAX = 100;
export const ROUTING_PROVIDERS_MAX = 20;
export const ATTEMPTS = { min: 1, max: 10, default: 3 } as const;
export const ROUTING_SAMPLE = { min: 1, max: 10_000, default: 50 } as const;
export const PPM_MAX = 1_000_000;
export const SETTLEMENT_DAYS_MAX = 60;
export const RESERVE_DAYS_MAX = 730;
/**
 * An answer of the edge, bytes of UTF-8. The longest is a payment intent whose texts are control characters: JSON writes
 * six bytes for each. One that did not fit could not be told to anybody whose money has moved.
 */
export const RECORD_BODY_BYTES_MAX = 262_144;
/** Records a call: its answer has as many bodies as it has items, and stays below the 16 MiB that requests may have. */
export const RECORDS_MAX = 60;
/** API keys; a week between a key's successor and its end. */
export const API_KEY_NAME_CHARACTERS_MAX = 200;
export const API_KEY_REVOKE_SECONDS_MAX = 7 * 86_400;
export const SCOPES_MAX = 50;
export const SCOPE_CHARACTERS_MAX = 60;
/** Webhook endpoints; a week for receivers to learn another secret. */
export const WEBHOOK_URL_CHARACTERS_MAX = 2_048;
export const WEBHOOK_EVENTS_MAX = 50;
export const WEBHOOK_DESCRIPTION_CHARACTERS_MAX = 500;
export const WEBHOOK_SECRET_SECONDS_MAX = 7 * 86_400;
/** What is handed out, logged and resent by one call. */
export const DELIVERIES_MAX = 500;
export const RESENT_EVENTS_MAX = 1_000;
export const WEBHOOK_TRY_MAX = 1_000;
export const EXCERPT_CHARACTERS_MAX = 1_024;

const ESCAPE_BYTES = 6;
/** What merchants write into a payment intent. */
const INTENT_CHARACTERS_MAX =
  METADATA_ENTRIES_MAX * (METADATA_KEY_CHARACTERS_MAX + METADATA_VALUE_CHARACTERS_MAX) +
  DESCRIPTION_CHARACTERS_MAX +
  REFERENCE_CHARACTERS_MAX +
  STATEMENT_DESCRIPTOR_CHARACTERS_MAX +
  RETURN_URL_CHARACTERS_MAX;
/** Names of fields, ids, and what a provider says of a decline. */
const INTENT_BYTES_BESIDES = 32_768;
if (INTENT_CHARACTERS_MAX * ESCAPE_BYTES + INTENT_BYTES_BESIDES > RECORD_BODY_BYTES_MAX)
  throw new Error('paymentLimits.ts: every answer about a payment intent must fit a record');
/** Of a record besides its body: id, fingerprint, status, tags and lengths. */
const RECORD_BYTES_BESIDES = 256;
if (RECORDS_MAX * (RECORD_BODY_BYTES_MAX + RECORD_BYTES_BESIDES) > REQUEST_BYTES_MAX)
  throw new Error('paymentLimits.ts: a call and its answer must fit what both sides take');

/** Keys of a merchant that are good at a time. */
export const API_KEYS_MAX = 100;
