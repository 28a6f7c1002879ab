/**
 * Puts the names of files into a shell's program: each becomes what it is, between quotes of any kind, and never a piece
 * of the program. Where that cannot be (a program within the program, a here-document) it is refused. Pure.
 */
import { filled, hasPlaceholder, PLACEHOLDER, type Values } from './placeholders.ts';
import { programHolder, putsIntoProgram, readsProgram, type Word } from './program-words.ts';
import { shellQuote } from './shell-quote.ts';

/** Why a name cannot be put there: the end of a sentence that begins with "A file's name cannot be put into …". */
export class NoPlaceForName extends Error {
  override readonly name = 'NoPlaceForName';
}

interface ParsedWord extends Word {
  /** Whether the shell fills something in, as for `$x`. */
  expands: boolean;
}

interface Command {
  words: ParsedWord[];
  /** Whether it reads what the one before it prints. */
  piped: boolean;
}

/** Throws NoPlaceForName. Texts without a placeholder stay as they are. */
export const fillProgram = (program: string, values: Values): string => {
  if (!hasPlaceholder(program)) return program;
  const scan = new Scan(program, values);
  scan.list(undefined);
  refuseHolders(scan.commands);
  return scan.out;
};

/** Words that a shell knows before a command, and values that are set for it. */
const BEFORE = /^(if|then|else|elif|while|until|do|!|\{|time|[A-Za-z_]\w*\+?=.*)$/s;
const SETS = /^([A-Za-z_]\w*\+?=|for$|set$|read$|export$|local$|declare$|typeset$|readonly$)/;

const refuseHolders = (commands: readonly Command[]): void => {
  const carries = commands.some(
    ({ words }) => words.some(({ holds }) => holds) && SETS.test(words[0]?.text ?? ''),
  );
  let pipeHolds = false;
  for (const { words, piped } of commands) {
    pipeHolds &&= piped;
    const from = words.findIndex(({ text }) => !BEFORE.test(text));
    const run = from === -1 ? [] : words.slice(from);
    // A variable brings a name as well.
    const seen = run.map((word) => ({ ...word, holds: word.holds || (carries && word.expands) }));
    const holder = programHolder(seen);
    if (holder !== undefined) throw new NoPlaceForName(`the program of \`${holder}\``);
    const given = seen.some(({ text, holds }) => holds && text.startsWith('<<<'));
    if (
      (pipeHolds || given) &&
      (readsProgram(seen.filter(({ text }) => !text.startsWith('<<<'))) || putsIntoProgram(seen))
    )
      throw new NoPlaceForName('what a shell reads as its program');
    pipeHolds ||= seen.some(({ holds }) => holds);
  }
};

class Scan {
  out = '';
  readonly commands: Command[] = [];
  readonly #text: string;
  readonly #values: Values;
  #at = 0;
  #word: ParsedWord | undefined;
  #command: Command | undefined;

  constructor(text: string, values: Values) {
    this.#text = text;
    this.#values = values;
  }

  /** Commands up to `end`, or to the end of the text. */
  list(end: ')' | undefined): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const letter = this.#text[this.#at] as string;
      if (/[\s;&|()<>]/.test(letter)) {
        if (letter === ')' && end === ')' && depth === 0) break;
        depth = Math.max(0, depth + (letter === '(' ? 1 : letter === ')' ? -1 : 0));
        this.#operator(letter);
      } else if (letter === '#' && this.#word === undefined) this.#comment();
      else this.#part(letter);
    }
    this.#endCommand(false);
  }

  #operator(letter: string): void {
    const rest = this.#text.slice(this.#at);
    this.#endWord();
    if (rest.startsWith('<<<')) {
      this.#take(3);
      this.#open().text = '<<<';
      while (this.#text[this.#at] === ' ') this.#take(1);
      return;
    }
    if (rest.startsWith('<<') && hasPlaceholder(rest))
      throw new NoPlaceForName('what stands in or behind a here-document');
    const isPipe = letter === '|' && !rest.startsWith('||') && this.#text[this.#at - 1] !== '|';
    const isEnd =
      /[\n;&|()]/.test(letter) && this.#text[this.#at - 1] !== '>' && this.#text[this.#at - 1] !== '<';
    this.#take(1);
    if (isEnd) this.#endCommand(isPipe);
  }

  #part(letter: string): void {
    const name = this.#placeholder();
    if (name !== undefined) this.#put(name, shellQuote(filled(name, this.#values)));
    else if (letter === '\\') this.#escaped();
    else if (letter === "'") this.#single();
    else if (letter === '"') this.#double();
    else if (letter === '$') this.#dollar();
    else if (letter === '`') this.#backticks();
    else this.#literal(1);
  }

  #single(): void {
    const close = this.#text.indexOf("'", this.#at + 1);
    const end = close === -1 ? this.#text.length : close;
    const inside = this.#text.slice(this.#at + 1, end);
    const word = this.#open();
    word.holds ||= hasPlaceholder(inside);
    word.text += inside;
    const quoted = inside.replace(PLACEHOLDER, (name) => filled(name, this.#values).replaceAll("'", "'\\''"));
    this.out += `'${quoted}${close === -1 ? '' : "'"}`;
    this.#at = end + 1;
  }

  #double(): void {
    this.#open();
    this.#take(1);
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      const letter = this.#text[this.#at] as string;
      const name = this.#placeholder();
      if (name !== undefined) this.#put(name, `"${shellQuote(filled(name, this.#values))}"`);
      else if (letter === '\\') this.#escaped();
      else if (letter === '$') this.#dollar();
      else if (letter === '`') this.#backticks();
      else this.#literal(1);
    }
    this.#take(1);
  }

  #dollar(): void {
    const rest = this.#text.slice(this.#at);
    const word = this.#open();
    if (rest.startsWith("$'")) throw new NoPlaceForName("a program with $'…' in it");
    word.expands = true;
    if (rest.startsWith('$((')) return this.#whole(rest, '))', 'arithmetic');
    if (rest.startsWith('${')) return this.#whole(rest, '}', 'what `${…}` stands for');
    if (!rest.startsWith('$(')) return this.#literal(1);
    const outer = { word, command: this.#command };
    this.#take(2);
    this.#word = undefined;
    this.#command = undefined;
    const first = this.commands.length;
    this.list(')');
    this.#take(1);
    word.holds ||= this.commands.slice(first).some(({ words }) => words.some(({ holds }) => holds));
    this.#word = outer.word;
    this.#command = outer.command;
  }

  /** Left as it is. `${file}` is a variable of the shell, and no placeholder. */
  #whole(rest: string, end: string, what: string): void {
    const close = rest.indexOf(end, 2);
    const length = close === -1 ? rest.length : close + end.length;
    if (hasPlaceholder(rest.slice(2, length))) throw new NoPlaceForName(what);
    this.#literal(length);
  }

  #backticks(): void {
    const rest = this.#text.slice(this.#at);
    const length = /^`(\\.|[^`\\])*`?/s.exec(rest)?.[0].length ?? 1;
    if (hasPlaceholder(rest.slice(0, length))) throw new NoPlaceForName('a program between backticks');
    this.#open().expands = true;
    this.#literal(length);
  }

  #comment(): void {
    const line = /^[^\n]*/.exec(this.#text.slice(this.#at))?.[0] ?? '';
    if (hasPlaceholder(line)) throw new NoPlaceForName('a comment');
    this.#take(line.length);
  }

  /** What a backslash stands before it makes an ordinary letter, also the quote that a name would begin with. */
  #escaped(): void {
    const next = this.#text[this.#at + 1] ?? '';
    this.#take(2);
    this.#open().text += next;
    if (next === '{' && hasPlaceholder(`{${this.#text.slice(this.#at)}`.slice(0, 7)))
      throw new NoPlaceForName('what stands behind a backslash');
  }

  #placeholder(): string | undefined {
    const pattern = new RegExp(PLACEHOLDER.source, 'y');
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0];
  }

  #put(name: string, quoted: string): void {
    const word = this.#open();
    word.text += name;
    word.holds = true;
    this.out += quoted;
    this.#at += name.length;
  }

  #literal(length: number): void {
    this.#open().text += this.#text.slice(this.#at, this.#at + length);
    this.#take(length);
  }

  #take(length: number): void {
    this.out += this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
  }

  #open(): ParsedWord {
    this.#command ??= { words: [], piped: false };
    if (this.#word === undefined) {
      this.#word = { text: '', holds: false, expands: false };
      this.#command.words.push(this.#word);
    }
    return this.#word;
  }

  #endWord(): void {
    this.#word = undefined;
  }

  #endCommand(isPiped: boolean): void {
    this.#endWord();
    if (this.#command !== undefined && (this.#command.words.length > 0 || !isPiped)) {
      if (this.#command.words.length > 0) this.commands.push(this.#command);
    }
    this.#command = isPiped ? { words: [], piped: true } : undefined;
  }
}
