#!/usr/bin/env node
'use strict';
// The command `florin`, on whatever Node 20 or later the machine has.
const path = require('node:path');
const flags = require('./flags.cjs');
const { launch } = require('./launch.cjs');

const asked = process.argv.slice(2);
const main = path.join(__dirname, '..', 'cli', 'main.ts');
launch([...(asked[0] === 'edge' ? flags.edge : flags.core), main, ...asked], { tellPid: true });
