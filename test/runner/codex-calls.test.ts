import assert from 'node:assert/strict';
import { CallReader } from '../../src/runner/codex/calls.ts';
import { CodexObservation } from '../../src/runner/codex/observation.ts';

type Item = Record<string, unknown>;

const tools = [{ type: 'function', name: 'exec_command' }, { type: 'web_search' }];
const body = (input: unknown, over: Item = {}): Buffer =>
  Buffer.from(JSON.stringify({ tools, input, ...over }));
const call = (name: string, given: unknown, output: unknown, id = 'call_1'): Item[] => [
  {
    type: 'function_call',
    call_id: id,
    name,
    arguments: typeof given === 'string' ? given : JSON.stringify(given),
  },
  { type: 'function_call_output', call_id: id, output },
];
const ran = (cmd: string, exit: number, printed: string, id?: string): Item[] =>
  call('exec_command', { cmd }, `Chunk ID: 1\nProcess exited with code ${exit}\nOutput:\n${printed}\n`, id);

describe('calls of a model that Codex hands on', () => {
  const told = (items: Item[], over: Item = {}, reader = new CallReader('workspace-write')): string[] => {
    reader.read(body([]));
    return reader.read(body(items, over)).map(({ code, message }) => `${code}: ${message}`);
  };

  it('are told where they came to nothing, each once and in their order', () => {
    const reader = new CallReader('workspace-write');
    const first = [...call('write_file', {}, 'no'), ...ran('ls', 0, 'a')];
    const second = [...first, ...ran('false', 1, '')];
    reader.read(body([]));
    const codes = [first, first, second, second].map((items) =>
      reader.read(body(items)).map(({ code }) => code),
    );
    assert.deepEqual(codes, [['unknown_tool'], [], ['no_evidence'], []]);
  });

  it('are not told of an earlier conversation that is gone on with', () => {
    const reader = new CallReader('workspace-write');
    const earlier = call('write_file', {}, 'no');
    assert.deepEqual(reader.read(body(earlier)), []);
    assert.equal(reader.read(body([...earlier, ...call('read_file', {}, 'no')])).length, 1);
  });

  it('are told on after the conversation was shortened', () => {
    const reader = new CallReader('workspace-write');
    const many = Array.from({ length: 9 }, (_, at) => ran('ls', 0, 'a', `call_${at}`)).flat();
    reader.read(body([]));
    reader.read(body(many));
    const few = many.slice(-2);
    assert.deepEqual(reader.read(body(few)), []);
    assert.equal(reader.read(body([...few, ...call('write_file', {}, 'no', 'call_9')])).length, 1);
  });

  it('may have ids that come again', () => {
    const reader = new CallReader('workspace-write');
    reader.read(body([]));
    reader.read(body(ran('ls', 0, 'a')));
    const failures = reader.read(body([...ran('ls', 0, 'a'), ...call('write_file', {}, 'no')]));
    assert.deepEqual(
      failures.map(({ code }) => code),
      ['unknown_tool'],
    );
  });

  it('of a tool in a group are known', () => {
    const grouped = {
      tools: [{ type: 'namespace', name: 'docs', tools: [{ type: 'function', name: 'find' }] }],
    };
    assert.deepEqual(told(call('find', {}, 'found'), grouped), []);
    assert.match(told(call('look', {}, 'no'), grouped)[0] ?? '', /^unknown_tool: .* it has docs, find\.$/);
  });

  it('are let be where they went well, whatever was printed', () => {
    assert.deepEqual(told(ran('cat log', 0, 'cp: Read-only file system')), []);
  });

  it('are refused a write in whichever words the program has for it', () => {
    for (const words of [
      "OSError: [Errno 30] Read-only file system: 'a'",
      "Error: EROFS: read-only file system, open 'c'",
      'touch: cannot touch x: Read-only file system',
    ]) {
      const [said = ''] = told(ran('work', 1, `first\n${words}\nlast`));
      assert.equal(said, `sandbox_refused: The workspace-write sandbox refused a write: \`work\`: ${words}.`);
    }
  });

  it('have no sandbox to blame where there is none', () => {
    const [said = ''] = told(
      ran('touch x', 1, 'x: Read-only file system'),
      {},
      new CallReader('danger-full-access'),
    );
    assert.match(said, /^no_evidence: A command of the model failed: `touch x`/);
  });

  it('are passed over where Codex has other words, or says it in another way', () => {
    assert.deepEqual(told(call('exec_command', { cmd: 'false' }, 'It ended, and not well.')), []);
    assert.deepEqual(told(call('exec_command', { cmd: 'false' }, { text: 'x' })), []);
    const parts = [{ type: 'input_text', text: 'Process exited with code 1' }];
    assert.equal(told(call('exec_command', { cmd: 'false' }, parts)).length, 1);
    for (const other of ['', '{', '[]', '{"input":5}', '{"input":[null,{"type":"function_call_output"}]}']) {
      const reader = new CallReader('read-only');
      reader.read(body([]));
      assert.deepEqual(reader.read(Buffer.from(other)), []);
    }
  });

  it('are told in a few words, however much they hold', () => {
    const much = 'x'.repeat(100_000);
    for (const items of [
      call(much, {}, much),
      call('exec_command', much, `failed to parse ${much}`),
      ran(much, 1, much),
      ran(much, 1, `${much} Read-only file system`),
    ]) {
      const [said = ''] = told(items);
      assert.ok(said.length > 100 && said.length < 1000, `${said.length}`);
    }
  });
});

describe('the trail of a run of Codex', () => {
  it('prefers a refusal to a command that failed later, and keeps the newest', () => {
    const trail = new CodexObservation('workspace-write');
    trail.request(body([]));
    trail.request(
      body([...call('write_file', {}, 'no'), ...call('read_file', {}, 'no'), ...ran('false', 1, '')]),
    );
    assert.match(trail.trouble?.message ?? '', /read_file/);
  });

  it('hears among the errors of a call that nothing else tells of', () => {
    const trail = new CodexObservation('workspace-write');
    const line =
      '2026-11-21T09:20:14Z ERROR codex_core::tools::router: error=write_stdin failed: Unknown process id 1';
    const said = (): string | undefined => trail.trouble?.message;
    trail.error('2026-11-21T09:20:13Z WARN codex_core: slow');
    assert.equal(said(), undefined);
    trail.error(line);
    assert.equal(
      trail.trouble?.message,
      'A call of the model failed: write_stdin failed: Unknown process id 1.',
    );
    assert.match(trail.takeLog(), /WARN[^]*ERROR[^]*\n$/);
    assert.equal(trail.takeLog(), '');
  });

  it('knows without any words that a read-only sandbox lets nothing be written', () => {
    assert.match(new CodexObservation('read-only').trouble?.message ?? '', /nothing can be written/);
  });
});
