'use strict';
// How V8 is to keep memory, for each kind of process.

/**
 * Of the core, and of every command that is short. Batches are big buffers outside the heap: by default V8 collects the
 * whole heap for every 64 MB of them. What lies outside may grow by a tenth between two collections, where the default of
 * three tenths is a quarter of a gibibyte.
 */
const core = [
  '--external-memory-accounted-in-global-limit',
  '--external-memory-max-growing-factor=1.1',
  '--initial-heap-size=256',
];

/**
 * Of an edge, of which there may be many: it stays below 300 MiB however much is asked of it, for a tenth more of its CPU
 * time (bench/RESULTS.md).
 */
const edge = ['--max-semi-space-size=8', '--heap-growing-percent=90'];

module.exports = { core, edge };
