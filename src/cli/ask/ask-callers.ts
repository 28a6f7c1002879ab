/** What a person at the terminal gives to agents that will call koubou: asked once, when a home is made. */
import type { AgentRights } from '../../actions/setup/init.ts';

const QUESTION = `What may agents do that call koubou here (Claude Code, Codex …), besides handing work to models?
  1  programs and checks in a sandbox alone, where one works (usual)
  2  also the programs that you name, with your rights
  3  any program and check, with your rights
Which? [1] `;

const PROGRAMS = 'Which programs, with commas between them, such as: npm test, cargo check\n';

/** `ask`: the answer in one line; empty where there is none. */
export const askCallers = async (ask: (question: string) => Promise<string>): Promise<AgentRights> => {
  const answer = (await ask(QUESTION)).trim();
  if (answer === '3') return { may: ['program', 'check'], commands: [] };
  if (answer !== '2') return { may: [], commands: [] };
  const programs = (await ask(PROGRAMS)).split(',').map((each) => each.trim().replace(/\s+/g, ' '));
  return { may: [], commands: programs.filter((each) => each !== '') };
};
