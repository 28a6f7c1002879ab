// Loads a file of the bundle with V8's code cache of what ran in it before. Node's own compile cache (module.enableCompileCache)
// is made right after a file is compiled, without the functions that are compiled when they are first called: for a short
// command those are most of them. docs/decisions/0009-code-cache.md has the figures.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const Module = require('module');
const { dirname, join } = require('path');
const vm = require('vm');

// The first calls of a command add what each of them used; later ones only read.
const WRITERS = 3;
const HEADER = 160;

// `command` may be any word that somebody typed.
module.exports = function load(bundle, folder, command) {
  const name = /^[a-z]{1,20}$/.test(command) ? command : 'other';
  const scripts = [];
  loadFile(bundle, (file) => cacheOf(folder, file, name), scripts);
  process.on('exit', (code) => {
    if (code === 0 && !process.exitCode) scripts.forEach(write);
  });
};

// Beside the bundle, where that can be written to; `root`: of the package. Else in the user's own folder, which the system
// names: what is in a cache is run, and a folder that a variable names may have come with a project.
module.exports.cacheFolder = function cacheFolder(root) {
  const inside = join(root, 'dist', 'cli');
  try {
    fs.accessSync(inside, fs.constants.W_OK);
    return join(inside, '.cache');
  } catch {
    return join(ownFolder(), '.cache', 'koubou');
  }
};

function ownFolder() {
  try {
    return require('os').userInfo().homedir;
  } catch {
    // A user without an entry, as in containers: nothing can be made there, so nothing is kept.
    return '/dev/null';
  }
}

function cacheOf(folder, file, name) {
  return join(
    folder,
    `${process.version}-${process.arch}`,
    `${file.slice(dirname(file).length + 1)}.${name}`,
  );
}

function loadFile(file, cacheFor, scripts) {
  const modules = new Map();
  const beside = dirname(file);
  const plain = Module.createRequire(file);
  const run = (path) => {
    const module = new Module(path);
    module.filename = path;
    modules.set(path, module);
    compile(path, cacheFor(path), scripts).call(
      module.exports,
      module.exports,
      require,
      module,
      path,
      beside,
    );
    return module.exports;
  };
  const require = (id) => {
    if (!id.startsWith('./')) return plain(id);
    const path = join(beside, id);
    const known = modules.get(path);
    return known ? known.exports : run(path);
  };
  require.resolve = plain.resolve;
  return run(file);
}

// The build writes the hash of a file into its first line: V8 itself compares no more than the length of a source.
function compile(path, cache, scripts) {
  const source = fs.readFileSync(path, 'utf8');
  const hash = /^\/\/ ([\da-f]{64})\n/.exec(source.slice(0, HEADER));
  const kept = hash ? read(cache, hash[1]) : undefined;
  const script = new vm.Script(Module.wrap(source), { filename: path, cachedData: kept && kept.data });
  const written = kept && !script.cachedDataRejected ? kept.written : 0;
  if (hash && written < WRITERS) scripts.push({ script, cache, hash: hash[1], written: written + 1 });
  return script.runInThisContext();
}

function read(cache, hash) {
  let bytes;
  try {
    bytes = readOwn(cache);
  } catch {
    return undefined;
  }
  if (bytes === undefined) return undefined;
  const [known, written, sum] = bytes.latin1Slice(0, HEADER).split(' ');
  const data = bytes.subarray(HEADER);
  // V8 does not check what it runs: by one damaged page every later call would crash.
  return known === hash && sum === sumOf(data) ? { data, written: Number(written) } : undefined;
}

function sumOf(data) {
  return crypto.createHash('sha256').update(data).digest('hex');
}

// What stands in a cache is run: undefined for one that another user made or may have written to. A pipe is not waited for.
function readOwn(path) {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
  const file = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const facts = fs.fstatSync(file);
    const isOwn = !process.getuid || (facts.uid === process.getuid() && (facts.mode & 0o022) === 0);
    return facts.isFile() && isOwn ? fs.readFileSync(file) : undefined;
  } finally {
    fs.closeSync(file);
  }
}

// Without a cache everything works, only slower: so whatever fails here is passed over.
function write({ script, cache, hash, written }) {
  const fresh = `${cache}.new`;
  let file;
  try {
    fs.mkdirSync(dirname(cache), { recursive: true, mode: 0o700 });
    file = fs.openSync(fresh, 'wx', 0o600);
  } catch {
    // Somebody else writes it, or was killed meanwhile: then the next one may.
    try {
      fs.unlinkSync(fresh);
    } catch {}
    return;
  }
  try {
    const data = script.createCachedData();
    const header = Buffer.from(`${hash} ${written} ${sumOf(data)} `.padEnd(HEADER));
    fs.writeFileSync(file, Buffer.concat([header, data]));
    // Renamed before it is on the disk, it might be found torn after a power cut.
    fs.fsyncSync(file);
    fs.closeSync(file);
    file = undefined;
    fs.renameSync(fresh, cache);
  } catch {
    try {
      if (file !== undefined) fs.closeSync(file);
      fs.unlinkSync(fresh);
    } catch {}
  }
}
