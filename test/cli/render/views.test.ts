import assert from 'node:assert/strict';
import stringWidth from 'string-width';
import { cutRecord } from '../../../src/actions/tasks/cut-record.ts';
import { renderBoard } from '../../../src/cli/render/board.ts';
import { renderRecord } from '../../../src/cli/render/record.ts';
import { plainScreen } from '../../../src/cli/render/screen.ts';
import { renderQuarantine, renderTaskList } from '../../../src/cli/render/task-list.ts';
import { renderWorkers } from '../../../src/cli/render/workers.ts';
import { at, attempt, failed, NOW, record, worker } from './records.ts';

const id = 'task_20260301_115500_000001_abcd';
const running = record({ status: 'in_progress', attempts: [attempt()] });
const counts = {
  pending: 3,
  in_progress: 1,
  completed: 10,
  failed: 1,
  delayed: 1,
  blocked: 1,
  quarantined: 0,
};

describe('the board', () => {
  const full = {
    counts,
    running: [running],
    failures: [failed('The check said no\nand more', { task_id: 'task_20260301_115000_000001_wxyz' })],
    worktrees: [
      {
        task_id: 'task_20260301_114000_000001_tree',
        path: '/h/worktrees/x',
        branch: 'koubou/x',
        repository: '/work/project',
        state: 'open' as const,
      },
    ],
    workers: [
      worker({
        status: 'busy',
        tasks: [id],
        progress: { [id]: 1234 },
        down: { 'http://127.0.0.1:11434': 'refused' },
        notes: ['no watcher: EMFILE'],
      }),
    ],
  };

  it('shows counts, what runs and for how long, what failed and why, and the workers', () => {
    assert.equal(
      renderBoard(full, plainScreen(), NOW),
      [
        '3 pending (1 delayed, 1 blocked), 1 running, 10 completed, 1 failed',
        '',
        'Running',
        'ID    TYPE        FOR  PROGRESS  WORKER     TASK',
        'abcd  general  1m 05s      1.2k  desk-4711  Translate the page',
        '',
        'Last failures',
        'ID     ENDED  WHY           REASON',
        'wxyz  2m ago  check_failed  The check said no and more',
        '',
        'Worktrees',
        'ID    STATE  OF',
        'tree  open   /work/project',
        '',
        'Workers',
        'desk-4711  busy, 1 of 2 busy  ollama qwen3:8b  heard 3s ago',
        '  no watcher: EMFILE',
        '  http://127.0.0.1:11434 is down: refused',
      ].join('\n'),
    );
  });

  it('says how to start a worker when tasks wait for one', () => {
    const text = renderBoard(
      { counts, running: [], failures: [], workers: [], worktrees: [] },
      plainScreen(),
      NOW,
    );
    assert.match(text, /Workers\nnone; `koubou work --detach` starts one$/);
  });

  for (const columns of [30, 60]) {
    it(`fits a terminal of ${columns} columns`, () => {
      const screen = { ...plainScreen(columns), width: stringWidth };
      for (const line of renderBoard(full, screen, NOW).split('\n')) {
        assert.ok(stringWidth(line) <= columns, line);
      }
    });
  }
});

describe('the list', () => {
  it('shows a task a line', () => {
    const text = renderTaskList(
      [
        record({ type: 'command', command: ['npm', 'test'], task_id: 'task_20260301_115000_000001_wxyz' }),
        record({ waiting: 'delayed', due_at: at(-600) }),
        failed('no'),
      ].map((each, n) => (n === 2 ? { ...each, task_id: 'task_20260301_115000_000001_mnpq' } : each)),
      plainScreen(),
      NOW,
    );
    assert.equal(
      text,
      [
        'ID    STATUS   TYPE     CREATED     DUE  WHY           TASK',
        'wxyz  pending  command   5m ago                        npm test',
        'abcd  delayed  general   5m ago  in 10m                Translate the page',
        'mnpq  failed   general   5m ago          check_failed  Translate the page',
      ].join('\n'),
    );
  });

  it('shows what lies in quarantine, and why', () => {
    const text = renderQuarantine(
      [{ name: 'x.json', reason: 'it is not JSON', at: at(60) }],
      plainScreen(),
      NOW,
    );
    assert.equal(text, ['FILE     SINCE  REASON', 'x.json  1m ago  it is not JSON'].join('\n'));
  });
});

describe('the table of workers', () => {
  it('has a row a slot, and says once what a daemon did', () => {
    const text = renderWorkers(
      [
        worker({ status: 'busy', tasks: [id], progress: { [id]: 1234 } }),
        worker({ status: 'offline', slots: 1 }),
      ],
      plainScreen(),
      NOW,
    );
    assert.equal(
      text,
      [
        'WORKER     SLOT  STATUS   TASK  PROGRESS  DONE  FAILED  MODEL             HEARD',
        'desk-4711     1  busy     abcd      1.2k     7       1  ollama qwen3:8b  3s ago',
        'desk-4711     2  idle                                   ollama qwen3:8b  3s ago',
        'desk-4711     1  offline                     7       1  ollama qwen3:8b  3s ago',
      ].join('\n'),
    );
  });
});

describe('a record', () => {
  it('shows what was asked, each attempt, and the result', () => {
    const text = renderRecord(
      record({
        status: 'completed',
        options: { model: 'qwen3:8b' },
        labels: { batch: '7' },
        attempts: [
          attempt({
            outcome: 'success',
            ended_at: at(5),
            usage: {
              input_tokens: 9,
              output_tokens: 4,
              prompt: { counted: 9, least: 7, without_cache: false },
            },
          }),
        ],
        updated_at: at(5),
        result: {
          success: true,
          output: '訳しました。\n\nDone.\n',
          output_path: '/home/you/project/.koubou/results/x/run-1.output',
          output_bytes: 25,
          error: null,
          duration: 60,
        },
      }),
      plainScreen(),
      NOW,
    );
    assert.equal(
      text,
      [
        id,
        'status   completed',
        'type     general',
        'created  2026-03-01T11:55:00.000Z (5m ago) by cli',
        'ended    2026-03-01T11:59:55.000Z (5s ago)',
        'took     1m 00s',
        'folder   /home/you/project',
        'labels   batch=7',
        'model    qwen3:8b',
        'result   /home/you/project/.koubou/results/x/run-1.output',
        '',
        'attempts',
        '  1. success in 1m 00s by desk-4711 ollama qwen3:8b 9 tokens in (at least 7), 4 out',
        '',
        'prompt',
        '  Translate the page',
        '',
        'output',
        '  訳しました。',
        '',
        '  Done.',
      ].join('\n'),
    );
  });

  it('shows an output that lies in no file, and how to get one that is too long', () => {
    const shown = (output: string | null): string =>
      renderRecord(
        record({
          status: 'completed',
          result: { success: true, output, output_path: null, output_bytes: 9, error: null, duration: 1 },
        }),
        plainScreen(),
        NOW,
      );
    assert.match(shown('the words'), /\noutput\n {2}the words$/);
    assert.match(shown(null), /too long to show: see `koubou result task_/);
  });

  it('says why it failed and what to do', () => {
    const text = renderRecord(failed('The check said no'), plainScreen(), NOW);
    assert.match(text, /\ncheck_failed\n {2}The check said no\n {2}Look at the log\.$/);
  });

  it('says where it was cut', () => {
    const cut = cutRecord(record({ prompt: '工'.repeat(600) }), 500);
    assert.deepEqual(
      [cut.prompt.length, cut.prompt_bytes, cut.output_bytes, cut.truncated],
      [500, 1800, null, true],
    );
    assert.match(
      renderRecord(cut, plainScreen(), NOW),
      /prompt \(the beginning of 1800 bytes; --full shows all\)/,
    );
  });

  it('that is short is not cut', () => {
    const short = record();
    assert.equal(cutRecord(short, 500), short);
  });

  it('is never cut within a letter', () => {
    assert.equal(cutRecord(record({ prompt: '😀'.repeat(3) }), 3).prompt, '😀');
  });
});
