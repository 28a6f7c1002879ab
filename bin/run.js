#!/usr/bin/env node
// CommonJS by bin/package.json: starting the loader for ES modules would cost a tenth of a short command.
// Written so that Node 12 can still read it and say what is wrong.
'use strict';

const { existsSync, realpathSync } = require('fs');
const { dirname, join } = require('path');

const OLDEST = [22, 22, 0];
const root = dirname(dirname(realpathSync(__filename)));

function isOldNode() {
  const version = process.versions.node.split('.').map(Number);
  const at = OLDEST.findIndex((part, index) => part !== version[index]);
  return at !== -1 && version[at] < OLDEST[at];
}

function fail(message) {
  process.stderr.write(message + '\n');
  process.exitCode = 1;
}

function start() {
  const bundle = join(root, 'dist', 'cli', 'main.cjs');
  if (!existsSync(bundle)) {
    fail('koubou is not built yet: run `npm run build` in ' + root);
    return;
  }
  const load = require('./load.js');
  load(bundle, load.cacheFolder(root), process.argv[2]);
}

function startUnderOwnNode() {
  const node = join(root, 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(node)) {
    const needs =
      'koubou needs Node ' + OLDEST.join('.') + ' or newer; this is ' + process.versions.node + '.';
    fail(needs + ' `npm ci` in ' + root + ' installs one for koubou alone.');
    return;
  }
  const { spawn } = require('child_process');
  const child = spawn(node, [__filename].concat(process.argv.slice(2)), { stdio: 'inherit' });

  // A terminal sends these two to both processes; sent on as well, one Ctrl-C would count as two.
  const terminal = [0, 1, 2].some(require('tty').isatty);
  const passOn = (signal) => () => {
    if (signal === 'SIGTERM' || !terminal) child.kill(signal);
  };
  const listeners = {};
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    listeners[signal] = passOn(signal);
    process.on(signal, listeners[signal]);
  }
  child.on('error', (error) => fail('koubou could not start ' + node + ': ' + error.message));
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code;
      return;
    }
    if (listeners[signal]) process.removeListener(signal, listeners[signal]);
    process.kill(process.pid, signal);
  });
}

if (isOldNode()) startUnderOwnNode();
else start();
