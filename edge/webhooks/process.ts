import { runDelivering } from '../run.ts';

// Behind the first argument: networks that are reached unless the environment names others.
const [, , first, ...networks] = process.argv;
// Connections that stay open for more deliveries must not keep the process.
process.exit(await runDelivering({ untilInputEnds: first === '--until-input-ends', networks }));
