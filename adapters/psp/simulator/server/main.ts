import { runSimulator } from './run.ts';

// Connections of callers that still wait for an answer must not keep the process.
process.exit(
  await runSimulator({
    untilInputEnds: process.argv[2] === '--until-input-ends',
    webhookUrl: process.argv[3],
  }),
);
