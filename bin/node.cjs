#!/usr/bin/env node
'use strict';
// Runs the Node 26 that npm has installed: `node bin/node.cjs FILE.ts ARGS`.
const { launch } = require('./launch.cjs');

launch(process.argv.slice(2), { tellPid: false });
