import type { MethodType, OperationKind } from '../kernel/payments/model.ts';

/** What the service of providers asks of the processes that call them: plain values, as they are at this moment. */
export interface ProviderReads {
  /** In the order of the configuration. */
  accounts(): ProviderRow[];
}

interface FeeRow {
  readonly ppm: number;
  /** Minor units. */
  readonly fixed: bigint;
}

export interface ProviderRow {
  readonly name: string;
  /** What the configuration calls its adapter. */
  readonly kind: string;
  readonly capabilities: {
    /** Whether it moves real money. */
    readonly live: boolean;
    readonly methods: readonly MethodType[];
    readonly currencies: readonly string[];
    /** Minor units by currency; 1 where absent. */
    readonly minimum: Readonly<Record<string, bigint>>;
    readonly maximum: bigint;
    readonly partialCapture: boolean;
    readonly multipleCaptures: boolean;
    readonly increment: boolean;
    readonly partialRefund: boolean;
    readonly sale: boolean;
    readonly authorizationSeconds: number;
    readonly keySeconds: number;
    readonly consistencyMs: number;
    /** null where it lists no events. */
    readonly events: { readonly keptSeconds: number } | null;
    readonly settlementReport: boolean;
  };
  readonly cost: FeeRow & {
    readonly lines?: readonly (FeeRow & {
      readonly brand?: string;
      readonly countries?: readonly string[];
    })[];
  };
  readonly isUp: boolean;
  readonly breakers: readonly {
    kind: OperationKind | 'query';
    state: 'closed' | 'half_open' | 'open';
  }[];
  readonly seen: {
    readonly calls: number;
    readonly reliability: number;
    readonly latencyMs: number;
    readonly segments: readonly {
      method: MethodType;
      currency: string;
      attempts: number;
      authorized: number;
      authRate: number;
    }[];
  };
}
