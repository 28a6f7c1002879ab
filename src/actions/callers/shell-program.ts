/**
 * Puts the names of files into a check. The shell gets each as a variable, so that no name is read as a piece of the
 * program, however the program is quoted: a mistake in reading it here can only make a wrong word. What would read a text
 * again as a program (`eval`, a program within the program) is refused beside a name, wherever it stands. Pure.
 */
import { shellQuote } from '../../say/shell-quote.ts';
import { filled, hasPlaceholder, PLACEHOLDER, type Values } from '../delegate/placeholders.ts';
import { readsAgain, type Word } from './program-words.ts';

/** Why a name cannot be put there: the end of a sentence that begins with "A file's name cannot be put into …". */
export class NoPlaceForName extends Error {
  override readonly name = 'NoPlaceForName';
}

/** Throws NoPlaceForName. Texts without a placeholder stay as they are. */
export const fillProgram = (program: string, values: Values): string => {
  const used = [...new Set(program.match(PLACEHOLDER))];
  if (used.length === 0) return program;
  const scan = new Scan(program);
  scan.list(undefined);
  const again = readsAgain(program, scan.commands);
  if (again !== undefined) throw new NoPlaceForName(again);
  const set = used.map((name) => `${variableOf(name)}=${shellQuote(filled(name, values))}`);
  return `${set.join(' ')}; ${scan.out}`;
};

/** `{file}` as the shell knows it. */
const variableOf = (placeholder: string): string => `KOUBOU_EACH_${placeholder.slice(1, -1).toUpperCase()}`;

class Scan {
  out = '';
  readonly commands: Word[][] = [];
  readonly #text: string;
  #at = 0;
  #word: Word | undefined;
  #command: Word[] = [];
  #redirects: '<' | '>' | undefined;

  constructor(text: string) {
    this.#text = text;
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
    this.#endCommand();
  }

  #operator(letter: string): void {
    const rest = this.#text.slice(this.#at);
    // `2>`
    if (/[<>]/.test(letter) && /^\d+$/.test(this.#word?.text ?? '')) this.#command.pop();
    this.#endWord();
    if (rest.startsWith('<<')) throw new NoPlaceForName('a program with a here-document');
    this.#take(1);
    // `>file`, `>>file`, `2>&1`: of a command, but none of its words.
    if (/[<>]/.test(letter)) this.#redirects = letter === '>' || this.#redirects === '>' ? '>' : '<';
    else if (letter === '&' && /[<>]/.test(this.#text[this.#at - 2] ?? '')) return;
    else if (/[\n;&|()]/.test(letter)) this.#endCommand();
  }

  #part(letter: string): void {
    const name = this.#placeholder();
    if (name !== undefined) this.#put(name, `"\${${variableOf(name)}}"`);
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
    word.said += inside.replace(PLACEHOLDER, '');
    const quoted = inside.replace(PLACEHOLDER, (name) => `'"\${${variableOf(name)}}"'`);
    this.out += `'${quoted}${close === -1 ? '' : "'"}`;
    this.#at = end + 1;
  }

  #double(): void {
    this.#open();
    this.#take(1);
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      const letter = this.#text[this.#at] as string;
      const name = this.#placeholder();
      if (name !== undefined) this.#put(name, `\${${variableOf(name)}}`);
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
    word.holds = true;
    if (rest.startsWith('$((')) return this.#whole(rest, '))', 'arithmetic');
    if (rest.startsWith('${')) return this.#whole(rest, '}', 'what `${…}` stands for');
    if (!rest.startsWith('$(')) {
      const name = /^\$(\w+|.)?/s.exec(rest)?.[0] ?? '$';
      word.text += name;
      return this.#take(name.length);
    }
    const outer = { word, command: this.#command, redirects: this.#redirects };
    this.#take(2);
    this.#word = undefined;
    this.#command = [];
    this.list(')');
    this.#take(1);
    this.#word = outer.word;
    this.#command = outer.command;
    this.#redirects = outer.redirects;
  }

  /** Left as it is. `${file}` is a variable of the shell, and no placeholder. */
  #whole(rest: string, end: string, what: string): void {
    const close = rest.indexOf(end, 2);
    const length = close === -1 ? rest.length : close + end.length;
    if (hasPlaceholder(rest.slice(2, length))) throw new NoPlaceForName(what);
    this.#open().text += rest.slice(0, length);
    this.#take(length);
  }

  #backticks(): void {
    const rest = this.#text.slice(this.#at);
    const length = /^`(\\.|[^`\\])*`?/s.exec(rest)?.[0].length ?? 1;
    if (hasPlaceholder(rest.slice(0, length))) throw new NoPlaceForName('a program between backticks');
    const word = this.#open();
    word.holds = true;
    word.text += rest.slice(0, length);
    this.#take(length);
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
    const word = this.#open();
    word.text += next;
    word.said += next;
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
    const text = this.#text.slice(this.#at, this.#at + length);
    const word = this.#open();
    word.text += text;
    word.said += text;
    this.#take(length);
  }

  #take(length: number): void {
    this.out += this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
  }

  #open(): Word {
    if (this.#word !== undefined) return this.#word;
    this.#word = { text: '', said: '', holds: false, redirects: this.#redirects };
    this.#redirects = undefined;
    this.#command.push(this.#word);
    return this.#word;
  }

  #endWord(): void {
    this.#word = undefined;
  }

  #endCommand(): void {
    this.#endWord();
    this.#redirects = undefined;
    if (this.#command.length > 0) this.commands.push(this.#command);
    this.#command = [];
  }
}
