// Who may import whom, as docs/ARCHITECTURE.md draws it. Each rule names what a folder may reach; all else is refused.

const external = ['^node:', 'node_modules'];
/** Packages for tests and the tests' own support; a rule about production code must not see them. */
const tests = '\\.test\\.ts$';

/** Suites that every adapter's own test runs. */
const CONTRACTS = '^adapters/[^/]+/contract/';
/** What stands in for a provider in its adapter's own tests. */
const TESTING = '^adapters/[^/]+/[^/]+/testing/';

/** `from` may import itself, `to`, and with `packages` what npm and Node provide. */
function only(name, from, to, { packages }) {
  const allowed = [`^${from}`, ...to.map((folder) => `^${folder}`), ...(packages ? external : [])];
  return {
    name,
    severity: 'error',
    comment: `${from} imports only: ${[from, ...to].join(', ')}${packages ? ' and packages' : ''}.`,
    from: { path: `^${from}`, pathNot: tests },
    to: { pathNot: allowed, dependencyTypesNot: packages ? ['core', 'npm', 'npm-dev'] : [] },
  };
}

const withPackages = { packages: true };

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle means that two files are one idea, or that one of them knows too much.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'not-to-tests',
      severity: 'error',
      comment: 'Nothing that runs in production imports a test or what supports tests.',
      from: { pathNot: [tests, '^test/', '^vitest', CONTRACTS, TESTING] },
      to: { path: [tests, '^test/', CONTRACTS, TESTING, 'node_modules/(vitest|fast-check)/'] },
    },
    only('kernel-is-pure', 'core/kernel/', [], { packages: false }),
    only('journal-downward', 'core/journal/', ['core/kernel/'], withPackages),
    // The ports that the writer is given, which the read models implement, stand with the writer that needs them.
    only(
      'readmodels-downward',
      'core/readmodels/',
      ['core/kernel/', 'core/journal/', 'core/shard/ports\\.ts'],
      withPackages,
    ),
    only(
      'shard-downward',
      'core/shard/',
      ['core/kernel/', 'core/journal/', 'core/readmodels/'],
      withPackages,
    ),
    only(
      'processes-downward',
      'core/processes/',
      ['core/kernel/', 'core/journal/', 'core/readmodels/', 'core/shard/'],
      withPackages,
    ),
    only(
      'deliveries-downward',
      'core/deliveries/',
      ['core/kernel/', 'core/readmodels/', 'core/shard/'],
      withPackages,
    ),
    // Envelopes speak as the services do, in messages of the same contract.
    only(
      'relay-downward',
      'core/relay/',
      [
        'core/kernel/',
        'core/journal/',
        'core/readmodels/',
        'core/rpc/translate/',
        'core/shard/ports\\.ts',
        'gen/',
      ],
      withPackages,
    ),
    only('embedded-alone', 'core/embedded/', [], withPackages),
    only(
      'rpc-serves',
      'core/rpc/',
      ['core/kernel/', 'core/shard/', 'core/readmodels/', 'core/deliveries/', 'gen/'],
      withPackages,
    ),
    only('client-knows-the-contract', 'client/', ['gen/'], withPackages),
    only('adapters-know-the-ports', 'adapters/', ['core/processes/psp\\.ts$', 'gen/'], withPackages),
    {
      name: 'providers-stand-alone',
      severity: 'error',
      comment:
        "A provider's adapter is switched by touching one folder: it knows no other, only what all share.",
      from: { path: '^adapters/([^/]+)/([^/]+)/', pathNot: ['^adapters/[^/]+/contract/'] },
      to: { path: '^adapters/', pathNot: ['^adapters/$1/$2/', '^adapters/$1/(http|contract)/'] },
    },
    {
      name: 'a-simulator-is-somebody-else',
      severity: 'error',
      comment: 'Adapter and simulated provider share no code, as if the provider were not ours.',
      from: { path: '^adapters/[^/]+/simulator/(?!server/)', pathNot: tests },
      to: { path: '^adapters/[^/]+/simulator/server/' },
    },
    {
      name: 'a-simulator-knows-no-port',
      severity: 'error',
      comment: 'A simulated provider knows nothing of ours.',
      from: { path: '^adapters/[^/]+/simulator/server/', pathNot: tests },
      to: { path: '^(core|adapters)/', pathNot: ['^adapters/[^/]+/simulator/server/'] },
    },
    // Micro benchmarks measure one inner piece each, so they may take hold of it.
    only('bench-as-a-caller', 'bench/(?!micro/)', ['bench/', 'gen/', 'client/'], withPackages),
    only('edge-over-the-wire', 'edge/', ['client/', 'gen/'], withPackages),
    {
      name: 'cli-over-the-wire',
      severity: 'error',
      comment: 'Only cli/operate may import the core; all other commands speak to it through the client.',
      from: { path: '^cli/', pathNot: ['^cli/operate/', tests] },
      to: { path: '^(core|edge|adapters|bench)/' },
    },
    {
      name: 'core-knows-no-caller',
      severity: 'error',
      from: { path: '^core/', pathNot: tests },
      to: { path: '^(client|cli|edge|adapters|bench|examples)/' },
    },
    {
      name: 'ports-not-things',
      severity: 'error',
      comment:
        'Writer, projector and lease run in a simulator: no database driver, no timers, no randomness of their own.',
      from: { path: '^core/shard/', pathNot: tests },
      to: { path: ['node_modules/(pg|pg-copy-streams)/', '^(node:)?timers', '^(node:)?fs', '^(node:)?net$'] },
    },
    {
      name: 'sql-lives-in-two-places',
      severity: 'error',
      comment: 'Only journal and readmodels talk to Postgres; embedded makes roles before there is a schema.',
      from: {
        path: '^(core|client|edge|adapters)/',
        pathNot: ['^core/(journal|readmodels|embedded)/', '^core/main\\.ts$', tests],
      },
      to: { path: 'node_modules/(pg|pg-copy-streams|node-pg-migrate)/' },
    },
  ],
  options: {
    // With the parser that dependency-cruiser picks by itself it sees no TypeScript 7 and cruises nothing.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // k6 runs these, and brings their modules along.
    exclude: { path: '^bench/k6/.*\\.js$' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.cjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
