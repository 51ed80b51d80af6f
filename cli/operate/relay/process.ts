import { runRelay } from './run.ts';

process.exit(await runRelay({ untilInputEnds: process.argv[2] === '--until-input-ends' }));
