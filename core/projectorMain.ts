import { parentPort, workerData } from 'node:worker_threads';
import { PgProjectionStore } from './readmodels/projection/pgStore.ts';
import { Projector } from './readmodels/projector.ts';
import type { CoreCalls, ProjectorCalls, ProjectorThreadData } from './readmodels/thread/calls.ts';
import { Peer, type Port } from './readmodels/thread/peer.ts';
import { RemoteFeed } from './readmodels/thread/remoteFeed.ts';
import { systemTimers } from './timers.ts';

/** The thread that projects: what core/readmodels/thread/projectorThread.ts talks to. */
const { servers, sealKey } = workerData as ProjectorThreadData;
const core: Peer<ProjectorCalls, CoreCalls> = new Peer<ProjectorCalls, CoreCalls>(parentPort as Port, {
  start: async (heights) => {
    for (const [shard, height] of heights) feed.committed(shard, height);
    await projector.start();
  },
  stop: () => projector.stop(),
  pause: () => projector.pause(),
  resume: () => projector.resume(),
  committed: (shard, height) => feed.committed(shard, height),
  waitForSeq: (shard, seq, timeoutMs) => projector.waitForSeq(shard, seq, timeoutMs),
});
const feed = new RemoteFeed((shard, fromHeight, bounds) => core.ask('read', shard, fromHeight, bounds));
const projector = new Projector({
  feed,
  timers: systemTimers,
  targets: servers.map(({ url, shards }) => ({ store: new PgProjectionStore({ url }), shards })),
  sealKey,
  log: (event) => core.tell('happened', event),
  onAdvanced: (_, { shard, height, seq, blockTimeUs }) =>
    core.tell('advanced', { shard, height, seq, blockTimeUs }),
});
