export type { PaymentReads, Reads } from './reads.ts';
export type { MethodMeter, RpcMetrics } from './serve/observer.ts';
export { type RpcOptions, type RpcServer, startRpc } from './server.ts';
