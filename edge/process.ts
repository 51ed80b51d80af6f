import { runEdge } from './run.ts';

// Connections that stay open for more requests must not keep the process.
process.exit(await runEdge({ untilInputEnds: process.argv[2] === '--until-input-ends' }));
