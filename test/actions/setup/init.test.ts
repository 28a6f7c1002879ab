import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type InitRequest, init } from '../../../src/actions/setup/init.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { readAgentYaml } from '../../../src/config/read-yaml.ts';
import { createFileHome } from '../../../src/queue/files/layout/create-home.ts';
import { openQueue } from '../../../src/queue/open.ts';
import { worded } from '../../../src/say/say.ts';
import { temporaryFolder, writeFiles } from '../../config/temporary-home.ts';
import { startScriptedServer, steps } from '../../support/servers/scripted-server.ts';
import { type FakeServer, startModelServer } from '../model-server.ts';

const NOWHERE = '127.0.0.1:1';

describe('init', () => {
  const folder = temporaryFolder();
  const home = () => join(folder(), '.koubou');
  const agentYaml = () => readFileSync(join(home(), 'config', 'agent.yaml'), 'utf8');
  const config = () => readAgentYaml(agentYaml(), 'agent.yaml').config;

  const servers: FakeServer[] = [];
  const serve = async (models: Parameters<typeof startModelServer>[0]) => {
    const server = await startModelServer(models);
    servers.push(server);
    return `127.0.0.1:${server.port}`;
  };
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  const run = async (environment: Record<string, string> = {}, rest: Partial<InitRequest> = {}) =>
    worded(
      await init({
        cwd: folder(),
        environment: {
          HOME: join(folder(), 'user'),
          OLLAMA_HOST: NOWHERE,
          OPENAI_API_BASE: `http://${NOWHERE}/v1`,
          ...environment,
        },
        global: false,
        claude: false,
        allowNetworkFs: false,
        openQueue,
        makeHome: createFileHome,
        ...rest,
      }),
    );

  /** Path and content of every file, and every folder. */
  const everything = () =>
    readdirSync(folder(), { recursive: true, withFileTypes: true }).map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return entry.isFile() ? `${path} ${statSync(path).mtimeMs} ${readFileSync(path, 'utf8')}` : path;
    });

  it('makes a home that holds a queue and is ignored by git', async () => {
    const result = await run();
    assert.equal(result.home, home());
    assert.ok(result.made.includes(home()));
    assert.equal(statSync(home()).mode & 0o777, 0o700);
    assert.equal(readFileSync(join(home(), '.gitignore'), 'utf8'), '*\n');
    assert.ok(existsSync(join(home(), 'tasks', 'pending')));
    assert.equal(statSync(join(home(), 'config', '.env')).mode & 0o777, 0o600);
  });

  it('chooses a model of Ollama that can answer and lies on this machine', async () => {
    const host = await serve({
      ollama: {
        'nomic-embed-text:latest': ['embedding'],
        'qwen3-coder:480b-cloud': ['completion'],
        'llama3.2:3b': ['completion', 'tools'],
        'other:1b': ['completion'],
      },
    });
    const result = await run({ OLLAMA_HOST: host });
    const { endpoints, runners, routing } = config();
    assert.deepEqual(endpoints, { ollama: { kind: 'ollama', url: `http://${host}`, max_concurrent: 1 } });
    assert.deepEqual(Object.keys(runners), ['ollama', 'command']);
    assert.equal(runners['ollama']?.kind === 'ollama' && runners['ollama'].model, 'llama3.2:3b');
    assert.deepEqual(routing.default, { general: 'ollama', code: 'ollama', command: 'command' });
    assert.match(result.said.join('\n'), /with 2 models that can answer prompts\.\n.*model llama3\.2:3b/);
    assert.deepEqual(result.next, ["koubou delegate --wait 'Say hello in one line.'", 'koubou status']);
  });

  it('prefers gpt-oss, and takes the models of an Ollama that tells no capabilities', async () => {
    await run({ OLLAMA_HOST: await serve({ ollama: { 'a:1b': null, 'gpt-oss:20b': null } }) });
    const runner = config().runners['ollama'];
    assert.equal(runner?.kind === 'ollama' && runner.model, 'gpt-oss:20b');
  });

  it('works with LM Studio alone', async () => {
    const host = await serve({ openai: ['text-embedding-nomic', 'qwen3'] });
    await run({ OPENAI_API_BASE: `http://${host}/v1` });
    const { endpoints, runners, routing } = config();
    assert.deepEqual(endpoints, {
      lmstudio: { kind: 'openai', url: `http://${host}/v1`, max_concurrent: 1 },
    });
    assert.deepEqual(runners['openai'], { kind: 'openai', endpoint: 'lmstudio', model: 'qwen3' });
    assert.deepEqual(routing.default, { general: 'openai', code: 'openai', command: 'command' });
  });

  it('uses both where both are there, the model that the environment names, and a key', async () => {
    const host = await serve({ ollama: { 'a:1b': ['completion'] }, openai: ['b', 'c'], key: 'sk-hidden-42' });
    await run({
      OLLAMA_HOST: host,
      OPENAI_API_BASE: `http://${host}/v1`,
      LMSTUDIO_MODEL: 'c',
      OPENAI_API_KEY: 'sk-hidden-42',
    });
    const { endpoints, runners, routing } = config();
    assert.equal(endpoints['lmstudio']?.api_key_env, 'OPENAI_API_KEY');
    assert.deepEqual(runners['openai'], { kind: 'openai', endpoint: 'lmstudio', model: 'c' });
    assert.equal(routing.default.general, 'ollama');
    assert.doesNotMatch(agentYaml(), /sk-hidden-42/);
  });

  it('says that a server wants a key', async () => {
    const host = await serve({ openai: ['b'], key: 'sk-hidden-42' });
    const { said } = await run({ OPENAI_API_BASE: `http://${host}/v1` });
    assert.match(said.join('\n'), /wants a key: write OPENAI_API_KEY into config\/\.env/);
  });

  it('writes a config for Ollama where nothing is found, and says how to go on', async () => {
    const result = await run();
    assert.equal(config().routing.default.general, 'ollama');
    assert.match(result.said.join('\n'), /No Ollama answers/);
    assert.deepEqual(result.next, ['ollama pull gpt-oss:20b', 'koubou doctor']);
  });

  it('says so where Ollama has no model that can answer', async () => {
    const { said } = await run({ OLLAMA_HOST: await serve({ ollama: { 'e:1': ['embedding'] } }) });
    assert.match(said.join('\n'), /with no model of its own that can answer prompts/);
  });

  it('does not wait for a server that says nothing', async () => {
    const silent = await startScriptedServer({
      steps: [steps.silence()],
      routes: { 'GET /api/version': steps.silence(), 'GET /api/tags': steps.silence() },
    });
    try {
      const { said } = await run({ OLLAMA_HOST: silent.url });
      assert.match(said.join('\n'), /No Ollama answers/);
    } finally {
      await silent.close();
    }
  });

  it('changes nothing when it is run again', async () => {
    const host = await serve({ ollama: { 'a:1b': ['completion'] } });
    await run({ OLLAMA_HOST: host }, { claude: true });
    await loadConfig({ home: home(), environment: {} });
    const before = everything();
    const again = await run({ OLLAMA_HOST: host }, { claude: true });
    assert.deepEqual(everything(), before);
    assert.deepEqual(again.made, []);
    assert.equal(again.kept.length, 5);
  });

  it('never writes over a file that somebody edited', async () => {
    await run();
    const mine = {
      '.koubou/config/agent.yaml': '# mine\n',
      '.koubou/config/.env': 'A=1\n',
      '.koubou/.gitignore': '',
    };
    writeFiles(folder(), mine);
    await run({ OLLAMA_HOST: await serve({ ollama: { 'a:1b': ['completion'] } }) });
    for (const [name, text] of Object.entries(mine))
      assert.equal(readFileSync(join(folder(), name), 'utf8'), text);
  });

  it('does not say that it wrote a config that was there', async () => {
    await run();
    writeFiles(folder(), { '.koubou/config/agent.yaml': '# mine\n' });
    const { said, next } = await run();
    assert.ok(said.some((sentence) => sentence.endsWith('was there already and was not changed.')));
    assert.ok(!said.some((sentence) => /is written for|tasks go to/.test(sentence)), said.join('\n'));
    assert.ok(!next.some((command) => command.includes('ollama pull')));
  });

  it('writes its own guess again once there is a model, and then no more', async () => {
    await run();
    await run({ OLLAMA_HOST: await serve({ ollama: { 'a:1b': ['completion'] } }) });
    const found = agentYaml();
    assert.match(found, /model: a:1b/);
    await run();
    await run({ OLLAMA_HOST: await serve({ ollama: { 'b:1b': ['completion'] } }) });
    assert.equal(agentYaml(), found);
  });

  it('looks where config/.env says', async () => {
    const host = await serve({ ollama: { 'a:1b': ['completion'] } });
    await run({ OLLAMA_HOST: '' });
    writeFiles(home(), { 'config/.env': `OLLAMA_HOST=${host}\n` });
    await run({ OLLAMA_HOST: '' });
    // An empty variable hides the one in the file.
    assert.match(agentYaml(), /127\.0\.0\.1:11434/);
    const user = join(folder(), 'user');
    const environment = { HOME: user, OPENAI_API_BASE: `http://${NOWHERE}/v1` };
    await run({}, { environment });
    assert.match(agentYaml(), new RegExp(`url: http://${host}`));
  });

  it('makes the home that is named, in the home folder, or by the variable', async () => {
    assert.equal((await run({}, { home: 'named' })).home, join(folder(), 'named'));
    assert.equal((await run({}, { global: true })).home, join(folder(), 'user', '.koubou'));
    const variable = join(folder(), 'variable');
    assert.equal((await run({ KOUBOU_HOME: variable })).home, variable);
    assert.equal(existsSync(home()), false);
  });

  it('names the home in the commands to type where they would not find it', async () => {
    const { next } = await run({}, { home: "the 'home'" });
    assert.equal(next[1], `koubou doctor --home '${folder()}/the '\\''home'\\'''`);
  });

  it('keeps in the config that a network file system is accepted, also later', async () => {
    const asked: boolean[] = [];
    const makeHome: InitRequest['makeHome'] = (path, { allowNetworkFs }) => {
      asked.push(allowNetworkFs);
      return createFileHome(path, { allowNetworkFs });
    };
    await run({}, { makeHome });
    await run({}, { makeHome, allowNetworkFs: true });
    assert.equal(config().file_system.allow_network, true);
    await run({}, { makeHome });
    assert.deepEqual(asked, [false, true, true]);
  });

  it('writes nothing where the home cannot be made', async () => {
    await assert.rejects(run({}, { makeHome: () => Promise.reject(new Error('no')) }), /no/);
    assert.equal(existsSync(home()), false);
  });

  it('is not made where a file lies', async () => {
    writeFileSync(join(folder(), 'taken'), '');
    await assert.rejects(run({}, { home: 'taken' }), { code: 'conflict' });
    assert.equal(readFileSync(join(folder(), 'taken'), 'utf8'), '');
  });

  it('says so where nothing can be made, as below /proc', async () => {
    await assert.rejects(run({}, { home: '/proc/none/home', makeHome: createFileHome }), {
      code: 'conflict',
      message: /cannot be made/,
    });
  });

  it('writes nothing where no home can be written down, and goes on with one that is', async () => {
    const registry = join(folder(), 'user', '.local', 'state', 'koubou', 'homes');
    await run({}, { home: join(folder(), 'earlier') });
    renameSync(registry, `${registry}.aside`);
    writeFileSync(registry, '');
    await assert.rejects(run(), { code: 'conflict', hint: /Nothing was made/ });
    assert.equal(existsSync(home()), false);
    rmSync(registry);
    renameSync(`${registry}.aside`, registry);
    assert.equal((await run()).home, home());
  });

  it("names whose key it is where it is another user's, and does not have it removed", async function () {
    if (process.geteuid?.() !== 0) this.skip();
    const state = join(folder(), 'user', '.local', 'state', 'koubou');
    await run({}, { home: join(folder(), 'earlier') });
    chownSync(join(state, 'key'), 65534, 65534);
    await assert.rejects(run(), {
      code: 'untrusted_home',
      message: /is the key of another user \(uid 65534\)/,
      hint: /sudo -H/,
    });
  });

  it('says which line of an existing config is wrong, and leaves it', async () => {
    writeFiles(home(), { 'config/agent.yaml': 'workers:\n  mx: 3\n' });
    await assert.rejects(run(), /line 2, column 3: workers\.mx/);
    assert.equal(agentYaml(), 'workers:\n  mx: 3\n');
  });

  describe('--claude', () => {
    const claudeMd = () => join(folder(), 'CLAUDE.md');
    const read = (file = claudeMd()) => readFileSync(file, 'utf8');

    it('leaves a file alone that is not UTF-8, and says so', async () => {
      const latin = Buffer.from('# Caf\xe9\n', 'latin1');
      writeFileSync(claudeMd(), latin);
      await assert.rejects(run({}, { claude: true }), { code: 'usage', message: /CLAUDE\.md .*not UTF-8/ });
      assert.deepEqual(readFileSync(claudeMd()), latin);
    });

    it('tells Claude Code how to delegate, once, after what was there', async () => {
      writeFiles(folder(), { 'CLAUDE.md': '# Project\n' });
      await run({}, { claude: true });
      const once = read();
      assert.match(once, /^# Project\n\n<!-- koubou:begin[^\n]*-->\n## Delegating[^]*<!-- koubou:end -->\n$/);
      for (const word of ['koubou delegate', 'koubou wait', 'koubou result'])
        assert.ok(once.includes(word), word);
      await run({}, { claude: true });
      assert.equal(read(), once);
    });

    it('renews its own section and keeps what stands around it', async () => {
      await run({}, { claude: true });
      const section = read();
      const aged = section.replace('## Delegating', '## Old');
      writeFiles(folder(), { 'CLAUDE.md': `before\n\n${aged}\nafter\n` });
      await run({}, { claude: true });
      assert.equal(read(), `before\n\n${section}\nafter\n`);
    });

    it('follows a link to the file of another agent', async () => {
      writeFiles(folder(), { 'AGENTS.md': '# Agents\n' });
      symlinkSync('AGENTS.md', claudeMd());
      await run({}, { claude: true });
      assert.match(read(join(folder(), 'AGENTS.md')), /^# Agents\n\n<!-- koubou:begin/);
    });

    it('writes the user-wide file with --global', async () => {
      const file = join(folder(), 'user', '.claude', 'CLAUDE.md');
      mkdirSync(dirname(dirname(file)), { recursive: true });
      await run({}, { claude: true, global: true });
      assert.match(read(file), /koubou delegate/);
      assert.equal(existsSync(claudeMd()), false);
    });

    it('writes no CLAUDE.md unasked', async () => {
      await run();
      assert.equal(existsSync(claudeMd()), false);
    });
  });
});
