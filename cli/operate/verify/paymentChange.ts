/** What is agreed with a merchant about money. */
export interface TermsTold {
  fees: { method: string; currency: string; ppm: number; fixed: string; cap: string | null }[];
  taxPpm: number;
  taxJurisdiction: string;
  feesReturned: boolean;
  settlementDays: number;
  reserve: { ppm: number; days: number };
}

/** One thing that a merchant is told. */
export interface ToldChange {
  type: string;
  about?: string;
  /** Numbers of endpoints. */
  to?: number[];
}

/** A change as its JSON says it; see core/kernel/payments/change.ts. */
export interface Change {
  name: string;
  by: string;
  merchant?: {
    name: string;
    country: string;
    routing: unknown;
    version: number;
    terms: TermsTold;
    termsNumber: number;
    mode?: string;
  };
  customer?: {
    merchant: string;
    name: string;
    email: string;
    description: string;
    reference: string;
    metadata: [string, string][];
    createdUs: number;
    version: number;
  };
  paymentMethod?: {
    merchant: string;
    customer: string | null;
    state: string;
    type: string;
    token: string;
    billingCountry: string;
    metadata: [string, string][];
    createdUs: number;
    version: number;
  };
  apiKey?: {
    merchant: string;
    mode: string;
    kind: string;
    scopes: string[];
    name: string;
    secretSha256: string;
    secretSuffix: string;
    createdUs: number;
    revokedAtUs: number | null;
    version: number;
  };
  paymentLink?: {
    merchant: string;
    mode: string;
    state: string;
    amount: string;
    currency: string;
    description: string;
    metadata: [string, string][];
    createdUs: number;
    version: number;
  };
  told?: { merchant: string; events: ToldChange[] };
  /** Of an event of a webhook endpoint, which is one of its merchant. */
  merchantVersion?: number;
  endpoint?: {
    id: string;
    number: number;
    url: string;
    mode: string;
    events: string[];
    description: string;
    metadata: [string, string][];
    apiVersion: string;
    state: string;
    disabledReason: string;
    secretGeneration: number;
    oldSecretUntilUs: number;
    createdUs: number;
    version: number;
  };
  tries?: {
    merchant: string;
    endpoint: number;
    seq: number;
    index: number;
    /** Absent in old journals. */
    askedSeq?: number;
    try: number;
    startedUs: number;
    tookMs: number;
    status: number;
    error: string;
    excerpt: string;
    nextUs: number | null;
  }[];
  resend?: { merchant: string; to: number; events: [seq: number, index: number][] };
  record?: { fingerprint: string; status: number; body: string };
  intent?: Record<string, unknown> & {
    merchant: string;
    termsNumber: number;
    customer: string | null;
    metadata: [string, string][];
    method: { type: string } | null;
  };
  method?: { type: string };
  updated?: {
    customer: string | null;
    amount: string;
    reference: string;
    description: string;
    metadata: [string, string][];
  };
  attempts?: [number, { state: string; provider: string; method: { type: string } }][];
  operations?: {
    id: string;
    kind: string;
    state: string;
    /** '' where nobody asked for it. */
    request: string;
    source: string;
    attempt: number;
    amount: string;
    said: { amount: string } | null;
    foreign?: true;
  }[];
  disputes?: { id: string; state: string; source?: string }[];
  after?: {
    state: string;
    version: number;
    cancelReason: string;
    canceling: boolean;
    attention: string;
    availableAtUs: number | null;
    owing: string;
    reserves: { amount: string; untilUs: number }[];
    dueUs: number | null;
    counters: Record<string, string>;
  };
}
