#!/usr/bin/env node
'use strict';
// The command `florin`, on whatever Node 20 or later the machine has.
const path = require('node:path');
const { launch } = require('./launch.cjs');

// Batches are big buffers outside the heap: by default V8 collects the whole heap for every 64 MB of them. What lies
// outside may grow by a tenth between two collections, where the default of three tenths is a quarter of a gibibyte.
const flags = [
  '--external-memory-accounted-in-global-limit',
  '--external-memory-max-growing-factor=1.1',
  '--initial-heap-size=256',
];

launch([...flags, path.join(__dirname, '..', 'cli', 'main.ts'), ...process.argv.slice(2)], { tellPid: true });
