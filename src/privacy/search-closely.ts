/**
 * The search for passwords, codes and keys by their names and by what is said of them, in all languages. The build keeps it
 * in a file of its own (build/command-line.ts): most texts do not ask for it, and its words take long to load. Pure.
 */

import { findByEvidence } from './evidence/find.ts';
import { bareName, mayCommandSecret, mayNameSecret, mayTellCode, mayTellLogin } from './secret-hints.ts';
import { findCodeRow } from './values/code-rows.ts';
import { findCommandSecret } from './values/command-secrets.ts';
import { findLoginTold } from './values/login-told.ts';
import { findNamedSecret } from './values/secret-families.ts';
import { findToldCode } from './values/told-code.ts';
import { withoutOtherTalk } from './words/other-talk.ts';
import { withValue } from './words/secret-words.ts';

/** Evidence tells a key from a token no better than people do. */
const KEYS = ['secret', 'apikey', 'token'];

/** What was found, in words for a person. `families`: words of `security.sensitive_patterns` that ask for families. */
export const searchClosely = (written: string, families: readonly string[]): string | undefined => {
  const found = mayCommandSecret(written) ? findCommandSecret(written) : undefined;
  if (found !== undefined) return found;
  const text = withoutOtherTalk(written);
  const isNamed = mayNameSecret(text);
  const named = isNamed ? findNamedSecret(text, families) : undefined;
  if (named !== undefined) return withValue(named);
  const asked = new Set(families.map(bareName));
  if (!asked.has('password')) return undefined;
  const tellsCode = mayTellCode(text);
  const tellsLogin = mayTellLogin(text);
  return (
    (tellsCode ? findToldCode(text) : undefined) ??
    (tellsCode || isNamed ? findCodeRow(text) : undefined) ??
    (tellsLogin ? findLoginTold(text) : undefined) ??
    (tellsCode || tellsLogin || isNamed
      ? findByEvidence(
          text,
          KEYS.every((key) => asked.has(key)),
        )
      : undefined)
  );
};
