/**
 * Whether a text is so plain that it cannot hold a secret: a few short words of ASCII letters, none of which could name one.
 * Most prompts are, and the search itself takes longer to load than all else that adding a task does. Pure.
 */

const LETTERS = /^[A-Za-z ,.?\n]{0,400}$/;
/** Keys are longer. */
const LONG_WORD = /[A-Za-z]{16}/;
/** A seed phrase has twelve words. */
const SEED_WORDS = 11;

/**
 * Pieces of the names of secrets and of commands that take one (secret-hints.ts, secret-names.ts); more than are needed
 * does no harm. test/text/plain-text.test.ts holds them to both.
 */
const PIECES =
  'pass pw psw psk key wort wacht schl mot mdp cle contras clav senha palav parol haslo hesl losen adgang sifre code cod phras mnem wallet fras kenn comb pin zug gehei cred login log daten identif auth llave chave chiave secret segr token jeton puk otp pat tan cv pincode redis ldap zip docker mongo ipmi rdesktop htpass smb rpc cifs net echo user enable snmp wpa nmcli sign connect account conto konto root admin access'.split(
    ' ',
  );

/** `words`: those of the config; one that is in the text may have a value behind it. */
export const isPlainText = (text: string, words: readonly string[]): boolean => {
  if (!LETTERS.test(text) || LONG_WORD.test(text)) return false;
  if (text.split(/\s+/).length > SEED_WORDS) return false;
  const small = text.toLowerCase();
  return ![...PIECES, ...words].some((piece) => small.includes(piece.toLowerCase()));
};
