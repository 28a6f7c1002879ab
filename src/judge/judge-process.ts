/**
 * The process in which it is judged. It knows nothing of the queue, has an empty environment, and may be ended at any
 * moment: whoever asked is told why by the one who ended it.
 */
import { Worker } from 'node:worker_threads';
import { toErrorInfo } from '../errors.ts';
import type { Question, Reply } from './judge.ts';
import { JUDGEMENTS, type JudgementName, type Judgements } from './judgements.ts';

const PARENT_LOOK_MS = 1000;

// A judgement that does not end does not hear that its daemon is gone: a thread looks.
const parent = Number(process.argv[2]);
new Worker(
  `const { workerData } = require('node:worker_threads');
  setInterval(() => {
    if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL');
  }, ${PARENT_LOOK_MS});`,
  { eval: true, workerData: parent },
).unref();

// Ctrl-C in a terminal reaches the whole group: when it is over is for the daemon to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit());

const judged = async <Name extends JudgementName>({ name, asked }: Question<Name>): Promise<Reply<Name>> => {
  try {
    const judgement = JUDGEMENTS[name] as (
      given: Judgements[Name]['asked'],
    ) => Promise<Reply<Name>['answer']>;
    return { answer: await judgement(asked) };
  } catch (error) {
    return { error: toErrorInfo(error) };
  }
};

process.on('message', (question) => {
  void judged(question as Question<JudgementName>).then((reply) => process.send?.(reply));
});
