/** Who asks, and what the config gives to such a caller: the one place that turns the table's answer into a refusal. */
import { GRANTABLE, inWords, may, type Request, type Verdict } from '../access/may.ts';
import type { Principal } from '../access/principal.ts';
import type { Config } from '../config/schema.ts';
import { KoubouError } from '../errors.ts';
import { actionLine, say, type Words } from '../say/say.ts';

export interface Caller {
  principal: Principal;
  /** `callers.agent` of the config. */
  rights: Config['callers']['agent'];
}

export const callerOf = (
  config: Pick<Config, 'callers'>,
  { principal }: { principal: Principal },
): Caller => ({ principal, rights: config.callers.agent });

export const verdictOn = ({ principal, rights }: Caller, request: Request): Verdict =>
  may(principal.role, request, rights.may);

export interface Refusal {
  /** What it was about: a path, a program. */
  about?: Words | undefined;
  /** A sentence: what was not done. */
  undone: string;
  /** Another way to what the caller wants. */
  instead?: Words | undefined;
}

export const notAllowed = (
  { principal, rights }: Caller,
  request: Request,
  { about, undone, instead }: Refusal,
): KoubouError => {
  const who = principal.agent === null || principal.agent === 'agent' ? '' : ` (${principal.agent} here)`;
  const what = about === undefined ? '' : say`: ${about}`;
  return new KoubouError('not_allowed', say`An agent${who} may not ${inWords(request)}${what}. ${undone}`, {
    hint:
      instead === undefined ? howAllowed(rights, request) : say`${instead} ${howAllowed(rights, request)}`,
  });
};

const howAllowed = ({ may: granted }: Caller['rights'], request: Request): Words => {
  if (!GRANTABLE.includes(request)) return 'A person does that, in a terminal of their own.';
  const all = [...new Set([...granted, request])].join(', ');
  return say`A person allows it, in a terminal of their own, with: ${actionLine('config', 'callers.agent.may', `[${all}]`)}`;
};

/** Throws `not_allowed` for what the caller may not do at all. */
export const requireAllowed = (
  caller: Caller,
  request: Request,
  refusal: Refusal,
): Exclude<Verdict, 'refused'> => {
  const verdict = verdictOn(caller, request);
  if (verdict === 'refused') throw notAllowed(caller, request, refusal);
  return verdict;
};
