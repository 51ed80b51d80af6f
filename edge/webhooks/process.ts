import { runDelivering } from '../run.ts';

// Connections that stay open for more deliveries must not keep the process.
process.exit(await runDelivering({ untilInputEnds: process.argv[2] === '--until-input-ends' }));
