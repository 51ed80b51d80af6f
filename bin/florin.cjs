#!/usr/bin/env node
'use strict';
// The command `florin`, on whatever Node 20 or later the machine has.
const path = require('node:path');
const { launch } = require('./launch.cjs');

launch([path.join(__dirname, '..', 'cli', 'main.ts'), ...process.argv.slice(2)], { tellPid: true });
