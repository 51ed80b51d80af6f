/** A change as its JSON says it; see core/kernel/payments/change.ts. */
export interface Change {
  name: string;
  by: string;
  merchant?: Record<string, unknown> & { fees: unknown; routing: unknown };
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
  intent?: Record<string, unknown> & {
    merchant: string;
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
  attempts?: [number, { state: string; provider: string }][];
  operations?: {
    id: string;
    kind: string;
    state: string;
    source: string;
    amount: string;
    said: { amount: string } | null;
  }[];
  after?: {
    state: string;
    version: number;
    cancelReason: string;
    canceling: boolean;
    attention: string;
    availableAtUs: number | null;
    dueUs: number | null;
    counters: Record<string, string>;
  };
}
