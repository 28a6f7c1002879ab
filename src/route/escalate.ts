/** Which steps of routing.escalate a task may take. Pure. docs/routing.md says it to the user. */
import type { EscalationChain } from '../task/escalation-chain.ts';
import type { TaskFile } from '../task/record.ts';
import { mustStayLocal } from './local.ts';

interface Step {
  runner: string;
  /** Whether a task that must stay on this machine may go there. */
  staysLocal: boolean;
  /** Whether it changes files itself. */
  changesFiles: boolean;
}

export interface Escalation {
  steps: readonly Step[];
  handBack: boolean;
}

/** null: the task is a program, or its caller chose who does it. The task has got what rules add to it. */
export const chainOf = (
  { type, sensitive, answer_only, options }: Pick<TaskFile, 'type' | 'sensitive' | 'answer_only' | 'options'>,
  { steps, handBack }: Escalation,
): EscalationChain | null => {
  const { runner, model, resume_from, sandbox, worktree, expect, output } = options;
  const chosen = runner ?? model ?? resume_from ?? sandbox;
  if (type === 'command' || chosen !== undefined || (steps.length === 0 && !handBack)) return null;
  const local = mustStayLocal({ sensitive, options });
  const files = worktree === true || (expect !== undefined && output === undefined);
  const fit = steps.filter(
    (step) =>
      (step.staysLocal || !local) &&
      (step.changesFiles || !files) &&
      (!step.changesFiles || answer_only !== true),
  );
  // Whoever takes what is handed back is an agent.
  return { runners: fit.map((step) => step.runner), handBack: handBack && answer_only !== true };
};
